package dev.gatepass

import dev.gatepass.internal.ffi.ConnectData
import dev.gatepass.internal.ffi.FollowData
import dev.gatepass.internal.ffi.OpenData
import dev.gatepass.internal.ffi.PolicyData
import dev.gatepass.testing.ManualClock
import kotlin.time.Duration
import kotlin.time.toKotlinDuration

/** How long tokens may live: by default 366 days at most, and none for ever. */
public data class TokenPolicy @JvmOverloads constructor(
    /** The longest life in days; null for no limit. */
    public val maxDays: Long? = 366,
    /** Whether a token may never expire. */
    public val allowNever: Boolean = false,
) {
    internal fun data(): PolicyData = PolicyData(maxDays, allowNever)
}

/** How a store is opened. What is null is as usual. */
public class OpenOptions(
    /** What new secrets begin with: 2 to 16 of a-z; `gp` when not said. */
    public val brand: String? = null,
    public val policy: TokenPolicy? = null,
    /** Under which name the audit trail knows the owner of the store; `local` when not said. */
    public val actor: String? = null,
    /** Whether a file that is not there is made. */
    public val create: Boolean = true,
    /** A clock of one's own, for tests. */
    public val clock: ManualClock? = null,
) {
    internal fun data() = OpenData(brand, policy?.data(), actor, create)

    /** For Java. */
    public class Builder internal constructor() {
        private var brand: String? = null
        private var policy: TokenPolicy? = null
        private var actor: String? = null
        private var create = true
        private var clock: ManualClock? = null

        public fun brand(brand: String): Builder = apply { this.brand = brand }

        public fun policy(policy: TokenPolicy): Builder = apply { this.policy = policy }

        public fun actor(actor: String): Builder = apply { this.actor = actor }

        public fun create(create: Boolean): Builder = apply { this.create = create }

        public fun clock(clock: ManualClock): Builder = apply { this.clock = clock }

        public fun build(): OpenOptions = OpenOptions(brand, policy, actor, create, clock)
    }

    public companion object {
        @JvmStatic
        public fun builder(): Builder = Builder()
    }
}

/** How a server is connected to. What is null is as usual. */
public class ConnectOptions(
    /** How long one attempt may take in all; 30 s when not said. */
    public val timeout: Duration? = null,
    /** How long connecting may take; 10 s when not said. */
    public val connectTimeout: Duration? = null,
    /** How often something is tried that can safely be tried again; 4 times when not said, 1 for never again. */
    public val attempts: Int? = null,
    /** Certificates (PEM) that are trusted as well as the machine's. */
    public val certificateAuthorities: List<ByteArray> = emptyList(),
    /** A certificate with its key (PEM, both in one), for a server that asks for one. */
    public val clientCertificate: ByteArray? = null,
    /** Whether `HTTPS_PROXY` and `NO_PROXY` are followed. */
    public val useProxy: Boolean = true,
    /** The calling program, `backup-job/2.1`, for the user agent. */
    public val product: String? = null,
    /** What [Tokens.violations] measures against. */
    public val policy: TokenPolicy? = null,
    /** A clock of one's own, for tests. */
    public val clock: ManualClock? = null,
    /**
     * Nodes of a cluster, `node2.example` or `node2.example:8091`, that a server may send a search to; without a port they have the
     * server's own. Nowhere else goes a credential. For [RestClient].
     */
    public val nodes: List<String> = emptyList(),
) {
    internal fun data(urls: List<String>, username: String?) = ConnectData(
        urls, timeout?.inWholeMilliseconds, connectTimeout?.inWholeMilliseconds, attempts, certificateAuthorities,
        !useProxy, product, policy?.data(), username, nodes,
    )

    /** Without the certificate's key. */
    override fun toString(): String = "ConnectOptions(timeout=$timeout, connectTimeout=$connectTimeout, attempts=$attempts)"

    /** For Java. */
    public class Builder internal constructor() {
        private var timeout: Duration? = null
        private var connectTimeout: Duration? = null
        private var attempts: Int? = null
        private val authorities = ArrayList<ByteArray>()
        private var certificate: ByteArray? = null
        private var useProxy = true
        private var product: String? = null
        private var policy: TokenPolicy? = null
        private var clock: ManualClock? = null
        private val nodes = ArrayList<String>()

        public fun timeout(limit: java.time.Duration): Builder = apply { timeout = limit.toKotlinDuration() }

        public fun connectTimeout(limit: java.time.Duration): Builder = apply { connectTimeout = limit.toKotlinDuration() }

        public fun attempts(attempts: Int): Builder = apply { this.attempts = attempts }

        public fun certificateAuthority(pem: ByteArray): Builder = apply { authorities.add(pem) }

        public fun clientCertificate(pem: ByteArray): Builder = apply { certificate = pem }

        public fun useProxy(use: Boolean): Builder = apply { useProxy = use }

        public fun product(name: String): Builder = apply { product = name }

        public fun policy(policy: TokenPolicy): Builder = apply { this.policy = policy }

        public fun clock(clock: ManualClock): Builder = apply { this.clock = clock }

        /** A node of a cluster: see [ConnectOptions.nodes]. */
        public fun node(host: String): Builder = apply { nodes.add(host) }

        public fun build(): ConnectOptions = ConnectOptions(
            timeout, connectTimeout, attempts, authorities, certificate, useProxy, product, policy, clock, nodes.toList(),
        )
    }

    public companion object {
        @JvmStatic
        public fun builder(): Builder = Builder()
    }
}

/** Whether somebody waits until a verifier can be used. */
public enum class Startup {
    /** It is given when it knows all tokens; what stands against that is thrown. */
    WAIT,

    /** It is given at once, denies everything as `stale` until it knows all tokens, and tries until it does. */
    BACKGROUND,
}

/** How a verifier follows its store or its server. What is null is as usual. */
public class FollowOptions(
    /**
     * After this long without news every check is denied as `stale`: no secret is accepted later than this after its
     * revocation was acknowledged. 10 s on a server and 1 s on a store when not said; 100 ms to 24 h.
     */
    public val maxStaleness: Duration? = null,
    public val startup: Startup = Startup.WAIT,
    /** How long to wait until it can be used; 30 s when not said. */
    public val deadline: Duration? = null,
    /** How often it is reported which tokens were used; 30 s when not said, [Duration.ZERO] for never. */
    public val usageInterval: Duration? = null,
    /** How the keys of external token validators are fetched. */
    public val keys: KeyOptions? = null,
    /** Who searches for whom a token of a provider acts as, where its validator's mapping is a search. */
    public val subjects: Subjects? = null,
) {
    internal fun data() = FollowData(
        maxStaleness?.inWholeMilliseconds, startup == Startup.BACKGROUND, deadline?.inWholeMilliseconds,
        usageInterval?.inWholeMilliseconds, keys?.data(),
    )

    /** For Java. */
    public class Builder internal constructor() {
        private var maxStaleness: Duration? = null
        private var startup = Startup.WAIT
        private var deadline: Duration? = null
        private var usageInterval: Duration? = null
        private var keys: KeyOptions? = null
        private var subjects: Subjects? = null

        public fun maxStaleness(limit: java.time.Duration): Builder = apply { maxStaleness = limit.toKotlinDuration() }

        public fun startup(startup: Startup): Builder = apply { this.startup = startup }

        public fun deadline(limit: java.time.Duration): Builder = apply { deadline = limit.toKotlinDuration() }

        public fun usageInterval(interval: java.time.Duration): Builder =
            apply { usageInterval = interval.toKotlinDuration() }

        public fun keys(keys: KeyOptions): Builder = apply { this.keys = keys }

        public fun subjects(subjects: Subjects): Builder = apply { this.subjects = subjects }

        public fun build(): FollowOptions = FollowOptions(maxStaleness, startup, deadline, usageInterval, keys, subjects)
    }

    public companion object {
        @JvmStatic
        public fun builder(): Builder = Builder()
    }
}
