package dev.gatepass;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatepass.testing.TestProvider;
import dev.gatepass.testing.TestTokens;
import dev.gatepass.testing.TestingKt;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The SDK as Java sees it: builders, futures, and nulls. */
class JavaCallerTest {
    @TempDir
    Path folder;

    @Test
    void aTokenIsMadeAndCheckedWithoutKotlin() {
        var options = OpenOptions.builder().actor("java").policy(new TokenPolicy(30L)).build();
        try (var gp = Gatepass.openAsync(folder.resolve("tokens.db").toString(), options).join()) {
            var asked = NewToken.builder("nightly-sync", Api.REST).expires(Expirations.days(7)).scope("orders:read").build();
            var created = gp.getTokens().createAsync(asked).join();
            try (var verifier = gp.verifierAsync().join()) {
                verifier.waitForAsync(created.getRevision()).join();
                var guard = verifier.guard(Api.REST, Set.of("orders:read"));
                var verdict = guard.check("Bearer " + created.getSecret().reveal());
                assertEquals("nightly-sync", assertInstanceOf(Granted.class, verdict).getAccess().getName());
                assertThrows(GatepassException.AccessDenied.class, () -> guard.require((String) null));
            }
            var rotated = gp.getTokens().rotateAsync("nightly-sync", Duration.ofHours(1), secret -> CompletableFuture.completedFuture(null));
            assertTrue(rotated.join().getToken().getInGrace());
            assertEquals(1, gp.getTokens().listAsync(TokenFilter.builder().api(Api.REST).build()).join().size());
            var missing = assertThrows(CompletionException.class, () -> gp.getTokens().getAsync("nobody").join());
            assertEquals("token_not_found", assertInstanceOf(GatepassException.NotFound.class, missing.getCause()).getCode());
        }
    }

    @Test
    void tokensOfOthersAreTakenWithoutKotlin() {
        var provider = new TestProvider();
        var validator = provider.validator("sso", Api.REST).toBuilder()
            .map("uid=${sub},o=acme").algorithm(Algorithm.RS256).clockSkew(Duration.ofSeconds(5)).maxAge(Duration.ofHours(1)).build();
        try (var gp = Gatepass.openAsync(folder.resolve("validators.db").toString()).join()) {
            assertEquals(validator, gp.getValidators().createAsync(validator).join());
            assertEquals("sso", gp.getValidators().listAsync().join().get(0).getName());
            gp.getValidators().deleteAsync("sso").join();
        }
        try (var verifier = TestingKt.externalVerifierOf(List.of(validator), provider.getKeys())) {
            var guard = verifier.guard(Api.REST);
            var access = guard.requireAsync("Bearer " + provider.token("ada")).join();
            assertEquals("uid=ada,o=acme", access.getTargetDn());
            assertEquals("ada", access.getSubject());
            assertTrue(Claims.of(access).containsKey("iat"));
            assertInstanceOf(Denied.class, guard.checkAsync("Bearer a.b.c").join());
            assertInstanceOf(Granted.class, guard.checkSecretAsync(provider.token("ada")).join());
        }
        var subjects = Subjects.future(search -> CompletableFuture.completedFuture(List.of("uid=found,o=acme")));
        var keys = KeyOptions.builder().cooldown(Duration.ofMillis(100)).timeout(Duration.ofMillis(100)).build();
        try (var verifier = Verifier.external(List.of(validator.toBuilder().jwksUrl("http://127.0.0.1:1/jwks").build()), keys, subjects)) {
            var denied = assertInstanceOf(Denied.class, verifier.guard(Api.REST).checkAsync("Bearer " + provider.token("ada")).join());
            assertEquals("keys_unavailable", denied.getReason().getCode());
        }
    }

    @Test
    void entriesAreFoundAndResourcesListedWithoutKotlin() {
        var token = Credential.of(Secret.of(ScriptedKt.TOKEN));
        try (var server = new Scripted("/adap", ScriptedKt.paging(25, 10));
             var rest = new RestClient(server.getUrl(), token)) {
            var search = rest.search("o=x", SearchOptions.builder().filter("cn=a*").attributes("mail").build());
            assertEquals(25, search.allAsync().join().size());
            var found = new java.util.concurrent.ConcurrentLinkedQueue<String>();
            search.forEachAsync(entry -> found.add(entry.first("MAIL"))).join();
            assertEquals(25, found.size());
            assertEquals("uid=u0,o=x", search.firstAsync().join().getDn());
            rest.modifyAsync("uid=u0,o=x", Mod.replace("mail", "m"), Mod.delete("cn")).handle((none, error) -> null).join();
        }
        try (var server = new Scripted("/scim2/v2", asked -> new Reply("{\"id\": \"a\"}", 200, java.util.Map.of(), false));
             var scim = new ScimClient(server.getUrl(), token, ConnectOptions.builder().attempts(1).build())) {
            var user = scim.resources("Users").getAsync("a").join();
            assertEquals("a", ResourcesKt.getId(user));
            assertEquals("(&(a=b)(c=*))", Filter.equals("a", "b").and(Filter.present("c")).toString());
            scim.resources("Users").patchAsync("a", new PatchOp().replace("active", false)).join();
        }
    }

    @Test
    void nullsAreRefusedByName() {
        var tokens = new TestTokens();
        var guard = tokens.verifier().guard(Api.REST);
        assertEquals("missing", ((Denied) guard.check((String) null, null)).getReason().getCode());
        assertTrue(assertThrows(NullPointerException.class, () -> Secret.of(null)).getMessage().contains("text"));
        assertTrue(assertThrows(NullPointerException.class, () -> guard.checkSecret((String) null)).getMessage().contains("secret"));
        assertTrue(assertThrows(NullPointerException.class, () -> NewToken.builder(null, Api.REST)).getMessage().contains("name"));
        assertThrows(NullPointerException.class, () -> guard.checkSecrets(java.util.Collections.singletonList(null)));
        assertThrows(IllegalArgumentException.class, () -> guard.check(java.util.Collections.<String>singletonList(null)));
    }
}
