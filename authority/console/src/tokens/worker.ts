/** Reads all tokens, page by page, and answers what the table asks: on a thread of its own. */
import { call, Failed, TOKEN_PAGES, whenSignedOut } from '../api'
import type { Token } from '../wire'
import { Book, FIRST, type Wanted } from './book'

export type ToWorker =
  | { kind: 'load'; soon: number; ahead: number }
  | { kind: 'want'; wanted: Wanted; number: number; from: number; to: number }
  | { kind: 'rows'; number: number; from: number; to: number }
  | { kind: 'put'; tokens: Token[] }
  | { kind: 'remove'; names: string[] }
  | { kind: 'names'; only: 'live' | 'all' }
  | { kind: 'resume' }

export type FromWorker =
  | { kind: 'progress'; loaded: number; done: boolean }
  | { kind: 'view'; number: number; found: number; all: number; from: number; rows: Token[] }
  | { kind: 'rows'; number: number; from: number; rows: Token[] }
  | { kind: 'names'; names: string[] }
  | { kind: 'signedOut' }
  | { kind: 'failed'; status: number; code: string; message: string }

const book = new Book()
let wanted: Wanted = FIRST
let found: Token[] = []
let number = 0
let range = { from: 0, to: 50 }
let soon = 0
let ahead = 0
/** The loading that is under way; an earlier one gives way to it. */
let loading = 0
let resume: (() => void) | undefined

const now = () => Date.now() + ahead
const tell = (message: FromWorker) => postMessage(message)

whenSignedOut(() => {
  tell({ kind: 'signedOut' })
  return new Promise((done) => {
    resume = done
  })
})

function show(): void {
  found = book.find(wanted, now(), soon)
  const { from, to } = range
  tell({ kind: 'view', number, found: found.length, all: book.size, from, rows: found.slice(from, to) })
}

interface Page {
  tokens: Token[]
  next?: string
}

/** So long after one another the table is told of what has come. */
const PAUSE = 250

async function load(): Promise<void> {
  loading += 1
  const mine = loading
  const loaded: Token[] = []
  const fresh = book.size === 0
  let last = 0
  const page = (cursor?: string) => call<Page>('GET', TOKEN_PAGES, { query: { limit: 1000, cursor } })
  try {
    let next: Promise<Page> | undefined = page()
    while (next) {
      const { tokens, next: cursor }: Page = await next
      if (mine !== loading) return
      // Asked for while this one is looked at.
      next = cursor === undefined ? undefined : page(cursor)
      next?.catch(() => {}) // it is awaited a moment later
      loaded.push(...tokens)
      if (fresh) book.add(tokens)
      tell({ kind: 'progress', loaded: loaded.length, done: false })
      if (fresh && performance.now() - last > PAUSE) {
        show()
        last = performance.now()
      }
    }
    // What was there before stays in view until all that is there now has come.
    if (!fresh) {
      book.clear()
      book.add(loaded)
    }
    show()
    tell({ kind: 'progress', loaded: loaded.length, done: true })
  } catch (error) {
    if (mine !== loading) return
    const failed = error instanceof Failed ? error : new Failed(0, '', String(error))
    tell({ kind: 'failed', status: failed.status, code: failed.code, message: failed.message })
  }
}

// What expires while somebody looks is shown as expired.
setInterval(() => {
  if (book.size > 0) show()
}, 60_000)

addEventListener('message', ({ data }: MessageEvent<ToWorker>) => {
  switch (data.kind) {
    case 'load':
      ;({ soon, ahead } = data)
      void load()
      break
    case 'want':
      ;({ wanted, number } = data)
      range = { from: data.from, to: data.to }
      show()
      break
    case 'rows':
      range = { from: data.from, to: data.to }
      if (data.number === number) {
        tell({ kind: 'rows', number, from: data.from, rows: found.slice(data.from, data.to) })
      }
      break
    case 'put':
      book.put(data.tokens)
      show()
      break
    case 'remove':
      book.remove(data.names)
      show()
      break
    case 'names': {
      const live = found.filter((token) => data.only === 'all' || token.revokedOn === undefined)
      tell({ kind: 'names', names: live.map(({ name }) => name) })
      break
    }
    case 'resume':
      resume?.()
      resume = undefined
      break
  }
})
