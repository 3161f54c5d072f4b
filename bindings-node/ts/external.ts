import { type CallOptions, call } from './call.js'
import { type Dn, named } from './dn.js'
import { invalid, now } from './error.js'
import { type NativeSubjects, native } from './native.js'
import { directoryOf, RestClient } from './rest.js'
import { type ClockLike, nativeClock } from './transport.js'
import { asked, type ExternalTokenValidator } from './validators.js'
import { Verifier } from './verifier.js'

/**
 * How the keys of providers are fetched, and for how long they serve. A provider is asked by one request at a time, and no
 * sooner than `cooldownMs` after the request before began, whatever came of it and however many tokens ask for keys that
 * nobody has.
 */
export interface KeyOptions {
  /**
   * Keys are fetched again when they are so old, in milliseconds, or sooner where the provider's `Cache-Control: max-age` says
   * so. From the cooldown up to 24 h; 300 000 when not said.
   */
  readonly refreshAfterMs?: number | undefined
  /** Fetching begins so long before, so that no check has to wait for it. Less than `refreshAfterMs`; 30 000 when not said. */
  readonly refreshAheadMs?: number | undefined
  /**
   * The least time between two attempts, from the beginning of one to the beginning of the next. After failures the pause
   * grows, up to `refreshAfterMs`, while no token asks for keys. 100 to 3 600 000; 10 000 when not said.
   */
  readonly cooldownMs?: number | undefined
  /**
   * How long keys serve after they were fetched, where they cannot be fetched again; after it tokens are denied as
   * `keys_unavailable`. From `refreshAfterMs` up to 7 days; 3 600 000 when not said.
   */
  readonly staleIfErrorMs?: number | undefined
  /** How long one attempt may take in all, discovery included. 100 to 60 000; 5 000 when not said. */
  readonly timeoutMs?: number | undefined
  /** The size of a document, in bytes. 1 KiB to 16 MiB; 512 KiB when not said. */
  readonly maxSize?: number | undefined
  /** Of so many keys at a time it is remembered that a provider does not have them. 1 to 65 536; 1 024 when not said. */
  readonly unknownKids?: number | undefined
  /** Certificates (PEM) that are trusted as well as the machine's. */
  readonly certificateAuthorities?: readonly string[] | undefined
}

/** A search for the one entry that a token acts as. */
export interface SubjectSearch {
  /** The entry at which it begins. */
  readonly base: string
  readonly scope: 'base' | 'one' | 'sub'
  /** What it looks for (RFC 4515), with the values of claims escaped. */
  readonly filter: string
}

/**
 * Who finds the entry that a token acts as, where a validator's mapping is a search: a client of the directory, or a function
 * that gives the names of the entries that a search finds. Of two entries a token acts as neither. What is found is kept for
 * a minute; where the function throws, or takes longer than 5 s, such tokens are denied as `keys_unavailable` for 5 s.
 */
export type SubjectSource =
  | RestClient
  | ((search: SubjectSearch) => readonly (Dn | string)[] | Promise<readonly (Dn | string)[]>)

/** How a verifier gets the keys of external token validators, and finds whom a token acts as. */
export interface ValidatorOptions {
  /** How keys are fetched. */
  keys?: KeyOptions | undefined
  /** Who searches; without it a token whose validator has a search is denied as `keys_unavailable`. */
  subjects?: SubjectSource | undefined
}

/** How a verifier of tokens of other issuers is made. */
export interface ExternalOptions extends ValidatorOptions, CallOptions {
  /** What time it is: a clock of `gatepass/testing`. */
  clock?: ClockLike | undefined
}

/**
 * A verifier that takes tokens of other issuers alone, for whoever has no store: those that one of these validators accepts.
 * Keys are fetched in the background, at once and from then on; a check until the first ones have come is denied as
 * `keys_unavailable`, and {@link Guard.checkAsync} waits for them. Worker threads that want the same in the same way share
 * one, but for those with a function or a client.
 *
 * ```ts
 * await using verifier = await externalVerifier([
 *   { name: 'sso', api: 'rest', discoveryUrl: `${issuer}/.well-known/openid-configuration`, expectedAudience: 'orders' },
 * ])
 * const guard = verifier.guard({ api: 'rest', scopes: ['orders:read'] })
 * const access = await guard.requireAsync(request.headers.authorization)
 * access.subject
 * ```
 *
 * @throws {GatepassError} invalid input on a validator's field, or on one of `keys`: `cooldown_out_of_range`, …;
 * `certificate_malformed`.
 */
export async function externalVerifier(
  validators: Iterable<ExternalTokenValidator>,
  options: ExternalOptions = {},
): Promise<Verifier> {
  const { subjects, signal, clock, ...rest } = options
  const [taken, json] = [takenJson(validators), JSON.stringify(rest)]
  const found = nativeSubjects(subjects)
  const made = await call('externalVerifier', '', { signal }, async (call) =>
    native.externalVerifier(taken, json, found, nativeClock(clock), call),
  )
  return new Verifier(made, '')
}

/** @internal */
export function takenJson(validators: Iterable<ExternalTokenValidator>): string {
  if (typeof validators !== 'object' || validators === null || !(Symbol.iterator in validators)) {
    throw invalid('validators', 'wrong_type', 'expected a list of validators')
  }
  return JSON.stringify([...validators].map(asked))
}

/** @internal */
export function nativeSubjects(subjects: SubjectSource | undefined): NativeSubjects | undefined {
  if (subjects === undefined) return undefined
  if (subjects instanceof RestClient) return now(() => native.Subjects.rest(directoryOf(subjects)))
  if (typeof subjects !== 'function') throw invalid('subjects', 'wrong_type', 'expected a RestClient, or a function')
  return now(() => native.Subjects.callable(async (json) => [...(await subjects(JSON.parse(json)))].map(named)))
}
