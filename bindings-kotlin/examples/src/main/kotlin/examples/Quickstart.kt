package examples

import dev.gatepass.Api
import dev.gatepass.Denied
import dev.gatepass.Gatepass
import dev.gatepass.Granted
import dev.gatepass.Password
import dev.gatepass.Verdict
import dev.gatepass.days
import java.nio.file.Files
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.delay
import kotlinx.coroutines.runBlocking

/** The main job from Kotlin, through an authority on a new store: its program is in `GATEPASS_PROGRAM`. */
fun main() {
    val folder = Files.createTempDirectory("gatepass-quickstart")
    val password = "a password for this run alone"
    val program = System.getenv("GATEPASS_PROGRAM") ?: "gatepass"
    val serve = ProcessBuilder(program, "serve", "--store", folder.resolve("tokens.db").toString(), "--listen", "127.0.0.1:0")
    serve.environment()["GATEPASS_ADMIN_PASSWORD"] = password
    val authority = serve.redirectError(folder.resolve("log").toFile()).start()
    try {
        val url = checkNotNull(authority.inputReader().readLine()) { "the authority did not start" }
        println("— an authority on a new store: $url")
        runBlocking { Gatepass.login(url, "admin", Password(password)).use { tour(it) } }
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
