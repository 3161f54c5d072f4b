import { inspect } from 'node:util'
import { now } from './error.js'
import { type NativeScimFilter, native } from './native.js'

/** A value that attributes are compared with; a `Date` is compared as RFC 3339 writes it. */
export type ScimValue = string | number | boolean | null | Date

/**
 * Which resources are wanted, as a filter of SCIM (RFC 7644 section 3.4.2.2). No value ends the comparison that it stands in; the
 * paths of attributes are taken as they are. Wherever a filter is taken, a text is taken as it is.
 *
 * ```ts
 * ScimFilter.eq('userName', 'b"j').and(ScimFilter.eq('active', true))  // userName eq "b\"j" and active eq true
 * ```
 */
export class ScimFilter {
  readonly #native: NativeScimFilter

  /** @internal */
  constructor(native: NativeScimFilter) {
    this.#native = native
  }

  /** The attribute has this value. */
  static eq(path: string, value: ScimValue): ScimFilter {
    return compares(path, 'eq', value)
  }

  /** It does not. */
  static ne(path: string, value: ScimValue): ScimFilter {
    return compares(path, 'ne', value)
  }

  /** It is greater than this value. */
  static gt(path: string, value: ScimValue): ScimFilter {
    return compares(path, 'gt', value)
  }

  /** It is this value or greater. */
  static ge(path: string, value: ScimValue): ScimFilter {
    return compares(path, 'ge', value)
  }

  /** It is less than this value. */
  static lt(path: string, value: ScimValue): ScimFilter {
    return compares(path, 'lt', value)
  }

  /** It is this value or less. */
  static le(path: string, value: ScimValue): ScimFilter {
    return compares(path, 'le', value)
  }

  /** It contains this text. */
  static contains(path: string, text: string): ScimFilter {
    return made(() => native.ScimFilter.contains(path, text))
  }

  /** It begins with this text. */
  static startsWith(path: string, text: string): ScimFilter {
    return made(() => native.ScimFilter.startsWith(path, text))
  }

  /** It ends with this text. */
  static endsWith(path: string, text: string): ScimFilter {
    return made(() => native.ScimFilter.endsWith(path, text))
  }

  /** It has a value. */
  static present(path: string): ScimFilter {
    return made(() => native.ScimFilter.present(path))
  }

  /** One value of a complex attribute fits all of this filter: `emails[type eq "work" and value co "@acme"]`. */
  static oneOf(path: string, filter: ScimFilter | string): ScimFilter {
    return made(() => native.ScimFilter.oneOf(path, half(filter)))
  }

  /** This text as it is. */
  static raw(text: string): ScimFilter {
    return made(() => native.ScimFilter.raw(text))
  }

  /** This and the others fit. */
  and(...others: readonly (ScimFilter | string)[]): ScimFilter {
    return made(() => others.reduce<NativeScimFilter>((all, other) => all.and(half(other)), this.#native))
  }

  /** This or one of the others fits. */
  or(...others: readonly (ScimFilter | string)[]): ScimFilter {
    return made(() => others.reduce<NativeScimFilter>((all, other) => all.or(half(other)), this.#native))
  }

  /** It does not fit. */
  not(): ScimFilter {
    return made(() => this.#native.not())
  }

  /** The text: RFC 7644's. */
  toString(): string {
    return this.#native.text()
  }

  toJSON(): string {
    return this.toString()
  }

  [inspect.custom](): string {
    return `ScimFilter ${this.toString()}`
  }

  /** @internal */
  static half(filter: ScimFilter): NativeScimFilter {
    return filter.#native
  }
}

function made(work: () => NativeScimFilter): ScimFilter {
  return new ScimFilter(now(work))
}

function compares(path: string, operator: string, value: ScimValue): ScimFilter {
  return made(() => native.ScimFilter.compares(path, operator, JSON.stringify(value)))
}

function half(filter: ScimFilter | string): NativeScimFilter {
  return filter instanceof ScimFilter ? ScimFilter.half(filter) : native.ScimFilter.raw(filter)
}
