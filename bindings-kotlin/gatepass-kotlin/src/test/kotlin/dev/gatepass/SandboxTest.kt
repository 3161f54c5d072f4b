package dev.gatepass

import java.util.concurrent.atomic.AtomicInteger
import kotlinx.coroutines.flow.map
import kotlinx.coroutines.flow.take
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.flow.toSet
import kotlinx.coroutines.runBlocking
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.buildJsonArray
import kotlinx.serialization.json.buildJsonObject
import kotlinx.serialization.json.put
import org.junit.jupiter.api.AfterAll
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.BeforeAll
import org.junit.jupiter.api.Test

/** The data clients against a real server: `gatepass serve --sandbox`. */
class SandboxTest {
    private val unit = "ou=People,o=acme"

    @Test
    fun `everybody is found`() = runBlocking {
        rest.bind()
        assertEquals(listOf("o=acme"), rest.rootContexts())
        val people = rest.search(unit, scope = SearchScope.ONE, attributes = listOf("uid"), pageSize = 128)
        assertEquals(PEOPLE, people.map { it.dn }.toSet().size)
        assertEquals(listOf(128, 128, 44), people.pages().map { it.size }.toList())
        assertEquals(PEOPLE, rest.search(unit, scope = SearchScope.ONE, isPaged = false).all().size)
        assertEquals(7, rest.search(unit, sizeLimit = 7).all().size)
        assertTrue(people.take(1).toList().single().first("UID") != null)
        val some = rest.search(unit, Filter.startsWith("cn", "Žofrik") and !Filter.equals("title", "Librarian")).all()
        assertTrue(some.size in 1 until PEOPLE && some.all { it["cn"][0].startsWith("Žofrik") })
    }

    @Test
    fun `an entry's life`() = runBlocking {
        val dn = Dn.child(unit, "cn", "O'Hara, \"P\" #${name()}")
        val attributes = mapOf("objectClass" to listOf("top", "person"), "sn" to listOf("O'Hara"))
        rest.add(dn, attributes)
        assertEquals("entry_exists", thrown<GatepassException.Conflict> { rest.add(dn, attributes) }.code)
        rest.modify(dn, Mod.add("mail", "a@x.example", "b@x.example"), Mod.replace("sn", "Ohara"))
        rest.get(dn).let { assertEquals(listOf("a@x.example", "b@x.example") to "Ohara", it["MAIL"] to it.first("sn")) }
        rest.replace(dn, attributes)
        assertFalse("mail" in rest.get(dn).attributes)
        val renamed = name()
        rest.rename(dn, "cn=$renamed")
        val other = Dn.child("o=acme", "ou", name())
        rest.add(other, mapOf("objectClass" to listOf("top", "organizationalUnit")))
        rest.move("cn=$renamed,$unit", "cn=$renamed", other)
        assertEquals("O'Hara", rest.get("cn=$renamed,$other").first("sn"))
        assertEquals("not_allowed_on_non_leaf", thrown<GatepassException.Conflict> { rest.delete(other) }.code)
        rest.delete(other, tree = true)
        assertEquals("entry_not_found", thrown<GatepassException.NotFound> { rest.get("cn=$renamed,$other") }.code)
    }

    @Test
    fun `ten thousand operations in one call`() = runBlocking {
        val other = Dn.child("o=acme", "ou", name())
        val names = List(10_000) { Dn.child(other, "cn", "p$it") }
        val person = mapOf("objectClass" to listOf("top", "person"), "sn" to listOf("x"))
        val nobody = Dn.child(other, "cn", "nobody")
        val results = rest.bulk(
            listOf(BulkOperation.add(other, mapOf("objectClass" to listOf("top", "organizationalUnit")))) +
                names.map { BulkOperation.add(it, person) } + BulkOperation.modify(names[0], Mod.replace("sn", "y")) + BulkOperation.delete(nobody),
        )
        assertEquals(listOf(nobody), results.filter { !it.isDone }.map { it.dn })
        assertTrue(results.last().error is GatepassException.NotFound)
        assertEquals("y", rest.get(names[0]).first("sn"))
        assertTrue(rest.bulk(listOf(BulkOperation.delete(other, tree = true))).single().isDone)
    }

    @Test
    fun `a user is acted as`() = runBlocking {
        val (own, other) = rest.search(unit, scope = SearchScope.ONE, startIndex = 5, count = 2).all().map { it.dn }
        val acting = rest.actingAs(own)
        acting.modify(own, Mod.replace("description", "mine"))
        thrown<GatepassException.Forbidden> { acting.modify(other, Mod.replace("description", "mine")) }
        RestClient("${sandbox.url}/adap", token(Api.REST, own)).use { client ->
            client.modify(own, Mod.delete("description"))
            thrown<GatepassException.Forbidden> { client.delete(other) }
        }
        Unit
    }

    @Test
    fun `a resource's life`() = runBlocking {
        val kinds = scim.resourceTypes().map { (it["name"] as JsonPrimitive).content }
        assertTrue(kinds.containsAll(listOf("User", "Group")))
        assertTrue(scim.schemas().any { it.id.endsWith(":core:2.0:User") })
        assertTrue("patch" in scim.serviceProviderConfig())
        val (users, called) = scim.resources("Users") to name()
        val asked = buildJsonObject {
            put("schemas", buildJsonArray { add(JsonPrimitive("urn:ietf:params:scim:schemas:core:2.0:User")) })
            put("userName", called)
        }
        val user = users.create(asked)
        val version = checkNotNull(user.version)
        assertNull(users.get(user.id, unless = version))
        assertEquals("uniqueness", thrown<GatepassException.Conflict> { users.create(asked) }.code)
        val mail = buildJsonArray { add(buildJsonObject { put("value", "b@x.example"); put("type", "work") }) }
        users.ifMatch(version).patch(user.id, PatchOp().replace("displayName", "B").add("emails", mail))
        assertEquals("version_mismatch", thrown<GatepassException.Conflict> { users.ifMatch(version).delete(user.id) }.code)
        val work = ScimFilter.oneOf("emails", ScimFilter.eq("value", "b@x.example")) and ScimFilter.eq("userName", called)
        val found = checkNotNull(users.list(work, attributes = listOf("userName")).first())
        assertTrue(found.id == user.id && "emails" !in found)
        assertEquals(JsonPrimitive("B"), users.get(user.id)["displayName"])
        assertFalse("displayName" in users.replace(user.id, asked))
        users.delete(user.id)
        assertEquals("resource_not_found", thrown<GatepassException.NotFound> { users.get(user.id) }.code)
        assertTrue(scim.resources("Groups").list().all().all { "members" !in it || it["members"] is JsonArray })
    }

    @Test
    fun `everybody is listed`() = runBlocking {
        val users = scim.resources("Users")
        val people = users.list(ScimFilter.present("emails"), "userName", SortOrder.DESCENDING, pageSize = 70)
        assertEquals(people.count().toInt(), people.map { it.id }.toSet().size)
        assertEquals("invalid_filter", thrown<GatepassException.InvalidInput> { users.list(ScimFilter.raw("userName")).all() }.code)
    }

    @Test
    fun `each token opens its own API alone`() = runBlocking {
        val secrets = Api.entries.associateWith { token(it) }
        for ((api, secret) in secrets) {
            val config = Gatepass.connect(sandbox.url, secret)
            val scim = ScimClient("${sandbox.url}/scim2/v2", secret)
            val rest = RestClient("${sandbox.url}/adap", secret)
            val uses = mapOf<Api, suspend () -> Any?>(
                Api.CONFIG to { config.myself() }, Api.SCIM to { scim.resources("Users").list().count() }, Api.REST to { rest.bind() },
            )
            for ((other, use) in uses) if (other == api) use() else thrown<GatepassException.Unauthorized> { use() }
            listOf(scim, rest).forEach { it.close() }
            config.shutdown()
        }
    }

    companion object {
        private const val PEOPLE = 300
        private val names = AtomicInteger()
        private lateinit var sandbox: Authority
        private lateinit var rest: RestClient
        private lateinit var scim: ScimClient

        private fun name() = "kotlin-${names.incrementAndGet()}"

        private suspend fun token(api: Api, targetDn: String? = null): Credential = sandbox.admin().use { gp ->
            val roles = if (api == Api.CONFIG) listOf("Read Only") else emptyList()
            Credential.of(gp.tokens.create(name(), api, days(1), roles = roles, targetDn = targetDn).secret)
        }

        @JvmStatic
        @BeforeAll
        fun start() = runBlocking {
            sandbox = Authority("--sandbox", "--sandbox-people", "$PEOPLE")
            rest = RestClient("${sandbox.url}/adap", token(Api.REST))
            scim = ScimClient("${sandbox.url}/scim2/v2", token(Api.SCIM))
        }

        @JvmStatic
        @AfterAll
        fun stop() {
            rest.close()
            scim.close()
            sandbox.close()
        }
    }
}
