import { invalid, now } from './error.js'
import { native } from './native.js'

/** A number of days, as {@link days} gives it: an expiration, and a span of time. */
export interface Days {
  readonly days: number
}

/** When a token expires: made by {@link days}, {@link on}, {@link at} and {@link never}. */
export type Expiration =
  | Days
  | { readonly on: string; readonly zone?: string }
  | { readonly at: string }
  | 'never'

/** A span of time: milliseconds, or {@link days}. */
export type Span = number | Days

/**
 * So many days of 86 400 s: as an expiration, after the token's creation, in UTC.
 *
 * @throws {GatepassError} `expiration_malformed` where it is no whole number.
 */
export function days(count: number): Days {
  return checked({ days: count })
}

/**
 * Valid *through* this day, `2027-03-01`: it expires at the first instant after which no time of that day occurs in the
 * zone.
 *
 * @param date The last day, as `YYYY-MM-DD`.
 * @param zone An IANA time zone, `Europe/Paris`; UTC when not said.
 */
export function on(date: string, zone?: string): Expiration {
  return checked(zone === undefined ? { on: date } : { on: date, zone })
}

/** Expires at this instant; what is finer than a millisecond is dropped. */
export function at(instant: Date | string): Expiration {
  return checked({ at: instantText('expires', instant) })
}

/** Never expires; only where the policy allows it. */
export const never: Expiration = 'never'

function checked<E extends Expiration>(expiration: E): E {
  now(() => native.checkExpires(JSON.stringify(expiration)))
  return Object.freeze(expiration)
}

/** An instant as the native layer reads it. */
export function instantText(field: string, instant: Date | string): string {
  if (typeof instant === 'string') return instant
  if (instant instanceof Date && !Number.isNaN(instant.getTime())) return instant.toISOString()
  throw invalid(field, 'instant_malformed', 'expected a Date, or RFC 3339: 2027-03-01T00:00:00Z')
}

/** A span in milliseconds; what is wrong with it the native layer says. */
export function millis(span: Span | undefined): number | undefined {
  return typeof span === 'object' && span !== null ? span.days * 86_400_000 : span
}
