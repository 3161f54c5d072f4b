package dev.gatepass

import dev.gatepass.internal.ffi.FilterHandle

/**
 * Which entries are wanted, as an LDAP filter (RFC 4515). What is special in a value is escaped. The text is [toString].
 *
 * ```
 * Filter.equals("objectClass", "person") and !Filter.startsWith("cn", "Ad(a")   // (&(objectClass=person)(!(cn=Ad\28a*)))
 * ```
 *
 * An attribute's name cannot be escaped: a search by one that could end the comparison that it stands in throws
 * [GatepassException.InvalidInput], `filter_malformed`.
 */
public class Filter private constructor(internal val handle: FilterHandle) {
    private val text: String = handle.text()

    /** Entries that fit this filter and the other. */
    public infix fun and(other: Filter): Filter = all(this, other)

    /** Entries that fit this filter or the other. */
    public infix fun or(other: Filter): Filter = any(this, other)

    /** Entries that do not fit: `!filter`. */
    public operator fun not(): Filter = made { handle.negated() }

    override fun equals(other: Any?): Boolean = other is Filter && text == other.text

    override fun hashCode(): Int = text.hashCode()

    override fun toString(): String = text

    public companion object {
        /** Entries with this value. */
        @JvmStatic
        public fun equals(attribute: String, value: String): Filter = equals(attribute, bytes(value))

        /** Entries with this value, which is no text. */
        @JvmStatic
        public fun equals(attribute: String, value: ByteArray): Filter = made { FilterHandle.equal(attribute, value) }

        /** Entries with a value that is this one or greater. */
        @JvmStatic
        public fun atLeast(attribute: String, value: String): Filter = made { FilterHandle.atLeast(attribute, bytes(value)) }

        /** Entries with a value that is this one or less. */
        @JvmStatic
        public fun atMost(attribute: String, value: String): Filter = made { FilterHandle.atMost(attribute, bytes(value)) }

        /** Entries with a value that is like this one, as the server understands it. */
        @JvmStatic
        public fun approximately(attribute: String, value: String): Filter =
            made { FilterHandle.approximately(attribute, bytes(value)) }

        /** Entries that have this attribute. */
        @JvmStatic
        public fun present(attribute: String): Filter = made { FilterHandle.present(attribute) }

        /** Entries with a value that begins so, ends so, and has these texts in between, in this order. */
        @JvmStatic
        @JvmOverloads
        public fun substring(
            attribute: String,
            begin: String = "",
            between: List<String> = emptyList(),
            end: String = "",
        ): Filter = made { FilterHandle.substring(attribute, begin, between, end) }

        /** Entries with a value that begins so. */
        @JvmStatic
        public fun startsWith(attribute: String, text: String): Filter = substring(attribute, begin = text)

        /** Entries with a value that ends so. */
        @JvmStatic
        public fun endsWith(attribute: String, text: String): Filter = substring(attribute, end = text)

        /** Entries with a value that has this text in it. */
        @JvmStatic
        public fun contains(attribute: String, text: String): Filter = substring(attribute, between = listOf(text))

        /** Entries with a value that fits by a matching rule: `1.2.840.113556.1.4.803` is a directory's "all of these bits". */
        @JvmStatic
        public fun matches(attribute: String, rule: String, value: String): Filter =
            made { FilterHandle.matching(attribute, rule, bytes(value)) }

        /** Entries that fit all of these; all entries, where there are none (RFC 4526). */
        @JvmStatic
        public fun all(vararg filters: Filter): Filter = made { FilterHandle.every(filters.map { it.handle }) }

        /** Entries that fit one of these at least; no entry, where there are none (RFC 4526). */
        @JvmStatic
        public fun any(vararg filters: Filter): Filter = made { FilterHandle.some(filters.map { it.handle }) }

        /** This text as it is: nothing in it is escaped. Parentheses around it may be left out. */
        @JvmStatic
        public fun raw(text: String): Filter = made { FilterHandle.raw(text) }

        private fun made(make: () -> FilterHandle) = native("filter") { Filter(make()) }

        /** As UTF-8; half of a surrogate pair is refused, and not replaced by something else. */
        private fun bytes(text: String): ByteArray =
            native("filter") { Charsets.UTF_8.newEncoder().encode(java.nio.CharBuffer.wrap(text)).let { ByteArray(it.remaining()).also(it::get) } }
    }
}
