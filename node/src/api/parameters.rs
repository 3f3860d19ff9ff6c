//! Parameters of paths and queries. Queries are read as settlement reads them.

use core::str::FromStr;

use axum::extract::RawPathParams;
use winterlane_settlement::server::QueryError;
pub(super) use winterlane_settlement::server::{Query, number};

use super::problem::{Kind, Problem};

/// The parameters of a path, by name.
#[derive(Clone, Debug, Default)]
pub(super) struct PathParameters(Vec<(String, String)>);

impl PathParameters {
    /// The parameters of a path as the router has them. A path with percent signs is none: no parameter needs them, and each
    /// would be a second spelling of the same address.
    pub(super) fn of(path: &str, found: &RawPathParams) -> Result<Self, Problem> {
        if path.contains('%') {
            let text = "no path here has percent signs";
            return Err(Problem::new(Kind::NotFound, text));
        }
        let owned = found.iter();
        Ok(Self(
            owned
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
        ))
    }

    /// The parameter as a name. What is not one names nothing that exists.
    pub(super) fn name<T: FromStr>(&self, name: &str) -> Result<T, Problem> {
        self.read(name, |text| text.parse().ok())
    }

    /// The parameter as a [`number`] in its one spelling.
    pub(super) fn number<T: FromStr>(&self, name: &str) -> Result<T, Problem> {
        self.read(name, number)
    }

    fn read<T>(&self, name: &str, read: impl FnOnce(&str) -> Option<T>) -> Result<T, Problem> {
        let found = self.0.iter().find(|(found, _)| found == name);
        found.and_then(|(_, text)| read(text)).ok_or_else(|| {
            Problem::new(Kind::NotFound, format!("no {name} has this name")).at(name)
        })
    }
}

impl From<QueryError> for Problem {
    fn from(error: QueryError) -> Self {
        Self::field(error.parameter(), error.to_string())
    }
}
