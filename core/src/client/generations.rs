//! Rotation on a plain RadiantOne, which has none: the token's next generation is made beside it, `NAME~2` after
//! `NAME`, `NAME~3` after that, and the older ones are deleted.
//!
//! It may stop at any point and be run again. Until the new secret has arrived nothing is deleted; what an earlier
//! run left behind, delivered or not, goes with the older ones once another has arrived.

use super::Client;
use crate::{
    AccessToken, Changed, Error, ErrorKind, Expiration, IssuedToken, NewToken, Result, Rotation, check_name,
};

/// What stands between a name and the number of its generation.
const MARK: char = '~';

/// Makes the next generation; without a delivery to wait for, the older ones end at once.
pub(super) async fn rotate(
    client: &Client,
    name: &str,
    rotation: &Rotation,
    deliver: bool,
) -> Result<IssuedToken> {
    if !rotation.grace.is_zero() {
        let text = "a plain RadiantOne ends no secret later: the older ones are deleted once the new one has arrived";
        return Err(Error::new(ErrorKind::Unsupported, "needs_gatepass", text).with_field("grace"));
    }
    let family = Family::of(client, name).await?;
    let newest = family.newest()?;
    let next = family.name_of(newest.0 + 1);
    check_name("name", &next)?;
    let mut asked = NewToken::new(next, newest.1.api);
    asked.expires = rotation.expires.clone().or(newest.1.expires_on.map(Expiration::At));
    asked.roles.clone_from(&newest.1.roles);
    asked.target_dn.clone_from(&newest.1.target_dn);
    let issued = client.create(&asked, None).await?;
    if !deliver {
        family.delete_before(client, newest.0 + 1).await?;
    }
    Ok(issued)
}

/// The newest generation has arrived, and the older ones go; or it has not, and goes itself.
pub(super) async fn settle(client: &Client, name: &str, delivered: bool) -> Result<Changed> {
    let family = Family::of(client, name).await?;
    let (number, newest) = family.newest()?;
    let token = newest.clone();
    if delivered {
        family.delete_before(client, *number).await?;
    } else {
        client.delete(&newest.name).await?;
    }
    Ok(Changed { token, revision: 0 })
}

/// The generations of a token that are there, by number.
struct Family {
    base: String,
    members: Vec<(u64, AccessToken)>,
}

impl Family {
    /// Of whichever generation the name is.
    async fn of(client: &Client, name: &str) -> Result<Self> {
        check_name("name", name)?;
        let (base, _) = parted(name);
        let tokens = client.all().await?;
        let of_base = |token: AccessToken| {
            let (own, number) = parted(&token.name);
            (own == base).then_some((number, token.clone()))
        };
        let mut members: Vec<_> = tokens.into_iter().filter_map(of_base).collect();
        members.sort_unstable_by_key(|(number, _)| *number);
        Ok(Self { base: base.to_owned(), members })
    }

    fn newest(&self) -> Result<&(u64, AccessToken)> {
        self.members.last().ok_or_else(|| {
            let text = "no token of this name exists";
            Error::new(ErrorKind::NotFound, "token_not_found", text).with_field("name")
        })
    }

    fn name_of(&self, number: u64) -> String {
        if number == 1 { self.base.clone() } else { format!("{}{MARK}{number}", self.base) }
    }

    async fn delete_before(&self, client: &Client, number: u64) -> Result<()> {
        for (_, token) in self.members.iter().filter(|(other, _)| *other < number) {
            match client.delete(&token.name).await {
                // Another run may have come first.
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }
}

/// A name without its number, and the number: from 2 on, as we write it; 1 for any other name.
fn parted(name: &str) -> (&str, u64) {
    let parts = name.rsplit_once(MARK).and_then(|(base, digits)| {
        let number: u64 = digits.parse().ok()?;
        (number >= 2 && number.to_string() == digits && !base.is_empty()).then_some((base, number))
    });
    parts.unwrap_or((name, 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generation_s_number_is_what_we_would_write() {
        assert_eq!(parted("nightly"), ("nightly", 1));
        assert_eq!(parted("nightly~2"), ("nightly", 2));
        assert_eq!(parted("a~b~10"), ("a~b", 10));
        for name in ["nightly~1", "nightly~02", "nightly~", "~2", "nightly~x", "nightly~18446744073709551616"]
        {
            assert_eq!(parted(name), (name, 1));
        }
    }
}
