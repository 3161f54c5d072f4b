package dev.gatepass

import dev.gatepass.internal.ffi.Failure
import dev.gatepass.internal.ffi.TroubleData

/**
 * What went wrong. Each subclass is something that a caller can act on in its own way; [code] says what it was, finer and
 * stable; the message is for people, may change, and holds no part of a secret.
 *
 * A coroutine that is cancelled throws `CancellationException`, which is none of these.
 */
public sealed class GatepassException(details: Details) : Exception(details.text, details.cause) {
    /** The kind, by the name that it has in every language: `invalid_input`, `not_found`, …. */
    public val kind: String = details.kind

    /** The stable code: `name_taken`, `expiration_in_past`, …. */
    public val code: String = details.code

    /** The field of the request at fault, where one is. */
    public val field: String? = details.field

    /** The HTTP status that this came from, where it came over the wire. */
    public val status: Int? = details.status

    /** The server's id of the request, to be quoted to its operator. */
    public val requestId: String? = details.requestId

    /** Whether the same request may succeed later, unchanged. */
    public val isRetryable: Boolean = details.retryable

    /** The request can never succeed as it is; [field] names what to change. */
    public class InvalidInput internal constructor(details: Details) : GatepassException(details)

    /** The credential is missing, wrong, expired or revoked. */
    public class Unauthorized internal constructor(details: Details) : GatepassException(details)

    /** The credential is good and does not permit this. */
    public class Forbidden internal constructor(details: Details) : GatepassException(details)

    /** What was asked for does not exist. */
    public class NotFound internal constructor(details: Details) : GatepassException(details)

    /** The present state does not permit this: the name is taken, a rotation is under way. */
    public class Conflict internal constructor(details: Details) : GatepassException(details)

    /** The server or the store cannot do this at all. */
    public class Unsupported internal constructor(details: Details) : GatepassException(details)

    /** Too many requests: wait, then try again. */
    public class RateLimited internal constructor(details: Details) : GatepassException(details)

    /** The service cannot be reached or cannot answer now. */
    public class Unavailable internal constructor(details: Details) : GatepassException(details)

    /** No answer came in time; whether it was done is not known. */
    public class Timeout internal constructor(details: Details) : GatepassException(details)

    /** The other side answered something that makes no sense. */
    public open class Protocol internal constructor(details: Details) : GatepassException(details)

    /** The server gave a part of what was asked for only: `incomplete_result`. What it gave came before this. */
    public class IncompleteResult internal constructor(
        /** How much of it came: entries, or resources. */
        public val count: Long,
        /** What the server said to ask with for more, where it did: see [SearchOptions.cookie]. */
        public val cookie: String?,
        details: Details,
    ) : Protocol(details)

    /** The store is corrupt, full, read-only or of another version. */
    public class Storage internal constructor(details: Details) : GatepassException(details)

    /** This object was closed. */
    public class Closed internal constructor(details: Details) : GatepassException(details)

    /** A defect in Gatepass, or a machine without what it needs. */
    public class Internal internal constructor(details: Details) : GatepassException(details)

    /** A check said no where [Guard.require] had to say yes. */
    public class AccessDenied internal constructor(
        /** Why, and what to answer. */
        public val denied: Denied,
        details: Details,
    ) : GatepassException(details)

    /** What all of them say. */
    internal class Details(
        val kind: String,
        val code: String,
        val text: String,
        val field: String? = null,
        val status: Int? = null,
        val requestId: String? = null,
        val retryable: Boolean = false,
        val cause: Throwable? = null,
    )

    internal companion object {
        fun of(details: Details): GatepassException = when (details.kind) {
            "invalid_input" -> InvalidInput(details)
            "unauthorized" -> Unauthorized(details)
            "forbidden" -> Forbidden(details)
            "not_found" -> NotFound(details)
            "conflict" -> Conflict(details)
            "unsupported" -> Unsupported(details)
            "rate_limited" -> RateLimited(details)
            "unavailable" -> Unavailable(details)
            "timeout" -> Timeout(details)
            "protocol" -> Protocol(details)
            "storage" -> Storage(details)
            "closed" -> Closed(details)
            else -> Internal(details)
        }

        fun of(failure: Failure, cause: Throwable? = null): GatepassException = when (failure) {
            is Failure.Failed -> {
                val details = Details(
                    failure.kind, failure.code, failure.text, failure.field, failure.status?.toInt(),
                    failure.requestId, failure.retryable, cause ?: causeOf(failure.causes),
                )
                failure.incomplete?.let { IncompleteResult(it.count, it.cookie, details) } ?: of(details)
            }
        }

        fun of(trouble: TroubleData): GatepassException = of(
            Details(
                trouble.kind, trouble.code, trouble.text, trouble.field, trouble.status?.toInt(),
                trouble.requestId, trouble.retryable, causeOf(trouble.causes),
            ),
        )

        fun invalid(field: String?, code: String, text: String, cause: Throwable? = null): GatepassException =
            InvalidInput(Details("invalid_input", code, if (field == null) text else "$field: $text", field, cause = cause))

        fun defect(cause: Throwable? = null): GatepassException =
            of(Details("internal", "panicked", "a defect in Gatepass", cause = cause))

        fun closed(what: String): GatepassException = Closed(Details("closed", "closed", "this $what was closed"))

        private fun causeOf(texts: List<String>): Throwable? =
            texts.foldRight(null as Throwable?) { text, beneath -> NativeCause(text, beneath) }
    }
}

/** What lay beneath an error on the native side. */
internal class NativeCause(text: String, beneath: Throwable?) : Exception(text, beneath)
