package examples

import dev.gatepass.Credential
import dev.gatepass.Gatepass
import dev.gatepass.GatepassException
import java.nio.file.Files
import java.nio.file.Path
import java.nio.file.StandardOpenOption.CREATE_NEW
import java.nio.file.StandardOpenOption.WRITE
import java.nio.file.attribute.PosixFilePermissions
import kotlin.system.exitProcess
import kotlin.time.Duration.Companion.days
import kotlinx.coroutines.runBlocking

/**
 * An admin's command line: `admin list`, `admin expiring DAYS`, `admin rotate NAME FILE`, `admin revoke NAME`.
 *
 * The server is in `GATEPASS_SERVER`, this program's own token in `GATEPASS_TOKEN`.
 */
fun main(arguments: Array<String>) = runBlocking {
    val server = System.getenv("GATEPASS_SERVER") ?: fail("say in GATEPASS_SERVER which server")
    try {
        Gatepass.connect(server, Credential.env("GATEPASS_TOKEN")).use { gp -> run(gp, arguments.toList()) }
    } catch (error: GatepassException) {
        fail("${error.code}: ${error.message}")
    }
}

private suspend fun run(gp: Gatepass, arguments: List<String>) = when (arguments.firstOrNull()) {
    "list" -> gp.tokens.list().collect { println("${it.name}\t${it.api}\t${it.status.code}\t${it.expiresOn ?: "never"}") }
    "expiring" -> gp.tokens.list(expiresWithin = arguments[1].toInt().days).collect { println("${it.name}\t${it.expiresOn}") }
    "rotate" -> {
        // The old secret stays good until the new one is in the file.
        val rotated = gp.tokens.rotate(arguments[1]) { secret ->
            val file = Path.of(arguments[2])
            val mine = PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))
            Files.newByteChannel(file, setOf(CREATE_NEW, WRITE), mine).use { it.write(Charsets.UTF_8.encode(secret.reveal())) }
        }
        println("rotated ${rotated.token.name}: ${rotated.secret}")
    }
    "revoke" -> println("revoked ${gp.tokens.revoke(arguments[1]).token.name}")
    else -> fail("usage: admin list | expiring DAYS | rotate NAME FILE | revoke NAME")
}

private fun fail(text: String): Nothing {
    System.err.println(text)
    exitProcess(1)
}
