package dev.gatepass

import kotlinx.coroutines.flow.map
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.runBlocking
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.buildJsonArray
import kotlinx.serialization.json.buildJsonObject
import kotlinx.serialization.json.put
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

/** Resources through SCIM: what is sent, and what is made of what comes back. */
class ScimClientTest {
    private val user = """{"id": "uid=b,o=x", "userName": "b", "meta": {"version": "W/\"1\""}}"""
    private val server = Scripted("/scim2/v2") { Reply(user) }
    private val scim = ScimClient(server.url, Credential.of(Secret.of(TOKEN)), ConnectOptions(attempts = 1))
    private val users = scim.resources("Users")

    @AfterEach
    fun stop() {
        scim.close()
        server.close()
    }

    @Test
    fun `each operation is what RFC 7644 says`() = runBlocking {
        val made = users.create(buildJsonObject { put("userName", "b"); put("password", "hunter2") })
        assertEquals("uid=b,o=x" to "W/\"1\"", made.id to made.version)
        users.ifMatch("W/\"1\"").replace(made.id, made)
        val patch = PatchOp().add("emails", buildJsonArray { add(JsonPrimitive("m")) }).replace("active", false)
            .replace("title", "x").remove("nickName").addAll(buildJsonObject { put("a", 1) }).replaceAll(buildJsonObject { put("b", 2) })
        users.ifMatch("1").patch(made.id, patch)
        users.selecting(listOf("userName", "id")).get(made.id)
        server.answer = { Reply("", 304) }
        assertNull(users.get(made.id, unless = "W/\"1\""))
        server.answer = { Reply("", 204) }
        assertNull(users.patch(made.id, patch))
        users.delete(made.id)
        val sent = server.asked.toList()
        val path = "/scim2/v2/Users/uid%3Db%2Co%3Dx"
        assertEquals(
            listOf("POST /scim2/v2/Users", "PUT $path", "PATCH $path", "GET $path?attributes=userName%2Cid", "GET $path", "PATCH $path", "DELETE $path"),
            server.lines(),
        )
        assertEquals(listOf(null, "W/\"1\"", "\"1\"", null, null, null, null), sent.map { it.headers["if-match"] })
        assertEquals("W/\"1\"", sent[4].headers["if-none-match"])
        assertTrue(sent.filter { it.body.isNotEmpty() }.all { it.headers["content-type"] == "application/scim+json" })
        val expected = """{"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [
            {"op": "add", "path": "emails", "value": ["m"]}, {"op": "replace", "path": "active", "value": false},
            {"op": "replace", "path": "title", "value": "x"}, {"op": "remove", "path": "nickName"},
            {"op": "add", "value": {"a": 1}}, {"op": "replace", "value": {"b": 2}}]}"""
        assertEquals(Json.parseToJsonElement(expected), Json.parseToJsonElement(sent[2].body))
        assertEquals("PatchOp(6 changes)", "$patch")
    }

    @Test
    fun `a list gives everything`() = runBlocking {
        server.answer = { asked ->
            val query = asked.line.substringAfter('?').split('&').associate { it.substringBefore('=') to it.substringAfter('=') }
            val start = query.getValue("startIndex").toInt()
            val count = minOf(query.getValue("count").toInt(), 26 - start)
            val found = (start until start + count).joinToString(",") { """{"id": "u$it"}""" }
            Reply("""{"totalResults": 25, "startIndex": $start, "itemsPerPage": $count, "Resources": [$found]}""")
        }
        val filter = ScimFilter.eq("active", true) and ScimFilter.startsWith("userName", "b\"")
        val list = users.list(filter, "userName", SortOrder.DESCENDING, pageSize = 10, attributes = listOf("id"), excludedAttributes = listOf("x"))
        assertTrue(server.asked.isEmpty())
        assertEquals((1..25).map { "u$it" }, list.map { it.id }.toList())
        val text = "attributes=id&excludedAttributes=x&filter=active%20eq%20true%20and%20userName%20sw%20%22b%5C%22%22&sortBy=userName&sortOrder=descending"
        assertEquals(listOf(1, 11, 21).map { "GET /scim2/v2/Users?$text&startIndex=$it&count=10" }, server.lines())
        assertEquals(listOf(10, 10, 5), list.pages().map { it.size }.toList())
        assertEquals(25L to "u1", list.count() to list.first()?.id)
        assertEquals(5, users.list(startIndex = 21).all().size)
        server.lines()
        for (bad in listOf<() -> Listing>({ users.list(pageSize = 0) }, { users.list(pageSize = -1) }, { users.list(startIndex = -1) })) {
            thrown<GatepassException.InvalidInput> { bad() }
        }
        thrown<GatepassException.InvalidInput> { users.get("..") }
        thrown<GatepassException.InvalidInput> { scim.resources("a/../b").get("x") }
        assertTrue(server.asked.isEmpty())
        server.answer = { Reply("""{"totalResults": 7, "Resources": []}""") }
        assertEquals(0L, thrown<GatepassException.IncompleteResult> { users.list().all() }.count)
    }

    @Test
    fun `what the server has is discovered`() = runBlocking {
        server.answer = { asked ->
            when {
                asked.line.endsWith("/ResourceTypes") -> Reply("""[{"id": "User", "name": "User", "endpoint": "/Users", "schema": "urn:x"}]""")
                asked.line.endsWith("/Schemas") -> Reply("""{"totalResults": 1, "Resources": [{"id": "urn:x", "name": "X", "attributes": []}]}""")
                else -> Reply("""{"patch": {"supported": true}}""")
            }
        }
        assertEquals("User", (scim.resourceTypes().single()["name"] as JsonPrimitive).content)
        assertEquals("urn:x", scim.schemas().single().id)
        assertEquals(JsonPrimitive(true), (scim.serviceProviderConfig()["patch"] as JsonObject)["supported"])
    }

    @Test
    fun `errors are those of RFC 7644`() = runBlocking {
        server.answer = { Reply("""{"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": "409", "scimType": "uniqueness", "detail": "taken: hunter2"}""", 409) }
        val error = thrown<GatepassException.Conflict> { users.create(buildJsonObject { put("userName", "b"); put("password", "hunter2") }) }
        assertEquals("uniqueness" to 409, error.code to error.status)
        assertFalse("hunter2" in "$error")
        server.answer = { Reply("""{"status": "412"}""", 412) }
        assertEquals("version_mismatch", thrown<GatepassException.Conflict> { users.ifMatch("1").delete("a") }.code)
        server.answer = { Reply("[1]") }
        assertEquals("answer_malformed", thrown<GatepassException.Protocol> { users.get("a") }.code)
        scim.close()
        thrown<GatepassException.Closed> { users.get("a") }
        thrown<GatepassException.Closed> { users.list() }
        Unit
    }

    @Test
    fun `filters are escaped`() {
        val work = ScimFilter.oneOf("emails", ScimFilter.eq("type", "work") and ScimFilter.endsWith("value", "@x"))
        assertEquals("emails[type eq \"work\" and value ew \"@x\"]", "$work")
        val many = (ScimFilter.ne("a", "b\" or c pr") or !ScimFilter.present("d")) and ScimFilter.eq("e", null)
        assertEquals("(a ne \"b\\\" or c pr\" or not (d pr)) and e eq null", "$many")
        assertEquals("n gt 1 and n le 2.5", "${ScimFilter.gt("n", 1) and ScimFilter.le("n", 2.5)}")
        assertEquals("n ge \"a\" and n lt \"b\"", "${ScimFilter.ge("n", "a") and ScimFilter.lt("n", "b")}")
        assertEquals(ScimFilter.raw("a pr"), ScimFilter.present("a"))
        assertEquals("json_malformed", thrown<GatepassException.InvalidInput> { ScimFilter.eq("n", Double.NaN) }.code)
    }
}
