package dev.gatepass

import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.collect
import kotlinx.coroutines.flow.map
import kotlinx.coroutines.flow.take
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.runBlocking
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.jsonArray
import kotlinx.serialization.json.jsonObject
import kotlinx.serialization.json.jsonPrimitive
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

/** A directory through REST (ADAP): what is sent, and what is made of what comes back. */
class RestClientTest {
    private val server = Scripted("/adap") { Reply("""{"httpStatus": 200}""") }
    private val rest = RestClient(server.url, Credential.of(Secret.of(TOKEN)), ConnectOptions(attempts = 1))
    private val ended = "GET /adap/o%3Dx?pageSize=0&cookie=localhost%3DNTEy"

    @AfterEach
    fun stop() {
        rest.close()
        server.close()
    }

    @Test
    fun `each operation is what the vendor documents`() = runBlocking {
        val dn = "cn=a/b?c#d%e+é,ou=x\\, y,o=z"
        rest.bind()
        rest.add(dn, mapOf("objectClass" to listOf("top", "person"), "cn" to listOf("a")))
        rest.replace(dn, mapOf("cn" to listOf("b")))
        rest.modify(dn, Mod.add("a", "1"), Mod.replace("b", "2", "3"), Mod.delete("c", "4"), Mod.delete("d"))
        rest.rename("uid=alice,o=z", "uid=lewis")
        rest.move("uid=alice,o=z", "uid=alice", "ou=y,o=z")
        rest.delete(dn)
        rest.delete("ou=y,o=z", tree = true)
        val path = "/adap/cn%3Da%2Fb%3Fc%23d%25e%2B%C3%A9%2Cou%3Dx%5C%2C%20y%2Co%3Dz"
        assertEquals(setOf("Bearer $TOKEN"), server.asked.mapTo(HashSet()) { it.headers["authorization"] })
        val sent = server.asked.filter { it.body.isNotEmpty() }.map { Json.parseToJsonElement(it.body).jsonObject["params"] }
        val expected = listOf(
            """{"dn":"cn=a/b?c#d%e+é,ou=x\\, y,o=z","attributes":{"objectClass":["top","person"],"cn":["a"]}}""",
            """{"attributes":{"cn":["b"]}}""",
            """{"mods":[{"attribute":"a","type":"ADD","values":["1"]},{"attribute":"b","type":"REPLACE","values":["2","3"]},
               {"attribute":"c","type":"DELETE","values":["4"]},{"attribute":"d","type":"DELETE","values":[]}]}""",
            """{"DN":"uid=alice,o=z","newRDN":"uid=lewis"}""",
            """{"DN":"uid=alice,o=z","newRDN":"uid=alice","newSuperiorDN":"ou=y,o=z"}""",
        )
        assertEquals(expected.map(Json::parseToJsonElement), sent)
        assertEquals(
            listOf(
                "GET /adap?bind=simpleBind", "POST /adap", "PUT $path", "PATCH $path", "PATCH /adap", "PATCH /adap",
                "DELETE $path", "DELETE /adap/ou%3Dy%2Co%3Dz?deletetree=true",
            ),
            server.lines(),
        )
    }

    @Test
    fun `a search gives everything, a page ahead and no more`() = runBlocking {
        server.answer = paging(25, 10)
        val search = rest.search("o=x", pageSize = 10)
        assertTrue(server.asked.isEmpty())
        assertEquals(List(25) { "uid=u$it,o=x" }, search.map { it.dn }.toList())
        val asked = "GET /adap/o%3Dx?scope=sub&sizeLimit=0&pageSize=10"
        val more = "$asked&cookie=localhost%3DNTEy&returnMode=array"
        assertEquals(listOf("$asked&returnMode=array", more, more), server.lines())
        assertEquals(listOf("u0", "u10", "u20"), search.pages().map { it[0].first("UID") }.toList())
        assertEquals(25, search.all().size)
        server.lines()
        server.answer = paging(100, 10)
        var pages = 0
        rest.search("o=x").pages().take(2).collect {
            pages++
            eventually { server.asked.size == pages + 1 }
            delay(50)
            assertEquals(pages + 1, server.asked.size)
        }
    }

    @Test
    fun `every parameter of a search is sent`() = runBlocking {
        server.answer = { Reply("""{"resources": [], "totalResults": 0}""") }
        val all = rest.search(
            "o=x", Filter.equals("cn", "a&b"), listOf("cn", "mail"), SearchScope.ONE, sizeLimit = 7, startIndex = 2, count = 3,
            context = true, contextFilter = "/ou=A*", returnMode = ReturnMode.LDAPSCHEMA, derefAliases = DerefAliases.ALWAYS,
        )
        val options = SearchOptions.builder().filter("cn=a*").unpaged().scope(SearchScope.BASE).build()
        for (search in listOf(all, rest.search("o=x", options), rest.search("o=x", cookie = "c d", pageSize = 5))) {
            assertEquals(emptyList<Entry>(), search.all())
        }
        assertEquals(
            listOf(
                "GET /adap/o%3Dx?filter=%28cn%3Da%26b%29&attributes=cn%2Cmail&scope=one&startIndex=2&count=3&sizeLimit=7" +
                    "&context=true&contextFilter=%2Fou%3DA%2A&returnMode=ldapschema&derefAliases=3",
                "GET /adap/o%3Dx?filter=%28cn%3Da%2A%29&scope=base&sizeLimit=0&returnMode=array",
                "GET /adap/o%3Dx?scope=sub&sizeLimit=0&pageSize=5&cookie=c%20d&returnMode=array",
            ),
            server.lines(),
        )
    }

    @Test
    fun `whoever stops early ends the search on the server`() = runBlocking {
        server.answer = paging(1000, 10)
        assertEquals(3, rest.search("o=x").take(3).toList().size)
        assertEquals(ended, server.lines().last()) // by the time that it is left
        thrown<IllegalStateException> { rest.search("o=x").collect { error("mine") } }
        assertEquals(ended, server.lines().last())
        val reading = CoroutineScope(Dispatchers.Default).async { rest.search("o=x").collect { delay(5) } }
        eventually { server.asked.size > 2 }
        reading.cancel()
        thrown<CancellationException> { reading.await() }
        eventually { server.asked.last().line == ended }
        val future = rest.search("o=x").forEachAsync { Thread.sleep(5) }
        eventually { server.asked.last().line != ended }
        future.cancel(true)
        eventually { server.asked.last().line == ended }
        server.lines()
        server.answer = paging(20, 10)
        assertEquals(20, rest.search("o=x").all().size)
        assertEquals(2, server.lines().size)
    }

    @Test
    fun `a result that was cut says how far it goes`() = runBlocking {
        server.answer = { Reply("""{"resources": ${people(0..2)}, "totalResults": -3, "cookie": "more"}""") }
        val found = ArrayList<Entry>()
        val error = thrown<GatepassException.IncompleteResult> { rest.search("o=x").collect { found += it } }
        assertEquals(3, found.size)
        assertEquals(Triple("incomplete_result", 3L, "more"), Triple(error.code, error.count, error.cookie))
        assertTrue((error as GatepassException) is GatepassException.Protocol)
        // Who asked for so many only gets no error.
        assertEquals(3, rest.search("o=x", sizeLimit = 3).all().size)
    }

    @Test
    fun `an entry is looked into in any case`() = runBlocking {
        server.answer = { Reply("""{"resources": [{"dn": "cn=a,o=x", "attributes": {"CN": "a", "mail": ["m", "n"], "n": 7, "none": []}}], "totalResults": 1}""") }
        val entry = rest.get("cn=a,o=x")
        assertEquals(mapOf("CN" to listOf("a"), "mail" to listOf("m", "n"), "n" to listOf("7"), "none" to listOf()), entry.attributes)
        assertEquals(listOf("CN", "mail", "n", "none"), entry.attributes.keys.toList())
        assertEquals(listOf("a"), entry["cn"])
        assertEquals(listOf("m", null, null), listOf("MAIL", "none", "nowhere").map(entry::first))
        assertTrue("MAIL" in entry.attributes && "nowhere" !in entry.attributes && entry["nowhere"].isEmpty())
        assertEquals(entry, rest.search("cn=a,o=x").first())
        assertEquals("Entry(cn=a,o=x)", "$entry")
        server.answer = { Reply("""{"resources": [{"dn": "", "attributes": {"namingContexts": ["o=x", "dc=y"]}}], "totalResults": 1}""") }
        assertEquals(listOf("o=x", "dc=y"), rest.rootContexts())
        server.answer = { Reply("""{"resources": [], "totalResults": 0}""") }
        assertEquals("entry_not_found", thrown<GatepassException.NotFound> { rest.get("cn=a,o=x") }.code)
        assertNull(rest.search("cn=a,o=x").first())
    }

    @Test
    fun `bulk tells of each operation`() = runBlocking {
        val operations = listOf(
            BulkOperation.add("cn=a,o=x", mapOf("cn" to listOf("a"), "userPassword" to listOf("hunter2"))),
            BulkOperation.replace("cn=b,o=x", mapOf("cn" to listOf("b"))),
            BulkOperation.modify("cn=c,o=x", Mod.add("userPassword", "hunter2")),
            BulkOperation.delete("cn=d,o=x"),
            BulkOperation.delete("ou=e,o=x", tree = true),
        )
        val codes = listOf("""{"code": "409", "ldapCode": 68, "description": "there is hunter2"}""", """{"code": "200"}""", """{"code": 200}""", """{"code": "404"}""", """{"code": "403"}""")
        server.answer = { asked ->
            val sent = Json.parseToJsonElement(asked.body).jsonObject.getValue("Operations").jsonArray
            Reply(sent.zip(codes).joinToString(",", """{"Operations": [""", "]}") { (one, code) -> """{"method": ${one.jsonObject["method"]}, "dn": ${one.jsonObject["dn"]}, "status": $code}""" })
        }
        val results = rest.bulk(operations)
        assertEquals(listOf(false, true, true, false, false), results.map { it.isDone })
        assertEquals(listOf("POST", "PUT", "PATCH", "DELETE", "DELETE"), results.map { it.method })
        assertEquals(listOf("cn=a,o=x", "cn=b,o=x", "cn=c,o=x", "cn=d,o=x", "ou=e,o=x"), results.map { it.dn })
        assertTrue(results[0].error is GatepassException.Conflict && results[3].error is GatepassException.NotFound && results[4].error is GatepassException.Forbidden)
        assertEquals("entry_exists", results[0].error?.code)
        assertFalse("hunter2" in "${results[0].error} $results $operations ${Mod.add("userPassword", "hunter2")}")
        assertEquals(listOf("POST /adap/bulk"), server.lines())
        assertEquals(emptyList<BulkResult>(), rest.bulk(emptyList()))
        assertTrue(server.asked.isEmpty())
    }

    @Test
    fun `a user is acted as`() = runBlocking {
        val acting = rest.actingAs("cn=Žofie,o=x")
        acting.bind()
        assertEquals("cn=\\C5\\BDofie,o=x", server.asked.single().headers["proxy"])
        assertEquals("dn_malformed", thrown<GatepassException.InvalidInput> { rest.actingAs("nobody") }.code)
        rest.close()
        thrown<GatepassException.Closed> { acting.bind() }
        Unit
    }

    @Test
    fun `filters are escaped`() = runBlocking {
        val filter = Filter.equals("objectClass", "person") and (Filter.startsWith("cn", "Ad(a") or !Filter.contains("cn", "*"))
        assertEquals("(&(objectClass=person)(|(cn=Ad\\28a*)(!(cn=*\\2a*))))", "$filter")
        assertEquals("(bin=\\ff\\00)", "${Filter.equals("bin", byteArrayOf(-1, 0))}")
        assertEquals("(&(a>=1)(a<=2)(a~=x)(a=*))", "${Filter.all(Filter.atLeast("a", "1"), Filter.atMost("a", "2"), Filter.approximately("a", "x"), Filter.present("a"))}")
        assertEquals("(|(o=u*of*h)(o=*z)(f:1.2:=2)(x=y))", "${Filter.any(Filter.substring("o", "u", listOf("of"), "h"), Filter.endsWith("o", "z"), Filter.matches("f", "1.2", "2"), Filter.raw("x=y"))}")
        assertEquals(Filter.raw("(a=b)"), Filter.equals("a", "b"))
        assertEquals("filter_malformed", thrown<GatepassException.InvalidInput> { rest.search("o=x", Filter.present("cn=*)(uid")).all() }.code)
        assertEquals("text_malformed", thrown<GatepassException.InvalidInput> { Filter.equals("cn", "\uD83D") }.code)
        assertEquals("cn=O'Hara\\, P.,ou=People,o=acme", Dn.child("ou=People,o=acme", "cn", "O'Hara, P."))
        assertEquals(listOf("o=acme", "ou=People", null), listOf(Dn.parent("ou=People,o=acme"), Dn.rdn("ou=People,o=acme"), Dn.parent("")))
        assertTrue(Dn.isWithin("ou=People,o=acme", "O=ACME") && Dn.escape("a,b") == "a\\,b")
        assertTrue(server.asked.isEmpty())
    }

    @Test
    fun `nothing is asked of what is closed, nor with numbers that are none`() = runBlocking {
        server.answer = paging(1000, 10)
        for (search in listOf(rest.search("o=x", pageSize = 0), rest.search("o=x", pageSize = -1), rest.search("o=x", sizeLimit = -1), rest.search("o=x", count = -1))) {
            thrown<GatepassException.InvalidInput> { search.all() }
        }
        assertEquals("dn_malformed", thrown<GatepassException.InvalidInput> { rest.search("nobody").all() }.code)
        assertEquals("dn_too_long", thrown<GatepassException.InvalidInput> { rest.get("cn=" + "x".repeat(5000)) }.code)
        assertEquals("text_malformed", thrown<GatepassException.InvalidInput> { rest.get("cn=\uD83D") }.code)
        assertTrue(server.asked.isEmpty())
        val search = rest.search("o=x")
        thrown<GatepassException.Closed> { search.pages().collect { rest.close() } }
        thrown<GatepassException.Closed> { search.all() }
        thrown<GatepassException.Closed> { search.first() }
        thrown<GatepassException.Closed> { rest.search("o=x") }
        assertEquals("closed", thrown<GatepassException.Closed> { rest.bulk(emptyList()) }.code)
        rest.close()
        assertEquals("url_insecure", thrown<GatepassException.InvalidInput> { RestClient("http://example.org/adap", Credential.env("X")) }.code)
    }
}
