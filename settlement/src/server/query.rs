//! Queries of requests, read in one way by settlement and by nodes.
//!
//! A parameter has one spelling and comes once: what one program reads as 0 and the next one as 1 is refused by all.

use std::str::FromStr;

use thiserror::Error;

/// Why a query is not read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum QueryError {
    /// A parameter that the route does not have.
    #[error("an unknown parameter; known here: {known}")]
    Unknown {
        /// Those that it has.
        known: String,
    },
    /// A parameter that comes twice.
    #[error("given twice")]
    Twice {
        /// Its name.
        name: String,
    },
    /// A parameter that says something else than it can.
    #[error("{expected}")]
    Value {
        /// Its name.
        name: String,
        /// What it can say.
        expected: String,
    },
}

impl QueryError {
    /// Which parameter is to blame; `query` where it is none that the route has.
    #[must_use]
    pub fn parameter(&self) -> &str {
        match self {
            Self::Unknown { .. } => "query",
            Self::Twice { name } | Self::Value { name, .. } => name,
        }
    }
}

/// A number in its one spelling: decimal digits, without sign, space or leading zero.
///
/// ```
/// use winterlane_settlement::server::number;
/// assert_eq!(number::<u64>("10"), Some(10));
/// assert!(["-1", "+1", " 1", "1.0", "01", "", "18446744073709551616"].iter().all(|text| number::<u64>(text).is_none()));
/// ```
#[must_use]
pub fn number<T: FromStr>(text: &str) -> Option<T> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let plain = digits && (text == "0" || !text.starts_with('0'));
    if plain { text.parse().ok() } else { None }
}

/// The parameters of a query: plain names and values, each name once.
#[derive(Clone, Debug, Default)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// Reads a query with parameters of these names. None of them needs percent signs, so that there is one spelling.
    ///
    /// # Errors
    /// [`QueryError::Unknown`], [`QueryError::Twice`].
    pub fn parse(text: Option<&str>, known: &[&str]) -> Result<Self, QueryError> {
        let mut pairs: Vec<(String, String)> = Vec::new();
        let parts = text.unwrap_or_default().split('&');
        for pair in parts.filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            if !known.contains(&name) {
                let known = if known.is_empty() {
                    "none".to_owned()
                } else {
                    known.join(", ")
                };
                return Err(QueryError::Unknown { known });
            }
            let name = name.to_owned();
            if pairs.iter().any(|(found, _)| *found == name) {
                return Err(QueryError::Twice { name });
            }
            pairs.push((name, value.to_owned()));
        }
        Ok(Self(pairs))
    }

    /// What a parameter says, by `read`; nothing if it is not given. `expected` is what it can say, in words.
    ///
    /// # Errors
    /// [`QueryError::Value`] where `read` gives nothing.
    pub fn get<T>(
        &self,
        name: &str,
        expected: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, QueryError> {
        let Some((name, value)) = self.0.iter().find(|(found, _)| found == name) else {
            return Ok(None);
        };
        let wrong = || QueryError::Value {
            name: name.clone(),
            expected: expected.to_owned(),
        };
        read(value).map(Some).ok_or_else(wrong)
    }

    /// The [`number`] that a parameter is; nothing if it is not given.
    ///
    /// # Errors
    /// [`QueryError::Value`].
    pub fn number<T: FromStr>(&self, name: &str, expected: &str) -> Result<Option<T>, QueryError> {
        self.get(name, expected, number)
    }

    /// How many of a list are asked for: from 1 to `most`, and `usual` if that is not said.
    ///
    /// # Errors
    /// [`QueryError::Value`].
    pub fn limit(&self, usual: usize, most: usize) -> Result<usize, QueryError> {
        let expected = format!("a number from 1 to {most}");
        let within = |text: &str| number(text).filter(|limit| (1..=most).contains(limit));
        Ok(self.get("limit", &expected, within)?.unwrap_or(usual))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_has_one_spelling_and_comes_once() {
        let known = ["first", "limit"];
        let first = |text: &str| {
            let query = Query::parse(Some(text), &known)?;
            query.number::<u64>("first", "a number")
        };
        assert_eq!(first("first=7&limit=2"), Ok(Some(7)));
        assert_eq!(first("limit=2&first=0&"), Ok(Some(0)));
        assert_eq!(first("first=18446744073709551615"), Ok(Some(u64::MAX)));
        assert_eq!(first(""), Ok(None));
        for wrong in [
            "-1",
            "+1",
            " 1",
            "1 ",
            "%201",
            "1.0",
            "1e3",
            "0x1",
            "01",
            "00",
            "",
            "x",
            "18446744073709551616",
        ] {
            let error = first(&format!("first={wrong}")).unwrap_err();
            assert_eq!(error.parameter(), "first", "{wrong}");
        }
        assert_eq!(first("first").unwrap_err().parameter(), "first");
        let twice = first("first=1&limit=1&first=1").unwrap_err();
        assert!(matches!(&twice, QueryError::Twice { name } if name == "first"));
        let unknown = first("First=1").unwrap_err();
        assert_eq!(
            unknown.to_string(),
            "an unknown parameter; known here: first, limit"
        );
        let limit = |text: &str| Query::parse(Some(text), &known)?.limit(20, 100);
        assert_eq!(
            (limit(""), limit("limit=1"), limit("limit=100")),
            (Ok(20), Ok(1), Ok(100))
        );
        for wrong in ["limit=0", "limit=101", "limit=-1", "limit="] {
            assert_eq!(limit(wrong).unwrap_err().parameter(), "limit", "{wrong}");
        }
    }
}
