package dev.gatepass

import dev.gatepass.internal.ffi.SecretHandle
import dev.gatepass.internal.ffi.idempotencyKey
import dev.gatepass.internal.ffi.scannerRule as ruleOf

/**
 * An access token's secret. It is printed by nothing: [toString] shows a redacted form, `gpr_8fK2…`, and [reveal] is the
 * only way to the string. It cannot be serialized, is compared in constant time, and its memory is wiped when it is closed
 * or collected; a string that was revealed is the JVM's, which wipes nothing.
 */
public class Secret internal constructor(internal val handle: SecretHandle) : AutoCloseable {
    private val redacted = native("secret") { handle.redacted() }

    /** The string itself. Whoever calls this answers for where it goes. */
    public fun reveal(): String = native("secret") { handle.reveal() }

    /** The token's public id, where the secret is of Gatepass's own form. */
    public val id: String? get() = native("secret") { handle.id() }

    /** The API that it is for, where it is of Gatepass's own form. */
    public val api: Api? get() = native("secret") { handle.api() }?.let(Api::of)

    /** What it begins with, where it is of Gatepass's own form. */
    public val brand: String? get() = native("secret") { handle.brand() }

    /** SHA-256 of the whole string, in hexadecimal: what a store keeps of it. */
    public val digest: String get() = native("secret") { handle.digest() }

    /** Wipes it. What is asked of it afterwards is refused as [GatepassException.Closed]. */
    override fun close(): Unit = handle.destroy()

    override fun equals(other: Any?): Boolean =
        this === other || (other is Secret && native("secret") { handle.same(other.handle) })

    override fun hashCode(): Int = digest.hashCode()

    override fun toString(): String = redacted

    public companion object {
        /**
         * Takes a secret as it was handed over: Gatepass's own or any other `b64token` of RFC 6750, up to 8 KiB. A leading
         * `secret-token:` (RFC 8959) is dropped.
         *
         * @throws GatepassException.InvalidInput `secret_malformed`; `secret_redacted` where it is what printing one shows
         */
        @JvmStatic
        public fun of(text: String): Secret = native("secret") { Secret(SecretHandle(text)) }

        /** The regular expression by which a scanner finds secrets of this brand; the default one where none is said. */
        @JvmStatic
        @JvmOverloads
        public fun scannerRule(brand: String? = null): String = native("secret") { ruleOf(brand) }
    }
}

/** A person's password. It is printed by nothing and cannot be serialized. */
public class Password(internal val text: String) {
    override fun toString(): String = "Password(…)"
}

/**
 * A key by which what is asked is done once, however often it is sent: for 24 h the same request gets the same answer, with
 * the secret in it. So it is as secret as that.
 */
public class IdempotencyKey internal constructor(private val text: String) {
    /** The key itself, to be kept until the answer has arrived. */
    public fun reveal(): String = text

    override fun toString(): String = "IdempotencyKey(…)"

    public companion object {
        /** A new one: 128 random bits. */
        @JvmStatic
        public fun generate(): IdempotencyKey = IdempotencyKey(native("key") { idempotencyKey() })

        /** One that was kept. It is looked at when it is used. */
        @JvmStatic
        public fun of(text: String): IdempotencyKey = IdempotencyKey(text)
    }
}
