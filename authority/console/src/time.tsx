/** The one place that shows instants: in the viewer's zone, and in UTC for whoever hovers or reads on. */

const DAY = 86_400_000

/** How far the server's clock is ahead of this one. */
let ahead = 0

export function learnTime(now: string): void {
  ahead = Date.parse(now) - Date.now()
}

/** Now, by the server's clock. */
export function now(): number {
  return Date.now() + ahead
}

export const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone

const day = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium' })
const short = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' })
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'long' })
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto' })

export function utc(instant: string | number): string {
  return `${new Date(instant).toISOString().slice(0, 19).replace('T', ' ')} UTC`
}

interface Shown {
  at: string | number | undefined
  /** `day`, `minute` where not said, `second` with the zone, `distance` from now. */
  to?: 'day' | 'second' | 'distance'
}

export function Instant({ at, to }: Shown) {
  if (at === undefined) return <span class="quiet">–</span>
  const date = new Date(at)
  const text = to === 'distance' ? distance(at) : (to === 'day' ? day : to === 'second' ? exact : short).format(date)
  return (
    <time dateTime={date.toISOString()} title={to === 'distance' ? `${exact.format(date)} (${utc(at)})` : utc(at)}>
      {text}
    </time>
  )
}

/** Both zones in words, for where there is room. */
export function Both({ at }: { at: string | number | undefined }) {
  if (at === undefined) return <span class="quiet">–</span>
  return (
    <>
      <Instant at={at} to="second" />
      {ZONE !== 'UTC' && <span class="quiet"> ({utc(at)})</span>}
    </>
  )
}

/** `in 12 days`, `3 hours ago`. */
export function distance(at: string | number): string {
  const span = new Date(at).getTime() - now()
  const [unit, millis] =
    Math.abs(span) >= 2 * DAY
      ? (['day', DAY] as const)
      : Math.abs(span) >= 2 * 3_600_000
        ? (['hour', 3_600_000] as const)
        : (['minute', 60_000] as const)
  return relative.format(Math.round(span / millis), unit)
}

/** So many days of 86 400 s from now on. */
export function afterDays(days: number): number {
  return now() + days * DAY
}

/** The first instant after this day (`2027-03-01`) in a zone: what the server, which decides, makes of it. */
export function endOfDay(date: string, zone: string): number | undefined {
  const midnight = Date.parse(`${date}T00:00:00Z`) + DAY
  if (Number.isNaN(midnight)) return undefined
  // What a clock in the zone shows, read as if it were UTC, is the instant and the zone's offset.
  const clock = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  })
  const offset = (instant: number) => {
    const parts = Object.fromEntries(clock.formatToParts(instant).map(({ type, value }) => [type, Number(value)]))
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts
    return Date.UTC(year, month - 1, day, hour, minute, second) - instant
  }
  const first = midnight - offset(midnight)
  return midnight - offset(first)
}

/** Today in the viewer's zone, so many days on, as a date field writes it. */
export function dayFromNow(days: number): string {
  const date = new Date(now() + days * DAY)
  const two = (number: number) => String(number).padStart(2, '0')
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
}
