//! The tokens to measure with: names of 24 bytes, 30 % with a target DN, 5 % in the grace of a rotation.

use std::time::Duration;

use gatepass::{
    Api, Caller, Issuer, NewToken, RoleBook, Rotation, Timestamp, TokenPolicy, TokenRecord, days,
};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

/// The application scopes that tokens carry, a few sets of them, as in life.
const SCOPES: [&[&str]; 4] = [
    &["orders:read"],
    &["orders:read", "orders:write"],
    &["orders:read", "stock:read"],
    &["audit", "orders:read"],
];

pub(crate) const NOW: Timestamp = match Timestamp::from_millis(1_790_000_000_000) {
    Some(now) => now,
    None => Timestamp::MAX,
};

/// A token as its user has it and as the verifier does.
pub(crate) struct Sample {
    /// The whole `Authorization` header.
    pub(crate) header: Box<str>,
    pub(crate) record: TokenRecord,
}

/// So many tokens, made as they are asked for; the same each time.
pub(crate) fn samples(count: usize) -> impl ExactSizeIterator<Item = Sample> {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let (book, caller) = (RoleBook::default(), Caller::owner("bench"));
    let issuer = Issuer::new(gatepass::Brand::default(), TokenPolicy::default());
    (0..count).map(move |at| {
        let mut asked = NewToken::new(format!("service-{at:016}"), Api::Rest).expires(days(90));
        if rng.random_ratio(3, 10) {
            asked = asked.target_dn(format!("uid=svc-{at:07},ou=services,o=acme"));
        }
        for scope in SCOPES[rng.random_range(0..SCOPES.len())] {
            asked = asked.scope(*scope);
        }
        let mut new = issuer.issue(&asked, &caller, &book, NOW, &mut rng).unwrap();
        if rng.random_ratio(1, 20) {
            let rotation = Rotation::with_grace(Duration::from_hours(24));
            new = issuer.rotate(&new.record, &rotation, &caller, &book, NOW, &mut rng).unwrap();
        }
        Sample { header: format!("Bearer {}", new.secret.reveal()).into(), record: new.record }
    })
}
