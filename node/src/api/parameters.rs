//! Parameters of paths and queries.

use core::str::FromStr;

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

/// The parameters of a query: plain names and values, each name once.
#[derive(Clone, Debug, Default)]
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    /// Reads a query. Nothing here needs percent signs, so that there is one spelling.
    pub(super) fn parse(text: Option<&str>, known: &[&str]) -> Result<Self, Problem> {
        let mut pairs: Vec<(String, String)> = Vec::new();
        for pair in text
            .unwrap_or_default()
            .split('&')
            .filter(|pair| !pair.is_empty())
        {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            if !known.contains(&name) {
                let known = if known.is_empty() {
                    "none".to_owned()
                } else {
                    known.join(", ")
                };
                return Err(Problem::field(
                    "query",
                    format!("an unknown parameter; known here: {known}"),
                ));
            }
            if pairs.iter().any(|(found, _)| found == name) {
                return Err(Problem::field(name, "given twice"));
            }
            pairs.push((name.to_owned(), value.to_owned()));
        }
        Ok(Self(pairs))
    }

    /// The parameter as a `T`; nothing if it is not given.
    pub(super) fn get<T: FromStr>(&self, name: &str, what: &str) -> Result<Option<T>, Problem> {
        let found = self.0.iter().find(|(found, _)| found == name);
        found
            .map(|(_, value)| value.parse().map_err(|_| Problem::field(name, what)))
            .transpose()
    }

    /// How many of a list are asked for: `most` at most, `usual` if not said.
    pub(super) fn limit(&self, usual: usize, most: usize) -> Result<usize, Problem> {
        let what = format!("a number from 1 to {most}");
        let limit = self.get("limit", &what)?.unwrap_or(usual);
        if (1..=most).contains(&limit) {
            Ok(limit)
        } else {
            Err(Problem::field("limit", what))
        }
    }
}
