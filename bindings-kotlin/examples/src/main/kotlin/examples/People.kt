package examples

import dev.gatepass.Credential
import dev.gatepass.Filter
import dev.gatepass.GatepassException
import dev.gatepass.PatchOp
import dev.gatepass.RestClient
import dev.gatepass.ScimClient
import dev.gatepass.ScimFilter
import dev.gatepass.id
import kotlin.system.exitProcess
import kotlinx.coroutines.runBlocking

/**
 * The people of a directory: `people export BASE` writes name and mail of each, through the REST API; `people leave TITLE` has
 * no user of this title sign in any more, through SCIM.
 *
 * The APIs are in `ADAP_URL` and `SCIM_URL`, the tokens that open them in `ADAP_TOKEN` and `SCIM_TOKEN`.
 */
fun main(arguments: Array<String>) = runBlocking {
    try {
        when (arguments.firstOrNull()) {
            "export" -> export(arguments[1])
            "leave" -> leave(arguments[1])
            else -> fail("usage: people export BASE | leave TITLE")
        }
    } catch (error: GatepassException.IncompleteResult) {
        fail("the server gave ${error.count} of them only")
    } catch (error: GatepassException) {
        fail("${error.code}: ${error.message}")
    }
}

private suspend fun export(base: String) = RestClient(env("ADAP_URL"), Credential.env("ADAP_TOKEN")).use { rest ->
    // All of them, a page at a time, in the memory of two pages.
    rest.search(base, Filter.present("mail"), attributes = listOf("cn", "mail")).collect { entry ->
        println("${entry.first("cn")}\t${entry["mail"].joinToString(",")}")
    }
}

private suspend fun leave(title: String) = ScimClient(env("SCIM_URL"), Credential.env("SCIM_TOKEN")).use { scim ->
    val users = scim.resources("Users")
    // Read first: what is changed no longer fits, and would shift the pages.
    val leaving = users.list(ScimFilter.eq("title", title) and !ScimFilter.eq("active", false)).all()
    for (user in leaving) {
        users.patch(user.id, PatchOp().replace("active", false))
        println("${user.id} may sign in no more")
    }
}

private fun env(name: String): String = System.getenv(name) ?: fail("say in $name where it is")

private fun fail(text: String): Nothing {
    System.err.println(text)
    exitProcess(1)
}
