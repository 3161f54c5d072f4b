package dev.gatepass

import dev.gatepass.internal.ffi.CallFailed
import dev.gatepass.internal.ffi.CredentialHandle
import dev.gatepass.internal.ffi.SecretHandle
import dev.gatepass.internal.ffi.SecretSource
import java.nio.file.Path
import java.util.concurrent.CompletableFuture
import java.util.concurrent.atomic.AtomicReference
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.future.await

/** Gives a secret when it is asked: a look-up in a vault, or in Android's Keystore. */
public fun interface CredentialProvider {
    /** The secret as it is now. Whatever this throws becomes the cause of [GatepassException.Unauthorized]. */
    public suspend fun secret(): Secret
}

/**
 * Where a client gets its own secret. The source is asked again when the server has refused what it gave last, and a file is
 * read again when it has changed, so that a rotated secret is taken up without a restart.
 */
public class Credential private constructor(
    internal val handle: CredentialHandle,
    private val text: String,
    private val thrown: AtomicReference<Throwable?> = AtomicReference(),
) {
    /** What the provider threw last, to be the cause of what became of it. */
    internal fun cause(): Throwable? = thrown.getAndSet(null)

    /**
     * The secret as it is now, for clients of other services.
     *
     * @throws GatepassException.Unauthorized `credential_missing` where the variable is not set, the file cannot be read or
     *   the provider fails
     */
    public suspend fun secret(): Secret = native("credential", ::cause) { Secret(handle.secret()) }

    /** Another secret than this one, which a server has refused; null where asking again gives no other. */
    public suspend fun otherThan(refused: Secret): Secret? =
        native("credential", ::cause) { handle.otherThan(refused.handle)?.let(::Secret) }

    override fun toString(): String = "Credential($text)"

    public companion object {
        /** This secret. */
        @JvmStatic
        public fun of(secret: Secret): Credential =
            Credential(native("secret") { CredentialHandle.value(secret.handle) }, secret.toString())

        /** The environment variable of this name, read each time. */
        @JvmStatic
        public fun env(name: String): Credential =
            Credential(native("credential") { CredentialHandle.env(name) }, "env $name")

        /** What is in this file; white space around it is dropped. */
        @JvmStatic
        public fun file(path: Path): Credential = file(path.toString())

        /** What is in this file; white space around it is dropped. */
        @JvmStatic
        public fun file(path: String): Credential =
            Credential(native("credential") { CredentialHandle.file(path) }, "file $path")

        /** What this gives. Its answer is kept until a server refuses it. */
        @JvmStatic
        public fun provider(provider: CredentialProvider): Credential {
            val thrown = AtomicReference<Throwable?>()
            val source = object : SecretSource {
                override suspend fun secret(): SecretHandle = calling(thrown) { provider.secret().handle }
            }
            return Credential(native("credential") { CredentialHandle.source(source) }, "provider", thrown)
        }

        /** The same for Java. */
        @JvmStatic
        public fun future(provider: java.util.function.Supplier<CompletableFuture<Secret>>): Credential =
            provider { provider.get().await() }
    }
}

/** Calls a caller's function on behalf of the native side, which is told no more than that it failed. */
internal suspend fun <T> calling(thrown: AtomicReference<Throwable?>, call: suspend () -> T): T =
    try {
        call()
    } catch (cancelled: CancellationException) {
        throw cancelled
    } catch (error: Throwable) {
        thrown.set(error)
        throw CallFailed.Failed()
    }
