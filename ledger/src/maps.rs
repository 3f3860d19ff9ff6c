//! Maps that are read from formats for people (feature `serde`).
//!
//! JSON lets an object have a name twice, and its readers take one of the two values: which one, nobody sees. Where a file
//! says what is signed, or who has what money, such an object is refused instead.

use alloc::{collections::BTreeMap, format};
use core::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, Visitor},
};

/// Reads a map, for `#[serde(deserialize_with = "...")]`.
///
/// ```
/// # use std::collections::BTreeMap;
/// #[derive(serde::Deserialize)]
/// struct Balances(#[serde(deserialize_with = "winterlane_ledger::maps::unique")] BTreeMap<u32, u32>);
/// assert!(serde_json::from_str::<Balances>(r#"{"1": 5, "2": 5}"#).is_ok());
/// assert!(serde_json::from_str::<Balances>(r#"{"1": 5, "1": 7}"#).is_err());
/// ```
///
/// # Errors
/// What the format refuses, and a name that occurs twice.
pub fn unique<'de, D, K, V>(from: D) -> Result<BTreeMap<K, V>, D::Error>
where
    D: Deserializer<'de>,
    K: Deserialize<'de> + Ord + fmt::Display,
    V: Deserialize<'de>,
{
    from.deserialize_map(Unique(PhantomData))
}

struct Unique<K, V>(PhantomData<(K, V)>);

impl<'de, K, V> Visitor<'de> for Unique<K, V>
where
    K: Deserialize<'de> + Ord + fmt::Display,
    V: Deserialize<'de>,
{
    type Value = BTreeMap<K, V>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let mut map = BTreeMap::new();
        while let Some(name) = access.next_key::<K>()? {
            if map.contains_key(&name) {
                return Err(A::Error::custom(format!(
                    "`{name}` occurs twice: which of the two is meant?"
                )));
            }
            let value = access.next_value()?;
            map.insert(name, value);
        }
        Ok(map)
    }
}

#[cfg(test)]
mod tests {
    use alloc::{
        string::{String, ToString as _},
        vec::Vec,
    };

    use super::*;

    #[derive(Debug, Deserialize)]
    struct Named(#[serde(deserialize_with = "unique")] BTreeMap<String, u8>);

    #[derive(Debug, Deserialize)]
    struct Numbered(#[serde(deserialize_with = "unique")] BTreeMap<u32, u8>);

    #[test]
    fn a_name_that_occurs_twice_is_refused() {
        let Named(named) = serde_json::from_str(r#"{"b": 1, "a": 2}"#).unwrap();
        assert_eq!(
            named.into_iter().collect::<Vec<_>>(),
            [("a".to_string(), 2), ("b".to_string(), 1)]
        );
        let Numbered(numbered) = serde_json::from_str(r#"{"7": 1}"#).unwrap();
        assert_eq!(numbered.get(&7), Some(&1));
        // the same value twice is no better: somebody meant another name
        for text in [r#"{"a": 1, "b": 2, "a": 3}"#, r#"{"a": 1, "\u0061": 1}"#] {
            let error = serde_json::from_str::<Named>(text).unwrap_err();
            assert!(error.to_string().contains("`a` occurs twice"), "{error}");
        }
        let error = serde_json::from_str::<Numbered>(r#"{"7": 1, "7": 1}"#).unwrap_err();
        assert!(error.to_string().contains("`7` occurs twice"), "{error}");
        assert!(serde_json::from_str::<Named>("[]").is_err());
    }
}
