package dev.gatepass

import com.fasterxml.jackson.databind.ObjectMapper
import com.fasterxml.jackson.databind.node.ArrayNode
import java.io.BufferedInputStream
import java.io.File
import java.net.InetAddress
import java.net.ServerSocket
import java.net.Socket
import java.net.URI
import java.net.http.HttpClient
import java.net.http.HttpRequest
import java.net.http.HttpResponse.BodyHandlers
import kotlin.concurrent.thread
import kotlinx.coroutines.flow.collect
import kotlinx.coroutines.runBlocking
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive

/**
 * Measures the data clients against the JVM's own HTTP client with Jackson, each in a process of its own, at a server whose
 * answers are made beforehand, so that the clients are what is measured.
 */
object BenchData {
    private const val ENTRIES = 500_000
    private const val FEWER = 50_000
    private const val PAGE = 1000
    private const val OPERATIONS = 10_000
    private const val ROUNDS = 3

    /** What is run in a process of its own: `serve`, or a client's name, a URL and a base. */
    @JvmStatic
    fun main(arguments: Array<String>) {
        if (arguments[0] == "serve") return serve()
        val (which, url, base) = arguments
        val begun = System.nanoTime()
        val found = clients.getValue(which)(url, base)
        val seconds = (System.nanoTime() - begun) / 1e9
        val peak = File("/proc/self/status").readLines().first { it.startsWith("VmHWM") }.filter(Char::isDigit).toDouble() / 1024
        println("$found $seconds $peak")
    }

    fun rows(): List<Map<String, Any?>> {
        val server = java("serve").start()
        try {
            val url = server.inputReader().readLine()
            return listOf(
                Triple("rest", "${ENTRIES / 1000} k entries", ENTRIES), Triple("scim", "${ENTRIES / 1000} k resources", ENTRIES),
                Triple("bulk", "${OPERATIONS / 1000} k operations in one call", OPERATIONS),
            ).flatMap { (which, what, expected) ->
                val rounds = List(ROUNDS) { measured(which, url, "o=acme", expected) to measured("$which by java.net.http", url, "o=acme", expected) }
                val (own, theirs) = rounds.sortedBy { (own, theirs) -> own.first / theirs.first }[ROUNDS / 2]
                val least = if (which == "bulk") null else 1.0
                val name = "Kotlin: $which, $what"
                val bounded = if (which != "rest") emptyList() else measured(which, url, "o=fewer", FEWER).let { (_, fewer) ->
                    listOf(row("$name: peak memory, bounded", "MiB", own.second, "of ${FEWER / 1000} k entries", fewer, 0.8))
                }
                listOf(
                    row(name, "s", own.first, "java.net.http, Jackson", theirs.first, least),
                    row("$name: peak memory", "MiB", own.second, "java.net.http, Jackson", theirs.second, null),
                ) + bounded
            }
        } finally {
            server.destroyForcibly().waitFor()
        }
    }

    private fun row(name: String, unit: String, value: Double, peer: String, other: Double, least: Double?) = mapOf(
        "name" to name, "unit" to unit, "value" to value, "peer" to peer, "peer_value" to other, "ratio" to other / value,
        "bar" to least?.let { ">= $it" }, "ok" to (least == null || other / value >= least),
    )

    private fun java(vararg arguments: String) = ProcessBuilder(
        listOf("java", "-Xmx256m", "-XX:+UseSerialGC", "-cp", System.getProperty("java.class.path"), "dev.gatepass.BenchData") + arguments,
    ).redirectError(ProcessBuilder.Redirect.INHERIT)

    private fun measured(which: String, url: String, base: String, expected: Int): Pair<Double, Double> {
        val (found, seconds, peak) = java(which, url, base).start().inputReader().readText().trim().split(' ')
        check(found.toInt() == expected) { "$which found $found" }
        return seconds.toDouble() to peak.toDouble()
    }

    // The clients: each gives how many it has seen.

    private val clients = mapOf<String, (String, String) -> Int>(
        "rest" to ::rest, "rest by java.net.http" to ::restByPeer, "scim" to ::scim, "scim by java.net.http" to ::scimByPeer,
        "bulk" to ::bulk, "bulk by java.net.http" to ::bulkByPeer,
    )

    private val secret get() = Credential.of(Secret.of(TOKEN))

    private fun rest(url: String, base: String): Int = runBlocking {
        var found = 0
        RestClient("$url/adap", secret).use { rest ->
            rest.search(base, pageSize = PAGE).collect { if (it.dn.isNotEmpty() && it.first("mail") != null) found++ }
        }
        found
    }

    private fun scim(url: String, base: String): Int = runBlocking {
        var found = 0
        ScimClient("$url/scim2/v2", secret).use { scim ->
            scim.resources("Users").list(pageSize = PAGE).collect { user ->
                val mail = ((user["emails"] as JsonArray)[0] as JsonObject)["value"] as JsonPrimitive
                if (user.id.isNotEmpty() && mail.content.isNotEmpty()) found++
            }
        }
        found
    }

    private fun bulk(url: String, base: String): Int = runBlocking {
        RestClient("$url/adap", secret).use { rest ->
            val change = Mod.replace("employeeType", "employee")
            rest.bulk(List(OPERATIONS) { BulkOperation.modify(name(it), change) }).count { it.isDone }
        }
    }

    private val json = ObjectMapper()

    private fun HttpClient.ask(url: String, body: String? = null) = HttpRequest.newBuilder(URI(url)).header("Authorization", "Bearer $TOKEN")
        .apply { if (body != null) header("Content-Type", "application/json").POST(HttpRequest.BodyPublishers.ofString(body)) }
        .build().let { request ->
            val answer = send(request, BodyHandlers.ofByteArray())
            check(answer.statusCode() == 200)
            json.readTree(answer.body())
        }

    private fun restByPeer(url: String, base: String): Int {
        val http = HttpClient.newHttpClient()
        val search = "$url/adap/${base.replace("=", "%3D")}?scope=sub&sizeLimit=0&pageSize=$PAGE&returnMode=array"
        var (found, more) = 0 to ""
        while (true) {
            val answer = http.ask(search + more)
            for (entry in answer["resources"]) if (entry["dn"].asText().isNotEmpty() && entry["attributes"]["mail"][0].asText() != null) found++
            val cookie = answer["cookie"].asText()
            if (cookie == "null") return found
            more = "&cookie=$cookie"
        }
    }

    private fun scimByPeer(url: String, base: String): Int {
        val http = HttpClient.newHttpClient()
        var (found, start) = 0 to 1
        while (true) {
            val answer = http.ask("$url/scim2/v2/Users?startIndex=$start&count=$PAGE")
            for (user in answer["Resources"]) if (user["id"].asText().isNotEmpty() && user["emails"][0]["value"].asText().isNotEmpty()) found++
            start += (answer["Resources"] as ArrayNode).size()
            if (start > answer["totalResults"].asInt()) return found
        }
    }

    private fun bulkByPeer(url: String, base: String): Int {
        val change = mapOf("mods" to listOf(mapOf("attribute" to "employeeType", "type" to "REPLACE", "values" to listOf("employee"))))
        val operations = List(OPERATIONS) { mapOf("method" to "PATCH", "dn" to name(it), "params" to change) }
        val answer = HttpClient.newHttpClient().ask("$url/adap/bulk", json.writeValueAsString(mapOf("Operations" to operations)))
        return answer["Operations"].count { it["status"]["code"].asText() == "200" }
    }

    private fun name(number: Int) = "uid=u%07d,ou=People,o=acme".format(number)

    // The server, of answers whose first entry alone differs: a client takes the same page twice for a mistake.

    private fun entry(name: String) = """{"dn":"uid=$name,ou=People,o=acme","attributes":{"objectClass":["top","person","organizationalPerson","inetOrgPerson"],"uid":["$name"],"cn":["Person of the name $name"],"sn":["$name"],"mail":["$name@acme.example","$name@people.acme.example"],"telephoneNumber":["+44 20 7946 0958"],"employeeType":["contractor"]}}"""

    private fun user(name: String) = """{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"id":"uid=$name,ou=People,o=acme","userName":"$name","name":{"familyName":"$name","givenName":"Person"},"emails":[{"value":"$name@acme.example","type":"work","primary":true}],"active":true,"meta":{"resourceType":"User","version":"W/\"$name\""}}"""

    private fun serve() {
        val names = List(PAGE - 1) { "u%07d".format(it + 1) }
        val (entries, users) = names.joinToString(",", transform = ::entry).encodeToByteArray() to names.joinToString(",", transform = ::user).encodeToByteArray()
        val done = List(OPERATIONS) { """{"method":"PATCH","dn":"${name(it)}","status":{"code":"200"}}""" }
            .joinToString(",", """{"Operations":[""", "]}").encodeToByteArray()
        val listener = ServerSocket(0, 50, InetAddress.getLoopbackAddress())
        println("http://127.0.0.1:${listener.localPort}")
        System.out.flush()

        fun answer(target: String): List<ByteArray> {
            if ("/adap/bulk" in target) return listOf(done)
            val total = if ("fewer" in target) FEWER else ENTRIES
            if ("/scim2" in target) {
                val start = target.substringAfter("startIndex=").takeWhile(Char::isDigit)
                val head = """{"totalResults":$total,"startIndex":$start,"itemsPerPage":$PAGE,"Resources":[${user("first$start")},"""
                return listOf(head.encodeToByteArray(), users, "]}".encodeToByteArray())
            }
            val number = target.substringAfter("cookie=c", "0").takeWhile(Char::isDigit).toInt()
            val cookie = if ((number + 1) * PAGE >= total) "null" else "c${number + 1}"
            return listOf(
                """{"resources":[${entry("first$number")},""".encodeToByteArray(), entries,
                """],"totalResults":-2,"count":$PAGE,"cookie":"$cookie"}""".encodeToByteArray(),
            )
        }

        fun talk(socket: Socket) {
            socket.tcpNoDelay = true
            val (input, output) = BufferedInputStream(socket.getInputStream()) to socket.getOutputStream()
            while (true) {
                val head = StringBuilder()
                while (!head.endsWith("\r\n\r\n")) input.read().let { if (it < 0) return else head.append(it.toChar()) }
                val length = Regex("(?i)\r\ncontent-length: *(\\d+)").find(head)?.groupValues?.get(1)?.toInt() ?: 0
                input.skipNBytes(length.toLong())
                val parts = answer(head.substring(0, head.indexOf("\r\n")))
                val said = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${parts.sumOf { it.size }}\r\n\r\n"
                output.write(said.encodeToByteArray() + parts[0])
                parts.drop(1).forEach(output::write)
            }
        }
        while (true) listener.accept().let { thread(isDaemon = true) { runCatching { it.use(::talk) } } }
    }
}
