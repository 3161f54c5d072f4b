package dev.gatepass

import dev.gatepass.internal.ffi.PagesHandle
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.withContext

/**
 * Pages as they are collected. The native side asks for the next one meanwhile. Whoever stops before the last, also by being
 * cancelled, has the server let go of what it kept.
 */
internal fun <T> paged(client: Client, open: () -> PagesHandle, read: (String) -> List<T>): Flow<List<T>> = flow {
    val pages = client.native { open() }
    var ended = false
    try {
        while (true) {
            val page = client.native { pages.next() } ?: break
            emit(read(page))
        }
        ended = true
    } finally {
        withContext(NonCancellable) {
            // It is told to the server, and whether it heard it is not ours to complain about.
            if (!ended) runCatching { pages.end() }
            pages.destroy()
        }
    }
}

/** Each item of each page. */
internal fun <T> Flow<List<T>>.each(): Flow<T> = flow { collect { page -> for (item in page) emit(item) } }

/** Who asks: until it is closed, and with the error of its credential's provider. */
internal class Client(private val what: String, private val credential: Credential, private val parent: Client? = null) {
    private val closing = Closing(what)

    fun check() {
        closing.check()
        parent?.check()
    }

    fun close(): Boolean = closing.first()

    /** A part of this, which ends with it. */
    fun part(): Client = Client(what, credential, this)

    inline fun <T> native(call: () -> T): T {
        check()
        return native(what, ::cause, call)
    }

    @PublishedApi
    internal fun cause(): Throwable? = credential.cause()
}
