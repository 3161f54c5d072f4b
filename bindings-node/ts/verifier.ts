import { EventEmitter } from 'node:events'
import { type CallOptions, call } from './call.js'
import { invalid, now } from './error.js'
import { Guard, type Counters, type Requirement } from './guard.js'
import type { NativeVerifier } from './native.js'
import type { Api } from './types.js'

/** How a verifier is. */
export interface VerifierState {
  /** The number of the last change that is in the index; 0 where it follows nothing. */
  readonly revision: number
  /** How long ago everything was known to be in the index, in milliseconds; undefined before the first proof. */
  readonly ageMs: number | undefined
}

/** An index of tokens in this process, which follows its source for as long as it is open. It keeps no process alive. */
export class Verifier extends EventEmitter {
  readonly #native: NativeVerifier
  readonly #place: string
  /** Closed with the verifier, where they are still there. */
  #guards: WeakRef<Guard>[] = []

  /** @internal */
  constructor(native: NativeVerifier, place: string) {
    super()
    this.#native = native
    this.#place = place
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
    const guard = new Guard(now(() => this.#native.guard(api, list)), api as Api, list)
    this.#guards = this.#guards.filter((ref) => ref.deref() !== undefined)
    this.#guards.push(new WeakRef(guard))
    return guard
  }

  /** How it is, for readiness probes. */
  get state(): VerifierState {
    const { revision, ageMs } = JSON.parse(now(() => this.#native.state())) as { revision: number; ageMs: number | null }
    return Object.freeze({ revision, ageMs: ageMs ?? undefined })
  }

  /**
   * Waits until the change of this number is in the index: what was created before is then known, and what was revoked
   * before is refused.
   */
  async waitFor(revision: number, options?: CallOptions): Promise<void> {
    await call('verifier.waitFor', this.#place, options, (call) => this.#native.waitFor(revision, call))
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

  /** Lets go of the index, for its guards too: what is checked after that throws `closed`. */
  close(): void {
    for (const ref of this.#guards) ref.deref()?.close()
    this.#native.close()
    this.removeAllListeners()
  }

  [Symbol.dispose](): void {
    this.close()
  }
}
