package dev.gatepass

import dev.gatepass.internal.ffi.AuditFilterData
import dev.gatepass.internal.ffi.RoleHandle
import dev.gatepass.internal.ffi.TextChange
import dev.gatepass.internal.ffi.UserChangeData
import java.time.Instant
import java.util.concurrent.CompletableFuture

/** How far an area is opened; each level includes the one before. */
public enum class Level { NONE, VIEW, EDIT }

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
            native("role") { Role(RoleHandle.fromJson("{\"name\":\"\"}").use { it.clonedAs(name) }) }

        /**
         * A role as RadiantOne writes it. Gatepass's own rights over tokens stand under `gatepassPermissions`:
         * `{"name": "gateway", "gatepassPermissions": {"verify": ["REST"]}}` may follow and check REST tokens.
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

/** What is to be said of a user, or to change: what is never set stays. */
public class UserProfile {
    private var data = UserChangeData(null, null, null, null, null)

    /** Sets the first name, or takes it away. */
    public fun firstName(text: String?): UserProfile = apply { data = data.copy(firstName = TextChange(text)) }

    /** Sets the last name, or takes it away. */
    public fun lastName(text: String?): UserProfile = apply { data = data.copy(lastName = TextChange(text)) }

    /** Sets the e-mail address, or takes it away. */
    public fun email(text: String?): UserProfile = apply { data = data.copy(email = TextChange(text)) }

    /** Says whether the user may sign in. */
    public fun active(active: Boolean): UserProfile = apply { data = data.copy(active = active) }

    /** These roles, in the place of all. */
    public fun roles(vararg names: String): UserProfile = apply { data = data.copy(roles = names.toList()) }

    internal fun data(): UserChangeData = data
}

/** The users of a [Gatepass]. */
public class Users internal constructor(private val gatepass: Gatepass) {
    /** All of them, by name. */
    public suspend fun list(): List<User> = gatepass.call { handle -> handle.users().map { it.user() } }

    /** For Java: [list]. */
    public fun listAsync(): CompletableFuture<List<User>> = Native.future { list() }

    /**
     * The user of this name.
     *
     * @throws GatepassException.NotFound `user_not_found`
     */
    public suspend fun get(username: String): User = gatepass.call { it.user(username).user() }

    /** For Java: [get]. */
    public fun getAsync(username: String): CompletableFuture<User> = Native.future { get(username) }

    /**
     * Adds a user, who can sign in once there is a password.
     *
     * @throws GatepassException.InvalidInput naming the field
     * @throws GatepassException.Conflict `name_taken`
     */
    public suspend fun create(
        username: String,
        profile: UserProfile = UserProfile(),
        password: Password? = null,
    ): User = gatepass.call { it.createUser(username, profile.data(), password?.text).user() }

    /** For Java: [create]. */
    @JvmOverloads
    public fun createAsync(
        username: String,
        profile: UserProfile = UserProfile(),
        password: Password? = null,
    ): CompletableFuture<User> = Native.future { create(username, profile, password) }

    /**
     * Changes what is said of a user, and the password where one is given, both or neither. Who is made inactive is signed
     * out.
     *
     * @throws GatepassException.Conflict `last_administrator`, where nobody would be left who may do everything
     */
    public suspend fun update(username: String, change: UserProfile, password: Password? = null): User =
        gatepass.call { it.updateUser(username, change.data(), password?.text).user() }

    /** For Java: [update]. */
    @JvmOverloads
    public fun updateAsync(
        username: String,
        change: UserProfile,
        password: Password? = null,
    ): CompletableFuture<User> = Native.future { update(username, change, password) }

    /** Sets a user's password, and signs the user out everywhere. */
    public suspend fun setPassword(username: String, password: Password): Unit =
        gatepass.call { it.setPassword(username, password.text) }

    /** For Java: [setPassword]. */
    public fun setPasswordAsync(username: String, password: Password): CompletableFuture<Void?> =
        Native.future { setPassword(username, password).let { null } }

    /** Removes a user. */
    public suspend fun delete(username: String): Unit = gatepass.call { it.deleteUser(username) }

    /** For Java: [delete]. */
    public fun deleteAsync(username: String): CompletableFuture<Void?> = Native.future { delete(username).let { null } }
}

/** The audit trail of a [Gatepass]. */
public class Audit internal constructor(private val gatepass: Gatepass) {
    /**
     * The entries that fit, the oldest first. To follow the trail ask again, after the number of the last one: numbers are
     * in the order of commits, so none comes late.
     *
     * @param action actions that begin so: `token.` for all that was done to tokens
     * @param limit so many at the most; 100 when not said
     */
    public suspend fun list(
        after: Long = 0,
        action: String? = null,
        actor: String? = null,
        subject: String? = null,
        refused: Boolean? = null,
        since: Instant? = null,
        until: Instant? = null,
        limit: Int? = null,
    ): List<AuditEntry> = gatepass.call { handle ->
        val filter = AuditFilterData(
            after, action, actor, subject, refused, since?.let { millis("since", it) }, until?.let { millis("until", it) },
            limit,
        )
        handle.audit(filter).map { it.entry() }
    }

    /** For Java: the entries after this number. */
    public fun listAsync(after: Long): CompletableFuture<List<AuditEntry>> = Native.future { list(after) }

    /** The number of the last entry. */
    public suspend fun last(): Long = gatepass.call { it.lastAudit() }

    /** For Java: [last]. */
    public fun lastAsync(): CompletableFuture<Long> = Native.future { last() }
}
