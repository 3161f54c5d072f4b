package dev.gatepass

import dev.gatepass.internal.ffi.ValidatorData
import dev.gatepass.internal.ffi.checkValidator
import dev.gatepass.internal.ffi.validatorFromJson
import dev.gatepass.internal.ffi.validatorToJson
import java.util.concurrent.CompletableFuture
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlin.time.toKotlinDuration

/** A signature algorithm of JWTs: asymmetric ones alone, so neither `none` nor an HMAC is there to be allowed. */
public enum class Algorithm(
    /** Its name in a token's header (RFC 7518 section 3.1). */
    public val code: String,
) {
    RS256("RS256"),
    RS384("RS384"),
    RS512("RS512"),
    PS256("PS256"),
    PS384("PS384"),
    PS512("PS512"),
    ES256("ES256"),
    ES384("ES384"),
    ES512("ES512"),

    /** Ed25519, by either of its names in a header: `EdDSA` (RFC 8037) or `Ed25519` (RFC 9864). */
    EDDSA("EdDSA"),
    ;

    internal companion object {
        fun of(code: String): Algorithm = entries.first { it.code == code }
    }
}

/**
 * Accepts the tokens (JWTs) of an OpenID provider for one API, beside its access tokens: RadiantOne's External Token
 * Validator, and what that one lacks: the issuer, which algorithms, what kind of token, and how old one may be.
 *
 * ```
 * val validator = ExternalTokenValidator(
 *     "acme-sso", Api.REST,
 *     discoveryUrl = "https://sso.acme.example/.well-known/openid-configuration",
 *     expectedAudience = "directory",
 *     claimsMapping = listOf("uid=\${sub},ou=People,o=acme"),
 * )
 * ```
 *
 * What it says is looked over where it is used, and by [check].
 */
public data class ExternalTokenValidator(
    /** 1 to 100 of `A-Z a-z 0-9`, space, `_` and `-`; unique over both APIs. */
    public val name: String,
    /** The API that its tokens open: [Api.REST] or [Api.SCIM]. */
    public val api: Api,
    /** Whether it is consulted. */
    public val enabled: Boolean = true,
    /** What the provider is, for people: `Okta`, `Keycloak`. No meaning here. */
    public val provider: String? = null,
    /**
     * Where the provider describes itself (OpenID Connect Discovery 1.0): its keys' place is read there unless [jwksUrl] gives
     * it, and its issuer is what comes before `/.well-known/openid-configuration` unless [expectedIssuer] says otherwise.
     * `https`, or `http` on loopback.
     */
    public val discoveryUrl: String? = null,
    /** Where the provider's keys are (a JWK Set, RFC 7517 section 5). `https`, or `http` on loopback. */
    public val jwksUrl: String? = null,
    /** The issuer, compared as it is written (RFC 7519 section 4.1.1). */
    public val expectedIssuer: String? = null,
    /**
     * Takes tokens of whatever issuer, as long as the keys check them: what RadiantOne itself does. Of a provider with several
     * tenants one set of keys signs for all of them, so this lets in those of every other tenant.
     */
    public val anyIssuer: Boolean = false,
    /** Of a token's audiences (RFC 7519 section 4.1.3) one has to be this; null for not looking. */
    public val expectedAudience: String? = null,
    /** The claim that has the scopes, as one text or as a list: `scope` when not said; Okta's is `scp`. */
    public val scopeClaim: String? = null,
    /** Scopes that a token has to have, all of them. */
    public val expectedScopes: List<String> = emptyList(),
    /** How far the provider's clock may be from this one, for `iat`, `nbf` and `exp`: whole seconds, an hour at the most. */
    public val clockSkew: Duration = 30.seconds,
    /** The algorithms that a token may be signed with; all when empty. A key checks by its own in any case. */
    public val algorithms: List<Algorithm> = emptyList(),
    /**
     * The `typ` that a token's header has to have, `at+jwt` (RFC 9068) for instance, so that no other kind of token passes for
     * an access token. When not said it may be absent, `JWT` or `at+jwt`.
     */
    public val tokenType: String? = null,
    /** How long after it was issued a token is taken, whatever its `exp`: whole seconds. It needs an `iat` then. */
    public val maxAge: Duration? = null,
    /**
     * Whom a token acts as: expressions, 20 at the most, of which the first that finds somebody decides. A DN,
     * `uid=${sub},ou=People,o=acme`, or a search, `ou=People,o=acme??sub?(mail=${email})`, in which `${…}` is a claim. Without
     * one a token acts as nobody.
     */
    public val claimsMapping: List<String> = emptyList(),
) {
    /**
     * Refuses what could not work, or would let in too much.
     *
     * @throws GatepassException.InvalidInput naming the field: `issuer_required`, `expression_malformed`, …
     */
    public fun check(): Unit = native("validator") { checkValidator(data()) }

    /** As Gatepass writes it, in its files and vectors. */
    public fun toJson(): String = native("validator") { validatorToJson(data()) }

    internal fun data() = ValidatorData(
        name, api.name, enabled, provider, discoveryUrl, jwksUrl, expectedIssuer, anyIssuer, expectedAudience, scopeClaim,
        expectedScopes, clockSkew.inWholeMilliseconds, algorithms.map { it.code }, tokenType, maxAge?.inWholeMilliseconds,
        claimsMapping,
    )

    /** For Java: one like this, to be changed. */
    public fun toBuilder(): Builder = Builder(this)

    /** For Java. */
    public class Builder internal constructor(private var made: ExternalTokenValidator) {
        private fun with(change: ExternalTokenValidator.() -> ExternalTokenValidator) = apply { made = made.change() }

        public fun enabled(enabled: Boolean): Builder = with { copy(enabled = enabled) }

        public fun provider(name: String): Builder = with { copy(provider = name) }

        public fun discoveryUrl(url: String): Builder = with { copy(discoveryUrl = url) }

        public fun jwksUrl(url: String): Builder = with { copy(jwksUrl = url) }

        public fun expectedIssuer(issuer: String): Builder = with { copy(expectedIssuer = issuer) }

        /** Before it is waived: [ExternalTokenValidator.anyIssuer]. */
        public fun anyIssuer(): Builder = with { copy(anyIssuer = true) }

        public fun expectedAudience(audience: String): Builder = with { copy(expectedAudience = audience) }

        public fun scopeClaim(name: String): Builder = with { copy(scopeClaim = name) }

        public fun expectedScope(scope: String): Builder = with { copy(expectedScopes = expectedScopes + scope) }

        public fun clockSkew(skew: java.time.Duration): Builder = with { copy(clockSkew = skew.toKotlinDuration()) }

        public fun algorithm(algorithm: Algorithm): Builder = with { copy(algorithms = algorithms + algorithm) }

        public fun tokenType(type: String): Builder = with { copy(tokenType = type) }

        public fun maxAge(age: java.time.Duration): Builder = with { copy(maxAge = age.toKotlinDuration()) }

        /** Adds an expression to [ExternalTokenValidator.claimsMapping]. */
        public fun map(expression: String): Builder = with { copy(claimsMapping = claimsMapping + expression) }

        public fun build(): ExternalTokenValidator = made
    }

    public companion object {
        /** For Java. */
        @JvmStatic
        public fun builder(name: String, api: Api): Builder = Builder(ExternalTokenValidator(name, api))

        /**
         * A validator as Gatepass writes it.
         *
         * @throws GatepassException.InvalidInput where it is none
         */
        @JvmStatic
        public fun fromJson(json: String): ExternalTokenValidator = native("validator") { validatorFromJson(json) }.validator()
    }
}

internal fun ValidatorData.validator() = ExternalTokenValidator(
    name, Api.of(api), enabled, provider, discoveryUrl, jwksUrl, expectedIssuer, anyIssuer, expectedAudience, scopeClaim,
    expectedScopes, clockSkew.milliseconds, algorithms.map(Algorithm::of), tokenType, maxAge?.milliseconds, claimsMapping,
)

/** The external token validators of a [Gatepass]: 100 at the most, of both APIs together. */
public class Validators internal constructor(private val gatepass: Gatepass) {
    /**
     * All of them, by name. What a plain RadiantOne has may expect no issuer, which [ExternalTokenValidator.check] refuses.
     */
    public suspend fun list(): List<ExternalTokenValidator> =
        gatepass.call { handle -> handle.validators().map { it.validator() } }

    /** For Java: [list]. */
    public fun listAsync(): CompletableFuture<List<ExternalTokenValidator>> = Native.future { list() }

    /**
     * The validator of this name.
     *
     * @throws GatepassException.NotFound `validator_not_found`
     */
    public suspend fun get(name: String): ExternalTokenValidator = gatepass.call { it.validator(name).validator() }

    /** For Java: [get]. */
    public fun getAsync(name: String): CompletableFuture<ExternalTokenValidator> = Native.future { get(name) }

    /**
     * Adds a validator: from then on the tokens that it accepts open its API.
     *
     * @throws GatepassException.InvalidInput as [ExternalTokenValidator.check]
     * @throws GatepassException.Conflict `validator_exists`, whichever API the other one is of; `too_many_validators`
     * @throws GatepassException.Forbidden where the caller does not hold what such tokens would
     * @throws GatepassException.Unsupported `needs_gatepass` on a plain RadiantOne, on what it would silently drop
     */
    public suspend fun create(validator: ExternalTokenValidator): ExternalTokenValidator =
        gatepass.call { it.createValidator(validator.data()).validator() }

    /** For Java: [create]. */
    public fun createAsync(validator: ExternalTokenValidator): CompletableFuture<ExternalTokenValidator> =
        Native.future { create(validator) }

    /**
     * Puts this validator in the place of the one of its name, whole. What only the old one accepted is refused from then on.
     *
     * @throws GatepassException.NotFound `validator_not_found`; otherwise as [create]
     */
    public suspend fun update(validator: ExternalTokenValidator): ExternalTokenValidator =
        gatepass.call { it.updateValidator(validator.data()).validator() }

    /** For Java: [update]. */
    public fun updateAsync(validator: ExternalTokenValidator): CompletableFuture<ExternalTokenValidator> =
        Native.future { update(validator) }

    /**
     * Removes a validator. What only it accepted is refused from then on; by replicas within their
     * [FollowOptions.maxStaleness], as what is revoked is.
     *
     * @throws GatepassException.NotFound `validator_not_found`
     */
    public suspend fun delete(name: String): Unit = gatepass.call { it.deleteValidator(name) }

    /** For Java: [delete]. */
    public fun deleteAsync(name: String): CompletableFuture<Void?> = Native.future { delete(name).let { null } }
}
