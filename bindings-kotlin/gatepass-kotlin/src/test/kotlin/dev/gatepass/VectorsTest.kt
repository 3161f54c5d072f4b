package dev.gatepass

import com.fasterxml.jackson.databind.JsonNode
import com.fasterxml.jackson.databind.ObjectMapper
import dev.gatepass.internal.ffi.CallerData
import dev.gatepass.internal.ffi.MadeHandle
import dev.gatepass.internal.ffi.RotationData
import dev.gatepass.internal.ffi.SceneData
import dev.gatepass.internal.ffi.answer
import dev.gatepass.internal.ffi.fixedVerifier
import dev.gatepass.internal.ffi.makeToken
import dev.gatepass.internal.ffi.maySetPassword
import dev.gatepass.internal.ffi.maySetRole
import dev.gatepass.internal.ffi.maySetRoles
import dev.gatepass.internal.ffi.permittedScopes
import dev.gatepass.internal.ffi.rotateRecord
import dev.gatepass.testing.ManualClock
import dev.gatepass.testing.TestTokens
import dev.gatepass.testing.expiresOn
import dev.gatepass.testing.externalVerifierOf
import java.io.File
import java.security.MessageDigest
import java.time.Instant
import java.time.LocalDate
import java.time.OffsetDateTime
import kotlin.time.Duration.Companion.milliseconds
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNotNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

/** Every file of `tests/vectors`: all cases of a file, and what failed is told by name. */
class VectorsTest {
    @Test
    fun secrets() {
        val nobody = TestTokens().verifier().guard(Api.REST)
        run("secrets") { case ->
            val text = text(case["text"])
            val made = outcome { Secret.of(text) }
            same("secret", expanded(case["secret"]), made) { secret ->
                json(
                    "brand" to secret.brand, "api" to secret.api?.name?.lowercase(), "id" to secret.id,
                    "digest" to secret.digest, "redacted" to secret.toString(), "revealed" to secret.reveal(),
                )
            }
            assertEquals(case["check"].textValue(), (nobody.checkSecret(text) as Denied).reason.code)
        }
    }

    @Test
    fun expiration() = run("expiration") { case ->
        val now = instantOf(case["now"].textValue())
        val found = outcome { expiresOn(expirationOf(case["expiration"]), now, policyOf(case["policy"])) }
        same("expiry", case["expected"], found) { instant -> JSON.valueToTree(instant?.let(::written)) }
    }

    @Test
    fun headers() {
        val nobody = TestTokens().verifier().guard(Api.REST)
        run("headers") { case ->
            val denied = when (val given = case["authorization"]) {
                null -> nobody.check(null)
                else -> if (given.isArray) nobody.check(given.map(::text)) else nobody.check(if (given.isNull) null else text(given))
            }
            assertEquals(case["reason"].textValue(), (denied as Denied).reason.code)
        }
    }

    @Test
    fun answers() = run("answers") { case ->
        val found = answer(case["reason"].textValue(), text(case["realm"]), case["scope"].takeUnless { it.isNull }?.let(::text))
        val expected = case["answer"]
        assertEquals(expected["status"].intValue(), found.status.toInt())
        assertEquals(expected["www_authenticate"].textValue(), found.wwwAuthenticate)
        assertEquals(expected["retry_after"].takeUnless { it.isNull }?.intValue(), found.retryAfter?.toInt())
        assertEquals(expected["error"].textValue(), found.error)
    }

    @Test
    fun roles() = run("roles") { case ->
        case["held"]?.let { held ->
            val custom = (held["custom"] ?: JSON.createArrayNode()).toString()
            val found = permittedScopes(held["roles"].map { it.textValue() }, custom)
            assertEquals(held["allows"].map { it.textValue() }.toSet(), found.toSet())
        }
        case["round_trip"]?.let { trip ->
            val role = Role.fromJson(trip["given"].toString())
            assertEquals(trip["written"], JSON.readTree(role.toJson()))
            assertEquals(trip["allows"].map { it.textValue() }.toSet(), role.scopes)
        }
        case["refused"]?.let { refused ->
            val found = outcome { permittedScopes(emptyList(), JSON.createArrayNode().add(refused["given"]).toString()) }
            assertEquals(refused["error"], found.error)
        }
        assertTrue(case.has("held") || case.has("round_trip") || case.has("refused"))
    }

    @Test
    fun issuing() = run("issuing") { case ->
        val scene = SceneData(
            callerOf(case["caller"]), (case["custom"] ?: JSON.createArrayNode()).toString(),
            case["policy"]?.let { policyOf(it).data() }, millis("now", instantOf(case["now"].textValue())),
        )
        val expected = expanded(case["expected"])
        case["create"]?.let { asked ->
            val made = outcome { makeToken(newTokenOf(asked).data(), asked["brand"]?.let(::text), scene) }
            same("token", expected, made) { tokenOf(it, asked["brand"]?.let(::text) ?: "gp") }
        }
        case["rotate"]?.let { asked ->
            val expires = asked["expires"].takeUnless { it.isNull }?.let { expirationOf(it) }
            val rotation = RotationData(asked["grace_ms"].longValue(), expires?.data(), asked["force"].booleanValue())
            val made = outcome { rotateRecord(asked["record"].toString(), rotation, scene) }
            same("token", expected, made) { handle ->
                assertEquals(asked["record"]["digest"], JSON.readTree(handle.record())["previousDigest"])
                tokenOf(handle, "gp", keepId = true)
            }
        }
        case["set_role"]?.let { asked ->
            val before = asked["before"].takeUnless { it.isNull }?.toString()
            same("role", expected, outcome { maySetRole(before, asked["after"].toString(), scene) }) { JSON.nullNode() }
        }
        case["set_user_roles"]?.let { asked ->
            val (before, after) = listOf("before", "after").map { word -> asked[word].map(::text) }
            same("roles", expected, outcome { maySetRoles(before, after, scene) }) { JSON.nullNode() }
        }
        case["set_password"]?.let { asked ->
            same("password", expected, outcome { maySetPassword(asked["roles"].map(::text), scene) }) { JSON.nullNode() }
        }
    }

    @Test
    fun checks() = run("checks") { case ->
        val now = instantOf(case["now"].textValue())
        val freshness = case["freshness"].takeUnless { it.isNull }
        val proof = freshness?.get("proof")?.takeUnless { it.isNull }
        val clock = ManualClock(if (proof == null) now else now.minusMillis(proof["wall_age_ms"].longValue()))
        val verifier = Verifier(
            fixedVerifier(
                case["records"].toString(), case["custom"].toString(), freshness?.get("max_staleness_ms")?.longValue(),
                proof != null, clock.handle, null,
            ),
        )
        if (proof != null) {
            clock.now = now
            clock.advanceBootTime(proof["boot_age_ms"].longValue().milliseconds)
        }
        val wanted = case["guard"]
        val guard = outcome { verifier.guard(Api.valueOf(wanted["api"].textValue().uppercase()), LinkedHashSet(wanted["scopes"].map(::text))) }
        if (!case["error"].isNull) {
            assertEquals(case["error"], guard.error)
            return@run
        }
        assertEquals(case["checks"].size(), case["checks"].map { it["name"].textValue() }.toSet().size)
        for (check in case["checks"]) {
            check["now"]?.takeUnless { it.isNull }?.let { clock.now = instantOf(it.textValue()) } ?: run { clock.now = now }
            val peer = check["peer"].textValue()
            val given = check["authorization"]
            val verdict = guard.value!!.let {
                if (given.isArray) it.check(given.map(::text), peer) else it.check(if (given.isNull) null else text(given), peer)
            }
            same(check, verdict)
        }
    }

    @Test
    fun jwt() = run("jwt") { case ->
        val clock = ManualClock(instantOf(case["now"].textValue()))
        val made = outcome {
            val keys = case["keys"].properties().associate { it.key to it.value.toString() }
            externalVerifierOf(case["validators"].map { ExternalTokenValidator.fromJson(it.toString()) }, keys, clock)
        }
        if (!case["error"].isNull) {
            assertEquals(case["error"], made.error)
            return@run
        }
        val wanted = case["guard"]
        val guard = made.value!!.guard(Api.valueOf(wanted["api"].textValue().uppercase()), LinkedHashSet(wanted["scopes"].map(::text)))
        for (check in case["checks"]) {
            clock.now = instantOf((check["now"] ?: case["now"]).textValue())
            // What is remembered of the first time changes nothing.
            repeat(2) { sameOther(check, guard.check("Bearer ${text(check["token"])}")) }
        }
    }

    private fun sameOther(check: JsonNode, verdict: Verdict) {
        val expected = check["granted"] ?: return same(check, verdict)
        val name = check["name"].textValue()
        val access = (verdict as? Granted ?: error("$name: $verdict")).access
        val found = json(
            "name" to access.name, "api" to access.api.name.lowercase(), "subject" to access.subject, "issuer" to access.issuer,
            "scopes" to access.scopes.sorted(), "target_dn" to access.targetDn, "expires_on" to access.expiresOn?.let(::written),
            "claims" to JSON.readTree(access.claims.toString()),
            "allows" to texts(expected["allows"]).filter(access::allows), "refuses" to texts(expected["refuses"]).filterNot(access::allows),
        )
        assertEquals(expected, found, name)
    }

    private fun same(check: JsonNode, verdict: Verdict) {
        val name = check["name"].textValue()
        when (verdict) {
            is Denied -> {
                val expected = assertNotNull(check["denied"], name).let { check["denied"] }
                assertEquals(expected["reason"].textValue(), verdict.reason.code, name)
                assertEquals(expected["status"].intValue(), verdict.answer("x").status, name)
                assertEquals(expected["id"].textValue(), verdict.tokenId, name)
            }
            is Granted -> verdict.access.let { access ->
                val expected = check["granted"]
                assertEquals(expected["id"].textValue(), access.id, name)
                assertEquals(expected["name"].textValue(), access.name, name)
                assertEquals(expected["api"].textValue(), access.api.name.lowercase(), name)
                assertEquals(expected["roles"].map { it.textValue() }, access.roles, name)
                assertEquals(expected["target_dn"].textValue(), access.targetDn, name)
                assertEquals(expected["expires_on"].textValue(), access.expiresOn?.let(::written), name)
                expected["allows"].forEach { assertTrue(access.allows(text(it)), "$name allows $it") }
                expected["refuses"].forEach { assertTrue(!access.allows(text(it)), "$name refuses $it") }
            }
        }
    }

    private fun tokenOf(made: MadeHandle, brand: String, keepId: Boolean = false): JsonNode {
        val record = JSON.readTree(made.record()) as com.fasterxml.jackson.databind.node.ObjectNode
        val secret = Secret(made.secret())
        assertEquals(brand, secret.brand)
        assertEquals(record["apiType"].textValue(), secret.api?.name)
        assertEquals(record["id"].textValue(), secret.id)
        val digest = MessageDigest.getInstance("SHA-256").digest(secret.reveal().toByteArray())
        assertEquals(record["digest"].textValue(), digest.joinToString("") { "%02x".format(it) })
        record.remove(listOf("digest", "previousDigest") + if (keepId) emptyList() else listOf("id"))
        return record
    }

    private fun newTokenOf(asked: JsonNode) = NewToken(
        text(asked["name"]),
        Api.valueOf(asked["api"].textValue().uppercase()),
        asked["expires"]?.takeUnless { it.isNull }?.let(::expirationOf),
        texts(asked["roles"]), texts(asked["scopes"]), asked["target_dn"]?.takeUnless { it.isNull }?.let(::text),
        texts(asked["networks"]), asked["not_before"]?.takeUnless { it.isNull }?.let { instantOf(it.textValue()) },
        asked["description"]?.takeUnless { it.isNull }?.let(::text),
        asked["metadata"]?.let(::metadataOf) ?: emptyMap(),
    )

    private fun metadataOf(given: JsonNode): Map<String, String> =
        if (given.isArray) given.associate { text(it[0]) to text(it[1]) } else given.properties().associate { it.key to text(it.value) }

    private fun callerOf(given: JsonNode?): CallerData = when {
        given == null -> CallerData.Owner
        given.has("token") -> CallerData.Token(given["token"].toString())
        else -> CallerData.User(given["user"]["name"].textValue(), given["user"]["roles"].map { it.textValue() })
    }

    private companion object {
        val JSON = ObjectMapper()

        class Outcome<T>(val value: T?, val error: JsonNode?)

        /** What a public call of this SDK, or one of the native layer, gives or throws. */
        fun <T> outcome(call: () -> T): Outcome<T> = try {
            Outcome(native("vector") { call() }, null)
        } catch (error: GatepassException) {
            Outcome(null, json("kind" to error.kind, "code" to error.code, "field" to error.field))
        }

        fun <T> same(what: String, expected: JsonNode, found: Outcome<T>, shown: (T) -> JsonNode) {
            if (found.error != null) return assertEquals(expected["error"], found.error, what)
            @Suppress("UNCHECKED_CAST")
            assertEquals(assertNotNull(expected["ok"], what).let { expected["ok"] }, shown(found.value as T), what)
        }

        fun run(file: String, run: (JsonNode) -> Unit) {
            val cases = JSON.readTree(File(System.getProperty("gatepass.vectors"), "$file.json"))["cases"]
            val names = HashSet<String>()
            val failures = cases.mapNotNull { case ->
                val name = case["name"].textValue()
                runCatching {
                    assertTrue(names.add(name), "this name is taken")
                    run(case)
                }.exceptionOrNull()?.let { "  $name: $it" }
            }
            assertTrue(cases.size() > 0 && names.size == cases.size(), "$file has ${cases.size()} cases, and ${names.size} ran")
            assertTrue(failures.isEmpty(), "${failures.size} of ${cases.size()} cases of $file failed:\n${failures.take(40).joinToString("\n")}")
        }

        fun json(vararg members: Pair<String, Any?>): JsonNode = JSON.valueToTree(linkedMapOf(*members))

        /** A text, or what stands for one that is long or strange. */
        fun text(given: JsonNode): String = when {
            given.isTextual -> given.textValue()
            given.has("repeat") -> given["repeat"].textValue().repeat(given["times"].intValue())
            given.has("join") -> given["join"].joinToString("") { text(it) }
            given.has("hex") -> given["hex"].textValue().chunked(2).map { it.toInt(16).toChar() }.joinToString("")
            else -> error("no text: $given")
        }

        fun texts(given: JsonNode?): List<String> = given?.map(::text) ?: emptyList()

        /** The same with each such object in a tree replaced. */
        fun expanded(given: JsonNode): JsonNode = when {
            given.isObject && listOf("repeat", "join", "hex").any { given.has(it) } -> JSON.valueToTree(text(given))
            given.isObject -> JSON.createObjectNode().apply { given.properties().forEach { set<JsonNode>(it.key, expanded(it.value)) } }
            given.isArray -> JSON.createArrayNode().apply { given.forEach { add(expanded(it)) } }
            else -> given
        }

        fun instantOf(text: String): Instant = OffsetDateTime.parse(text).toInstant()

        fun written(instant: Instant): String =
            java.time.format.DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSS'Z'").withZone(java.time.ZoneOffset.UTC).format(instant)

        fun policyOf(given: JsonNode?): TokenPolicy =
            if (given == null) TokenPolicy() else TokenPolicy(given["max_days"].takeUnless { it.isNull }?.longValue(), given["allow_never"].booleanValue())

        fun expirationOf(given: JsonNode?): Expiration? = when {
            given == null || given.isNull -> null
            given.isTextual -> Expiration.Never
            given.has("days") -> Expiration.Days(given["days"].longValue())
            given.has("on") -> Expiration.On(LocalDate.parse(given["on"].textValue()), given["zone"]?.textValue() ?: "UTC")
            else -> at(instantOf(given["at"].textValue()))
        }
    }
}
