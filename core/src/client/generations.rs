//! Rotation on a plain RadiantOne, which has none: the token's next generation is made beside it, `NAME~2` after
//! `NAME`, `NAME~3` after that, and the older ones are deleted.
//!
//! It may stop at any point and be run again. Until the new secret has arrived nothing is deleted; what an earlier
//! run left behind, delivered or not, goes with the older ones once another has arrived. Of two runs at once the one that
//! began first gives way: it deletes nothing, and is told so. Two that begin at the same moment ask for the same name, which
//! the server gives to one.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use super::Client;
use crate::{
    AccessToken, Changed, Digest, Error, ErrorKind, Expiration, IdempotencyKey, IssuedToken, NewToken,
    Result, Rotation, Status, check_name,
};

/// What stands between a name and the number of its generation.
const MARK: char = '~';
/// Deliveries that are remembered; who has more than these under way begins the oldest anew.
const MOST_DELIVERIES: usize = 1_000;

/// The secrets that are being delivered, by their digests, and the names of their generations: the server knows
/// neither digests nor deliveries.
#[derive(Debug, Default)]
pub(crate) struct Deliveries(Mutex<VecDeque<(Digest, String)>>);

impl Deliveries {
    fn begin(&self, digest: Digest, name: String) {
        let mut under_way = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if under_way.len() >= MOST_DELIVERIES {
            under_way.pop_front();
        }
        under_way.push_back((digest, name));
    }

    fn name_of(&self, digest: Digest) -> Option<String> {
        let under_way = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        under_way.iter().find(|(other, _)| *other == digest).map(|(_, name)| name.clone())
    }

    fn end(&self, digest: Digest) {
        let mut under_way = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        under_way.retain(|(other, _)| *other != digest);
    }
}

/// Makes the next generation; without a delivery to wait for, the older ones end at once.
pub(super) async fn rotate(
    client: &Client,
    name: &str,
    rotation: &Rotation,
    deliver: bool,
    key: Option<&IdempotencyKey>,
) -> Result<IssuedToken> {
    let lacking = |field, text| Err(super::lacking(field, text));
    if !rotation.grace.is_zero() {
        let text = "a plain RadiantOne ends no secret later: the older ones are deleted once the new one has arrived";
        return lacking("grace", text);
    }
    if key.is_some() {
        return lacking("idempotencyKey", "a plain RadiantOne knows no such keys");
    }
    let family = Family::of(client, name).await?;
    let (number, newest) = family.newest()?;
    if newest.status(client.clock.now()) == Status::Expired {
        let text = "an expired token cannot be rotated";
        return Err(Error::new(ErrorKind::Conflict, "token_expired", text));
    }
    let next = number.saturating_add(1);
    let mut asked = NewToken::new(family.name_of(next), newest.api);
    asked.expires = rotation.expires.clone().or(newest.expires_on.map(Expiration::At));
    asked.roles.clone_from(&newest.roles);
    asked.target_dn.clone_from(&newest.target_dn);
    let issued = client.create(&asked, None).await?;
    if deliver {
        client.deliveries.begin(issued.secret.digest(), asked.name);
    } else {
        family.delete_before(client, next).await?;
    }
    Ok(issued)
}

/// The secret with this digest has arrived, and the older generations go; or it has not, and its own goes.
pub(super) async fn settle(client: &Client, name: &str, digest: Digest, delivered: bool) -> Result<Changed> {
    let changed = |text| Error::new(ErrorKind::Conflict, "changed_meanwhile", text);
    let own = client.deliveries.name_of(digest);
    let own = own.ok_or_else(|| changed("this client delivers no such secret; rotate again"))?;
    let family = Family::of(client, name).await?;
    let found = family.members.iter().find(|(_, token)| token.name == own);
    let Some((number, token)) = found else {
        client.deliveries.end(digest);
        return Err(changed("the new secret's token was deleted meanwhile; rotate again"));
    };
    if delivered {
        if family.members.iter().any(|(other, _)| other > number) {
            client.deliveries.end(digest);
            return Err(changed("another rotation has begun since; its secret takes the place of this one"));
        }
        family.delete_before(client, *number).await?;
    } else {
        client.delete(&own).await?;
    }
    client.deliveries.end(digest);
    Ok(Changed { token: token.clone(), revision: 0 })
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
        let kind = |(_, token): &(u64, AccessToken)| (token.api, token.target_dn.clone());
        if members.iter().any(|member| members.first().is_some_and(|first| kind(first) != kind(member))) {
            let text = "tokens for several APIs or entries bear this name and numbers behind it: they are no generations of one token";
            return Err(Error::new(ErrorKind::Conflict, "name_ambiguous", text).with_field("name"));
        }
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
