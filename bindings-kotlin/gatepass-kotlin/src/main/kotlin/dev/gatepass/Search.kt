package dev.gatepass

import dev.gatepass.internal.ffi.RestHandle
import dev.gatepass.internal.ffi.SearchData
import java.util.concurrent.CompletableFuture
import java.util.function.Consumer
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.toList

/** How far below the base a search looks. */
public enum class SearchScope {
    /** The base alone. */
    BASE,

    /** What is right below it. */
    ONE,

    /** The base, and all below it. */
    SUB,
}

/** How the server writes values. They are read as lists either way. */
public enum class ReturnMode {
    /** Always as a list. */
    ARRAY,

    /** As a list where the LDAP schema says that there may be several. */
    LDAPSCHEMA,
}

/** Whether alias entries are followed. RadiantOne does it of the base alone. */
public enum class DerefAliases {
    NEVER,

    /** Below the base, and not the base itself. */
    SEARCHING,

    /** The base alone. */
    FINDING,
    ALWAYS,
}

/** What a search asks for besides its base. What is null is as usual. */
public class SearchOptions(
    /** Entries that fit this; all, when not said. */
    public val filter: Filter? = null,
    /** These attributes alone; all, where there are none. */
    public val attributes: List<String> = emptyList(),
    public val scope: SearchScope = SearchScope.SUB,
    /** How many entries a page has at the most; 1000 when not said. */
    public val pageSize: Int? = null,
    /** Whether pages are asked for; all comes in one answer, of 64 MiB at the most, for a server on which paging is off. */
    public val isPaged: Boolean = true,
    /** This many entries at the most, in one answer; not to get more is then no error. */
    public val sizeLimit: Long? = null,
    /** From this entry on, counted from 1, in one answer. */
    public val startIndex: Long? = null,
    /** This many entries from [startIndex] on, in one answer. The server looks for all of them first. */
    public val count: Long? = null,
    /** With the entries that an entry is below, in one answer. */
    public val context: Boolean = false,
    /** By a filter for each step on the way down, in one answer: `/ou=A&#42;/uid=Aug&#42;`, and `//` for any number of steps. */
    public val contextFilter: String? = null,
    public val returnMode: ReturnMode? = null,
    public val derefAliases: DerefAliases? = null,
    /** Goes on with a search that was begun elsewhere and said to go on with this cookie. */
    public val cookie: String? = null,
) {
    internal fun data() = SearchData(
        attributes, scope.name.lowercase(), pageSize, !isPaged, sizeLimit, startIndex, count, context, contextFilter,
        returnMode?.name?.lowercase(), derefAliases?.name?.lowercase(), cookie,
    )

    /** For Java. */
    public class Builder internal constructor() {
        private var filter: Filter? = null
        private val attributes = ArrayList<String>()
        private var scope = SearchScope.SUB
        private var pageSize: Int? = null
        private var isPaged = true
        private var sizeLimit: Long? = null
        private var startIndex: Long? = null
        private var count: Long? = null
        private var context = false
        private var contextFilter: String? = null
        private var returnMode: ReturnMode? = null
        private var derefAliases: DerefAliases? = null
        private var cookie: String? = null

        public fun filter(filter: Filter): Builder = apply { this.filter = filter }

        /** A text that is taken as it is. */
        public fun filter(text: String): Builder = filter(Filter.raw(text))

        public fun attributes(vararg names: String): Builder = apply { attributes.addAll(names) }

        public fun scope(scope: SearchScope): Builder = apply { this.scope = scope }

        public fun pageSize(entries: Int): Builder = apply { pageSize = entries }

        public fun unpaged(): Builder = apply { isPaged = false }

        public fun sizeLimit(entries: Long): Builder = apply { sizeLimit = entries }

        public fun startIndex(number: Long): Builder = apply { startIndex = number }

        public fun count(entries: Long): Builder = apply { count = entries }

        public fun context(wanted: Boolean): Builder = apply { context = wanted }

        public fun contextFilter(filter: String): Builder = apply { contextFilter = filter }

        public fun returnMode(mode: ReturnMode): Builder = apply { returnMode = mode }

        public fun derefAliases(which: DerefAliases): Builder = apply { derefAliases = which }

        public fun cookie(cookie: String): Builder = apply { this.cookie = cookie }

        public fun build(): SearchOptions = SearchOptions(
            filter, attributes.toList(), scope, pageSize, isPaged, sizeLimit, startIndex, count, context, contextFilter,
            returnMode, derefAliases, cookie,
        )
    }

    public companion object {
        @JvmStatic
        public fun builder(): Builder = Builder()
    }
}

/**
 * What a search finds: a flow of its entries, for which nothing is asked until it is collected, and anew each time. The next
 * page is asked for meanwhile, and no more than that, so that a search of any length takes as much memory as two pages. Whoever
 * stops early, `take(10)` or a coroutine that is cancelled, ends the search on the server too.
 *
 * @throws GatepassException.IncompleteResult where the server has cut the result, after all that it gave
 * @throws GatepassException.Protocol `cursor_loops` where it gives the same again; `answer_malformed`
 * @throws GatepassException.InvalidInput `filter_malformed`, `dn_malformed`
 */
public class Search internal constructor(
    private val client: Client,
    private val handle: RestHandle,
    private val base: String,
    private val options: SearchOptions,
) : Flow<Entry> by found(client, handle, base, options).each() {
    /** A page at a time. */
    public fun pages(): Flow<List<Entry>> = found(client, handle, base, options)

    /** All of them, in memory at once. */
    public suspend fun all(): List<Entry> = toList()

    /** The first one, if one is found; no more than that is asked for. */
    public suspend fun first(): Entry? =
        client.native { handle.first(base, options.filter?.handle, options.data()) }?.let(Entries::one)

    /** For Java: [all]. */
    public fun allAsync(): CompletableFuture<List<Entry>> = Native.future { all() }

    /** For Java: [first]; null where none is found. */
    public fun firstAsync(): CompletableFuture<Entry?> = Native.future { first() }

    /** For Java: gives each entry to this, on a thread of the pool. Who cancels the future ends the search. */
    public fun forEachAsync(receiver: Consumer<Entry>): CompletableFuture<Void?> =
        Native.future { collect { receiver.accept(it) }.let { null } }
}

private fun found(client: Client, handle: RestHandle, base: String, options: SearchOptions): Flow<List<Entry>> =
    paged(client, { handle.pages(base, options.filter?.handle, options.data()) }, Entries::page)
