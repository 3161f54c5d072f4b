package dev.gatepass

import dev.gatepass.testing.ManualClock
import java.io.ByteArrayOutputStream
import java.io.NotSerializableException
import java.io.ObjectOutputStream
import java.nio.file.Files
import java.nio.file.Path
import java.time.Instant
import kotlin.coroutines.ContinuationInterceptor
import kotlin.coroutines.coroutineContext
import kotlin.time.Duration.Companion.days
import kotlin.time.Duration.Companion.hours
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.asCoroutineDispatcher
import kotlinx.coroutines.async
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.map
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeout
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNotEquals
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertSame
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir

/** A store in a file, as a program uses it. */
class StoreTest {
    @TempDir
    lateinit var folder: Path

    private fun store(work: suspend (Gatepass) -> Unit) = runBlocking {
        Gatepass.open(folder.resolve("tokens.db")).use { work(it) }
    }

    @Test
    fun `a token is made, found, checked, rotated and revoked`() = store { gp ->
        val verifier = gp.verifier()
        val guard = verifier.guard(Api.REST, scopes = setOf("orders:read"))
        val new = gp.tokens.create(
            "nightly-sync", Api.REST, expires = days(90), scopes = listOf("orders:read"),
            targetDn = "uid=sync,ou=svc,o=acme", networks = listOf("10.0.0.0/8"), description = "for the night",
            metadata = mapOf("team" to "a"),
        )
        assertEquals("nightly-sync", new.token.name)
        assertEquals(Status.ACTIVE, new.token.status)
        assertEquals(mapOf("team" to "a"), new.token.metadata)
        assertEquals(new.token, gp.tokens.get("nightly-sync"))
        verifier.waitFor(new.revision)
        val header = "Bearer ${new.secret.reveal()}"
        val access = guard.require(header, "10.1.2.3")
        assertEquals("uid=sync,ou=svc,o=acme", access.targetDn)
        assertEquals(setOf("orders:read"), access.scopes)
        assertEquals(new.token.expiresOn, access.expiresOn)
        assertEquals("network_not_allowed", (guard.check(header, "192.0.2.1") as Denied).reason.code)
        assertEquals("network_not_allowed", (guard.check(header) as Denied).reason.code)
        assertEquals("network_not_allowed", (guard.check(header, "no address") as Denied).reason.code)

        val rotated = gp.tokens.rotate("nightly-sync", grace = 1.hours)
        verifier.waitFor(rotated.revision)
        assertNotEquals(new.secret, rotated.secret)
        assertEquals(new.token.id, rotated.token.id)
        assertTrue(guard.checkSecret(new.secret, "10.1.2.3") is Granted)
        assertTrue(guard.checkSecret(rotated.secret, "10.1.2.3") is Granted)
        assertTrue(gp.tokens.get("nightly-sync").inGrace)

        val revoked = gp.tokens.revoke("nightly-sync")
        verifier.waitFor(revoked.revision)
        val denied = guard.check(header, "10.1.2.3") as Denied
        assertEquals("revoked", denied.reason.code)
        assertEquals(new.token.id, denied.tokenId)
        val answer = denied.answer("orders")
        assertEquals(401, answer.status)
        assertEquals("invalid_token", answer.error)
        val thrown = thrown<GatepassException.AccessDenied> { guard.require(header, "10.1.2.3") }
        assertEquals("unauthorized" to "revoked", thrown.kind to thrown.code)
        assertEquals(listOf("token.create", "token.rotate", "token.revoke"), gp.audit.list(action = "token.").map { it.action }.toList())
        assertEquals("token.create", gp.audit.page(AuditFilter(action = "token."), limit = 1).single().action)
        verifier.shutdown()
        assertEquals("stale", (guard.check(header) as Denied).reason.code)
        assertEquals(503, (guard.check(header) as Denied).answer("orders").status)
    }

    @Test
    fun `lists come page by page and end where they are left`() = store { gp ->
        repeat(12) { gp.tokens.create("t%02d".format(it), Api.SCIM, expires = days(it + 1)) }
        assertEquals(12, gp.tokens.list().toList().size)
        assertEquals("t00", gp.tokens.list().first().name)
        assertEquals(listOf("t00", "t01", "t02"), gp.tokens.list(expiresWithin = 3.days + 1.hours).toList().map { it.name })
        assertEquals(listOf("t07"), gp.tokens.list(nameContains = "T07").toList().map { it.name })
        val page = gp.tokens.page(limit = 5)
        assertEquals(5, page.tokens.size)
        assertEquals("t05", gp.tokens.page(cursor = page.next, limit = 5).tokens.first().name)
        gp.tokens.revokeAll(listOf("t00", "t01"))
        assertEquals(2, gp.tokens.list(status = Status.REVOKED).toList().size)
        Thread.sleep(50) // what was revoked in the clock's present tick is not purged
        assertEquals(2, gp.tokens.purge(Instant.now().plusSeconds(60)))
        gp.tokens.delete("t02")
        assertEquals("token_not_found", thrown<GatepassException.NotFound> { gp.tokens.get("t02") }.code)
    }

    @Test
    fun `a delivery that fails leaves the old secret good, and its cause is told`() = store { gp ->
        val old = gp.tokens.create("t", Api.REST, expires = days(1)).secret
        val cause = IllegalArgumentException("the vault is sealed")
        val error = thrown<GatepassException.Unavailable> { gp.tokens.rotate("t") { throw cause } }
        assertEquals("delivery_failed", error.code)
        assertTrue(error.isRetryable)
        assertSame(cause, error.cause)
        assertTrue(gp.tokens.checkSecret(old, Api.REST) is Granted)
        val executor = java.util.concurrent.Executors.newSingleThreadExecutor()
        executor.asCoroutineDispatcher().use { dispatcher ->
            var arrived: Secret? = null
            withContext(dispatcher) {
                gp.tokens.rotate("t") {
                    assertSame(dispatcher, coroutineContext[ContinuationInterceptor], "it runs where the caller runs")
                    arrived = it
                }
            }
            assertTrue(gp.tokens.checkSecret(arrived!!, Api.REST) is Granted)
        }
        assertEquals("superseded", (gp.tokens.checkSecret(old, Api.REST) as Denied).reason.code)
    }

    @Test
    fun `who cancels a delivery ends it, and the old secret stays good`() = store { gp ->
        val old = gp.tokens.create("t", Api.REST, expires = days(1)).secret
        val (started, ended) = CompletableDeferred<Unit>() to CompletableDeferred<Throwable>()
        val rotating = kotlinx.coroutines.CoroutineScope(Dispatchers.Default).async {
            gp.tokens.rotate("t") {
                started.complete(Unit)
                try {
                    CompletableDeferred<Unit>().await()
                } catch (error: Throwable) {
                    ended.complete(error)
                    throw error
                }
            }
        }
        started.await()
        rotating.cancel()
        thrown<CancellationException> { rotating.await() }
        withTimeout(5.seconds) { assertTrue(ended.await() is CancellationException) }
        assertTrue(gp.tokens.checkSecret(old, Api.REST) is Granted)
        gp.tokens.rotate("t") { }
    }

    @Test
    fun `the same key gives the same answer, and another request with it is refused`() = store { gp ->
        val key = IdempotencyKey.generate()
        val first = gp.tokens.create("t", Api.REST, expires = days(1), key = key)
        val again = gp.tokens.create("t", Api.REST, expires = days(1), key = IdempotencyKey.of(key.reveal()))
        assertEquals(first.secret, again.secret)
        assertEquals("idempotency_mismatch", thrown<GatepassException.Conflict> { gp.tokens.create("u", Api.REST, expires = days(1), key = key) }.code)
        assertFalse(key.toString().contains(key.reveal()))
    }

    @Test
    fun `errors name their field, their kind and their code`() = store { gp ->
        val error = thrown<GatepassException.InvalidInput> { gp.tokens.create("t", Api.REST) }
        assertEquals(listOf("invalid_input", "expiration_required", "expires"), listOf(error.kind, error.code, error.field))
        assertEquals("scopes", thrown<GatepassException.InvalidInput> { gp.tokens.create("t", Api.REST, days(1), scopes = listOf("a b")) }.field)
        assertEquals("expires", thrown<GatepassException.InvalidInput> { gp.tokens.create("t", Api.REST, at(Instant.MAX)) }.field)
        assertEquals("grace", thrown<GatepassException.InvalidInput> { gp.tokens.rotate("t", grace = (-1).seconds) }.field)
        assertEquals("needs_server", thrown<GatepassException.Unsupported> { gp.myself() }.code)
    }

    @Test
    fun `roles and users are kept`() = store { gp ->
        val role = gp.roles.create(Role.named("operators").with("settings", Level.EDIT))
        assertEquals(Level.EDIT, gp.roles.get("operators").levels["settings"])
        assertTrue(role.allows("SCOPE_SETTINGS_EDIT") && !role.allows("SCOPE_TASKS_VIEW"))
        assertEquals(6, gp.roles.list().size)
        assertEquals("area", thrown<GatepassException.InvalidInput> { role.with("moon", Level.VIEW) }.field)
        val rights = TokenRights(setOf(Api.REST), issueScim = true, listOf("ou=svc,o=acme"), setOf("orders:read"))
        val wide = role.withDataSource("hr", Level.VIEW).withSwitch("SCOPE_CONFIGURATION_EXPORT_ENABLED").with(rights).clonedAs("wide")
        val kept = gp.roles.create(wide).let { gp.roles.get("wide") }
        assertEquals(rights, kept.tokenRights)
        assertEquals(Level.VIEW to Level.NONE, kept.dataSource("hr") to kept.dataSource("crm"))
        assertTrue(kept.allows("SCOPE_CONFIGURATION_EXPORT_ENABLED"))
        assertEquals(TokenRights(), role.tokenRights)
        // What a newer server has added stays, whatever is changed here.
        val newer = Role.fromJson("""{"name": "n", "gatepassPermissions": {"verify": ["REST"], "fly": true}, "moon": 1}""")
        assertTrue(newer.with(TokenRights(issueScim = true)).toJson().run { "\"fly\":true" in this && "\"moon\":1" in this })
        assertEquals("issueRest", thrown<GatepassException.InvalidInput> { role.with(TokenRights(issueRest = listOf("no dn"))) }.field)
        gp.roles.delete("wide")
        gp.roles.clone("Read Only", "readers")
        gp.users.create("boss", UserProfile().roles("Directory Administrator"), Password("correct horse battery"))
        val alice = gp.users.create("alice", UserProfile().firstName("Alice").roles("operators"))
        assertTrue(alice.active)
        assertNull(gp.users.update("alice", UserProfile().firstName(null).active(false)).firstName)
        assertFalse(gp.users.get("alice").active)
        assertEquals("role_in_use", thrown<GatepassException.Conflict> { gp.roles.delete("operators") }.code)
        assertEquals("password", thrown<GatepassException.InvalidInput> { gp.users.setPassword("alice", Password("short")) }.field)
        gp.users.delete("alice")
        gp.roles.delete("operators")
        assertEquals(listOf("boss"), gp.users.list().map { it.username })
    }

    @Test
    fun `time is the clock's`() = runBlocking {
        val clock = ManualClock(Instant.parse("2026-03-01T09:00:00Z"))
        Gatepass.open(folder.resolve("clock.db"), OpenOptions(brand = "acme", clock = clock)).use { gp ->
            val new = gp.tokens.create("t", Api.REST, expires = days(1))
            assertTrue(new.secret.reveal().startsWith("acmer_"))
            assertEquals(Instant.parse("2026-03-02T09:00:00Z"), new.token.expiresOn)
            clock.advance(24.hours)
            assertEquals("expired", (gp.tokens.checkSecret(new.secret, Api.REST) as Denied).reason.code)
            assertEquals(Status.EXPIRED, gp.tokens.get("t").status)
        }
    }

    @Test
    fun `the state of a verifier is a flow`() = store { gp ->
        val verifier = gp.verifier()
        assertTrue(verifier.state.value.connected)
        val seen = kotlinx.coroutines.CoroutineScope(Dispatchers.Default).async { verifier.state.first { it.tokens == 1L } }
        gp.tokens.create("t", Api.REST, expires = days(1))
        assertFalse(withTimeout(10.seconds) { seen.await() }.stale)
        assertTrue(verifier.current().age!! < 10.seconds)
        verifier.close()
        assertEquals("closed", thrown<GatepassException.Closed> { verifier.state }.code)
        assertEquals("maxStaleness", thrown<GatepassException.InvalidInput> { gp.verifier(FollowOptions(maxStaleness = 1.days * 2)) }.field)
    }

    @Test
    fun `what was closed says so, however often it is closed and by whom`() = runBlocking {
        val gp = Gatepass.open(folder.resolve("tokens.db"))
        val (verifier, secret) = gp.verifier() to gp.tokens.create("t", Api.REST, expires = days(1)).secret
        val guard = verifier.guard(Api.REST)
        val checking = List(4) { launch(Dispatchers.Default) { repeat(2000) { guard.checkSecret("x") } } }
        val closing = List(8) { launch(Dispatchers.Default) { if (it % 2 == 0) gp.close() else verifier.close() } }
        (checking + closing).forEach { it.join() }
        assertEquals("closed", thrown<GatepassException.Closed> { gp.tokens.get("t") }.code)
        assertEquals("closed", thrown<GatepassException.Closed> { gp.verifier() }.code)
        assertEquals("closed", thrown<GatepassException.Closed> { verifier.guard(Api.REST) }.code)
        secret.close()
        secret.close()
        assertEquals("closed", thrown<GatepassException.Closed> { secret.reveal() }.code)
        assertTrue(secret.toString().startsWith("gpr_"))
    }

    @Test
    fun `a secret is shown by nothing`() = store { gp ->
        val new = gp.tokens.create("t", Api.REST, expires = days(1))
        val text = new.secret.reveal()
        val hidden = text.substring(17, 48)
        for (shown in listOf(new.secret, new, new.token, Credential.of(new.secret), Password(text), gp)) {
            assertFalse(shown.toString().contains(hidden), shown::class.simpleName)
        }
        assertEquals(Secret.of("secret-token:$text"), new.secret)
        assertEquals(Secret.of(text).hashCode(), new.secret.hashCode())
        val out = ObjectOutputStream(ByteArrayOutputStream())
        assertTrue(runCatching { out.writeObject(new.secret) }.exceptionOrNull() is NotSerializableException)
        assertTrue(text.matches(Regex(Secret.scannerRule())))
    }

    @Test
    fun `files are no stores by chance`() = runBlocking {
        val file = Files.writeString(folder.resolve("notes.txt"), "not a database, but long enough to be looked at".repeat(100))
        assertTrue(thrown<GatepassException.Storage> { Gatepass.open(file) }.code.startsWith("store_"))
        assertEquals("store_missing", thrown<GatepassException.Storage> { Gatepass.open(folder.resolve("none.db"), OpenOptions(create = false)) }.code)
    }
}

/** What this throws. */
inline fun <reified T : Throwable> thrown(call: () -> Unit): T {
    val error = runCatching { call() }.exceptionOrNull()
    return error as? T ?: throw AssertionError("expected ${T::class.simpleName}, found $error", error)
}
