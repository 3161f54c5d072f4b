import { inspect } from 'node:util'
import { now } from './error.js'
import { type NativeSecret, native } from './native.js'
import type { Api } from './types.js'

/** The native half of each secret. It is no property, so nothing that walks over objects finds it. */
const halves = new WeakMap<Secret, NativeSecret>()

/**
 * A secret: one of Gatepass's own form, or any RFC 6750 `b64token` of up to 8 KiB. Whatever prints, joins, serialises or
 * inspects it gets the redacted form, `gpr_8fK2…`; {@link Secret.reveal} alone gives the string.
 */
export class Secret {
  /**
   * Takes a secret as it was handed over; a leading `secret-token:` (RFC 8959) is dropped.
   *
   * @throws {GatepassError} `secret_malformed`; `secret_redacted` for what printing a secret shows.
   */
  constructor(text: string) {
    halves.set(this, now(() => new native.Secret(text)))
  }

  /** The string itself. Whoever calls this answers for where it goes. */
  reveal(): string {
    return half(this).reveal()
  }

  /** Whether both are the same secret, compared in constant time. */
  equals(other: Secret): boolean {
    return now(() => half(this).equals(half(other)))
  }

  /** The public id in it, where it is of Gatepass's form. */
  get id(): string | undefined {
    return half(this).id() ?? undefined
  }

  /** The API that it is for, where it is of Gatepass's form. */
  get api(): Api | undefined {
    return (half(this).api() as Api | null) ?? undefined
  }

  /** The brand that it was issued under, where it is of Gatepass's form. */
  get brand(): string | undefined {
    return half(this).brand() ?? undefined
  }

  /** SHA-256 of it, in hexadecimal: what a record keeps. */
  digest(): string {
    return half(this).digest()
  }

  /** The redacted form, `gpr_8fK2…`. */
  toString(): string {
    return half(this).redacted()
  }

  /** The redacted form. */
  toJSON(): string {
    return this.toString()
  }

  /** The redacted form, in templates and wherever else a text is wanted; no number. */
  [Symbol.toPrimitive](hint: string): string | number {
    return hint === 'number' ? Number.NaN : this.toString()
  }

  /** The redacted form, for `console.log`. */
  [inspect.custom](): string {
    return `Secret(${this.toString()})`
  }

  get [Symbol.toStringTag](): string {
    return 'Secret'
  }
}

/** The native half; an object that only looks like a secret has none. */
export function half(secret: Secret): NativeSecret {
  const found = halves.get(secret)
  if (found === undefined) throw new TypeError('not a Secret')
  return found
}

/** A secret that the native layer has made. */
export function secretOf(native: NativeSecret): Secret {
  const secret = Object.create(Secret.prototype) as Secret
  halves.set(secret, native)
  return secret
}
