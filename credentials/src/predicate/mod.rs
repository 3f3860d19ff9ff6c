//! Predicates: conditions on attributes, as people write them.
//!
//! ```text
//! birth_date <= 2008-11-28 and country in eu.json
//! 50000 <= income and employer_country = "CH"
//! 47310000 <= latitude <= 47440000 and 8450000 <= longitude <= 8620000
//! grade in {"A", "B"}
//! ```
//!
//! ```text
//! predicate := condition { "and" condition }
//! condition := name sign value | value sign name | value sign name sign value | name "in" set
//! sign      := "<" | "<=" | "=" | ">=" | ">"
//! set       := file.json | "file name.json" | "{" value { "," value } "}"
//! value     := whole number | year-month-day | "text"
//! ```
//!
//! All conditions on one attribute are about one value, and become one requirement: a range, one text, or
//! a set. An attribute with several values (a list in the issuer's file) satisfies a requirement when one of
//! them does. A proof says at which of its places that value is. The issuer draws places by lot, and of several values
//! that do, the holder shows the one whose salt is least: the place says nothing of the other values.
//! There is no `or` and no `not`: what is proven says exactly what it says.

mod error;
mod lexer;
mod parser;
#[cfg(test)]
mod tests;

use alloc::{string::String, vec::Vec};
use core::{fmt, str::FromStr};

pub use error::{Mistake, PredicateError};
use parser::{RESERVED, ends, is};

use crate::Value;

/// Attributes that one predicate may speak of.
pub const MAX_REQUIREMENTS: usize = winterlane_ledger::private::MAX_PREDICATES;

/// What must hold of the attributes; see the [module](self).
///
/// ```
/// use winterlane_credentials::Predicate;
/// let predicate: Predicate = "birth_date < 2008-11-29 and country in eu.json".parse()?;
/// assert_eq!(predicate.to_string(), "birth_date <= 2008-11-28 and country in eu.json");
///
/// let mistake = "birth_date <= 2008-13-28".parse::<Predicate>().unwrap_err();
/// assert_eq!(mistake.column(), 15);
/// # Ok::<(), winterlane_credentials::PredicateError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Predicate {
    requirements: Vec<Requirement>,
}

/// What must hold of one attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// The attribute's name.
    pub attribute: String,
    /// What must hold of one of its values.
    pub condition: Condition,
}

/// What must hold of one value.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Condition {
    /// From `low` to `high`, both of one kind, both included.
    Range {
        /// The least value.
        low: Value,
        /// The greatest.
        high: Value,
    },
    /// This very text.
    Text(String),
    /// One of the values in a file.
    File(String),
    /// One of these, sorted and without repetition.
    Listed(Vec<Value>),
}

impl Predicate {
    /// The requirements, in the order in which the attributes appear first.
    #[must_use]
    pub fn requirements(&self) -> &[Requirement] {
        &self.requirements
    }

    /// The files of its sets, in order.
    pub fn files(&self) -> impl Iterator<Item = &str> {
        let conditions = self.requirements.iter().map(|one| &one.condition);
        conditions.filter_map(|condition| match condition {
            Condition::File(name) => Some(name.as_str()),
            _ => None,
        })
    }
}

/// Whether a predicate can speak of an attribute with this name.
pub(crate) fn is_attribute_name(name: &str) -> bool {
    let letters = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(letters)
        && !RESERVED.iter().any(|word| is(name, word))
}

impl FromStr for Predicate {
    type Err = PredicateError;

    fn from_str(source: &str) -> Result<Self, PredicateError> {
        let requirements = parser::requirements(source)?;
        Ok(Self { requirements })
    }
}

impl fmt::Display for Predicate {
    /// One spelling for each predicate: reading it gives the same again.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, requirement) in self.requirements.iter().enumerate() {
            if index > 0 {
                f.write_str(" and ")?;
            }
            requirement.fmt(f)?;
        }
        Ok(())
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = &self.attribute;
        match &self.condition {
            Condition::Range { low, high } if low == high => write!(f, "{name} = {low}"),
            Condition::Range { low, high } => match ends(low.kind()) {
                Some((least, most)) if *low == least && *high == most => {
                    write!(f, "{low} <= {name} <= {high}")
                }
                Some((least, _)) if *low == least => write!(f, "{name} <= {high}"),
                Some((_, most)) if *high == most => write!(f, "{name} >= {low}"),
                _ => write!(f, "{low} <= {name} <= {high}"),
            },
            Condition::Text(text) => write!(f, "{name} = {}", Value::Text(text.clone())),
            Condition::File(file) => {
                let plain = |c: char| c.is_alphanumeric() || "_-/.".contains(c);
                let first = file
                    .chars()
                    .next()
                    .is_some_and(|c| c.is_alphabetic() || "_/.".contains(c));
                if first && file.chars().all(plain) && !RESERVED.iter().any(|word| is(file, word)) {
                    write!(f, "{name} in {file}")
                } else {
                    write!(f, "{name} in {}", Value::Text(file.clone()))
                }
            }
            Condition::Listed(values) => {
                write!(f, "{name} in {{")?;
                for (index, value) in values.iter().enumerate() {
                    let comma = if index == 0 { "" } else { ", " };
                    write!(f, "{comma}{value}")?;
                }
                f.write_str("}")
            }
        }
    }
}
