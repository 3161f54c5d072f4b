import { Audit, Replicas, Roles, Users } from './admin.js'
import { type CallOptions, call } from './call.js'
import type { CredentialSource } from './credential.js'
import { now } from './error.js'
import { nativeSubjects, type ValidatorOptions } from './external.js'
import { type NativeGatepass, native } from './native.js'
import { type RemoteOptions, RemoteVerifier } from './remote.js'
import { Tokens } from './tokens.js'
import { type ClockLike, nativeClock, nativeTransport, type TransportOptions } from './transport.js'
import { type Myself, myselfOf, type TokenPolicy } from './types.js'
import { Validators } from './validators.js'
import { type FollowOptions, Verifier } from './verifier.js'

/** How a store is opened. */
export interface OpenOptions extends CallOptions {
  /** What new secrets begin with: 2 to 16 letters of a-z; `gp` when not said. */
  brand?: string | undefined
  /** How long tokens may live. */
  policy?: TokenPolicy | undefined
  /** The name under which the audit trail has what is done here; `local` when not said. */
  actor?: string | undefined
  /** Whether a file that is not there is made; so when not said. */
  create?: boolean | undefined
  /** What time it is: a clock of `gatepass/testing`. */
  clock?: ClockLike | undefined
}

/** How a server is connected to: one of `credential` and `login` is needed. */
export interface ConnectOptions extends TransportOptions {
  /**
   * The Configuration API's URL, `https://HOST:8443/api`. Of several authorities of one store any will do: when one cannot
   * be reached, or does not answer, another is asked.
   */
  urls: string | URL | readonly (string | URL)[]
  /** A `config` token of one's own. */
  credential?: CredentialSource | undefined
  /** A user to sign in as, kept signed in. */
  login?: { username: string; password: string } | undefined
  /** What {@link Tokens.violations} measures against. */
  policy?: TokenPolicy | undefined
}

/** What a service of the Configuration API answered. */
export interface ServiceAnswer {
  readonly status: number
  /** The body; null where it is empty, a string where it is no JSON. */
  readonly body: unknown
}

/** A call of a service of the Configuration API. */
export interface ServiceRequest extends CallOptions {
  /** Parameters, encoded here. */
  query?: Readonly<Record<string, string>> | Iterable<readonly [string, string]> | undefined
  /** A body, sent as JSON. */
  body?: unknown
}

/**
 * Opens a store: a SQLite file, which is made if there is none, or `postgres://user@host/database`. Worker threads that
 * open the same one in the same way share it.
 *
 * @throws {GatepassError} storage: `store_missing`, `store_read_only`, `store_corrupt`, `store_foreign`, `store_too_new`;
 * unavailable where a server cannot be reached; unsupported, `network_file_system`.
 */
export async function open(store: string, options: OpenOptions = {}): Promise<Gatepass> {
  const { signal, clock, ...rest } = options
  const asked = JSON.stringify(rest)
  const opened = await call('open', '', { signal }, async (call) =>
    native.open(store, asked, nativeClock(clock), call),
  )
  return new Gatepass(opened)
}

/**
 * Connects to a RadiantOne or to Gatepass's own authority. Nothing is sent until something is asked.
 *
 * @throws {GatepassError} invalid input: `url_malformed`, `url_insecure` (plain HTTP that leaves this machine),
 * `certificate_malformed`, `credential_required`.
 */
export async function connect(options: ConnectOptions): Promise<Gatepass> {
  const { urls, login, ...rest } = options
  const list = [urls].flat().map(String)
  const { asked, credential, clientCertificate, clock } = nativeTransport(rest, { username: login?.username })
  return new Gatepass(now(() => native.connect(list, asked, credential, login?.password, clientCertificate, clock)))
}

/** Tokens, roles and users of one store or server. Close it, or let `await using` do it; it keeps no process alive. */
export class Gatepass {
  readonly #native: NativeGatepass
  /** Where the tokens are: a store's or a server's place, without a password. */
  readonly place: string
  readonly tokens: Tokens
  readonly roles: Roles
  readonly users: Users
  readonly validators: Validators
  readonly audit: Audit
  readonly replicas: Replicas

  /** @internal */
  constructor(native: NativeGatepass) {
    this.#native = native
    this.place = now(() => native.place())
    this.tokens = new Tokens(native, this.place)
    this.roles = new Roles(native, this.place)
    this.users = new Users(native, this.place)
    this.validators = new Validators(native, this.place)
    this.audit = new Audit(native, this.place)
    this.replicas = new Replicas(native, this.place)
  }

  /**
   * An index of all tokens in this process, that follows the store or the server. On a server it is a *replica*: it takes
   * the permission to verify tokens, and holds those of the APIs that the permission names. Worker threads that follow the
   * same in the same way share one; a credential that is a function, or a login, is each thread's own.
   *
   * No secret is accepted later than `maxStalenessMs` after its revocation was acknowledged: without news for so long,
   * every check is denied as `stale`.
   *
   * Tokens of other issuers are taken too, where {@link Gatepass.validators} accept them: `keys` says how their providers'
   * keys are fetched, `subjects` who finds the entries that they act as.
   *
   * @throws {GatepassError} invalid input on `maxStaleness`; those of the store or the server; `verifier_not_ready`
   * (unavailable) after the deadline; unsupported, `needs_gatepass`, on a plain RadiantOne: {@link
   * Gatepass.remoteVerifier} asks such a server itself.
   */
  async verifier(options: FollowOptions & ValidatorOptions & CallOptions = {}): Promise<Verifier> {
    const { signal, subjects, ...rest } = options
    const [asked, found] = [JSON.stringify(rest), nativeSubjects(subjects)]
    const made = await call('verifier', this.place, { signal }, async (call) =>
      this.#native.verifier(asked, found, call),
    )
    return new Verifier(made, this.place)
  }

  /**
   * Checks tokens by asking the server about each: for one that has no {@link Gatepass.verifier} to follow it.
   *
   * @throws {GatepassError} unsupported, `needs_server`, on a store.
   */
  remoteVerifier(options: RemoteOptions = {}): RemoteVerifier {
    return new RemoteVerifier(now(() => this.#native.remoteVerifier(JSON.stringify(options))), this.place)
  }

  /** The number of this process's last commit; 0 before the first, and on a server. */
  get revision(): number {
    return now(() => this.#native.revision())
  }

  /**
   * Calls any other service of the Configuration API, with the same credential, time limits, retries and errors:
   * `request('GET', '/settings-service/external_token_validators')`. The path's segments are percent-encoded.
   */
  async request(method: string, path: string, request: ServiceRequest = {}): Promise<ServiceAnswer> {
    const { query = [], body, signal } = request
    const pairs = JSON.stringify(Symbol.iterator in query ? [...query] : Object.entries(query))
    const json = body === undefined ? undefined : JSON.stringify(body)
    return JSON.parse(
      await call('request', this.place, { signal }, async (call) =>
        this.#native.request(method, path, pairs, json, call),
      ),
    )
  }

  /** Who asks, as the server sees it: what they hold, and until when. */
  async myself(options?: CallOptions): Promise<Myself> {
    return myselfOf(JSON.parse(await call('myself', this.place, options, async (call) => this.#native.myself(call))))
  }

  /**
   * Finishes what was asked before, and lets go of the store; on a server it ends the session that was begun. What is asked
   * after that is refused as `closed`. Closing twice does no harm.
   */
  async close(): Promise<void> {
    await call('close', this.place, undefined, async () => this.#native.close())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}
