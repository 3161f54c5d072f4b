package dev.gatepass

import dev.gatepass.internal.ffi.GuardHandle
import java.nio.Buffer
import java.nio.ByteBuffer
import java.util.concurrent.ArrayBlockingQueue

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

    /** Checks the `Authorization` header as it came; null where there was none. */
    @JvmOverloads
    public fun check(authorization: String?, peer: String? = null): Verdict {
        if (authorization == null) return check(emptyList<String>(), peer)
        return verdict(GIVEN.with(authorization, peer) { given, first -> handle.check(given, first) })
    }

    /** Checks all values of the `Authorization` header that came: two are refused. */
    @JvmOverloads
    public fun check(authorization: List<String>, peer: String? = null): Verdict = when (authorization.size) {
        // Java's lists may have null in them, and a header without a value is something that somebody got wrong.
        1 -> check(requireNotNull(authorization[0] as String?) { "the header's value is null" }, peer)
        // What they say is not looked at: that there are several is enough.
        else -> verdict(native("guard") { handle.checkValues(authorization.map { "" }, peer?.let(::wellFormed)) })
    }

    /** Checks a bare secret. */
    @JvmOverloads
    public fun checkSecret(secret: String, peer: String? = null): Verdict =
        verdict(GIVEN.with(secret, peer) { given, first -> handle.checkSecret(given, first) })

    /** Checks a bare secret. */
    @JvmOverloads
    public fun checkSecret(secret: Secret, peer: String? = null): Verdict = checkSecret(secret.reveal(), peer)

    /**
     * Checks many bare secrets in one call, on all processors: for audits. The verdicts are in the order of the secrets.
     * Uses are noted as in any other check.
     */
    @JvmOverloads
    public fun checkSecrets(secrets: Collection<String>, peer: String? = null): List<Verdict> {
        val given = packed(secrets)
        val verdicts = ByteBuffer.wrap(native("guard") { handle.checkSecrets(given, peer?.let(::wellFormed)) })
        return ArrayList<Verdict>(secrets.size).apply {
            while (verdicts.hasRemaining()) {
                val end = verdicts.getInt() + verdicts.position()
                val one = verdicts.duplicate()
                (one as Buffer).limit(end)
                add(verdictOf(one.slice(), scope))
                (verdicts as Buffer).position(end)
            }
        }
    }

    /**
     * The access, as [check] grants it.
     *
     * @throws GatepassException.AccessDenied where it is denied
     */
    @JvmOverloads
    public fun require(authorization: String?, peer: String? = null): Access = granted(check(authorization, peer))

    /**
     * The access, as [check] grants it.
     *
     * @throws GatepassException.AccessDenied where it is denied
     */
    @JvmOverloads
    public fun require(authorization: List<String>, peer: String? = null): Access = granted(check(authorization, peer))

    private fun granted(verdict: Verdict): Access = when (verdict) {
        is Granted -> verdict.access
        is Denied -> throw verdict.exception()
    }

    private fun verdict(bytes: ByteArray): Verdict = verdictOf(ByteBuffer.wrap(bytes), scope)

    override fun toString(): String = "Guard(api=$api, scope=$scope)"

    private companion object {
        val GIVEN = Buffers()
    }
}

/**
 * Memory outside of the JVM's heap, in which texts are handed over without being copied once more. There are as many
 * buffers as checks at a time, and not as many as threads, for virtual ones come in millions.
 */
internal class Buffers {
    private val idle = ArrayBlockingQueue<ByteBuffer>(KEPT)

    inline fun with(first: String, second: String?, call: (ByteBuffer, Int) -> ByteArray): ByteArray {
        val bytes = bytesOf(first)
        val behind = if (second == null) NOTHING else bytesOf(second)
        val buffer = idle.poll() ?: ByteBuffer.allocateDirect(SIZE)
        try {
            buffer.put(bytes).put(behind).rewound()
            return native("guard") { call(buffer, bytes.size) }
        } finally {
            // No secret stays behind.
            buffer.emptied().put(ZEROES, 0, bytes.size).emptied()
            idle.offer(buffer)
        }
    }

    internal companion object {
        const val KEPT = 64
        const val SIZE = 3 * 2 * (LONGEST + 1)
        val NOTHING = ByteArray(0)
        val ZEROES = ByteArray(3 * (LONGEST + 1))

        /** What is sure to be too long for a secret or a header is handed over no longer than that shows. */
        fun bytesOf(text: String): ByteArray = text.take(LONGEST + 1).toByteArray(Charsets.UTF_8)
    }
}

/** Of a header this many bytes are looked at by the core, and of a secret fewer. */
private const val LONGEST = 8 * 1024

/** An address with half of a surrogate pair in it is none, and no reason to throw. */
private fun wellFormed(text: String): String = String(text.toByteArray(Charsets.UTF_8), Charsets.UTF_8)

/** Each secret behind its length, as `GuardHandle::check_secrets` reads them. */
private fun packed(secrets: Collection<String>): ByteBuffer {
    val texts = secrets.map(Buffers::bytesOf)
    val buffer = ByteBuffer.allocateDirect(texts.sumOf { it.size + 2 })
    for (text in texts) buffer.putShort(text.size.toShort()).put(text)
    return buffer.rewound()
}

// Since Java 9 these return another type than Android knows: as what they are of `Buffer`, both have them.
internal fun ByteBuffer.rewound(): ByteBuffer = apply { (this as Buffer).flip() }

internal fun ByteBuffer.emptied(): ByteBuffer = apply { (this as Buffer).clear() }
