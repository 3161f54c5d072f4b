package dev.gatepass.ktor

import dev.gatepass.Credential
import dev.gatepass.Secret
import io.ktor.client.plugins.auth.AuthConfig
import io.ktor.client.plugins.auth.AuthProvider
import io.ktor.client.request.HttpRequestBuilder
import io.ktor.client.request.headers
import io.ktor.client.statement.HttpResponse
import io.ktor.http.HttpHeaders
import io.ktor.http.URLProtocol
import io.ktor.http.auth.AuthScheme
import io.ktor.http.auth.HttpAuthHeader
import io.ktor.util.AttributeKey

/**
 * Sends a Gatepass token with each request to these hosts, and asks the credential for another one when it was refused.
 *
 * ```
 * val client = HttpClient { install(Auth) { gatepass(Credential.file("adap.token"), "adap.example.org") } }
 * ```
 *
 * It goes to these hosts alone, and over TLS alone but on this machine: a redirect takes it nowhere else.
 */
public fun AuthConfig.gatepass(credential: Credential, vararg hosts: String) {
    require(hosts.isNotEmpty()) { "say to which hosts the token may be sent" }
    providers.add(GatepassClientProvider(credential, hosts.map { it.lowercase() }.toSet()))
}

private class GatepassClientProvider(private val credential: Credential, private val hosts: Set<String>) : AuthProvider {
    @Deprecated("Please use sendWithoutRequest function instead", level = DeprecationLevel.ERROR)
    override val sendWithoutRequest: Boolean get() = true

    override fun sendWithoutRequest(request: HttpRequestBuilder): Boolean = goesTo(request)

    override fun isApplicable(auth: HttpAuthHeader): Boolean = auth.authScheme.equals(AuthScheme.Bearer, ignoreCase = true)

    override suspend fun addRequestHeaders(request: HttpRequestBuilder, authHeader: HttpAuthHeader?) {
        if (!goesTo(request)) return
        val secret = credential.secret()
        request.attributes.put(SENT, secret)
        request.headers { set(HttpHeaders.Authorization, "Bearer ${secret.reveal()}") }
    }

    override suspend fun refreshToken(response: HttpResponse): Boolean {
        val refused = response.call.request.attributes.getOrNull(SENT) ?: return false
        return credential.otherThan(refused) != null
    }

    private fun goesTo(request: HttpRequestBuilder): Boolean {
        val host = request.url.host.lowercase()
        val safe = request.url.protocol == URLProtocol.HTTPS || host in LOOPBACK
        return safe && host in hosts
    }

    private companion object {
        val SENT = AttributeKey<Secret>("GatepassSecret")
        val LOOPBACK = setOf("localhost", "127.0.0.1", "[::1]", "::1")
    }
}
