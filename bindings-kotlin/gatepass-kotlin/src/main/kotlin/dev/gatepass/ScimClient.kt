package dev.gatepass

import dev.gatepass.internal.ffi.ScimHandle
import java.util.concurrent.CompletableFuture
import kotlinx.serialization.SerializationException
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonObject

/**
 * Resources, as seen by one `scim` token: RadiantOne's SCIM API, or any other SCIM 2.0 server's (RFC 7644). They are
 * kotlinx.serialization's JSON objects. It may be used from any thread, and no suspend function of it blocks the one that it is
 * called on. Nothing is sent until something is asked.
 *
 * ```
 * ScimClient("https://radiantone.example:8090/scim2/v2", Credential.env("SCIM_TOKEN")).use { scim ->
 *     val users = scim.resources("Users")
 *     users.list(ScimFilter.startsWith("userName", "b")).collect { user ->
 *         users.patch(user.id, PatchOp().replace("active", JsonPrimitive(false)))
 *     }
 * }
 * ```
 *
 * Everything that is asked here throws [GatepassException.Unauthorized] where the token is no good, [GatepassException.Forbidden]
 * where it does not permit this, the reasons of RFC 7644 section 3.12 by their codes (`invalid_filter`, `uniqueness`,
 * `mutability`, `no_target`, …), and [GatepassException.Protocol] for an answer that makes no sense (`answer_malformed`,
 * `redirected`).
 */
public class ScimClient private constructor(private val client: Client, private val handle: ScimHandle) : AutoCloseable {
    /**
     * The server at this URL, `https://HOST:8090/scim2/v2`. Certificates are read from the machine's files: not on Android's main
     * thread.
     *
     * @throws GatepassException.InvalidInput on `url`: `url_malformed`, `url_insecure` (plain HTTP that leaves this machine)
     */
    @JvmOverloads
    public constructor(url: String, credential: Credential, options: ConnectOptions = ConnectOptions()) : this(
        Client("ScimClient", credential),
        native("ScimClient") { ScimHandle(options.data(listOf(url), null), credential.handle, options.clientCertificate) },
    )

    /** The URL that is asked. */
    public val url: String = native("ScimClient") { handle.url() }

    /** The resources at this endpoint: `Users`, `/Groups`, or what a resource type says. */
    public fun resources(endpoint: String): Resources = client.native { Resources(client, handle.resources(endpoint)) }

    /** The kinds of resources that the server has (RFC 7643 section 6). */
    public suspend fun resourceTypes(): List<JsonObject> = Resource.list(client.native { handle.resourceTypes() })

    /** For Java: [resourceTypes]. */
    public fun resourceTypesAsync(): CompletableFuture<List<JsonObject>> = Native.future { resourceTypes() }

    /** What resources may say (RFC 7643 section 7). */
    public suspend fun schemas(): List<JsonObject> = Resource.list(client.native { handle.schemas() })

    /** For Java: [schemas]. */
    public fun schemasAsync(): CompletableFuture<List<JsonObject>> = Native.future { schemas() }

    /** What the server can do (RFC 7643 section 5). */
    public suspend fun serviceProviderConfig(): JsonObject = Resource.one(client.native { handle.serviceProviderConfig() })

    /** For Java: [serviceProviderConfig]. */
    public fun serviceProviderConfigAsync(): CompletableFuture<JsonObject> = Native.future { serviceProviderConfig() }

    /** Lets go of it; what is asked after that is refused as [GatepassException.Closed]. It does not wait. */
    override fun close() {
        if (client.close()) handle.destroy()
    }

    override fun toString(): String = "ScimClient($url)"
}

/** Reads resources, which may be of any form, and as deep as a server that means ill makes them. */
internal object Resource {
    fun one(json: String): JsonObject = element(json) as? JsonObject ?: throw malformed()

    fun list(json: String): List<JsonObject> =
        (element(json) as? JsonArray ?: throw malformed()).map { it as? JsonObject ?: throw malformed() }

    private fun element(json: String): JsonElement = try {
        Json.parseToJsonElement(json)
    } catch (deep: StackOverflowError) {
        throw malformed()
    } catch (error: SerializationException) {
        // Its text quotes what was read.
        throw malformed()
    }

    private fun malformed() = GatepassException.of(
        GatepassException.Details("protocol", "answer_malformed", "the server gives a resource that is none"),
    )
}
