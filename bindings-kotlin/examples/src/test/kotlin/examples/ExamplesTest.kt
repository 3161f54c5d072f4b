package examples

import dev.gatepass.Api
import dev.gatepass.Gatepass
import dev.gatepass.Password
import dev.gatepass.days
import java.net.URI
import java.net.http.HttpClient
import java.net.http.HttpRequest
import java.net.http.HttpResponse
import java.nio.file.Files
import java.nio.file.Path
import java.util.concurrent.TimeUnit
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir

/** Each example, run as a program. */
class ExamplesTest {
    @TempDir
    lateinit var folder: Path

    private val classPath = System.getProperty("java.class.path")
    private val program = System.getProperty("gatepass.program")

    private fun java(main: String, vararg arguments: String, path: String = classPath, options: List<String> = emptyList()): ProcessBuilder =
        ProcessBuilder(listOf("java", "-Xmx256m") + options + listOf("-cp", path, main) + arguments)
            .redirectError(folder.resolve("errors").toFile())
            // cargo names the folder there in which the library was built.
            .apply { environment() -= "LD_LIBRARY_PATH" }

    private fun said(process: ProcessBuilder): String {
        val running = process.start()
        val text = running.inputStream.readAllBytes().decodeToString()
        assertTrue(running.waitFor(60, TimeUnit.SECONDS))
        assertEquals(0, running.exitValue(), text + Files.readString(folder.resolve("errors")))
        return text
    }

    private fun get(url: String, token: String?): Int {
        val request = HttpRequest.newBuilder(URI(url)).apply { token?.let { header("Authorization", "Bearer $it") } }.build()
        return HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString()).statusCode()
    }

    private fun <T> serving(process: ProcessBuilder, work: (String) -> T): T {
        val running = process.start()
        try {
            val lines = generateSequence { running.inputReader().readLine() }
            return work(lines.firstOrNull { it.startsWith("http://") } ?: error(Files.readString(folder.resolve("errors"))))
        } finally {
            running.destroyForcibly().waitFor()
        }
    }

    @Test
    fun `plain Java`() {
        val said = said(java("examples.PlainJava", folder.resolve("tokens.db").toString())).lines()
        assertTrue(said[0].startsWith("issued gpr_") && said[0].endsWith("…"), said[0])
        assertEquals(listOf("granted to nightly-sync", "denied: revoked"), said.subList(1, 3))
    }

    @Test
    fun `the quickstart`() {
        val quickstart = java("examples.QuickstartKt").apply { environment()["GATEPASS_PROGRAM"] = program }
        assertTrue(said(quickstart).endsWith("quickstart ok\n"))
    }

    @Test
    fun `services on Ktor and Spring Boot`() {
        val store = folder.resolve("tokens.db").toString()
        val (reader, other) = runBlocking {
            Gatepass.open(store).use { gp ->
                gp.tokens.create("reader", Api.REST, days(1), scopes = listOf("orders:read")).secret to gp.tokens.create("other", Api.REST, days(1)).secret
            }
        }
        val ktor = java("examples.KtorKt").apply { environment()["GATEPASS_STORE"] = store }
        val spring = java("examples.SpringKt", "--server.port=0", "--server.address=127.0.0.1", "--gatepass.store=$store")
        for (service in listOf(ktor, spring)) {
            serving(service) { url ->
                assertEquals(listOf(200, 403, 401, 401), listOf(reader.reveal(), other.reveal(), "x", null).map { get("$url/orders", it) })
            }
        }
    }

    @Test
    fun `the command line of an admin`() {
        val serve = ProcessBuilder(program, "serve", "--store", folder.resolve("tokens.db").toString(), "--listen", "127.0.0.1:0")
            .redirectError(folder.resolve("log").toFile()).apply { environment()["GATEPASS_ADMIN_PASSWORD"] = "correct horse battery" }
        serving(serve) { url ->
            val token = runBlocking {
                Gatepass.login(url, "admin", Password("correct horse battery")).use { gp ->
                    gp.tokens.create("soon", Api.REST, days(3))
                    gp.tokens.create("later", Api.REST, days(300))
                    gp.tokens.create("robot", Api.CONFIG, days(30), roles = listOf("Directory Administrator")).secret.reveal()
                }
            }
            fun admin(vararg arguments: String) = java("examples.AdminKt", *arguments).apply {
                environment() += mapOf("GATEPASS_SERVER" to url, "GATEPASS_TOKEN" to token)
            }
            assertEquals(listOf("later", "robot", "soon"), said(admin("list")).lines().dropLast(1).map { it.substringBefore('\t') })
            assertEquals("soon", said(admin("expiring", "14")).substringBefore('\t'))
            val file = folder.resolve("soon.secret")
            assertTrue(said(admin("rotate", "soon", "$file")).startsWith("rotated soon: gpr_"))
            assertTrue(Files.readString(file).startsWith("gpr_"))
            assertEquals("revoked soon\n", said(admin("revoke", "soon")))
            val failing = admin("revoke", "nobody").start()
            assertEquals(1, failing.waitFor())
            assertTrue(Files.readString(folder.resolve("errors")).startsWith("token_not_found"))
        }
    }

    @Test
    fun `the people of a directory`() {
        val serve = ProcessBuilder(program, "serve", "--store", folder.resolve("tokens.db").toString(), "--listen", "127.0.0.1:0", "--sandbox")
            .redirectError(folder.resolve("log").toFile()).apply { environment()["GATEPASS_ADMIN_PASSWORD"] = "correct horse battery" }
        serving(serve) { url ->
            val (rest, scim) = runBlocking {
                Gatepass.login(url, "admin", Password("correct horse battery")).use { gp ->
                    listOf(Api.REST, Api.SCIM).map { gp.tokens.create("$it", it, days(1)).secret.reveal() }
                }
            }
            fun people(vararg arguments: String) = java("examples.PeopleKt", *arguments).apply {
                environment() += mapOf("ADAP_URL" to "$url/adap", "ADAP_TOKEN" to rest, "SCIM_URL" to "$url/scim2/v2", "SCIM_TOKEN" to scim)
            }
            val exported = said(people("export", "ou=People,o=acme")).lines().dropLast(1)
            assertTrue(exported.size > 100 && exported.all { "@" in it.substringAfter('\t') }, exported.take(3).toString())
            val left = said(people("leave", "Librarian")).lines().dropLast(1)
            assertTrue(left.isNotEmpty() && left.all { it.endsWith("may sign in no more") }, "$left")
            assertEquals("", said(people("leave", "Librarian")))
            val failing = people("export", "ou=Nowhere,o=acme").start()
            assertEquals(1, failing.waitFor())
            assertTrue(Files.readString(folder.resolve("errors")).startsWith("entry_not_found"))
        }
    }

    /** What the jar keeps of itself, where a program is shrunk: the same rules as R8 reads on Android. */
    @Test
    fun `an example that ProGuard has shrunk`() {
        val needed = classPath.split(':').filter { path ->
            listOf("examples/target/classes", "gatepass-kotlin", "kotlin-stdlib", "kotlinx-coroutines-core", "kotlinx-serialization", "/jna/", "/org/jetbrains/annotations/").any { it in path }
        }
        val rules = needed.first { "gatepass-kotlin" in it }.let { path ->
            val root = Path.of(path)
            if (Files.isDirectory(root)) Files.readString(root.resolve(RULES)) else java.util.zip.ZipFile(path).use { it.getInputStream(it.getEntry(RULES)).readAllBytes().decodeToString() }
        }
        val shrunk = folder.resolve("shrunk.jar")
        val jars = needed.joinToString("\n") { "-injars '$it'(!META-INF/versions/**,!module-info.class,!examples/Spring*,!examples/Orders*,!examples/Ktor*)" }
        val configuration = Files.writeString(
            folder.resolve("rules.pro"),
            """
            $jars
            -outjars '$shrunk'
            -libraryjars <java.home>/jmods/java.base.jmod(!**.jar;!module-info.class)
            -libraryjars <java.home>/jmods/java.desktop.jmod(!**.jar;!module-info.class)
            -libraryjars <java.home>/jmods/java.logging.jmod(!**.jar;!module-info.class)
            -libraryjars <java.home>/jmods/jdk.httpserver.jmod(!**.jar;!module-info.class)
            -dontwarn kotlinx.coroutines.**
            -dontwarn kotlin.**
            -dontwarn com.sun.jna.**
            -dontnote **
            -dontoptimize
            -keep class examples.PlainJava { public static void main(java.lang.String[]); }
            """.trimIndent() + "\n" + rules,
        )
        // Spring's bridge from one logging library to another is not what ProGuard logs by.
        val without = classPath.split(':').filter { "log4j-to-slf4j" !in it }.joinToString(":")
        said(java("proguard.ProGuard", "@$configuration", path = without))
        val names = java.util.zip.ZipFile(shrunk.toFile()).use { zip -> zip.entries().asSequence().map { it.name }.toList() }
        assertFalse("dev/gatepass/Users.class" in names, "it is shrunk and renamed")
        val said = said(java("examples.PlainJava", folder.resolve("shrunk.db").toString(), path = "$shrunk")).lines()
        assertEquals(listOf("granted to nightly-sync", "denied: revoked"), said.subList(1, 3))
    }

    /** A read-only root and a noexec temporary folder: what is unpacked beforehand is found by one property. */
    @Test
    fun `without a temporary folder that can be used`() {
        val library = classPath.split(':').first { "gatepass-kotlin" in it }
        val natives = folder.resolve("natives").also(Files::createDirectory)
        unpack(library, "linux-x86-64/libgatepass_kotlin.so", natives)
        unpack(classPath.split(':').first { "/jna/" in it }, "com/sun/jna/linux-x86-64/libjnidispatch.so", natives)
        val nowhere = "/proc/no-such-folder"
        val options = listOf("-Djava.io.tmpdir=$nowhere", "-Djna.tmpdir=$nowhere", "-Dgatepass.library.path=$natives")
        val bare = classPath.split(':').filter { it != library }.joinToString(":")
        val classes = folder.resolve("classes").also { copyWithoutLibrary(library, it) }
        // Found where it was laid: with the one in the jar, which cannot be unpacked, and without.
        for (path in listOf("$classes:$bare", classPath)) {
            val store = Files.createTempDirectory(folder, "store").resolve("tokens.db")
            val said = said(java("examples.PlainJava", "$store", path = path, options = options)).lines()
            assertEquals("granted to nightly-sync", said[1])
        }
        val failing = java("examples.PlainJava", folder.resolve("x.db").toString(), path = "$classes:$bare").start()
        assertEquals(1, failing.waitFor())
        assertTrue("gatepass.library.path" in Files.readString(folder.resolve("errors")))
    }

    private fun unpack(from: String, entry: String, to: Path) {
        val source = Path.of(from)
        val name = entry.substringAfterLast('/')
        if (Files.isDirectory(source)) Files.copy(source.resolve(entry), to.resolve(name))
        else java.util.zip.ZipFile(from).use { zip -> Files.copy(zip.getInputStream(zip.getEntry(entry)), to.resolve(name)) }
    }

    private fun copyWithoutLibrary(from: String, to: Path) {
        val source = Path.of(from).toFile()
        if (source.isDirectory) source.walk().filter { it.isFile && it.extension != "so" }.forEach { it.copyTo(to.resolve(it.relativeTo(source).path).toFile()) }
        else java.util.zip.ZipFile(from).use { zip ->
            zip.entries().asSequence().filter { !it.isDirectory && !it.name.endsWith(".so") }.forEach { entry ->
                to.resolve(entry.name).also { Files.createDirectories(it.parent) }.let { Files.copy(zip.getInputStream(entry), it) }
            }
        }
    }

    private companion object {
        const val RULES = "META-INF/proguard/gatepass.pro"
    }
}
