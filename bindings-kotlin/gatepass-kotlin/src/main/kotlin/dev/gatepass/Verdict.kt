package dev.gatepass

import dev.gatepass.internal.ffi.AnswerData
import dev.gatepass.internal.ffi.ReasonData
import dev.gatepass.internal.ffi.answer
import dev.gatepass.internal.ffi.reasons
import dev.gatepass.internal.ffi.vendorScopes
import java.nio.ByteBuffer
import java.time.Instant

/** What a check says. It is one or the other: `when` it is, and nothing fails open. */
public sealed interface Verdict

/** Access is granted. */
public class Granted internal constructor(
    /** Whose token it was, and what it permits. */
    public val access: Access,
) : Verdict {
    override fun equals(other: Any?): Boolean = other is Granted && access == other.access

    override fun hashCode(): Int = access.hashCode()

    override fun toString(): String = "Granted($access)"
}

/** Access is denied. */
public class Denied internal constructor(
    /** Why, precisely: for logs, never for the outside. */
    public val reason: Reason,
    /** The token that was tried, where there is one of that id: for logs, the audit trail, an alarm. */
    public val tokenId: String?,
    /** The scopes that were needed, separated by spaces; with `insufficient_scope` only. */
    public val scope: String?,
) : Verdict {
    /** What to answer to the outside (RFC 6750), for a resource of this realm. Bad tokens of all kinds look alike there. */
    public fun answer(realm: String): Answer = native("denial") { answer(reason.code, realm, scope) }.answer()

    internal fun exception(): GatepassException.AccessDenied {
        val data = Reason.data(reason)
        val details = GatepassException.Details(data.kind, data.code, "access denied: ${data.code}", retryable = data.retryable)
        return GatepassException.AccessDenied(this, details)
    }

    override fun equals(other: Any?): Boolean =
        other is Denied && reason == other.reason && tokenId == other.tokenId && scope == other.scope

    override fun hashCode(): Int = 31 * reason.hashCode() + tokenId.hashCode()

    override fun toString(): String = "Denied(${reason.code}${tokenId?.let { ", $it" }.orEmpty()})"
}

/** What to answer to a request that is refused. */
public data class Answer(
    /** The HTTP status: 400, 401, 403 or 503. */
    public val status: Int,
    /** The `WWW-Authenticate` header, where the answer has one. */
    public val wwwAuthenticate: String?,
    /** The `Retry-After` header in seconds, where the answer has one. */
    public val retryAfter: Int?,
    /** The error code of RFC 6750 section 3.1, for the body; null where no credential was sent. */
    public val error: String?,
)

private fun AnswerData.answer() = Answer(status.toInt(), wwwAuthenticate, retryAfter?.toInt(), error)

/** The precise reason of a denial. */
public class Reason private constructor(
    /** The stable code, the same in every language: `missing`, `wrong_secret`, `superseded`, …. */
    public val code: String,
) {
    override fun equals(other: Any?): Boolean = other is Reason && code == other.code

    override fun hashCode(): Int = code.hashCode()

    override fun toString(): String = code

    public companion object {
        private val data: List<ReasonData> by lazy { native("reasons") { reasons() } }
        private val known: List<Reason> by lazy { data.map { Reason(it.code) } }

        /** All of them. */
        @JvmStatic
        public val all: List<Reason> get() = known

        /** By its place in the core's list, from 1 on. A place that this version does not know is a defect. */
        internal fun at(place: Int): Reason = known[place - 1]

        internal fun data(reason: Reason): ReasonData = data.first { it.code == reason.code }
    }
}

/** Access, as it was granted at the moment of the check. */
public class Access internal constructor(private val bytes: ByteArray, private val start: Int, private val end: Int) {
    /** Read where it is asked for. Two threads that ask at once read it twice, which does no harm and takes no lock. */
    @Volatile
    private var parts: Parts? = null

    private val read: Parts get() = parts ?: Parts(ByteBuffer.wrap(bytes, start, end - start)).also { parts = it }

    /**
     * The public part of the token's secret. A token of another issuer has none; what stands for it is made of its digest, so that
     * it is the same each time.
     */
    public val id: String get() = read.id

    /** The token's name; of a token of another issuer, that of the validator that accepted it. */
    public val name: String get() = read.name

    /** The API that it opens. */
    public val api: Api get() = read.api

    /** The roles that it holds; [Api.CONFIG] only. */
    public val roles: List<String> get() = read.roles

    /**
     * What it permits: for [Api.CONFIG] the vendor's scopes that follow from its roles, else its application scopes.
     */
    public val scopes: Set<String> get() = read.scopes

    /** The entry that it acts as, if any; [Api.REST] only, but for tokens of other issuers, whose validator says it. */
    public val targetDn: String? get() = read.targetDn

    /** The first instant at which it is no longer good; null for never. */
    public val expiresOn: Instant? get() = read.expiresOn

    /** Whom a token of another issuer is of: its `sub` (RFC 7519 section 4.1.2), unique at its issuer alone. */
    public val subject: String? get() = read.subject

    /** Who issued a token of another issuer: its `iss` (RFC 7519 section 4.1.1). */
    public val issuer: String? get() = read.issuer

    /** What a token of another issuer says, all of its claims (RFC 7519), as JSON; null for an access token. See [claims]. */
    public val claimsJson: String? get() = read.said

    /** [claims], once they were read. */
    @Volatile
    internal var known: Any? = null

    /** Whether it permits what this scope stands for. */
    public fun allows(scope: String): Boolean = scope in scopes

    // What it says is what it is.
    private fun said(): ByteBuffer = ByteBuffer.wrap(bytes, start, end - start)

    override fun equals(other: Any?): Boolean = other is Access && said() == other.said()

    override fun hashCode(): Int = said().hashCode()

    override fun toString(): String = read.run {
        "Access(id=$id, name=$name, api=$api, roles=$roles, scopes=$scopes, targetDn=$targetDn, expiresOn=$expiresOn)"
    }

    /** As `bindings-kotlin/src/access.rs` writes it. */
    private class Parts(bytes: ByteBuffer) {
        val api: Api = Api.entries[bytes.get().toInt()]
        val expiresOn: Instant? = bytes.getLong().let { if (it == Long.MIN_VALUE) null else Instant.ofEpochMilli(it) }
        private val bits: Long = bytes.getLong()
        val id: String = text(bytes)
        val name: String = text(bytes)
        private val has: Int = bytes.get().toInt()
        val targetDn: String? = if (has and 1 != 0) text(bytes) else null
        val said: String? = if (has and 2 != 0) text(bytes) else null
        val subject: String? = if (has and 4 != 0) text(bytes) else null
        val issuer: String? = if (has and 8 != 0) text(bytes) else null
        val roles: List<String> = texts(bytes)
        val scopes: Set<String> = LinkedHashSet<String>().apply {
            if (bytes.hasRemaining()) addAll(text(bytes, bytes.remaining()).split(' '))
            if (bits != 0L) VENDOR.filterIndexedTo(this) { place, _ -> bits ushr place and 1L == 1L }
        }

        private fun texts(bytes: ByteBuffer) = List(bytes.getShort().toInt() and 0xffff) { text(bytes) }

        private fun text(bytes: ByteBuffer, length: Int = bytes.getShort().toInt() and 0xffff): String {
            val text = ByteArray(length)
            bytes.get(text)
            return String(text, Charsets.UTF_8)
        }
    }

    private companion object {
        val VENDOR: List<String> by lazy { native("scopes") { vendorScopes() } }
    }
}

/** Reads a verdict of the native side, which ends before [end]. */
internal fun verdictOf(bytes: ByteArray, scope: String?, start: Int = 0, end: Int = bytes.size): Verdict {
    val tag = bytes[start].toInt()
    if (tag == 0) return Granted(Access(bytes, start + 1, end))
    val reason = Reason.at(tag)
    val id = if (start + 1 == end) null else String(bytes, start + 1, end - start - 1, Charsets.US_ASCII)
    return Denied(reason, id, scope.takeIf { reason.code == "insufficient_scope" })
}
