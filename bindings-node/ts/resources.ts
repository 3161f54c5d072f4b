import { type CallOptions, call } from './call.js'
import { now } from './error.js'
import type { NativeCall, NativeList, NativeResources, NativeScimClient } from './native.js'
import { type Client, Found } from './paging.js'
import { PatchOp, type PatchOperation } from './patch.js'
import type { ScimFilter } from './scim-filter.js'
import type { Sent, Stored } from './scim-types.js'

/** What is wanted of resources in an answer. */
export interface ReadOptions extends CallOptions {
  /** These attributes alone, and those that always are there. */
  attributes?: readonly string[] | undefined
  /** All but these attributes. */
  excludedAttributes?: readonly string[] | undefined
}

/** Which resources are wanted, and in which order. */
export interface ListOptions extends ReadOptions {
  /** Those that fit this filter; a text is taken as it is. */
  filter?: ScimFilter | string | undefined
  /** By this attribute. */
  sortBy?: string | undefined
  sortOrder?: 'ascending' | 'descending' | undefined
  /** From the one of this number on, counted from 1. */
  startIndex?: number | undefined
  /** How many a page has at the most; 200 when not said. A server may give less. */
  pageSize?: number | undefined
}

/** A part of what fits. */
export interface ListPage<T extends object> {
  readonly resources: Stored<T>[]
  /** How many fit in all. */
  readonly totalResults: number
  /** The number of the first of these, from 1. */
  readonly startIndex: number
}

/**
 * The resources at one endpoint: `scim.resources<Person>('People')`. They are plain objects, as the server writes them.
 *
 * @throws {GatepassError} everything that is asked here: those of {@link ScimClient}; invalid input, `id_malformed` and
 * `endpoint_malformed`; `resource_not_found`.
 */
export class Resources<T extends object> {
  readonly #native: NativeScimClient
  readonly #client: Client
  readonly #version: string | undefined
  /** Where they are: `Users`. */
  readonly endpoint: string

  /** @internal */
  constructor(native: NativeScimClient, client: Client, endpoint: string, version?: string) {
    this.#native = native
    this.#client = client
    this.#version = version
    this.endpoint = endpoint
  }

  /**
   * The same, where {@link replace}, {@link patch} and {@link delete} do nothing unless the resource is of this version (RFC 7644
   * section 3.14): otherwise they are a conflict, `version_mismatch`.
   */
  ifMatch(version: string): Resources<T> {
    return new Resources(this.#native, this.#client, this.endpoint, version)
  }

  /** One resource; undefined where it is of the version still that `unless` names. @throws {GatepassError} `resource_not_found`. */
  get(id: string, options?: ReadOptions & { unless?: undefined }): Promise<Stored<T>>
  get(id: string, options: ReadOptions & { unless?: string | undefined }): Promise<Stored<T> | undefined>
  async get(id: string, options: ReadOptions & { unless?: string | undefined } = {}): Promise<Stored<T> | undefined> {
    const { unless, ...rest } = options
    return read(await this.#ask('get', rest, (of, call) => of.get(id, unless, call)))
  }

  /**
   * Makes a resource, and gives it as the server made it. Where the answer is lost (unavailable, timeout) it may have been made:
   * it is not sent twice.
   *
   * @throws {GatepassError} conflict, `uniqueness`; `invalid_value`, `invalid_syntax`.
   */
  async create(resource: Sent<T>, options: ReadOptions = {}): Promise<Stored<T>> {
    const json = JSON.stringify(resource)
    return JSON.parse(await this.#ask('create', options, (of, call) => of.create(json, call)))
  }

  /**
   * Puts this in the place of a resource: what it does not say is gone. Gives the resource as it is then.
   *
   * @throws {GatepassError} `resource_not_found`; `mutability`, `uniqueness`, `version_mismatch`.
   */
  async replace(id: string, resource: Sent<T>, options: ReadOptions = {}): Promise<Stored<T>> {
    const json = JSON.stringify(resource)
    return JSON.parse(await this.#ask('replace', options, (of, call) => of.replace(id, json, call)))
  }

  /**
   * Changes a resource: all of this is done, or nothing. Gives the resource as it is then; undefined where the server says no more
   * than that it was done. Where the answer is lost it may have been done: it is not sent twice.
   *
   * @throws {GatepassError} `resource_not_found`; `no_target`, `invalid_path`, `mutability`, `uniqueness`, `version_mismatch`.
   */
  async patch(id: string, patch: PatchOp | readonly PatchOperation[], options: ReadOptions = {}): Promise<Stored<T> | undefined> {
    const json = JSON.stringify(patch instanceof PatchOp ? patch.operations : patch)
    return read(await this.#ask('patch', options, (of, call) => of.patch(id, json, call)))
  }

  /** Deletes a resource. @throws {GatepassError} `resource_not_found`; `version_mismatch`. */
  async delete(id: string, options?: CallOptions): Promise<void> {
    await this.#ask('delete', { signal: options?.signal }, (of, call) => of.delete(id, call))
  }

  /** Those that fit what is said; all, where nothing is. */
  list(options: ListOptions = {}): Listing<T> {
    const { signal, attributes, excludedAttributes, ...rest } = options
    const asked = JSON.stringify(rest)
    const list = now(() => this.#of({ attributes, excludedAttributes }).list(asked))
    return new Listing(list, this.#client, signal)
  }

  #of({ attributes, excludedAttributes }: ReadOptions): NativeResources {
    const wanted = { attributes, excludedAttributes, ifMatch: this.#version }
    return this.#native.resources(this.endpoint, JSON.stringify(wanted))
  }

  #ask<A>(name: string, options: ReadOptions, work: (of: NativeResources, call: NativeCall | undefined) => Promise<A>): Promise<A> {
    return call(`scim.${name}`, this.#client.place, options, async (call) => work(this.#of(options), call))
  }
}

function read<T extends object>(json: string | null): Stored<T> | undefined {
  return json === null ? undefined : JSON.parse(json)
}

/**
 * Resources that fit. Nothing is asked until they are read, one at a time, by {@link Listing.pages}, {@link Listing.all},
 * {@link Listing.first} or {@link Listing.page}; each reading asks anew.
 *
 * @throws {IncompleteResult} where there are more than the server gives, after all that it gave.
 * @throws {GatepassError} `invalid_filter`; those of {@link Resources}; protocol, `cursor_loops`, where the server gives the same
 * again.
 */
export class Listing<T extends object> extends Found<Stored<T>> {
  readonly #native: NativeList
  readonly #client: Client
  readonly #signal: AbortSignal | undefined

  /** @internal */
  constructor(native: NativeList, client: Client, signal: AbortSignal | undefined) {
    super({ pages: () => native.pages(), read: (json) => JSON.parse(json), operation: 'scim.list', client, signal })
    this.#native = native
    this.#client = client
    this.#signal = signal
  }

  /** One page, from `startIndex` on, with how many there are: for who shows pages. */
  async page(): Promise<ListPage<T>> {
    const { Resources: resources, totalResults, startIndex } = JSON.parse(await this.#ask((call) => this.#native.page(call)))
    return { resources, totalResults, startIndex }
  }

  /** The first one, if there is one. */
  async first(): Promise<Stored<T> | undefined> {
    return read(await this.#ask((call) => this.#native.first(call)))
  }

  /** How many there are. */
  async count(): Promise<number> {
    return this.#ask((call) => this.#native.count(call))
  }

  async #ask<A>(work: (call: NativeCall | undefined) => Promise<A>): Promise<A> {
    this.#client.check()
    return call('scim.list', this.#client.place, { signal: this.#signal }, async (call) => work(call))
  }
}
