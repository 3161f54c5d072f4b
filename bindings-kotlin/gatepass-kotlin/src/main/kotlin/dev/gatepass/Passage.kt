package dev.gatepass

import com.sun.jna.Memory
import com.sun.jna.Native as Jna
import com.sun.jna.Pointer
import dev.gatepass.internal.ffi.GuardHandle
import dev.gatepass.internal.ffi.PassageHandle
import java.nio.ByteBuffer
import java.util.concurrent.ArrayBlockingQueue

/**
 * The short way of a check, `bindings-kotlin/src/passage.rs`: the text is laid into memory that both sides know, and the
 * native call takes and gives numbers alone. A generated call takes longer than ten checks, and leaves objects for JNA's
 * cleaner, which does not keep up.
 */
private class Passage(private val handle: PassageHandle) {
    private val number = handle.number().toLong()
    private val memory: ByteBuffer = Pointer(handle.address().toLong()).getByteBuffer(0, handle.size().toLong())

    /** The core's functions do not panic; what would be said here of a panic is not read, for 0 says it as well. */
    private val status = Memory(STATUS).apply { clear() }

    /** The verdict as bytes; null where something does not fit. One check at a time. */
    fun check(bare: Boolean, text: ByteArray, peer: ByteArray): ByteArray? {
        if (text.size + peer.size > memory.capacity()) return null
        memory.emptied().put(text).put(peer)
        val length = when {
            bare -> Checks.uniffi_gatepass_kotlin_fn_func_check_bare(number, text.size, peer.size, status)
            else -> Checks.uniffi_gatepass_kotlin_fn_func_check_header(number, text.size, peer.size, status)
        }
        if (length == 0) throw GatepassException.defect()
        if (length < 0) return null
        return ByteArray(length).also { memory.emptied().get(it) }
    }

    private companion object {
        /** More than a `RustCallStatus` has: a byte, two numbers and a pointer. */
        const val STATUS = 64L
    }
}

/** What uniffi generates these calls with, but for the status, of which JNA would copy every field in and out. */
@Suppress("FunctionName")
internal object Checks {
    init {
        // As what is generated finds it.
        val library = System.getProperty("uniffi.component.gatepass.libraryOverride") ?: "gatepass_kotlin"
        Jna.register(Checks::class.java, library)
    }

    external fun uniffi_gatepass_kotlin_fn_func_check_header(passage: Long, header: Int, peer: Int, status: Pointer): Int

    external fun uniffi_gatepass_kotlin_fn_func_check_bare(passage: Long, secret: Int, peer: Int, status: Pointer): Int
}

/**
 * The passages of a guard: as many as it has checks at a time. Not as many as threads, for virtual ones come in millions.
 */
internal class Passages(private val guard: GuardHandle) {
    private val idle = ArrayBlockingQueue<Passage>(KEPT)

    fun check(bare: Boolean, text: ByteArray, peer: ByteArray): ByteArray? {
        val passage = idle.poll() ?: Passage(guard.passage())
        // One whose check has failed is not used again.
        return passage.check(bare, text, peer).also { idle.offer(passage) }
    }

    private companion object {
        const val KEPT = 64
    }
}
