//! Objects that are read as objects alone (feature `serde`).
//!
//! A reader that serde derives takes a list in the place of an object, with the members in their order: `["fast-128", 7]`
//! for `{"preset": "fast-128", "number": 7}`. So each document has a second spelling, which says something else as soon as a
//! member is added or moved, and which no schema allows. [`Objects`] stands before the deserializer of a format for people, and
//! refuses a list wherever a structure is read, however deep.
//!
//! It does not reach what serde keeps in between before it knows what it is: enumerations with their tag beside the
//! members (`#[serde(tag = "...")]`, `untagged`) and flattened structures. What strangers send has none of these; a node's
//! audit log, which has, is looked at by its reader.

use core::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{
        DeserializeSeed, EnumAccess, Error, MapAccess, SeqAccess, Unexpected, VariantAccess,
        Visitor,
    },
};

/// A deserializer for which a structure is an object.
///
/// ```
/// use winterlane_ledger::objects::Objects;
/// use serde::Deserialize;
///
/// #[derive(Deserialize)]
/// struct Place { line: u64, column: u32 }
///
/// let read = |text: &str| {
///     let mut json = serde_json::Deserializer::from_str(text);
///     Vec::<Place>::deserialize(Objects::new(&mut json))
/// };
/// assert!(read(r#"[{"line": 3, "column": 1}]"#).is_ok());
/// assert!(read("[[3, 1]]").is_err());
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Objects<D>(D);

impl<D> Objects<D> {
    /// Before this deserializer.
    #[must_use]
    pub const fn new(deserializer: D) -> Self {
        Self(deserializer)
    }
}

/// Reads a value, every structure of which is an object.
///
/// # Errors
/// What the format refuses, and a list in the place of an object.
pub fn read<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    T::deserialize(Objects(deserializer))
}

/// Reads a value from the bytes of one JSON document: every structure is an object, and nothing comes after it.
///
/// # Errors
/// What is no JSON or no such value, a list in the place of an object, and anything behind it.
#[cfg(feature = "json")]
pub fn from_json<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> serde_json::Result<T> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let value = read(&mut json)?;
    json.end()?;
    Ok(value)
}

/// What visits a value: a structure, or something else.
struct Inside<V> {
    visitor: V,
    is_structure: bool,
}

impl<V> Inside<V> {
    const fn structure(visitor: V) -> Self {
        Self {
            visitor,
            is_structure: true,
        }
    }

    const fn other(visitor: V) -> Self {
        Self {
            visitor,
            is_structure: false,
        }
    }
}

/// Passes on what is no structure.
macro_rules! pass_on {
    ($($method:ident($($name:ident: $type:ty),*)),* $(,)?) => {
        $(
            fn $method<V: Visitor<'de>>(self, $($name: $type,)* visitor: V) -> Result<V::Value, D::Error> {
                self.0.$method($($name,)* Inside::other(visitor))
            }
        )*
    };
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Objects<D> {
    type Error = D::Error;

    pass_on!(
        deserialize_any(),
        deserialize_bool(),
        deserialize_i8(),
        deserialize_i16(),
        deserialize_i32(),
        deserialize_i64(),
        deserialize_i128(),
        deserialize_u8(),
        deserialize_u16(),
        deserialize_u32(),
        deserialize_u64(),
        deserialize_u128(),
        deserialize_f32(),
        deserialize_f64(),
        deserialize_char(),
        deserialize_str(),
        deserialize_string(),
        deserialize_bytes(),
        deserialize_byte_buf(),
        deserialize_option(),
        deserialize_unit(),
        deserialize_seq(),
        deserialize_map(),
        deserialize_identifier(),
        deserialize_ignored_any(),
        deserialize_unit_struct(name: &'static str),
        deserialize_newtype_struct(name: &'static str),
        deserialize_tuple(length: usize),
        deserialize_tuple_struct(name: &'static str, length: usize),
        deserialize_enum(name: &'static str, variants: &'static [&'static str]),
    );

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0
            .deserialize_struct(name, fields, Inside::structure(visitor))
    }

    fn is_human_readable(&self) -> bool {
        self.0.is_human_readable()
    }
}

/// Passes on what has nothing inside.
macro_rules! visit {
    ($($method:ident($type:ty)),* $(,)?) => {
        $(
            fn $method<E: Error>(self, value: $type) -> Result<V::Value, E> {
                self.visitor.$method(value)
            }
        )*
    };
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Inside<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.visitor.expecting(f)
    }

    visit!(
        visit_bool(bool),
        visit_i8(i8),
        visit_i16(i16),
        visit_i32(i32),
        visit_i64(i64),
        visit_i128(i128),
        visit_u8(u8),
        visit_u16(u16),
        visit_u32(u32),
        visit_u64(u64),
        visit_u128(u128),
        visit_f32(f32),
        visit_f64(f64),
        visit_char(char),
        visit_str(&str),
        visit_borrowed_str(&'de str),
        visit_string(alloc::string::String),
        visit_bytes(&[u8]),
        visit_borrowed_bytes(&'de [u8]),
        visit_byte_buf(alloc::vec::Vec<u8>),
    );

    fn visit_none<E: Error>(self) -> Result<V::Value, E> {
        self.visitor.visit_none()
    }

    fn visit_unit<E: Error>(self) -> Result<V::Value, E> {
        self.visitor.visit_unit()
    }

    fn visit_some<D: Deserializer<'de>>(self, inner: D) -> Result<V::Value, D::Error> {
        self.visitor.visit_some(Objects(inner))
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<V::Value, D::Error> {
        self.visitor.visit_newtype_struct(Objects(inner))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<V::Value, A::Error> {
        if self.is_structure {
            let found = Unexpected::Other("a list");
            return Err(A::Error::invalid_type(found, &"an object"));
        }
        self.visitor.visit_seq(Parts(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<V::Value, A::Error> {
        self.visitor.visit_map(Parts(object))
    }

    fn visit_enum<A: EnumAccess<'de>>(self, choice: A) -> Result<V::Value, A::Error> {
        self.visitor.visit_enum(Parts(choice))
    }
}

/// The parts of a list, an object or a choice.
struct Parts<A>(A);

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Parts<A> {
    type Error = A::Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, A::Error> {
        self.0.next_element_seed(Seed(seed))
    }

    fn size_hint(&self) -> Option<usize> {
        self.0.size_hint()
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Parts<A> {
    type Error = A::Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, A::Error> {
        self.0.next_key_seed(Seed(seed))
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        self.0.next_value_seed(Seed(seed))
    }

    fn size_hint(&self) -> Option<usize> {
        self.0.size_hint()
    }
}

impl<'de, A: EnumAccess<'de>> EnumAccess<'de> for Parts<A> {
    type Error = A::Error;
    type Variant = Parts<A::Variant>;

    fn variant_seed<S: DeserializeSeed<'de>>(
        self,
        seed: S,
    ) -> Result<(S::Value, Self::Variant), A::Error> {
        let (name, inside) = self.0.variant_seed(Seed(seed))?;
        Ok((name, Parts(inside)))
    }
}

impl<'de, A: VariantAccess<'de>> VariantAccess<'de> for Parts<A> {
    type Error = A::Error;

    fn unit_variant(self) -> Result<(), A::Error> {
        self.0.unit_variant()
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, A::Error> {
        self.0.newtype_variant_seed(Seed(seed))
    }

    fn tuple_variant<V: Visitor<'de>>(
        self,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        self.0.tuple_variant(length, Inside::other(visitor))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        self.0.struct_variant(fields, Inside::structure(visitor))
    }
}

/// What reads a part.
struct Seed<S>(S);

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Seed<S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<S::Value, D::Error> {
        self.0.deserialize(Objects(deserializer))
    }
}

#[cfg(test)]
mod tests {
    use alloc::{
        borrow::ToOwned,
        collections::BTreeMap,
        format,
        string::{String, ToString as _},
        vec::Vec,
    };

    use super::*;
    use crate::{Account, NewKeys, PublicInputs};

    #[derive(Debug, PartialEq, Eq, serde::Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Leaf {
        name: String,
        number: u8,
    }

    #[derive(Debug, PartialEq, Eq, serde::Serialize, Deserialize)]
    struct Wrapped(Leaf);

    #[derive(Debug, PartialEq, Eq, serde::Serialize, Deserialize)]
    struct Pair(Leaf, u8);

    #[derive(Debug, PartialEq, Eq, serde::Serialize, Deserialize)]
    enum Choice {
        Nothing,
        One(Leaf),
        Two(Leaf, u8),
        Named { leaf: Leaf },
    }

    #[derive(Debug, PartialEq, Eq, serde::Serialize, Deserialize)]
    struct Tree {
        list: Vec<Leaf>,
        map: BTreeMap<u32, Leaf>,
        perhaps: Option<Leaf>,
        wrapped: Wrapped,
        pair: Pair,
        array: [u8; 2],
        choices: Vec<Choice>,
        any: serde_json::Value,
        wide: u128,
    }

    fn leaf() -> Leaf {
        Leaf {
            name: "a".to_owned(),
            number: 1,
        }
    }

    fn tree() -> Tree {
        Tree {
            list: Vec::from([leaf()]),
            map: BTreeMap::from([(7, leaf())]),
            perhaps: Some(leaf()),
            wrapped: Wrapped(leaf()),
            pair: Pair(leaf(), 2),
            array: [3, 4],
            choices: Vec::from([
                Choice::Nothing,
                Choice::One(leaf()),
                Choice::Two(leaf(), 5),
                Choice::Named { leaf: leaf() },
            ]),
            any: serde_json::json!([{ "x": [1, null, -1.5, true] }]),
            wide: u128::MAX,
        }
    }

    fn read_json<T: serde::de::DeserializeOwned>(text: &str) -> serde_json::Result<T> {
        let mut json = serde_json::Deserializer::from_str(text);
        let value = read(&mut json)?;
        json.end()?;
        Ok(value)
    }

    #[cfg(feature = "json")]
    #[test]
    fn one_document_is_read() {
        let read = |text: &str| from_json::<Vec<Leaf>>(text.as_bytes());
        read(r#"[{"name":"a","number":1}] "#).unwrap();
        for wrong in [r#"[["a",1]]"#, r#"[{"name":"a","number":1}] x"#, "["] {
            read(wrong).unwrap_err();
        }
    }

    /// Lists that are lists stay lists; in the place of each structure, one after the other, they are refused.
    #[test]
    fn a_list_is_no_object_wherever_it_stands() {
        let text = serde_json::to_string(&tree()).unwrap();
        assert_eq!(read_json::<Tree>(&text).unwrap(), tree());
        let (object, list) = (r#"{"name":"a","number":1}"#, r#"["a",1]"#);
        let places: Vec<usize> = text.match_indices(object).map(|(at, _)| at).collect();
        assert_eq!(places.len(), 8);
        let named = text
            .replacen(r#"{"leaf":"#, "[", 1)
            .replacen("}}],\"any", "]}],\"any", 1);
        let mut changed = Vec::from([named]);
        for at in places {
            let after = &text[at + object.len()..];
            changed.push(format!("{}{list}{after}", &text[..at]));
        }
        for text in changed {
            // serde itself takes it
            assert!(serde_json::from_str::<Tree>(&text).is_ok(), "{text}");
            let error = read_json::<Tree>(&text).unwrap_err().to_string();
            assert!(
                error.contains("a list, expected an object"),
                "{text}: {error}"
            );
        }
    }

    /// What the ledger has in JSON is read as before, and in one spelling.
    #[test]
    fn what_is_written_is_read() {
        let account = serde_json::to_string(&Account::default()).unwrap();
        assert_eq!(read_json::<Account>(&account).unwrap(), Account::default());
        let keys = NewKeys::single(crate::Root::ZERO);
        let text = serde_json::to_string(&keys).unwrap();
        assert_eq!(read_json::<NewKeys>(&text).unwrap(), keys);
        let zero = "0".repeat(64);
        let list = format!(r#"["{zero}",0,"{zero}","{zero}","{zero}",4]"#);
        assert!(serde_json::from_str::<PublicInputs>(&list).is_ok());
        assert!(read_json::<PublicInputs>(&list).is_err());
    }

    /// The format's own limit of depth holds: no stack runs over.
    #[test]
    fn depth_is_an_error() {
        #[derive(Debug, Deserialize)]
        #[expect(dead_code, reason = "read, and never looked at")]
        struct Deep {
            #[serde(default)]
            next: Option<alloc::boxed::Box<Deep>>,
        }
        for (open, most) in [
            (r#"{"next":"#, 100_000),
            ("[", 100_000),
            (r#"{"x":["#, 100_000),
        ] {
            let text = open.repeat(most);
            read_json::<Deep>(&text).unwrap_err();
            read_json::<serde_json::Value>(&text).unwrap_err();
        }
        let within = format!("{}null{}", r#"{"next":"#.repeat(100), "}".repeat(100));
        read_json::<Deep>(&within).unwrap();
    }
}
