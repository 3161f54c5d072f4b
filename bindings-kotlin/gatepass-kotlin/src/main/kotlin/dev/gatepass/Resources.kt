package dev.gatepass

import dev.gatepass.internal.ffi.ListData
import dev.gatepass.internal.ffi.ListHandle
import dev.gatepass.internal.ffi.ResourcesHandle
import java.util.concurrent.CompletableFuture
import java.util.function.Consumer
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.toList
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive

/** The id of a resource, by which it is read and changed; empty where it has none yet. */
public val JsonObject.id: String get() = text(this["id"])

/** Which it is of its versions, for [Resources.ifMatch]; null where the server does not count them. */
public val JsonObject.version: String?
    get() = (this["meta"] as? JsonObject)?.let { text(it["version"]) }?.ifEmpty { null }

private fun text(element: Any?): String = (element as? JsonPrimitive)?.takeIf { it.isString }?.content.orEmpty()

/** The direction in which resources are sorted. */
public enum class SortOrder { ASCENDING, DESCENDING }

/** The resources at one endpoint of a [ScimClient]. */
public class Resources internal constructor(private val client: Client, private val handle: ResourcesHandle) {
    /**
     * The same, where [replace], [patch] and [delete] do nothing unless the resource is of this version (RFC 7644 section
     * 3.14): otherwise they throw [GatepassException.Conflict], `version_mismatch`.
     */
    public fun ifMatch(version: String): Resources = client.native { Resources(client, handle.ifMatch(version)) }

    /** The same, with these attributes alone in what is answered, and those that always are; or without these. */
    public fun selecting(
        attributes: List<String> = emptyList(),
        excludedAttributes: List<String> = emptyList(),
    ): Resources = client.native { Resources(client, handle.selecting(attributes, excludedAttributes)) }

    /**
     * One resource.
     *
     * @throws GatepassException.NotFound `resource_not_found`
     * @throws GatepassException.InvalidInput `id_malformed`
     */
    public suspend fun get(id: String): JsonObject = Resource.one(client.native { handle.get(id) })

    /** The same, unless it is of this version still: then null. */
    public suspend fun get(id: String, unless: String): JsonObject? =
        client.native { handle.getUnless(id, unless) }?.let(Resource::one)

    /** For Java: [get]. */
    public fun getAsync(id: String): CompletableFuture<JsonObject> = Native.future { get(id) }

    /** For Java: [get]; null where it is of this version still. */
    public fun getAsync(id: String, unless: String): CompletableFuture<JsonObject?> = Native.future { get(id, unless) }

    /**
     * Makes a resource, and gives it as the server made it. Where the answer is lost (unavailable, timeout) it may have been made:
     * it is not sent twice.
     *
     * @throws GatepassException.Conflict `uniqueness`
     * @throws GatepassException.InvalidInput `invalid_value`, `invalid_syntax`
     */
    public suspend fun create(resource: JsonObject): JsonObject =
        Resource.one(client.native { handle.create(resource.toString()) })

    /** For Java: [create]. */
    public fun createAsync(resource: JsonObject): CompletableFuture<JsonObject> = Native.future { create(resource) }

    /**
     * Puts this in the place of a resource: what it does not say is gone. Gives the resource as it is then.
     *
     * @throws GatepassException.NotFound `resource_not_found`
     * @throws GatepassException.Conflict `uniqueness`, `version_mismatch`
     */
    public suspend fun replace(id: String, resource: JsonObject): JsonObject =
        Resource.one(client.native { handle.replace(id, resource.toString()) })

    /** For Java: [replace]. */
    public fun replaceAsync(id: String, resource: JsonObject): CompletableFuture<JsonObject> =
        Native.future { replace(id, resource) }

    /**
     * Changes a resource: all of this is done, or nothing. Gives the resource as it is then; null where the server says no more
     * than that it was done. Where the answer is lost it may have been done: it is not sent twice.
     *
     * @throws GatepassException.NotFound `resource_not_found`
     * @throws GatepassException.InvalidInput `no_target`, `invalid_path`, `mutability`
     * @throws GatepassException.Conflict `uniqueness`, `version_mismatch`
     */
    public suspend fun patch(id: String, patch: PatchOp): JsonObject? =
        client.native { handle.patch(id, patch.handle) }?.let(Resource::one)

    /** For Java: [patch]. */
    public fun patchAsync(id: String, patch: PatchOp): CompletableFuture<JsonObject?> = Native.future { patch(id, patch) }

    /**
     * Deletes a resource.
     *
     * @throws GatepassException.NotFound `resource_not_found`
     * @throws GatepassException.Conflict `version_mismatch`
     */
    public suspend fun delete(id: String): Unit = client.native { handle.delete(id) }

    /** For Java: [delete]. */
    public fun deleteAsync(id: String): CompletableFuture<Void?> = Native.future { delete(id).let { null } }

    /**
     * Those that fit; all, where nothing is said.
     *
     * @param startIndex from the one of this number on, counted from 1
     * @param pageSize how many a page has at the most; 200 when not said
     */
    @JvmOverloads
    public fun list(
        filter: ScimFilter? = null,
        sortBy: String? = null,
        sortOrder: SortOrder? = null,
        startIndex: Long? = null,
        pageSize: Int? = null,
        attributes: List<String> = emptyList(),
        excludedAttributes: List<String> = emptyList(),
    ): Listing {
        val asked = ListData(sortBy, sortOrder?.name?.lowercase(), startIndex, pageSize)
        return client.native {
            Listing(client, handle.selecting(attributes, excludedAttributes).use { it.list(filter?.handle, asked) })
        }
    }
}

/**
 * A list of resources: a flow of them, for which nothing is asked until it is collected, and anew each time. The next page is
 * asked for meanwhile, and no more than that.
 *
 * @throws GatepassException.IncompleteResult where there are more than the server gives, after all that it gave
 * @throws GatepassException.Protocol `cursor_loops` where it gives the same again; `answer_malformed`
 * @throws GatepassException.InvalidInput `invalid_filter`
 */
public class Listing internal constructor(private val client: Client, private val handle: ListHandle) :
    Flow<JsonObject> by listed(client, handle).each() {
    /** A page at a time. */
    public fun pages(): Flow<List<JsonObject>> = listed(client, handle)

    /** All of them, in memory at once. */
    public suspend fun all(): List<JsonObject> = toList()

    /** The first one, if there is one. */
    public suspend fun first(): JsonObject? = client.native { handle.first() }?.let(Resource::one)

    /** How many there are; none of them is read. */
    public suspend fun count(): Long = client.native { handle.count() }

    /** For Java: [all]. */
    public fun allAsync(): CompletableFuture<List<JsonObject>> = Native.future { all() }

    /** For Java: [first]; null where there is none. */
    public fun firstAsync(): CompletableFuture<JsonObject?> = Native.future { first() }

    /** For Java: [count]. */
    public fun countAsync(): CompletableFuture<Long> = Native.future { count() }

    /** For Java: gives each resource to this, on a thread of the pool. */
    public fun forEachAsync(receiver: Consumer<JsonObject>): CompletableFuture<Void?> =
        Native.future { collect { receiver.accept(it) }.let { null } }
}

private fun listed(client: Client, handle: ListHandle): Flow<List<JsonObject>> =
    paged(client, { handle.pages() }, Resource::list)
