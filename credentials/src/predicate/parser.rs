//! From tokens to requirements.

use alloc::{borrow::ToOwned, string::String, vec::Vec};
use core::ops::Range;

use super::{
    Condition, MAX_REQUIREMENTS, Mistake, PredicateError, Requirement,
    lexer::{Placed, Sign, Token, tokens},
};
use crate::{Day, Kind, MAX_INTEGER, Value};

/// What a predicate asks for: one requirement of each attribute.
pub(super) fn requirements(source: &str) -> Result<Vec<Requirement>, PredicateError> {
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
    Ok(parser.requirements)
}

/// The least and the greatest value of a kind that has an order.
pub(super) fn ends(kind: Kind) -> Option<(Value, Value)> {
    match kind {
        Kind::Integer => Some((Value::Integer(-MAX_INTEGER), Value::Integer(MAX_INTEGER))),
        Kind::Date => Some((Value::Date(Day::FIRST), Value::Date(Day::LAST))),
        Kind::Text => None,
    }
}

/// The value before or after; `None` beyond the ends.
pub(super) fn step(value: &Value, up: bool) -> Option<Value> {
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

pub(super) fn is(word: &str, keyword: &str) -> bool {
    word.eq_ignore_ascii_case(keyword)
}

/// Words that cannot be names of attributes.
pub(super) const RESERVED: [&str; 4] = ["and", "or", "not", "in"];

/// The state of reading: what is left of the tokens, and what was understood so far.
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
