//! Making and reading secrets.

use std::hint::black_box;

use gatepass::{Api, Secret};
use rand::TryRng as _;
use rand::rngs::SysRng;
use sha2::{Digest, Sha256};

use crate::harness::{Bar, Row, in_turn};

pub(crate) fn run() -> Vec<Row> {
    let text = Secret::generate(Api::Rest).unwrap().reveal().to_owned();
    let generated = in_turn(
        20,
        5_000,
        |_, count| (0..count).for_each(|_| drop(black_box(Secret::generate(Api::Rest).unwrap()))),
        |_, count| (0..count).for_each(|_| system_bytes()),
    );
    let parsed = in_turn(
        20,
        50_000,
        |_, count| {
            (0..count).for_each(|_| {
                black_box(Secret::new(black_box(text.as_str())).unwrap().id());
            });
        },
        |_, count| {
            (0..count).for_each(|_| {
                black_box(Sha256::digest(black_box(text.as_bytes())));
            });
        },
    );
    vec![
        Row::compared("generate a secret", "ns", "43 bytes from the system", &generated, Bar::None),
        Row::compared("parse a secret and its id", "ns", "SHA-256 of it", &parsed, Bar::None),
    ]
}

fn system_bytes() {
    let mut bytes = [0; 43];
    SysRng.try_fill_bytes(&mut bytes).unwrap();
    black_box(bytes);
}
