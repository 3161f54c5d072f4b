//! Listing: which tokens, in which order, a page at a time.

use std::collections::BTreeSet;

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use gatepass::{Api, Gatepass, NewToken, Status, TokenFilter, days};

use crate::support::{DAY, HOUR, Place, clock, instant, rest};

async fn names(gp: &Gatepass, filter: TokenFilter) -> Vec<String> {
    gp.tokens().list(filter).map_ok(|token| token.name).try_collect().await.unwrap()
}

fn containing(text: &str) -> TokenFilter {
    TokenFilter::default().name_contains(text)
}

async fn each_filter_keeps_what_fits_and_they_add_up(place: Place) {
    let clock = clock();
    let gp = place.open_at(&clock).await;
    let tokens = gp.tokens();
    let _ = tokens.create(rest("active")).await.unwrap();
    let _ = tokens.create(rest("later").not_before(instant("2026-03-20T00:00:00Z"))).await.unwrap();
    let _ = tokens.create(NewToken::new("short", Api::Scim).expires(days(2))).await.unwrap();
    let _ = tokens.create(NewToken::new("soon", Api::Scim).expires(days(1))).await.unwrap();
    let _ =
        tokens.create(NewToken::new("config", Api::Config).expires(days(5)).role("Read Only")).await.unwrap();
    let _ = tokens
        .create(NewToken::new("revoked", Api::Config).expires(days(5)).role("Read Only"))
        .await
        .unwrap();
    tokens.revoke("revoked").await.unwrap();
    clock.advance(DAY);

    let filter = TokenFilter::default;
    assert_eq!(names(&gp, filter()).await, ["active", "config", "later", "revoked", "short", "soon"]);
    assert_eq!(names(&gp, filter().api(Api::Config)).await, ["config", "revoked"]);
    assert_eq!(names(&gp, filter().api(Api::Scim)).await, ["short", "soon"]);
    assert_eq!(names(&gp, filter().status(Status::Active)).await, ["active", "config", "short"]);
    assert_eq!(names(&gp, filter().status(Status::NotYetValid)).await, ["later"]);
    assert_eq!(names(&gp, filter().status(Status::Expired)).await, ["soon"]);
    assert_eq!(names(&gp, filter().status(Status::Revoked)).await, ["revoked"]);
    // Exactly one day from now on `short` ends: that is within.
    assert_eq!(names(&gp, filter().expires_within(DAY)).await, ["short"]);
    assert_eq!(names(&gp, filter().expires_within(23 * HOUR)).await, [""; 0]);
    assert_eq!(names(&gp, filter().expires_within(4 * DAY)).await, ["config", "short"]);
    let all_time = filter().expires_within(std::time::Duration::MAX);
    assert_eq!(names(&gp, all_time).await, ["active", "config", "later", "short"]);
    let several = containing("O").api(Api::Config).status(Status::Active).expires_within(9 * DAY);
    assert_eq!(names(&gp, several).await, ["config"]);
    for token in gp.tokens().list(filter()).try_collect::<Vec<_>>().await.unwrap() {
        assert_eq!(token, gp.tokens().get(&token.name).await.unwrap());
    }
}

async fn the_order_is_that_of_the_bytes(place: Place) {
    let gp = place.open().await;
    let long = "\u{1F511}".repeat(1000);
    let odd =
        ["b", "B", "a", "A", "_", "%", "\\", "a b", "a-b", "\u{e4}", "z", "\u{1F600}", "\u{ff5e}", &long];
    for name in odd {
        let _ = gp.tokens().create(rest(name)).await.unwrap();
    }
    let mut expected = odd.map(str::to_owned);
    expected.sort();
    assert_eq!(names(&gp, TokenFilter::default()).await, expected);
    for (at, name) in expected.iter().enumerate() {
        let page = gp.tokens().page(&TokenFilter::default(), Some(name), Some(1)).await.unwrap();
        assert_eq!(page.tokens.first().map(|token| &token.name), expected.get(at + 1));
        assert_eq!(page.next.is_some(), at + 2 < expected.len());
    }
}

async fn a_text_in_the_name_stands_for_itself(place: Place) {
    let gp = place.open().await;
    for name in ["100%", "100x", "a_b", "axb", "c\\d", "c\\\\d", "Mixed Case", "\u{c4}rger", "quo'te\"s"] {
        let _ = gp.tokens().create(rest(name)).await.unwrap();
    }
    assert_eq!(names(&gp, containing("%")).await, ["100%"]);
    assert_eq!(names(&gp, containing("0%")).await, ["100%"]);
    assert_eq!(names(&gp, containing("_")).await, ["a_b"]);
    assert_eq!(names(&gp, containing("\\")).await, ["c\\\\d", "c\\d"]);
    assert_eq!(names(&gp, containing("\\\\")).await, ["c\\\\d"]);
    assert_eq!(names(&gp, containing("d cAS")).await, ["Mixed Case"]);
    assert_eq!(names(&gp, containing("'te\"")).await, ["quo'te\"s"]);
    // Of other letters the case counts, on either system.
    assert_eq!(names(&gp, containing("\u{c4}RG")).await, ["\u{c4}rger"]);
    assert_eq!(names(&gp, containing("\u{e4}rg")).await, [""; 0]);
    assert_eq!(names(&gp, containing("")).await.len(), 9);
    // What no name can hold is in none.
    assert_eq!(names(&gp, containing("a\0b")).await, [""; 0]);
    assert_eq!(names(&gp, containing(&"%".repeat(200_000))).await, [""; 0]);
}

async fn more_tokens_than_a_page_holds_are_all_listed_once(place: Place) {
    let gp = place.open().await;
    let made = stream::iter(0..1203)
        .map(async |number| gp.tokens().create(rest(format!("token {number:04}"))).await.unwrap().token.name);
    let made: BTreeSet<_> = made.buffer_unordered(300).collect().await;
    let listed = names(&gp, TokenFilter::default()).await;
    assert_eq!(listed, made.into_iter().collect::<Vec<_>>());
    let (mut cursor, mut sizes) = (None::<String>, Vec::new());
    loop {
        let page = gp.tokens().page(&containing("token"), cursor.as_deref(), Some(401)).await.unwrap();
        sizes.push(page.tokens.len());
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(sizes, [401, 401, 401]);
    let page =
        async |limit| gp.tokens().page(&TokenFilter::default(), None, limit).await.unwrap().tokens.len();
    assert_eq!((page(None).await, page(Some(0)).await, page(Some(u32::MAX)).await), (100, 1, 1000));
    let past = gp.tokens().page(&TokenFilter::default(), Some("zz\0"), None).await.unwrap();
    assert_eq!((past.tokens.len(), past.next), (0, None));
}

on_each_store!(
    each_filter_keeps_what_fits_and_they_add_up,
    the_order_is_that_of_the_bytes,
    a_text_in_the_name_stands_for_itself,
    more_tokens_than_a_page_holds_are_all_listed_once,
);
