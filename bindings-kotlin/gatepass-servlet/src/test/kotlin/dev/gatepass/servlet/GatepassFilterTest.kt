package dev.gatepass.servlet

import dev.gatepass.Api
import dev.gatepass.testing.TestProvider
import dev.gatepass.testing.TestTokens
import jakarta.servlet.DispatcherType
import jakarta.servlet.http.HttpServlet
import jakarta.servlet.http.HttpServletRequest
import jakarta.servlet.http.HttpServletResponse
import java.net.Socket
import java.util.EnumSet
import java.util.concurrent.CopyOnWriteArrayList
import org.eclipse.jetty.ee10.servlet.FilterHolder
import org.eclipse.jetty.ee10.servlet.ServletContextHandler
import org.eclipse.jetty.ee10.servlet.ServletHolder
import org.eclipse.jetty.server.Server
import org.eclipse.jetty.server.ServerConnector
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

/** The filter in Jetty, asked over a socket. */
class GatepassFilterTest {
    private val tokens = TestTokens()
    private val reader = tokens.add("reader", Api.REST, scopes = listOf("orders:read"), targetDn = "uid=r,o=acme")
    private val other = tokens.add("other", Api.REST)
    private val provider = TestProvider()
    private val away = TestProvider("https://away.example")
    private val reasons = CopyOnWriteArrayList<String>()
    private val server = Server(0).apply {
        val validators = listOf(provider.validator("sso", Api.REST).copy(claimsMapping = listOf("uid=\${sub},o=acme")), away.validator("away", Api.REST))
        val guard = tokens.verifier(validators, provider.keys).guard(Api.REST, setOf("orders:read"))
        val filter = GatepassFilter(guard, "orders") { _, denied -> reasons.add(denied.reason.code) }
        handler = ServletContextHandler().apply {
            addServlet(ServletHolder(Orders()), "/orders")
            addFilter(FilterHolder(filter), "/*", EnumSet.allOf(DispatcherType::class.java))
        }
        start()
    }

    private class Orders : HttpServlet() {
        override fun doGet(request: HttpServletRequest, response: HttpServletResponse) {
            val access = GatepassFilter.access(request)!!
            val roles = listOf("orders:read", "orders:write").map(request::isUserInRole)
            response.writer.print("${request.userPrincipal.name} ${access.targetDn} $roles ${request.authType}")
        }
    }

    @AfterEach
    fun stop() = server.stop()

    /** The whole answer, as it comes. */
    private fun get(vararg headers: String): String = Socket("127.0.0.1", (server.connectors[0] as ServerConnector).localPort).use {
        val lines = listOf("GET /orders HTTP/1.1", "Host: x", "Connection: close") + headers + listOf("", "")
        it.getOutputStream().write(lines.joinToString("\r\n").toByteArray(Charsets.ISO_8859_1))
        it.getInputStream().readAllBytes().toString(Charsets.ISO_8859_1)
    }

    @Test
    fun `a good token comes through, with what it permits`() {
        val answer = get("Authorization: Bearer ${reader.reveal()}")
        assertTrue(answer.startsWith("HTTP/1.1 200"), answer)
        assertTrue(answer.endsWith("reader uid=r,o=acme [true, false] Bearer"), answer)
    }

    @Test
    fun `a token of a provider comes through the same filter, and is a 503 where its keys are away`() {
        val answer = get("Authorization: Bearer ${provider.token("ada", listOf("orders:read"))}")
        assertTrue(answer.startsWith("HTTP/1.1 200") && answer.endsWith("sso uid=ada,o=acme [true, false] Bearer"), answer)
        val scope = get("Authorization: Bearer ${provider.token("ada")}")
        assertTrue(scope.startsWith("HTTP/1.1 403") && scope.contains("scope=\"orders:read\""), scope)
        val unavailable = get("Authorization: Bearer ${away.token("ada", listOf("orders:read"))}")
        assertTrue(unavailable.startsWith("HTTP/1.1 503") && unavailable.contains("Retry-After: "), unavailable)
        assertEquals(listOf("insufficient_scope", "keys_unavailable"), reasons)
    }

    @Test
    fun `all else is answered as RFC 6750 says`() {
        val bare = get()
        assertTrue(bare.startsWith("HTTP/1.1 401") && bare.contains("WWW-Authenticate: Bearer realm=\"orders\"\r\n"), bare)
        val unknown = get("Authorization: Bearer gpr_of_nobody")
        assertTrue(unknown.startsWith("HTTP/1.1 401") && unknown.contains("error=\"invalid_token\""), unknown)
        val scope = get("Authorization: Bearer ${other.reveal()}")
        assertTrue(scope.startsWith("HTTP/1.1 403") && scope.contains("scope=\"orders:read\""), scope)
        val two = get("Authorization: Bearer ${reader.reveal()}", "Authorization: Bearer ${reader.reveal()}")
        assertTrue(two.startsWith("HTTP/1.1 400") && two.contains("error=\"invalid_request\""), two)
        assertEquals(listOf("missing", "malformed", "insufficient_scope", "invalid_header"), reasons)
        assertTrue(listOf(bare, unknown, scope, two).none { it.contains("reader") })
    }
}
