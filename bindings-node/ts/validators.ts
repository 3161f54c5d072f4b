import { type CallOptions, call } from './call.js'
import { millis, type Span } from './expiration.js'
import type { NativeGatepass } from './native.js'

/** The algorithms that a token of another issuer may be signed with. */
export type Algorithm =
  | 'RS256'
  | 'RS384'
  | 'RS512'
  | 'PS256'
  | 'PS384'
  | 'PS512'
  | 'ES256'
  | 'ES384'
  | 'ES512'
  | 'EdDSA'

/**
 * Accepts the tokens (JWTs, RFC 7519) of an OpenID provider for one API, beside its access tokens: RadiantOne's External
 * Token Validator, and what that one lacks: the issuer, which algorithms, what kind of token, and how old one may be.
 *
 * ```ts
 * await gp.validators.create({
 *   name: 'acme-sso',
 *   api: 'rest',
 *   discoveryUrl: 'https://sso.acme.example/.well-known/openid-configuration',
 *   expectedAudience: 'directory',
 *   expectedScopes: ['directory:read'],
 *   claimsMapping: ['uid=${sub},ou=People,o=acme'],
 * })
 * ```
 */
export interface ExternalTokenValidator {
  /** 1 to 100 of `A-Z a-z 0-9`, space, `_` and `-`; unique over both APIs. */
  readonly name: string
  /** The API that its tokens open. */
  readonly api: 'rest' | 'scim'
  /** Whether it is consulted; so when not said. */
  readonly enabled?: boolean | undefined
  /** What the provider is, for people: `Okta`, `Keycloak`. No meaning here. */
  readonly provider?: string | undefined
  /**
   * Where the provider describes itself (OpenID Connect Discovery 1.0). The keys' place is read there unless `jwksUrl` gives
   * it, and the issuer is what comes before `/.well-known/openid-configuration` unless `expectedIssuer` says otherwise.
   * `https`, or `http` on loopback.
   */
  readonly discoveryUrl?: string | undefined
  /** Where the provider's keys are (a JWK Set, RFC 7517 section 5). `https`, or `http` on loopback. */
  readonly jwksUrl?: string | undefined
  /** The issuer, compared as it is written (RFC 7519 section 4.1.1). */
  readonly expectedIssuer?: string | undefined
  /**
   * Takes tokens of whatever issuer, as long as the keys check them: what RadiantOne itself does. Of a provider with several
   * tenants one set of keys signs for all of them, so this lets in those of every other tenant.
   */
  readonly anyIssuer?: boolean | undefined
  /** Of a token's audiences (RFC 7519 section 4.1.3) one has to be this; absent for not looking. */
  readonly expectedAudience?: string | undefined
  /** The claim that has the scopes, as one text or as a list: `scope` when not said; Okta's is `scp`. */
  readonly scopeClaim?: string | undefined
  /** Scopes that a token has to have, all of them. */
  readonly expectedScopes?: readonly string[] | undefined
  /**
   * How far the provider's clock may be from this one, for `iat`, `nbf` and `exp`: whole seconds, in milliseconds, an hour at
   * the most; 30 000 when not said.
   */
  readonly clockSkew?: Span | undefined
  /** The algorithms that a token may be signed with; all when empty. A key checks by its own in any case. */
  readonly algorithms?: readonly Algorithm[] | undefined
  /**
   * The `typ` that a token's header has to have, `at+jwt` (RFC 9068) for instance, so that no other kind of token passes for
   * an access token (RFC 8725 section 3.11). When not said it may be absent, `JWT` or `at+jwt`.
   */
  readonly tokenType?: string | undefined
  /**
   * How long after it was issued a token is taken, whatever its `exp`: whole seconds, in milliseconds, or {@link days}. It
   * needs an `iat` then.
   */
  readonly maxAge?: Span | undefined
  /**
   * Whom a token acts as: expressions of which the first that finds somebody decides. A DN, `uid=${sub},ou=People,o=acme`, or
   * a search, `ou=People,o=acme??sub?(mail=${email})`, in which `${…}` is a claim; its value is escaped. Without one a token
   * acts as nobody.
   */
  readonly claimsMapping?: readonly string[] | undefined
}

/** A validator as it is read: with what was not said as it is then. Spans are milliseconds. */
export interface StoredValidator extends ExternalTokenValidator {
  readonly enabled: boolean
  readonly anyIssuer: boolean
  readonly expectedScopes: readonly string[]
  readonly clockSkew: number
  readonly algorithms: readonly Algorithm[]
  readonly maxAge?: number
  readonly claimsMapping: readonly string[]
}

/** The external token validators of a store or a server. Those who follow it hear of each change, as of a revocation. */
export class Validators {
  readonly #native: NativeGatepass
  readonly #place: string

  /** @internal */
  constructor(native: NativeGatepass, place: string) {
    this.#native = native
    this.#place = place
  }

  /** All of them, by name. What a plain RadiantOne has may expect no issuer, which cannot be written back so. */
  async list(options?: CallOptions): Promise<StoredValidator[]> {
    const json = await call('validators.list', this.#place, options, async (call) => this.#native.validators(call))
    return (JSON.parse(json) as Written[]).map(validatorOf)
  }

  /** The validator of this name. @throws {GatepassError} `validator_not_found`. */
  async get(name: string, options?: CallOptions): Promise<StoredValidator> {
    const json = await call('validators.get', this.#place, options, async (call) => this.#native.validator(name, call))
    return validatorOf(JSON.parse(json))
  }

  /**
   * Adds a validator: from then on the tokens that it accepts open its API.
   *
   * @throws {GatepassError} invalid input, on the field: `issuer_required`, `url_insecure`, `clock_skew_out_of_range`, …;
   * conflict: `validator_exists`, whichever API the other one is of, `too_many_validators` (100); forbidden by the delegation
   * rule; on a plain RadiantOne unsupported, `needs_gatepass`, on what it would silently drop.
   */
  async create(validator: ExternalTokenValidator, options?: CallOptions): Promise<StoredValidator> {
    return this.#put('create', validator, options)
  }

  /**
   * Puts this validator in the place of the one of its name, whole. What only the old one accepted is refused from then on.
   *
   * @throws {GatepassError} `validator_not_found`; else as {@link Validators.create}.
   */
  async update(validator: ExternalTokenValidator, options?: CallOptions): Promise<StoredValidator> {
    return this.#put('update', validator, options)
  }

  /**
   * Removes a validator. What only it accepted is refused from then on; by replicas within their `maxStalenessMs`, as what is
   * revoked is.
   *
   * @throws {GatepassError} `validator_not_found`.
   */
  async delete(name: string, options?: CallOptions): Promise<void> {
    await call('validators.delete', this.#place, options, async (call) => this.#native.deleteValidator(name, call))
  }

  async #put(how: 'create' | 'update', validator: ExternalTokenValidator, options?: CallOptions): Promise<StoredValidator> {
    const json = JSON.stringify(asked(validator))
    const written = await call(`validators.${how}`, this.#place, options, async (call) =>
      this.#native.putValidator(json, how === 'create', call),
    )
    return validatorOf(JSON.parse(written))
  }
}

/** A validator as the native layer reads it. What is wrong with it is said there. @internal */
export function asked(validator: ExternalTokenValidator): object {
  if (typeof validator !== 'object' || validator === null) return validator
  const { clockSkew, maxAge, ...rest } = validator
  return { ...rest, clockSkew: millis(clockSkew), maxAge: millis(maxAge) }
}

/** A validator as the core writes it: what it does not say is as usual. */
interface Written extends Omit<ExternalTokenValidator, 'clockSkew' | 'maxAge'> {
  enabled: boolean
  clockSkewSeconds: number
  maxAgeSeconds?: number
}

function validatorOf({ clockSkewSeconds, maxAgeSeconds, ...written }: Written): StoredValidator {
  const { anyIssuer = false, expectedScopes = [], algorithms = [], claimsMapping = [] } = written
  return {
    ...written,
    anyIssuer,
    expectedScopes,
    algorithms,
    claimsMapping,
    api: written.api.toLowerCase() as 'rest' | 'scim',
    clockSkew: clockSkewSeconds * 1000,
    ...(maxAgeSeconds === undefined ? {} : { maxAge: maxAgeSeconds * 1000 }),
  }
}
