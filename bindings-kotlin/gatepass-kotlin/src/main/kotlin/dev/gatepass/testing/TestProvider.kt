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
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.buildJsonArray
import kotlinx.serialization.json.buildJsonObject
import kotlinx.serialization.json.put

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
            val jwk = buildJsonObject {
                put("kty", "RSA")
                put("kid", id)
                put("use", "sig")
                put("n", base64(public.modulus))
                put("e", base64(public.publicExponent))
            }
            return buildJsonObject { put("keys", buildJsonArray { add(jwk) }) }.toString()
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

    /** A token of this subject, good for five minutes from [now] on; what [claims] say comes in the place of that. */
    @JvmOverloads
    public fun token(
        subject: String,
        scopes: Collection<String> = emptyList(),
        claims: Map<String, JsonElement> = emptyMap(),
        now: Instant = Instant.now(),
    ): String {
        val usual = buildJsonObject {
            put("iss", issuer)
            put("sub", subject)
            put("iat", now.epochSecond)
            put("exp", now.epochSecond + LIFE)
            if (scopes.isNotEmpty()) put("scope", scopes.joinToString(" "))
        }
        val key = key
        val header = JsonObject(mapOf("alg" to JsonPrimitive("RS256"), "typ" to JsonPrimitive("JWT"), "kid" to JsonPrimitive(key.id)))
        val signed = "${base64(header.toString())}.${base64(JsonObject(usual + claims).toString())}"
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

        fun base64(text: String): String = BASE64.encodeToString(text.toByteArray(Charsets.UTF_8))

        /** Without a byte for a sign (RFC 7518 section 2). */
        fun base64(number: BigInteger): String = BASE64.encodeToString(number.toByteArray().dropWhile { it == 0.toByte() }.toByteArray())
    }
}
