package dev.gatepass

import dev.gatepass.testing.TestProvider
import java.nio.file.Files
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.minutes
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.delay
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

/** External token validators that are kept: in a store, and by a real authority. */
class ValidatorsTest {
    @Test
    fun `a store keeps them, and its verifier goes by them`() = runBlocking<Unit> {
        Gatepass.open(Files.createTempDirectory("gatepass").resolve("tokens.db")).use { gp -> lives(gp, gp) }
    }

    @Test
    fun `an authority keeps them, and a replica goes by them`() = runBlocking<Unit> {
        Authority().use { authority ->
            authority.admin().use { admin ->
                admin.roles.create(Role.named("gateway").with(TokenRights(verify = setOf(Api.REST))))
                val gateway = admin.tokens.create("gateway", Api.CONFIG, days(1), roles = listOf("gateway"))
                Gatepass.connect(authority.url, Credential.of(gateway.secret)).use { replica -> lives(admin, replica) }
            }
        }
    }

    private suspend fun lives(gp: Gatepass, follower: Gatepass) {
        val answers = java.util.concurrent.atomic.AtomicReference("")
        Scripted("/jwks") { Reply(answers.get()) }.use { server ->
            val provider = TestProvider(jwksUrl = server.url)
            answers.set(provider.jwks)
            val everything = ExternalTokenValidator(
                "acme sso", Api.REST, provider = "Acme", discoveryUrl = "https://idp.example/.well-known/openid-configuration",
                jwksUrl = server.url, expectedIssuer = provider.issuer, expectedAudience = "directory", scopeClaim = "scp",
                expectedScopes = listOf("directory:read"), clockSkew = 5.seconds, algorithms = listOf(Algorithm.RS256, Algorithm.EDDSA),
                tokenType = "JWT", maxAge = 10.minutes, claimsMapping = listOf("uid=\${sub},ou=People,o=acme"),
            )
            assertEquals(everything, gp.validators.create(everything))
            assertEquals(everything, gp.validators.get("acme sso"))
            assertEquals(listOf(everything), gp.validators.list())
            assertEquals("validator_exists", thrown<GatepassException.Conflict> { gp.validators.create(everything.copy(api = Api.SCIM)) }.code)
            assertEquals("expectedIssuer", thrown<GatepassException.InvalidInput> { gp.validators.create(ExternalTokenValidator("x", Api.REST, jwksUrl = server.url)) }.field)

            val new = gp.tokens.create("client", Api.REST, days(1))
            val verifier = follower.verifier(FollowOptions(keys = KeyOptions(cooldown = 100.milliseconds), subjects = Subjects.resolver { listOf("uid=found,o=acme") }))
            verifier.waitFor(new.revision)
            val guard = verifier.guard(Api.REST)
            suspend fun until(fits: (Verdict) -> Boolean, check: suspend () -> Verdict) = withTimeout(10.seconds) {
                while (!fits(check())) delay(20.milliseconds)
            }
            val claims = mapOf("aud" to "directory", "scp" to "directory:read")
            val header = "Bearer ${provider.token("ada", claims = claims)}"
            until({ it is Granted }) { guard.checkAsync(header) }
            assertEquals("uid=ada,ou=People,o=acme", guard.requireAsync(header).targetDn)
            assertEquals("client", guard.requireAsync("Bearer ${new.secret.reveal()}").name)
            assertEquals("wrong_audience", (guard.checkAsync("Bearer ${provider.token("ada")}") as Denied).reason.code)
            assertEquals("acme sso" to 1L, verifier.keyHealth().single().let { it.validator to it.keys })

            val searching = everything.copy(claimsMapping = listOf("o=acme??sub?(uid=\${sub})"))
            assertEquals(searching, gp.validators.update(searching))
            until({ it is Granted && it.access.targetDn == "uid=found,o=acme" }) { guard.checkAsync(header) }
            gp.validators.update(searching.copy(enabled = false))
            until({ it is Denied }) { guard.checkAsync(header) }
            gp.validators.update(searching)
            until({ it is Granted }) { guard.checkAsync(header) }
            gp.validators.delete("acme sso")
            until({ it is Denied }) { guard.checkAsync(header) }
            assertTrue(guard.check("Bearer ${new.secret.reveal()}") is Granted)
            assertTrue(gp.validators.list().isEmpty())
            for (gone in listOf<suspend () -> Unit>({ gp.validators.delete("acme sso") }, { gp.validators.update(everything) }, { gp.validators.get("acme sso") })) {
                assertEquals("validator_not_found", thrown<GatepassException.NotFound> { gone() }.code)
            }
            verifier.shutdown()
        }
    }
}
