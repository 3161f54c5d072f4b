import { EventEmitter } from 'node:events'
import { type CallOptions, call } from './call.js'
import { errorOf, type GatepassError, invalid, now, type Parts } from './error.js'
import { type Counters, Grants, Guard, type Requirement } from './guard.js'
import type { NativeVerifier } from './native.js'
import { channels } from './observe.js'
import { revived } from './types.js'

/** How a verifier follows its store or its server. */
export interface FollowOptions {
  /**
   * After so many milliseconds without news every check is denied as `stale`, 100 at least; 10 000 on a server and 1 000 on
   * a store when not said.
   */
  maxStalenessMs?: number | undefined
  /**
   * `wait`, when not said: it is given when it knows all tokens, and what stands against that is an error. `background`: it
   * is given at once, denies everything as `stale` until it knows all tokens, and tries until it does.
   */
  startup?: 'wait' | 'background' | undefined
  /** How long to wait; 30 000 when not said. */
  deadlineMs?: number | undefined
  /** How often it is reported which tokens were used; 30 000 when not said, `null` for never. */
  usageIntervalMs?: number | null | undefined
}

/** How a verifier is. */
export interface VerifierState {
  /** The number of the last change that is in the index; 0 where it follows nothing. */
  readonly revision: number
  /** How long ago everything was known to be in the index, in milliseconds; undefined before the first proof. */
  readonly ageMs?: number
  /** Whether that is so long ago that every check is denied. */
  readonly stale: boolean
  /** Whether whom it follows answered, the last time that it was asked. */
  readonly connected: boolean
  /** How many tokens are in the index. */
  readonly tokens: number
  /** Whom it follows, without a password; empty where it follows nothing. */
  readonly place: string
  /** Why it is not connected, if it was tried. */
  readonly trouble?: GatepassError
  /** When the credential ends by which it follows, where it is known: it has to be rotated before. */
  readonly credentialExpiresOn?: Date
}

/** How the keys of a provider are doing: for readiness probes, metrics and logs. */
export interface KeyHealth {
  /** The validator that takes tokens by them. */
  readonly validator: string
  /** Where they come from, as the validator says. */
  readonly url: string
  /** How many can be used. */
  readonly keys: number
  /** How many were passed over: of an unknown kind, too short, for encryption. */
  readonly unusable: number
  /** When they were last fetched; undefined before the first time. */
  readonly fetchedOn?: Date
  /** When they were last asked for, with success or without. */
  readonly triedOn?: Date
  /** How often in turn they could not be fetched, since the last success. */
  readonly failures: number
  /** How often they were asked for, since the start. */
  readonly fetches: number
  /** Why they could not be fetched the last time, if so. What was fetched before is used for a while. */
  readonly trouble?: GatepassError
  /** Whether there is nothing that may be used: every token of this provider is denied as `keys_unavailable`. */
  readonly unavailable: boolean
}

/** A validator that is not consulted, and why. */
export interface ValidatorFault {
  readonly validator: string
  readonly error: GatepassError
}

/** What a verifier tells of. */
export interface VerifierEvents {
  /** From now on every check is denied. */
  stale: [state: VerifierState]
  /** Checks are made again. */
  recovered: [state: VerifierState]
  /** Whom it follows does not answer. */
  disconnected: [state: VerifierState]
  /** Whom it follows answers again. */
  connected: [state: VerifierState]
}

/**
 * An index of tokens in this process, which follows its source for as long as it is open. It keeps no process alive, and
 * tells by events when it becomes stale, and when it is fresh again.
 */
export class Verifier extends EventEmitter<VerifierEvents> {
  readonly #native: NativeVerifier
  readonly #place: string
  readonly #grants = new Grants()
  /** Closed with the verifier, where they are still there. */
  #guards: WeakRef<Guard>[] = []
  /** As it was told last. */
  #before: VerifierState

  /** @internal */
  constructor(native: NativeVerifier, place: string) {
    super()
    this.#native = native
    this.#place = place
    this.#before = stateOf(now(() => native.state()))
    // Held weakly: who forgets a verifier shall not be kept from it by what it might tell.
    const ref = new WeakRef(this)
    const tell = (json: string) => {
      const verifier = ref.deref()
      if (verifier !== undefined) verifier.#tell(stateOf(json))
    }
    now(() => native.watch(tell))
  }

  /**
   * Compiles a requirement, once for all requests.
   *
   * @throws {GatepassError} invalid input where no token could ever satisfy it.
   */
  guard(requirement: Requirement): Guard {
    const { api, scopes = [] } = requirement
    if (typeof scopes === 'string') throw invalid('scopes', 'wrong_type', 'expected a list of scopes')
    const list = [...scopes]
    const compiled = now(() => this.#native.guard(api, list, this.#grants.native))
    const guard = new Guard(compiled, api, list, this.#grants, this.#place)
    this.#guards = this.#guards.filter((ref) => ref.deref() !== undefined)
    this.#guards.push(new WeakRef(guard))
    return guard
  }

  /** How it is, for readiness probes. */
  get state(): VerifierState {
    return stateOf(now(() => this.#native.state()))
  }

  /** How the keys of each external token validator that is consulted are, by the validators' names. */
  keyHealth(): KeyHealth[] {
    const all = JSON.parse(now(() => this.#native.keyHealth())) as Record<string, unknown>[]
    return all.map((health) => withTrouble(health))
  }

  /** The external token validators that are enabled and not consulted, because they are not as they should be. */
  validatorFaults(): ValidatorFault[] {
    const all = JSON.parse(now(() => this.#native.validatorFaults())) as { validator: string; error: Parts }[]
    return all.map(({ validator, error }) => ({ validator, error: errorOf(error) }))
  }

  /**
   * Waits until the change of this number is in the index: what was created before is then known, and what was revoked
   * before is refused.
   */
  async waitFor(revision: number, options?: CallOptions): Promise<void> {
    await call('verifier.waitFor', this.#place, options, async (call) => this.#native.waitFor(revision, call))
  }

  /** How often each verdict was given by its guards that are still there. */
  counters(): Counters {
    const sum: Record<string, number> = {}
    for (const ref of this.#guards) {
      for (const [verdict, count] of Object.entries(ref.deref()?.counters() ?? {})) {
        sum[verdict] = (sum[verdict] ?? 0) + count
      }
    }
    return sum as Counters
  }

  /**
   * Lets go of the index, for its guards too: what is checked after that throws `closed`. Where no other thread has it,
   * what was used is reported first.
   */
  async close(): Promise<void> {
    for (const ref of this.#guards) ref.deref()?.close()
    this.#guards = []
    this.#grants.forget()
    await call('verifier.close', this.#place, undefined, async () => this.#native.close())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** Makes an event of what has changed. */
  #tell(state: VerifierState): void {
    const { stale, connected } = this.#before
    this.#before = state
    if (state.connected !== connected) this.emit(state.connected ? 'connected' : 'disconnected', state)
    if (state.stale === stale) return
    const channel = state.stale ? channels.stale : channels.recovered
    if (channel.hasSubscribers) channel.publish({ verifier: this, state })
    this.emit(state.stale ? 'stale' : 'recovered', state)
  }
}

function stateOf(json: string): VerifierState {
  return withTrouble(JSON.parse(json))
}

function withTrouble<T>(members: Record<string, unknown>): T {
  const trouble = members.trouble as Parts | null
  return revived({ ...members, trouble: trouble && errorOf(trouble) })
}
