package dev.gatepass

import dev.gatepass.testing.TestTokens
import java.util.concurrent.Callable
import java.util.concurrent.Executors
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

/** The ways that a check takes: the short one through memory that both sides know, the long one, and many at once. */
class CheckTest {
    @Test
    fun `what is too long for the short way goes the long one, and nobody can tell`() {
        val name = "🔑".repeat(1000)
        val scopes = List(50) { "orders:read:%040d".format(it) }
        val tokens = TestTokens()
        val secret = tokens.add(name, Api.REST, scopes = scopes, networks = listOf("10.0.0.0/8")).reveal()
        val guard = tokens.verifier().guard(Api.REST, scopes.take(2).toSet())
        val verdicts = listOf(
            guard.check("Bearer $secret", "10.0.0.1"),
            guard.check(listOf("Bearer $secret"), "10.0.0.1"),
            guard.checkSecret(secret, "10.0.0.1"),
            guard.checkSecrets(listOf(secret), "10.0.0.1").single(),
        )
        for (verdict in verdicts) {
            val access = (verdict as Granted).access
            assertEquals(name, access.name)
            assertEquals(scopes.toSet(), access.scopes)
        }
        // One byte less, as many, and one more than the short way takes; with a peer behind it, and without.
        for (length in 4050..4150) {
            val filling = " ".repeat(length - "Bearer ".length - secret.length)
            assertTrue(guard.check("Bearer $filling$secret", "10.0.0.1") is Granted, "$length")
            assertEquals("network_not_allowed", (guard.check("Bearer $filling$secret") as Denied).reason.code, "$length")
            assertEquals("malformed", (guard.checkSecret("x".repeat(length), "10.0.0.1") as Denied).reason.code, "$length")
        }
    }

    @Test
    fun `checks at one time see nothing of each other`() {
        val tokens = TestTokens()
        val secrets = List(200) { tokens.add("client-$it", Api.REST, scopes = listOf("scope:${it % 7}")).reveal() }
        val verifier = tokens.verifier()
        val guards = List(7) { verifier.guard(Api.REST, setOf("scope:$it")) }
        val threads = Executors.newFixedThreadPool(16)
        try {
            val work = List(16) { thread ->
                Callable {
                    repeat(5_000) { turn ->
                        val n = (turn * 31 + thread * 17) % secrets.size
                        val granted = guards[n % 7].check("Bearer ${secrets[n]}") as Granted
                        assertEquals("client-$n", granted.access.name)
                        val denied = guards[(n + 1) % 7].checkSecret(secrets[n]) as Denied
                        assertEquals("scope:${(n + 1) % 7}", denied.scope)
                    }
                }
            }
            threads.invokeAll(work).forEach { it.get() }
        } finally {
            threads.shutdownNow()
        }
    }

    @Test
    fun `guards come and go`() {
        val tokens = TestTokens()
        val secret = tokens.add("client", Api.REST).reveal()
        val verifier = tokens.verifier()
        val kept = verifier.guard(Api.REST)
        repeat(20) {
            repeat(200) { assertTrue(verifier.guard(Api.REST).checkSecret(secret) is Granted) }
            System.gc()
            assertTrue(kept.checkSecret(secret) is Granted)
        }
    }
}
