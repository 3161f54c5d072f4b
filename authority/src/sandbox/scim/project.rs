//! What of a resource is shown: RFC 7644 section 3.9.

use gatepass::{Error, Result};
use serde_json::Value;

use super::resource::{Needs, Object};
use super::schema::{Attribute, COMMON, Found, Place, Resource, Returned};

/// What is wanted.
#[derive(Debug, Clone, Default)]
pub(super) struct Wanted {
    only: Option<Vec<Path>>,
    except: Vec<Path>,
}

/// An attribute, a part of it, or all of an extension.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Path {
    extension: Option<&'static str>,
    attribute: Option<&'static str>,
    part: Option<&'static str>,
}

impl Wanted {
    /// By the names of attributes. Those that there are not say nothing.
    ///
    /// # Errors
    /// `invalid_value`, where both lists have something.
    pub(super) fn new(kind: &'static Resource, only: &[String], except: &[String]) -> Result<Self> {
        if !only.is_empty() && !except.is_empty() {
            let text = "say what is wanted, or what is not";
            return Err(Error::invalid("attributes", "invalid_value", text));
        }
        let paths = |names: &[String]| names.iter().filter_map(|name| path(kind, name)).collect::<Vec<_>>();
        Ok(Self { only: (!only.is_empty()).then(|| paths(only)), except: paths(except) })
    }

    /// What takes more than the entry itself, and is wanted.
    pub(super) fn needs(&self, kind: &'static Resource) -> Needs {
        let mut needs = Needs::default();
        for (at, schema) in kind.schemas.iter().enumerate() {
            let extension = (at > 0).then_some(schema.urn);
            for attribute in schema.attributes {
                if self.shows(extension, attribute) {
                    needs.groups |= attribute.place == Place::Groups;
                    needs.members |= attribute.place == Place::Members;
                    needs.names |= attribute.parts.iter().any(|part| {
                        part.returned == Returned::Request && self.names(extension, attribute, part)
                    });
                }
            }
        }
        needs
    }

    /// Takes away what is not wanted.
    pub(super) fn cut(&self, kind: &'static Resource, resource: &mut Object) {
        for (at, schema) in kind.schemas.iter().enumerate() {
            if at == 0 {
                self.cut_all(None, schema.attributes, resource);
                self.cut_all(None, COMMON, resource);
            } else if let Some(Value::Object(extension)) = resource.get_mut(schema.urn) {
                self.cut_all(Some(schema.urn), schema.attributes, extension);
                if extension.is_empty() {
                    resource.remove(schema.urn);
                }
            }
        }
    }

    fn cut_all(&self, extension: Option<&'static str>, attributes: &'static [Attribute], of: &mut Object) {
        for attribute in attributes {
            if attribute.returned == Returned::Always {
                continue;
            }
            if !self.shows(extension, attribute) {
                of.remove(attribute.name);
                continue;
            }
            let cut = |value: &mut Value| {
                if let Value::Object(parts) = value {
                    for part in attribute.parts {
                        if !self.shows_part(extension, attribute, part) {
                            parts.remove(part.name);
                        }
                    }
                }
            };
            match of.get_mut(attribute.name) {
                Some(Value::Array(values)) => values.iter_mut().for_each(cut),
                Some(value) => cut(value),
                None => {}
            }
        }
    }

    fn shows(&self, extension: Option<&'static str>, attribute: &Attribute) -> bool {
        let is_it = |path: &&Path| path.extension == extension && path.is_of(attribute);
        if let Some(only) = &self.only {
            return attribute.returned != Returned::Never && only.iter().any(|path| is_it(&path));
        }
        let excluded = self.except.iter().filter(is_it).any(|path| path.part.is_none());
        attribute.returned == Returned::Default && !excluded
    }

    fn shows_part(&self, extension: Option<&'static str>, attribute: &Attribute, part: &Attribute) -> bool {
        let is_part = |path: &Path| {
            path.extension == extension && path.is_of(attribute) && path.part == Some(part.name)
        };
        match &self.only {
            Some(only) => {
                let whole = only
                    .iter()
                    .any(|path| path.extension == extension && path.is_of(attribute) && path.part.is_none());
                only.iter().any(is_part) || whole && part.returned == Returned::Default
            }
            None => part.returned == Returned::Default && !self.except.iter().any(is_part),
        }
    }

    /// Whether a part is asked for by its own name.
    fn names(&self, extension: Option<&'static str>, attribute: &Attribute, part: &Attribute) -> bool {
        self.only
            .iter()
            .flatten()
            .any(|path| path.extension == extension && path.is_of(attribute) && path.part == Some(part.name))
    }
}

impl Path {
    /// An extension as a whole is each of its attributes.
    fn is_of(&self, attribute: &Attribute) -> bool {
        self.attribute.is_none_or(|of| of == attribute.name)
    }
}

fn path(kind: &'static Resource, name: &str) -> Option<Path> {
    if let Some(schema) = kind.extension(name.trim()) {
        return Some(Path { extension: Some(schema.urn), attribute: None, part: None });
    }
    let Found { extension, attribute, part } = kind.find_path(name)?;
    Some(Path { extension, attribute: Some(attribute.name), part: part.map(|part| part.name) })
}
