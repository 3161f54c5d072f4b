package dev.gatepass

import dev.gatepass.internal.ffi.GatepassHandle
import dev.gatepass.internal.ffi.connectToServer
import dev.gatepass.internal.ffi.openStore
import java.nio.file.Path
import java.util.concurrent.CompletableFuture
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.withContext

/**
 * Tokens, roles and users of one store or one server: what [open] and [connect] both return. It may be used from any thread,
 * and no suspend function of it blocks the one that it is called on.
 *
 * ```
 * Gatepass.connect(url, Credential.file("gatepass.token")).use { gp ->
 *     val new = gp.tokens.create("nightly-sync", Api.REST, expires = days(90), scopes = listOf("orders:read"))
 *     vault.put(new.secret)
 * }
 * ```
 */
public class Gatepass private constructor(private val handle: GatepassHandle, private val credential: Credential?) :
    AutoCloseable {
    private val closing = Closing("Gatepass")

    /** The tokens. */
    public val tokens: Tokens = Tokens(this)

    /** The roles. */
    public val roles: Roles = Roles(this)

    /** The users. */
    public val users: Users = Users(this)

    /** The external token validators, by which tokens of OpenID providers open an API. */
    public val validators: Validators = Validators(this)

    /** The audit trail. */
    public val audit: Audit = Audit(this)

    /** The replicas that follow it. */
    public val replicas: Replicas = Replicas(this)

    /** Where the tokens are: the store's or the server's place, without a password. */
    public val place: String = native("Gatepass") { handle.place() }

    /**
     * An index of all tokens, in this process, that follows the store or the server. Make one and keep it: it is there for
     * as long as the service runs.
     *
     * On a store what other processes change is seen after some 50 ms on SQLite and 100 ms on PostgreSQL, on a server in
     * milliseconds. Either way no secret is accepted later than [FollowOptions.maxStaleness] after its revocation was
     * acknowledged: without news for so long, every check is denied as `stale`.
     *
     * @throws GatepassException.InvalidInput on `maxStaleness`
     * @throws GatepassException.Unavailable `verifier_not_ready` after the deadline
     * @throws GatepassException.Unsupported `needs_gatepass` on a plain RadiantOne, which has nothing to follow
     */
    public suspend fun verifier(options: FollowOptions = FollowOptions()): Verifier =
        call { Verifier(it.verifier(options.data(), options.subjects?.handle)) }

    /** For Java: [verifier]. */
    @JvmOverloads
    public fun verifierAsync(options: FollowOptions = FollowOptions()): CompletableFuture<Verifier> =
        Native.future { verifier(options) }

    /**
     * Asks the server about each token, where nothing can be followed: a plain RadiantOne, or another server that speaks
     * RFC 7662. See [RemoteVerifier].
     *
     * @throws GatepassException.Unsupported `needs_server` on a store
     */
    public suspend fun remoteVerifier(options: RemoteOptions = RemoteOptions()): RemoteVerifier =
        call { RemoteVerifier(it.remoteVerifier(options.data())) }

    /** For Java: [remoteVerifier]. */
    @JvmOverloads
    public fun remoteVerifierAsync(options: RemoteOptions = RemoteOptions()): CompletableFuture<RemoteVerifier> =
        Native.future { remoteVerifier(options) }

    /** Who asks, as the server sees it. On a store it is refused as unsupported, `needs_server`. */
    public suspend fun myself(): Myself = call { it.myself().myself() }

    /** For Java: [myself]. */
    public fun myselfAsync(): CompletableFuture<Myself> = Native.future { myself() }

    /**
     * Calls any other service of the Configuration API, with the same credential, time limits, retries and errors:
     * `request("GET", "/settings-service/external_token_validators")`. The path goes under the base URL as it is, its
     * segments percent-encoded; the parameters are encoded here. The body is JSON.
     */
    public suspend fun request(
        method: String,
        path: String,
        query: List<Pair<String, String>> = emptyList(),
        body: String? = null,
    ): ServiceAnswer = call {
        val answer = it.request(method, path, query.map { (name, value) -> listOf(name, value) }, body)
        ServiceAnswer(answer.status.toInt(), answer.body)
    }

    /** For Java: [request]. */
    @JvmOverloads
    public fun requestAsync(method: String, path: String, body: String? = null): CompletableFuture<ServiceAnswer> =
        Native.future { request(method, path, body = body) }

    /**
     * Runs [block] and closes this, without blocking: what `AutoCloseable.use` is where nothing is suspended.
     */
    public suspend fun <R> use(block: suspend (Gatepass) -> R): R = try {
        block(this)
    } finally {
        shutdown()
    }

    /**
     * Finishes what was asked before, and lets go of the store: what is asked after that is refused as
     * [GatepassException.Closed]. On a server it ends the session that was begun here, where one was.
     */
    public suspend fun shutdown() {
        if (!closing.first()) return
        withContext(NonCancellable) {
            try {
                handle.closeAll()
            } finally {
                handle.destroy()
            }
        }
    }

    /** [shutdown], for which the calling thread waits: not for Android's main thread. */
    override fun close(): Unit = Native.wait { shutdown() }

    override fun toString(): String = "Gatepass($place)"

    internal suspend fun <T> call(cause: () -> Throwable? = { credential?.cause() }, work: suspend (GatepassHandle) -> T): T {
        closing.check()
        return native("Gatepass", cause) { work(handle) }
    }

    public companion object {
        /**
         * Opens a store: a SQLite file, which is made if there is none, or `postgres://user@host/database`, whose password
         * belongs in `PGPASSFILE`.
         *
         * @throws GatepassException.Storage where it is no store, of another version, damaged or read-only
         * @throws GatepassException.Unavailable where a database cannot be reached
         */
        public suspend fun open(store: String, options: OpenOptions = OpenOptions()): Gatepass =
            native("Gatepass") { Gatepass(openStore(store, options.data(), options.clock?.handle), null) }

        /** Opens the store in this file. */
        public suspend fun open(store: Path, options: OpenOptions = OpenOptions()): Gatepass = open(store.toString(), options)

        /** For Java: [open]. */
        @JvmStatic
        @JvmOverloads
        public fun openAsync(store: String, options: OpenOptions = OpenOptions()): CompletableFuture<Gatepass> =
            Native.future { open(store, options) }

        /**
         * Connects to the Configuration API at this URL, `https://HOST:8443/api`, with a `config` token of one's own.
         * Nothing is sent until something is asked.
         *
         * @throws GatepassException.InvalidInput on `url`, where it is none, or plain HTTP that leaves this machine
         */
        public suspend fun connect(
            url: String,
            credential: Credential,
            options: ConnectOptions = ConnectOptions(),
        ): Gatepass = connect(listOf(url), credential, options)

        /** Connects to several authorities of one store, of which any will do. */
        public suspend fun connect(
            urls: List<String>,
            credential: Credential,
            options: ConnectOptions = ConnectOptions(),
        ): Gatepass = connected(options, urls, null, credential, null)

        /**
         * Connects as this user: signed in when something is first asked, kept signed in, and signed in again where the
         * session has ended.
         */
        public suspend fun login(
            url: String,
            username: String,
            password: Password,
            options: ConnectOptions = ConnectOptions(),
        ): Gatepass = connected(options, listOf(url), username, null, password)

        private suspend fun connected(
            options: ConnectOptions,
            urls: List<String>,
            username: String?,
            credential: Credential?,
            password: Password?,
        ): Gatepass = native("Gatepass") {
            val data = options.data(urls, username)
            val clock = options.clock?.handle
            Gatepass(connectToServer(data, credential?.handle, password?.text, options.clientCertificate, clock), credential)
        }

        /** For Java: [connect]. */
        @JvmStatic
        @JvmOverloads
        public fun connectAsync(
            url: String,
            credential: Credential,
            options: ConnectOptions = ConnectOptions(),
        ): CompletableFuture<Gatepass> = Native.future { connect(url, credential, options) }

        /** For Java: [connect] to several. */
        @JvmStatic
        @JvmOverloads
        public fun connectAsync(
            urls: List<String>,
            credential: Credential,
            options: ConnectOptions = ConnectOptions(),
        ): CompletableFuture<Gatepass> = Native.future { connect(urls, credential, options) }

        /** For Java: [login]. */
        @JvmStatic
        @JvmOverloads
        public fun loginAsync(
            url: String,
            username: String,
            password: Password,
            options: ConnectOptions = ConnectOptions(),
        ): CompletableFuture<Gatepass> = Native.future { login(url, username, password, options) }
    }
}
