//! A check on its way to JavaScript and back. Most come back as a small number, by which `ts/guard.ts` finds the object
//! that it made before; a text comes where there is something new to say.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::net::IpAddr;
use std::rc::Rc;

use gatepass::{Access, Authorization, Denied, Error, ErrorKind, Guard, Reason, Verdict};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::raw::{Body, Given, Said};

/// Accesses of which JavaScript keeps an object: a few thousand tokens that are in use at a time. A power of two.
const KEPT: usize = 4096;

/// Numbers below those of the reasons, for what is no verdict: `ts/guard.ts` makes errors of them.
const WRONG_AUTHORIZATION: i32 = -1001;
const WRONG_PEER: i32 = -1002;
const CLOSED: i32 = -1003;
const PANICKED: i32 = -1004;

/// A guard as one thread of JavaScript has it.
pub(crate) struct Checker {
    guard: RefCell<Option<Guard>>,
    grants: Rc<Grants>,
}

/// What JavaScript keeps of grants, for all guards of a verifier: what is said of a token is the same for each of them.
#[derive(Default)]
pub(crate) struct Grants {
    kept: RefCell<Vec<Kept>>,
    /// What texts are put together in.
    text: RefCell<String>,
}

/// A place for an access. A token takes it when it is seen there twice in a row: of a million tokens that are each seen
/// once nothing is kept, which would cost more than it saves.
#[derive(Default)]
struct Kept {
    access: Option<Access>,
    seen: u32,
}

/// What is said of a grant that JavaScript has no object for.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Granted<'a> {
    id: &'a str,
    name: &'a str,
    api: &'a str,
    roles: Vec<&'a str>,
    scopes: Vec<String>,
    target_dn: Option<&'a str>,
    /// In milliseconds since 1970.
    expires_on: Option<i64>,
    /// What a token of another issuer says, and of whom it is by whom; not there for an access token.
    #[serde(flatten)]
    said: Option<Claimed<'a>>,
}

#[derive(Serialize)]
struct Claimed<'a> {
    subject: Option<&'a str>,
    issuer: Option<&'a str>,
    claims: &'a RawValue,
}

impl Checker {
    pub(crate) fn new(guard: Guard, grants: Rc<Grants>) -> Rc<Self> {
        Rc::new(Self { guard: RefCell::new(Some(guard)), grants })
    }

    /// The guard itself, to be moved into what runs on.
    pub(crate) fn guard(&self) -> gatepass::Result<Guard> {
        let closed = || Error::new(ErrorKind::Closed, "closed", "this guard was closed");
        self.guard.borrow().clone().ok_or_else(closed)
    }

    /// Lets go of the index. What is checked after that is an error, `closed`.
    pub(crate) fn close(&self) {
        self.guard.take();
    }

    /// The scopes that are wanted, separated by spaces; none any more once it was closed.
    pub(crate) fn scope(&self) -> String {
        self.guard.borrow().as_ref().map(|guard| guard.scope().to_owned()).unwrap_or_default()
    }
}

impl Grants {
    /// Lets go of what was kept.
    pub(crate) fn forget(&self) {
        self.kept.take();
    }

    fn answer(&self, verdict: Verdict, answer: &mut dyn FnMut(Said<'_>)) {
        match verdict {
            Ok(access) => self.granted(access, answer),
            Err(denied) => self.denied(&denied, answer),
        }
    }

    /// The number of the access, where JavaScript keeps an object of it; else what there is to make one of.
    fn granted(&self, access: Access, answer: &mut dyn FnMut(Said<'_>)) {
        let hash = hash_of(access.id().as_str());
        let place = hash as usize & (KEPT - 1);
        let mut kept = self.kept.borrow_mut();
        if kept.is_empty() {
            kept.resize_with(KEPT, Kept::default);
        }
        let Some(kept) = kept.get_mut(place) else { return answer(Said::Number(CLOSED)) };
        if kept.access.as_ref().is_some_and(|before| before.is_same(&access)) {
            return answer(Said::Number(i32::try_from(place).unwrap_or(PANICKED)));
        }
        let again = std::mem::replace(&mut kept.seen, hash) == hash;
        let mut text = self.text.borrow_mut();
        describe(&access, again.then_some(place), &mut text);
        answer(Said::Text(&text));
        if again {
            kept.access = Some(access);
        }
    }

    fn denied(&self, denied: &Denied, answer: &mut dyn FnMut(Said<'_>)) {
        let number = number_of(denied.reason);
        let Some(id) = denied.id else { return answer(Said::Number(-1 - number)) };
        let mut text = self.text.borrow_mut();
        refuse(number, id.as_str(), &mut text);
        answer(Said::Text(&text));
    }
}

/// A verdict as a text, for a check that is not made again and again.
pub(crate) fn verdict_text(verdict: &Verdict) -> String {
    let mut text = String::new();
    match verdict {
        Ok(access) => describe(access, None, &mut text),
        Err(denied) => {
            let id = denied.id.map(|id| id.to_string()).unwrap_or_default();
            refuse(number_of(denied.reason), &id, &mut text);
        }
    }
    text
}

/// An exclamation mark, the reason's number in three digits, and the token's id where it is known.
fn refuse(number: i32, id: &str, text: &mut String) {
    text.clear();
    write!(text, "!{number:03}{id}").ok();
}

/// By the last letters of the id, which are random.
fn hash_of(id: &str) -> u32 {
    id.bytes().rev().take(6).fold(0, |hash: u32, byte| hash.wrapping_mul(61).wrapping_add(byte.into()))
}

/// The reason's place among all, in which JavaScript has them too.
fn number_of(reason: Reason) -> i32 {
    let number = Reason::ALL.iter().position(|other| *other == reason).unwrap_or_default();
    i32::try_from(number).unwrap_or_default()
}

/// The place, in four digits, where it is to be kept there, and all the rest as JSON.
fn describe(access: &Access, place: Option<usize>, text: &mut String) {
    let id = access.id();
    let granted = Granted {
        id: id.as_str(),
        name: access.name(),
        api: access.api().as_str(),
        roles: access.roles().collect(),
        scopes: access.scopes(),
        target_dn: access.target_dn(),
        expires_on: access.expires_on().map(gatepass::Timestamp::as_millis),
        said: access.claims_json().and_then(|claims| {
            let claims = serde_json::from_str(claims).ok()?;
            Some(Claimed { subject: access.subject(), issuer: access.issuer(), claims })
        }),
    };
    text.clear();
    if let Some(place) = place {
        write!(text, "{place:04}").ok();
    }
    text.push_str(&serde_json::to_string(&granted).unwrap_or_default());
}

/// `guard.check`: the header's value or values, and the peer's address.
pub(crate) struct Check(pub(crate) Rc<Checker>);

/// `guard.checkSecret`: a bare secret, and the peer's address.
pub(crate) struct CheckSecret(pub(crate) Rc<Checker>);

impl Body for Check {
    const PANICKED: i32 = PANICKED;

    fn call(&self, authorization: Given<'_>, peer: Given<'_>, answer: &mut dyn FnMut(Said<'_>)) {
        let authorization: Authorization<'_> = match authorization {
            Given::Nothing => None::<&[u8]>.into(),
            Given::Text(text) => text.into(),
            Given::Several => ["", ""].into_iter().collect(),
            Given::Other => return answer(Said::Number(WRONG_AUTHORIZATION)),
        };
        ask(&self.0, peer, answer, |guard, peer| guard.check(authorization, peer));
    }
}

impl Body for CheckSecret {
    const PANICKED: i32 = PANICKED;

    fn call(&self, secret: Given<'_>, peer: Given<'_>, answer: &mut dyn FnMut(Said<'_>)) {
        let Given::Text(secret) = secret else { return answer(Said::Number(WRONG_AUTHORIZATION)) };
        // What was read from JavaScript is UTF-8.
        let secret = std::str::from_utf8(secret).unwrap_or_default();
        ask(&self.0, peer, answer, |guard, peer| guard.check_secret(secret, peer));
    }
}

/// What is no address is not known: a token that is bound to networks is then denied.
pub(crate) fn address(peer: Option<&str>) -> Option<IpAddr> {
    peer?.parse().ok()
}

fn ask(
    checker: &Checker,
    peer: Given<'_>,
    answer: &mut dyn FnMut(Said<'_>),
    check: impl FnOnce(&Guard, Option<IpAddr>) -> Verdict,
) {
    let peer = match peer {
        Given::Nothing => None,
        Given::Text(text) => address(std::str::from_utf8(text).ok()),
        Given::Several | Given::Other => return answer(Said::Number(WRONG_PEER)),
    };
    let verdict = match &*checker.guard.borrow() {
        Some(guard) => check(guard, peer),
        None => return answer(Said::Number(CLOSED)),
    };
    checker.grants.answer(verdict, answer);
}
