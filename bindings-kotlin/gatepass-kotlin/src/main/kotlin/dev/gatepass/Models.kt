package dev.gatepass

import dev.gatepass.internal.ffi.AuditData
import dev.gatepass.internal.ffi.IssuedHandle
import dev.gatepass.internal.ffi.MyselfData
import dev.gatepass.internal.ffi.TokenData
import dev.gatepass.internal.ffi.UserData
import java.time.Instant

/** What a token opens: RadiantOne's Configuration API, its SCIMv2 API, or its REST (ADAP) API. One token opens one. */
public enum class Api {
    CONFIG,
    SCIM,
    REST,
    ;

    internal companion object {
        fun of(wire: String): Api = valueOf(wire)
    }
}

/** What a token was good for when it was read. */
public enum class Status {
    ACTIVE,
    NOT_YET_VALID,
    EXPIRED,
    REVOKED,
    ;

    /** The name that it has in every language: `active`, `not_yet_valid`, `expired`, `revoked`. */
    public val code: String = name.lowercase()
}

/** A token as it is shown: everything but its secret. */
public data class AccessToken(
    /** The public part of its secret; null for a token that another product issued. */
    public val id: String?,
    /** Its name, unique among tokens. */
    public val name: String,
    public val api: Api,
    /** The roles that say what it permits; [Api.CONFIG] only. */
    public val roles: List<String>,
    /** Application scopes; [Api.SCIM] and [Api.REST] only. */
    public val scopes: List<String>,
    /** The entry that it acts as; [Api.REST] only. */
    public val targetDn: String?,
    /** The networks (CIDR) that it may be used from; empty for anywhere. */
    public val networks: List<String>,
    public val description: String?,
    /** Labels. */
    public val metadata: Map<String, String>,
    /** When it was made; the year 1 where a server does not say. */
    public val createdOn: Instant,
    public val createdBy: String?,
    /** From when on it is good; null for from the start. */
    public val notBefore: Instant?,
    /** The first instant at which it is no longer good; null for never. */
    public val expiresOn: Instant?,
    /** When its secret was last changed. */
    public val rotatedOn: Instant?,
    /** Until when the secret before the last rotation is good. */
    public val graceUntil: Instant?,
    public val revokedOn: Instant?,
    /** When it was last used, as far as those who check tokens have reported it: late, and never later than they did. */
    public val lastUsedOn: Instant?,
    /** The address from which it was last used, where that was known. */
    public val lastUsedFrom: String?,
    /** Who reported that: `token:gateway`. */
    public val lastUsedVia: String?,
    /** What it was good for when it was read. */
    public val status: Status,
    /** Whether the secret before the last rotation was still good when it was read. */
    public val inGrace: Boolean,
)

/** A token that was made or rotated. The secret is here and nowhere else. */
public class IssuedToken internal constructor(
    public val secret: Secret,
    public val token: AccessToken,
    /** The number of this change: a verifier that has reached it ([Verifier.waitFor]) knows the secret. */
    public val revision: Long,
) {
    override fun toString(): String = "IssuedToken(secret=$secret, token=$token, revision=$revision)"
}

/** A token that was changed. */
public data class Changed(
    public val token: AccessToken,
    /** The number of this change: a verifier that has reached it ([Verifier.waitFor]) knows of it. */
    public val revision: Long,
)

/** A page of tokens, by name. */
public data class TokenPage(
    public val tokens: List<AccessToken>,
    /** What to ask with for the next page; null on the last one. */
    public val next: String?,
)

/** A user who signs in to manage tokens. */
public data class User(
    public val username: String,
    public val firstName: String?,
    public val lastName: String?,
    public val email: String?,
    /** Whether the user may sign in. */
    public val active: Boolean,
    public val roles: List<String>,
    public val createdOn: Instant,
    /** When the password was last set; null where there is none. */
    public val passwordOn: Instant?,
)

/** An entry of the audit trail. */
public data class AuditEntry(
    /** Its place among all entries, from 1 on. */
    public val number: Long,
    public val happened: Instant,
    /** `token.create`, `role.update`, …. */
    public val action: String,
    /** `user:alice`, `token:nightly-sync`, `owner:root`. */
    public val actor: String,
    public val subject: String?,
    /** Whether it was refused, not done. */
    public val refused: Boolean,
    /** Why it was refused. */
    public val code: String?,
    public val peer: String?,
    public val requestId: String?,
    public val details: String?,
)

/** Who asks, as a server sees it. */
public data class Myself(
    /** `user` or `token`. */
    public val kind: String,
    public val name: String,
    public val roles: List<String>,
    public val scopes: List<String>,
    /** When the token, or the session, ends. */
    public val expiresOn: Instant?,
    /** The token, where it is one. */
    public val token: AccessToken?,
)

/** What another service of the Configuration API answered. */
public data class ServiceAnswer(
    /** The HTTP status, 200 to 299. */
    public val status: Int,
    /** The body as JSON; `null` where it was empty, a JSON string where it was none. */
    public val body: String,
)

internal fun instant(millis: Long?): Instant? = millis?.let(Instant::ofEpochMilli)

internal fun TokenData.token(): AccessToken = AccessToken(
    id, name, Api.of(api), roles, scopes, targetDn, networks, description, metadata,
    Instant.ofEpochMilli(createdOn), createdBy, instant(notBefore), instant(expiresOn), instant(rotatedOn),
    instant(graceUntil), instant(revokedOn), instant(lastUsedOn), lastUsedFrom, lastUsedVia, Status.valueOf(status.uppercase()), inGrace,
)

internal fun IssuedHandle.issued(): IssuedToken = use { IssuedToken(Secret(it.secret()), it.token().token(), it.revision()) }

internal fun UserData.user(): User =
    User(username, firstName, lastName, email, active, roles, Instant.ofEpochMilli(createdOn), instant(passwordOn))

internal fun AuditData.entry(): AuditEntry = AuditEntry(
    number, Instant.ofEpochMilli(happened), action, actor, subject, outcome == "refused", code, peer, requestId, details,
)

internal fun MyselfData.myself(): Myself = Myself(kind, name, roles, scopes, instant(expiresOn), token?.token())
