package dev.gatepass

import dev.gatepass.internal.ffi.ReceiptData
import dev.gatepass.internal.ffi.ReplicaData
import dev.gatepass.internal.ffi.RevokedData
import java.time.Instant
import java.util.concurrent.CompletableFuture
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.toKotlinDuration

/** A replica, as an authority knows it: a verifier that follows it. */
public data class Replica(
    /** Made by the replica when it starts, by chance. */
    public val id: String,
    /** Whose credential it uses: `token:gateway`, `user:alice`. */
    public val actor: String,
    /** Where it is, where that is known. */
    public val peer: String?,
    /** The last change that it said to have. */
    public val revision: Long,
    /** When it first said so, by the clock of the authority that it said it to. */
    public val confirmedOn: Instant,
    /** When it last asked, or up to some seconds before that. */
    public val seenOn: Instant,
    /** After so long without an answer it denies everything. */
    public val maxStaleness: Duration,
)

/** What a replica has said of a change. */
public data class Receipt(
    public val replica: Replica,
    public val state: State,
    /** When it said that it has the change, or a later one; null where it has not. */
    public val confirmedOn: Instant?,
) {
    /** Whether a replica has a change. */
    public enum class State {
        /** It has it. */
        CONFIRMED,

        /**
         * It was not heard of for so long that it denies everything, and knows of the change before it accepts anything again.
         */
        STALE,

        /** It may still accept what the change has ended. */
        PENDING,
    }
}

/** Tokens that were revoked, and which replicas have said that they know. */
public data class Revoked(
    public val tokens: List<Changed>,
    /** The number of the last of these changes. */
    public val revision: Long,
    /** What each replica has said. */
    public val receipts: List<Receipt>,
    /** Whether no replica accepts these tokens any more. */
    public val isEverywhere: Boolean,
)

/** The replicas that follow the authorities of a [Gatepass]. */
public class Replicas internal constructor(private val gatepass: Gatepass) {
    /**
     * All that follow, or did until lately.
     *
     * @throws GatepassException.Unsupported `needs_gatepass` on a plain RadiantOne
     */
    public suspend fun list(): List<Replica> = gatepass.call { handle -> handle.replicas().map { it.replica() } }

    /** For Java: [list]. */
    public fun listAsync(): CompletableFuture<List<Replica>> = Native.future { list() }

    /**
     * Waits until no replica can be without the change of this number, for so long at the most, and tells what each has said.
     * Where none is [Receipt.State.PENDING], none accepts what the change has ended. Who follows the store itself is not
     * asked: that takes a second at the most.
     */
    public suspend fun confirmed(revision: Long, within: Duration): List<Receipt> =
        gatepass.call { handle -> handle.confirmed(revision, within.inWholeMilliseconds).map { it.receipt() } }

    /** For Java: [confirmed]. */
    public fun confirmedAsync(revision: Long, within: java.time.Duration): CompletableFuture<List<Receipt>> =
        Native.future { confirmed(revision, within.toKotlinDuration()) }
}

private fun ReplicaData.replica() = Replica(
    id, actor, peer, revision, Instant.ofEpochMilli(confirmedOn), Instant.ofEpochMilli(seenOn), maxStaleness.toLong().milliseconds,
)

private fun ReceiptData.receipt() = Receipt(replica.replica(), Receipt.State.valueOf(state), instant(confirmedOn))

internal fun RevokedData.revoked() = Revoked(tokens.map { it.changed() }, revision, receipts.map { it.receipt() }, everywhere)
