package examples

import com.sun.net.httpserver.HttpServer
import dev.gatepass.Api
import dev.gatepass.Credential
import dev.gatepass.Denied
import dev.gatepass.Filter
import dev.gatepass.Gatepass
import dev.gatepass.GatepassException
import dev.gatepass.Granted
import dev.gatepass.Password
import dev.gatepass.RestClient
import dev.gatepass.ScimClient
import dev.gatepass.ScimFilter
import dev.gatepass.Verdict
import dev.gatepass.days
import dev.gatepass.testing.TestProvider
import java.net.InetSocketAddress
import java.nio.file.Files
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.delay
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout

/** The main job from Kotlin, through an authority on a new store: its program is in `GATEPASS_PROGRAM`. */
fun main() {
    val folder = Files.createTempDirectory("gatepass-quickstart")
    val password = "a password for this run alone"
    val program = System.getenv("GATEPASS_PROGRAM") ?: "gatepass"
    val serve = ProcessBuilder(program, "serve", "--store", folder.resolve("tokens.db").toString(), "--listen", "127.0.0.1:0", "--sandbox")
    serve.environment()["GATEPASS_ADMIN_PASSWORD"] = password
    val authority = serve.redirectError(folder.resolve("log").toFile()).start()
    try {
        val url = checkNotNull(authority.inputReader().readLine()) { "the authority did not start" }
        println("— an authority on a new store, with a directory of invented people: $url")
        runBlocking {
            Gatepass.login(url, "admin", Password(password)).use { gp ->
                tour(gp)
                provider(gp)
                threeApis(gp, url)
            }
        }
    } finally {
        authority.destroy()
        authority.waitFor()
        folder.toFile().deleteRecursively()
    }
    println("quickstart ok")
}

private suspend fun tour(gp: Gatepass) {
    println("— issued")
    val first = gp.tokens.create("nightly-sync", Api.REST, days(60), scopes = listOf("orders:read"), targetDn = "uid=sync,ou=svc,o=acme")
    println("${first.token.name} ${first.secret} until ${first.token.expiresOn}")

    println("— checked")
    suspend fun check(what: String, secret: dev.gatepass.Secret, expected: String) {
        val said = when (val verdict: Verdict = gp.tokens.checkSecret(secret, Api.REST, setOf("orders:read"))) {
            is Granted -> "granted"
            is Denied -> verdict.reason.code
        }
        println("$what: $said")
        check(said == expected) { "expected $expected" }
    }
    check("the new secret", first.secret, "granted")

    println("— rotated, with a second of grace")
    val second = gp.tokens.rotate("nightly-sync", grace = 1.seconds)
    check("the newer secret", second.secret, "granted")
    check("the old one, in its grace", first.secret, "granted")
    delay(1.1.seconds)
    check("the old one, afterwards", first.secret, "unknown")

    println("— revoked")
    gp.tokens.revoke("nightly-sync")
    check("the newer secret", second.secret, "unknown")
}

/** A token of an OpenID provider, which is a few lines here, beside the access tokens: for as long as a validator takes it. */
private suspend fun provider(gp: Gatepass) {
    println("— a token of an OpenID provider")
    val server = HttpServer.create(InetSocketAddress("127.0.0.1", 0), 0)
    val sso = TestProvider(jwksUrl = "http://127.0.0.1:${server.address.port}/jwks")
    server.createContext("/jwks") { exchange ->
        val keys = sso.jwks.toByteArray()
        exchange.sendResponseHeaders(200, keys.size.toLong())
        exchange.responseBody.use { it.write(keys) }
    }
    server.start()
    gp.validators.create(sso.validator("sso", Api.REST).copy(claimsMapping = listOf("uid=\${sub},ou=People,o=acme")))
    gp.verifier().use { verifier ->
        val (guard, header) = verifier.guard(Api.REST) to "Bearer ${sso.token("ada")}"
        println("taken, to act as ${guard.requireAsync(header).targetDn}")
        gp.validators.delete("sso")
        withTimeout(10.seconds) { while (guard.check(header) is Granted) delay(10.milliseconds) }
        println("refused, once the validator is gone")
    }
    server.stop(0)
}

/** Each token at its own API, and refused at the two others. */
private suspend fun threeApis(gp: Gatepass, url: String) {
    println("— a token for each API, at the sandbox")
    val tokens = Api.entries.associateWith { api ->
        val roles = if (api == Api.CONFIG) listOf("Read Only") else emptyList()
        gp.tokens.create("kotlin-${api.name.lowercase()}", api, days(1), roles = roles).secret
    }
    for ((opened, secret) in tokens) for (api in Api.entries) {
        val said = try {
            "opened   $api by the $opened token, which ${use(api, url, Credential.of(secret))}"
        } catch (error: GatepassException.Unauthorized) {
            "refused  $api by the $opened token: ${error.status}"
        }
        println(said)
        check(said.startsWith(if (api == opened) "opened" else "refused")) { "a token opens its own API alone" }
    }
}

private suspend fun use(api: Api, url: String, credential: Credential): String = when (api) {
    Api.CONFIG -> Gatepass.connect(url, credential).use { "is ${it.myself().name}" }
    Api.SCIM -> ScimClient("$url/scim2/v2", credential).use { scim ->
        "lists ${scim.resources("Users").list(ScimFilter.present("emails"), pageSize = 50).count()} users with mail"
    }
    Api.REST -> RestClient("$url/adap", credential).use { rest ->
        "finds ${rest.search("ou=People,o=acme", Filter.present("mail"), listOf("mail")).all().size} people with mail"
    }
}
