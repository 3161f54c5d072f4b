import { inspect } from 'node:util'
import { now } from './error.js'
import { type NativeFilter, native } from './native.js'

/** A value that entries are compared with; bytes for one that is no text. */
export type FilterValue = string | number | bigint | Uint8Array

/**
 * Which entries of a directory are wanted, as an LDAP filter (RFC 4515). What is special in a value is escaped, so that a
 * value is never more than a value. Wherever a filter is taken, a text is taken as it is.
 *
 * ```ts
 * Filter.equals('objectClass', 'person').and(Filter.startsWith('cn', 'Ad(a'))  // (&(objectClass=person)(cn=Ad\28a*))
 * ```
 *
 * @throws {GatepassError} invalid input, `filter_malformed`, for an attribute's name that is none: a name cannot be escaped.
 */
export class Filter {
  readonly #native: NativeFilter

  /** @internal */
  constructor(native: NativeFilter) {
    this.#native = native
  }

  /** Entries with this value. */
  static equals(attribute: string, value: FilterValue): Filter {
    return made(() => native.Filter.equals(attribute, given(value)))
  }

  /** Entries with a value that is this one or greater. */
  static atLeast(attribute: string, value: FilterValue): Filter {
    return made(() => native.Filter.atLeast(attribute, given(value)))
  }

  /** Entries with a value that is this one or less. */
  static atMost(attribute: string, value: FilterValue): Filter {
    return made(() => native.Filter.atMost(attribute, given(value)))
  }

  /** Entries with a value that is like this one, as the server understands it. */
  static approximately(attribute: string, value: FilterValue): Filter {
    return made(() => native.Filter.approximately(attribute, given(value)))
  }

  /** Entries that have this attribute. */
  static present(attribute: string): Filter {
    return made(() => native.Filter.present(attribute))
  }

  /** Entries with a value that begins so, ends so, and has these texts in between, in this order. */
  static substring(attribute: string, begin: string, between: readonly string[], end: string): Filter {
    return made(() => native.Filter.substring(attribute, begin, between, end))
  }

  /** Entries with a value that begins so. */
  static startsWith(attribute: string, text: string): Filter {
    return Filter.substring(attribute, text, [], '')
  }

  /** Entries with a value that ends so. */
  static endsWith(attribute: string, text: string): Filter {
    return Filter.substring(attribute, '', [], text)
  }

  /** Entries with a value that has this text in it. */
  static contains(attribute: string, text: string): Filter {
    return Filter.substring(attribute, '', [text], '')
  }

  /** Entries with a value that fits by a matching rule: `1.2.840.113556.1.4.803` is a directory's "all of these bits". */
  static matches(attribute: string, rule: string, value: FilterValue): Filter {
    return made(() => native.Filter.matches(attribute, rule, given(value)))
  }

  /** Entries that fit all of these; all entries, where there are none (RFC 4526). */
  static all(...filters: readonly (Filter | string)[]): Filter {
    return made(() => native.Filter.all(filters.map(half)))
  }

  /** Entries that fit one of these at least; no entry, where there are none (RFC 4526). */
  static any(...filters: readonly (Filter | string)[]): Filter {
    return made(() => native.Filter.any(filters.map(half)))
  }

  /** This text as it is: nothing in it is escaped, and its server alone says whether it is a filter. */
  static raw(text: string): Filter {
    return made(() => native.Filter.raw(text))
  }

  /** Entries that fit this filter and the others. */
  and(...others: readonly (Filter | string)[]): Filter {
    return Filter.all(this, ...others)
  }

  /** Entries that fit this filter or one of the others. */
  or(...others: readonly (Filter | string)[]): Filter {
    return Filter.any(this, ...others)
  }

  /** Entries that do not fit. */
  not(): Filter {
    return made(() => this.#native.not())
  }

  /** The text: RFC 4515's. */
  toString(): string {
    return this.#native.text()
  }

  toJSON(): string {
    return this.toString()
  }

  [inspect.custom](): string {
    return `Filter ${this.toString()}`
  }

  /** @internal */
  static half(filter: Filter): NativeFilter {
    return filter.#native
  }
}

function made(work: () => NativeFilter): Filter {
  return new Filter(now(work))
}

function given(value: FilterValue): string | Uint8Array {
  return typeof value === 'number' || typeof value === 'bigint' ? String(value) : value
}

function half(filter: Filter | string): NativeFilter {
  return filter instanceof Filter ? Filter.half(filter) : native.Filter.raw(filter)
}
