package dev.gatepass

import dev.gatepass.internal.ffi.NewTokenData
import dev.gatepass.internal.ffi.RotationData
import dev.gatepass.internal.ffi.SecretHandle
import dev.gatepass.internal.ffi.SecretSink
import dev.gatepass.internal.ffi.TokenFilterData
import java.time.Instant
import java.util.concurrent.CompletableFuture
import java.util.concurrent.atomic.AtomicReference
import kotlin.coroutines.coroutineContext
import kotlin.time.Duration
import kotlin.time.toKotlinDuration
import kotlinx.coroutines.Job
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.future.await
import kotlinx.coroutines.withContext

/** Which tokens are wanted: those that fit all that is said. */
public class TokenFilter(
    public val api: Api? = null,
    public val status: Status? = null,
    /** Neither revoked nor expired, and expiring within this time. */
    public val expiresWithin: Duration? = null,
    /** With this text in the name, in any case of the letters A to Z. */
    public val nameContains: String? = null,
) {
    internal fun data() =
        TokenFilterData(api?.name, status?.code, expiresWithin?.inWholeMilliseconds, nameContains)

    /** For Java. */
    public class Builder internal constructor() {
        private var api: Api? = null
        private var status: Status? = null
        private var expiresWithin: Duration? = null
        private var nameContains: String? = null

        public fun api(api: Api): Builder = apply { this.api = api }

        public fun status(status: Status): Builder = apply { this.status = status }

        public fun expiresWithin(span: java.time.Duration): Builder = apply { expiresWithin = span.toKotlinDuration() }

        public fun nameContains(text: String): Builder = apply { nameContains = text }

        public fun build(): TokenFilter = TokenFilter(api, status, expiresWithin, nameContains)
    }

    public companion object {
        @JvmStatic
        public fun builder(): Builder = Builder()
    }
}

/** A token to be made. */
public class NewToken(
    public val name: String,
    public val api: Api,
    /** When it expires; where the policy wants that said, it has to be. */
    public val expires: Expiration? = null,
    /** The roles that say what it permits; [Api.CONFIG] only, which needs one. */
    public val roles: List<String> = emptyList(),
    /** Application scopes; [Api.SCIM] and [Api.REST] only. */
    public val scopes: List<String> = emptyList(),
    /** The entry that it acts as; [Api.REST] only. */
    public val targetDn: String? = null,
    /** The networks (CIDR) that it may be used from; empty for anywhere. */
    public val networks: List<String> = emptyList(),
    /** From when on it is good. */
    public val notBefore: Instant? = null,
    public val description: String? = null,
    public val metadata: Map<String, String> = emptyMap(),
) {
    internal fun data() = NewTokenData(
        name, api.name, expires?.data(), roles, scopes, targetDn, networks,
        notBefore?.let { millis("notBefore", it) }, description, metadata,
    )

    /** For Java. */
    public class Builder internal constructor(private val name: String, private val api: Api) {
        private var expires: Expiration? = null
        private val roles = ArrayList<String>()
        private val scopes = ArrayList<String>()
        private var targetDn: String? = null
        private val networks = ArrayList<String>()
        private var notBefore: Instant? = null
        private var description: String? = null
        private val metadata = LinkedHashMap<String, String>()

        public fun expires(expires: Expiration): Builder = apply { this.expires = expires }

        public fun role(name: String): Builder = apply { roles.add(name) }

        public fun scope(scope: String): Builder = apply { scopes.add(scope) }

        public fun targetDn(dn: String): Builder = apply { targetDn = dn }

        public fun network(network: String): Builder = apply { networks.add(network) }

        public fun notBefore(instant: Instant): Builder = apply { notBefore = instant }

        public fun description(text: String): Builder = apply { description = text }

        public fun metadata(key: String, value: String): Builder = apply { metadata[key] = value }

        public fun build(): NewToken = NewToken(
            name, api, expires, roles.toList(), scopes.toList(), targetDn, networks.toList(), notBefore, description,
            metadata.toMap(),
        )
    }

    public companion object {
        @JvmStatic
        public fun builder(name: String, api: Api): Builder = Builder(name, api)
    }
}

/** Hands a new secret over: puts it into a vault, or into a file. */
public fun interface SecretReceiver {
    /** Returns once the secret has arrived. What this throws is the cause of `delivery_failed`. */
    public suspend fun receive(secret: Secret)
}

/** The tokens of a [Gatepass]. */
public class Tokens internal constructor(private val gatepass: Gatepass) {
    /**
     * Makes a token.
     *
     * @throws GatepassException.InvalidInput naming the field
     * @throws GatepassException.Conflict `name_taken`; `idempotency_mismatch` where the key was used for another request
     * @throws GatepassException.Forbidden where the caller does not hold what the token would
     */
    public suspend fun create(
        name: String,
        api: Api,
        expires: Expiration? = null,
        roles: List<String> = emptyList(),
        scopes: List<String> = emptyList(),
        targetDn: String? = null,
        networks: List<String> = emptyList(),
        notBefore: Instant? = null,
        description: String? = null,
        metadata: Map<String, String> = emptyMap(),
        key: IdempotencyKey? = null,
    ): IssuedToken =
        create(NewToken(name, api, expires, roles, scopes, targetDn, networks, notBefore, description, metadata), key)

    /** The same of a token that was described before. */
    public suspend fun create(asked: NewToken, key: IdempotencyKey? = null): IssuedToken =
        gatepass.call { it.createToken(asked.data(), key?.reveal()).issued() }

    /** For Java: [create]. */
    @JvmOverloads
    public fun createAsync(asked: NewToken, key: IdempotencyKey? = null): CompletableFuture<IssuedToken> =
        Native.future { create(asked, key) }

    /**
     * The token of this name.
     *
     * @throws GatepassException.NotFound `token_not_found`
     */
    public suspend fun get(name: String): AccessToken = gatepass.call { it.token(name).token() }

    /** For Java: [get]. */
    public fun getAsync(name: String): CompletableFuture<AccessToken> = Native.future { get(name) }

    /** All tokens that fit, by name. They are read as they are collected, a page at a time. */
    public fun list(
        api: Api? = null,
        status: Status? = null,
        expiresWithin: Duration? = null,
        nameContains: String? = null,
    ): Flow<AccessToken> = list(TokenFilter(api, status, expiresWithin, nameContains))

    /** The same of a filter that was described before. */
    public fun list(filter: TokenFilter): Flow<AccessToken> = flow {
        var cursor: String? = null
        do {
            val page = page(filter, cursor, LARGEST_PAGE)
            page.tokens.forEach { emit(it) }
            cursor = page.next
        } while (cursor != null)
    }

    /** For Java: [list], all at once. */
    @JvmOverloads
    public fun listAsync(filter: TokenFilter = TokenFilter()): CompletableFuture<List<AccessToken>> =
        Native.future { list(filter).toList() }

    /**
     * A page of the tokens that fit, by name: [limit] of them (100 when not said, at most 1000) after [cursor], which is
     * what the page before said to ask with.
     */
    public suspend fun page(filter: TokenFilter = TokenFilter(), cursor: String? = null, limit: Int? = null): TokenPage =
        gatepass.call { handle ->
            val page = handle.tokenPage(filter.data(), cursor, limit)
            TokenPage(page.tokens.map { it.token() }, page.next)
        }

    /** The tokens that break the present policy and still open something. */
    public fun violations(): Flow<AccessToken> = flow {
        gatepass.call { it.violations() }.forEach { emit(it.token()) }
    }

    /**
     * Gives a token a new secret; the old one stays good for [grace], and the expiry is kept where no other is asked for.
     *
     * With [deliver] the grace begins once that has returned; until then, and where it throws, the old secret is good as
     * before. It runs in the caller's context. It can be run again after a crash or a cancellation at any point: a secret
     * that was not said to have arrived is dropped then.
     *
     * @throws GatepassException.NotFound `token_not_found`
     * @throws GatepassException.Conflict `token_revoked`, `token_expired`, `rotation_in_grace`, `changed_meanwhile`
     * @throws GatepassException.Unavailable `delivery_failed`, with the cause that [deliver] threw
     */
    public suspend fun rotate(
        name: String,
        grace: Duration = Duration.ZERO,
        expires: Expiration? = null,
        force: Boolean = false,
        key: IdempotencyKey? = null,
        deliver: SecretReceiver? = null,
    ): IssuedToken {
        val rotation = RotationData(grace.inWholeMilliseconds, expires?.data(), force)
        if (deliver == null) return gatepass.call { it.rotateToken(name, rotation, key?.reveal()).issued() }
        if (key != null) throw GatepassException.invalid("key", "key_unneeded", "a rotation that is delivered needs no key")
        val thrown = AtomicReference<Throwable?>()
        // Its own job is the native side's, so that it ends with the rotation.
        val context = coroutineContext.minusKey(Job)
        val sink = object : SecretSink {
            override suspend fun deliver(secret: SecretHandle) {
                // What is thrown is noted where it is thrown: on its way through coroutines it becomes a copy.
                withContext(context) { runCatching { calling(thrown) { deliver.receive(Secret(secret)) } } }.getOrThrow()
            }
        }
        return gatepass.call({ thrown.get() }) { it.rotateAndDeliver(name, rotation, sink).issued() }
    }

    /** For Java: [rotate]. */
    @JvmOverloads
    public fun rotateAsync(name: String, grace: java.time.Duration = java.time.Duration.ZERO): CompletableFuture<IssuedToken> =
        Native.future { rotate(name, grace.toKotlinDuration()) }

    /** For Java: [rotate], which ends once the future that [deliver] gives has. */
    public fun rotateAsync(
        name: String,
        grace: java.time.Duration,
        deliver: java.util.function.Function<Secret, CompletableFuture<*>>,
    ): CompletableFuture<IssuedToken> = Native.future {
        rotate(name, grace.toKotlinDuration()) { secret -> deliver.apply(secret).await() }
    }

    /**
     * Ends a token, both of its secrets. One that was revoked before stays as it is.
     *
     * @throws GatepassException.NotFound `token_not_found`
     */
    public suspend fun revoke(name: String): Changed = gatepass.call { it.revokeToken(name).changed() }

    /** For Java: [revoke]. */
    public fun revokeAsync(name: String): CompletableFuture<Changed> = Native.future { revoke(name) }

    /** Ends several tokens in one commit, all of them or none. */
    public suspend fun revokeAll(names: Collection<String>): List<Changed> =
        gatepass.call { handle -> handle.revokeTokens(names.toList()).map { it.changed() } }

    /** For Java: [revokeAll]. */
    public fun revokeAllAsync(names: Collection<String>): CompletableFuture<List<Changed>> =
        Native.future { revokeAll(names) }

    /**
     * Ends tokens in one commit, all of them or none, and waits until no replica accepts them any more, for so long at the
     * most.
     */
    public suspend fun revokeEverywhere(names: Collection<String>, within: Duration): Revoked =
        gatepass.call { it.revokeEverywhere(names.toList(), within.inWholeMilliseconds).revoked() }

    /** For Java: [revokeEverywhere]. */
    public fun revokeEverywhereAsync(names: Collection<String>, within: java.time.Duration): CompletableFuture<Revoked> =
        Native.future { revokeEverywhere(names, within.toKotlinDuration()) }

    /**
     * Ends the token whose secret this is, for somebody found it where it should not be. Tells whether it opened something
     * until now. For a store only.
     */
    public suspend fun revokeLeaked(secret: Secret): Boolean = gatepass.call { it.revokeLeaked(secret.handle) }

    /** For Java: [revokeLeaked]. */
    public fun revokeLeakedAsync(secret: Secret): CompletableFuture<Boolean> = Native.future { revokeLeaked(secret) }

    /** Removes a token, whose name is free again. Returns the number of this change. */
    public suspend fun delete(name: String): Long = gatepass.call { it.deleteToken(name) }

    /** For Java: [delete]. */
    public fun deleteAsync(name: String): CompletableFuture<Long> = Native.future { delete(name) }

    /** Removes the tokens that have been expired or revoked since before this instant. Returns their number. */
    public suspend fun purge(before: Instant): Long = gatepass.call { it.purgeTokens(millis("before", before)) }

    /** For Java: [purge]. */
    public fun purgeAsync(before: Instant): CompletableFuture<Long> = Native.future { purge(before) }

    /**
     * Checks one secret where the tokens are, without an index. For many checks there is [Gatepass.verifier].
     */
    public suspend fun checkSecret(
        secret: Secret,
        api: Api,
        scopes: Collection<String> = emptyList(),
        peer: String? = null,
    ): Verdict = gatepass.call {
        val bytes = it.checkSecret(api.name, scopes.toList(), secret.handle, peer)
        verdictOf(bytes, scopes.joinToString(" "))
    }

    /** For Java: [checkSecret]. */
    @JvmOverloads
    public fun checkSecretAsync(
        secret: Secret,
        api: Api,
        scopes: Collection<String> = emptyList(),
        peer: String? = null,
    ): CompletableFuture<Verdict> = Native.future { checkSecret(secret, api, scopes, peer) }

    private companion object {
        const val LARGEST_PAGE = 1000
    }
}

internal fun dev.gatepass.internal.ffi.ChangedData.changed(): Changed = Changed(token.token(), revision)
