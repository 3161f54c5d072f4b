package dev.gatepass

import dev.gatepass.internal.ffi.KeyHealthData
import dev.gatepass.internal.ffi.KeysData
import dev.gatepass.internal.ffi.SubjectSource
import dev.gatepass.internal.ffi.SubjectsHandle
import java.time.Instant
import java.util.concurrent.CompletableFuture
import java.util.concurrent.atomic.AtomicReference
import java.util.function.Function
import kotlin.time.Duration
import kotlin.time.toKotlinDuration
import kotlinx.coroutines.future.await

/**
 * How the keys of providers are fetched, and for how long they serve. What is null is as usual.
 *
 * A provider is asked by one request at a time, and no sooner than [cooldown] after the request before began, whatever came
 * of it and however many tokens ask for keys that nobody has. What is out of bounds is refused where it is used, by name.
 */
public class KeyOptions(
    /**
     * Keys are fetched again when they are this old, or sooner where the provider's `Cache-Control: max-age` says so. From
     * [cooldown] up to 24 h; 5 min when not said.
     */
    public val refreshAfter: Duration? = null,
    /** Fetching begins this long before, so that no check has to wait. Less than [refreshAfter]; 30 s when not said. */
    public val refreshAhead: Duration? = null,
    /** The least time between two attempts, from beginning to beginning. 100 ms to 1 h; 10 s when not said. */
    public val cooldown: Duration? = null,
    /**
     * How long keys serve where no attempt after theirs succeeds; after it tokens are denied as `keys_unavailable`. From
     * [refreshAfter] up to 7 days; 1 h when not said.
     */
    public val staleIfError: Duration? = null,
    /** How long one attempt may take in all, and [Guard.checkAsync] waits at the most. 100 ms to 1 min; 5 s when not said. */
    public val timeout: Duration? = null,
    /** The size of a document, in bytes. 1 KiB to 16 MiB; 512 KiB when not said. */
    public val maxSize: Long? = null,
    /** Of so many keys at a time it is remembered that a provider does not have them. 1 to 65,536; 1,024 when not said. */
    public val unknownKids: Int? = null,
    /** Certificates (PEM) that are trusted as well as the machine's. */
    public val certificateAuthorities: List<ByteArray> = emptyList(),
) {
    internal fun data() = KeysData(
        refreshAfter?.inWholeMilliseconds, refreshAhead?.inWholeMilliseconds, cooldown?.inWholeMilliseconds,
        staleIfError?.inWholeMilliseconds, timeout?.inWholeMilliseconds, maxSize, unknownKids?.toLong(), certificateAuthorities,
    )

    /** For Java. */
    public class Builder internal constructor() {
        private var refreshAfter: Duration? = null
        private var refreshAhead: Duration? = null
        private var cooldown: Duration? = null
        private var staleIfError: Duration? = null
        private var timeout: Duration? = null
        private var maxSize: Long? = null
        private var unknownKids: Int? = null
        private val authorities = ArrayList<ByteArray>()

        public fun refreshAfter(age: java.time.Duration): Builder = apply { refreshAfter = age.toKotlinDuration() }

        public fun refreshAhead(lead: java.time.Duration): Builder = apply { refreshAhead = lead.toKotlinDuration() }

        public fun cooldown(pause: java.time.Duration): Builder = apply { cooldown = pause.toKotlinDuration() }

        public fun staleIfError(limit: java.time.Duration): Builder = apply { staleIfError = limit.toKotlinDuration() }

        public fun timeout(limit: java.time.Duration): Builder = apply { timeout = limit.toKotlinDuration() }

        public fun maxSize(bytes: Long): Builder = apply { maxSize = bytes }

        public fun unknownKids(kids: Int): Builder = apply { unknownKids = kids }

        public fun certificateAuthority(pem: ByteArray): Builder = apply { authorities.add(pem) }

        public fun build(): KeyOptions = KeyOptions(
            refreshAfter, refreshAhead, cooldown, staleIfError, timeout, maxSize, unknownKids, authorities.toList(),
        )
    }

    public companion object {
        @JvmStatic
        public fun builder(): Builder = Builder()
    }
}

/** A search for the one entry that a token acts as. */
public data class SubjectSearch(
    /** The entry at which it begins. */
    public val base: String,
    /** How deep it goes. */
    public val scope: SearchScope,
    /** What it looks for (RFC 4515), claims escaped. */
    public val filter: String,
)

/** Finds the entry that a token acts as. */
public fun interface SubjectResolver {
    /**
     * The names (DNs) of the entries that this search finds. A token acts as one entry, so two of them are as good as none.
     * Where this throws, or takes longer than 5 s, tokens are denied as `keys_unavailable`, and it is asked again after 5 s.
     */
    public suspend fun find(search: SubjectSearch): List<String>
}

/**
 * Who searches for the entry that a token acts as, where its validator's mapping is a search. What was found is believed for a
 * minute. Without anybody who searches, such a token is denied as `keys_unavailable`.
 */
public class Subjects private constructor(internal val handle: SubjectsHandle) {
    public companion object {
        /** By this client, whose token has to be permitted to search there. It may be closed before what it searches for. */
        @JvmStatic
        public fun of(rest: RestClient): Subjects = Subjects(rest.subjects())

        /** By this function, which is called on a thread of the coroutines' own pool, several at a time. */
        @JvmStatic
        public fun resolver(resolver: SubjectResolver): Subjects {
            val thrown = AtomicReference<Throwable?>()
            val source = object : SubjectSource {
                override suspend fun find(base: String, scope: String, filter: String): List<String> =
                    calling(thrown) { resolver.find(SubjectSearch(base, SearchScope.valueOf(scope.uppercase()), filter)) }
            }
            return Subjects(native("subjects") { SubjectsHandle.source(source) })
        }

        /** The same for Java. */
        @JvmStatic
        public fun future(resolver: Function<SubjectSearch, CompletableFuture<List<String>>>): Subjects =
            resolver { resolver.apply(it).await() }
    }
}

/** How the keys of a provider are doing: for readiness probes, metrics and logs. */
public data class KeyHealth(
    /** The name of the validator that wants them. */
    public val validator: String,
    /** Where they come from, as the validator says. */
    public val url: String,
    /** How many can be used. */
    public val keys: Long,
    /** How many were passed over: of an unknown kind, too short, for encryption. */
    public val unusable: Long,
    /** When they were last fetched; null before the first time. */
    public val fetchedOn: Instant?,
    /** When they were last asked for, with success or without. */
    public val triedOn: Instant?,
    /** How often in turn they could not be fetched, since the last success. */
    public val failures: Long,
    /** How often they were asked for, since the start. */
    public val fetches: Long,
    /** Why they could not be fetched the last time, if so. What was fetched before is used for a while. */
    public val trouble: GatepassException?,
    /** Whether there is nothing that may be used: every token of this provider is denied as `keys_unavailable`. */
    public val isUnavailable: Boolean,
)

internal fun KeyHealthData.health() = KeyHealth(
    validator, url, keys.toLong(), unusable.toLong(), instant(fetchedOn), instant(triedOn), failures.toLong(), fetches.toLong(),
    trouble?.let(GatepassException::of), unavailable,
)
