package dev.gatepass.spring

import dev.gatepass.Access
import dev.gatepass.Denied
import dev.gatepass.Granted
import dev.gatepass.Guard
import dev.gatepass.Verdict
import java.time.Instant
import org.springframework.boot.json.JsonParserFactory
import org.springframework.security.core.GrantedAuthority
import org.springframework.security.core.authority.SimpleGrantedAuthority
import org.springframework.security.oauth2.core.OAuth2AuthenticatedPrincipal
import org.springframework.security.oauth2.server.resource.introspection.BadOpaqueTokenException
import org.springframework.security.oauth2.server.resource.introspection.OAuth2IntrospectionException
import org.springframework.security.oauth2.server.resource.introspection.OpaqueTokenIntrospector
import org.springframework.security.oauth2.server.resource.introspection.ReactiveOpaqueTokenIntrospector
import org.springframework.web.context.request.RequestContextHolder
import org.springframework.web.context.request.ServletRequestAttributes
import reactor.core.publisher.Mono

/** Whose token it was, for Spring Security: `@AuthenticationPrincipal principal: GatepassPrincipal`. */
public class GatepassPrincipal internal constructor(public val access: Access) : OAuth2AuthenticatedPrincipal {
    private val authorities = access.scopes.map { SimpleGrantedAuthority(authority(it)) }

    override fun getName(): String = access.name

    /** As introspection would tell it (RFC 7662), and the other claims of a token of a provider. */
    override fun getAttributes(): Map<String, Any> = told

    private val told: Map<String, Any> = buildMap {
        access.claimsJson?.let { json ->
            for ((name, value) in JsonParserFactory.getJsonParser().parseMap(json)) if (value != null) put(name, told(name, value))
        }
        put("active", true)
        put("sub", access.targetDn ?: access.subject ?: access.name)
        put("scope", access.scopes)
        put("jti", access.id)
        access.expiresOn?.let { put("exp", it) }
    }

    override fun getAuthorities(): Collection<GrantedAuthority> = authorities

    override fun toString(): String = "GatepassPrincipal($name)"

    private companion object {
        private val DATES = setOf("iat", "nbf")

        /** As Spring reads it: dates are instants, audiences a list. */
        fun told(name: String, value: Any): Any = when {
            name in DATES && value is Number -> Instant.ofEpochSecond(value.toLong())
            name == "aud" && value is String -> listOf(value)
            else -> value
        }

        /** The vendor's scopes have the prefix already; an application scope cannot begin with it. */
        fun authority(scope: String) = if (scope.startsWith("SCOPE_")) scope else "SCOPE_$scope"
    }
}

/** Nobody can tell now whether a token is good: the answer is 503, and the client may come again. */
public class GatepassUnavailableException internal constructor(public val denied: Denied) :
    OAuth2IntrospectionException("the verifier is ${denied.reason.code}")

private fun principal(verdict: Verdict, onDenied: (Denied) -> Unit): GatepassPrincipal = when (verdict) {
    is Granted -> GatepassPrincipal(verdict.access)
    is Denied -> {
        onDenied(verdict)
        // What the outside is told is Spring's own text, the same for all that is not good.
        if (verdict.answer("").status == 503) throw GatepassUnavailableException(verdict)
        throw BadOpaqueTokenException("the token is not good")
    }
}

/**
 * Checks tokens in this process. Give it a guard without scopes, and say by Spring's own means what each request needs:
 * `hasAuthority("SCOPE_orders:read")`, or for the vendor's `hasAuthority("SCOPE_SETTINGS_EDIT")`.
 *
 * A token that is bound to networks is good where the request is Spring's current one (`RequestContextHolder`), as it is in
 * a Spring Boot application.
 */
public class GatepassOpaqueTokenIntrospector @JvmOverloads constructor(
    private val guard: Guard,
    private val onDenied: (Denied) -> Unit = {},
) : OpaqueTokenIntrospector {
    override fun introspect(token: String): GatepassPrincipal {
        val request = (RequestContextHolder.getRequestAttributes() as? ServletRequestAttributes)?.request
        return principal(guard.checkSecret(token, request?.remoteAddr), onDenied)
    }
}

/**
 * The same for WebFlux. The client's address comes from [GatepassWebFilter], which is there in a Spring Boot application.
 */
public class GatepassReactiveOpaqueTokenIntrospector @JvmOverloads constructor(
    private val guard: Guard,
    private val onDenied: (Denied) -> Unit = {},
) : ReactiveOpaqueTokenIntrospector {
    override fun introspect(token: String): Mono<OAuth2AuthenticatedPrincipal> = Mono.deferContextual { context ->
        val peer = context.getOrDefault<String>(GatepassWebFilter.PEER, "")?.takeIf { it.isNotEmpty() }
        val verdict = guard.checkSecret(token, peer)
        // A check waits for nothing, so it is made where it is asked for; only keys that are being fetched are waited for.
        val told = if (isToBeTold(verdict)) Mono.fromFuture { guard.checkSecretFuture(token, peer) } else Mono.just(verdict)
        told.map { principal(it, onDenied) }
    }

    private fun isToBeTold(verdict: Verdict) = verdict is Denied && verdict.reason.code == "keys_unavailable"
}
