package dev.gatepass

import dev.gatepass.internal.ffi.AuditFilterData
import java.time.Instant
import java.util.concurrent.CompletableFuture
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.flow.toList

/** Which entries of the audit trail are wanted: those that fit all that is said. */
public class AuditFilter(
    /** After the entry of this number; 0 for from the first on. */
    public val after: Long = 0,
    /** Actions that begin so: `token.` for all that was done to tokens. */
    public val action: String? = null,
    /** Who did it: `user:alice`, `token:nightly-sync`. */
    public val actor: String? = null,
    /** What it was done to, by its name. */
    public val subject: String? = null,
    /** True for what was refused, false for what was done. */
    public val refused: Boolean? = null,
    /** Not before this instant. */
    public val since: Instant? = null,
    /** Before this instant. */
    public val until: Instant? = null,
) {
    internal fun data(after: Long, limit: Int?) = AuditFilterData(
        after, action, actor, subject, refused, since?.let { millis("since", it) }, until?.let { millis("until", it) }, limit,
    )

    /** For Java. */
    public class Builder internal constructor() {
        private var after = 0L
        private var action: String? = null
        private var actor: String? = null
        private var subject: String? = null
        private var refused: Boolean? = null
        private var since: Instant? = null
        private var until: Instant? = null

        public fun after(number: Long): Builder = apply { after = number }

        public fun action(beginning: String): Builder = apply { action = beginning }

        public fun actor(actor: String): Builder = apply { this.actor = actor }

        public fun subject(subject: String): Builder = apply { this.subject = subject }

        public fun refused(refused: Boolean): Builder = apply { this.refused = refused }

        public fun since(instant: Instant): Builder = apply { since = instant }

        public fun until(instant: Instant): Builder = apply { until = instant }

        public fun build(): AuditFilter = AuditFilter(after, action, actor, subject, refused, since, until)
    }

    public companion object {
        @JvmStatic
        public fun builder(): Builder = Builder()
    }
}

/** The audit trail of a [Gatepass]. */
public class Audit internal constructor(private val gatepass: Gatepass) {
    /** The entries that fit, the oldest first. They are read as they are collected. */
    public fun list(
        after: Long = 0,
        action: String? = null,
        actor: String? = null,
        subject: String? = null,
        refused: Boolean? = null,
        since: Instant? = null,
        until: Instant? = null,
    ): Flow<AuditEntry> = list(AuditFilter(after, action, actor, subject, refused, since, until))

    /**
     * The same of a filter that was described before. To follow the trail collect again, after the number of the last one:
     * numbers are in the order of commits, so none comes late.
     */
    public fun list(filter: AuditFilter): Flow<AuditEntry> = flow {
        var after = filter.after
        do {
            val entries = page(filter, after, PAGE)
            entries.forEach { emit(it) }
            after = entries.lastOrNull()?.number ?: after
        } while (entries.size == PAGE)
    }

    /** For Java: [list], all at once. */
    @JvmOverloads
    public fun listAsync(filter: AuditFilter = AuditFilter()): CompletableFuture<List<AuditEntry>> =
        Native.future { list(filter).toList() }

    /** [limit] of the entries that fit (100 when not said), the oldest first. */
    public suspend fun page(filter: AuditFilter = AuditFilter(), limit: Int? = null): List<AuditEntry> =
        page(filter, filter.after, limit)

    private suspend fun page(filter: AuditFilter, after: Long, limit: Int?): List<AuditEntry> =
        gatepass.call { handle -> handle.audit(filter.data(after, limit)).map { it.entry() } }

    /** For Java: [page]. */
    @JvmOverloads
    public fun pageAsync(filter: AuditFilter = AuditFilter(), limit: Int? = null): CompletableFuture<List<AuditEntry>> =
        Native.future { page(filter, limit) }

    /** The number of the last entry. */
    public suspend fun last(): Long = gatepass.call { it.lastAudit() }

    /** For Java: [last]. */
    public fun lastAsync(): CompletableFuture<Long> = Native.future { last() }

    private companion object {
        const val PAGE = 100
    }
}
