package dev.gatepass

import dev.gatepass.internal.ffi.RestHandle
import dev.gatepass.internal.ffi.SubjectsHandle
import java.util.concurrent.CompletableFuture

/**
 * A directory, as seen by one `rest` token: RadiantOne's REST API (ADAP). It may be used from any thread, and no suspend function
 * of it blocks the one that it is called on. Nothing is sent until something is asked.
 *
 * ```
 * RestClient("https://radiantone.example:8090/adap", Credential.env("ADAP_TOKEN")).use { rest ->
 *     rest.search("o=acme", Filter.startsWith("cn", "Ad"), attributes = listOf("cn", "mail")).collect { entry ->
 *         println("${entry.dn} ${entry.first("mail")}")
 *     }
 * }
 * ```
 *
 * Everything that is asked here throws [GatepassException.Unauthorized] where the token is no good, [GatepassException.Forbidden]
 * where it does not permit this, what LDAP's result codes mean (`entry_not_found`, `entry_exists`, `object_class_violation`, …),
 * [GatepassException.InvalidInput] for a name that is none (`dn_malformed`, `dn_too_long`), and [GatepassException.Protocol] for
 * an answer that makes no sense (`answer_malformed`, `redirected`).
 */
public class RestClient private constructor(private val client: Client, private val handle: RestHandle) : AutoCloseable {
    /**
     * The directory at this URL, `https://HOST:8090/adap`. Certificates are read from the machine's files: not on Android's main
     * thread.
     *
     * @throws GatepassException.InvalidInput on `url`: `url_malformed`, `url_insecure` (plain HTTP that leaves this machine)
     */
    @JvmOverloads
    public constructor(url: String, credential: Credential, options: ConnectOptions = ConnectOptions()) : this(
        Client("RestClient", credential),
        native("RestClient") { RestHandle(options.data(listOf(url), null), credential.handle, options.clientCertificate) },
    )

    /** The URL that is asked. */
    public val url: String = native("RestClient") { handle.url() }

    /**
     * The same directory, as this user: the server does what that user may, if the token's own user may act as others
     * (RadiantOne's proxy authorization). Connections are shared, and it is closed with this one.
     */
    public fun actingAs(dn: String): RestClient = client.native { RestClient(client.part(), handle.actingAs(dn)) }

    /**
     * Shows the token to the server, and does nothing else.
     *
     * @throws GatepassException.Unauthorized where it is no good
     */
    public suspend fun bind(): Unit = client.native { handle.bind() }

    /** For Java: [bind]. */
    public fun bindAsync(): CompletableFuture<Void?> = Native.future { bind().let { null } }

    /** A search at this entry and below it, for everything unless something else is said: see [SearchOptions]. */
    public fun search(
        base: String,
        filter: Filter? = null,
        attributes: List<String> = emptyList(),
        scope: SearchScope = SearchScope.SUB,
        pageSize: Int? = null,
        isPaged: Boolean = true,
        sizeLimit: Long? = null,
        startIndex: Long? = null,
        count: Long? = null,
        context: Boolean = false,
        contextFilter: String? = null,
        returnMode: ReturnMode? = null,
        derefAliases: DerefAliases? = null,
        cookie: String? = null,
    ): Search {
        val options = SearchOptions(
            filter, attributes, scope, pageSize, isPaged, sizeLimit, startIndex, count, context, contextFilter, returnMode,
            derefAliases, cookie,
        )
        return search(base, options)
    }

    /** The same of a search that was described before. */
    public fun search(base: String, options: SearchOptions): Search = Search(client.also(Client::check), handle, base, options)

    /**
     * One entry, with all of its attributes. [Search.first] reads some of them.
     *
     * @throws GatepassException.NotFound `entry_not_found`
     */
    public suspend fun get(dn: String): Entry = Entries.one(client.native { handle.get(dn) })

    /** For Java: [get]. */
    public fun getAsync(dn: String): CompletableFuture<Entry> = Native.future { get(dn) }

    /** The names of the entries that all others are below. */
    public suspend fun rootContexts(): List<String> = client.native { handle.rootContexts() }

    /** For Java: [rootContexts]. */
    public fun rootContextsAsync(): CompletableFuture<List<String>> = Native.future { rootContexts() }

    /**
     * Adds an entry. Where the answer is lost (unavailable, timeout) it may have been added: it is not sent twice.
     *
     * @throws GatepassException.Conflict `entry_exists`
     * @throws GatepassException.NotFound `entry_not_found`, where there is nothing that it could be below
     */
    public suspend fun add(dn: String, attributes: Map<String, List<String>>): Unit =
        client.native { handle.add(dn, attributes.data()) }

    /** For Java: [add]. */
    public fun addAsync(dn: String, attributes: Map<String, List<String>>): CompletableFuture<Void?> =
        Native.future { add(dn, attributes).let { null } }

    /**
     * Puts these attributes in the place of all that an entry has.
     *
     * @throws GatepassException.NotFound `entry_not_found`
     */
    public suspend fun replace(dn: String, attributes: Map<String, List<String>>): Unit =
        client.native { handle.replace(dn, attributes.data()) }

    /** For Java: [replace]. */
    public fun replaceAsync(dn: String, attributes: Map<String, List<String>>): CompletableFuture<Void?> =
        Native.future { replace(dn, attributes).let { null } }

    /**
     * Changes an entry: all of this is done, or nothing. Where the answer is lost, and not all of it replaces, it may have been
     * done: it is not sent twice.
     *
     * @throws GatepassException.NotFound `entry_not_found`
     * @throws GatepassException.Conflict `attribute_or_value_exists`, `no_such_attribute`
     */
    public suspend fun modify(dn: String, vararg mods: Mod): Unit = client.native { handle.modify(dn, mods.map { it.data() }) }

    /** For Java: [modify]. */
    public fun modifyAsync(dn: String, vararg mods: Mod): CompletableFuture<Void?> =
        Native.future { modify(dn, *mods).let { null } }

    /**
     * Gives an entry another name at its place: `rename("uid=alice,o=acme", "uid=lewis")`. Where the answer is lost it may have
     * been done: it is not sent twice.
     *
     * @throws GatepassException.NotFound `entry_not_found`
     * @throws GatepassException.Conflict `entry_exists`
     */
    public suspend fun rename(dn: String, newRdn: String): Unit = client.native { handle.rename(dn, newRdn) }

    /** For Java: [rename]. */
    public fun renameAsync(dn: String, newRdn: String): CompletableFuture<Void?> =
        Native.future { rename(dn, newRdn).let { null } }

    /** Puts an entry, with all below it, below another one, under this name. Otherwise as [rename]. */
    public suspend fun move(dn: String, newRdn: String, newSuperior: String): Unit =
        client.native { handle.moveTo(dn, newRdn, newSuperior) }

    /** For Java: [move]. */
    public fun moveAsync(dn: String, newRdn: String, newSuperior: String): CompletableFuture<Void?> =
        Native.future { move(dn, newRdn, newSuperior).let { null } }

    /**
     * Deletes an entry; with [tree], all below it too, but for a root naming context.
     *
     * @throws GatepassException.NotFound `entry_not_found`
     * @throws GatepassException.Conflict `not_allowed_on_non_leaf`, without [tree]
     */
    public suspend fun delete(dn: String, tree: Boolean = false): Unit = client.native { handle.delete(dn, tree) }

    /** For Java: [delete]. */
    @JvmOverloads
    public fun deleteAsync(dn: String, tree: Boolean = false): CompletableFuture<Void?> =
        Native.future { delete(dn, tree).let { null } }

    /**
     * Does many operations in one request, in this order. One that fails keeps no other from being done, and tells of it in its
     * own result; the results have the operations' order. Ten thousand may be sent at once: a server may take longer than
     * [ConnectOptions.timeout] for them.
     *
     * What this throws is of the request as a whole. Where the answer is lost some or all may have been done: it is not sent
     * twice.
     */
    public suspend fun bulk(operations: Collection<BulkOperation>): List<BulkResult> =
        client.native { handle.bulk(operations.map { it.data() }) }.map { it.result() }

    /** For Java: [bulk]. */
    public fun bulkAsync(operations: Collection<BulkOperation>): CompletableFuture<List<BulkResult>> =
        Native.future { bulk(operations) }

    internal fun subjects(): SubjectsHandle = client.native { SubjectsHandle.client(handle) }

    /** Lets go of it; what is asked after that is refused as [GatepassException.Closed]. It does not wait. */
    override fun close() {
        if (client.close()) handle.destroy()
    }

    override fun toString(): String = "RestClient($url)"
}
