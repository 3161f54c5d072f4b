package dev.gatepass

import dev.gatepass.internal.ffi.RemoteData
import dev.gatepass.internal.ffi.RemoteGuardHandle
import dev.gatepass.internal.ffi.RemoteVerifierHandle
import java.util.concurrent.CompletableFuture
import kotlin.time.Duration
import kotlin.time.toKotlinDuration

/** How a server is asked about tokens. What is null is as usual. */
public class RemoteOptions(
    /** An answer is kept for so long; not at all when not said. */
    public val maxStaleness: Duration? = null,
    /** How long a check may take. */
    public val deadline: Duration? = null,
    /** The path of another server's introspection (RFC 7662). */
    public val introspectionPath: String? = null,
    /** For whom that server's tokens have to be, where they are for this API. */
    public val audiences: Map<Api, String> = emptyMap(),
) {
    internal fun data() =
        RemoteData(maxStaleness?.inWholeMilliseconds, deadline?.inWholeMilliseconds, introspectionPath,
            audiences.mapKeys { it.key.name })

    /** For Java. */
    public class Builder internal constructor() {
        private var maxStaleness: Duration? = null
        private var deadline: Duration? = null
        private var introspectionPath: String? = null
        private val audiences = LinkedHashMap<Api, String>()

        public fun maxStaleness(limit: java.time.Duration): Builder = apply { maxStaleness = limit.toKotlinDuration() }

        public fun deadline(limit: java.time.Duration): Builder = apply { deadline = limit.toKotlinDuration() }

        public fun introspectionPath(path: String): Builder = apply { introspectionPath = path }

        public fun audience(api: Api, audience: String): Builder = apply { audiences[api] = audience }

        public fun build(): RemoteOptions = RemoteOptions(maxStaleness, deadline, introspectionPath, audiences.toMap())
    }

    public companion object {
        @JvmStatic
        public fun builder(): Builder = Builder()
    }
}

/** What a remote verifier did since it was made, and does now: for metrics. */
public data class RemoteState(
    /** Questions that were sent. */
    public val asked: Long,
    /** Those of them that brought no answer, or that nobody waited for any more. */
    public val failed: Long,
    /** Checks that waited for the question of another. */
    public val joined: Long,
    /** Checks that were answered by what was kept. */
    public val cached: Long,
    /** Answers that are kept now, too old ones among them. */
    public val kept: Long,
    /** Secrets that are being asked about now, or wait to be. */
    public val underWay: Long,
)

/** Asks a server about each token. Make one and keep it: checks of one token share a question. */
public class RemoteVerifier internal constructor(private val handle: RemoteVerifierHandle) {
    /** Compiles a requirement, as [Verifier.guard] does. */
    @JvmOverloads
    public fun guard(api: Api, scopes: Set<String> = emptySet()): RemoteGuard =
        native("verifier") { RemoteGuard(handle.guard(api.name, scopes.toList())) }

    /** What it did until now. */
    public fun state(): RemoteState = native("verifier") { handle.state() }.run {
        RemoteState(asked.toLong(), failed.toLong(), joined.toLong(), cached.toLong(), kept.toLong(), underWay.toLong())
    }
}

/** A requirement on a server's tokens. Of a token that is not good the server says no more, so its reason is `unknown`. */
public class RemoteGuard internal constructor(private val handle: RemoteGuardHandle) {
    /** The API that it wants. */
    public val api: Api = Api.of(native("guard") { handle.api() })

    /** The scopes that it wants, separated by spaces. */
    public val scope: String = native("guard") { handle.scope() }

    /** The scopes that it wants. */
    public val scopes: Set<String> get() = scopesOf(scope)

    /**
     * Checks the `Authorization` header as it came; null where there was none.
     *
     * @throws GatepassException where nobody can tell whether the token is good, which is to be answered with 503. Never
     *   unauthorized or forbidden: that would be a word about the token
     */
    public suspend fun check(authorization: String?, peer: String? = null): Verdict = check(listOfNotNull(authorization), peer)

    /** Checks all values of the `Authorization` header that came: two are refused. */
    public suspend fun check(authorization: List<String>, peer: String? = null): Verdict {
        val values = authorization.map { String(bytesOf(it), Charsets.UTF_8) }
        return verdictOf(native("guard") { handle.check(values, peer) }, scope)
    }

    /** For Java: [check]. */
    @JvmOverloads
    public fun checkAsync(authorization: String?, peer: String? = null): CompletableFuture<Verdict> =
        Native.future { check(authorization, peer) }

    /** Checks a bare secret. */
    public suspend fun checkSecret(secret: String, peer: String? = null): Verdict =
        verdictOf(native("guard") { handle.checkSecret(String(bytesOf(secret), Charsets.UTF_8), peer) }, scope)

    /** Checks a bare secret. */
    public suspend fun checkSecret(secret: Secret, peer: String? = null): Verdict = checkSecret(secret.reveal(), peer)

    /** For Java: [checkSecret]. */
    @JvmOverloads
    public fun checkSecretAsync(secret: String, peer: String? = null): CompletableFuture<Verdict> =
        Native.future { checkSecret(secret, peer) }

    /**
     * The access, as [check] grants it.
     *
     * @throws GatepassException.AccessDenied where it is denied
     */
    public suspend fun require(authorization: String?, peer: String? = null): Access = check(authorization, peer).granted()

    /** For Java: [require]. */
    @JvmOverloads
    public fun requireAsync(authorization: String?, peer: String? = null): CompletableFuture<Access> =
        Native.future { require(authorization, peer) }
}
