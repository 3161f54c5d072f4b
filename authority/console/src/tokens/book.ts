/** All tokens, to be searched, filtered and sorted: what the worker has, so that the page never waits for it. */
import type { Api, Token } from '../wire'

/** What a token is good for, as the table shows it. */
export type Status = 'active' | 'soon' | 'scheduled' | 'expired' | 'revoked'
export type StatusFilter = Status | 'grace' | ''
export type SortKey = 'api' | 'name' | 'role' | 'created' | 'expires' | 'status' | 'used'

export interface Wanted {
  search: string
  api: Api | ''
  status: StatusFilter
  sort: SortKey
  descending: boolean
}

export const FIRST: Wanted = { search: '', api: '', status: '', sort: 'name', descending: false }

/** In the order of the column: what needs somebody's eye comes first. */
const ORDER: Record<Status, number> = { soon: 0, active: 1, scheduled: 2, expired: 3, revoked: 4 }

const millis = (instant: string | undefined) => (instant === undefined ? undefined : Date.parse(instant))

export function statusOf(token: Token, now: number, soon: number): Status {
  const end = millis(token.expiresOn)
  if (token.revokedOn !== undefined) return 'revoked'
  if (end !== undefined && now >= end) return 'expired'
  if (token.notBefore !== undefined && now < Date.parse(token.notBefore)) return 'scheduled'
  return end !== undefined && end <= now + soon ? 'soon' : 'active'
}

/** Whether the secret before the last rotation is still good. */
export function inGrace(token: Token, now: number): boolean {
  const end = millis(token.expiresOn)
  const good = token.revokedOn === undefined && (end === undefined || now < end)
  return good && token.graceUntil !== undefined && now < Date.parse(token.graceUntil)
}

const collator = new Intl.Collator(undefined, { numeric: true })

function byName(a: Entry, b: Entry): number {
  return collator.compare(a.token.name, b.token.name) || (a.token.name < b.token.name ? -1 : 1)
}

interface Entry {
  token: Token
  /** What is searched, in small letters. */
  text: string
}

function entry(token: Token): Entry {
  const parts = [token.name, token.roles?.join('\n'), token.targetDn, token.scopes?.join('\n'), token.description]
  return { token, text: parts.filter(Boolean).join('\n').toLowerCase() }
}

export class Book {
  /** By name, whatever the table is sorted by: so what is alike elsewhere stays in this order. */
  private entries: Entry[] = []
  private sorted = true

  get size(): number {
    return this.entries.length
  }

  clear(): void {
    this.entries = []
    this.sorted = true
  }

  /** Tokens that are not in it yet. */
  add(tokens: Token[]): void {
    for (const token of tokens) this.entries.push(entry(token))
    this.sorted = false
  }

  /** Tokens that have changed, or are new. */
  put(tokens: Token[]): void {
    const changed = new Map(tokens.map((token) => [token.name, token]))
    this.entries = this.entries.map((old) => {
      const token = changed.get(old.token.name)
      if (!token) return old
      changed.delete(token.name)
      return entry(token)
    })
    if (changed.size > 0) this.add([...changed.values()])
  }

  remove(names: string[]): void {
    const gone = new Set(names)
    this.entries = this.entries.filter(({ token }) => !gone.has(token.name))
  }

  find(wanted: Wanted, now: number, soon: number): Token[] {
    if (!this.sorted) this.entries.sort(byName)
    this.sorted = true
    const words = wanted.search.toLowerCase().split(/\s+/).filter(Boolean)
    const fits = ({ token, text }: Entry) =>
      (wanted.api === '' || token.apiType === wanted.api) &&
      (wanted.status === '' || hasStatus(token, wanted.status, now, soon)) &&
      words.every((word) => text.includes(word))
    const found = this.entries.filter(fits).map(({ token }) => token)
    const { sort, descending } = wanted
    if (sort === 'name') return descending ? found.reverse() : found
    const keyed = found.map((token) => ({ token, key: keyOf(token, sort, now, soon) }))
    const turn = descending ? -1 : 1
    keyed.sort((a, b) => {
      // What has none, a token that was never used, comes last either way.
      if (a.key === undefined || b.key === undefined) return (a.key === undefined ? 1 : 0) - (b.key === undefined ? 1 : 0)
      return (a.key < b.key ? -1 : a.key > b.key ? 1 : 0) * turn
    })
    return keyed.map(({ token }) => token)
  }
}

function hasStatus(token: Token, wanted: StatusFilter, now: number, soon: number): boolean {
  if (wanted === 'grace') return inGrace(token, now)
  const status = statusOf(token, now, soon)
  return status === wanted || (wanted === 'active' && status === 'soon')
}

function keyOf(token: Token, sort: SortKey, now: number, soon: number): string | number | undefined {
  switch (sort) {
    case 'api':
      return token.apiType
    case 'role':
      return token.roles?.join(', ').toLowerCase()
    case 'created':
      return millis(token.createdOn)
    case 'expires':
      return millis(token.expiresOn)
    case 'used':
      return millis(token.lastUsedOn)
    case 'status':
      return ORDER[statusOf(token, now, soon)]
    default:
      return token.name
  }
}
