package dev.gatepass.ktor

import dev.gatepass.Access
import dev.gatepass.Denied
import dev.gatepass.Granted
import dev.gatepass.Guard
import io.ktor.http.HttpHeaders
import io.ktor.http.HttpStatusCode
import io.ktor.server.application.ApplicationCall
import io.ktor.server.auth.AuthenticationConfig
import io.ktor.server.auth.AuthenticationContext
import io.ktor.server.auth.AuthenticationFailedCause
import io.ktor.server.auth.AuthenticationProvider
import io.ktor.server.auth.principal
import io.ktor.server.plugins.origin
import io.ktor.server.response.header
import io.ktor.server.response.respond

/**
 * Lets only those requests through that [guard] grants; the others are answered as RFC 6750 says.
 *
 * ```
 * install(Authentication) { gatepass("orders", guard, realm = "orders") }
 * routing {
 *     authenticate("orders") { get("/orders") { call.respondText("for ${call.access.targetDn}") } }
 * }
 * ```
 *
 * The client's address is `request.origin.remoteAddress`: behind a proxy of yours install Ktor's `ForwardedHeaders` or
 * `XForwardedHeaders`.
 *
 * @param name by which `authenticate` finds it; null for the default one
 * @param realm the name of what is protected, as a client is told it
 * @param onDenied is told of each denial, with its precise reason: for the log, never for the client
 */
public fun AuthenticationConfig.gatepass(
    name: String? = null,
    guard: Guard,
    realm: String = "gatepass",
    onDenied: (ApplicationCall, Denied) -> Unit = { _, _ -> },
) {
    register(GatepassProvider(GatepassProvider.Configuration(name), guard, realm, onDenied))
}

private class GatepassProvider(
    configuration: Configuration,
    private val guard: Guard,
    private val realm: String,
    private val onDenied: (ApplicationCall, Denied) -> Unit,
) : AuthenticationProvider(configuration) {
    class Configuration(name: String?) : Config(name)

    override suspend fun onAuthenticate(context: AuthenticationContext) {
        val call = context.call
        val values = call.request.headers.getAll(HttpHeaders.Authorization).orEmpty()
        when (val verdict = guard.checkAsync(values, call.request.origin.remoteAddress)) {
            is Granted -> context.principal(name, verdict.access)
            is Denied -> {
                onDenied(call, verdict)
                val missing = verdict.reason.code == "missing"
                val cause = if (missing) AuthenticationFailedCause.NoCredentials else AuthenticationFailedCause.InvalidCredentials
                context.challenge(KEY, cause) { challenge, challenged ->
                    challenged.refuse(verdict, realm)
                    challenge.complete()
                }
            }
        }
    }

    private companion object {
        const val KEY = "gatepass"
    }
}

private suspend fun ApplicationCall.refuse(denied: Denied, realm: String) {
    val answer = denied.answer(realm)
    answer.wwwAuthenticate?.let { response.header(HttpHeaders.WWWAuthenticate, it) }
    answer.retryAfter?.let { response.header(HttpHeaders.RetryAfter, it.toString()) }
    response.header(HttpHeaders.CacheControl, "no-store")
    respond(HttpStatusCode.fromValue(answer.status))
}

/** What was granted to this call. Only within `authenticate`. */
public val ApplicationCall.access: Access
    get() = checkNotNull(principal<Access>()) { "nothing was granted to this call: is its route within authenticate { }?" }
