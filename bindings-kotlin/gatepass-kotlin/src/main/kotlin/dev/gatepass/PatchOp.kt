package dev.gatepass

import dev.gatepass.internal.ffi.PatchHandle
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive

/**
 * Changes of a resource, all of them or none, in this order (RFC 7644 section 3.5.2). Each function gives a new one, with a
 * change more: `PatchOp().replace("active", false).remove("nickName")`.
 */
public class PatchOp private constructor(internal val handle: PatchHandle) {
    /** No changes yet. */
    public constructor() : this(native("patch") { PatchHandle() })

    /** Adds a value at this path, `emails`, `members`, `name.givenName`. */
    public fun add(path: String, value: JsonElement): PatchOp = with { it.add(path, value.toString()) }

    /** Adds a text at this path. */
    public fun add(path: String, value: String): PatchOp = add(path, JsonPrimitive(value))

    /** Puts a value in the place of what is at this path: `name`, `emails[type eq "work"].value`. */
    public fun replace(path: String, value: JsonElement): PatchOp = with { it.replace(path, value.toString()) }

    /** Puts a text in the place of what is at this path. */
    public fun replace(path: String, value: String): PatchOp = replace(path, JsonPrimitive(value))

    /** Puts yes or no in the place of what is at this path: `active`. */
    public fun replace(path: String, value: Boolean): PatchOp = replace(path, JsonPrimitive(value))

    /** Takes away what is at this path: `nickName`, `members[value eq "2819c223"]`. */
    public fun remove(path: String): PatchOp = with { it.remove(path) }

    /** Adds all that this has to the resource. */
    public fun addAll(values: JsonObject): PatchOp = with { it.addAll(values.toString()) }

    /** Replaces all that this has in the resource. */
    public fun replaceAll(values: JsonObject): PatchOp = with { it.replaceAll(values.toString()) }

    /** How many changes it has; no values, of which one may be a password. */
    override fun toString(): String = "PatchOp(${native("patch") { handle.size() }} changes)"

    private fun with(change: (PatchHandle) -> PatchHandle): PatchOp = native("patch") { PatchOp(change(handle)) }
}
