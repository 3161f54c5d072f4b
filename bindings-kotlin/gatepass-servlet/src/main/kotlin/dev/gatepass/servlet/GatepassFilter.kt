package dev.gatepass.servlet

import dev.gatepass.Access
import dev.gatepass.Denied
import dev.gatepass.Granted
import dev.gatepass.Guard
import jakarta.servlet.DispatcherType
import jakarta.servlet.FilterChain
import jakarta.servlet.http.HttpFilter
import jakarta.servlet.http.HttpServletRequest
import jakarta.servlet.http.HttpServletRequestWrapper
import jakarta.servlet.http.HttpServletResponse
import java.security.Principal

/**
 * Lets only those requests through that [guard] grants; the others are answered as RFC 6750 says. What was granted is in
 * the request: `GatepassFilter.access(request)`, its principal, and `isUserInRole(scope)`.
 *
 * The client's address is the container's, `getRemoteAddr`: behind a proxy, tell the container whom to trust
 * (Jetty's `ForwardedRequestCustomizer`, Tomcat's `RemoteIpValve`).
 *
 * @param realm the name of what is protected, as a client is told it
 * @param onDenied is told of each denial, with its precise reason: for the log, never for the client
 */
public class GatepassFilter @JvmOverloads constructor(
    private val guard: Guard,
    private val realm: String = "gatepass",
    private val onDenied: (HttpServletRequest, Denied) -> Unit = { _, _ -> },
) : HttpFilter() {
    override fun doFilter(request: HttpServletRequest, response: HttpServletResponse, chain: FilterChain) {
        // A request that was let through comes by again when it is dispatched anew; its answer is its own.
        if (request.dispatcherType == DispatcherType.ERROR || access(request) != null) return chain.doFilter(request, response)
        val values = request.getHeaders("Authorization").toList()
        when (val verdict = guard.check(values, request.remoteAddr)) {
            is Granted -> {
                request.setAttribute(ATTRIBUTE, verdict.access)
                chain.doFilter(Authenticated(request, verdict.access), response)
            }
            is Denied -> {
                onDenied(request, verdict)
                val answer = verdict.answer(realm)
                answer.wwwAuthenticate?.let { response.setHeader("WWW-Authenticate", it) }
                answer.retryAfter?.let { response.setIntHeader("Retry-After", it) }
                response.setHeader("Cache-Control", "no-store")
                response.status = answer.status
            }
        }
    }

    private class Authenticated(request: HttpServletRequest, private val access: Access) : HttpServletRequestWrapper(request) {
        override fun getUserPrincipal(): Principal = GatepassPrincipal(access)

        override fun getRemoteUser(): String = access.name

        override fun isUserInRole(role: String): Boolean = access.allows(role)

        override fun getAuthType(): String = "Bearer"
    }

    public companion object {
        /** The attribute of a request that holds its [Access]. */
        public const val ATTRIBUTE: String = "dev.gatepass.access"

        /** What was granted to this request; null where no filter granted anything. */
        @JvmStatic
        public fun access(request: HttpServletRequest): Access? = request.getAttribute(ATTRIBUTE) as? Access
    }
}

/** Who has a request's token, by the token's name. */
public class GatepassPrincipal(public val access: Access) : Principal {
    override fun getName(): String = access.name

    override fun toString(): String = "GatepassPrincipal($name)"
}
