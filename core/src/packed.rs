//! A token as it travels to an index, many at a time: what a check looks at and no more, by position.

use std::borrow::Cow;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

#[cfg(feature = "store")]
use crate::bucket::{Rare, Slot};
use crate::{AccessToken, Digest, Error, Result, Timestamp, TokenId, TokenRecord};

/// A token's id, name, API, roles, application scopes, target DN, networks, not-before instant, expiry, end of the grace,
/// instant of its revocation, digest, and the digest before its last rotation. Instants are milliseconds after 1970.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Packed<'a>(
    Cow<'a, str>,
    Cow<'a, str>,
    Cow<'a, str>,
    Option<Cow<'a, [String]>>,
    Option<Cow<'a, [String]>>,
    Option<Cow<'a, str>>,
    #[cfg_attr(feature = "schema", schemars(with = "Option<Vec<String>>"))] Option<Cow<'a, [IpNet]>>,
    Option<i64>,
    Option<i64>,
    Option<i64>,
    Option<i64>,
    Digest,
    Cow<'a, str>,
);

impl<'a> From<&'a TokenRecord> for Packed<'a> {
    fn from(record: &'a TokenRecord) -> Self {
        fn list<T: Clone>(list: &[T]) -> Option<Cow<'_, [T]>> {
            (!list.is_empty()).then_some(Cow::Borrowed(list))
        }
        let token = record.token();
        let millis = |instant: Option<Timestamp>| instant.map(Timestamp::as_millis);
        Self(
            record.id().to_string().into(),
            token.name.as_str().into(),
            token.api.as_str().into(),
            list(&token.roles),
            list(&token.scopes),
            token.target_dn.as_deref().map(Cow::Borrowed),
            list(&token.networks),
            millis(token.not_before),
            millis(token.expires_on),
            millis(token.grace_until),
            millis(token.revoked_on),
            record.digest(),
            record.previous_digest().map(|digest| digest.to_string()).unwrap_or_default().into(),
        )
    }
}

#[cfg(feature = "store")]
impl<'a> Packed<'a> {
    /// A token of the index, which knows of a revocation that it was, and not when.
    pub(crate) fn of_slot(
        slot: &'a Slot,
        (name, target_dn): (&'a str, Option<&'a str>),
        rare: Option<&'a Rare>,
    ) -> Self {
        fn list(list: &[Box<str>]) -> Option<Cow<'_, [String]>> {
            let owned = || list.iter().map(ToString::to_string).collect();
            (!list.is_empty()).then(|| Cow::Owned(owned()))
        }
        let millis = |instant: Option<Timestamp>| instant.map(Timestamp::as_millis);
        let previous = rare.and_then(|rare| rare.previous);
        let grace = previous.map(|(_, grace)| grace).filter(|grace| *grace != Timestamp::MIN);
        let networks = rare.map(|rare| &*rare.networks).filter(|networks| !networks.is_empty());
        Self(
            slot.id.as_str().into(),
            name.into(),
            slot.api().as_str().into(),
            list(&slot.grant.roles),
            list(&slot.grant.scopes),
            target_dn.map(Cow::Borrowed),
            networks.map(Cow::Borrowed),
            rare.and_then(|rare| millis(rare.not_before)),
            millis(slot.expires_on()),
            millis(grace),
            slot.revoked().then_some(0),
            slot.digest,
            previous.map(|(digest, _)| digest.to_string()).unwrap_or_default().into(),
        )
    }
}

impl Packed<'_> {
    /// The same, with texts of its own.
    #[cfg(feature = "store")]
    pub(crate) fn into_owned(self) -> Packed<'static> {
        fn own<T: ToOwned + ?Sized>(part: Cow<'_, T>) -> Cow<'static, T> {
            Cow::Owned(part.into_owned())
        }
        let Self(id, name, api, roles, scopes, dn, networks, from, end, grace, revoked, digest, previous) =
            self;
        let (roles, scopes, dn) = (roles.map(own), scopes.map(own), dn.map(own));
        let networks = networks.map(own);
        Packed(
            own(id),
            own(name),
            own(api),
            roles,
            scopes,
            dn,
            networks,
            from,
            end,
            grace,
            revoked,
            digest,
            own(previous),
        )
    }

    /// The record of this token. When it was made is not known.
    ///
    /// # Errors
    /// Those of its parts, and of [`TokenRecord::new`].
    pub fn unpack(self) -> Result<TokenRecord> {
        let Self(
            id,
            name,
            api,
            roles,
            scopes,
            target_dn,
            networks,
            from,
            end,
            grace,
            revoked,
            digest,
            previous,
        ) = self;
        let instant = |millis: i64| {
            let text = "outside the years 1 to 9999";
            Timestamp::from_millis(millis)
                .ok_or_else(|| Error::invalid("instant", "instant_out_of_range", text))
        };
        let maybe = |millis: Option<i64>| millis.map(instant).transpose();
        let token = AccessToken {
            id: Some(id.parse::<TokenId>()?),
            roles: roles.map(Cow::into_owned).unwrap_or_default(),
            scopes: scopes.map(Cow::into_owned).unwrap_or_default(),
            target_dn: target_dn.map(Cow::into_owned),
            networks: networks.map(Cow::into_owned).unwrap_or_default(),
            not_before: maybe(from)?,
            expires_on: maybe(end)?,
            grace_until: maybe(grace)?,
            revoked_on: maybe(revoked)?,
            ..AccessToken::new(name, api.parse()?, Timestamp::MIN)
        };
        let previous = if previous.is_empty() { None } else { Some(previous.parse()?) };
        TokenRecord::new(token, digest, previous)
    }
}
