package examples;

import static dev.gatepass.Expirations.days;

import dev.gatepass.Api;
import dev.gatepass.Denied;
import dev.gatepass.Gatepass;
import dev.gatepass.Granted;
import dev.gatepass.NewToken;
import dev.gatepass.Verdict;
import java.util.Set;

/** Issues a token in the store that is named, checks it, and revokes it: Gatepass without Kotlin. */
public final class PlainJava {
    private PlainJava() {}

    public static void main(String[] arguments) {
        try (var gp = Gatepass.openAsync(arguments[0]).join();
             var verifier = gp.verifierAsync().join()) {
            var asked = NewToken.builder("nightly-sync", Api.REST).expires(days(90)).scope("orders:read").build();
            var issued = gp.getTokens().createAsync(asked).join();
            System.out.println("issued " + issued.getSecret());

            var guard = verifier.guard(Api.REST, Set.of("orders:read"));
            verifier.waitForAsync(issued.getRevision()).join();
            System.out.println(said(guard.check("Bearer " + issued.getSecret().reveal())));

            var revoked = gp.getTokens().revokeAsync("nightly-sync").join();
            verifier.waitForAsync(revoked.getRevision()).join();
            System.out.println(said(guard.check("Bearer " + issued.getSecret().reveal())));
        }
    }

    private static String said(Verdict verdict) {
        if (verdict instanceof Granted granted) {
            return "granted to " + granted.getAccess().getName();
        }
        return "denied: " + ((Denied) verdict).getReason().getCode();
    }
}
