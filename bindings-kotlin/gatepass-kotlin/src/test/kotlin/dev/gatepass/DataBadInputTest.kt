package dev.gatepass

import kotlinx.coroutines.flow.collect
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

/** Servers that are none, or mean ill: a clear error each, and the token nowhere in it. */
class DataBadInputTest {
    private val people = """{"resources": ${people(0..2)}, "totalResults": -2, "cookie": "c"}"""
    private val users = """{"totalResults": 99, "startIndex": 1, "Resources": [{"id": "a"}, {"id": "b"}]}"""

    private fun both(answer: (Asked) -> Reply, check: (GatepassException) -> Unit) = runBlocking {
        for (path in listOf("/adap", "/scim2/v2")) Scripted(path, answer).use { server ->
            val options = ConnectOptions(attempts = 1)
            val error = if (path == "/adap") RestClient(server.url, Credential.of(Secret.of(TOKEN)), options).use { thrown<GatepassException> { it.search("o=x").collect {} } }
            else ScimClient(server.url, Credential.of(Secret.of(TOKEN)), options).use { thrown<GatepassException> { it.resources("Users").list().collect {} } }
            check(error)
            val told = error.stackTraceToString() + error.code + error.field + error.requestId
            assertFalse(TOKEN in told || TOKEN.drop(4) in told, told)
        }
    }

    @Test
    fun `one that ends mid-body`() = both({ Reply(if ("adap" in it.line) people else users, cut = true) }) { assertTrue(it is GatepassException.Unavailable, "$it") }

    @Test
    fun `one that sends HTML`() {
        for (status in listOf(200, 500, 401)) both({ Reply("<html>$TOKEN</html>", status, mapOf("Content-Type" to "text/html")) }) {
            when (status) {
                200 -> assertEquals("answer_malformed", it.code)
                401 -> assertTrue(it is GatepassException.Unauthorized)
                else -> assertEquals(500, it.status)
            }
        }
    }

    @Test
    fun `one whose cursor loops`() = both({ Reply(if ("adap" in it.line) people else users) }) { assertEquals("cursor_loops", it.code) }

    @Test
    fun `one that echoes the token`() {
        both({ Reply("""{"ldapCode": 49, "detail": "no such token: $TOKEN", "description": "no such token: $TOKEN"}""", 401) }) { assertTrue(it is GatepassException.Unauthorized) }
        both({ Reply("""{"detail": "$TOKEN"}""", 400, mapOf("X-Request-Id" to TOKEN)) }) { assertEquals(400, it.status) }
    }

    @Test
    fun `one that redirects elsewhere`() = Scripted("/adap") { Reply(people) }.use { elsewhere ->
        both({ Reply("", 302, mapOf("Location" to elsewhere.url)) }) { assertEquals("redirected", it.code) }
        assertTrue(elsewhere.asked.isEmpty())
    }

    @Test
    fun `one that sends what is no entry and no resource`() {
        for (body in listOf("", "null", "7", "[]", "{}", """{"resources": 7}""", """{"resources": [7], "Resources": [7], "totalResults": 1}""", """{"resources": [{"dn": 7}], "Resources": [[]], "totalResults": 1}""")) {
            both({ Reply(body) }) { assertEquals("answer_malformed", it.code, body) }
        }
        val deep = "[".repeat(200_000) + "]".repeat(200_000)
        both({ Reply("""{"resources": [{"dn": "o=x", "attributes": {"a": $deep}}], "Resources": $deep, "totalResults": 1}""") }) { assertTrue(it is GatepassException.Protocol, it.code) }
    }

    @Test
    fun `a provider that fails is the cause`() = Scripted("/adap") { Reply(people) }.use { server ->
        val sealed = IllegalArgumentException("the keystore is locked")
        RestClient(server.url, Credential.provider { throw sealed }).use { rest ->
            val error = runBlocking { thrown<GatepassException.Unauthorized> { rest.search("o=x").all() } }
            assertEquals(sealed, error.cause)
        }
    }
}
