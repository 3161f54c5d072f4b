package examples

import dev.gatepass.spring.GatepassPrincipal
import org.springframework.boot.SpringApplication
import org.springframework.boot.autoconfigure.SpringBootApplication
import org.springframework.boot.web.servlet.context.ServletWebServerInitializedEvent
import org.springframework.context.annotation.Bean
import org.springframework.context.event.EventListener
import org.springframework.security.config.Customizer.withDefaults
import org.springframework.security.config.annotation.web.builders.HttpSecurity
import org.springframework.security.core.annotation.AuthenticationPrincipal
import org.springframework.security.web.SecurityFilterChain
import org.springframework.web.bind.annotation.GetMapping
import org.springframework.web.bind.annotation.RestController

/** A service on Spring Boot. Where the tokens are is said in its properties: `gatepass.store`, or `gatepass.url`. */
@SpringBootApplication(scanBasePackageClasses = [Orders::class])
open class SpringService {
    @Bean
    open fun security(http: HttpSecurity): SecurityFilterChain = http
        .authorizeHttpRequests { it.requestMatchers("/orders").hasAuthority("SCOPE_orders:read").anyRequest().authenticated() }
        .oauth2ResourceServer { it.opaqueToken(withDefaults()) }
        .build()

    @EventListener
    open fun started(event: ServletWebServerInitializedEvent) = println("http://127.0.0.1:${event.webServer.port}")
}

@RestController
class Orders {
    @GetMapping("/orders")
    fun orders(@AuthenticationPrincipal caller: GatepassPrincipal): String = "orders of ${caller.access.targetDn ?: caller.name}"
}

fun main(arguments: Array<String>) {
    SpringApplication.run(SpringService::class.java, *arguments)
}
