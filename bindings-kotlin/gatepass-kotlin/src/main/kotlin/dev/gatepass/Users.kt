package dev.gatepass

import dev.gatepass.internal.ffi.TextChange
import dev.gatepass.internal.ffi.UserChangeData
import java.util.concurrent.CompletableFuture

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
