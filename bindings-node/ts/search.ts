import { type CallOptions, call } from './call.js'
import { type Entry, entriesOf, entryOf } from './entry.js'
import type { Filter } from './filter.js'
import type { NativeSearch } from './native.js'
import { type Client, Found } from './paging.js'

/** What is searched for, and how. */
export interface SearchOptions extends CallOptions {
  /** For entries that fit this filter; a text is taken as it is. */
  filter?: Filter | string | undefined
  /** With these attributes alone; with all, when none are named. */
  attributes?: readonly string[] | undefined
  /** How far to look: at the base alone, right below it, or at it and all below it, which is meant when not said. */
  scope?: 'base' | 'one' | 'sub' | undefined
  /** How many entries a page has at the most; 1000 when not said. `null`: all in one answer, for a server that has no pages. */
  pageSize?: number | null | undefined
  /** This many entries at the most, in one answer; 0 for all, which is meant when not said. */
  sizeLimit?: number | undefined
  /** From this entry on, counted from 1. In one answer. */
  startIndex?: number | undefined
  /** This many entries from the start index on. In one answer. */
  count?: number | undefined
  /** With the entries that an entry is below. In one answer. */
  context?: boolean | undefined
  /** By a filter for each step on the way down: `/ou=A*\/uid=Aug*`, and `//` for any number of steps. In one answer. */
  contextFilter?: string | undefined
  /** How the server writes values. They are read as lists either way. */
  returnMode?: 'array' | 'ldapschema' | undefined
  /** Whether alias entries are followed; never, when not said. RadiantOne does it of the base alone. */
  derefAliases?: 'never' | 'searching' | 'finding' | 'always' | undefined
  /** Goes on with a search that was begun elsewhere, and said to go on with this cookie. */
  cookie?: string | undefined
}

/**
 * A search. Nothing is asked until it is read, one entry at a time, by {@link Search.pages}, {@link Search.all} or
 * {@link Search.first}; each reading is a search of its own.
 *
 * @throws {IncompleteResult} where the server has cut the result, after all that it gave.
 * @throws {GatepassError} those of {@link RestClient}; protocol, `cursor_loops`, where the server gives the same page again.
 */
export class Search extends Found<Entry> {
  readonly #native: NativeSearch
  readonly #client: Client
  readonly #signal: AbortSignal | undefined

  /** @internal */
  constructor(native: NativeSearch, client: Client, signal: AbortSignal | undefined) {
    super({ pages: () => native.pages(), read: entriesOf, operation: 'rest.search', client, signal })
    this.#native = native
    this.#client = client
    this.#signal = signal
  }

  /** The first entry, if one is found; no more than that is asked for. */
  async first(): Promise<Entry | undefined> {
    this.#client.check()
    const [{ place }, signal] = [this.#client, this.#signal]
    const json = await call('rest.search', place, { signal }, async (call) => this.#native.first(call))
    const entry = JSON.parse(json) as Entry | null
    return entry === null ? undefined : entryOf(entry)
  }
}
