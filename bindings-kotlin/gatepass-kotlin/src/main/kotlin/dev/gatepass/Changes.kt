package dev.gatepass

import dev.gatepass.internal.ffi.BulkData
import dev.gatepass.internal.ffi.ModData
import dev.gatepass.internal.ffi.ModKind
import dev.gatepass.internal.ffi.OperationData

/** A change of one attribute, for [RestClient.modify] and [BulkOperation.modify]. */
public class Mod private constructor(private val data: ModData) {
    /** The attribute. */
    public val attribute: String get() = data.attribute

    internal fun data(): ModData = data

    /** Without the values, of which one may be a password. */
    override fun toString(): String = "Mod(${data.kind} ${data.attribute}, ${data.values.size} values)"

    public companion object {
        /** Adds values to an attribute. */
        @JvmStatic
        public fun add(attribute: String, vararg values: String): Mod = Mod(ModData(ModKind.ADD, attribute, values.toList()))

        /** Puts these values in the place of all that an attribute has; none remove it. */
        @JvmStatic
        public fun replace(attribute: String, vararg values: String): Mod =
            Mod(ModData(ModKind.REPLACE, attribute, values.toList()))

        /** Takes these values away from an attribute; the attribute with all of them, where none are named. */
        @JvmStatic
        public fun delete(attribute: String, vararg values: String): Mod =
            Mod(ModData(ModKind.DELETE, attribute, values.toList()))
    }
}

/** One of the operations of [RestClient.bulk]: each takes what the client's own function of its name takes. */
public class BulkOperation private constructor(private val data: OperationData, private val text: String) {
    internal fun data(): OperationData = data

    /** Without the attributes, of which one may be a password. */
    override fun toString(): String = "BulkOperation($text)"

    public companion object {
        /** Adds an entry. */
        @JvmStatic
        public fun add(dn: String, attributes: Map<String, List<String>>): BulkOperation =
            BulkOperation(OperationData.Add(dn, attributes.data()), "add $dn")

        /** Replaces an entry: what is not named is gone. */
        @JvmStatic
        public fun replace(dn: String, attributes: Map<String, List<String>>): BulkOperation =
            BulkOperation(OperationData.Replace(dn, attributes.data()), "replace $dn")

        /** Changes an entry. */
        @JvmStatic
        public fun modify(dn: String, vararg mods: Mod): BulkOperation =
            BulkOperation(OperationData.Modify(dn, mods.map { it.data() }), "modify $dn")

        /** Deletes an entry; with [tree], all below it too. */
        @JvmStatic
        @JvmOverloads
        public fun delete(dn: String, tree: Boolean = false): BulkOperation =
            BulkOperation(OperationData.Delete(dn, tree), "delete $dn")
    }
}

/** What became of one of many operations. */
public class BulkResult internal constructor(
    /** What it would have been, had it been sent alone: `POST`, `PUT`, `PATCH` or `DELETE`. */
    public val method: String,
    /** Its entry. */
    public val dn: String,
    /** Why it was not done; null where it was. */
    public val error: GatepassException?,
) {
    /** Whether it was done. */
    public val isDone: Boolean get() = error == null

    override fun toString(): String = "BulkResult($method $dn: ${error?.code ?: "done"})"
}

internal fun BulkData.result(): BulkResult = BulkResult(method, dn, trouble?.let(GatepassException::of))
