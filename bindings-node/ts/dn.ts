import { inspect } from 'node:util'
import { now } from './error.js'
import { native } from './native.js'

/**
 * A distinguished name (RFC 4514), of which names are made from values that may have anything in them. Wherever a name is taken,
 * a text is taken too.
 *
 * ```ts
 * new Dn('ou=People,o=acme').child('cn', "O'Hara, P.")  // cn=O'Hara\, P.,ou=People,o=acme
 * ```
 */
export class Dn {
  readonly #text: string

  /** Takes a name as it is written. @throws {GatepassError} invalid input, `dn_malformed` and `dn_too_long`, on `dn`. */
  constructor(text: string) {
    now(() => native.checkDn(text))
    this.#text = text
  }

  /** The name of an entry right below this one; what is special in the value is escaped. @throws as the constructor does. */
  child(attribute: string, value: string): Dn {
    return new Dn(now(() => native.dnChild(this.#text, attribute, value)))
  }

  /** The name above this one; the root, which is empty, has none. */
  get parent(): Dn | undefined {
    const parent = now(() => native.dnParent(this.#text))
    return parent === null ? undefined : new Dn(parent)
  }

  /** The first step, as it was written: `uid=sync`. The root has none. */
  get rdn(): string | undefined {
    return now(() => native.dnRdn(this.#text)) ?? undefined
  }

  /** Whether this name is `base` or lies below it, as directories compare names. */
  isWithin(base: Dn | string): boolean {
    return now(() => native.dnIsWithin(this.#text, named(base)))
  }

  /** The name. */
  toString(): string {
    return this.#text
  }

  toJSON(): string {
    return this.#text
  }

  [inspect.custom](): string {
    return `Dn ${inspect(this.#text)}`
  }
}

/** A name as the native layer takes it. */
export function named(dn: Dn | string): string {
  return dn instanceof Dn ? dn.toString() : dn
}
