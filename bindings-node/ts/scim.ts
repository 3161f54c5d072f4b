import { type CallOptions, call } from './call.js'
import { now } from './error.js'
import { type NativeCall, type NativeScimClient, native } from './native.js'
import { Client } from './paging.js'
import { Resources } from './resources.js'
import type { ResourceType, ScimGroup, ScimResource, ScimSchema, ScimUser, ServiceProviderConfig } from './scim-types.js'
import { type ClientOptions, nativeTransport } from './transport.js'

/** How a SCIM server is talked to, and with which token. */
export type ScimOptions = ClientOptions

/**
 * Resources, as seen by one `scim` token: RadiantOne's SCIM API, the authority's sandbox, or any other SCIM 2.0 server (RFC
 * 7644). Close it, or let `await using` do it; it keeps no process alive.
 *
 * ```ts
 * await using scim = new ScimClient('https://radiantone.example:8090/scim2/v2', { credential: env('SCIM_TOKEN') })
 * const users = scim.resources('Users')
 * for await (const user of users.list({ filter: ScimFilter.startsWith('userName', 'b') })) {
 *   await users.patch(user.id, new PatchOp().replace('active', false))
 * }
 * ```
 *
 * @throws {GatepassError} everything that is asked here: unauthorized, `authentication_failed`, also where an older server says
 * it otherwise; forbidden; the reasons of RFC 7644 section 3.12 (`invalid_filter`, `uniqueness`, `mutability`, `no_target`, …);
 * protocol, `answer_malformed` and `redirected`; unavailable and timeout.
 */
export class ScimClient implements AsyncDisposable {
  readonly #native: NativeScimClient
  readonly #client: Client
  /** The URL that is asked. */
  readonly url: string

  /**
   * The server at this URL, `https://HOST:8090/scim2/v2`, opened by this token. Nothing is sent until something is asked.
   *
   * @throws {GatepassError} invalid input: `url_malformed`, `url_insecure` (plain HTTP that leaves this machine),
   * `certificate_malformed`, `credential_required`.
   */
  constructor(url: string | URL, options: ScimOptions) {
    const { asked, credential, clientCertificate, clock } = nativeTransport(options)
    this.#native = now(() => native.scim(String(url), asked, credential, clientCertificate, clock))
    this.url = now(() => this.#native.url())
    this.#client = new Client(this.url)
  }

  /**
   * The resources at this endpoint: `Users`, `/Groups`, or what a resource type says. What they are is for who asks to say, and is
   * not looked into.
   */
  resources(endpoint: 'Users' | '/Users'): Resources<ScimUser>
  resources(endpoint: 'Groups' | '/Groups'): Resources<ScimGroup>
  resources<T extends object = ScimResource>(endpoint: string): Resources<T>
  resources<T extends object>(endpoint: string): Resources<T> {
    return new Resources(this.#native, this.#client, endpoint)
  }

  /** The kinds of resources that the server has. @throws {GatepassError} `resource_not_found`, where it does not say. */
  async resourceTypes(options?: CallOptions): Promise<ResourceType[]> {
    return this.#ask('resourceTypes', options, (call) => this.#native.resourceTypes(call))
  }

  /** What resources may say. @throws {GatepassError} `resource_not_found`, where it does not say. */
  async schemas(options?: CallOptions): Promise<ScimSchema[]> {
    return this.#ask('schemas', options, (call) => this.#native.schemas(call))
  }

  /** What the server can do. @throws {GatepassError} `resource_not_found`, where it does not say. */
  async serviceProviderConfig(options?: CallOptions): Promise<ServiceProviderConfig> {
    return this.#ask('serviceProviderConfig', options, (call) => this.#native.serviceProviderConfig(call))
  }

  /** Ends the lists that are being read, and lets go of the connections. What is asked after that is refused as `closed`. */
  async close(): Promise<void> {
    await this.#client.close()
    this.#native.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #ask<T>(
    name: string,
    options: CallOptions | undefined,
    work: (call: NativeCall | undefined) => Promise<string>,
  ): Promise<T> {
    return JSON.parse(await call(`scim.${name}`, this.url, options, async (call) => work(call)))
  }
}
