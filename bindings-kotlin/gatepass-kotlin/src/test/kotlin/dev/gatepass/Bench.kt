package dev.gatepass

import com.fasterxml.jackson.databind.ObjectMapper
import dev.gatepass.internal.ffi.nothing
import dev.gatepass.testing.TestTokens
import java.io.File

/** `cargo xtask bench kotlin`: the rows of the Kotlin SDK, in the file that is named. */
fun main(arguments: Array<String>) {
    val tokens = TestTokens()
    val secrets = List(MANY) { n ->
        val dn = if (n % 10 < 3) "uid=client-$n,ou=services,o=acme" else null
        tokens.add("client-of-the-shop-%05d".format(n), Api.REST, scopes = listOf("orders:read"), targetDn = dn).reveal()
    }.shuffled(java.util.Random(7))
    val headers = secrets.map { "Bearer $it" }
    val guard = tokens.verifier().guard(Api.REST, setOf("orders:read"))
    fun check(n: Int) = check(guard.check(headers[n % MANY]) is Granted)
    fun idle(n: Int) = check(nothing(headers[n % MANY]) > 0)

    repeat(5) { rate(WARM, ::check); rate(WARM, ::idle); guard.checkSecrets(secrets) }
    val rows = ArrayList<Map<String, Any?>>()
    val generated = "a uniffi call that does nothing with the same text"
    val (single, none) = pairs(20, { rate(ROUND, ::check) }, { rate(ROUND / 10, ::idle) })
    rows += row("Kotlin: check, 100 k tokens", "ns", single, generated, none, "<= 2") { it <= 2 }
    val (each, alone) = pairs(10, { batch(guard, secrets) }, { rate(ROUND, ::check) })
    rows += row("Kotlin: a check among 100 k in one call", "ns", each, "a check by itself", alone, "<= 0.05") { it <= 0.05 }
    val (many, call) = pairs(10, { batch(guard, secrets) }, { rate(ROUND / 10, ::idle) })
    rows += row("Kotlin: a check among 100 k in one call", "ns", many, generated, call, null) { true }
    // What the million before this one leaves is what the JVM and the allocator keep for good.
    rate(1_000_000, ::check)
    val before = footprint()
    rate(1_000_000, ::check)
    val grown = (footprint() - before) / 1048576.0
    rows += mapOf(
        "name" to "Kotlin: growth of the process over 1 M checks", "unit" to "MiB", "value" to grown, "peer" to "",
        "peer_value" to null, "ratio" to null, "bar" to "<= 32", "ok" to (grown <= 32),
    )
    rows += BenchJwt.rows()
    rows += BenchData.rows()
    File(arguments[0]).apply { parentFile.mkdirs() }.writeText(ObjectMapper().writerWithDefaultPrettyPrinter().writeValueAsString(rows))
}

private const val MANY = 100_000
private const val WARM = 20_000
private const val ROUND = 20_000

private fun row(name: String, unit: String, value: Double, peer: String, other: Double, bar: String?, ok: (Double) -> Boolean) = mapOf(
    "name" to name, "unit" to unit, "value" to value, "peer" to peer, "peer_value" to other, "ratio" to value / other, "bar" to bar,
    "ok" to ok(value / other),
)

/** Nanoseconds for one. */
internal inline fun rate(times: Int, work: (Int) -> Unit): Double {
    val start = System.nanoTime()
    for (n in 0 until times) work(n)
    return (System.nanoTime() - start).toDouble() / times
}

private fun batch(guard: Guard, secrets: List<String>): Double {
    val start = System.nanoTime()
    check(guard.checkSecrets(secrets).all { it is Granted })
    return (System.nanoTime() - start).toDouble() / secrets.size
}

/** Ours and the peer's in turn, and the pair in the middle: a machine that slows down slows both. */
private fun pairs(rounds: Int, ours: () -> Double, peer: () -> Double): Pair<Double, Double> {
    val both = List(rounds) { settled(ours) to settled(peer) }.sortedBy { (ours, peer) -> ours / peer }
    return both[rounds / 2]
}

/** Once JNA's cleaner has done with what the calls before have left for it: each generated call leaves it some objects. */
internal fun settled(work: () -> Double): Double {
    repeat(2) { System.gc(); Thread.sleep(100) }
    return work()
}

/** What the process has of the machine's memory after a collection; the heap is as large as it will ever be. */
private fun footprint(): Long {
    repeat(5) { System.gc(); Thread.sleep(200) }
    val line = File("/proc/self/status").readLines().first { it.startsWith("RssAnon") }
    return line.filter(Char::isDigit).toLong() * 1024
}
