//! What must not stand among the arguments: every user of a machine can read the arguments of a running program.

use std::ffi::OsString;

use gatepass::{Error, Result, Secret};

/// Refuses a token's secret, and a database's password, before anything else is made of the arguments: an error that
/// quotes them would carry it further.
///
/// # Errors
/// `secret_in_arguments`, `password_in_arguments`.
pub(crate) fn refuse_secrets(arguments: &[OsString]) -> Result<()> {
    for argument in arguments.iter().skip(1) {
        let text = argument.to_string_lossy();
        let words = text.split(|c: char| c == '=' || c.is_whitespace());
        if words.filter_map(|word| Secret::new(word).ok()).any(|secret| is_ours(&secret)) {
            let text = "a secret is never an argument, for others on this machine can read those; \
                        it comes on standard input, and one's own in GATEPASS_TOKEN. Rotate this one";
            return Err(Error::invalid("arguments", "secret_in_arguments", text));
        }
        if has_password(&text) {
            let text = "a store's password is never an argument, for others on this machine can read those; \
                        put the URL into GATEPASS_STORE, or the password into a PGPASSFILE";
            return Err(Error::invalid("store", "password_in_arguments", text));
        }
    }
    Ok(())
}

/// Whether this is a token's secret, or a session's token: three parts, the first of them a JSON object in base64.
fn is_ours(secret: &Secret) -> bool {
    let text = secret.reveal();
    secret.id().is_some()
        || text.starts_with("eyJ") && text.split('.').filter(|part| part.len() > 10).count() == 3
}

/// Whether this is, or ends in, a URL of PostgreSQL with a password. Where that is in doubt it is one.
fn has_password(argument: &str) -> bool {
    let lower = argument.to_ascii_lowercase();
    let rest = ["postgres://", "postgresql://"].iter().find_map(|scheme| lower.split_once(scheme));
    let Some((_, rest)) = rest else { return false };
    let user = rest.rsplit_once('@').map(|(user, _)| user);
    user.is_some_and(|user| user.contains(':')) || rest.contains("password=")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(arguments: &[&str]) -> Option<String> {
        let arguments: Vec<_> = arguments.iter().map(OsString::from).collect();
        refuse_secrets(&arguments).err().map(|error| error.code().to_owned())
    }

    #[test]
    fn secrets_and_passwords_are_found_wherever_they_stand() {
        let secret = "gpr_8fK2mQ0aZx71_d9Jw0Qb3yVn5uTz1KcXe7Lg2Rh4Ms6p0ghEG1";
        for text in [secret.to_owned(), format!("--secret={secret}"), format!("note=the secret is {secret}")]
        {
            assert_eq!(code(&["gatepass", &text]).as_deref(), Some("secret_in_arguments"), "{text}");
        }
        for text in [
            "postgres://ann:pass@db/tokens",
            "--store=postgresql://ann:pass@db/tokens",
            "postgres://ann:p/a?ss@db/tokens",
            "POSTGRES://ann:pass@db/tokens",
            "postgres://db/tokens?user=ann&password=pass",
        ] {
            assert_eq!(
                code(&["gatepass", "--store", text]).as_deref(),
                Some("password_in_arguments"),
                "{text}"
            );
        }
        for text in [
            "postgres://ann@db:5432/tokens",
            "postgres://[::1]:5432/tokens",
            "tokens.db",
            "a:b@c",
            "gpr_8fK2…",
        ] {
            assert_eq!(code(&["gatepass", "--store", text]), None, "{text}");
        }
    }
}
