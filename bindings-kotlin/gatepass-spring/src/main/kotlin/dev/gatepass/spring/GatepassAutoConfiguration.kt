package dev.gatepass.spring

import dev.gatepass.Api
import dev.gatepass.Credential
import dev.gatepass.FollowOptions
import dev.gatepass.Gatepass
import dev.gatepass.Verifier
import java.time.Duration
import org.apache.commons.logging.LogFactory
import org.springframework.boot.autoconfigure.AutoConfiguration
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean
import org.springframework.boot.autoconfigure.condition.ConditionalOnWebApplication
import org.springframework.boot.autoconfigure.condition.ConditionalOnWebApplication.Type
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty
import org.springframework.boot.context.properties.ConfigurationProperties
import org.springframework.boot.context.properties.EnableConfigurationProperties
import org.springframework.context.annotation.Bean
import org.springframework.context.annotation.Configuration
import org.springframework.security.oauth2.server.resource.introspection.OpaqueTokenIntrospector
import org.springframework.security.oauth2.server.resource.introspection.ReactiveOpaqueTokenIntrospector

/** `gatepass.*` in the application's properties. */
@ConfigurationProperties("gatepass")
public class GatepassProperties {
    /** The Configuration API of the authority: `https://HOST:8443/api`. */
    public var url: String? = null

    /** The store itself, where this service has it: a SQLite file, or `postgres://user@host/database`. */
    public var store: String? = null

    /** The file with this service's own token, which may verify the tokens of [api]. */
    public var credentialFile: String? = null

    /** The environment variable with this service's own token, where it is in no file. */
    public var credentialEnv: String? = null

    /** The API whose tokens are checked. */
    public var api: Api = Api.REST

    /** After this long without news every check is denied; 10 s on a server and 1 s on a store when not said. */
    public var maxStaleness: Duration? = null

    internal fun open(): Gatepass {
        store?.let { return Gatepass.openAsync(it).join() }
        val credential = credentialFile?.let { Credential.file(it) } ?: credentialEnv?.let { Credential.env(it) }
        requireNotNull(credential) { "gatepass.url needs gatepass.credential-file or gatepass.credential-env" }
        return Gatepass.connectAsync(requireNotNull(url), credential).join()
    }
}

/**
 * Follows the authority or the store that the properties name, and makes Spring Security check tokens by that. Whatever is
 * there as a bean already, [Gatepass], [Verifier] or an introspector, is taken instead.
 */
@AutoConfiguration
@EnableConfigurationProperties(GatepassProperties::class)
public open class GatepassAutoConfiguration {
    /** The store or the server. */
    @Configuration(proxyBeanMethods = false)
    @ConditionalOnMissingBean(Gatepass::class, Verifier::class)
    @ConditionalOnProperty(prefix = "gatepass", name = ["url"])
    public open class Server {
        @Bean(destroyMethod = "close")
        public open fun gatepass(properties: GatepassProperties): Gatepass = properties.open()
    }

    /** The same, of a store. */
    @Configuration(proxyBeanMethods = false)
    @ConditionalOnMissingBean(Gatepass::class, Verifier::class)
    @ConditionalOnProperty(prefix = "gatepass", name = ["store"])
    public open class Store {
        @Bean(destroyMethod = "close")
        public open fun gatepass(properties: GatepassProperties): Gatepass = properties.open()
    }

    /** The index that follows it. */
    @Bean(destroyMethod = "close")
    @ConditionalOnMissingBean
    @ConditionalOnBean(Gatepass::class)
    public open fun gatepassVerifier(gatepass: Gatepass, properties: GatepassProperties): Verifier =
        gatepass.verifierAsync(FollowOptions.builder().apply { properties.maxStaleness?.let(::maxStaleness) }.build()).join()
}

/** What servlets need. */
@AutoConfiguration(
    after = [GatepassAutoConfiguration::class],
    beforeName = [
        // Spring Boot 3's, and 4's.
        "org.springframework.boot.autoconfigure.security.oauth2.resource.servlet.OAuth2ResourceServerAutoConfiguration",
        "org.springframework.boot.security.oauth2.server.resource.autoconfigure.OAuth2ResourceServerAutoConfiguration",
        "org.springframework.boot.security.oauth2.server.resource.autoconfigure.web.OAuth2ResourceServerWebSecurityAutoConfiguration",
    ],
)
@ConditionalOnWebApplication(type = Type.SERVLET)
@ConditionalOnBean(Verifier::class)
public open class GatepassServletAutoConfiguration {
    /** By which Spring Security checks tokens. */
    @Bean
    @ConditionalOnMissingBean(OpaqueTokenIntrospector::class)
    public open fun gatepassIntrospector(verifier: Verifier, properties: GatepassProperties): OpaqueTokenIntrospector =
        GatepassOpaqueTokenIntrospector(verifier.guard(properties.api), ::log)

    /** What answers 503. */
    @Bean
    public open fun gatepassServletFilter(): GatepassServletFilter = GatepassServletFilter()
}

/** What WebFlux needs. */
@AutoConfiguration(
    after = [GatepassAutoConfiguration::class],
    beforeName = [
        "org.springframework.boot.autoconfigure.security.oauth2.resource.reactive.ReactiveOAuth2ResourceServerAutoConfiguration",
        "org.springframework.boot.security.oauth2.server.resource.autoconfigure.reactive.ReactiveOAuth2ResourceServerAutoConfiguration",
        "org.springframework.boot.security.oauth2.server.resource.autoconfigure.web.reactive.ReactiveOAuth2ResourceServerWebSecurityAutoConfiguration",
    ],
)
@ConditionalOnWebApplication(type = Type.REACTIVE)
@ConditionalOnBean(Verifier::class)
public open class GatepassReactiveAutoConfiguration {
    /** By which Spring Security checks tokens. */
    @Bean
    @ConditionalOnMissingBean(ReactiveOpaqueTokenIntrospector::class)
    public open fun gatepassReactiveIntrospector(
        verifier: Verifier,
        properties: GatepassProperties,
    ): ReactiveOpaqueTokenIntrospector = GatepassReactiveOpaqueTokenIntrospector(verifier.guard(properties.api), ::log)

    /** What answers 503, and says who the client is. */
    @Bean
    public open fun gatepassWebFilter(): GatepassWebFilter = GatepassWebFilter()
}

private val LOG = LogFactory.getLog("dev.gatepass")

/** The precise reason and the token's public id, which open nothing. */
private fun log(denied: dev.gatepass.Denied) = LOG.info("denied: ${denied.reason.code} ${denied.tokenId.orEmpty()}")
