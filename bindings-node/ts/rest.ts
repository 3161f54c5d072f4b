import { type CallOptions, call } from './call.js'
import type { BulkOperation, BulkResult, Mod } from './change.js'
import { type Dn, named } from './dn.js'
import { type Attributes, type Entry, entryOf } from './entry.js'
import { errorOf, now, type Parts } from './error.js'
import { type NativeCall, type NativeRestClient, native } from './native.js'
import { Client } from './paging.js'
import { Search, type SearchOptions } from './search.js'
import { type ClientOptions, nativeTransport } from './transport.js'

/** How a directory is talked to, and with which token. */
export interface RestOptions extends ClientOptions {
  /**
   * The nodes of a cluster that its server may send a search to, `node2.example:8091`; without a port they have the
   * server's own. The credential goes to no other host.
   */
  nodes?: readonly string[] | undefined
}

/** The native half of each client. */
const halves = new WeakMap<RestClient, NativeRestClient>()

/** @internal */
export function directoryOf(client: RestClient): NativeRestClient {
  return halves.get(client) as NativeRestClient
}

/** A native half that is there already, and what it ends with. */
class Adopted {
  constructor(
    readonly native: NativeRestClient,
    readonly of: Client,
  ) {}
}

/**
 * A directory, as seen by one `rest` token: RadiantOne's REST API (ADAP), or the authority's sandbox. Close it, or let
 * `await using` do it; it keeps no process alive.
 *
 * ```ts
 * await using rest = new RestClient('https://radiantone.example:8090/adap', { credential: env('ADAP_TOKEN') })
 * for await (const entry of rest.search('o=acme', { filter: Filter.startsWith('cn', 'Ad') })) {
 *   console.log(entry.dn, entry.first('mail'))
 * }
 * ```
 *
 * @throws {GatepassError} everything that is asked here: unauthorized, `authentication_failed`, also where an older server says
 * it otherwise; forbidden; what LDAP's result codes mean (`entry_not_found`, `entry_exists`, `object_class_violation`, …);
 * invalid input, `dn_malformed` and `dn_too_long`; protocol, `answer_malformed` and `redirected`; unavailable and timeout.
 */
export class RestClient implements AsyncDisposable {
  readonly #native: NativeRestClient
  readonly #client: Client
  /** The URL that is asked. */
  readonly url: string

  /**
   * The directory at this URL, `https://HOST:8090/adap`, opened by this token. Nothing is sent until something is asked.
   *
   * @throws {GatepassError} invalid input: `url_malformed`, `url_insecure` (plain HTTP that leaves this machine),
   * `certificate_malformed`, `node_malformed`, `credential_required`.
   */
  constructor(url: string | URL, options: RestOptions)
  constructor(url: string | URL, options: RestOptions | Adopted) {
    const adopted = options instanceof Adopted ? options : undefined
    this.#native = adopted?.native ?? connected(String(url), options as RestOptions)
    halves.set(this, this.#native)
    this.url = now(() => this.#native.url())
    this.#client = new Client(this.url, adopted?.of)
  }

  /**
   * The same directory, as this user: the server does what that user may, if the token's own user may act as others
   * (RadiantOne's proxy authorization). Connections are shared. It is closed with this one, or before.
   *
   * @throws {GatepassError} invalid input, `dn_malformed` and `dn_too_long`, on `proxy`.
   */
  actingAs(dn: Dn | string): RestClient {
    this.#client.check()
    const adopted = new Adopted(now(() => this.#native.actingAs(named(dn))), this.#client)
    return Reflect.construct(RestClient, [this.url, adopted]) as RestClient
  }

  /** Whether the token is good: it is shown to the server, and nothing else is done. @throws {GatepassError} unauthorized. */
  async bind(options?: CallOptions): Promise<void> {
    await this.#ask('bind', options, (call) => this.#native.bind(call))
  }

  /** A search at this entry and below it: for everything that is there, unless something else is said. */
  search(base: Dn | string, options: SearchOptions = {}): Search {
    this.#client.check()
    const { signal, filter, ...rest } = options
    const asked = JSON.stringify({ ...rest, filter })
    return new Search(now(() => this.#native.search(named(base), asked)), this.#client, signal)
  }

  /** One entry, with all of its attributes; {@link Search.first} reads some of them. @throws {GatepassError} `entry_not_found`. */
  async get(dn: Dn | string, options?: CallOptions): Promise<Entry> {
    return entryOf(JSON.parse(await this.#ask('get', options, (call) => this.#native.get(named(dn), call))))
  }

  /** The names of the entries that all others are below. */
  async rootContexts(options?: CallOptions): Promise<string[]> {
    return this.#ask('rootContexts', options, (call) => this.#native.rootContexts(call))
  }

  /**
   * Adds an entry. Where the answer is lost (unavailable, timeout) it may have been added: it is not sent twice.
   *
   * @throws {GatepassError} conflict, `entry_exists`; `entry_not_found`, where there is nothing that it could be below.
   */
  async add(dn: Dn | string, attributes: Attributes, options?: CallOptions): Promise<void> {
    const json = JSON.stringify(attributes)
    await this.#ask('add', options, (call) => this.#native.add(named(dn), json, call))
  }

  /** Puts these attributes in the place of all that an entry has. @throws {GatepassError} `entry_not_found`. */
  async replace(dn: Dn | string, attributes: Attributes, options?: CallOptions): Promise<void> {
    const json = JSON.stringify(attributes)
    await this.#ask('replace', options, (call) => this.#native.replace(named(dn), json, call))
  }

  /**
   * Changes an entry: all of this is done, or nothing. Where the answer is lost, and not all of it replaces, it may have been
   * done: it is not sent twice.
   *
   * @throws {GatepassError} `entry_not_found`; conflict, `attribute_or_value_exists`, `no_such_attribute`.
   */
  async modify(dn: Dn | string, mods: Iterable<Mod>, options?: CallOptions): Promise<void> {
    const json = JSON.stringify(listed(mods))
    await this.#ask('modify', options, (call) => this.#native.modify(named(dn), json, call))
  }

  /**
   * Gives an entry another name at its place: `rename('uid=alice,o=acme', 'uid=lewis')`. Where the answer is lost it may have
   * been done: it is not sent twice.
   *
   * @throws {GatepassError} `entry_not_found`; conflict, `entry_exists`.
   */
  async rename(dn: Dn | string, newRdn: string, options?: CallOptions): Promise<void> {
    await this.#ask('rename', options, (call) => this.#native.rename(named(dn), newRdn, undefined, call))
  }

  /** Puts an entry, with all below it, below another one, under this name. @throws {GatepassError} as `rename` does. */
  async move(dn: Dn | string, newRdn: string, newSuperior: Dn | string, options?: CallOptions): Promise<void> {
    await this.#ask('move', options, (call) => this.#native.rename(named(dn), newRdn, named(newSuperior), call))
  }

  /**
   * Deletes an entry that has none below it; with `tree`, all below it too. A root naming context is not deleted.
   *
   * @throws {GatepassError} `entry_not_found`; conflict, `not_allowed_on_non_leaf`.
   */
  async delete(dn: Dn | string, options: CallOptions & { tree?: boolean | undefined } = {}): Promise<void> {
    const { tree = false } = options
    await this.#ask('delete', options, (call) => this.#native.delete(named(dn), tree, call))
  }

  /**
   * Does many operations in one request, in this order. One that fails keeps no other from being done, and tells of it in its
   * own result; the results have the operations' order. Ten thousand may be sent at once: a server may take longer than
   * `timeoutMs` for them. Where the answer is lost some or all may have been done: it is not sent twice.
   *
   * @throws {GatepassError} those of the request as a whole.
   */
  async bulk(operations: Iterable<BulkOperation>, options?: CallOptions): Promise<BulkResult[]> {
    const all = listed(operations)
    const json = JSON.stringify(all)
    const faults = JSON.parse(await this.#ask('bulk', options, (call) => this.#native.bulk(json, call))) as (Parts | null)[]
    return faults.map((fault, at): BulkResult => {
      const { method, dn } = all[at] as BulkOperation
      return fault === null ? { method, dn, ok: true } : { method, dn, ok: false, error: errorOf(fault) }
    })
  }

  /** Ends the searches that are being read, and lets go of the connections. What is asked after that is refused as `closed`. */
  async close(): Promise<void> {
    await this.#client.close()
    this.#native.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #ask<T>(name: string, options: CallOptions | undefined, work: (call: NativeCall | undefined) => Promise<T>): Promise<T> {
    return call(`rest.${name}`, this.url, options, async (call) => {
      this.#client.check()
      return work(call)
    })
  }
}

function connected(url: string, options: RestOptions): NativeRestClient {
  const { asked, credential, clientCertificate, clock } = nativeTransport(options)
  return now(() => native.rest(url, asked, credential, clientCertificate, clock))
}

/** What is no list the native layer refuses. */
function listed<T>(all: Iterable<T>): T[] {
  return typeof all === 'object' && all !== null && Symbol.iterator in all ? [...all] : (all as never)
}
