import { type CallOptions, call } from './call.js'
import { GatepassError, internal, invalid } from './error.js'
import { type NativeCall, type NativeCheck, type NativeGuard, native, type Said } from './native.js'
import { channels } from './observe.js'
import { half, Secret } from './secret.js'
import type { Api } from './types.js'
import {
  type Access,
  AccessDenied,
  BEGINS,
  Denied,
  deniedOf,
  Granted,
  type Reason,
  reasons,
  type Verdict,
  verdictOf,
} from './verdict.js'

/** A requirement on tokens. */
export interface Requirement {
  /** The API. */
  api: Api
  /** All of these scopes: RadiantOne's (`SCOPE_SETTINGS_EDIT`) for `config`, else the application's own. */
  scopes?: Iterable<string>
}

/** The value or values of the `Authorization` header as they came: absent, one, or several, which is refused. */
export type Authorization = string | readonly string[] | null | undefined

/**
 * The address of the peer, if it is known; what is no address is not known. A function is asked only where the token is
 * bound to networks, for finding an address out may cost more than the check; from where a token was last used is then not
 * known either.
 */
export type Peer = string | null | undefined | (() => string | null | undefined)

/** How often each verdict was given. */
export type Counters = Readonly<Record<'granted' | Reason, number>>

/** What the native layer says that is no verdict: see `src/check.rs`. */
const WRONG_AUTHORIZATION = -1001
const WRONG_PEER = -1002
const CLOSED = -1003

/** What is kept of grants, for all guards of a verifier. @internal */
export class Grants {
  /** The half that the native layer numbers them in. */
  readonly native = new native.Kept()
  /** The grants that it names by their numbers. */
  readonly kept: Granted[] = []

  forget(): void {
    this.native.forget()
    this.kept.length = 0
  }
}

/** Denials that say nothing of a token or a scope are the same for everybody. */
const denials: readonly Denied[] = reasons.map((reason) => new Denied(reason, undefined, undefined))

/**
 * A compiled requirement, to be asked on each request. A check is synchronous, does no I/O, and throws only where it was
 * called wrongly or the guard was closed.
 */
export class Guard {
  /** The API that it wants. */
  readonly api: Api
  /** The scopes that it wants. */
  readonly scopes: readonly string[]
  readonly #check: NativeCheck
  readonly #checkSecret: NativeCheck
  readonly #native: NativeGuard
  readonly #scope: string
  readonly #kept: Granted[]
  readonly #place: string
  readonly #counts = nothing()

  /** @internal */
  constructor(guard: NativeGuard, api: Api, scopes: readonly string[], grants: Grants, place = '') {
    this.api = api
    this.#place = place
    this.#kept = grants.kept
    this.scopes = Object.freeze([...scopes])
    this.#native = guard
    this.#scope = guard.scope()
    this.#check = guard.check()
    this.#checkSecret = guard.checkSecret()
  }

  /**
   * Checks the `Authorization` header as it came: `request.headersDistinct.authorization`, which shows a second one.
   *
   * @throws {GatepassError} `wrong_type` (invalid input) where something else than texts is given; `closed`.
   */
  check(authorization: Authorization, peer?: Peer): Verdict {
    return this.#noted(this.#ask(this.#check, authorization, peer))
  }

  /**
   * The access of a check that grants.
   *
   * @throws {AccessDenied} where it does not grant; else as {@link Guard.check}.
   */
  require(authorization: Authorization, peer?: Peer): Access {
    return accessOf(this.check(authorization, peer))
  }

  /** Checks a bare secret. */
  checkSecret(secret: string | Secret, peer?: Peer): Verdict {
    return this.#noted(this.#ask(this.#checkSecret, revealed(secret), peer))
  }

  /**
   * The same as {@link Guard.check}, and where a token of another issuer cannot be told now because its provider's keys are
   * being fetched (`keys_unavailable`), waits until they are there: as long as one attempt may take, at the most. All else is
   * told as soon.
   *
   * @throws {GatepassError} as {@link Guard.check}; the signal's reason where it is given up.
   */
  async checkAsync(authorization: Authorization, peer?: Peer, options?: CallOptions): Promise<Verdict> {
    options?.signal?.throwIfAborted()
    return this.checkOrWait(authorization, peer, options)
  }

  /**
   * The access of such a check.
   *
   * @throws {AccessDenied} where it does not grant; else as {@link Guard.checkAsync}.
   */
  async requireAsync(authorization: Authorization, peer?: Peer, options?: CallOptions): Promise<Access> {
    return accessOf(await this.checkAsync(authorization, peer, options))
  }

  /** The same of a bare secret. */
  async checkSecretAsync(secret: string | Secret, peer?: Peer, options?: CallOptions): Promise<Verdict> {
    options?.signal?.throwIfAborted()
    const text = revealed(secret)
    const first = this.#ask(this.#checkSecret, text, peer)
    if (!cannotTell(first)) return this.#noted(first)
    return this.#waited(options, (call) => this.#native.checkSecretAgain(text, addressOf(peer), call))
  }

  /** A verdict at once where there is one, else a promise of it: for middleware, which pays for no promise then. @internal */
  checkOrWait(authorization: Authorization, peer?: Peer, options?: CallOptions): Verdict | Promise<Verdict> {
    const first = this.#ask(this.#check, authorization, peer)
    if (!cannotTell(first)) return this.#noted(first)
    // It was one text: several are refused at once.
    const [text] = [authorization].flat() as [string]
    return this.#waited(options, (call) => this.#native.checkAgain(text, addressOf(peer), call))
  }

  /** How often each verdict was given by this guard. */
  counters(): Counters {
    return Object.freeze({ ...this.#counts })
  }

  /** Lets go of the index. */
  close(): void {
    this.#native.close()
  }

  #ask(check: NativeCheck, given: unknown, peer: Peer): Verdict {
    let said = check(given, typeof peer === 'function' ? undefined : peer)
    let verdict = typeof said === 'number' ? this.#known(said) : this.#told(said)
    if (typeof peer === 'function' && !verdict.granted && verdict.reason === 'network_not_allowed') {
      said = check(given, peer())
      verdict = typeof said === 'number' ? this.#known(said) : this.#told(said)
    }
    return verdict
  }

  async #waited(options: CallOptions | undefined, work: (call: NativeCall | undefined) => Promise<string>): Promise<Verdict> {
    const said = await call('guard.checkAsync', this.#place, options, async (call) => work(call))
    return this.#noted(verdictOf(said, this.#scope))
  }

  #noted(verdict: Verdict): Verdict {
    this.#counts[verdict.granted ? 'granted' : verdict.reason] += 1
    if (channels.check.hasSubscribers) channels.check.publish({ guard: this, verdict })
    return verdict
  }

  /** What a number stands for: a grant that was told before, or a denial of which there is nothing to tell. */
  #known(said: number): Verdict {
    const verdict = said >= 0 ? this.#kept[said] : denials[-1 - said]
    if (verdict === undefined) throw mistake(said)
    return verdict
  }

  /** What a text says; a grant that the native layer will name by its number from now on begins with that. */
  #told(said: string): Verdict {
    const begins = said.charCodeAt(0)
    if (begins === BEGINS.granted) return new Granted(said)
    if (begins === BEGINS.denied) return deniedOf(said, this.#scope)
    const granted = new Granted(said.slice(4))
    this.#kept[Number(said.slice(0, 4))] = granted
    return granted
  }
}

function accessOf(verdict: Verdict): Access {
  if (verdict.granted) return verdict.access
  throw new AccessDenied(verdict)
}

function revealed(secret: string | Secret): string {
  return secret instanceof Secret ? half(secret).reveal() : secret
}

/** Whether it may be told a moment later. */
function cannotTell(verdict: Verdict): boolean {
  return !verdict.granted && verdict.reason === 'keys_unavailable'
}

/** Tokens of other issuers are bound to no network, so nobody has to find an address out. */
function addressOf(peer: Peer): string | undefined {
  return typeof peer === 'string' ? peer : undefined
}

function nothing(): Record<'granted' | Reason, number> {
  return Object.fromEntries(['granted', ...reasons].map((verdict) => [verdict, 0])) as Record<'granted' | Reason, number>
}

/** The error of a call that was none. */
function mistake(said: Said): GatepassError {
  switch (said) {
    case WRONG_AUTHORIZATION:
      return invalid('authorization', 'wrong_type', 'expected a text, a list of texts, or nothing')
    case WRONG_PEER:
      return invalid('peer', 'wrong_type', 'expected the text of an address, a function that gives it, or nothing')
    case CLOSED:
      return new GatepassError({ kind: 'closed', code: 'closed', message: 'this guard was closed', retryable: false })
    default:
      return internal('check_failed', 'a defect in a check; nothing was granted')
  }
}
