package dev.gatepass.testing

import dev.gatepass.Api
import dev.gatepass.ExternalTokenValidator
import java.math.BigInteger
import java.security.KeyPair
import java.security.KeyPairGenerator
import java.security.Signature
import java.security.interfaces.RSAPublicKey
import java.time.Instant
import java.util.Base64

/**
 * A provider of tokens (JWTs, RS256) for tests of what takes them, without a server: serve [jwks] yourself where its keys are
 * to be fetched.
 *
 * ```
 * val provider = TestProvider()
 * val guard = externalVerifierOf(listOf(provider.validator("sso", Api.REST)), provider.keys).guard(Api.REST)
 * assertTrue(guard.check("Bearer ${provider.token("ada")}") is Granted)
 * ```
 */
public class TestProvider @JvmOverloads constructor(
    /** Whom its tokens are of. */
    public val issuer: String = "https://provider.example",
    /** Where its keys are. */
    public val jwksUrl: String = "$issuer/jwks",
) {
    private class Key(val id: String, val pair: KeyPair)

    private var made = 0

    @Volatile
    private var key = newKey()

    /** What it publishes: a JWK Set of its present key. */
    public val jwks: String
        get() {
            val (id, public) = key.run { id to pair.public as RSAPublicKey }
            val jwk = mapOf(
                "kty" to "RSA", "kid" to id, "use" to "sig", "n" to base64(public.modulus), "e" to base64(public.publicExponent),
            )
            return json(mapOf("keys" to listOf(jwk)))
        }

    /** The same by its URL, for [externalVerifierOf]. */
    public val keys: Map<String, String> get() = mapOf(jwksUrl to jwks)

    /** A validator that accepts its tokens. */
    public fun validator(name: String, api: Api): ExternalTokenValidator =
        ExternalTokenValidator(name, api, jwksUrl = jwksUrl, expectedIssuer = issuer)

    /** Takes another key in the place of the present one. */
    public fun rotate() {
        key = newKey()
    }

    /**
     * A token of this subject, good for five minutes from [now] on. What [claims] say comes in the place of that: texts, numbers,
     * booleans, null, and lists and maps of them.
     */
    @JvmOverloads
    public fun token(
        subject: String,
        scopes: Collection<String> = emptyList(),
        claims: Map<String, Any?> = emptyMap(),
        now: Instant = Instant.now(),
    ): String {
        val usual = mapOf("iss" to issuer, "sub" to subject, "iat" to now.epochSecond, "exp" to now.epochSecond + LIFE)
        val scope = if (scopes.isEmpty()) emptyMap() else mapOf("scope" to scopes.joinToString(" "))
        val key = key
        val header = mapOf("alg" to "RS256", "typ" to "JWT", "kid" to key.id)
        val signed = "${base64(json(header))}.${base64(json(usual + scope + claims))}"
        val signature = Signature.getInstance("SHA256withRSA").apply {
            initSign(key.pair.private)
            update(signed.toByteArray(Charsets.US_ASCII))
        }
        return "$signed.${BASE64.encodeToString(signature.sign())}"
    }

    private fun newKey(): Key {
        val pair = KeyPairGenerator.getInstance("RSA").apply { initialize(BITS) }.generateKeyPair()
        return Key("key-${++made}", pair)
    }

    private companion object {
        const val BITS = 2048
        const val LIFE = 300
        val BASE64: Base64.Encoder = Base64.getUrlEncoder().withoutPadding()

        fun json(value: Any?): String = when (value) {
            null, is Boolean, is Number -> value.toString()
            is Map<*, *> -> value.entries.joinToString(",", "{", "}") { (name, value) -> "${json(name)}:${json(value)}" }
            is Iterable<*> -> value.joinToString(",", "[", "]", transform = ::json)
            else -> value.toString().map { if (it < ' ' || it in "\"\\") "\\u%04x".format(it.code) else "$it" }.joinToString("", "\"", "\"")
        }

        fun base64(text: String): String = BASE64.encodeToString(text.toByteArray(Charsets.UTF_8))

        /** Without a byte for a sign (RFC 7518 section 2). */
        fun base64(number: BigInteger): String = BASE64.encodeToString(number.toByteArray().dropWhile { it == 0.toByte() }.toByteArray())
    }
}
