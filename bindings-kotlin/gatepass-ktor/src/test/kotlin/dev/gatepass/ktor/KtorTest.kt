package dev.gatepass.ktor

import dev.gatepass.Api
import dev.gatepass.Credential
import dev.gatepass.Guard
import dev.gatepass.Verifier
import dev.gatepass.testing.TestProvider
import dev.gatepass.testing.TestTokens
import com.sun.net.httpserver.HttpServer
import io.ktor.client.HttpClient
import io.ktor.client.engine.cio.CIO as ClientCIO
import io.ktor.client.plugins.auth.Auth
import io.ktor.client.request.get
import io.ktor.client.request.header
import io.ktor.client.statement.HttpResponse
import io.ktor.client.statement.bodyAsText
import io.ktor.http.HttpHeaders
import io.ktor.server.application.install
import io.ktor.server.auth.Authentication
import io.ktor.server.auth.authenticate
import io.ktor.server.cio.CIO
import io.ktor.server.engine.embeddedServer
import io.ktor.server.response.respondText
import io.ktor.server.routing.get
import io.ktor.server.routing.routing
import java.net.InetAddress
import java.net.InetSocketAddress
import java.util.concurrent.CopyOnWriteArrayList
import java.util.concurrent.CountDownLatch
import java.util.concurrent.atomic.AtomicInteger
import java.util.concurrent.atomic.AtomicReference
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.async
import kotlinx.coroutines.delay
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

/** Server and client of Ktor, over a real socket. */
class KtorTest {
    private val tokens = TestTokens()
    private val reader = tokens.add("reader", Api.REST, scopes = listOf("orders:read"), targetDn = "uid=r,o=acme")
    private val other = tokens.add("other", Api.REST)
    private val reasons = CopyOnWriteArrayList<String>()

    private fun served(guard: Guard, work: suspend CoroutineScope.(String) -> Unit) = runBlocking {
        val server = embeddedServer(CIO, port = 0, host = "127.0.0.1") {
            install(Authentication) { gatepass(guard = guard, realm = "orders") { _, denied -> reasons.add(denied.reason.code) } }
            routing {
                authenticate { get("/orders") { call.respondText("${call.access.name} ${call.access.targetDn}") } }
                get("/open") { call.respondText(call.request.headers[HttpHeaders.Authorization] ?: "none") }
            }
        }.start()
        try {
            work("http://127.0.0.1:${server.engine.resolvedConnectors().first().port}")
        } finally {
            server.stop(0, 0)
        }
    }

    private val guard = tokens.verifier().guard(Api.REST, setOf("orders:read"))

    @Test
    fun `a good token comes through, and all else is answered as RFC 6750 says`() = served(guard) { url ->
        HttpClient(ClientCIO).use { http ->
            suspend fun get(vararg values: String): HttpResponse = http.get("$url/orders") { values.forEach { header(HttpHeaders.Authorization, it) } }
            assertEquals("reader uid=r,o=acme", get("bearer ${reader.reveal()}").bodyAsText())
            val bare = get()
            assertEquals(401 to "Bearer realm=\"orders\"", bare.status.value to bare.headers[HttpHeaders.WWWAuthenticate])
            val unknown = get("Bearer gpr_of_nobody")
            assertTrue(unknown.status.value == 401 && unknown.headers[HttpHeaders.WWWAuthenticate]!!.contains("invalid_token"))
            val scope = get("Bearer ${other.reveal()}")
            assertTrue(scope.status.value == 403 && scope.headers[HttpHeaders.WWWAuthenticate]!!.contains("scope=\"orders:read\""))
            assertEquals(400, get("Bearer ${reader.reveal()}", "Bearer ${reader.reveal()}").status.value)
            assertEquals(listOf("missing", "malformed", "insufficient_scope", "invalid_header"), reasons)
        }
    }

    @Test
    fun `a token of a provider comes through the same guard, and its keys are waited for`() {
        val provider = TestProvider()
        val both = tokens.verifier(listOf(provider.validator("sso", Api.REST)), provider.keys).guard(Api.REST, setOf("orders:read"))
        suspend fun HttpClient.orders(url: String, token: String) = get("$url/orders") { header(HttpHeaders.Authorization, "Bearer $token") }
        served(both) { url ->
            HttpClient(ClientCIO).use { http ->
                assertEquals("sso null", http.orders(url, provider.token("ada", listOf("orders:read"))).bodyAsText())
                assertEquals("reader uid=r,o=acme", http.orders(url, reader.reveal()).bodyAsText())
                assertEquals(403, http.orders(url, provider.token("ada")).status.value)
            }
        }
        val answered = CountDownLatch(1)
        val fetched = HttpServer.create(InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0)
        val there = TestProvider(jwksUrl = "http://127.0.0.1:${fetched.address.port}/jwks")
        fetched.createContext("/jwks") { exchange ->
            answered.await()
            val body = there.jwks.toByteArray()
            exchange.sendResponseHeaders(200, body.size.toLong())
            exchange.responseBody.use { it.write(body) }
        }
        fetched.start()
        val verifier = Verifier.external(listOf(there.validator("sso", Api.REST)))
        try {
            served(verifier.guard(Api.REST)) { url ->
                HttpClient(ClientCIO).use { http ->
                    val waiting = async { http.orders(url, there.token("ada")) }
                    delay(100)
                    assertTrue(waiting.isActive)
                    answered.countDown()
                    assertEquals(200, waiting.await().status.value)
                }
            }
        } finally {
            verifier.close()
            fetched.stop(0)
        }
    }

    @Test
    fun `the client sends its token, and another one when that was refused`() = served(guard) { url ->
        val (now, asked) = AtomicReference(tokens.add("unknown to the guard", Api.REST)) to AtomicInteger()
        val credential = Credential.provider { asked.incrementAndGet(); now.get() }
        HttpClient(ClientCIO) { install(Auth) { gatepass(credential, "127.0.0.1") } }.use { http ->
            assertEquals(401, http.get("$url/orders").status.value)
            now.set(reader)
            assertEquals(200, http.get("$url/orders").status.value)
            assertEquals(200, http.get("$url/orders").status.value)
            assertTrue(asked.get() in 2..4, "$asked")
        }
        HttpClient(ClientCIO) { install(Auth) { gatepass(credential, "example.org") } }.use { http ->
            assertEquals("none", http.get("$url/open").bodyAsText(), "a token goes to the hosts that were named")
            assertNull(http.get("$url/open").headers[HttpHeaders.WWWAuthenticate])
        }
    }
}
