package dev.gatepass

import dev.gatepass.internal.ffi.ReceiptData
import dev.gatepass.internal.ffi.RemoteData
import dev.gatepass.internal.ffi.RemoteGuardHandle
import dev.gatepass.internal.ffi.RemoteVerifierHandle
import dev.gatepass.internal.ffi.RevokedData
import java.time.Instant
import java.util.concurrent.CompletableFuture
import kotlin.time.Duration

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
}

/** Asks a server about each token. Make one and keep it: checks of one token share a question. */
public class RemoteVerifier internal constructor(private val handle: RemoteVerifierHandle) {
    /** Compiles a requirement, as [Verifier.guard] does. */
    @JvmOverloads
    public fun guard(api: Api, scopes: Set<String> = emptySet()): RemoteGuard =
        native("verifier") { RemoteGuard(handle.guard(api.name, scopes.toList())) }
}

/** A requirement on a server's tokens. Of a token that is not good the server says no more, so its reason is `unknown`. */
public class RemoteGuard internal constructor(private val handle: RemoteGuardHandle) {
    /** The API that it wants. */
    public val api: Api = Api.of(native("guard") { handle.api() })

    /** The scopes that it wants, separated by spaces. */
    public val scope: String = native("guard") { handle.scope() }

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
}

/** What a replica has said of a change. */
public data class Receipt(
    /** The replica's own name, made by chance when it starts. */
    public val replica: String,
    /** Whose credential it uses: `token:gateway`. */
    public val actor: String,
    public val peer: String?,
    /** The last change that it said to have. */
    public val revision: Long,
    /** When it last asked, or up to some seconds before that. */
    public val seenOn: Instant,
    /** When it said that it has the change; null where it has not. */
    public val confirmedOn: Instant?,
    /** Whether it may still accept what the change has ended. One that has been silent for too long denies everything. */
    public val pending: Boolean,
)

/** Tokens that were revoked, and which replicas have said that they know. */
public data class Revoked(
    public val tokens: List<Changed>,
    /** The number of the last of these changes. */
    public val revision: Long,
    public val receipts: List<Receipt>,
    /** Whether no replica accepts these tokens any more. */
    public val isEverywhere: Boolean,
)

internal fun ReceiptData.receipt() =
    Receipt(replica, actor, peer, revision, Instant.ofEpochMilli(seenOn), instant(confirmedOn), pending)

internal fun RevokedData.revoked() = Revoked(tokens.map { it.changed() }, revision, receipts.map { it.receipt() }, everywhere)
