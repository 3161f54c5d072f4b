package dev.gatepass.spring

import dev.gatepass.Api
import dev.gatepass.Gatepass
import dev.gatepass.Secret
import dev.gatepass.Verifier
import dev.gatepass.days
import dev.gatepass.testing.TestProvider
import dev.gatepass.testing.TestTokens
import java.net.URI
import java.net.http.HttpClient
import java.net.http.HttpRequest
import java.net.http.HttpResponse
import java.nio.file.Files
import java.util.concurrent.atomic.AtomicReference
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.springframework.boot.SpringBootConfiguration
import org.springframework.boot.WebApplicationType
import org.springframework.boot.autoconfigure.EnableAutoConfiguration
import org.springframework.boot.builder.SpringApplicationBuilder
import org.springframework.context.annotation.Bean
import org.springframework.security.core.annotation.AuthenticationPrincipal
import org.springframework.web.bind.annotation.GetMapping
import org.springframework.web.bind.annotation.RestController

/** Spring Boot as an application has it, with nothing but the properties; asked over HTTP. */
class SpringTest {
    @RestController
    class Who {
        @GetMapping("/who")
        fun who(@AuthenticationPrincipal principal: GatepassPrincipal): String =
            "${principal.name} ${principal.access.targetDn} ${principal.authorities.map { "${it.authority}" }.sorted()}"
    }

    @SpringBootConfiguration
    @EnableAutoConfiguration
    open class Application {
        @Bean open fun who() = Who()
    }

    @SpringBootConfiguration
    @EnableAutoConfiguration
    open class WithVerifier {
        @Bean open fun who() = Who()

        @Bean(destroyMethod = "") open fun verifier(): Verifier = VERIFIER.get()
    }

    private fun run(application: Class<*>, type: WebApplicationType, vararg properties: String, work: (String) -> Unit) {
        val arguments = (properties.toList() + listOf("server.port=0", "server.address=127.0.0.1", "spring.main.banner-mode=off", "logging.level.root=warn"))
        SpringApplicationBuilder(application).web(type).properties(*arguments.toTypedArray()).run().use { context ->
            work("http://127.0.0.1:${context.environment.getProperty("local.server.port")}/who")
        }
    }

    private fun get(url: String, token: String?): HttpResponse<String> {
        val request = HttpRequest.newBuilder(URI(url)).apply { token?.let { header("Authorization", "Bearer $it") } }.build()
        return HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString())
    }

    private fun checks(application: Class<*>, type: WebApplicationType, good: Secret, expected: String, vararg properties: String) =
        run(application, type, *properties) { url ->
            val granted = get(url, good.reveal())
            assertEquals(200 to expected, granted.statusCode() to granted.body())
            assertEquals(401, get(url, null).statusCode())
            val refused = get(url, "gpr_8fK2mQ0aZx71_d9Jw0Qb3yVn5uTz1KcXe7Lg2Rh4Ms6p0ghEG1")
            assertEquals(401, refused.statusCode())
            assertTrue(refused.headers().firstValue("WWW-Authenticate").get().contains("error=\"invalid_token\""))
            assertTrue(!refused.headers().toString().contains("unknown"))
        }

    @Test
    fun `servlets and WebFlux check by the store that the properties name`() {
        val store = Files.createTempDirectory("gatepass").resolve("tokens.db").toString()
        val secret = runBlocking {
            Gatepass.open(store).use {
                it.tokens.create("reader", Api.REST, days(1), scopes = listOf("orders:read"), targetDn = "uid=r,o=acme").secret
            }
        }
        for (type in listOf(WebApplicationType.SERVLET, WebApplicationType.REACTIVE)) {
            checks(Application::class.java, type, secret, "reader uid=r,o=acme [SCOPE_orders:read]", "gatepass.store=$store")
        }
    }

    @Test
    fun `networks are kept, and the vendor's scopes have one prefix`() {
        val tokens = TestTokens()
        val secret = tokens.add("admin", Api.CONFIG, roles = listOf("Security Administrator"), networks = listOf("127.0.0.0/8"))
        val elsewhere = tokens.add("elsewhere", Api.CONFIG, roles = listOf("Read Only"), networks = listOf("10.0.0.0/8"))
        VERIFIER.set(tokens.verifier())
        for (type in listOf(WebApplicationType.SERVLET, WebApplicationType.REACTIVE)) {
            run(WithVerifier::class.java, type, "gatepass.api=config") { url ->
                val body = get(url, secret.reveal()).body()
                assertTrue(body.contains("SCOPE_SECURITY_ACCESS_CONTROL_EDIT") && !body.contains("SCOPE_SCOPE"), body)
                assertEquals(401, get(url, elsewhere.reveal()).statusCode())
            }
        }
    }

    @Test
    fun `a verifier that is stale is a 503`() {
        for (type in listOf(WebApplicationType.SERVLET, WebApplicationType.REACTIVE)) {
            val (secret, verifier) = runBlocking {
                Gatepass.open(Files.createTempDirectory("gatepass").resolve("tokens.db")).use { gp ->
                    gp.tokens.create("reader", Api.REST, days(1)).secret to gp.verifier()
                }
            }
            VERIFIER.set(verifier)
            run(WithVerifier::class.java, type) { url ->
                assertEquals(200, get(url, secret.reveal()).statusCode())
                verifier.close()
                val answer = get(url, secret.reveal())
                assertEquals(503 to "1", answer.statusCode() to answer.headers().firstValue("Retry-After").orElse(null))
            }
        }
    }

    @Test
    fun `a token of a provider gives a principal too, and is a 503 where its keys are away`() {
        val (tokens, provider, away) = Triple(TestTokens(), TestProvider(), TestProvider("https://away.example"))
        val secret = tokens.add("reader", Api.REST, scopes = listOf("orders:read"))
        val validators = listOf(provider.validator("sso", Api.REST).copy(claimsMapping = listOf("uid=\${sub},o=acme")), away.validator("away", Api.REST))
        val verifier = tokens.verifier(validators, provider.keys)
        VERIFIER.set(verifier)
        for (type in listOf(WebApplicationType.SERVLET, WebApplicationType.REACTIVE)) {
            run(WithVerifier::class.java, type) { url ->
                assertEquals("sso uid=ada,o=acme [SCOPE_orders:read]", get(url, provider.token("ada", listOf("orders:read"))).body())
                assertEquals("reader null [SCOPE_orders:read]", get(url, secret.reveal()).body())
                assertEquals(401, get(url, TestProvider().token("ada")).statusCode())
                val unavailable = get(url, away.token("ada"))
                assertEquals(503 to true, unavailable.statusCode() to unavailable.headers().firstValue("Retry-After").isPresent)
            }
        }
        val principal = GatepassOpaqueTokenIntrospector(verifier.guard(Api.REST)).introspect(provider.token("ada", claims = mapOf("email" to "ada@acme.example", "none" to null)))
        assertEquals(listOf("sso", "uid=ada,o=acme", provider.issuer, "ada@acme.example", "ada"), principal.run { listOf(name) + listOf("sub", "iss", "email").map { attributes[it] } + access.subject })
    }

    private companion object {
        val VERIFIER = AtomicReference<Verifier>()
    }
}
