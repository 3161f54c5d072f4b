/**
 * The table of tokens. However many there are, only the rows in view are in the page: two empty ones stand for those before
 * and after.
 */
import { useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks'
import { CHANGE_TOKENS, may } from '../session'
import { Instant, distance } from '../time'
import { Name, shown } from '../ui/text'
import type { Token } from '../wire'
import type { SortKey } from './book'
import { API, Chips, status } from './status'
import { done, found, isFiltered, names, rows, see, select, selected, selectNone, want, wanted } from './tokens'

export type Deed = 'look' | 'rotate' | 'revoke' | 'delete'

interface Column {
  key: SortKey
  title: string
  cell: (token: Token) => ComponentChildren
}

const role = (token: Token) => token.roles?.map((name) => <Name key={name}>{name}</Name>) ?? <span class="quiet">–</span>

export const COLUMNS: Column[] = [
  { key: 'api', title: 'API', cell: (token) => API[token.apiType] },
  { key: 'name', title: 'Token name', cell: () => null },
  { key: 'role', title: 'Role', cell: role },
  { key: 'created', title: 'Created', cell: (token) => <Instant at={token.createdOn} to="day" /> },
  {
    key: 'expires',
    title: 'Expires',
    cell: (token) => (token.expiresOn ? <Instant at={token.expiresOn} /> : <span class="quiet">Never</span>),
  },
  { key: 'status', title: 'Status', cell: (token) => <Chips token={token} /> },
  {
    key: 'used',
    title: 'Last used',
    cell: (token) => (token.lastUsedOn ? <Instant at={token.lastUsedOn} to="distance" /> : <span class="quiet">Never seen</span>),
  },
]

interface Made {
  token: Token | undefined
  narrow: boolean
  edits: boolean
  element: ComponentChildren
}

/** Where there is little room a row is a card of two lines. */
const NARROW = matchMedia('(max-width: 52rem)')
const HEIGHT = { wide: 44, narrow: 76 }
/** Rows beyond those in view, on either side. */
const BEYOND = 6

function useNarrow(): boolean {
  const narrow = useSignal(NARROW.matches)
  useEffect(() => {
    const look = () => (narrow.value = NARROW.matches)
    NARROW.addEventListener('change', look)
    return () => NARROW.removeEventListener('change', look)
  }, [])
  return narrow.value
}

export function Table({ onDo }: { onDo: (deed: Deed, token: Token) => void }) {
  const narrow = useNarrow()
  const height = narrow ? HEIGHT.narrow : HEIGHT.wide
  const box = useRef<HTMLDivElement>(null)
  const from = useSignal(0)
  const fit = useSignal(20)
  const edits = may(CHANGE_TOKENS)
  const total = found.value

  const look = () => {
    const at = box.current
    if (!at) return
    from.value = Math.max(0, Math.floor(at.scrollTop / height))
    fit.value = Math.max(1, Math.floor((at.clientHeight - (narrow ? 0 : HEIGHT.wide)) / height))
  }
  useLayoutEffect(() => {
    look()
    if (!box.current) return
    const watch = new ResizeObserver(look)
    watch.observe(box.current)
    return () => watch.disconnect()
  }, [height])
  // Another question has its answer at the top.
  useLayoutEffect(() => {
    box.current?.scrollTo(0, 0)
  }, [wanted.value])

  const first = Math.min(Math.max(0, from.value - BEYOND), Math.max(0, total - 1))
  const last = Math.min(total, from.value + fit.value + 1 + BEYOND)
  useEffect(() => see(first, last), [first, last, total, rows.value])

  // A row that is as it was is the same element, which Preact passes over: scrolling costs what comes into view.
  const made = useRef(new Map<number, Made>())
  const kept = new Map<number, Made>()
  const shownRows = Array.from({ length: Math.max(0, last - first) }, (_, index) => {
    const at = first + index
    const token = rows.value.get(at)
    const before = made.current.get(at)
    const same = before && before.token === token && before.narrow === narrow && before.edits === edits
    const one = same
      ? before
      : { token, narrow, edits, element: <Row key={at} at={at} token={token} narrow={narrow} edits={edits} onDo={onDo} /> }
    kept.set(at, one)
    return one.element
  })
  made.current = kept
  const columns = narrow ? COLUMNS.filter(({ key }) => key === 'name') : COLUMNS
  const page = (rows: number) => box.current?.scrollBy({ top: rows * height })
  const jump = (row: number) => box.current?.scrollTo({ top: row * height })

  return (
    <>
      <div
        ref={box}
        class={narrow ? 'rows narrow' : 'rows'}
        onScroll={look}
        role="region"
        aria-label="Access tokens"
        tabIndex={0}
      >
        <table aria-rowcount={total + 1}>
          <colgroup>
            {edits && <col class="c-pick" />}
            {columns.map(({ key }) => (
              <col key={key} class={`c-${key}`} />
            ))}
            {edits && !narrow && <col class="c-deeds" />}
          </colgroup>
          <thead>
            <tr aria-rowindex={1}>
              {edits && (
                <th scope="col">
                  <PickAll />
                </th>
              )}
              {columns.map((column) => (
                <Heading key={column.key} column={column} />
              ))}
              {edits && !narrow && (
                <th scope="col">
                  <span class="unseen">Actions</span>
                </th>
              )}
            </tr>
          </thead>
          <tbody>
            {first > 0 && <Gap height={first * height} />}
            {shownRows}
            {last < total && <Gap height={(total - last) * height} />}
          </tbody>
        </table>
        {total === 0 && done.value && isFiltered.value && (
          <div class="empty">
            <p>No token fits this search.</p>
            <button type="button" onClick={() => want({ search: '', api: '', status: '' })}>
              Show all
            </button>
          </div>
        )}
      </div>
      {total > 0 && (
        <nav class="pager" aria-label="Pages of tokens">
          <span>
            {(Math.min(from.value, total - 1) + 1).toLocaleString()}–
            {Math.min(total, from.value + fit.value).toLocaleString()} of {total.toLocaleString()}
          </span>
          <span class="buttons">
            <button type="button" onClick={() => jump(0)} disabled={from.value === 0}>
              First
            </button>
            <button type="button" onClick={() => page(-fit.value)} disabled={from.value === 0}>
              Previous
            </button>
            <button type="button" onClick={() => page(fit.value)} disabled={from.value + fit.value >= total}>
              Next
            </button>
            <button type="button" onClick={() => jump(total)} disabled={from.value + fit.value >= total}>
              Last
            </button>
          </span>
        </nav>
      )}
    </>
  )
}

function Gap({ height }: { height: number }) {
  return (
    <tr class="gap" aria-hidden="true" style={{ height: `${height}px` }}>
      <td />
    </tr>
  )
}

function Heading({ column: { key, title } }: { column: Column }) {
  const { sort, descending } = wanted.value
  const is = sort === key
  return (
    <th scope="col" aria-sort={is ? (descending ? 'descending' : 'ascending') : undefined}>
      <button type="button" class="sort" onClick={() => want({ sort: key, descending: is && !descending })}>
        {title}
        <span class="arrow" aria-hidden="true">
          {is ? (descending ? '▼' : '▲') : ''}
        </span>
      </button>
    </th>
  )
}

function PickAll() {
  const some = selected.value.size > 0
  const every = some && selected.value.size >= found.value
  return (
    <input
      type="checkbox"
      aria-label={isFiltered.value ? 'Select all tokens that fit' : 'Select all tokens'}
      checked={every}
      ref={(box) => {
        if (box) box.indeterminate = some && !every
      }}
      disabled={!done.value || found.value === 0}
      onChange={async () => {
        if (some) selectNone()
        else select(await names(), true)
      }}
    />
  )
}

interface RowProps {
  at: number
  token: Token | undefined
  narrow: boolean
  edits: boolean
  onDo: (deed: Deed, token: Token) => void
}

function Row({ at, token, narrow, edits, onDo }: RowProps) {
  if (!token) {
    return (
      <tr class="coming" aria-rowindex={at + 2} aria-busy="true">
        <td colSpan={9} />
      </tr>
    )
  }
  const picked = selected.value.has(token.name)
  const label = shown(token.name)
  return (
    <tr aria-rowindex={at + 2} class={picked ? 'picked' : undefined}>
      {edits && (
        <td>
          <input
            type="checkbox"
            aria-label={`Select ${label}`}
            checked={picked}
            onChange={(event) => select([token.name], event.currentTarget.checked)}
          />
        </td>
      )}
      {narrow ? (
        <th scope="row" class="card">
          <button type="button" class="link" onClick={() => onDo('look', token)}>
            <Name>{token.name}</Name>
          </button>
          <Chips token={token} />
          <span class="quiet">
            {API[token.apiType]}
            {token.roles?.length ? ` · ${shown(token.roles.join(', '))}` : ''}
            {token.expiresOn ? ` · expires ${distance(token.expiresOn)}` : ' · never expires'}
          </span>
        </th>
      ) : (
        COLUMNS.map(({ key, cell }) =>
          key === 'name' ? (
            <th scope="row" key={key}>
              <button type="button" class="link" onClick={() => onDo('look', token)}>
                <Name>{token.name}</Name>
              </button>
            </th>
          ) : (
            <td key={key}>{cell(token)}</td>
          ),
        )
      )}
      {edits && !narrow && (
        <td class="deeds">
          <Deeds token={token} onDo={onDo} likely />
        </td>
      )}
    </tr>
  )
}

interface DeedsProps {
  token: Token
  onDo: (deed: Deed, token: Token) => void
  /** Only what is likely to be wanted: the rest is with the details. */
  likely?: boolean
}

/** What can be done to a token as it is now. */
export function Deeds({ token, onDo, likely }: DeedsProps) {
  const is = status(token)
  const label = shown(token.name)
  const live = is !== 'revoked' && is !== 'expired'
  return (
    <>
      {live && (
        <button type="button" aria-label={`Rotate ${label}`} onClick={() => onDo('rotate', token)}>
          Rotate
        </button>
      )}
      {(live || (is === 'expired' && !likely)) && (
        <button type="button" aria-label={`Revoke ${label}`} onClick={() => onDo('revoke', token)}>
          Revoke
        </button>
      )}
      {(!live || !likely) && (
        <button type="button" aria-label={`Delete ${label}`} onClick={() => onDo('delete', token)}>
          Delete
        </button>
      )}
    </>
  )
}
