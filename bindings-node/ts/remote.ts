import { type CallOptions, call } from './call.js'
import { now } from './error.js'
import type { Authorization, Requirement } from './guard.js'
import type { NativeRemoteGuard, NativeRemoteVerifier } from './native.js'
import { half, Secret } from './secret.js'
import type { Api } from './types.js'
import { type Verdict, verdictOf } from './verdict.js'

/** How a remote verifier asks its server, and for how long an answer serves. */
export interface RemoteOptions {
  /**
   * For how many milliseconds an answer serves other checks; a revoked token is refused after so long at the latest. When not
   * said, each check is answered by a question that was sent after it began.
   */
  maxStalenessMs?: number | undefined
  /** How many answers are kept at the most; 10 000 when not said. */
  capacity?: number | undefined
  /** How many questions are under way at once; 64 when not said. */
  concurrent?: number | undefined
  /** How many milliseconds one check may take, waiting included; 5 000 when not said. */
  deadlineMs?: number | undefined
  /**
   * Asks another product's server by introspection (RFC 7662) at this path of its host. A token opens the first API whose
   * audience its `aud` names, and none else: `[['rest', 'https://orders.example']]`.
   */
  introspection?: { path: string; audiences: readonly (readonly [Api, string])[] } | undefined
}

/** What a remote verifier did since it was made, and does now. */
export interface RemoteState {
  /** Questions that were sent. */
  readonly asked: number
  /** Those of them that brought no answer. */
  readonly failed: number
  /** Checks that waited for the question of another. */
  readonly joined: number
  /** Checks that were answered by what was kept. */
  readonly cached: number
  /** Answers that are kept now. */
  readonly kept: number
  /** Secrets that are being asked about now, or wait to be. */
  readonly underWay: number
}

/**
 * Checks tokens by asking their server: for one that has nothing to follow, a plain RadiantOne among them. Who cannot tell
 * does not say no: a server that does not answer is an error, to be answered with 503, and never a denial.
 */
export class RemoteVerifier {
  readonly #native: NativeRemoteVerifier
  readonly #place: string

  /** @internal */
  constructor(native: NativeRemoteVerifier, place: string) {
    this.#native = native
    this.#place = place
  }

  /** Compiles a requirement. What only the server can refuse, it refuses when it is asked. */
  guard({ api, scopes = [] }: Requirement): RemoteGuard {
    return new RemoteGuard(now(() => this.#native.guard(api, [...scopes])), this.#place)
  }

  /** What it did until now: for metrics. */
  get state(): RemoteState {
    return Object.freeze(JSON.parse(this.#native.state()) as RemoteState)
  }
}

/** A requirement that is asked of a server. */
export class RemoteGuard {
  readonly #native: NativeRemoteGuard
  readonly #place: string

  /** @internal */
  constructor(native: NativeRemoteGuard, place: string) {
    this.#native = native
    this.#place = place
  }

  /**
   * Checks the `Authorization` header as it came. What can be told from the header alone is told without asking; of a token
   * that is not good the server says no more than that, so it is `unknown`.
   *
   * @throws {GatepassError} where nobody can tell whether the token is good: never unauthorized or forbidden.
   */
  async check(authorization: Authorization, peer?: string | null, options?: CallOptions): Promise<Verdict> {
    const values = [authorization ?? []].flat()
    return this.#ask(options, (call) => this.#native.check(values, peer ?? undefined, call))
  }

  /** Checks a bare secret. */
  async checkSecret(secret: Secret | string, peer?: string | null, options?: CallOptions): Promise<Verdict> {
    const text = secret instanceof Secret ? half(secret).reveal() : secret
    return this.#ask(options, (call) => this.#native.checkSecret(text, peer ?? undefined, call))
  }

  async #ask(
    options: CallOptions | undefined,
    work: (call: Parameters<NativeRemoteGuard['check']>[2]) => Promise<string>,
  ): Promise<Verdict> {
    return verdictOf(await call('remote.check', this.#place, options, async (call) => work(call)), this.#native.scope())
  }
}
