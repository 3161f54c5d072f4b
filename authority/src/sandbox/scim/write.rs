//! Making, replacing, patching and deleting resources, alone or within a bulk request.

use gatepass::wire::adap::Attributes;
use gatepass::wire::scim::PatchOperation;
use gatepass::{Dn, Error, ErrorKind, Result, Timestamp};
use rusqlite::Connection;
use serde_json::Value;

use super::super::access::Acting;
use super::super::entry::{Kind, Stored, has};
use super::super::syntax::comparable;
use super::super::tree;
use super::patch;
use super::resource::{Needs, Object, find, of_entry, to_entry, version};
use super::schema::Resource;
use super::shape;

/// What all changes need to know.
pub(super) struct Context<'a> {
    pub(super) conn: &'a Connection,
    /// The name of the topmost entry.
    pub(super) top: &'a Dn,
    /// Where the API is.
    pub(super) base: &'a str,
    pub(super) acting: &'a Acting,
    pub(super) now: Timestamp,
}

/// Which version of a resource a change is meant for: RFC 7644 section 3.14.
#[derive(Debug, Clone, Default)]
pub(super) struct Condition {
    pub(super) if_match: Option<String>,
    pub(super) if_none_match: Option<String>,
}

impl Condition {
    fn check(&self, entry: &Stored) -> Result<()> {
        let misses = self.if_match.as_deref().is_some_and(|tags| !has_tag(tags, entry));
        let hits = self.if_none_match.as_deref().is_some_and(|tags| has_tag(tags, entry));
        if misses || hits {
            let text = "the resource has been changed since";
            return Err(Error::new(ErrorKind::Conflict, "precondition_failed", text));
        }
        Ok(())
    }
}

/// Whether a list of `ETag`s has a resource's. They are weak all of them, and compared so (RFC 9110 section 8.8.3.2).
pub(super) fn has_tag(tags: &str, entry: &Stored) -> bool {
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").trim_matches('"').to_owned();
    let own = opaque(&version(entry));
    tags.split(',').any(|tag| tag.trim() == "*" || opaque(tag) == own)
}

impl Context<'_> {
    /// The resource as a whole, for whoever cuts it down.
    pub(super) fn show(&self, kind: &'static Resource, entry: &Stored) -> Result<Object> {
        of_entry(self.conn, kind, entry, self.base, Needs::ALL)
    }

    pub(super) fn create(&self, kind: &'static Resource, sent: &Object) -> Result<Stored> {
        let resource = shape::resource(kind, sent)?;
        let classes = kind.classes.iter().copied();
        let mut attributes = Attributes::new().with("objectClass", classes);
        to_entry(self.conn, kind, &resource, &mut attributes)?;
        let name = attributes.first(kind.named_by).unwrap_or_default();
        let rdn = format!("{}={}", kind.named_by, Dn::escape(name));
        let name = Dn::parse("dn", &format!("{rdn},{},{}", kind.below, self.top))?;
        self.acting.may_make(&name)?;
        self.is_unique(kind, &attributes, None)?;
        tree::add(self.conn, &name, attributes, self.now)
    }

    pub(super) fn replace(
        &self,
        kind: &'static Resource,
        id: &str,
        sent: &Object,
        condition: &Condition,
    ) -> Result<Stored> {
        let entry = find(self.conn, kind, id)?;
        condition.check(&entry)?;
        self.put(kind, &entry, &shape::resource(kind, sent)?)
    }

    pub(super) fn patch(
        &self,
        kind: &'static Resource,
        id: &str,
        operations: &[PatchOperation],
        condition: &Condition,
    ) -> Result<Stored> {
        let entry = find(self.conn, kind, id)?;
        condition.check(&entry)?;
        let mut resource = self.show(kind, &entry)?;
        patch::apply(kind, &mut resource, operations)?;
        self.put(kind, &entry, &shape::resource(kind, &resource)?)
    }

    pub(super) fn delete(&self, kind: &'static Resource, id: &str, condition: &Condition) -> Result<()> {
        let entry = find(self.conn, kind, id)?;
        condition.check(&entry)?;
        self.acting.may_make(&entry.name()?)?;
        tree::delete(self.conn, &entry, false)
    }

    /// Brings an entry to what a resource says; what it is named by takes its name along.
    fn put(&self, kind: &'static Resource, entry: &Stored, resource: &Object) -> Result<Stored> {
        let name = entry.name()?;
        self.acting.may_change(&name)?;
        let mut attributes = entry.attributes.clone();
        to_entry(self.conn, kind, resource, &mut attributes)?;
        self.is_unique(kind, &attributes, Some(entry))?;
        let naming = name.naming();
        let stays = naming.iter().all(|(of, value)| has(&attributes, of, value));
        let entry = if stays {
            entry.clone()
        } else {
            let mut steps = Vec::new();
            for (of, value) in naming {
                let kept = has(&attributes, &of, &value).then_some(value.as_str());
                let new = kept.or_else(|| attributes.first(&of)).ok_or_else(|| {
                    let text = "the entry is named by it, so it has to have one";
                    Error::invalid("value", "mutability", text)
                })?;
                steps.push(format!("{of}={}", Dn::escape(new)));
            }
            self.acting.may_make(&name)?;
            tree::rename(self.conn, entry, &steps.join("+"), None, self.now)?
        };
        tree::replace(self.conn, &entry, attributes, self.now)
    }

    /// A user's name is one user's alone, in all of the directory.
    fn is_unique(
        &self,
        kind: &'static Resource,
        attributes: &Attributes,
        entry: Option<&Stored>,
    ) -> Result<()> {
        let Some(name) = attributes.first("uid").filter(|_| kind.kind == Kind::User) else { return Ok(()) };
        for id in tree::with_value(self.conn, "uid", &comparable("uid", name))? {
            let is_other = entry.is_none_or(|entry| entry.id != id);
            if is_other && tree::by_id(self.conn, id)?.is_some_and(|other| other.kind == Kind::User) {
                let text = "another user has this userName";
                return Err(Error::new(ErrorKind::Conflict, "uniqueness", text));
            }
        }
        Ok(())
    }
}

/// A body that is an object.
pub(super) fn object(value: Value) -> Result<Object> {
    match value {
        Value::Object(object) => Ok(object),
        _ => Err(Error::invalid("body", "invalid_syntax", "the body is an object")),
    }
}
