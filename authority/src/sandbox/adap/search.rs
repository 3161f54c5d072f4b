//! Searches, whole and page by page: the vendor's page on optional search parameters.

use std::ops::ControlFlow;
use std::sync::Arc;

use axum::response::Response;
use gatepass::wire::adap::{CUT, ENDED_EARLY, NO_COOKIE, PAGE, ReturnMode, SearchScope};
use gatepass::{Dn, Error, ErrorKind, Result};

use super::super::filter::Filter;
use super::super::search::Search;
use super::answer::Form;
use super::{Answer, Caller, Target};
use crate::body::{Query, json_bytes};

/// Entries that are looked for where nobody says how many: the vendor's default.
const SIZE_LIMIT: u64 = 1000;
/// Entries of a page at the most; whoever asks for more gets a cookie sooner.
const PAGE_LIMIT: u64 = 10_000;

pub(super) async fn search(caller: Caller, Target(base): Target, query: Query) -> Answer {
    refuse_unsupported(&query)?;
    let form = form(&query)?;
    let cookie = query.text("cookie").filter(|cookie| *cookie != NO_COOKIE);
    let size = query.parsed::<u64>("pageSize")?;
    match (size, cookie) {
        (Some(0), Some(cookie)) => end(&caller, cookie),
        (size, Some(cookie)) => go_on(caller, cookie, size.unwrap_or(SIZE_LIMIT), form).await,
        (None | Some(0), None) => whole(caller, parsed(base, &query)?, &query, form).await,
        (Some(size), None) => begin(caller, parsed(base, &query)?, size, form).await,
    }
}

fn parsed(base: Dn, query: &Query) -> Result<Search> {
    let filter = query.text("filter").map_or_else(|| Ok(Filter::everything()), Filter::parse)?;
    let scope = query.text("scope").map_or(Ok(SearchScope::Sub), str::parse)?;
    Ok(Search::new(base, scope, filter))
}

fn form(query: &Query) -> Result<Form> {
    let mode = match query.text("returnMode") {
        None => None,
        Some("array") => Some(ReturnMode::Array),
        Some("ldapschema") => Some(ReturnMode::LdapSchema),
        Some(_) => return Err(malformed("returnMode", "expected array or ldapschema")),
    };
    Ok(Form::new(query.text("attributes"), mode))
}

/// What would give another answer than the real server's is not passed over.
fn refuse_unsupported(query: &Query) -> Result<()> {
    let unsupported = |text| Err(Error::new(ErrorKind::Unsupported, "unwilling_to_perform", text));
    if query.text("contextFilter").is_some() {
        return unsupported("the sandbox knows no contextFilter; use filter and scope");
    }
    if query.text("context").is_some_and(|context| context != "false") {
        return unsupported("the sandbox shows no context; ask for the entries above by their names");
    }
    match query.text("derefAliases") {
        None | Some("0") => Ok(()),
        Some("1" | "2" | "3") => unsupported("the sandbox follows no aliases"),
        Some(_) => Err(malformed("derefAliases", "expected a number from 0 to 3")),
    }
}

/// All of it in one answer, up to the limit.
async fn whole(caller: Caller, search: Search, query: &Query, form: Form) -> Answer {
    let limit = match query.parsed::<u64>("sizeLimit")?.unwrap_or(SIZE_LIMIT) {
        0 => u64::MAX,
        limit => limit,
    };
    let first = query.parsed::<u64>("startIndex")?.unwrap_or(1).max(1);
    let count = query.parsed::<u64>("count")?.unwrap_or(u64::MAX);
    let answer = caller.sandbox.store.read(move |conn| {
        let mut answer = Page::new();
        let (mut seen, mut cut) = (0_u64, false);
        search.run(conn, None, |entry| {
            if seen == limit {
                cut = true;
                return Ok(ControlFlow::Break(()));
            }
            seen += 1;
            if seen >= first && answer.count < count {
                form.write(conn, &entry, &mut answer.out)?;
                answer.count += 1;
            }
            Ok(ControlFlow::Continue(()))
        })?;
        let total = if cut { CUT } else { i64::try_from(seen).unwrap_or(i64::MAX) };
        Ok(answer.end(total, None))
    });
    Ok(json_bytes(answer.await?))
}

/// The first page.
async fn begin(caller: Caller, search: Search, size: u64, form: Form) -> Answer {
    let search = Arc::new(search);
    let (page, next) = page(&caller, Arc::clone(&search), None, size, form).await?;
    let now = caller.sandbox.clock.boot_time();
    let owner = owner(&caller);
    let cookie = next.map(|next| caller.sandbox.cursors.begin(search, &owner, next, now)).transpose()?;
    Ok(paged(page, cookie.as_deref()))
}

/// A page behind another one.
async fn go_on(caller: Caller, cookie: &str, size: u64, form: Form) -> Answer {
    let cursors = &caller.sandbox.cursors;
    let place = cursors.find(cookie, &owner(&caller), caller.sandbox.clock.boot_time())?;
    let (page, next) = page(&caller, Arc::clone(&place.search), place.after.clone(), size, form).await?;
    Ok(paged(page, cursors.go_on(&place, next).as_deref()))
}

/// No more of it.
fn end(caller: &Caller, cookie: &str) -> Answer {
    let cursors = &caller.sandbox.cursors;
    cursors.end(&cursors.find(cookie, &owner(caller), caller.sandbox.clock.boot_time())?);
    Ok(json_bytes(Page::new().end(ENDED_EARLY, Some(NO_COOKIE))))
}

/// A cookie is good for the token that it was given to, acting as it did.
fn owner(caller: &Caller) -> Arc<str> {
    let acting = &caller.acting;
    format!("{} {}", acting.name, acting.dn().map(Dn::as_str).unwrap_or_default()).into()
}

/// The entries of a page, and the key behind which the next one begins, if there is one.
async fn page(
    caller: &Caller,
    search: Arc<Search>,
    after: Option<Vec<u8>>,
    size: u64,
    form: Form,
) -> Result<(Page, Option<Vec<u8>>)> {
    let size = size.clamp(1, PAGE_LIMIT);
    let read = caller.sandbox.store.read(move |conn| {
        let mut page = Page::new();
        let (mut last, mut more) = (None, false);
        search.run(conn, after.as_deref(), |entry| {
            if page.count == size {
                more = true;
                return Ok(ControlFlow::Break(()));
            }
            form.write(conn, &entry, &mut page.out)?;
            page.count += 1;
            last = Some(entry.key);
            Ok(ControlFlow::Continue(()))
        })?;
        Ok((page, last.filter(|_| more)))
    });
    read.await
}

fn paged(page: Page, cookie: Option<&str>) -> Response {
    json_bytes(page.end(PAGE, Some(cookie.unwrap_or(NO_COOKIE))))
}

/// An answer that is being written.
struct Page {
    out: Vec<u8>,
    count: u64,
}

impl Page {
    fn new() -> Self {
        Self { out: b"{\"resources\":[".to_vec(), count: 0 }
    }

    /// A cookie has no character that would have to be escaped.
    fn end(mut self, total: i64, cookie: Option<&str>) -> Vec<u8> {
        let count = self.count;
        self.out.extend_from_slice(format!("],\"totalResults\":{total},\"count\":{count}").as_bytes());
        if let Some(cookie) = cookie {
            self.out.extend_from_slice(format!(",\"cookie\":\"{cookie}\"").as_bytes());
        }
        self.out.push(b'}');
        self.out
    }
}

/// The topmost entries (RFC 4512 section 5.1).
pub(super) async fn root_dse(caller: Caller, query: Query) -> Answer {
    let root = gatepass::wire::adap::Attributes::new()
        .with("objectClass", ["top"])
        .with("namingContexts", [caller.sandbox.base.as_str()])
        .with("supportedLDAPVersion", ["3"])
        .with("vendorName", ["Gatepass sandbox"])
        .with("vendorVersion", [env!("CARGO_PKG_VERSION")]);
    let form = form(&query)?;
    let answer = caller.sandbox.store.read(move |conn| {
        let mut page = Page::new();
        page.count = 1;
        form.write(conn, &super::super::entry::Stored::nowhere(root), &mut page.out)?;
        Ok(page.end(1, None))
    });
    Ok(json_bytes(answer.await?))
}

fn malformed(name: &'static str, text: &'static str) -> Error {
    Error::invalid(name, "parameter_malformed", text)
}
