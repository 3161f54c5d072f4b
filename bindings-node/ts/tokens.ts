import { type CallOptions, call } from './call.js'
import { GatepassError } from './error.js'
import { type Expiration, instantText, millis, type Span } from './expiration.js'
import { type NativeGatepass, type NativeIssued, native } from './native.js'
import { half, Secret, secretOf } from './secret.js'
import { type AccessToken, type Api, type Receipt, receiptOf, type Status, tokenOf } from './types.js'
import { type Verdict, verdictOf } from './verdict.js'

/** A call that is done once, however often it is sent. */
export interface OnceOptions extends CallOptions {
  /** For 24 h the same request with this key gets the same answer, with the secret in it: {@link idempotencyKey}. */
  idempotencyKey?: string | undefined
}

/** What a new token shall be. */
export interface NewToken extends OnceOptions {
  api: Api
  /** When it expires: `days(90)`, `on('2027-03-01', 'Europe/Paris')`, `at(date)`. */
  expires?: Expiration | undefined
  /** The roles of a `config` token. */
  roles?: readonly string[] | undefined
  /** Application scopes of a `scim` or `rest` token. */
  scopes?: readonly string[] | undefined
  /** The entry that a `rest` token acts as. */
  targetDn?: string | undefined
  /** The networks that it may be used from, `10.0.0.0/8`; anywhere when none is named. */
  networks?: readonly string[] | undefined
  /** From when on it is good. */
  notBefore?: Date | string | undefined
  description?: string | undefined
  /** Labels. */
  metadata?: Readonly<Record<string, string>> | undefined
}

/** How a secret is changed. */
export interface Rotation extends OnceOptions {
  /** How long the old secret stays good; 0 when not said, which ends it. */
  grace?: Span | undefined
  /** A new expiration; the old one stays when not said. */
  expires?: Expiration | undefined
  /** Goes on while an earlier rotation is in its grace, which ends the older secret. */
  force?: boolean | undefined
  /**
   * Hands the new secret over. The grace begins once it has; until then, and where it fails, the old secret is good as
   * before, and where it fails the new one is dropped. It may be run again after a crash at any point.
   */
  deliver?: ((secret: Secret) => unknown) | undefined
}

/** Which tokens are wanted: those that fit all that is said. */
export interface TokenFilter {
  api?: Api | undefined
  status?: Status | undefined
  /** Neither revoked nor expired, and expiring within this time. */
  expiresWithin?: Span | undefined
  /** With this text in the name, in any case of the letters A to Z. */
  nameContains?: string | undefined
}

/** A token that was made or rotated. */
export interface IssuedToken {
  /** The secret, which is here and nowhere else. */
  readonly secret: Secret
  readonly token: AccessToken
  /** The number of this change: a verifier that has reached it knows the secret. */
  readonly revision: number
}

/** A token that was changed. */
export interface Changed {
  readonly token: AccessToken
  /** The number of this change. */
  readonly revision: number
}

/** Tokens that were revoked, and which replicas have said that they know. */
export interface Revoked {
  readonly tokens: readonly AccessToken[]
  /** The number of the last of these changes. */
  readonly revision: number
  /** Whether no replica accepts these tokens any more. */
  readonly everywhere: boolean
  /** What each replica has said. */
  readonly receipts: readonly Receipt[]
}

/** A page of tokens, by name. */
export interface TokenPage {
  readonly tokens: readonly AccessToken[]
  /** What to ask with for the next page; undefined on the last one. */
  readonly next: string | undefined
}

/** A check of one secret by the store or the server itself. */
export interface SecretCheck extends CallOptions {
  api: Api
  scopes?: readonly string[] | undefined
  peer?: string | undefined
}

/** A key that makes a request safe to send twice: 128 random bits. Keep it where a retry finds it. */
export function idempotencyKey(): string {
  return native.idempotencyKey()
}

/** The tokens of a store or a server. */
export class Tokens {
  readonly #native: NativeGatepass
  readonly #place: string

  /** @internal */
  constructor(native: NativeGatepass, place: string) {
    this.#native = native
    this.#place = place
  }

  /**
   * Makes a token.
   *
   * @throws {GatepassError} invalid input, naming the field; conflict: `name_taken`, `idempotency_mismatch`; forbidden by
   * the delegation rule: nobody gives what they do not hold.
   */
  async create(name: string, token: NewToken): Promise<IssuedToken> {
    const { signal, idempotencyKey, notBefore, ...rest } = token
    const asked = { name, ...rest, notBefore: notBefore && instantText('notBefore', notBefore) }
    return issued(
      await this.#call('create', { signal }, (call) =>
        this.#native.createToken(JSON.stringify(asked), idempotencyKey, call),
      ),
    )
  }

  /** The token of this name. @throws {GatepassError} `token_not_found`. */
  async get(name: string, options?: CallOptions): Promise<AccessToken> {
    return tokenOf(JSON.parse(await this.#call('get', options, (call) => this.#native.token(name, call))))
  }

  /** All tokens that fit, by name. They are read as they are asked for, a page at a time. */
  async *list(filter: TokenFilter & CallOptions = {}): AsyncGenerator<AccessToken, void, undefined> {
    let cursor: string | undefined = ''
    do {
      const page: TokenPage = await this.page({ ...filter, cursor, limit: 1000 })
      yield* page.tokens
      cursor = page.next
    } while (cursor !== undefined)
  }

  /** A page of the tokens that fit, by name: `limit` of them (100 when not said, at most 1000) after `cursor`. */
  async page(
    filter: TokenFilter & CallOptions & { cursor?: string | undefined; limit?: number | undefined } = {},
  ): Promise<TokenPage> {
    const { cursor, limit, signal, expiresWithin, ...rest } = filter
    const asked = JSON.stringify({ ...rest, expiresWithin: millis(expiresWithin) })
    const json = await this.#call('page', { signal }, (call) => this.#native.tokenPage(asked, cursor, limit, call))
    const page = JSON.parse(json) as { tokens: Json[]; next: string | null }
    return { tokens: page.tokens.map(tokenOf), next: page.next ?? undefined }
  }

  /** The tokens that break the present policy and still open something. */
  async violations(options?: CallOptions): Promise<AccessToken[]> {
    const json = await this.#call('violations', options, (call) => this.#native.violations(call))
    return (JSON.parse(json) as Json[]).map(tokenOf)
  }

  /**
   * Gives a token a new secret; the old one stays good for the grace that is asked for. With `deliver` the secret is
   * handed over before the old one's grace begins.
   *
   * @throws {GatepassError} `token_not_found`; conflict: `token_revoked`, `token_expired`, `rotation_in_grace`,
   * `changed_meanwhile`; `delivery_failed` (unavailable), whose `cause` is what `deliver` threw.
   */
  async rotate(name: string, rotation: Rotation = {}): Promise<IssuedToken> {
    const { signal, idempotencyKey, grace, deliver, ...rest } = rotation
    const asked = JSON.stringify({ ...rest, grace: millis(grace) })
    if (deliver === undefined) {
      return issued(
        await this.#call('rotate', { signal }, (call) => this.#native.rotateToken(name, asked, idempotencyKey, call)),
      )
    }
    let cause: unknown
    const delivering = async (secret: Parameters<typeof secretOf>[0]) => {
      try {
        await deliver(secretOf(secret))
      } catch (thrown) {
        cause = thrown
        throw thrown
      }
    }
    try {
      return issued(
        await this.#call('rotate', { signal }, (call) => this.#native.rotateAndDeliver(name, asked, delivering, call)),
      )
    } catch (error) {
      if (cause !== undefined && GatepassError.hasCode(error, 'delivery_failed')) error.cause = cause
      throw error
    }
  }

  /** Ends a token, both of its secrets. One that was revoked before stays as it is. */
  async revoke(name: string, options?: CallOptions): Promise<Changed> {
    return changed(JSON.parse(await this.#call('revoke', options, (call) => this.#native.revokeToken(name, call))))
  }

  /** Ends several tokens in one commit, all of them or none. */
  async revokeAll(names: Iterable<string>, options?: CallOptions): Promise<Changed[]> {
    const list = [...names]
    const json = await this.#call('revokeAll', options, (call) => this.#native.revokeTokens(list, call))
    return (JSON.parse(json) as ChangedJson[]).map(changed)
  }

  /**
   * Ends tokens in one commit, all of them or none, and waits until no replica accepts them any more, for `within` at the
   * most. The answer tells what each replica has said; given up by a signal, the tokens may be revoked all the same.
   */
  async revokeEverywhere(names: Iterable<string>, options: CallOptions & { within: Span }): Promise<Revoked> {
    const { within, signal } = options
    const list = [...names]
    const json = await this.#call('revokeEverywhere', { signal }, (call) =>
      this.#native.revokeEverywhere(list, millis(within) as number, call),
    )
    const { tokens, revision, everywhere, receipts } = JSON.parse(json) as Record<'tokens' | 'receipts', Json[]> & {
      revision: number
      everywhere: boolean
    }
    return { tokens: tokens.map(tokenOf), revision, everywhere, receipts: receipts.map(receiptOf) }
  }

  /**
   * Ends the token whose secret this is, for somebody found it where it should not be. The answer tells whether it opened
   * something until now. On a store alone.
   */
  async revokeLeaked(secret: Secret | string, options?: CallOptions): Promise<boolean> {
    return this.#call('revokeLeaked', options, (call) => this.#native.revokeLeaked(revealed(secret), call))
  }

  /** Removes a token, whose name is free again. Gives the number of this change. */
  async delete(name: string, options?: CallOptions): Promise<number> {
    return this.#call('delete', options, (call) => this.#native.deleteToken(name, call))
  }

  /** Removes the tokens that have been expired or revoked since before this instant, and tells how many they were. */
  async purge(before: Date | string, options?: CallOptions): Promise<number> {
    const instant = instantText('before', before)
    return this.#call('purge', options, (call) => this.#native.purgeTokens(instant, call))
  }

  /**
   * Has the store or the server check one secret, without an index. For many checks there is a verifier. A server tells no
   * more than `unknown` of what is not good (RFC 7662).
   */
  async checkSecret(secret: Secret | string, check: SecretCheck): Promise<Verdict> {
    const { api, scopes = [], peer, signal } = check
    const list = [...scopes]
    const said = await this.#call('checkSecret', { signal }, (call) =>
      this.#native.checkSecret(api, list, revealed(secret), peer, call),
    )
    return verdictOf(said, list.join(' '))
  }

  #call<T>(
    operation: string,
    options: CallOptions | undefined,
    work: (call?: Parameters<NativeGatepass['token']>[1]) => Promise<T>,
  ): Promise<T> {
    return call(`tokens.${operation}`, this.#place, options, work)
  }
}

type Json = Record<string, unknown>

interface ChangedJson {
  token: Json
  revision: number
}

function changed(json: ChangedJson): Changed {
  return Object.freeze({ token: tokenOf(json.token), revision: json.revision })
}

function issued(native: NativeIssued): IssuedToken {
  const token = tokenOf(JSON.parse(native.token()))
  return Object.freeze({ secret: secretOf(native.secret()), token, revision: native.revision() })
}

function revealed(secret: Secret | string): string {
  return secret instanceof Secret ? half(secret).reveal() : secret
}

