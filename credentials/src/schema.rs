//! Schemas: which attributes a credential has, of which kind, and at which of its 16 places.

use alloc::{
    collections::BTreeMap,
    string::{String, ToString},
};
use core::{fmt, ops::Range};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, IntoDeserializer, MapAccess, Visitor, value::MapAccessDeserializer},
};
use thiserror::Error;
use winterlane_ledger::{Digest, private::ATTRIBUTES};

use crate::{Kind, derive::digest_of, predicate::is_attribute_name};

const SCHEMA_CONTEXT: &str = "winterlane 2026-11-28 credential: digest of a schema";

/// Bytes of the name of an attribute or a schema, at most.
pub const MAX_NAME_BYTES: usize = 64;

/// The attributes of a kind of credential.
///
/// ```
/// use winterlane_credentials::Schema;
/// let schema: Schema = serde_json::from_str(
///     r#"{"name": "identity", "attributes": {
///         "birth_date": "date",
///         "nationality": {"kind": "text", "values": 3}
///     }}"#,
/// )?;
/// assert_eq!(schema.places("nationality"), Some(1..4));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Schema {
    name: String,
    attributes: BTreeMap<String, SchemaAttribute>,
}

/// An attribute of a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SchemaAttribute {
    /// The kind of its values.
    pub kind: Kind,
    /// How many values it may have.
    pub values: u8,
}

/// A schema as JSON has it.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    name: String,
    #[serde(deserialize_with = "winterlane_ledger::maps::unique")]
    attributes: BTreeMap<String, WrittenAttribute>,
}

#[derive(Clone)]
enum WrittenAttribute {
    Kind(Kind),
    Many(Many),
}

impl Serialize for WrittenAttribute {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Kind(kind) => kind.serialize(serializer),
            Self::Many(many) => many.serialize(serializer),
        }
    }
}

/// By hand: of a mistake in one of two forms, serde's own `untagged` says neither what it is nor where.
impl<'de> Deserialize<'de> for WrittenAttribute {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = WrittenAttribute;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("integer, date or text, or an object with `kind` and `values`")
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<Self::Value, E> {
                Kind::deserialize(name.into_deserializer()).map(WrittenAttribute::Kind)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                Many::deserialize(MapAccessDeserializer::new(map)).map(WrittenAttribute::Many)
            }
        }

        from.deserialize_any(Either)
    }
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Many {
    kind: Kind,
    values: u8,
}

/// Why a schema is none.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SchemaError {
    /// A name that a predicate cannot say.
    #[error(
        "{name:?} cannot be the name of an attribute: letters, digits, _ and - after a letter, at most \
         {MAX_NAME_BYTES} bytes, and none of and, or, not, in"
    )]
    Name {
        /// The name.
        name: String,
    },
    /// An empty name, or a long one.
    #[error("the name of a schema has 1 to {MAX_NAME_BYTES} bytes")]
    OwnName,
    /// No attribute.
    #[error("a schema has an attribute at least")]
    Empty,
    /// An attribute without values.
    #[error("{name} has no value: \"values\" is 1 at least")]
    NoValue {
        /// The attribute.
        name: String,
    },
    /// Too many values in all.
    #[error("{places} values in all: a credential has {ATTRIBUTES} places")]
    TooMany {
        /// How many.
        places: usize,
    },
}

impl TryFrom<Written> for Schema {
    type Error = SchemaError;

    fn try_from(written: Written) -> Result<Self, SchemaError> {
        if written.name.is_empty() || written.name.len() > MAX_NAME_BYTES {
            return Err(SchemaError::OwnName);
        }
        let attributes: BTreeMap<_, _> = written
            .attributes
            .into_iter()
            .map(|(name, attribute)| {
                let (kind, values) = match attribute {
                    WrittenAttribute::Kind(kind) => (kind, 1),
                    WrittenAttribute::Many(Many { kind, values }) => (kind, values),
                };
                (name, SchemaAttribute { kind, values })
            })
            .collect();
        for (name, attribute) in &attributes {
            if !is_attribute_name(name) || name.len() > MAX_NAME_BYTES {
                return Err(SchemaError::Name { name: name.clone() });
            }
            if attribute.values == 0 {
                return Err(SchemaError::NoValue { name: name.clone() });
            }
        }
        let places = attributes.values().map(|one| usize::from(one.values)).sum();
        match places {
            0 => Err(SchemaError::Empty),
            places if places > ATTRIBUTES => Err(SchemaError::TooMany { places }),
            _ => Ok(Self {
                name: written.name,
                attributes,
            }),
        }
    }
}

impl From<Schema> for Written {
    fn from(schema: Schema) -> Self {
        let attributes = schema.attributes.into_iter().map(|(name, attribute)| {
            let SchemaAttribute { kind, values } = attribute;
            let written = match values {
                1 => WrittenAttribute::Kind(kind),
                values => WrittenAttribute::Many(Many { kind, values }),
            };
            (name, written)
        });
        Self {
            name: schema.name,
            attributes: attributes.collect(),
        }
    }
}

impl Schema {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The attributes, by name.
    #[must_use]
    pub const fn attributes(&self) -> &BTreeMap<String, SchemaAttribute> {
        &self.attributes
    }

    /// The places of an attribute's values: those of all attributes follow one another, by name.
    #[must_use]
    pub fn places(&self, name: &str) -> Option<Range<u8>> {
        let attribute = self.attributes.get(name)?;
        let before = self
            .attributes
            .iter()
            .take_while(|(other, _)| *other != name);
        // Their sum is at most 16.
        let first = before.map(|(_, before)| before.values).sum::<u8>();
        Some(first..first + attribute.values)
    }

    /// The digest that an issuer signs under and a proof names: of names, kinds and numbers of values.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let mut hasher = blake3::Hasher::new_derive_key(SCHEMA_CONTEXT);
        let mut text = |text: &str| {
            hasher.update(&(text.len() as u64).to_le_bytes());
            hasher.update(text.as_bytes());
        };
        text(&self.name);
        for (name, attribute) in &self.attributes {
            text(name);
            text(&attribute.kind.to_string());
            text(&attribute.values.to_string());
        }
        digest_of(hasher.finalize().as_bytes(), b"schm", &[])
    }
}

#[cfg(test)]
mod tests {
    use std::format;

    use super::*;

    fn read(attributes: &str) -> Result<Schema, String> {
        let text = format!(r#"{{"name": "test", "attributes": {attributes}}}"#);
        serde_json::from_str(&text).map_err(|error| error.to_string())
    }

    #[test]
    fn places_follow_one_another() {
        let schema =
            read(r#"{"b": {"kind": "text", "values": 3}, "a": "integer", "c": "date"}"#).unwrap();
        assert_eq!(schema.places("a"), Some(0..1));
        assert_eq!(schema.places("b"), Some(1..4));
        assert_eq!(schema.places("c"), Some(4..5));
        assert_eq!(schema.places("d"), None);
        let text = serde_json::to_string(&schema).unwrap();
        let again: Schema = serde_json::from_str(&text).unwrap();
        assert_eq!((&again, again.digest()), (&schema, schema.digest()));
        // Everything that a proof relies on is in the digest.
        for other in [
            r#"{"b": {"kind": "text", "values": 2}, "a": "integer", "c": "date"}"#,
            r#"{"b": {"kind": "date", "values": 3}, "a": "integer", "c": "date"}"#,
            r#"{"b": {"kind": "text", "values": 3}, "a": "integer", "d": "date"}"#,
        ] {
            assert_ne!(read(other).unwrap().digest(), schema.digest());
        }
    }

    #[test]
    fn what_no_credential_can_have_is_refused() {
        for (attributes, word) in [
            ("{}", "an attribute at least"),
            (r#"{"a": {"kind": "text", "values": 0}}"#, "no value"),
            (r#"{"a": {"kind": "text", "values": 17}}"#, "16 places"),
            (r#"{"and": "text"}"#, "cannot be the name"),
            (r#"{"a b": "text"}"#, "cannot be the name"),
            (r#"{"a": "text", "b": "date", "a": "date"}"#, "occurs twice"),
            (r#"{"1a": "text"}"#, "cannot be the name"),
            (r#"{"a": "colour"}"#, "colour"),
            (
                r#"{"a": "colour"}"#,
                "expected one of `integer`, `date`, `text`",
            ),
            (r#"{"a": 3}"#, "integer, date or text"),
            (r#"{"a": {"kind": "colour", "values": 2}}"#, "colour"),
            (r#"{"a": {"kind": "text", "values": 256}}"#, "256"),
            (r#"{"a": {"kind": "text"}}"#, "missing field `values`"),
            (
                r#"{"a": {"kind": "text", "value": 2}}"#,
                "unknown field `value`",
            ),
            (r#"{"a": "text", "a.json": "text"}"#, "cannot be the name"),
        ] {
            let error = read(attributes).unwrap_err();
            assert!(error.contains(word), "{attributes}: {error}");
        }
    }
}
