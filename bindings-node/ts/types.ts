/** What a token opens: RadiantOne's Configuration API, its SCIMv2 API, or its REST (ADAP) API. */
export type Api = 'config' | 'scim' | 'rest'

/** What a token is good for, at the moment at which it was read. */
export type Status = 'active' | 'not_yet_valid' | 'expired' | 'revoked'

/** A token as it is shown: everything but its secret. */
export interface AccessToken {
  /** The public part of its secret; absent for a token that another product issued. */
  readonly id?: string
  /** Its name, unique among tokens. */
  readonly name: string
  readonly api: Api
  /** The roles that say what it permits; `config` only. */
  readonly roles: readonly string[]
  /** Application scopes; `scim` and `rest` only. */
  readonly scopes: readonly string[]
  /** The entry that it acts as; `rest` only. */
  readonly targetDn?: string
  /** The networks that it may be used from; empty for anywhere. */
  readonly networks: readonly string[]
  readonly description?: string
  readonly metadata: Readonly<Record<string, string>>
  /** When it was made; the year 1 where a server does not say. */
  readonly createdOn: Date
  readonly createdBy?: string
  /** From when on it is good; absent for from the start. */
  readonly notBefore?: Date
  /** The first instant at which it is no longer good; absent for never. */
  readonly expiresOn?: Date
  /** When its secret was last changed. */
  readonly rotatedOn?: Date
  /** Until when the secret before the last rotation is good. */
  readonly graceUntil?: Date
  readonly revokedOn?: Date
  /** When it was last used, as far as those who check tokens have reported it. */
  readonly lastUsedOn?: Date
  /** The address from which it was last used, where that was known. */
  readonly lastUsedFrom?: string
  /** Who reported that: `token:gateway`. */
  readonly lastUsedVia?: string
  /** What it was good for when it was read. */
  readonly status: Status
  /** Whether the secret before the last rotation was still good when it was read. */
  readonly inGrace: boolean
}

/** A user who signs in to manage tokens. */
export interface User {
  readonly username: string
  readonly firstName?: string
  readonly lastName?: string
  readonly email?: string
  readonly active: boolean
  readonly roles: readonly string[]
  readonly createdOn: Date
  /** When the password was last set; absent where there is none. */
  readonly passwordOn?: Date
}

/** The level of an area: each includes the one before. */
export type Level = 'NONE' | 'VIEW' | 'EDIT'

/**
 * A named set of permissions, as RadiantOne's `RoleDetails` writes it. What a newer server adds is kept, and written back
 * as it came.
 */
export interface Role {
  name: string
  entryDn?: string | null
  /** One of the five that come with the product, which cannot be changed. */
  defaultRole?: boolean
  [permission: string]: unknown
}

/** How something ended. */
export type Outcome = 'done' | 'refused'

/** An entry of the audit trail. */
export interface AuditEntry {
  /** Its place among all entries, from 1 on. */
  readonly number: number
  readonly happened: Date
  /** `token.create`, `role.update`, …. */
  readonly action: string
  /** `user:alice`, `token:nightly-sync`, `owner:root`. */
  readonly actor: string
  readonly subject?: string
  readonly outcome: Outcome
  /** Why it was refused. */
  readonly code?: string
  readonly peer?: string
  readonly requestId?: string
  readonly details?: string
}

/** Who asks, as a server sees it. */
export interface Myself {
  readonly kind: string
  readonly name: string
  readonly roles: readonly string[]
  readonly scopes: readonly string[]
  readonly expiresOn?: Date
  /** The token, where it is one. */
  readonly token?: unknown
}

/** Somebody who follows an authority: a verifier on a server. */
export interface Replica {
  /** Made by the replica when it starts, by chance. */
  readonly id: string
  /** Whose credential it uses: `token:gateway`, `user:alice`. */
  readonly actor: string
  /** Where it is. */
  readonly peer?: string
  /** The last change that it said to have. */
  readonly revision: number
  /** When it first said so. */
  readonly confirmedOn: Date
  /** When it last asked, or up to some seconds before that. */
  readonly seenOn: Date
  /** After so many milliseconds without an answer it denies everything. */
  readonly maxStalenessMillis: number
}

/** What a replica has said of a change. */
export interface Receipt {
  readonly replica: Replica
  /**
   * `confirmed`: it has it. `stale`: it was not heard of for so long that it denies everything, and knows of the change
   * before it accepts anything again. `pending`: it may still accept what the change has ended.
   */
  readonly state: 'confirmed' | 'stale' | 'pending'
  /** When it was confirmed. */
  readonly confirmedOn?: Date
}

/** How long tokens may live; by default at most 366 days, and none for ever. */
export interface TokenPolicy {
  /** The longest life in days; `null` for no limit. */
  maxDays?: number | null
  /** Whether a token may never expire. */
  allowNever?: boolean
}

/** Members of answers that are instants. */
const INSTANTS = new Set([
  'createdOn',
  'notBefore',
  'expiresOn',
  'rotatedOn',
  'graceUntil',
  'revokedOn',
  'lastUsedOn',
  'confirmedOn',
  'seenOn',
  'credentialExpiresOn',
  'passwordOn',
  'happened',
  'fetchedOn',
  'triedOn',
])

/** An answer with its instants as `Date`s and without what is null; frozen, for it says how something was. */
export function revived<T>(members: Record<string, unknown>): T {
  const made: Record<string, unknown> = {}
  for (const [key, member] of Object.entries(members)) {
    if (member === null) continue
    made[key] = INSTANTS.has(key) ? new Date(member as string) : Array.isArray(member) ? Object.freeze(member) : member
  }
  return Object.freeze(made) as T
}

export function tokenOf(json: Record<string, unknown>): AccessToken {
  const { apiType: _, ...members } = json
  return revived({ roles: [], scopes: [], networks: [], metadata: {}, ...members })
}

export function userOf(json: Record<string, unknown>): User {
  return revived({ roles: [], ...json })
}

export function entryOf(json: Record<string, unknown>): AuditEntry {
  return revived(json)
}

export function receiptOf(json: Record<string, unknown>): Receipt {
  return revived({ ...json, replica: revived(json.replica as Record<string, unknown>) })
}

export function myselfOf(json: Record<string, unknown>): Myself {
  return revived(json)
}
