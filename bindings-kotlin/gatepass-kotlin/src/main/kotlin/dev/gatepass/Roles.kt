package dev.gatepass

import dev.gatepass.internal.ffi.RightsData
import dev.gatepass.internal.ffi.RoleHandle
import java.util.concurrent.CompletableFuture

/** How far an area is opened; each level includes the one before. */
public enum class Level { NONE, VIEW, EDIT }

/** Rights over tokens, beside what RadiantOne has: an extension of Gatepass, which an authority of its own goes by. */
public data class TokenRights @JvmOverloads constructor(
    /** The APIs whose tokens may be followed and checked: what a service needs that has a verifier on a server. */
    public val verify: Set<Api> = emptySet(),
    /** Whether [Api.SCIM] tokens may be issued. */
    public val issueScim: Boolean = false,
    /** The subtrees (DNs) below which [Api.REST] tokens may act; the empty DN stands for all, and for tokens without one. */
    public val issueRest: List<String> = emptyList(),
    /** The application scopes that tokens may be given; `*` for any. */
    public val issueScopes: Set<String> = emptySet(),
) {
    internal fun data() = RightsData(verify.map { it.name }, issueScim, issueRest, issueScopes.toList())
}

private fun RightsData.rights() =
    TokenRights(verify.mapTo(LinkedHashSet(), Api::of), issueScim, issueRest, issueScopes.toSet())

/**
 * A named set of permissions, as RadiantOne's `RoleDetails` has it. A role does not change: what changes it makes another
 * one. What a newer server adds is kept, and written back as it came.
 */
public class Role internal constructor(internal val handle: RoleHandle) {
    /** The name, by which tokens and users hold it. */
    public val name: String = native("role") { handle.name() }

    /** The group entry that stands for it in the directory. */
    public val entryDn: String? get() = native("role") { handle.entryDn() }

    /** Whether it is one of the five that come with the product and cannot be changed. */
    public val isDefault: Boolean get() = native("role") { handle.defaultRole() }

    /** The levels by area: `settings`, `access tokens`, `data sources`, …. */
    public val levels: Map<String, Level> get() = native("role") { handle.levels() }.mapValues { Level.valueOf(it.value) }

    /** The level held in the data source of this name. */
    public fun dataSource(name: String): Level = Level.valueOf(native("role") { handle.dataSource(name) })

    /** Gatepass's own rights over tokens. */
    public val tokenRights: TokenRights get() = native("role") { handle.rights() }.rights()

    /** All of the vendor's scopes that follow from it. */
    public val scopes: Set<String> get() = native("role") { handle.scopes() }.toSet()

    /** Whether it permits what this vendor scope stands for. */
    public fun allows(scope: String): Boolean = native("role") { handle.allows(scope) }

    /**
     * The same with another level in this area.
     *
     * @throws GatepassException.InvalidInput `unknown_area`
     */
    public fun with(area: String, level: Level): Role = native("role") { Role(handle.withLevel(area, level.name)) }

    /** The same with another level in the data source of this name. */
    public fun withDataSource(name: String, level: Level): Role =
        native("role") { Role(handle.withDataSource(name, level.name)) }

    /**
     * The same with a vendor scope that stands alone, `SCOPE_CONFIGURATION_EXPORT_ENABLED`.
     *
     * @throws GatepassException.InvalidInput where there is none of this name
     */
    public fun withSwitch(scope: String): Role = native("role") { Role(handle.withSwitch(scope)) }

    /** The same with the Classic Control Panel, opened as the user of this DN where one is named. */
    @JvmOverloads
    public fun withClassicPanel(assumedUser: String? = null): Role = native("role") { Role(handle.withClassicPanel(assumedUser)) }

    /**
     * The same with these rights over tokens, in the place of those that it has.
     *
     * @throws GatepassException.InvalidInput on `issueRest`, where a subtree is no DN
     */
    public fun with(rights: TokenRights): Role = native("role") { Role(handle.withRights(rights.data())) }

    /** One of another name that permits the same. */
    public fun clonedAs(name: String): Role = native("role") { Role(handle.clonedAs(name)) }

    /** As RadiantOne writes it. */
    public fun toJson(): String = native("role") { handle.toJson() }

    override fun equals(other: Any?): Boolean = other is Role && toJson() == other.toJson()

    override fun hashCode(): Int = name.hashCode()

    override fun toString(): String = "Role($name)"

    public companion object {
        /** A role of this name that permits nothing yet. */
        @JvmStatic
        public fun named(name: String): Role =
            native("role") { Role(RoleHandle.named(name)) }

        /**
         * A role as RadiantOne writes it. [TokenRights] stand under `gatepassPermissions`.
         *
         * @throws GatepassException.InvalidInput where it is none
         */
        @JvmStatic
        public fun fromJson(json: String): Role = native("role") { Role(RoleHandle.fromJson(json)) }
    }
}

/** The roles of a [Gatepass]. */
public class Roles internal constructor(private val gatepass: Gatepass) {
    /** All of them, the default ones too. */
    public suspend fun list(): List<Role> = gatepass.call { handle -> handle.roles().map(::Role) }

    /** For Java: [list]. */
    public fun listAsync(): CompletableFuture<List<Role>> = Native.future { list() }

    /**
     * The role of this name; a default role under any of its names.
     *
     * @throws GatepassException.NotFound `role_not_found`
     */
    public suspend fun get(name: String): Role = gatepass.call { Role(it.role(name)) }

    /** For Java: [get]. */
    public fun getAsync(name: String): CompletableFuture<Role> = Native.future { get(name) }

    /**
     * Adds a role.
     *
     * @throws GatepassException.Conflict `name_taken`, `default_role`
     * @throws GatepassException.Forbidden where the caller does not hold what the role would permit
     */
    public suspend fun create(role: Role): Role = gatepass.call { Role(it.createRole(role.handle)) }

    /** For Java: [create]. */
    public fun createAsync(role: Role): CompletableFuture<Role> = Native.future { create(role) }

    /** Puts this role in the place of the one of its name, whole: who holds it is bound by it at once. */
    public suspend fun update(role: Role): Role = gatepass.call { Role(it.updateRole(role.handle)) }

    /** For Java: [update]. */
    public fun updateAsync(role: Role): CompletableFuture<Role> = Native.future { update(role) }

    /** Adds a role that permits what another one does. */
    public suspend fun clone(name: String, newName: String): Role = gatepass.call { Role(it.cloneRole(name, newName)) }

    /** For Java: [clone]. */
    public fun cloneAsync(name: String, newName: String): CompletableFuture<Role> = Native.future { clone(name, newName) }

    /**
     * Removes a role that nobody holds.
     *
     * @throws GatepassException.Conflict `default_role`, `role_in_use`
     */
    public suspend fun delete(name: String): Unit = gatepass.call { it.deleteRole(name) }

    /** For Java: [delete]. */
    public fun deleteAsync(name: String): CompletableFuture<Void?> = Native.future { delete(name).let { null } }
}
