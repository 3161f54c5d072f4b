/** The audit trail: who did what from where, the newest first. */
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { AUDIT, call } from '../api'
import { route } from '../route'
import { endOfDay, Instant, utc, ZONE } from '../time'
import { Failure } from '../ui/failure'
import { Name, plural, shown } from '../ui/text'
import type { AuditEntry } from '../wire'

/** Entries that are asked for at a time. */
const PAGE = 100
const DAY = 86_400_000

const KINDS: [string, string][] = [
  ['', 'All actions'],
  ['token.', 'Tokens'],
  ['role.', 'Roles'],
  ['user.', 'Users'],
  ['session.', 'Sessions'],
  ['validator.', 'Validators'],
]

interface Filter {
  action: string
  actor: string
  subject: string
  outcome: string
  since: string
  until: string
}

export function Audit() {
  const filter = useSignal<Filter>({ action: '', actor: '', subject: '', outcome: '', since: '', until: '' })
  const entries = useSignal<AuditEntry[] | undefined>(undefined)
  const more = useSignal(false)
  const busy = useSignal(false)
  const error = useSignal<unknown>(undefined)

  const load = (older: boolean) => {
    const asked = filter.value
    const { since, until, ...texts } = asked
    const first = since ? endOfDay(since, ZONE) : undefined
    const last = until ? endOfDay(until, ZONE) : undefined
    const query = {
      ...texts,
      since: first === undefined ? undefined : new Date(first - DAY).toISOString(),
      until: last === undefined ? undefined : new Date(last).toISOString(),
      order: 'newest',
      before: older ? entries.value?.at(-1)?.number : undefined,
      limit: PAGE,
    }
    busy.value = true
    error.value = undefined
    call<{ entries: AuditEntry[] }>('GET', AUDIT, { query })
      .then((page) => {
        if (asked !== filter.value) return // another question has been asked meanwhile
        entries.value = older ? [...(entries.value ?? []), ...page.entries] : page.entries
        more.value = page.entries.length === PAGE
      })
      .catch((failed: unknown) => (error.value = failed))
      .finally(() => (busy.value = false))
  }
  // Coming from a token, the trail is that token's.
  const subject = route.value.query.get('subject') ?? ''
  useEffect(() => {
    filter.value = { ...filter.value, subject }
    load(false)
  }, [subject])
  const change = (part: Partial<Filter>) => {
    filter.value = { ...filter.value, ...part }
    load(false)
  }
  const field = (key: 'actor' | 'subject', label: string, placeholder: string) => (
    <label>
      {label}
      <input
        type="search"
        placeholder={placeholder}
        value={filter.value[key]}
        onChange={(event) => change({ [key]: event.currentTarget.value.trim() })}
      />
    </label>
  )
  const day = (key: 'since' | 'until', label: string) => (
    <label>
      {label}
      <input type="date" value={filter.value[key]} onChange={(event) => change({ [key]: event.currentTarget.value })} />
    </label>
  )
  return (
    <>
      <header class="head">
        <h1 tabIndex={-1}>Audit trail</h1>
        <button type="button" onClick={() => load(false)} disabled={busy.value}>
          Refresh
        </button>
      </header>
      <div class="tools labelled" role="search" aria-label="Audit trail">
        <label>
          Action
          <select value={filter.value.action} onChange={(event) => change({ action: event.currentTarget.value })}>
            {KINDS.map(([value, text]) => (
              <option key={value} value={value}>
                {text}
              </option>
            ))}
          </select>
        </label>
        <label>
          Outcome
          <select value={filter.value.outcome} onChange={(event) => change({ outcome: event.currentTarget.value })}>
            <option value="">Any</option>
            <option value="done">Done</option>
            <option value="refused">Refused</option>
          </select>
        </label>
        {field('actor', 'Actor', 'user:alice')}
        {field('subject', 'Subject', 'nightly-sync')}
        {day('since', 'From')}
        {day('until', 'Through')}
      </div>
      <Failure error={error.value} onRetry={() => load(false)} />
      <p class="unseen" role="status">
        {entries.value && !busy.value ? `${plural(entries.value.length, 'line')} shown` : ''}
      </p>
      {!entries.value && !error.value && <p class="quiet">Loading the audit trail…</p>}
      {entries.value?.length === 0 && (
        <div class="empty">
          <p>Nothing of this kind has happened.</p>
        </div>
      )}
      {entries.value && entries.value.length > 0 && (
        <div class="scroll" role="region" aria-label="Entries" tabIndex={0}>
          <table class="list">
            <thead>
              <tr>
                <th scope="col">When</th>
                <th scope="col">Action</th>
                <th scope="col">Subject</th>
                <th scope="col">Actor</th>
                <th scope="col">Outcome</th>
                <th scope="col">From</th>
              </tr>
            </thead>
            <tbody>
              {entries.value.map((entry) => (
                <tr key={entry.number} title={`No. ${entry.number}, ${utc(entry.happened)}`}>
                  <th scope="row">
                    <Instant at={entry.happened} to="second" />
                  </th>
                  <td>
                    <code>{entry.action}</code>
                    {entry.details && <div class="quiet">{shown(entry.details)}</div>}
                  </td>
                  <td>{entry.subject && <Name>{entry.subject}</Name>}</td>
                  <td>
                    <Name>{entry.actor}</Name>
                  </td>
                  <td>
                    <span class={`chip ${entry.outcome === 'done' ? 'active' : 'expired'}`}>
                      {entry.outcome === 'done' ? 'Done' : 'Refused'}
                    </span>
                    {entry.code && <div class="quiet">{shown(entry.code)}</div>}
                  </td>
                  <td>{entry.peer ?? <span class="quiet">–</span>}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {more.value && (
        <p class="center">
          <button type="button" onClick={() => load(true)} disabled={busy.value}>
            {busy.value ? 'Loading…' : 'Show older entries'}
          </button>
        </p>
      )}
    </>
  )
}
