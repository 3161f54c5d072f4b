package dev.gatepass

import java.net.ServerSocket
import java.nio.file.Files
import java.util.concurrent.atomic.AtomicInteger
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.asCoroutineDispatcher
import kotlinx.coroutines.async
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeout
import org.junit.jupiter.api.AfterAll
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNotNull
import org.junit.jupiter.api.Assertions.assertSame
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.BeforeAll
import org.junit.jupiter.api.Test

/** A real authority, as a process of its own. */
class ServerTest {
    @Test
    fun `tokens are managed through a server`() = runBlocking {
        authority.admin().use { gp ->
            assertEquals("user" to "admin", gp.myself().let { it.kind to it.name })
            val new = gp.tokens.create("phone-admin", Api.CONFIG, expires = days(60), roles = listOf("Read Only"))
            Gatepass.connect(authority.url, Credential.of(new.secret)).use { phone ->
                assertEquals("phone-admin", phone.myself().name)
                assertTrue(phone.tokens.list(api = Api.CONFIG).toList().any { it.name == "phone-admin" })
                val error = thrown<GatepassException.Forbidden> { phone.tokens.create("more", Api.REST, expires = days(1)) }
                assertEquals(403 to "insufficient_scope", error.status to error.code)
                assertNotNull(error.requestId)
                assertEquals(200, phone.request("GET", "/authentication-service/access_tokens").status)
            }
            assertTrue(gp.tokens.checkSecret(new.secret, Api.CONFIG, setOf("SCOPE_SETTINGS_VIEW")) is Granted)
            gp.tokens.revoke("phone-admin")
            assertEquals("unknown", (gp.tokens.checkSecret(new.secret, Api.CONFIG) as Denied).reason.code)
        }
    }

    @Test
    fun `a credential that was rotated is asked for again`() = runBlocking {
        authority.admin().use { admin ->
            val first = admin.tokens.create("robot", Api.CONFIG, expires = days(1), roles = listOf("Read Only"))
            val file = Files.writeString(Files.createTempFile("gatepass", ".token"), first.secret.reveal())
            val (asked, now) = AtomicInteger() to java.util.concurrent.atomic.AtomicReference(first.secret)
            val provider = Credential.provider { asked.incrementAndGet(); now.get() }
            val clients = listOf(Gatepass.connect(authority.url, Credential.file(file)), Gatepass.connect(authority.url, provider))
            clients.forEach { assertEquals("robot", it.myself().name) }
            val second = admin.tokens.rotate("robot").secret
            Files.writeString(file, second.reveal() + "\n")
            now.set(second)
            clients.forEach { assertEquals("robot", it.myself().name) }
            assertEquals(2, asked.get())
            clients.forEach { it.shutdown() }
        }
    }

    @Test
    fun `what a provider throws is the cause`() = runBlocking {
        val sealed = IllegalArgumentException("the keystore is locked")
        Gatepass.connect(authority.url, Credential.provider { throw sealed }).use { gp ->
            val error = thrown<GatepassException.Unauthorized> { gp.myself() }
            assertEquals("credential_missing" to "credential", error.code to error.field)
            assertSame(sealed, error.cause)
        }
    }

    @Test
    fun `a replica follows the server, says what it knows, and denies when it hears nothing`() = runBlocking {
        Authority().use { own ->
            val admin = own.admin()
            admin.roles.create(Role.named("gateway").with(TokenRights(verify = setOf(Api.REST))))
            val gateway = admin.tokens.create("gateway", Api.CONFIG, days(30), roles = listOf("gateway"))
            val new = admin.tokens.create("client", Api.REST, days(1), scopes = listOf("orders:read"))
            val replica = Gatepass.connect(own.url, Credential.of(gateway.secret))
            val verifier = replica.verifier(FollowOptions(maxStaleness = 2.seconds, usageInterval = 200.milliseconds))
            val guard = verifier.guard(Api.REST, setOf("orders:read"))
            verifier.waitFor(new.revision)
            assertTrue(guard.checkSecret(new.secret, "192.0.2.7") is Granted)
            assertEquals(gateway.token.expiresOn, verifier.current().credentialExpiresOn)
            val used = withTimeout(10.seconds) {
                var token = admin.tokens.get("client")
                while (token.lastUsedOn == null) { delay(50.milliseconds); token = admin.tokens.get("client") }
                token
            }
            assertEquals("192.0.2.7" to "token:gateway", used.lastUsedFrom to used.lastUsedVia)
            val asking = replica.remoteVerifier()
            val remote = asking.guard(Api.REST, setOf("orders:read"))
            assertTrue(remote.check("Bearer ${new.secret.reveal()}") is Granted)
            assertEquals("client", remote.require("Bearer ${new.secret.reveal()}").name)
            assertEquals("client", (remote.checkSecret(new.secret) as Granted).access.name)
            assertEquals(3L to 0L, asking.state().run { asked to failed })
            assertEquals("missing", (remote.check(null) as Denied).reason.code)

            val revoked = admin.tokens.revokeEverywhere(listOf("client"), within = 10.seconds)
            assertTrue(revoked.isEverywhere)
            val receipt = revoked.receipts.single()
            assertEquals("token:gateway" to Receipt.State.CONFIRMED, receipt.replica.actor to receipt.state)
            assertEquals(2.seconds, admin.replicas.list().single().maxStaleness)
            assertEquals(receipt.replica.id, admin.replicas.confirmed(revoked.revision, 1.seconds).single().replica.id)
            val early = admin.replicas.confirmed(revoked.revision + 1000, 10.milliseconds).single()
            assertEquals(Receipt.State.PENDING to null, early.state to early.confirmedOn)
            assertEquals("revoked", (guard.checkSecret(new.secret) as Denied).reason.code)
            assertEquals("unknown", (remote.check("Bearer ${new.secret.reveal()}") as Denied).reason.code)

            own.kill()
            val stale = withTimeout(20.seconds) { verifier.state.first { it.stale } }
            assertTrue(!stale.connected && stale.trouble is GatepassException.Unavailable)
            assertEquals("stale", (guard.checkSecret(new.secret) as Denied).reason.code)
            assertTrue(thrown<GatepassException> { remote.check("Bearer ${new.secret.reveal()}") }.isRetryable)
            verifier.shutdown()
        }
    }

    @Test
    fun `who cancels ends the request, and is told nothing else`() = runBlocking<Unit> {
        ServerSocket(0).use { silent ->
            Gatepass.connect("http://127.0.0.1:${silent.localPort}", Credential.of(Secret.of("x"))).use { gp ->
                val asking = CoroutineScope(Dispatchers.Default).async { gp.myself() }
                val connection = withContext(Dispatchers.IO) { silent.accept() }
                connection.getInputStream().read()
                asking.cancel()
                thrown<CancellationException> { asking.await() }
                // The connection ends with the request: nothing is left that waits for an answer.
                withTimeout(5.seconds) { withContext(Dispatchers.IO) { connection.getInputStream().readAllBytes() } }
            }
        }
    }

    @Test
    fun `nothing blocks the thread that asks`() = runBlocking {
        ServerSocket(0).use { silent ->
            Gatepass.connect("http://127.0.0.1:${silent.localPort}", Credential.of(Secret.of("x"))).use { gp ->
                val executor = java.util.concurrent.Executors.newSingleThreadExecutor()
                executor.asCoroutineDispatcher().use { main ->
                    val asking = CoroutineScope(main).async { gp.myself() }
                    withContext(Dispatchers.IO) { silent.accept().getInputStream().read() }
                    // It waits for an answer that will never come, and its thread does other things.
                    withTimeout(5.seconds) { withContext(main) { assertTrue(asking.isActive) } }
                    asking.cancel()
                }
            }
        }
    }

    @Test
    fun `timeouts and servers that are not there are errors of their own`() = runBlocking {
        ServerSocket(0).use { silent ->
            val options = ConnectOptions(timeout = 300.milliseconds, attempts = 1)
            Gatepass.connect("http://127.0.0.1:${silent.localPort}", Credential.of(Secret.of("x")), options).use { gp ->
                assertTrue(thrown<GatepassException.Timeout> { gp.myself() }.isRetryable)
            }
        }
        val gone = ServerSocket(0).use { it.localPort }
        Gatepass.connect("http://127.0.0.1:$gone", Credential.of(Secret.of("x")), ConnectOptions(attempts = 1)).use { gp ->
            assertTrue(thrown<GatepassException.Unavailable> { gp.myself() }.isRetryable)
        }
        assertEquals("url_insecure", thrown<GatepassException.InvalidInput> { Gatepass.connect("http://example.org/api", Credential.env("X")) }.code)
        val login = Gatepass.login(authority.url, "admin", Password("not the password at all"))
        login.use { assertEquals("authentication_failed", thrown<GatepassException.Unauthorized> { it.myself() }.code) }
    }

    companion object {
        lateinit var authority: Authority

        @JvmStatic
        @BeforeAll
        fun start() {
            authority = Authority()
        }

        @JvmStatic
        @AfterAll
        fun stop() = authority.close()
    }
}
