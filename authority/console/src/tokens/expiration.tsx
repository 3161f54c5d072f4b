/** When a token expires: after a number of days, or through a day; and the instant that this means. */
import { useId, useState } from 'preact/hooks'
import { me } from '../session'
import { afterDays, Both, dayFromNow, distance, endOfDay, now, ZONE } from '../time'
import { Field } from '../ui/field'
import type { Expires } from '../wire'

const DAYS = [60, 90, 180, 365]

interface Chosen {
  kind: number | 'date' | 'never'
  date: string
  zone: string
}

/** The choice, what it means for the server, and when that is by this machine's reckoning. */
export function useExpiration() {
  const most = me.value?.maxDays ?? Infinity
  const offered = DAYS.filter((days) => days <= most)
  const days = offered.includes(90) ? 90 : (offered[0] ?? 'date')
  const [chosen, setChosen] = useState<Chosen>({ kind: days, date: dayFromNow(Math.min(30, most)), zone: ZONE })
  const { kind, date, zone } = chosen
  const expires: Expires = kind === 'never' ? kind : kind === 'date' ? { on: { date, zone } } : { days: kind }
  const at = kind === 'never' ? undefined : kind === 'date' ? endOfDay(date, zone) : afterDays(kind)
  const problem =
    kind !== 'date'
      ? undefined
      : at === undefined
        ? 'Choose a day.'
        : at <= now()
          ? 'This day is over.'
          : at > afterDays(most)
            ? `A token lives for ${most} days at the most.`
            : undefined
  return { chosen, setChosen, offered, expires, at, problem }
}

export function Expiration({ choice, error }: { choice: ReturnType<typeof useExpiration>; error?: string | undefined }) {
  const group = useId()
  const { chosen, setChosen, offered, at, problem } = choice
  const kinds: Chosen['kind'][] = [...offered, 'date', ...(me.value?.allowNever ? (['never'] as const) : [])]
  const most = me.value?.maxDays
  return (
    <fieldset>
      <legend>Expiration</legend>
      <div class="choices">
        {kinds.map((kind) => (
          <label key={kind}>
            <input
              type="radio"
              name={group}
              checked={chosen.kind === kind}
              onChange={() => setChosen({ ...chosen, kind })}
            />
            {kind === 'date' ? 'Through a date' : kind === 'never' ? 'Never' : `${kind} days`}
          </label>
        ))}
      </div>
      {chosen.kind === 'date' && (
        <div class="two">
          <Field label="Last day" error={problem}>
            {(given) => (
              <input
                {...given}
                type="date"
                required
                min={dayFromNow(0)}
                max={most ? dayFromNow(most) : undefined}
                value={chosen.date}
                onInput={(event) => setChosen({ ...chosen, date: event.currentTarget.value })}
              />
            )}
          </Field>
          <Field label="In the zone">
            {(given) => (
              <select
                {...given}
                value={chosen.zone}
                onChange={(event) => setChosen({ ...chosen, zone: event.currentTarget.value })}
              >
                {[...new Set([ZONE, 'UTC'])].map((zone) => (
                  <option key={zone} value={zone}>
                    {zone}
                  </option>
                ))}
              </select>
            )}
          </Field>
        </div>
      )}
      <p class="hint" aria-live="polite">
        {chosen.kind === 'never' ? (
          'It never expires. Revoke it when it is no longer needed.'
        ) : at !== undefined && !problem ? (
          <>
            Expires {distance(at)}: <Both at={at} />
          </>
        ) : (
          ' '
        )}
      </p>
      {error && <p class="wrong">{error}</p>}
    </fieldset>
  )
}
