package dev.gatepass.spring

import jakarta.servlet.FilterChain
import jakarta.servlet.http.HttpServletRequest
import jakarta.servlet.http.HttpServletResponse
import org.springframework.core.Ordered
import org.springframework.http.HttpStatusCode
import org.springframework.web.filter.OncePerRequestFilter
import org.springframework.web.server.ServerWebExchange
import org.springframework.web.server.WebFilter
import org.springframework.web.server.WebFilterChain
import reactor.core.publisher.Mono

/** Before Spring Security's own. */
private const val BEFORE_SECURITY = -110

private fun unavailable(error: Throwable): GatepassUnavailableException? =
    generateSequence(error) { it.cause }.firstOrNull { it is GatepassUnavailableException } as GatepassUnavailableException?

/** Answers 503 and `Retry-After` where nobody can tell whether a token is good; Spring Security alone answers 500. */
public class GatepassServletFilter : OncePerRequestFilter(), Ordered {
    override fun getOrder(): Int = BEFORE_SECURITY

    override fun doFilterInternal(request: HttpServletRequest, response: HttpServletResponse, chain: FilterChain) {
        try {
            chain.doFilter(request, response)
        } catch (error: Exception) {
            val unavailable = unavailable(error)
            if (unavailable == null || response.isCommitted) throw error
            val answer = unavailable.denied.answer("")
            answer.retryAfter?.let { response.setIntHeader("Retry-After", it) }
            response.status = answer.status
        }
    }
}

/** The same for WebFlux, where it says as well who the client is. */
public class GatepassWebFilter : WebFilter, Ordered {
    override fun getOrder(): Int = BEFORE_SECURITY

    override fun filter(exchange: ServerWebExchange, chain: WebFilterChain): Mono<Void> {
        val peer = exchange.request.remoteAddress?.address?.hostAddress.orEmpty()
        return chain.filter(exchange).onErrorResume({ unavailable(it) != null && !exchange.response.isCommitted }) { error ->
            val answer = unavailable(error)!!.denied.answer("")
            answer.retryAfter?.let { exchange.response.headers["Retry-After"] = it.toString() }
            exchange.response.statusCode = HttpStatusCode.valueOf(answer.status)
            exchange.response.setComplete()
        }.contextWrite { it.put(PEER, peer) }
    }

    internal companion object {
        const val PEER = "dev.gatepass.peer"
    }
}
