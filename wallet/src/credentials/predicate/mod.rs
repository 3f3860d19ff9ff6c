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
//! them does. A proof says at which of its places that value is, and the issuer draws places by lot. There is no `or` and no `not`: what is proven says exactly what it says.

mod error;
mod lexer;
#[cfg(test)]
mod tests;

use std::{fmt, ops::Range, str::FromStr};

pub use error::{Mistake, PredicateError};
use lexer::{Placed, Sign, Token, tokens};

use super::{Day, Kind, MAX_INTEGER, Value};

/// Attributes that one predicate may speak of.
pub const MAX_REQUIREMENTS: usize = winterlane_ledger::private::MAX_PREDICATES;

/// What must hold of the attributes; see the [module](self).
///
/// ```
/// use winterlane_wallet::credentials::Predicate;
/// let predicate: Predicate = "birth_date < 2008-11-29 and country in eu.json".parse()?;
/// assert_eq!(predicate.to_string(), "birth_date <= 2008-11-28 and country in eu.json");
///
/// let mistake = "birth_date <= 2008-13-28".parse::<Predicate>().unwrap_err();
/// assert_eq!(mistake.column(), 15);
/// # Ok::<(), winterlane_wallet::credentials::PredicateError>(())
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

/// The least and the greatest value of a kind that has an order.
fn ends(kind: Kind) -> Option<(Value, Value)> {
    match kind {
        Kind::Integer => Some((Value::Integer(-MAX_INTEGER), Value::Integer(MAX_INTEGER))),
        Kind::Date => Some((Value::Date(Day::FIRST), Value::Date(Day::LAST))),
        Kind::Text => None,
    }
}

/// The value before or after; `None` beyond the ends.
fn step(value: &Value, up: bool) -> Option<Value> {
    match value {
        Value::Integer(number) => Value::integer(if up { number + 1 } else { number - 1 }).ok(),
        Value::Date(day) => {
            let number = day.number();
            let number = if up {
                number.checked_add(1)
            } else {
                number.checked_sub(1)
            };
            Day::from_number(number?).map(Value::Date)
        }
        Value::Text(_) => None,
    }
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

impl FromStr for Predicate {
    type Err = PredicateError;

    fn from_str(source: &str) -> Result<Self, PredicateError> {
        let mut parser = Parser {
            source,
            tokens: &tokens(source)?,
            requirements: Vec::new(),
        };
        if parser.tokens.is_empty() {
            return Err(parser.here(Mistake::Empty));
        }
        loop {
            parser.condition()?;
            match parser.next() {
                None => break,
                Some((Token::Word(word), at)) if !is(word, "and") => {
                    return Err(if is(word, "or") || is(word, "not") {
                        parser.error(at, Mistake::Connective { word: word.clone() })
                    } else {
                        parser.error(at, Mistake::Expected { expected: "`and`" })
                    });
                }
                Some((Token::Word(_), _)) => {}
                Some((_, at)) => {
                    return Err(parser.error(at, Mistake::Expected { expected: "`and`" }));
                }
            }
        }
        Ok(Self {
            requirements: parser.requirements,
        })
    }
}

fn is(word: &str, keyword: &str) -> bool {
    word.eq_ignore_ascii_case(keyword)
}

/// Words that cannot be names of attributes.
const RESERVED: [&str; 4] = ["and", "or", "not", "in"];

/// Whether a predicate can speak of an attribute with this name.
pub(super) fn is_attribute_name(name: &str) -> bool {
    let letters = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(letters)
        && !RESERVED.iter().any(|word| is(name, word))
}

struct Parser<'a> {
    source: &'a str,
    tokens: &'a [Placed],
    requirements: Vec<Requirement>,
}

/// One side of a comparison.
enum Side<'a> {
    Name(&'a str),
    Value(&'a Value),
}

impl<'a> Parser<'a> {
    fn error(&self, at: &Range<usize>, mistake: Mistake) -> PredicateError {
        PredicateError {
            text: self.source.into(),
            at: at.clone(),
            mistake,
        }
    }

    /// An error at the next token, or at the end of the text.
    fn here(&self, mistake: Mistake) -> PredicateError {
        let end = self.source.len()..self.source.len();
        let at = self.tokens.first().map_or(&end, |(_, at)| at);
        self.error(at, mistake)
    }

    fn next(&mut self) -> Option<&'a Placed> {
        let (first, rest) = self.tokens.split_first()?;
        self.tokens = rest;
        Some(first)
    }

    fn side(&mut self) -> Result<(Side<'a>, &'a Range<usize>), PredicateError> {
        let expected = "the name of an attribute, or a value";
        match self.tokens.first() {
            Some((Token::Word(word), at)) => {
                if let Some(word) = RESERVED.iter().find(|reserved| is(word, reserved)) {
                    return Err(match *word {
                        "not" => self.here(Mistake::Connective { word: "not".into() }),
                        _ => self.here(Mistake::Expected { expected }),
                    });
                }
                self.next();
                Ok((Side::Name(word), at))
            }
            Some((Token::Value(value), at)) => {
                self.next();
                Ok((Side::Value(value), at))
            }
            _ => Err(self.here(Mistake::Expected { expected })),
        }
    }

    fn sign(&mut self) -> Option<(Sign, &'a Range<usize>)> {
        match self.tokens.first() {
            Some((Token::Sign(sign), at)) => {
                self.next();
                Some((*sign, at))
            }
            _ => None,
        }
    }

    fn condition(&mut self) -> Result<(), PredicateError> {
        let (left, left_at) = self.side()?;
        if let (Side::Name(name), Some((Token::Word(word), _))) = (&left, self.tokens.first())
            && is(word, "in")
        {
            self.next();
            return self.set(name, left_at);
        }
        let Some((sign, sign_at)) = self.sign() else {
            let expected = "<, <=, =, >=, > or `in`";
            return Err(self.here(Mistake::Expected { expected }));
        };
        let (right, right_at) = self.side()?;
        let both = left_at.start..right_at.end;
        match (left, right) {
            (Side::Name(name), Side::Value(value)) => {
                self.compare(name, sign, value, &both)?;
                // `a <= 3 <= 5` says something of 3, not of `a`.
                match self.tokens.first() {
                    Some((Token::Sign(_), _)) => Err(self.here(Mistake::Sides)),
                    _ => Ok(()),
                }
            }
            (Side::Value(value), Side::Name(name)) => {
                self.compare(name, sign.mirrored(), value, &both)?;
                let Some((second, second_at)) = self.sign() else {
                    return Ok(());
                };
                let upward = |sign| matches!(sign, Sign::Less | Sign::AtMost);
                if upward(sign) != upward(second) || sign == Sign::Equal || second == Sign::Equal {
                    return Err(self.error(second_at, Mistake::Directions));
                }
                let (Side::Value(value), value_at) = self.side()? else {
                    return Err(self.error(second_at, Mistake::Sides));
                };
                self.compare(name, second, value, &(right_at.start..value_at.end))
            }
            (Side::Name(_), Side::Name(_)) => Err(self.error(right_at, Mistake::Sides)),
            (Side::Value(_), Side::Value(_)) => {
                Err(self.error(&(sign_at.start..right_at.end), Mistake::Sides))
            }
        }
    }

    /// Notes that an attribute is on this side of a value.
    fn compare(
        &mut self,
        name: &str,
        sign: Sign,
        value: &Value,
        at: &Range<usize>,
    ) -> Result<(), PredicateError> {
        let attribute = || name.to_owned();
        let contradiction = || Mistake::Contradiction {
            attribute: attribute(),
        };
        let Some((mut low, mut high)) = ends(value.kind()) else {
            let Value::Text(text) = value else {
                return Err(self.error(at, Mistake::TextOrder));
            };
            if sign != Sign::Equal {
                return Err(self.error(at, Mistake::TextOrder));
            }
            return self.add(name, Condition::Text(text.clone()), at);
        };
        match sign {
            Sign::Equal => (low, high) = (value.clone(), value.clone()),
            Sign::AtMost => high = value.clone(),
            Sign::AtLeast => low = value.clone(),
            Sign::Less => match step(value, false) {
                Some(value) => high = value,
                None => return Err(self.error(at, contradiction())),
            },
            Sign::More => match step(value, true) {
                Some(value) => low = value,
                None => return Err(self.error(at, contradiction())),
            },
        }
        self.add(name, Condition::Range { low, high }, at)
    }

    /// Adds a condition on an attribute to those that are there.
    fn add(
        &mut self,
        name: &str,
        condition: Condition,
        at: &Range<usize>,
    ) -> Result<(), PredicateError> {
        let attribute = name.to_owned();
        let full = self.requirements.len() == MAX_REQUIREMENTS;
        let there = self
            .requirements
            .iter_mut()
            .find(|there| there.attribute == name);
        let mistake = match (there.map(|there| &mut there.condition), condition) {
            (None, _) if full => Mistake::TooMany {
                most: MAX_REQUIREMENTS,
            },
            (None, condition) => {
                self.requirements.push(Requirement {
                    attribute,
                    condition,
                });
                return Ok(());
            }
            (Some(there), condition) => match narrow(there, condition, attribute) {
                Ok(()) => return Ok(()),
                Err(mistake) => mistake,
            },
        };
        Err(self.error(at, mistake))
    }

    /// The set after `in`.
    fn set(&mut self, name: &str, name_at: &Range<usize>) -> Result<(), PredicateError> {
        let expected = "a file as in eu.json, or values as in {\"A\", \"B\"}";
        let expected = Mistake::Expected { expected };
        let Some((token, at)) = self.next() else {
            return Err(self.here(expected));
        };
        match token {
            Token::Word(file) if !RESERVED.iter().any(|reserved| is(file, reserved)) => self.add(
                name,
                Condition::File(file.clone()),
                &(name_at.start..at.end),
            ),
            Token::Value(Value::Text(file)) => self.add(
                name,
                Condition::File(file.clone()),
                &(name_at.start..at.end),
            ),
            Token::Open => {
                let mut values: Vec<Value> = Vec::new();
                let end = loop {
                    match self.next() {
                        Some((Token::Value(value), _)) => values.push(value.clone()),
                        Some((Token::Close, end)) if values.is_empty() => {
                            return Err(self.error(&(at.start..end.end), Mistake::MixedSet));
                        }
                        Some((_, at)) => {
                            let expected = "a value (texts in quotes)";
                            return Err(self.error(at, Mistake::Expected { expected }));
                        }
                        None => return Err(self.here(Mistake::Expected { expected: "}" })),
                    }
                    match self.next() {
                        Some((Token::Comma, _)) => {}
                        Some((Token::Close, end)) => break end,
                        Some((_, at)) => {
                            return Err(self.error(at, Mistake::Expected { expected: ", or }" }));
                        }
                        None => return Err(self.here(Mistake::Expected { expected: "}" })),
                    }
                };
                if values
                    .windows(2)
                    .any(|pair| pair[0].kind() != pair[1].kind())
                {
                    return Err(self.error(&(at.start..end.end), Mistake::MixedSet));
                }
                values.sort();
                values.dedup();
                self.add(name, Condition::Listed(values), &(name_at.start..end.end))
            }
            _ => Err(self.error(at, expected)),
        }
    }
}

/// Makes a condition hold together with another on the same attribute.
fn narrow(there: &mut Condition, condition: Condition, attribute: String) -> Result<(), Mistake> {
    match (there, condition) {
        (
            Condition::Range { low, high },
            Condition::Range {
                low: least,
                high: most,
            },
        ) => {
            let (before, now) = (low.kind(), least.kind());
            if before != now {
                return Err(Mistake::Kinds {
                    attribute,
                    before,
                    now,
                });
            }
            if least > *low {
                *low = least;
            }
            if most < *high {
                *high = most;
            }
            if low > high {
                return Err(Mistake::Contradiction { attribute });
            }
            Ok(())
        }
        (Condition::Text(there), Condition::Text(text)) if *there == text => Ok(()),
        (Condition::Text(_), Condition::Text(_)) => Err(Mistake::Contradiction { attribute }),
        (Condition::Text(_), Condition::Range { low, .. }) => Err(Mistake::Kinds {
            attribute,
            before: Kind::Text,
            now: low.kind(),
        }),
        (Condition::Range { low, .. }, Condition::Text(_)) => Err(Mistake::Kinds {
            attribute,
            before: low.kind(),
            now: Kind::Text,
        }),
        _ => Err(Mistake::SetAndMore { attribute }),
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
