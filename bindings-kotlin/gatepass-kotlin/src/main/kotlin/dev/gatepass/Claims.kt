@file:JvmName("Claims")

package dev.gatepass

import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonObject

/**
 * What a token of another issuer says, all of its claims (RFC 7519), read where it is asked for; null for an access token. From
 * Java: `Claims.of(access)`. It is not a part of [Access], which is looked at by reflection where kotlinx.serialization is not
 * there, as with Spring; [Access.claimsJson] is.
 */
@get:JvmName("of")
public val Access.claims: JsonObject?
    get() = known as JsonObject? ?: claimsJson?.let { Json.parseToJsonElement(it) as JsonObject }?.also { known = it }
