package dev.gatepass

import java.io.BufferedInputStream
import java.io.IOException
import java.net.InetAddress
import java.net.ServerSocket
import java.net.Socket
import java.util.concurrent.CopyOnWriteArrayList
import kotlin.concurrent.thread

const val TOKEN = "gpr_8fK2mQ0aZx71_d9Jw0Qb3yVn5uTz1KcXe7Lg2Rh4Ms6p0ghEG1"

/** What a client sent. */
class Asked(val line: String, val headers: Map<String, String>, val body: String)

/** What is answered; where it is cut, less of the body than was said. */
class Reply(val body: String, val status: Int = 200, val headers: Map<String, String> = emptyMap(), val cut: Boolean = false)

/** A server that answers as a test says, and tells what it was asked. */
class Scripted(private val path: String, @Volatile var answer: (Asked) -> Reply) : AutoCloseable {
    val asked = CopyOnWriteArrayList<Asked>()
    private val listener = ServerSocket(0, 50, InetAddress.getLoopbackAddress())
    val url = "http://127.0.0.1:${listener.localPort}$path"

    init {
        thread(isDaemon = true) {
            try {
                while (true) listener.accept().let { thread(isDaemon = true) { it.use(::talk) } }
            } catch (_: IOException) {
                // It was closed.
            }
        }
    }

    /** What was asked until now. */
    fun lines(): List<String> = asked.map { it.line }.also { asked.clear() }

    private fun talk(socket: Socket) = try {
        socket.tcpNoDelay = true
        val input = BufferedInputStream(socket.getInputStream())
        while (true) {
            val line = line(input) ?: break
            val headers = generateSequence { line(input)?.ifEmpty { null } }
                .associate { it.substringBefore(':').lowercase() to it.substringAfter(':').trim() }
            val body = input.readNBytes(headers["content-length"]?.toInt() ?: 0).decodeToString()
            val asked = Asked(line.substringBeforeLast(' '), headers, body).also(asked::add)
            val reply = answer(asked)
            val sent = reply.body.encodeToByteArray()
            val more = reply.headers.entries.joinToString("") { (name, value) -> "$name: $value\r\n" }
            val length = sent.size + if (reply.cut) 100 else 0
            val type = if ("Content-Type" in reply.headers) "" else "Content-Type: application/json\r\n"
            socket.getOutputStream().write("HTTP/1.1 ${reply.status} X\r\n$type${more}Content-Length: $length\r\n\r\n".encodeToByteArray() + sent)
            if (reply.cut) break
        }
    } catch (_: IOException) {
        // The client has gone, as some tests want.
    }

    private fun line(input: BufferedInputStream): String? {
        val text = StringBuilder()
        while (true) when (val byte = input.read()) {
            -1 -> return null
            '\n'.code -> return text.toString().trimEnd('\r')
            else -> text.append(byte.toChar())
        }
    }

    override fun close() = listener.close()
}

fun people(numbers: IntRange): String =
    numbers.joinToString(",", "[", "]") { """{"dn": "uid=u$it,o=x", "attributes": {"uid": ["u$it"], "mail": ["u$it@x.example"]}}""" }

/** So many people, a page at a time; the cookie stays as it is, as the vendor's does. */
fun paging(total: Int, size: Int): (Asked) -> Reply {
    var next = 0
    return { asked ->
        if ("pageSize=0" in asked.line) {
            Reply("""{"resources": [], "totalResults": 0, "cookie": "null"}""")
        } else {
            if ("cookie=" !in asked.line) next = 0
            val page = next until minOf(next + size, total)
            next = page.last + 1
            val cookie = if (next < total) "localhost=NTEy" else "null"
            Reply("""{"resources": ${people(page)}, "totalResults": -2, "cookie": "$cookie"}""")
        }
    }
}

fun eventually(condition: () -> Boolean) {
    val end = System.nanoTime() + 10_000_000_000
    while (!condition()) {
        check(System.nanoTime() < end) { "it never came to be" }
        Thread.sleep(5)
    }
}
