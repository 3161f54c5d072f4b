package dev.gatepass.testing

import dev.gatepass.Api
import dev.gatepass.Expiration
import dev.gatepass.ExternalTokenValidator
import dev.gatepass.GatepassException
import dev.gatepass.NewToken
import dev.gatepass.Role
import dev.gatepass.Secret
import dev.gatepass.TokenPolicy
import dev.gatepass.Verifier
import dev.gatepass.data
import dev.gatepass.days
import dev.gatepass.internal.ffi.CallerData
import dev.gatepass.internal.ffi.ClockHandle
import dev.gatepass.internal.ffi.OthersData
import dev.gatepass.internal.ffi.SceneData
import dev.gatepass.internal.ffi.expiry
import dev.gatepass.internal.ffi.fixedVerifier
import dev.gatepass.internal.ffi.makeToken
import dev.gatepass.instant
import dev.gatepass.millis
import dev.gatepass.native
import java.time.Instant
import kotlin.time.Duration

/** A clock that stands still until it is told otherwise: for what you test of dates. */
public class ManualClock(now: Instant) {
    internal val handle = native("clock") { ClockHandle(millis("now", now)) }

    /** The time of day that it shows. Setting it moves that alone, forward or back, as an operator or NTP does. */
    public var now: Instant
        get() = Instant.ofEpochMilli(native("clock") { handle.now() })
        set(now) = native("clock") { handle.set(millis("now", now)) }

    /** Lets time pass, on the time of day and on the clock since boot. */
    public fun advance(span: java.time.Duration): Unit = native("clock") { handle.advance(span.toMillis()) }

    /** Lets time pass. */
    public fun advance(span: Duration): Unit = native("clock") { handle.advance(span.inWholeMilliseconds) }

    /** Lets time pass on the clock since boot alone: what a time of day that was set back looks like. */
    public fun advanceBootTime(span: Duration): Unit = native("clock") { handle.advanceBootTime(span.inWholeMilliseconds) }
}

/**
 * Tokens without a store, for tests of what checks them: a token is made in microseconds and nothing is written.
 *
 * ```
 * val tokens = TestTokens()
 * val secret = tokens.add("client", Api.REST, scopes = listOf("orders:read"))
 * val guard = tokens.verifier().guard(Api.REST, setOf("orders:read"))
 * ```
 */
public class TestTokens @JvmOverloads constructor(
    private val clock: ManualClock? = null,
    private val roles: List<Role> = emptyList(),
) {
    private val records = ArrayList<String>()

    /** Makes a token, and gives its secret. The rules are those of a store. */
    @JvmOverloads
    public fun add(
        name: String,
        api: Api,
        scopes: List<String> = emptyList(),
        roles: List<String> = emptyList(),
        targetDn: String? = null,
        networks: List<String> = emptyList(),
        expires: Expiration = days(30),
    ): Secret {
        val asked = NewToken(name, api, expires, roles, scopes, targetDn, networks)
        val now = clock?.now ?: Instant.now()
        val scene = SceneData(CallerData.Owner, custom(), null, millis("now", now))
        return native("token") {
            makeToken(asked.data(), null, scene).use { made ->
                records.add(made.record())
                Secret(made.secret())
            }
        }
    }

    /**
     * A verifier of just the tokens that were added until now, and of those of other issuers that one of [validators] accepts
     * with these keys: see [externalVerifierOf].
     */
    @JvmOverloads
    public fun verifier(
        validators: Collection<ExternalTokenValidator> = emptyList(),
        keys: Map<String, String> = emptyMap(),
    ): Verifier = native("verifier") {
        val others = OthersData(validators.map { it.data() }, keys)
        Verifier(fixedVerifier(records.toString(), custom(), null, true, clock?.handle, others))
    }

    private fun custom() = roles.map { it.toJson() }.toString()
}

/**
 * A verifier of tokens of other issuers, with keys that are given, by the URL that a validator has for them, and not fetched.
 * Each is a JWK Set (RFC 7517 section 5), as JSON. [TestProvider] makes such keys and tokens.
 *
 * @throws GatepassException.InvalidInput as [ExternalTokenValidator.check]
 * @throws GatepassException.Protocol `jwks_malformed`
 */
@JvmOverloads
public fun externalVerifierOf(
    validators: Collection<ExternalTokenValidator>,
    keys: Map<String, String>,
    clock: ManualClock? = null,
): Verifier = TestTokens(clock).verifier(validators, keys)

/** The instant at which a token would expire that is made at [now] under this policy; null for never. */
public fun expiresOn(expires: Expiration?, now: Instant, policy: TokenPolicy = TokenPolicy()): Instant? =
    instant(native("expiry") { expiry(expires?.data(), policy.data(), millis("now", now)) })
