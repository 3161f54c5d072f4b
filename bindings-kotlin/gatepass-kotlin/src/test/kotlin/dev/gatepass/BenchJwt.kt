package dev.gatepass

import com.auth0.jwt.JWT
import com.auth0.jwt.algorithms.Algorithm as Auth0
import com.nimbusds.jose.JWSAlgorithm
import com.nimbusds.jose.JWSHeader
import com.nimbusds.jose.JWSSigner
import com.nimbusds.jose.JWSVerifier
import com.nimbusds.jose.crypto.ECDSASigner
import com.nimbusds.jose.crypto.ECDSAVerifier
import com.nimbusds.jose.crypto.Ed25519Signer
import com.nimbusds.jose.crypto.Ed25519Verifier
import com.nimbusds.jose.crypto.RSASSASigner
import com.nimbusds.jose.crypto.RSASSAVerifier
import com.nimbusds.jose.jwk.Curve
import com.nimbusds.jose.jwk.JWK
import com.nimbusds.jose.jwk.JWKSet
import com.nimbusds.jose.jwk.gen.ECKeyGenerator
import com.nimbusds.jose.jwk.gen.OctetKeyPairGenerator
import com.nimbusds.jose.jwk.gen.RSAKeyGenerator
import com.nimbusds.jwt.JWTClaimsSet
import com.nimbusds.jwt.SignedJWT
import com.nimbusds.jwt.proc.DefaultJWTClaimsVerifier
import com.nimbusds.jose.proc.SecurityContext
import dev.gatepass.testing.externalVerifierOf
import java.util.Date

/**
 * Measures tokens of other issuers against the libraries that check them on the JVM. All read a token, check its signature,
 * its issuer, its audience and its dates; ours reads its scopes too. Keys are parsed before. Each of our checks sees a token
 * that its verifier has not seen.
 */
object BenchJwt {
    private const val ISSUER = "https://sso.acme.example/realms/people"
    private const val AUDIENCE = "directory"
    private const val URL = "$ISSUER/keys"

    /** Fewer than a verifier remembers, and each round has a new verifier. */
    private const val TOKENS = 2000
    private const val ROUNDS = 10

    /** These rows alone. */
    @JvmStatic
    fun main(arguments: Array<String>) = rows().forEach(::println)

    fun rows(): List<Map<String, Any?>> {
        val rsa = RSAKeyGenerator(2048).keyID("rsa").generate()
        val ec = ECKeyGenerator(Curve.P_256).keyID("ec").generate()
        val ed = OctetKeyPairGenerator(Curve.Ed25519).keyID("ed").generate()
        val all = listOf(
            Case(JWSAlgorithm.RS256, rsa, RSASSASigner(rsa), RSASSAVerifier(rsa.toRSAPublicKey()), Auth0.RSA256(rsa.toRSAPublicKey(), null), 1.5),
            Case(JWSAlgorithm.ES256, ec, ECDSASigner(ec), ECDSAVerifier(ec.toECPublicKey()), Auth0.ECDSA256(ec.toECPublicKey(), null), 2.0),
            Case(JWSAlgorithm.EdDSA, ed, Ed25519Signer(ed), Ed25519Verifier(ed.toPublicJWK()), null, 1.5),
        )
        return all.flatMap { it.rows() }
    }

    private class Case(
        private val algorithm: JWSAlgorithm,
        private val key: JWK,
        signer: JWSSigner,
        private val verifier: JWSVerifier,
        auth0: Auth0?,
        private val least: Double,
    ) {
        private val texts = List(TOKENS) { n -> token(n, signer) }
        private val headers = texts.map { "Bearer $it" }
        private val expected = DefaultJWTClaimsVerifier<SecurityContext>(AUDIENCE, JWTClaimsSet.Builder().issuer(ISSUER).build(), setOf("exp"))
        private val peer = auth0?.let { JWT.require(it).withIssuer(ISSUER).withAudience(AUDIENCE).build() }
        private val validator = ExternalTokenValidator("sso", Api.REST, jwksUrl = URL, expectedIssuer = ISSUER, expectedAudience = AUDIENCE)
        private val keys = mapOf(URL to JWKSet(key.toPublicJWK()).toString())

        /** About as long as what Keycloak gives. */
        private fun token(n: Int, signer: JWSSigner): String {
            val now = System.currentTimeMillis()
            val claims = JWTClaimsSet.Builder().issuer(ISSUER).audience(AUDIENCE).subject("f3b1c2d4-0000-4000-8000-%012d".format(n))
                .issueTime(Date(now)).expirationTime(Date(now + 3_600_000)).jwtID("5e0a6f5e-7f7d-4b1c-9a53-%012d".format(n))
                .claim("azp", "orders-frontend").claim("scope", "openid orders:read orders:list profile email")
                .claim("email", "person-$n@acme.example").claim("name", "Person of the Number $n").claim("groups", listOf("staff", "orders", "berlin")).build()
            return SignedJWT(JWSHeader.Builder(algorithm).keyID(key.keyID).build(), claims).apply { sign(signer) }.serialize()
        }

        private fun uncached(): Double {
            val guard = externalVerifierOf(listOf(validator), keys).guard(Api.REST, setOf("orders:read"))
            check(guard.check("Bearer a.b.c") is Denied)
            return rate(TOKENS) { check(guard.check(headers[it]) is Granted) }
        }

        private val remembering = externalVerifierOf(listOf(validator), keys).guard(Api.REST, setOf("orders:read")).also { guard -> headers.forEach { guard.check(it) } }

        private fun cached(): Double = rate(TOKENS * 10) { check(remembering.check(headers[it % TOKENS]) is Granted) }

        private fun nimbus(): Double = rate(TOKENS) { n ->
            val token = SignedJWT.parse(texts[n])
            check(token.verify(verifier))
            expected.verify(token.jwtClaimsSet, null)
        }

        private fun auth0(): Double = peer?.let { verifier -> rate(TOKENS) { check(verifier.verify(texts[it]).subject != null) } } ?: Double.POSITIVE_INFINITY

        fun rows(): List<Map<String, Any?>> {
            repeat(5) { uncached(); cached(); nimbus(); auth0() }
            val rounds = List(ROUNDS) { listOf(settled(::uncached), settled(::cached), settled(::nimbus), settled(::auth0)) }
            val median = { place: Int -> rounds.map { it[place] }.sorted()[ROUNDS / 2] }
            val (peer, place) = if (median(2) <= median(3)) "Nimbus" to 2 else "java-jwt" to 3
            val name = "Kotlin: a JWT of ${texts[0].length} bytes, ${algorithm.name}"
            return listOf(row("$name, uncached", "$peer, the fastest", rounds.map { it[0] to it[place] }, least)) +
                // The signature that is checked soonest leaves the least to be saved.
                if (algorithm == JWSAlgorithm.RS256) listOf(row("$name, cached", "uncached", rounds.map { it[1] to it[0] }, 20.0)) else emptyList()
        }

        private fun row(name: String, peer: String, rounds: List<Pair<Double, Double>>, least: Double): Map<String, Any?> {
            val (value, other) = rounds.sortedBy { (own, other) -> other / own }[rounds.size / 2]
            return mapOf(
                "name" to name, "unit" to "ns", "value" to value, "peer" to peer, "peer_value" to other, "ratio" to other / value,
                "bar" to ">= $least", "ok" to (other / value >= least),
            )
        }
    }
}
