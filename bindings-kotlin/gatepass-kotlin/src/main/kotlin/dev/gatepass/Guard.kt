package dev.gatepass

import com.sun.jna.Native as Jna
import dev.gatepass.internal.ffi.ForeignBytes
import dev.gatepass.internal.ffi.GuardHandle
import dev.gatepass.internal.ffi.InternalException
import dev.gatepass.internal.ffi.RustBuffer
import dev.gatepass.internal.ffi.UniffiLib
import dev.gatepass.internal.ffi.UniffiRustCallStatus
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
        return verdict(Passage.check(handle, authorization, peer, UniffiLib::uniffi_gatepass_kotlin_fn_method_guardhandle_check))
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
        verdict(Passage.check(handle, secret, peer, UniffiLib::uniffi_gatepass_kotlin_fn_method_guardhandle_check_secret))

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
        val verdicts = native("guard") { handle.checkSecrets(given, peer?.let(::wellFormed)) }
        val lengths = ByteBuffer.wrap(verdicts)
        return ArrayList<Verdict>(secrets.size).apply {
            var start = 0
            while (start < verdicts.size) {
                val end = start + Int.SIZE_BYTES + lengths.getInt(start)
                add(verdictOf(verdicts, scope, start + Int.SIZE_BYTES, end))
                start = end
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

    private fun verdict(bytes: ByteArray): Verdict = verdictOf(bytes, scope)

    override fun toString(): String = "Guard(api=$api, scope=$scope)"
}

/**
 * What one check at a time needs outside of the JVM's heap: the text that is handed over and the native call's status. To
 * make these anew for each check, as the generated calls do, takes longer than the check. There are as many as checks at a
 * time, and not as many as threads, for virtual ones come in millions.
 */
private class Passage {
    private val buffer: ByteBuffer = ByteBuffer.allocateDirect(SIZE)
    private val status = UniffiRustCallStatus()
    private val given = ForeignBytes.ByValue().apply { data = Jna.getDirectBufferPointer(buffer) }

    fun check(guard: GuardHandle, first: String, second: String?, call: Checking): ByteArray {
        val bytes = bytesOf(first)
        buffer.emptied().put(bytes)
        if (second != null) buffer.put(bytesOf(second))
        given.len = buffer.position()
        try {
            val verdict = guard.callWithHandle { handle -> call.check(handle, given, bytes.size, status) }
            // The core's functions do not panic, and what lies between catches what would.
            if (!status.isSuccess()) throw InternalException("the check failed")
            // A list of bytes comes behind its length.
            val made = ByteArray(verdict.len.toInt() - Int.SIZE_BYTES)
            verdict.data?.read(Int.SIZE_BYTES.toLong(), made, 0, made.size)
            UniffiLib.ffi_gatepass_kotlin_rustbuffer_free(verdict, status)
            return made
        } finally {
            // No secret stays behind.
            buffer.emptied().put(ZEROES, 0, bytes.size)
        }
    }

    fun interface Checking {
        fun check(guard: Long, given: ForeignBytes.ByValue, first: Int, status: UniffiRustCallStatus): RustBuffer.ByValue
    }

    companion object {
        private const val KEPT = 64
        private const val SIZE = 3 * 2 * (LONGEST + 1)
        private val ZEROES = ByteArray(3 * (LONGEST + 1))
        private val IDLE = ArrayBlockingQueue<Passage>(KEPT)

        fun check(guard: GuardHandle, first: String, second: String?, call: Checking): ByteArray {
            val passage = IDLE.poll() ?: Passage()
            // One whose check has failed is not used again.
            return native("guard") { passage.check(guard, first, second, call) }.also { IDLE.offer(passage) }
        }
    }
}

/** What is sure to be too long for a secret or a header is handed over no longer than that shows. */
internal fun bytesOf(text: String): ByteArray = text.take(LONGEST + 1).toByteArray(Charsets.UTF_8)

/** Of a header this many bytes are looked at by the core, and of a secret fewer. */
private const val LONGEST = 8 * 1024

/** An address with half of a surrogate pair in it is none, and no reason to throw. */
private fun wellFormed(text: String): String = String(text.toByteArray(Charsets.UTF_8), Charsets.UTF_8)

/** Each secret behind its length, as `GuardHandle::check_secrets` reads them. */
private fun packed(secrets: Collection<String>): ByteBuffer {
    val texts = secrets.map(::bytesOf)
    val buffer = ByteBuffer.allocateDirect(texts.sumOf { it.size + 2 })
    for (text in texts) buffer.putShort(text.size.toShort()).put(text)
    return buffer.rewound()
}

// Since Java 9 these return another type than Android knows: as what they are of `Buffer`, both have them.
internal fun ByteBuffer.rewound(): ByteBuffer = apply { (this as Buffer).flip() }

internal fun ByteBuffer.emptied(): ByteBuffer = apply { (this as Buffer).clear() }
