import { inspect } from 'node:util'
import { invalid, now } from './error.js'
import { type NativeCredential, native } from './native.js'
import { half, Secret } from './secret.js'

/** A function that gives a secret: a look-up in a vault, say. Its answer is kept until a server refuses it. */
export type CredentialFunction = () => Secret | string | Promise<Secret | string>

/** Where a client gets its own secret from; a bare {@link Secret} or function will do. */
export type CredentialSource = Credential | Secret | CredentialFunction

const halves = new WeakMap<Credential, NativeCredential>()

/** Where a client gets its own secret from: made by {@link value}, {@link env}, {@link file}, or of a function. */
export class Credential {
  /** @internal */
  constructor(native: NativeCredential) {
    halves.set(this, native)
  }

  /** What may be shown of it. */
  toString(): string {
    return halfOf(this).shown()
  }

  toJSON(): string {
    return this.toString()
  }

  [inspect.custom](): string {
    return this.toString()
  }
}

function halfOf(credential: Credential): NativeCredential {
  const found = halves.get(credential)
  if (found === undefined) throw new TypeError('not a Credential')
  return found
}

/** This secret. */
export function value(secret: Secret | string): Credential {
  const held = typeof secret === 'string' ? new Secret(secret) : secret
  return new Credential(now(() => native.Credential.value(half(held))))
}

/** The environment variable of this name, read each time. */
export function env(name: string): Credential {
  return new Credential(now(() => native.Credential.env(name)))
}

/** What is in this file, without white space around it. It is read again when it has changed. */
export function file(path: string): Credential {
  return new Credential(now(() => native.Credential.file(path)))
}

/** The native half of a credential, whatever it was given as. */
export function nativeCredential(source: CredentialSource): NativeCredential {
  if (source instanceof Credential) return halfOf(source)
  if (source instanceof Secret) return now(() => native.Credential.value(half(source)))
  if (typeof source === 'function') {
    const ask = async () => {
      const given = await source()
      return given instanceof Secret ? given.reveal() : given
    }
    return now(() => native.Credential.callable(ask))
  }
  throw invalid('credential', 'wrong_type', 'expected value(…), env(…), file(…), a Secret or a function')
}
