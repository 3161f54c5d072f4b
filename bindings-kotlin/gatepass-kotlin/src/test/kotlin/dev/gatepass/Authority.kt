package dev.gatepass

import java.nio.file.Files
import java.util.concurrent.TimeUnit

/** An authority as a process of its own, on a new store. */
class Authority(vararg arguments: String) : AutoCloseable {
    private val folder = Files.createTempDirectory("gatepass-authority")
    val password = "correct horse battery staple"
    private val process: Process
    val url: String

    init {
        val program = System.getProperty("gatepass.program")
        val command = listOf(program, "serve", "--store", folder.resolve("tokens.db").toString(), "--listen", "127.0.0.1:0") + arguments
        process = ProcessBuilder(command).redirectError(folder.resolve("log").toFile())
            .apply { environment()["GATEPASS_ADMIN_PASSWORD"] = password }.start()
        url = process.inputReader().readLine() ?: error("no authority: ${Files.readString(folder.resolve("log"))}")
    }

    suspend fun admin(): Gatepass = Gatepass.login(url, "admin", Password(password))

    fun kill() {
        process.destroyForcibly().waitFor(10, TimeUnit.SECONDS)
    }

    override fun close() {
        kill()
        folder.toFile().deleteRecursively()
    }
}
