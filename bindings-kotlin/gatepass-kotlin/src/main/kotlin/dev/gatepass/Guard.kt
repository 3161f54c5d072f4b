package dev.gatepass

import dev.gatepass.internal.ffi.GuardHandle
import java.nio.Buffer
import java.nio.ByteBuffer
import java.util.concurrent.CompletableFuture
import java.util.stream.IntStream

/**
 * A requirement on a verifier's tokens: an API and scopes. Made once, by [Verifier.guard], and asked on each request, from
 * any thread. A check does no I/O, blocks nothing and throws nothing for what a client sent.
 *
 * `peer` is the client's address as text, `InetAddress.hostAddress`, where it is known; a token that is bound to networks
 * is denied without. Behind a proxy it is your framework's to say who the client is.
 */
public class Guard internal constructor(private val handle: GuardHandle) {
    /** The API that it wants. */
    public val api: Api = Api.of(native("guard") { handle.api() })

    /** The scopes that it wants, separated by spaces. */
    public val scope: String = native("guard") { handle.scope() }

    /** The scopes that it wants. */
    public val scopes: Set<String> get() = scopesOf(scope)

    private val passages = Passages(handle)

    /** Checks the `Authorization` header as it came; null where there was none. */
    @JvmOverloads
    public fun check(authorization: String?, peer: String? = null): Verdict {
        if (authorization == null) return check(emptyList<String>(), peer)
        val bytes = bytesOf(authorization)
        val short = native("guard") { passages.check(bare = false, bytes, bytesOf(peer.orEmpty())) }
        return if (short == null) checkValues(listOf(String(bytes, Charsets.UTF_8)), peer) else verdict(short)
    }

    /** Checks all values of the `Authorization` header that came: two are refused. */
    @JvmOverloads
    public fun check(authorization: List<String>, peer: String? = null): Verdict = when (authorization.size) {
        // Java's lists may have null in them, and a header without a value is something that somebody got wrong.
        1 -> check(requireNotNull(authorization[0] as String?) { "the header's value is null" }, peer)
        // What they say is not looked at: that there are several is enough.
        else -> checkValues(authorization.map { "" }, peer)
    }

    /**
     * The same, and where a token of another issuer cannot be told now because its provider's keys are being fetched
     * (`keys_unavailable`), waits until they are there: [KeyOptions.timeout] at the most. A coroutine that is cancelled waits no
     * more. For Java: [checkFuture], by the name `checkAsync`.
     */
    public suspend fun checkAsync(authorization: String?, peer: String? = null): Verdict =
        checkAsync(listOfNotNull(authorization), peer)

    /** The same of all values of the header that came. */
    public suspend fun checkAsync(authorization: List<String>, peer: String? = null): Verdict =
        unlessTold(check(authorization, peer)) {
            handle.awaitValues(authorization.map { String(bytesOf(it), Charsets.UTF_8) }, peer?.let(::wellFormed))
        }

    /** The same of a bare secret. */
    public suspend fun checkSecretAsync(secret: String, peer: String? = null): Verdict =
        unlessTold(checkSecret(secret, peer)) {
            handle.awaitSecret(String(bytesOf(secret), Charsets.UTF_8), peer?.let(::wellFormed))
        }

    /** For Java: [checkAsync]. */
    @JvmName("checkAsync")
    @JvmOverloads
    public fun checkFuture(authorization: String?, peer: String? = null): CompletableFuture<Verdict> =
        Native.future { checkAsync(authorization, peer) }

    /** For Java: [checkSecretAsync]. */
    @JvmName("checkSecretAsync")
    @JvmOverloads
    public fun checkSecretFuture(secret: String, peer: String? = null): CompletableFuture<Verdict> =
        Native.future { checkSecretAsync(secret, peer) }

    /** Only what nobody can tell now is worth waiting for: all else is as fast as [check]. */
    private suspend inline fun unlessTold(verdict: Verdict, wait: () -> ByteArray): Verdict =
        if (verdict is Denied && verdict.reason.code == "keys_unavailable") verdict(native("guard") { wait() }) else verdict

    private fun checkValues(values: List<String>, peer: String?): Verdict =
        verdict(native("guard") { handle.checkValues(values, peer?.let(::wellFormed)) })

    /** Checks a bare secret. */
    @JvmOverloads
    public fun checkSecret(secret: String, peer: String? = null): Verdict {
        val short = native("guard") { passages.check(bare = true, bytesOf(secret), bytesOf(peer.orEmpty())) }
        return if (short == null) checkSecrets(listOf(secret), peer).single() else verdict(short)
    }

    /** Checks a bare secret. */
    @JvmOverloads
    public fun checkSecret(secret: Secret, peer: String? = null): Verdict = checkSecret(secret.reveal(), peer)

    /**
     * Checks many bare secrets in one call, on all processors: for audits. The verdicts are in the order of the secrets.
     * Uses are noted as in any other check.
     */
    @JvmOverloads
    public fun checkSecrets(secrets: Collection<String>, peer: String? = null): List<Verdict> {
        val given = secrets.toTypedArray()
        val verdicts = arrayOfNulls<Verdict>(given.size)
        val shares = (given.size + SHARE - 1) / SHARE
        IntStream.range(0, shares).parallel().forEach { share ->
            checkSome(given, share * SHARE, minOf((share + 1) * SHARE, given.size), peer, verdicts)
        }
        return verdicts.requireNoNulls().asList()
    }

    /** The verdicts on a share of the secrets, each where its secret stands. No secret stays outside of the JVM's heap. */
    private fun checkSome(secrets: Array<String>, start: Int, end: Int, peer: String?, verdicts: Array<Verdict?>) {
        val texts = Array(end - start) { bytesOf(secrets[start + it]) }
        val buffer = ByteBuffer.allocateDirect(texts.sumOf { it.size + Short.SIZE_BYTES })
        for (text in texts) buffer.putShort(text.size.toShort()).put(text)
        val bytes = try {
            native("guard") { handle.checkSecrets(buffer.rewound(), peer?.let(::wellFormed)) }
        } finally {
            buffer.emptied().put(ByteArray(buffer.capacity()))
        }
        val lengths = ByteBuffer.wrap(bytes)
        var next = 0
        for (place in start until end) {
            val from = next + Int.SIZE_BYTES
            next = from + lengths.getInt(next)
            verdicts[place] = verdictOf(bytes, scope, from, next)
        }
    }

    /**
     * The access, as [check] grants it.
     *
     * @throws GatepassException.AccessDenied where it is denied
     */
    @JvmOverloads
    public fun require(authorization: String?, peer: String? = null): Access = check(authorization, peer).granted()

    /**
     * The access, as [check] grants it.
     *
     * @throws GatepassException.AccessDenied where it is denied
     */
    @JvmOverloads
    public fun require(authorization: List<String>, peer: String? = null): Access = check(authorization, peer).granted()

    /**
     * The access, as [checkAsync] grants it.
     *
     * @throws GatepassException.AccessDenied where it is denied
     */
    public suspend fun requireAsync(authorization: String?, peer: String? = null): Access =
        checkAsync(authorization, peer).granted()

    /** The same of all values of the header that came. */
    public suspend fun requireAsync(authorization: List<String>, peer: String? = null): Access =
        checkAsync(authorization, peer).granted()

    /** For Java: [requireAsync]. */
    @JvmName("requireAsync")
    @JvmOverloads
    public fun requireFuture(authorization: String?, peer: String? = null): CompletableFuture<Access> =
        Native.future { requireAsync(authorization, peer) }

    private fun verdict(bytes: ByteArray): Verdict = verdictOf(bytes, scope)

    override fun toString(): String = "Guard(api=$api, scope=$scope)"

    private companion object {
        /** So many secrets are handed over at a time: little enough to stay near the processor. */
        const val SHARE = 1024
    }
}

internal fun Verdict.granted(): Access = when (this) {
    is Granted -> access
    is Denied -> throw exception()
}

internal fun scopesOf(scope: String): Set<String> = if (scope.isEmpty()) emptySet() else scope.split(' ').toSet()

/** What is sure to be too long for a secret or a header is handed over no longer than that shows. */
internal fun bytesOf(text: String): ByteArray = text.take(LONGEST + 1).toByteArray(Charsets.UTF_8)

/** Of a header this many bytes are looked at by the core, and of a secret fewer. */
private const val LONGEST = 8 * 1024

/** An address with half of a surrogate pair in it is none, and no reason to throw. */
private fun wellFormed(text: String): String = String(text.toByteArray(Charsets.UTF_8), Charsets.UTF_8)

// Since Java 9 these return another type than Android knows: as what they are of `Buffer`, both have them.
internal fun ByteBuffer.rewound(): ByteBuffer = apply { (this as Buffer).flip() }

internal fun ByteBuffer.emptied(): ByteBuffer = apply { (this as Buffer).clear() }
