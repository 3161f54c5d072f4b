@file:JvmName("Expirations")

package dev.gatepass

import dev.gatepass.internal.ffi.ExpirationData
import java.time.Instant
import java.time.LocalDate
import java.time.ZoneId
import java.time.ZoneOffset

/** A way to say when a token expires. The instant that comes of it is in the token's [AccessToken.expiresOn]. */
public sealed interface Expiration {
    /** So many days of 86 400 s after the creation; no daylight saving comes into it. */
    public data class Days(public val count: Long) : Expiration

    /** Valid *through* this day in this IANA zone: it expires at the first instant after which no time of that day occurs. */
    public data class On(public val date: LocalDate, public val zone: String) : Expiration

    /** At this instant, to the millisecond. */
    public data class At(public val instant: Instant) : Expiration

    /** Never, where the policy permits that. */
    public data object Never : Expiration
}

/** Expires [count] × 86 400 s after its creation. */
public fun days(count: Int): Expiration = Expiration.Days(count.toLong())

/** Valid *through* this day in UTC. */
public fun on(date: LocalDate): Expiration = Expiration.On(date, "UTC")

/** Valid *through* this day in this zone, by the zone's rules as Gatepass has them and not as this JVM does. */
public fun on(date: LocalDate, zone: ZoneId): Expiration =
    Expiration.On(date, if (zone.normalized() == ZoneOffset.UTC) "UTC" else zone.id)

/** Expires at this instant. */
public fun at(instant: Instant): Expiration = Expiration.At(instant)

internal fun Expiration.data(): ExpirationData = when (this) {
    is Expiration.Days -> ExpirationData.Days(count)
    is Expiration.On -> ExpirationData.On(date.toString(), zone)
    is Expiration.At -> ExpirationData.At(millis("expires", instant))
    Expiration.Never -> ExpirationData.Never
}

/** What is finer than a millisecond is dropped, so that nothing outlives what was asked for. */
internal fun millis(field: String, instant: Instant): Long = try {
    instant.toEpochMilli()
} catch (error: ArithmeticException) {
    throw GatepassException.invalid(field, "instant_out_of_range", "outside the years 1 to 9999", error)
}
