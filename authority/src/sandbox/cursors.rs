//! Where paged searches are: a cookie stands for a search and a place in it, until nobody has asked for a while.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use gatepass::{Error, ErrorKind, Result};
use rand::TryRng as _;

use super::search::Search;

/// How long a cookie is good for, if it is not used: the vendor's default.
const IDLE: Duration = Duration::from_mins(1);
/// Searches at a time; the one that was not asked for the longest gives way.
const MOST: usize = 4096;

/// All searches that are under way.
#[derive(Default)]
pub(super) struct Cursors(Mutex<HashMap<String, Cursor>>);

struct Cursor {
    search: Arc<Search>,
    owner: Arc<str>,
    used: Duration,
    /// How many pages were given, and behind which keys the last one and the next one begin. A page whose answer was
    /// lost can be asked for again, and once the next one was asked for it is gone.
    page: u64,
    last: Option<Vec<u8>>,
    next: Vec<u8>,
}

/// A search, and where it goes on.
pub(super) struct Place {
    pub(super) id: String,
    pub(super) search: Arc<Search>,
    pub(super) after: Option<Vec<u8>>,
    page: u64,
}

impl Cursors {
    /// Where the search of this cookie goes on.
    ///
    /// # Errors
    /// `unwilling_to_perform`, where there is none, or not of this owner.
    pub(super) fn find(&self, cookie: &str, owner: &str, now: Duration) -> Result<Place> {
        let mut all = self.lock();
        all.retain(|_, cursor| now.saturating_sub(cursor.used) < IDLE);
        let (id, page) = parse(cookie).ok_or_else(gone)?;
        let cursor = all.get_mut(id).filter(|cursor| &*cursor.owner == owner).ok_or_else(gone)?;
        let after = match page {
            _ if page == cursor.page => Some(cursor.next.clone()),
            _ if page + 1 == cursor.page => cursor.last.clone(),
            _ => return Err(gone()),
        };
        cursor.used = now;
        Ok(Place { id: id.to_owned(), search: Arc::clone(&cursor.search), after, page })
    }

    /// Begins a search that has a second page, behind this key. Gives its cookie.
    pub(super) fn begin(
        &self,
        search: Arc<Search>,
        owner: &Arc<str>,
        next: Vec<u8>,
        now: Duration,
    ) -> Result<String> {
        let mut bytes = [0; 16];
        rand::rngs::SysRng.try_fill_bytes(&mut bytes).map_err(|error| {
            Error::new(ErrorKind::Internal, "random", "the system gives no random numbers").with_cause(error)
        })?;
        let id = format!("{:032x}", u128::from_be_bytes(bytes));
        let mut all = self.lock();
        all.retain(|_, cursor| now.saturating_sub(cursor.used) < IDLE);
        if all.len() >= MOST
            && let Some(oldest) = all.iter().min_by_key(|(_, cursor)| cursor.used).map(|(id, _)| id.clone())
        {
            all.remove(&oldest);
        }
        let cookie = cookie(&id, 1);
        all.insert(id, Cursor { search, owner: Arc::clone(owner), used: now, page: 1, last: None, next });
        Ok(cookie)
    }

    /// Goes on behind this key, or ends. Gives the cookie of the next page.
    pub(super) fn go_on(&self, place: &Place, next: Option<Vec<u8>>) -> Option<String> {
        let mut all = self.lock();
        let cursor = all.get_mut(&place.id)?;
        cursor.last.clone_from(&place.after);
        cursor.page = place.page + 1;
        // Where it has ended, the last page may still be asked for again.
        let ended = next.is_none();
        cursor.next = next.unwrap_or_else(|| vec![0xff]);
        (!ended).then(|| cookie(&place.id, cursor.page))
    }

    /// Ends a search.
    pub(super) fn end(&self, place: &Place) {
        self.lock().remove(&place.id);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Cursor>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn cookie(id: &str, page: u64) -> String {
    format!("{id}.{page}")
}

fn parse(cookie: &str) -> Option<(&str, u64)> {
    let (id, page) = cookie.split_once('.')?;
    Some((id, page.parse().ok()?))
}

fn gone() -> Error {
    let text = "the cookie is not, or no longer, one of a search that is under way";
    Error::new(ErrorKind::Unsupported, "unwilling_to_perform", text)
}

#[cfg(test)]
mod tests {
    use gatepass::Dn;
    use gatepass::wire::adap::SearchScope;

    use super::super::filter::Filter;
    use super::*;

    fn search() -> Arc<Search> {
        let base = Dn::parse("dn", "o=acme").unwrap();
        Arc::new(Search::new(base, SearchScope::Sub, Filter::everything()))
    }

    #[test]
    fn a_cookie_is_good_for_one_page_and_its_repetition_and_dies_of_idleness() {
        let (cursors, owner) = (Cursors::default(), Arc::from("me"));
        let second = |s| Duration::from_secs(s);
        let first = cursors.begin(search(), &owner, vec![1], second(0)).unwrap();
        assert!(cursors.find(&first, "you", second(1)).is_err());
        let place = cursors.find(&first, "me", second(1)).unwrap();
        assert_eq!(place.after, Some(vec![1]));
        let next = cursors.go_on(&place, Some(vec![2])).unwrap();
        assert_ne!(first, next);
        let again = cursors.find(&first, "me", second(2)).unwrap();
        assert_eq!(again.after, Some(vec![1]));
        assert_eq!(cursors.go_on(&again, Some(vec![2])).as_ref(), Some(&next));
        let place = cursors.find(&next, "me", second(3)).unwrap();
        assert_eq!(place.after, Some(vec![2]));
        assert_eq!(cursors.go_on(&place, None), None);
        assert!(cursors.find(&first, "me", second(4)).is_err());
        assert!(cursors.find(&next, "me", second(64)).is_err());
        for nonsense in ["", ".", "x", "null", "x.1", ".1", "x.-1", "x.99999999999999999999"] {
            assert!(cursors.find(nonsense, "me", second(4)).is_err());
        }
        let first = cursors.begin(search(), &owner, vec![1], second(100)).unwrap();
        let place = cursors.find(&first, "me", second(100)).unwrap();
        cursors.end(&place);
        assert!(cursors.find(&first, "me", second(100)).is_err());
    }

    #[test]
    fn there_are_so_many_searches_and_no_more() {
        let (cursors, owner) = (Cursors::default(), Arc::from("me"));
        let search = search();
        let cookies: Vec<_> = (0..MOST as u64 + 2)
            .map(|at| cursors.begin(Arc::clone(&search), &owner, vec![1], Duration::from_millis(at)).unwrap())
            .collect();
        let good = |cookie: &String| cursors.find(cookie, "me", Duration::from_secs(5)).is_ok();
        assert_eq!(cookies.iter().filter(|cookie| good(cookie)).count(), MOST);
        assert!(!good(&cookies[0]) && good(&cookies[2]));
    }
}
