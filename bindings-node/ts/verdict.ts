import { inspect } from 'node:util'
import { type ErrorKind, GatepassError, now } from './error.js'
import { native } from './native.js'
import type { Api } from './types.js'

/** Why a check said no: stable codes, for logs and metrics, never for the outside. */
export type Reason =
  | 'missing'
  | 'invalid_header'
  | 'malformed'
  | 'checksum_mismatch'
  | 'stale'
  | 'unknown'
  | 'wrong_secret'
  | 'superseded'
  | 'revoked'
  | 'not_yet_valid'
  | 'expired'
  | 'wrong_api'
  | 'network_not_allowed'
  | 'insufficient_scope'
  | 'bad_signature'
  | 'untrusted_issuer'
  | 'wrong_audience'
  | 'keys_unavailable'

const table = JSON.parse(native.reasons()) as { code: Reason; kind: ErrorKind; retryable: boolean }[]

/** All reasons, in the order of the native layer's numbers. @internal */
export const reasons: readonly Reason[] = Object.freeze(table.map(({ code }) => code))

const errors = new Map(table.map((reason) => [reason.code, reason]))

/** What a token of another issuer says: all of its claims (RFC 7519 section 4), as JSON. */
export type Claims = { readonly [name: string]: unknown }

/** What an access says. */
interface AccessMembers {
  id: string
  name: string
  api: Api
  roles: readonly string[]
  scopes: readonly string[]
  targetDn: string | null
  expiresOn: number | null
  subject?: string | null
  issuer?: string | null
  claims?: Claims
}

/** What a granted check gives: whose token it was, and what it permits, as it was at that moment. Nothing changes it. */
export class Access {
  readonly #json: string
  #members: AccessMembers | undefined

  /** @internal */
  constructor(json: string) {
    this.#json = json
  }

  /** Read when first asked for: a middleware that only lets through never needs it. */
  get #read(): AccessMembers {
    if (this.#members === undefined) {
      const members = JSON.parse(this.#json) as AccessMembers
      Object.freeze(members.roles)
      Object.freeze(members.scopes)
      frozen(members.claims)
      this.#members = members
    }
    return this.#members
  }

  /**
   * The public part of the token's secret. A token of another issuer has none; what stands for it is made of its digest, so
   * that it is the same each time.
   */
  get id(): string {
    return this.#read.id
  }

  /** The token's name; of a token of another issuer, that of the validator that accepted it. */
  get name(): string {
    return this.#read.name
  }

  /** The API that it opens. */
  get api(): Api {
    return this.#read.api
  }

  /** The roles that it holds; `config` only. */
  get roles(): readonly string[] {
    return this.#read.roles
  }

  /** What it permits, sorted: for `config` RadiantOne's scopes that follow from its roles, else application scopes. */
  get scopes(): readonly string[] {
    return this.#read.scopes
  }

  /** The entry that it acts as; `rest` only, but for tokens of other issuers, whose validator says it. */
  get targetDn(): string | undefined {
    return this.#read.targetDn ?? undefined
  }

  /** The first instant at which it is no longer good; undefined for never. */
  get expiresOn(): Date | undefined {
    const { expiresOn } = this.#read
    return expiresOn === null ? undefined : new Date(expiresOn)
  }

  /** Whom a token of another issuer is of: its `sub`, unique at its issuer alone; undefined for an access token. */
  get subject(): string | undefined {
    return this.#read.subject ?? undefined
  }

  /** Who issued a token of another issuer: its `iss`; undefined for an access token. */
  get issuer(): string | undefined {
    return this.#read.issuer ?? undefined
  }

  /** What a token of another issuer says; undefined for an access token. */
  get claims(): Claims | undefined {
    return this.#read.claims
  }

  /** Whether it permits what this scope stands for; an unknown scope is permitted to nobody. */
  allows(scope: string): boolean {
    return this.#read.scopes.includes(scope)
  }

  toJSON(): object {
    const { id, name, api, roles, scopes, targetDn, expiresOn, subject, issuer } = this
    return { id, name, api, roles, scopes, targetDn, expiresOn, subject, issuer }
  }

  [inspect.custom](_: number, options: object): string {
    return `Access ${inspect(this.toJSON(), options)}`
  }
}

/** Nothing in it can be changed: requests of one token may share it. */
function frozen(value: unknown): void {
  if (typeof value !== 'object' || value === null) return
  Object.freeze(value)
  for (const member of Object.values(value)) frozen(member)
}

/** A verdict: the access. */
export class Granted {
  readonly #json: string
  #access: Access | undefined

  /** @internal */
  constructor(json: string) {
    this.#json = json
  }

  get granted(): true {
    return true
  }

  get access(): Access {
    this.#access ??= new Access(this.#json)
    return this.#access
  }

  toJSON(): object {
    return { granted: true, access: this.access }
  }

  [inspect.custom](_: number, options: object): string {
    return `Granted ${inspect(this.toJSON(), options)}`
  }
}

/** What to answer to the outside: RFC 6750 section 3. */
export interface Answer {
  /** 400, 401, 403 or 503. */
  readonly status: number
  /** The header `WWW-Authenticate`, where there is one. */
  readonly wwwAuthenticate: string | undefined
  /** The header `Retry-After` in seconds, where there is one. */
  readonly retryAfter: number | undefined
  /** The error code of RFC 6750 section 3.1, for the body; undefined where no credential was sent. */
  readonly error: string | undefined
}

/** A verdict: why there is no access. */
export class Denied {
  readonly #reason: Reason
  readonly #tokenId: string | undefined
  readonly #scope: string | undefined

  /** @internal */
  constructor(reason: Reason, tokenId: string | undefined, scope: string | undefined) {
    this.#reason = reason
    this.#tokenId = tokenId
    this.#scope = scope
  }

  get granted(): false {
    return false
  }

  /** Why, precisely: for the inside alone. */
  get reason(): Reason {
    return this.#reason
  }

  /** The id of the token that was tried, where there is one of that id: for logs and alarms. */
  get tokenId(): string | undefined {
    return this.#tokenId
  }

  /** The scopes that were needed, separated by spaces; with `insufficient_scope` only. */
  get scope(): string | undefined {
    return this.#scope
  }

  /** What to answer to the outside, for a resource of this realm. */
  answer(realm: string): Answer {
    return answerOf(this.#reason, realm, this.#scope)
  }

  toJSON(): object {
    const { reason, tokenId, scope } = this
    return { granted: false, reason, tokenId, scope }
  }

  [inspect.custom](_: number, options: object): string {
    return `Denied ${inspect(this.toJSON(), options)}`
  }
}

/** What a check says. `granted` tells which of both it is. */
export type Verdict = Granted | Denied

/** A denial as an error, which {@link Guard.require} throws. Its code is the reason. */
export class AccessDenied extends GatepassError {
  /** The verdict. */
  readonly denied: Denied

  /** @internal */
  constructor(denied: Denied) {
    const { kind, retryable } = errors.get(denied.reason) ?? { kind: 'unauthorized', retryable: false }
    super({ kind, code: denied.reason, message: `access denied: ${denied.reason}`, retryable })
    this.denied = denied
  }

  /** Why, precisely. */
  get reason(): Reason {
    return this.denied.reason
  }
}

Object.defineProperty(AccessDenied.prototype, 'name', { value: 'AccessDenied', configurable: true, writable: true })

/** @internal */
export function answerOf(reason: string, realm: string, scope: string | undefined): Answer {
  const answer = JSON.parse(now(() => native.answer(reason, realm, scope))) as Record<keyof Answer, unknown>
  return Object.freeze({
    status: answer.status as number,
    wwwAuthenticate: (answer.wwwAuthenticate as string | null) ?? undefined,
    retryAfter: (answer.retryAfter as number | null) ?? undefined,
    error: (answer.error as string | null) ?? undefined,
  })
}

/** A denial as the native layer writes it where it knows the token: see `src/check.rs`. @internal */
export function deniedOf(said: string, scope: string): Denied {
  const reason = reasons[Number(said.slice(1, 4))] as Reason
  return new Denied(reason, said.slice(4) || undefined, reason === 'insufficient_scope' ? scope : undefined)
}

/** The first letters by which texts of the native layer are told apart. @internal */
export const BEGINS = Object.freeze({ denied: '!'.charCodeAt(0), granted: '{'.charCodeAt(0) })

/** A verdict of which nothing is kept. @internal */
export function verdictOf(said: string, scope: string): Verdict {
  return said.charCodeAt(0) === BEGINS.denied ? deniedOf(said, scope) : new Granted(said)
}
