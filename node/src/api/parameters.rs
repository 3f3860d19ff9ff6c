//! Parameters of paths and queries. Queries are read as settlement reads them.

use core::str::FromStr;

use winterlane_settlement::server::QueryError;
pub(super) use winterlane_settlement::server::{Query, number};

use super::problem::{Kind, Problem};

/// The parameters of a path, by name.
#[derive(Clone, Debug, Default)]
pub(super) struct PathParameters(pub(super) Vec<(String, String)>);

impl PathParameters {
    /// The parameter as a `T`. What is not one names nothing that exists.
    pub(super) fn get<T: FromStr>(&self, name: &str) -> Result<T, Problem> {
        let found = self
            .0
            .iter()
            .find(|(found, _)| found == name)
            .map(|(_, value)| value.as_str());
        // No sign, no leading zero: one address for one thing.
        let plain = |text: &str| {
            !text.starts_with('+') && (text == "0" || !text.starts_with('0') || text.len() > 20)
        };
        found
            .filter(|text| plain(text))
            .and_then(|text| text.parse().ok())
            .ok_or_else(|| {
                Problem::new(Kind::NotFound, format!("no {name} has this name")).at(name)
            })
    }
}

impl From<QueryError> for Problem {
    fn from(error: QueryError) -> Self {
        Self::field(error.parameter(), error.to_string())
    }
}
