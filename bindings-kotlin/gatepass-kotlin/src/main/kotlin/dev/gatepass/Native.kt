package dev.gatepass

import com.sun.jna.CallbackThreadInitializer
import com.sun.jna.Native as Jna
import dev.gatepass.internal.ffi.Failure
import dev.gatepass.internal.ffi.InternalException
import dev.gatepass.internal.ffi.uniffiEnsureInitialized
import dev.gatepass.internal.ffi.uniffiRustFutureContinuationCallbackImpl
import java.io.File
import java.nio.charset.CharacterCodingException
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionException
import java.util.concurrent.atomic.AtomicBoolean
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.future.future

/** The way to the native library, and what becomes of its errors. */
internal object Native {
    /** Why it cannot be used, told each time in full: a class whose initialiser failed says nothing the second time. */
    private val trouble: Throwable? = try {
        laidOut()
        uniffiEnsureInitialized()
        // The runtime's threads call back often. Each stays known to the JVM, which it does not keep from ending, and is not
        // introduced anew each time.
        val known = CallbackThreadInitializer(true, false, "gatepass")
        Jna.setCallbackThreadInitializer(uniffiRustFutureContinuationCallbackImpl, known)
        null
    } catch (error: Throwable) {
        // JNA's and uniffi's are errors of all kinds: of linking, of initialising, of a contract.
        generateSequence(error) { it.cause }.last()
    }

    /** Where somebody has laid both native libraries, JNA is told so before it looks, in its own words. */
    private fun laidOut() {
        val folder = System.getProperty(FOLDER) ?: return
        for (name in listOf("jna.boot.library.path", "jna.library.path")) {
            val others = System.getProperty(name)?.let { File.pathSeparator + it }.orEmpty()
            System.setProperty(name, folder + others)
        }
    }

    fun load() {
        trouble?.let { throw GatepassException.of(GatepassException.Details("internal", "native_library", explain(it), cause = it)) }
    }

    private fun explain(error: Throwable): String {
        val text = error.message.orEmpty()
        return when {
            "contract" in text || "checksum" in text ->
                "the native library is of another version than this gatepass-kotlin: is there another copy on the " +
                    "class path, or in -Djna.library.path?"
            else ->
                "the native library cannot be loaded on ${System.getProperty("os.name")} " +
                    "${System.getProperty("os.arch")}: $text. Where the temporary folder is not writable, or mounted noexec, " +
                    "name another one in -Djna.tmpdir; or unpack libgatepass_kotlin from the jar and libjnidispatch from JNA's, " +
                    "and name their folder in -D$FOLDER"
        }
    }

    private const val FOLDER = "gatepass.library.path"

    /** Where futures for callers in Java are made. */
    private val scope = CoroutineScope(SupervisorJob() + Dispatchers.Default)

    /** The same for Java. Who cancels the future cancels the work. */
    fun <T> future(work: suspend () -> T): CompletableFuture<T> = scope.future { work() }

    /**
     * Waits for it. Not by `runBlocking`, of which newer coroutines have another form than those that Spring Boot brings; and
     * on no dispatcher, all of whose threads may be waiting here.
     */
    fun <T> wait(work: suspend () -> T): T = try {
        CoroutineScope(Dispatchers.Unconfined).future { work() }.join()
    } catch (error: CompletionException) {
        throw error.cause ?: error
    }
}

/** Calls the native side, and gives its errors the form that callers know. */
internal inline fun <T> native(what: String, cause: () -> Throwable? = { null }, call: () -> T): T {
    Native.load()
    try {
        return call()
    } catch (failure: Failure) {
        throw GatepassException.of(failure, cause())
    } catch (error: CharacterCodingException) {
        throw GatepassException.invalid(null, "text_malformed", "a text has half of a surrogate pair in it", error)
    } catch (error: InternalException) {
        throw GatepassException.defect(error)
    } catch (error: IllegalStateException) {
        if (error is java.util.concurrent.CancellationException || error.message?.endsWith("already been destroyed") != true) throw error
        throw GatepassException.closed(what)
    }
}

/** Whether something was closed, which happens once. */
internal class Closing(private val what: String) {
    private val closed = AtomicBoolean()

    fun check() {
        if (closed.get()) throw GatepassException.closed(what)
    }

    fun first(): Boolean = closed.compareAndSet(false, true)
}
