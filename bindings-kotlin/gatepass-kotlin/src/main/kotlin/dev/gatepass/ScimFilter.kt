package dev.gatepass

import dev.gatepass.internal.ffi.ScimFilterHandle
import kotlinx.serialization.json.JsonPrimitive

/**
 * Which resources are wanted, as a SCIM filter (RFC 7644 section 3.4.2.2). Values are written so that none ends the
 * comparison that it stands in; the paths of attributes are taken as they are. The text is [toString].
 *
 * ```
 * ScimFilter.eq("userName", "b\"j") and ScimFilter.eq("active", true)   // userName eq "b\"j" and active eq true
 * ```
 */
public class ScimFilter private constructor(internal val handle: ScimFilterHandle) {
    private val text: String = handle.text()

    /** Both fit. */
    public infix fun and(other: ScimFilter): ScimFilter = made { handle.with(other.handle) }

    /** One of them fits. */
    public infix fun or(other: ScimFilter): ScimFilter = made { handle.orElse(other.handle) }

    /** It does not fit: `!filter`. */
    public operator fun not(): ScimFilter = made { handle.negated() }

    override fun equals(other: Any?): Boolean = other is ScimFilter && text == other.text

    override fun hashCode(): Int = text.hashCode()

    override fun toString(): String = text

    public companion object {
        /** The attribute has this value; with null, none. */
        @JvmStatic
        public fun eq(path: String, value: String?): ScimFilter = compared(path, "eq", JsonPrimitive(value))

        /** The attribute has this value. */
        @JvmStatic
        public fun eq(path: String, value: Boolean): ScimFilter = compared(path, "eq", JsonPrimitive(value))

        /** The attribute has this value. */
        @JvmStatic
        public fun eq(path: String, value: Number): ScimFilter = compared(path, "eq", JsonPrimitive(value))

        /** The attribute does not have this value; with null, it has one. */
        @JvmStatic
        public fun ne(path: String, value: String?): ScimFilter = compared(path, "ne", JsonPrimitive(value))

        /** The attribute does not have this value. */
        @JvmStatic
        public fun ne(path: String, value: Boolean): ScimFilter = compared(path, "ne", JsonPrimitive(value))

        /** The attribute does not have this value. */
        @JvmStatic
        public fun ne(path: String, value: Number): ScimFilter = compared(path, "ne", JsonPrimitive(value))

        /** The attribute is greater than this value. */
        @JvmStatic
        public fun gt(path: String, value: String): ScimFilter = compared(path, "gt", JsonPrimitive(value))

        /** The attribute is greater than this value. */
        @JvmStatic
        public fun gt(path: String, value: Number): ScimFilter = compared(path, "gt", JsonPrimitive(value))

        /** The attribute is this value or greater. */
        @JvmStatic
        public fun ge(path: String, value: String): ScimFilter = compared(path, "ge", JsonPrimitive(value))

        /** The attribute is this value or greater. */
        @JvmStatic
        public fun ge(path: String, value: Number): ScimFilter = compared(path, "ge", JsonPrimitive(value))

        /** The attribute is less than this value. */
        @JvmStatic
        public fun lt(path: String, value: String): ScimFilter = compared(path, "lt", JsonPrimitive(value))

        /** The attribute is less than this value. */
        @JvmStatic
        public fun lt(path: String, value: Number): ScimFilter = compared(path, "lt", JsonPrimitive(value))

        /** The attribute is this value or less. */
        @JvmStatic
        public fun le(path: String, value: String): ScimFilter = compared(path, "le", JsonPrimitive(value))

        /** The attribute is this value or less. */
        @JvmStatic
        public fun le(path: String, value: Number): ScimFilter = compared(path, "le", JsonPrimitive(value))

        /** The attribute contains this text. */
        @JvmStatic
        public fun contains(path: String, text: String): ScimFilter = made { ScimFilterHandle.containing(path, text) }

        /** The attribute begins with this text. */
        @JvmStatic
        public fun startsWith(path: String, text: String): ScimFilter = made { ScimFilterHandle.starting(path, text) }

        /** The attribute ends with this text. */
        @JvmStatic
        public fun endsWith(path: String, text: String): ScimFilter = made { ScimFilterHandle.ending(path, text) }

        /** The attribute has a value. */
        @JvmStatic
        public fun present(path: String): ScimFilter = made { ScimFilterHandle.present(path) }

        /** One value of a complex attribute fits all of this filter: `emails[type eq "work" and value co "@acme"]`. */
        @JvmStatic
        public fun oneOf(path: String, filter: ScimFilter): ScimFilter = made { ScimFilterHandle.oneOf(path, filter.handle) }

        /** This text as it is. */
        @JvmStatic
        public fun raw(text: String): ScimFilter = made { ScimFilterHandle.raw(text) }

        private fun compared(path: String, operator: String, value: JsonPrimitive) =
            made { ScimFilterHandle.compared(path, operator, value.toString()) }

        private fun made(make: () -> ScimFilterHandle) = native("filter") { ScimFilter(make()) }
    }
}
