package dev.gatepass

import dev.gatepass.testing.TestTokens
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

/** What nobody should send, and somebody does: an exception that says what is wrong, and never the end of the JVM. */
class BadInputTest {
    private val tokens = TestTokens()
    private val secret = tokens.add("t", Api.REST)
    private val guard = tokens.verifier().guard(Api.REST)
    private val half = "\uD83D"

    @Test
    fun `a header is denied, whatever it is`() {
        val huge = "A".repeat(50_000_000)
        for (header in listOf("", " ", "Bearer", "Bearer ", half, "Bearer $half", "Bearer ${secret.reveal()}$half", huge, "Bearer $huge", "Bearer \u0000", "Bearer 🔑")) {
            assertTrue(guard.check(header) is Denied, header.take(20))
            assertTrue(guard.checkSecret(header) is Denied, header.take(20))
        }
        assertEquals("invalid_header", (guard.check("Bearer $huge") as Denied).reason.code)
        assertEquals("invalid_header", (guard.check(listOf("Bearer ${secret.reveal()}", "Bearer ${secret.reveal()}")) as Denied).reason.code)
        assertEquals("missing", (guard.check(null) as Denied).reason.code)
        assertEquals("missing", (guard.check(emptyList()) as Denied).reason.code)
        assertTrue(guard.check(listOf("bearer ${secret.reveal()}")) is Granted)
    }

    @Test
    fun `a peer that is none is not known`() {
        val bound = TestTokens().let { it.add("t", Api.REST, networks = listOf("fe80::/10", "10.0.0.0/8")) to it.verifier().guard(Api.REST) }
        for (peer in listOf("", half, "x".repeat(1_000_000), "10.0.0.1/8", "localhost", null)) {
            assertTrue(bound.second.checkSecret(bound.first, peer) is Denied, peer?.take(20))
            assertTrue(bound.second.check(listOf("a", "b"), peer) is Denied)
        }
        for (peer in listOf("10.0.0.1", "::ffff:10.0.0.1", "fe80::1%eth0")) assertTrue(bound.second.checkSecret(bound.first, peer) is Granted, peer)
    }

    @Test
    fun `texts with half of a pair are refused by name`() = runBlocking {
        assertEquals("text_malformed", thrown<GatepassException.InvalidInput> { Secret.of(half) }.code)
        assertEquals("text_malformed", thrown<GatepassException.InvalidInput> { Gatepass.open("$half.db") }.code)
        assertEquals("text_malformed", thrown<GatepassException.InvalidInput> { Role.fromJson("{\"name\":\"$half\"}") }.code)
        assertEquals("secret_malformed", thrown<GatepassException.InvalidInput> { Secret.of("A".repeat(10_000_000)) }.code)
        assertEquals("secret_redacted", thrown<GatepassException.InvalidInput> { Secret.of(secret.toString()) }.code)
        Unit
    }

    @Test
    fun `a role that is none is refused by name`() {
        for (json in listOf("", "[]", "{", "{\"name\":1}")) assertTrue(thrown<GatepassException.InvalidInput> { Role.fromJson(json) }.field == "role", json)
    }

    @Test
    fun `many secrets at once are checked as each by itself`() {
        val secrets = List(10_000) { if (it % 3 == 0) secret.reveal() else if (it % 3 == 1) "nonsense $it" else "" } +
            listOf(half, "A".repeat(100_000), "${secret.reveal()}\n${secret.reveal()}")
        val verdicts = guard.checkSecrets(secrets)
        assertEquals(secrets.size, verdicts.size)
        for ((one, verdict) in secrets zip verdicts) assertEquals(guard.checkSecret(one).toString(), verdict.toString())
        assertEquals(emptyList<Verdict>(), guard.checkSecrets(emptyList()))
    }
}
