//! Reading JSON: every structure is an object, and nothing comes after it.

use serde::de::DeserializeOwned;
use winterlane_ledger::objects;

/// Reads a value from the bytes of one document.
pub(crate) fn from_json<T: DeserializeOwned>(bytes: &[u8]) -> serde_json::Result<T> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let value = objects::read(&mut json)?;
    json.end()?;
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_document_of_objects_is_read() {
        #[derive(Debug, PartialEq, Eq, serde::Deserialize)]
        struct Place {
            batch: u64,
            record: u32,
        }
        let read = |text: &str| from_json::<Vec<Place>>(text.as_bytes());
        let place = Place {
            batch: 3,
            record: 1,
        };
        assert_eq!(read(r#"[{"batch": 3, "record": 1}] "#).unwrap(), [place]);
        for wrong in ["[[3, 1]]", r#"[{"batch": 3, "record": 1}] x"#, "["] {
            read(wrong).unwrap_err();
        }
    }
}
