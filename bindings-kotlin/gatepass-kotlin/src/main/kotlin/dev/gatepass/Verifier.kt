package dev.gatepass

import dev.gatepass.internal.ffi.StateData
import dev.gatepass.internal.ffi.VerifierHandle
import dev.gatepass.internal.ffi.externalVerifier
import dev.gatepass.testing.ManualClock
import java.time.Instant
import java.util.concurrent.CompletableFuture
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.cancel
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext

/** How a verifier is doing. */
public data class VerifierState(
    /** The number of the last change that is in the index; 0 where it follows nothing. */
    public val revision: Long,
    /** How long ago everything was known to be in the index, when this was read; null before the first proof. */
    public val age: Duration?,
    /** Whether that is so long ago that every check is denied. */
    public val stale: Boolean,
    /** Whether whom it follows answered, the last time that it was asked. */
    public val connected: Boolean,
    /** How many tokens are in the index. */
    public val tokens: Long,
    /** Whom it follows: a store or a server, without a password; empty where it follows nothing. */
    public val place: String,
    /** Why it is not connected, if it was tried. */
    public val trouble: GatepassException?,
    /** When the credential ends by which it follows, where it is known: it has to be rotated before. */
    public val credentialExpiresOn: Instant?,
)

private fun StateData.state() = VerifierState(
    revision, age?.toLong()?.milliseconds, stale, connected, tokens.toLong(), place, trouble?.let(GatepassException::of),
    instant(credentialExpiresOn),
)

/**
 * An in-process index of tokens, checked against without I/O. It follows its store or its server until it is closed, or
 * neither it nor a guard of it is there any more.
 */
public class Verifier internal constructor(private val handle: VerifierHandle) : AutoCloseable {
    private val closing = Closing("verifier")
    private val scope = CoroutineScope(SupervisorJob() + Dispatchers.Default)

    private val states: StateFlow<VerifierState> by lazy {
        val watch = native("verifier") { handle.watch() }
        val states = MutableStateFlow(current())
        scope.launch {
            watch.use {
                while (true) states.value = (watch.changed() ?: break).state()
            }
        }
        states.asStateFlow()
    }

    /** How it is doing: when it becomes stale, is fresh again, loses its server or finds it. For readiness and alarms. */
    public val state: StateFlow<VerifierState>
        get() {
            closing.check()
            return states
        }

    /** How it is doing at this moment, its age included. */
    public fun current(): VerifierState {
        closing.check()
        return native("verifier") { handle.state() }.state()
    }

    /**
     * Compiles a requirement: this API, and all of these scopes. For [Api.CONFIG] they are the vendor's
     * (`SCOPE_SETTINGS_EDIT`), else the application's own.
     *
     * @throws GatepassException.InvalidInput on `scopes`, where no token could ever satisfy it
     */
    @JvmOverloads
    public fun guard(api: Api, scopes: Set<String> = emptySet()): Guard {
        closing.check()
        return native("verifier") { Guard(handle.guard(api.name, scopes.toList())) }
    }

    /** How the keys of its external token validators are doing, by the validator's name: for readiness and alarms. */
    public fun keyHealth(): List<KeyHealth> {
        closing.check()
        return native("verifier") { handle.keyHealth() }.map { it.health() }
    }

    /** Those of its external token validators that are not consulted because they are not as they should be, and why. */
    public fun validatorFaults(): Map<String, GatepassException> {
        closing.check()
        return native("verifier") { handle.validatorFaults() }.associate { it.validator to GatepassException.of(it.trouble) }
    }

    /**
     * Waits until the change of this number is in the index: what was created before is then known, and what was revoked
     * before is refused.
     *
     * @throws GatepassException.Closed where it follows no more
     */
    public suspend fun waitFor(revision: Long) {
        closing.check()
        native("verifier") { handle.waitFor(revision) }
    }

    /** For Java: [waitFor]. */
    public fun waitForAsync(revision: Long): CompletableFuture<Void?> = Native.future { waitFor(revision).let { null } }

    /** Runs [block] and closes this, without blocking. */
    public suspend fun <R> use(block: suspend (Verifier) -> R): R = try {
        block(this)
    } finally {
        shutdown()
    }

    /**
     * Reports what was used, and follows no more: from then on its guards deny everything as `stale`. Of one that is
     * [external], keys are fetched no more, and every token is denied.
     */
    public suspend fun shutdown() {
        if (!closing.first()) return
        scope.cancel()
        withContext(NonCancellable) {
            try {
                handle.closeAll()
            } finally {
                handle.destroy()
            }
        }
    }

    /** [shutdown], for which the calling thread waits: not for Android's main thread. */
    override fun close(): Unit = Native.wait { shutdown() }

    override fun toString(): String = "Verifier"

    public companion object {
        /**
         * A verifier that knows no token of Gatepass, and takes those of other issuers alone: for whoever has no store. Keys are
         * fetched in the background, at once and from then on; a check until the first have come is denied as
         * `keys_unavailable`, and [Guard.checkAsync] waits for them. Certificates are read from the machine's files: not on
         * Android's main thread.
         *
         * @throws GatepassException.InvalidInput as [ExternalTokenValidator.check], or naming what is out of bounds of [keys]
         */
        @JvmStatic
        @JvmOverloads
        public fun external(
            validators: Collection<ExternalTokenValidator>,
            keys: KeyOptions = KeyOptions(),
            subjects: Subjects? = null,
            clock: ManualClock? = null,
        ): Verifier = native("verifier") {
            Verifier(externalVerifier(validators.map { it.data() }, keys.data(), subjects?.handle, clock?.handle))
        }
    }
}
