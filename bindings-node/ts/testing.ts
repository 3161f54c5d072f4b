/**
 * What tests need: a store that leaves nothing, and a clock that stands still until it is told otherwise.
 *
 * @packageDocumentation
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { now } from './error.js'
import { instantText } from './expiration.js'
import { takenJson } from './external.js'
import { type Gatepass, type OpenOptions, open } from './gatepass.js'
import { type NativeClock, native } from './native.js'
import { type ClockLike, nativeClock } from './transport.js'
import type { ExternalTokenValidator } from './validators.js'
import { Verifier } from './verifier.js'

/** A clock that shows what it is told to; `open` and `connect` take it as `clock`. */
export class ManualClock implements ClockLike {
  /** @internal */
  readonly native: NativeClock

  /** A clock that shows this time. */
  constructor(instant: Date | string) {
    this.native = now(() => new native.Clock(instantText('now', instant)))
  }

  /** What it shows. */
  now(): Date {
    return new Date(this.native.now())
  }

  /** Sets the time of day alone, forward or back, as an operator or NTP does. */
  set(instant: Date | string): void {
    now(() => this.native.set(instantText('now', instant)))
  }

  /** Lets so many milliseconds pass, on both clocks. */
  advance(millis: number): void {
    now(() => this.native.advance(millis))
  }

  /** Lets time pass on the clock since boot alone: what a time of day that was set back looks like. */
  advanceBootTime(millis: number): void {
    now(() => this.native.advanceBootTime(millis))
  }
}

/**
 * A store for one test: a file of its own, in memory where the system has a folder that is, and gone once it is closed.
 */
export async function memoryStore(options: Omit<OpenOptions, 'create'> = {}): Promise<Gatepass> {
  const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'gatepass-'))
  const remove = () => rmSync(folder, { recursive: true, force: true })
  const gatepass = await open(join(folder, 'tokens.db'), options).catch((error: unknown) => {
    remove()
    throw error
  })
  const close = gatepass.close.bind(gatepass)
  gatepass.close = async () => {
    await close()
    remove()
  }
  return gatepass
}

/**
 * A verifier of tokens of other issuers with keys that are given, for a test without a network: JWK Sets, by the URLs that
 * the validators have for them (`jwksUrl`, or else `discoveryUrl`).
 *
 * ```ts
 * const { publicKey, privateKey } = generateKeyPairSync('ed25519')
 * const keys = { 'https://idp.example/jwks': { keys: [publicKey.export({ format: 'jwk' })] } }
 * const verifier = externalVerifierOf([{ name: 'idp', api: 'rest', jwksUrl: 'https://idp.example/jwks', expectedIssuer }], { keys })
 * ```
 *
 * @throws {GatepassError} invalid input on a validator's field; protocol, `jwks_malformed`.
 */
export function externalVerifierOf(
  validators: Iterable<ExternalTokenValidator>,
  options: { keys?: Readonly<Record<string, object>> | undefined; clock?: ClockLike | undefined } = {},
): Verifier {
  const { keys = {}, clock } = options
  const taken = takenJson(validators)
  return new Verifier(now(() => native.fixedExternalVerifier(taken, JSON.stringify(keys), nativeClock(clock))), '')
}
