import { call } from './call.js'
import { GatepassError, now } from './error.js'
import type { NativePages } from './native.js'

/**
 * What is read as it is asked for, the next page of it meanwhile. Whoever stops before its end, by `break`, `return()`,
 * `await using` or by forgetting it, ends it on the server too.
 */
export interface Cursor<T> extends AsyncIterableIterator<T, undefined>, AsyncDisposable {
  next(): Promise<IteratorResult<T, undefined>>
  return(): Promise<IteratorReturnResult<undefined>>
  [Symbol.asyncIterator](): Cursor<T>
}

/** How pages are asked for. */
interface Asked<T> {
  /** Begins. */
  pages(): NativePages
  /** A page, of its JSON. */
  read(json: string): T[]
  operation: string
  client: Client
  signal: AbortSignal | undefined
}

/** What a client and all that came of it know of each other. */
export class Client {
  readonly place: string
  /** What it came of, and ends with. */
  readonly #of: Client | undefined
  /** Closed with the client, where they are still there: who forgets one shall not be kept from it. */
  #cursors: WeakRef<PageCursor<unknown>>[] = []
  #isClosed = false

  constructor(place: string, of?: Client) {
    this.place = place
    this.#of = of
  }

  /** @throws {GatepassError} `closed`. */
  check(): void {
    if (this.#isClosed) throw closed()
    this.#of?.check()
  }

  begin(cursor: PageCursor<unknown>): void {
    this.check()
    this.#cursors = this.#cursors.filter((ref) => ref.deref() !== undefined)
    this.#cursors.push(new WeakRef(cursor))
    this.#of?.begin(cursor)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    const cursors = this.#cursors.splice(0)
    await Promise.all(cursors.map((ref) => ref.deref()?.close()))
  }
}

/** What is found by a search or a list. Nothing is asked until it is read, and each reading asks anew. */
export abstract class Found<T> implements AsyncIterable<T> {
  readonly #asked: Asked<T>

  /** @internal */
  constructor(asked: Asked<T>) {
    this.#asked = asked
  }

  /** One at a time: `for await (const each of …)`. The next page is asked for meanwhile, and no more than that. */
  [Symbol.asyncIterator](): Cursor<T> {
    return new ItemCursor(new PageCursor(this.#asked), this.#asked.signal)
  }

  /** A page at a time, each a list: for who handles many at once. */
  pages(): Cursor<T[]> {
    return new PageCursor(this.#asked)
  }

  /** All, in memory at once. */
  async all(): Promise<T[]> {
    const pages: T[][] = []
    for await (const page of this.pages()) pages.push(page)
    return pages.flat()
  }
}

class PageCursor<T> implements Cursor<T[]> {
  readonly #asked: Asked<T>
  readonly #pages: NativePages
  #isOver = false
  #isClosed = false

  constructor(asked: Asked<T>) {
    this.#asked = asked
    asked.client.begin(this)
    this.#pages = now(() => asked.pages())
  }

  async next(): Promise<IteratorResult<T[], undefined>> {
    if (this.#isClosed) throw closed()
    if (this.#isOver) return OVER
    const { operation, client, signal, read } = this.#asked
    try {
      const json = await call(operation, client.place, { signal }, async (call) => this.#pages.next(call))
      if (this.#isClosed) throw closed()
      if (json !== null) return { done: false, value: read(json) }
    } catch (error) {
      void this.#end() // who gave up waits no longer
      throw error
    }
    await this.#end()
    return OVER
  }

  async return(): Promise<IteratorReturnResult<undefined>> {
    await this.#end()
    return OVER
  }

  /** The client was closed. */
  async close(): Promise<void> {
    this.#isClosed = !this.#isOver
    await this.#end()
  }

  /** Done when the server has heard of it. */
  async #end(): Promise<void> {
    this.#isOver = true
    await this.#pages.close()
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return()
  }
}

/** What is on a page is given without a wait of its own, which a generator would have. */
class ItemCursor<T> implements Cursor<T> {
  readonly #pages: PageCursor<T>
  readonly #signal: AbortSignal | undefined
  #page: T[] = []
  #at = 0
  #fetching: Promise<boolean> | undefined
  /** Who asked before the page was there is served first. */
  #waiting = 0

  constructor(pages: PageCursor<T>, signal: AbortSignal | undefined) {
    this.#pages = pages
    this.#signal = signal
  }

  next(): Promise<IteratorResult<T, undefined>> {
    if (this.#signal?.aborted) this.#page = [] // to ask for a page says why
    if (this.#waiting > 0 || this.#at >= this.#page.length) return this.#later()
    return Promise.resolve({ done: false, value: this.#page[this.#at++] as T })
  }

  async #later(): Promise<IteratorResult<T, undefined>> {
    this.#waiting += 1
    try {
      while (this.#at >= this.#page.length) {
        this.#fetching ??= this.#fetch()
        if (!(await this.#fetching)) return OVER
      }
      return { done: false, value: this.#page[this.#at++] as T }
    } finally {
      this.#waiting -= 1
    }
  }

  /** Whether there is another page. */
  async #fetch(): Promise<boolean> {
    try {
      const { done, value } = await this.#pages.next()
      this.#page = done ? [] : value
      this.#at = 0
      return !done
    } finally {
      this.#fetching = undefined
    }
  }

  async return(): Promise<IteratorReturnResult<undefined>> {
    this.#page = []
    return this.#pages.return()
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return()
  }
}

const OVER: IteratorReturnResult<undefined> = Object.freeze({ done: true, value: undefined })

function closed(): GatepassError {
  return new GatepassError({ kind: 'closed', code: 'closed', message: 'this client was closed', retryable: false })
}
