package dev.gatepass

import dev.gatepass.testing.TestProvider
import dev.gatepass.testing.TestTokens
import dev.gatepass.testing.externalVerifierOf
import java.net.ServerSocket
import java.util.concurrent.CountDownLatch
import java.util.concurrent.atomic.AtomicInteger
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlin.time.measureTime
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.delay
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonPrimitive
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNotNull
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertSame
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

/** Tokens of other issuers, whose keys are fetched from a real server on loopback, or given. */
class ExternalTest {
    private val server = Scripted("/jwks") { Reply(provider.jwks) }
    private val provider: TestProvider = TestProvider("https://idp.example", server.url)
    private val validator = provider.validator("idp", Api.REST)
    private val keys = KeyOptions(cooldown = 100.milliseconds, timeout = 2.seconds)

    @AfterEach
    fun stop() = server.close()

    private fun reason(verdict: Verdict): String = (verdict as Denied).reason.code

    private suspend fun settled(verifier: Verifier, fits: (KeyHealth) -> Boolean): KeyHealth = withTimeout(10.seconds) {
        while (!fits(verifier.keyHealth().single())) delay(10.milliseconds)
        verifier.keyHealth().single()
    }

    @Test
    fun `keys that are being fetched are waited for, by all who ask, and fetched once`() = runBlocking {
        val answered = CountDownLatch(1)
        server.answer = { answered.await(); Reply(provider.jwks) }
        Verifier.external(listOf(validator), keys).use { verifier ->
            val guard = verifier.guard(Api.REST, setOf("orders:read"))
            val header = "Bearer ${provider.token("ada", listOf("orders:read"))}"
            val early = guard.check(header) as Denied
            assertEquals("keys_unavailable", early.reason.code)
            assertEquals(503 to 1, early.answer("orders").run { status to (retryAfter ?: 0).coerceAtMost(1) })
            assertTrue(verifier.keyHealth().single().isUnavailable)
            val asking = List(20) { CoroutineScope(Dispatchers.Default).async { guard.checkAsync(header) } }
            val bare = CoroutineScope(Dispatchers.Default).async { guard.checkSecretAsync(header.removePrefix("Bearer ")) }
            delay(50.milliseconds)
            answered.countDown()
            assertTrue((asking.awaitAll() + bare.await()).all { it is Granted })
            assertEquals(1, server.asked.size)
            assertTrue(guard.check(header) is Granted)
            val access = guard.requireAsync(header)
            assertEquals(listOf("idp", "ada", "https://idp.example"), listOf(access.name, access.subject, access.issuer))
            assertEquals(setOf("orders:read") to JsonPrimitive("orders:read"), access.scopes to access.claims?.get("scope"))
            assertEquals("missing", reason(guard.checkAsync(null)))
            assertEquals("insufficient_scope", reason(guard.checkAsync("Bearer ${provider.token("ada")}")))
            thrown<GatepassException.AccessDenied> { guard.requireAsync(listOf("Bearer nonsense")) }
            val health = verifier.keyHealth().single()
            assertEquals(listOf("idp", server.url, 1L, 0L, 1L, false), health.run { listOf(validator, url, this.keys, failures, fetches, isUnavailable) })
            assertNotNull(health.fetchedOn)
            assertNull(health.trouble)
        }
    }

    @Test
    fun `a new key is found, and the one before it is good no more`() = runBlocking {
        Verifier.external(listOf(validator), keys).use { verifier ->
            val guard = verifier.guard(Api.REST)
            val old = "Bearer ${provider.token("ada")}"
            assertTrue(guard.checkAsync(old) is Granted)
            repeat(3) {
                provider.rotate()
                val new = "Bearer ${provider.token("ada")}"
                // The cooldown is over for long before the time to wait is.
                assertTrue(guard.checkAsync(new) is Granted)
                assertTrue(guard.check(new) is Granted)
                assertEquals("bad_signature", reason(guard.checkAsync(old)))
            }
        }
    }

    @Test
    fun `a provider that is down, huge, or no provider is a 503 and says why`() = runBlocking {
        val broken = mapOf<String, (Asked) -> Reply>(
            "keys_too_large" to { Reply("""{"keys":[],"x":"${"x".repeat(1 shl 20)}"}""") },
            "jwks_malformed" to { Reply("<!DOCTYPE html><title>Sign in</title>", headers = mapOf("Content-Type" to "text/html")) },
            "keys_status" to { Reply("{}", status = 500) },
        )
        val found = broken.mapValues { (_, answer) ->
            server.answer = answer
            Verifier.external(listOf(validator), KeyOptions(cooldown = 100.milliseconds, timeout = 300.milliseconds)).use { verifier ->
                val denied = verifier.guard(Api.REST).checkAsync("Bearer ${provider.token("ada")}") as Denied
                assertEquals("keys_unavailable" to 503, denied.reason.code to denied.answer("x").status)
                val health = settled(verifier) { it.failures > 0 }
                assertTrue(health.isUnavailable)
                health.trouble!!.code
            }
        }
        assertEquals(broken.mapValues { it.key }, found)
        val nobody = ServerSocket(0).use { "http://127.0.0.1:${it.localPort}/jwks" }
        Verifier.external(listOf(validator.copy(jwksUrl = nobody)), KeyOptions(timeout = 300.milliseconds)).use { verifier ->
            assertEquals("keys_unavailable", reason(verifier.guard(Api.REST).checkAsync("Bearer ${provider.token("ada")}")))
            assertTrue(settled(verifier) { it.trouble != null }.trouble is GatepassException.Unavailable)
        }
    }

    @Test
    fun `who cancels waits no more`() = runBlocking<Unit> {
        ServerSocket(0).use { silent ->
            val there = validator.copy(jwksUrl = "http://127.0.0.1:${silent.localPort}/jwks")
            Verifier.external(listOf(there), KeyOptions(timeout = 60.seconds)).use { verifier ->
                val guard = verifier.guard(Api.REST)
                val asking = CoroutineScope(Dispatchers.Default).async { guard.checkAsync("Bearer ${provider.token("ada")}") }
                delay(100.milliseconds)
                assertTrue(asking.isActive)
                val took = measureTime { asking.cancel(); thrown<CancellationException> { asking.await() } }
                assertTrue(took < 5.seconds, "$took")
            }
        }
    }

    @Test
    fun `whom a token acts as is searched for by a function or a client`() = runBlocking<Unit> {
        val mapped = validator.copy(claimsMapping = listOf("ou=People,o=acme??one?(mail=\${email})"))
        fun token(email: String) = "Bearer ${provider.token("ada", claims = mapOf("email" to email))}"
        val searches = java.util.concurrent.CopyOnWriteArrayList<SubjectSearch>()
        val resolver = Subjects.resolver { search ->
            searches.add(search)
            delay(20.milliseconds)
            when {
                "one" in search.filter -> listOf("uid=ada,ou=People,o=acme")
                "two" in search.filter -> listOf("uid=a,o=acme", "uid=b,o=acme")
                "nobody" in search.filter -> emptyList()
                else -> throw IllegalStateException("the directory is down")
            }
        }
        Verifier.external(listOf(mapped), keys, resolver).use { verifier ->
            val guard = verifier.guard(Api.REST)
            assertEquals("uid=ada,ou=People,o=acme", guard.requireAsync(token("one(*)@acme.example")).targetDn)
            assertEquals(SubjectSearch("ou=People,o=acme", SearchScope.ONE, "(mail=one\\28\\2a\\29@acme.example)"), searches.single())
            assertEquals("unknown", reason(guard.checkAsync(token("two@acme.example"))))
            assertEquals("unknown", reason(guard.checkAsync(token("nobody@acme.example"))))
            assertEquals("keys_unavailable", reason(guard.checkAsync(token("failing@acme.example"))))
            assertEquals(4, searches.size)
        }
        val future = Subjects.future { java.util.concurrent.CompletableFuture.completedFuture(listOf("uid=f,o=acme")) }
        Verifier.external(listOf(mapped), keys, future).use { assertEquals("uid=f,o=acme", it.guard(Api.REST).requireAsync(token("x")).targetDn) }
        Scripted("/adap", paging(1, 10)).use { directory ->
            RestClient(directory.url, Credential.of(Secret.of(TOKEN))).use { rest ->
                Verifier.external(listOf(mapped), keys, Subjects.of(rest)).use { verifier ->
                    assertEquals("uid=u0,o=x", verifier.guard(Api.REST).requireAsync(token("u0@acme.example")).targetDn)
                }
            }
            assertTrue(directory.asked.first().line.contains("u0%40acme.example"), directory.asked.first().line)
        }
        // Nobody searches.
        Verifier.external(listOf(mapped), KeyOptions(timeout = 200.milliseconds)).use { assertEquals("keys_unavailable", reason(it.guard(Api.REST).checkAsync(token("x")))) }
    }

    @Test
    fun `a JWT and an access token come through the same guard`() {
        val tokens = TestTokens()
        val secret = tokens.add("client", Api.REST, scopes = listOf("orders:read"))
        val guard = tokens.verifier(listOf(validator.copy(claimsMapping = listOf("uid=\${sub},o=acme"))), provider.keys).guard(Api.REST, setOf("orders:read"))
        val jwt = provider.token("a,b", listOf("orders:read"))
        val verdicts = listOf(guard.check("Bearer $jwt"), guard.check(listOf("Bearer $jwt")), guard.checkSecret(jwt), guard.checkSecrets(listOf(jwt)).single())
        for (verdict in verdicts) assertEquals("idp" to "uid=a\\,b,o=acme", (verdict as Granted).access.run { name to targetDn })
        assertEquals(1, verdicts.toSet().size)
        val access = guard.require("Bearer ${secret.reveal()}")
        assertEquals(listOf("client", null, null, null), access.run { listOf(name, claims, subject, issuer) })
        assertEquals("bad_signature", reason(guard.check("Bearer ${TestProvider(provider.issuer).token("ada", listOf("orders:read"))}")))
    }

    @Test
    fun `what does not fit into the short way is granted as well`() {
        val others = mapOf("nothing" to JsonNull, "number" to JsonPrimitive(9007199254740993), "text" to JsonPrimitive("\"\\\u0000é\n"))
        val guard = externalVerifierOf(listOf(validator), provider.keys).guard(Api.REST)
        for (size in listOf(1, 300, 600, 900)) {
            val groups = "x🔑".repeat(size)
            val said = mapOf("groups" to groups, "nothing" to null, "number" to 9007199254740993, "text" to "\"\\\u0000é\n")
            val access = guard.require("Bearer ${provider.token("ada", claims = said)}")
            for ((name, value) in others + ("groups" to JsonPrimitive(groups))) assertEquals(value, access.claims?.get(name))
            assertSame(access.claims, access.claims)
        }
    }

    @Test
    fun `hostile tokens are denied, and what is wrong is refused by name`() = runBlocking<Unit> {
        val verifier = externalVerifierOf(listOf(validator), provider.keys)
        val guard = verifier.guard(Api.REST)
        val good = provider.token("ada")
        for (token in listOf("a".repeat(1 shl 20), "a.b.c", "..", good + "\uD83D", "$good.", good.dropLast(4), "${"x".repeat(500_000)}.${"y".repeat(500_000)}.z")) {
            val verdicts = listOf(guard.check("Bearer $token"), guard.checkSecret(token), guard.checkAsync("Bearer $token"), guard.checkSecretAsync(token))
            assertTrue(verdicts.all { it is Denied }, token.take(40))
        }
        assertEquals("invalid_header", reason(guard.checkAsync(listOf("Bearer $good", "Bearer $good"))))
        fun refused(field: String, call: () -> Unit) = assertEquals(field, thrown<GatepassException.InvalidInput> { call() }.field)
        refused("expectedIssuer") { ExternalTokenValidator("x", Api.REST, jwksUrl = server.url).check() }
        refused("clockSkew") { validator.copy(clockSkew = 1500.milliseconds).check() }
        refused("clockSkew") { validator.copy(clockSkew = (-1).seconds).check() }
        refused("maxAge") { validator.copy(maxAge = 0.seconds).check() }
        refused("claimsMapping") { Verifier.external(listOf(validator.copy(claimsMapping = listOf("uid=\${sub")))) }
        refused("api") { externalVerifierOf(listOf(validator.copy(api = Api.CONFIG)), provider.keys) }
        refused("cooldown") { Verifier.external(listOf(validator), KeyOptions(cooldown = 1.milliseconds)) }
        refused("maxSize") { Verifier.external(listOf(validator), KeyOptions(maxSize = -1)) }
        refused("unknownKids") { Verifier.external(listOf(validator), KeyOptions(unknownKids = 0)) }
        assertEquals("certificate_malformed", thrown<GatepassException> { Verifier.external(listOf(validator), KeyOptions(certificateAuthorities = listOf("x".toByteArray()))) }.code)
        assertEquals("jwks_malformed", thrown<GatepassException.Protocol> { externalVerifierOf(listOf(validator), mapOf(server.url to "{}")) }.code)
        for (json in listOf("", "[]", "{}", """{"name":"x","api":"REST","algorithms":["none"]}""")) refused("validator") { ExternalTokenValidator.fromJson(json) }
        assertEquals(validator, ExternalTokenValidator.fromJson(validator.toJson()))
        assertTrue(verifier.validatorFaults().isEmpty())
    }

    @Test
    fun `what was closed fetches nothing more, and its guards deny`() = runBlocking<Unit> {
        val verifier = Verifier.external(listOf(validator), keys)
        val guard = verifier.guard(Api.REST)
        val header = "Bearer ${provider.token("ada")}"
        assertTrue(guard.checkAsync(header) is Granted)
        verifier.close()
        verifier.close()
        for (verdict in listOf(guard.check(header), guard.checkAsync(header))) assertEquals("stale", (verdict as Denied).reason.code)
        thrown<GatepassException.Closed> { verifier.guard(Api.REST) }
        thrown<GatepassException.Closed> { verifier.keyHealth() }
        thrown<GatepassException.Closed> { verifier.validatorFaults() }
        RestClient(server.url, Credential.of(Secret.of(TOKEN))).apply { close() }.let { thrown<GatepassException.Closed> { Subjects.of(it) } }
    }

    @Test
    fun `checks at one time each see their own token`() {
        val guard = externalVerifierOf(listOf(validator), provider.keys).guard(Api.REST)
        val jwts = List(40) { "Bearer ${provider.token("subject-$it")}" }
        val seen = AtomicInteger()
        java.util.stream.IntStream.range(0, 4000).parallel().forEach { n ->
            val who = n % jwts.size
            assertEquals("subject-$who", guard.require(jwts[who]).subject)
            seen.incrementAndGet()
        }
        assertEquals(4000, seen.get())
    }
}
