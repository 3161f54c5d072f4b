package dev.gatepass

import dev.gatepass.internal.ffi.AttributeData
import kotlinx.serialization.KSerializer
import kotlinx.serialization.builtins.ListSerializer
import kotlinx.serialization.builtins.MapSerializer
import kotlinx.serialization.builtins.serializer
import kotlinx.serialization.descriptors.SerialDescriptor
import kotlinx.serialization.descriptors.buildClassSerialDescriptor
import kotlinx.serialization.encoding.CompositeDecoder.Companion.DECODE_DONE
import kotlinx.serialization.encoding.Decoder
import kotlinx.serialization.encoding.Encoder
import kotlinx.serialization.json.Json

/** An entry of a directory. */
public class Entry internal constructor(
    /** Its name. */
    public val dn: String,
    /** What it has, by the attributes' names, in the server's order; the values are lists always. */
    public val attributes: Attributes,
) {
    /** The values of this attribute, in any case; none where it has no such attribute. */
    public operator fun get(attribute: String): List<String> = attributes[attribute].orEmpty()

    /** The first value of this attribute, in any case, where it has one. */
    public fun first(attribute: String): String? = attributes[attribute]?.firstOrNull()

    override fun equals(other: Any?): Boolean = other is Entry && dn == other.dn && attributes == other.attributes

    override fun hashCode(): Int = dn.hashCode()

    /** The name alone: a value may be a password. */
    override fun toString(): String = "Entry($dn)"
}

/**
 * Attributes by name, which is the same in any case (RFC 4512 section 2.5). Each has a list of values; what is no text the
 * server gives as Base64.
 */
public class Attributes internal constructor(private val names: List<String>, private val lists: List<List<String>>) :
    AbstractMap<String, List<String>>() {
    override val size: Int get() = names.size

    override val entries: Set<Map.Entry<String, List<String>>>
        get() = names.indices.mapTo(LinkedHashSet(names.size * 2)) { java.util.AbstractMap.SimpleImmutableEntry(names[it], lists[it]) }

    override fun get(key: String): List<String>? = find(key).let { if (it < 0) null else lists[it] }

    override fun containsKey(key: String): Boolean = find(key) >= 0

    // An entry has few attributes, and most are asked for as they are written.
    private fun find(name: String): Int {
        val exact = names.indexOf(name)
        return if (exact >= 0) exact else names.indexOfFirst { it.equals(name, ignoreCase = true) }
    }
}

internal fun Map<String, List<String>>.data(): List<AttributeData> = map { (name, values) -> AttributeData(name, values) }

/** Reads what the native side has looked over. */
internal object Entries {
    private val list = ListSerializer(EntrySerializer)

    fun page(json: String): List<Entry> = read { Json.decodeFromString(list, json) }

    fun one(json: String): Entry = read { Json.decodeFromString(EntrySerializer, json) }

    private inline fun <T> read(work: () -> T): T = try {
        work()
    } catch (error: kotlinx.serialization.SerializationException) {
        // Its text quotes what was read.
        throw GatepassException.defect()
    }
}

/**
 * `{"dn": …, "attributes": {NAME: [VALUE, …], …}}`, written by hand so that no plugin of the compiler is
 * needed. Each argument is said: the defaults of an interface are elsewhere in the older library that Spring Boot brings.
 */
private object EntrySerializer : KSerializer<Entry> {
    override val descriptor: SerialDescriptor = buildClassSerialDescriptor("Entry") {
        element("dn", String.serializer().descriptor)
        element("attributes", AttributesSerializer.descriptor)
    }

    override fun deserialize(decoder: Decoder): Entry {
        val structure = decoder.beginStructure(descriptor)
        var dn = ""
        var attributes = NONE
        while (true) {
            when (val index = structure.decodeElementIndex(descriptor)) {
                0 -> dn = structure.decodeStringElement(descriptor, index)
                1 -> attributes = structure.decodeSerializableElement(descriptor, index, AttributesSerializer, null)
                else -> break
            }
        }
        structure.endStructure(descriptor)
        return Entry(dn, attributes)
    }

    override fun serialize(encoder: Encoder, value: Entry): Unit = throw UnsupportedOperationException()

    private val NONE = Attributes(emptyList(), emptyList())
}

private object AttributesSerializer : KSerializer<Attributes> {
    private val values = ListSerializer(String.serializer())

    override val descriptor: SerialDescriptor = MapSerializer(String.serializer(), values).descriptor

    override fun deserialize(decoder: Decoder): Attributes {
        val structure = decoder.beginStructure(descriptor)
        val (names, all) = ArrayList<String>(8) to ArrayList<List<String>>(8)
        while (true) {
            val index = structure.decodeElementIndex(descriptor)
            if (index == DECODE_DONE) break
            names += structure.decodeStringElement(descriptor, index)
            all += structure.decodeSerializableElement(descriptor, structure.decodeElementIndex(descriptor), values, null)
        }
        structure.endStructure(descriptor)
        return Attributes(names, all)
    }

    override fun serialize(encoder: Encoder, value: Attributes): Unit = throw UnsupportedOperationException()
}
