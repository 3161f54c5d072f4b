/** The page's side of the worker: what is shown now, and what was asked for. */
import { computed, signal } from '@preact/signals'
import { call, Failed, TOKEN_PAGES, TOKENS, under } from '../api'
import { expired, me } from '../session'
import { now } from '../time'
import type { Expires, Issued, Token } from '../wire'
import { FIRST, type Wanted } from './book'
import type { FromWorker, ToWorker } from './worker'

declare const WORKER: string

export const wanted = signal<Wanted>(FIRST)
/** How many tokens there are, and fit. */
export const all = signal(0)
export const found = signal(0)
export const loaded = signal(0)
/** Whether all tokens have come. */
export const done = signal(false)
export const failed = signal<Failed | undefined>(undefined)
/** The rows that the worker has sent, by their place. */
export const rows = signal<ReadonlyMap<number, Token>>(new Map())
export const selected = signal<ReadonlySet<string>>(new Set())

export const isFiltered = computed(() => {
  const { search, api, status } = wanted.value
  return search !== '' || api !== '' || status !== ''
})

let worker: Worker | undefined
let number = 0
let range = { from: 0, to: 50 }
let namesAsked: ((names: string[]) => void)[] = []

function post(message: ToWorker): void {
  worker?.postMessage(message)
}

function start(): void {
  worker = new Worker(WORKER, { type: 'module', name: 'tokens' })
  worker.addEventListener('message', ({ data }: MessageEvent<FromWorker>) => hear(data))
  worker.addEventListener('error', () => {
    failed.value = new Failed(0, 'worker', 'The tokens cannot be shown: this browser runs no workers here.')
  })
  expired.subscribe((over) => {
    if (!over) post({ kind: 'resume' })
  })
}

function placed(from: number, tokens: Token[]): [number, Token][] {
  return tokens.map((token, at) => [from + at, token])
}

function hear(said: FromWorker): void {
  switch (said.kind) {
    case 'progress':
      loaded.value = said.loaded
      done.value = said.done
      break
    case 'view':
      if (said.number !== number) break
      all.value = said.all
      found.value = said.found
      rows.value = new Map(placed(said.from, said.rows))
      break
    case 'rows':
      if (said.number === number) rows.value = near(placed(said.from, said.rows))
      break
    case 'names':
      for (const answer of namesAsked) answer(said.names)
      namesAsked = []
      break
    case 'signedOut':
      // Asking for anything has the page say so.
      call('GET', TOKEN_PAGES, { query: { limit: 1 } }).then(
        () => post({ kind: 'resume' }),
        () => {},
      )
      break
    case 'failed':
      failed.value = new Failed(said.status, said.code, said.message)
      break
  }
}

/** What came, and of what was there before what is not far from it. */
function near(more: [number, Token][]): ReadonlyMap<number, Token> {
  const kept = [...rows.value].filter(([at]) => at >= range.from - 500 && at < range.to + 500)
  return new Map([...kept, ...more])
}

/** Reads all tokens again; those that are shown stay until then. */
export function load(): void {
  if (!worker) start()
  failed.value = undefined
  done.value = false
  loaded.value = 0
  post({ kind: 'load', soon: me.value?.soonMillis ?? 0, ahead: now() - Date.now() })
}

export function loadOnce(): void {
  if (!worker) load()
}

export function want(change: Partial<Wanted>): void {
  wanted.value = { ...wanted.value, ...change }
  number += 1
  range = { from: 0, to: 60 }
  post({ kind: 'want', wanted: wanted.value, number, ...range })
}

/** Asks for these rows, unless they are there. */
export function see(from: number, to: number): void {
  const end = Math.min(to, found.value)
  range = { from, to: end }
  for (let at = from; at < end; at += 1) {
    if (!rows.value.has(at)) {
      post({ kind: 'rows', number, from: Math.max(0, from - 50), to: end + 50 })
      return
    }
  }
}

/** The names of all tokens that fit the filter. */
export function names(only: 'live' | 'all' = 'all'): Promise<string[]> {
  return new Promise((answer) => {
    namesAsked.push(answer)
    post({ kind: 'names', only })
  })
}

export function select(names: Iterable<string>, on: boolean): void {
  const next = new Set(selected.value)
  for (const name of names) {
    if (on) next.add(name)
    else next.delete(name)
  }
  selected.value = next
}

export function selectNone(): void {
  selected.value = new Set()
}

// What is done to tokens.

export interface Asked {
  name: string
  apiType: string
  roles?: string[]
  targetDn?: string
  scopes?: string[]
  networks?: string[]
  description?: string
  expires: Expires
}

export async function create(asked: Asked, key: string): Promise<Issued> {
  const headers = { 'idempotency-key': key }
  const secret = await call<string>('POST', TOKENS, { body: asked, headers })
  const token = await call<Token>('GET', under(TOKENS, asked.name))
  post({ kind: 'put', tokens: [token] })
  return { secret, token }
}

export interface RotationAsked {
  graceMillis: number
  force: boolean
  expires?: Expires
}

export async function rotate(name: string, asked: RotationAsked, key: string): Promise<Issued> {
  const headers = { 'idempotency-key': key }
  const issued = await call<Issued>('POST', under(TOKEN_PAGES, name, 'rotate'), { body: asked, headers })
  post({ kind: 'put', tokens: [issued.token] })
  return issued
}

export async function revoke(name: string): Promise<Token> {
  const { token } = await call<{ token: Token }>('POST', under(TOKEN_PAGES, name, 'revoke'))
  post({ kind: 'put', tokens: [token] })
  return token
}

export async function remove(name: string): Promise<void> {
  try {
    await call('DELETE', under(TOKENS, name))
  } catch (error) {
    if (!(error instanceof Failed) || error.status !== 404) throw error
  }
  post({ kind: 'remove', names: [name] })
  select([name], false)
}

/** The server's limits: names of a request, and, with room to spare, its bytes. */
const MOST = 1000
const MOST_CHARACTERS = 200_000

function* portions(names: string[]): Generator<string[]> {
  let portion: string[] = []
  let size = 0
  for (const name of names) {
    if (portion.length === MOST || (portion.length > 0 && size + name.length > MOST_CHARACTERS)) {
      yield portion
      ;[portion, size] = [[], 0]
    }
    portion.push(name)
    size += name.length
  }
  if (portion.length > 0) yield portion
}

/** Revokes many, and tells how far it is. What is gone already counts as done. */
export async function revokeAll(names: string[], progress: (done: number) => void): Promise<void> {
  let count = 0
  for (const portion of portions(names)) {
    await revokePortion(portion)
    count += portion.length
    select(portion, false)
    progress(count)
  }
}

async function revokePortion(names: string[]): Promise<void> {
  try {
    const changed = await call<{ token: Token }[]>('POST', `${TOKEN_PAGES}/revoke`, { body: { names } })
    post({ kind: 'put', tokens: changed.map(({ token }) => token) })
  } catch (error) {
    if (!(error instanceof Failed) || error.status !== 404) throw error
    // All of them or none: one was deleted meanwhile. It is found by halves.
    if (names.length === 1) {
      post({ kind: 'remove', names })
      return
    }
    const half = names.length >> 1
    await revokePortion(names.slice(0, half))
    await revokePortion(names.slice(half))
  }
}

/** Removes what has been expired or revoked since before an instant. */
export async function purge(before: string): Promise<number> {
  const { purged } = await call<{ purged: number }>('POST', `${TOKEN_PAGES}/purge`, { body: { before } })
  load()
  return purged
}
