package dev.gatepass

import dev.gatepass.internal.ffi.dnChild
import dev.gatepass.internal.ffi.dnEscape
import dev.gatepass.internal.ffi.dnIsWithin
import dev.gatepass.internal.ffi.dnParent
import dev.gatepass.internal.ffi.dnRdn

/**
 * Names of entries (RFC 4514), made of values that may have anything in them.
 *
 * ```
 * Dn.child("ou=People,o=acme", "cn", "O'Hara, P.")   // cn=O'Hara\, P.,ou=People,o=acme
 * ```
 *
 * A text that is no name throws [GatepassException.InvalidInput]: `dn_malformed`, `dn_too_long`.
 */
public object Dn {
    /** The name of an entry right below this one; what is special in the value is escaped. */
    @JvmStatic
    public fun child(dn: String, attribute: String, value: String): String = native("name") { dnChild(dn, attribute, value) }

    /** The value as it stands in a name. */
    @JvmStatic
    public fun escape(value: String): String = native("name") { dnEscape(value) }

    /** The name above this one; the root, which is empty, has none. */
    @JvmStatic
    public fun parent(dn: String): String? = native("name") { dnParent(dn) }

    /** The first step of a name, as it was written: `uid=sync`. The root has none. */
    @JvmStatic
    public fun rdn(dn: String): String? = native("name") { dnRdn(dn) }

    /** Whether a name is `base` or lies below it, as directories compare. */
    @JvmStatic
    public fun isWithin(dn: String, base: String): Boolean = native("name") { dnIsWithin(dn, base) }
}
