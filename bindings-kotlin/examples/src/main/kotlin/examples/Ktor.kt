package examples

import dev.gatepass.Api
import dev.gatepass.Credential
import dev.gatepass.Gatepass
import dev.gatepass.ktor.access
import dev.gatepass.ktor.gatepass
import io.ktor.http.HttpStatusCode
import io.ktor.server.application.install
import io.ktor.server.auth.Authentication
import io.ktor.server.auth.authenticate
import io.ktor.server.cio.CIO
import io.ktor.server.engine.embeddedServer
import io.ktor.server.response.respond
import io.ktor.server.response.respondText
import io.ktor.server.routing.get
import io.ktor.server.routing.routing
import kotlinx.coroutines.runBlocking

/** A service on Ktor that checks tokens by itself: it follows the authority and asks nobody on a request. */
fun main() {
    val verifier = runBlocking { connection().verifier() }
    val orders = verifier.guard(Api.REST, scopes = setOf("orders:read"))
    val server = embeddedServer(CIO, port = 0, host = "127.0.0.1") {
        install(Authentication) {
            gatepass(guard = orders, realm = "orders") { _, denied -> println("denied: ${denied.reason.code} ${denied.tokenId.orEmpty()}") }
        }
        routing {
            authenticate { get("/orders") { call.respondText("orders of ${call.access.targetDn ?: call.access.name}") } }
            get("/ready") { call.respond(if (verifier.state.value.stale) HttpStatusCode.ServiceUnavailable else HttpStatusCode.OK) }
        }
    }.start()
    runBlocking { println("http://127.0.0.1:${server.engine.resolvedConnectors().first().port}") }
    Runtime.getRuntime().addShutdownHook(Thread { verifier.close() })
    Thread.currentThread().join()
}

/** A store of this service's own, or the authority that its own token may follow. */
private suspend fun connection(): Gatepass = System.getenv("GATEPASS_STORE")?.let { Gatepass.open(it) }
    ?: Gatepass.connect(System.getenv("GATEPASS_SERVER"), Credential.env("GATEPASS_TOKEN"))
