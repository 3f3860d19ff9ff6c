//! A predicate as a row of tokens.

use alloc::{string::String, vec::Vec};
use core::ops::Range;

use super::error::{Mistake, PredicateError};
use crate::{DayError, MAX_TEXT_BYTES, Value};

/// A sign between two things.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    Less,
    AtMost,
    Equal,
    AtLeast,
    More,
}

impl Sign {
    /// The sign that says the same with the sides exchanged.
    pub(super) const fn mirrored(self) -> Self {
        match self {
            Self::Less => Self::More,
            Self::AtMost => Self::AtLeast,
            Self::Equal => Self::Equal,
            Self::AtLeast => Self::AtMost,
            Self::More => Self::Less,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// A name: of an attribute, of a file, or `and`, `in`.
    Word(String),
    Value(Value),
    Sign(Sign),
    Open,
    Close,
    Comma,
}

/// A token and its bytes.
pub(super) type Placed = (Token, Range<usize>);

/// Takes a text apart.
pub(super) fn tokens(source: &str) -> Result<Vec<Placed>, PredicateError> {
    let mut placed = Vec::new();
    let mut at = 0;
    while let Some(first) = source[at..].chars().next() {
        if first.is_whitespace() {
            at += first.len_utf8();
            continue;
        }
        let rest = &source[at..];
        let (token, length) = one(first, rest).map_err(|(mistake, length)| PredicateError {
            text: source.into(),
            at: at..at + length,
            mistake,
        })?;
        placed.push((token, at..at + length));
        at += length;
    }
    Ok(placed)
}

/// The token at the beginning of `rest`, and its bytes.
fn one(first: char, rest: &str) -> Result<(Token, usize), (Mistake, usize)> {
    let sign = |sign, length| Ok((Token::Sign(sign), length));
    match first {
        '<' if rest.starts_with("<=") => sign(Sign::AtMost, 2),
        '<' => sign(Sign::Less, 1),
        '≤' => sign(Sign::AtMost, '≤'.len_utf8()),
        '>' if rest.starts_with(">=") => sign(Sign::AtLeast, 2),
        '>' => sign(Sign::More, 1),
        '≥' => sign(Sign::AtLeast, '≥'.len_utf8()),
        '=' if rest.starts_with("==") => sign(Sign::Equal, 2),
        '=' => sign(Sign::Equal, 1),
        '{' => Ok((Token::Open, 1)),
        '}' => Ok((Token::Close, 1)),
        ',' => Ok((Token::Comma, 1)),
        '"' => quoted(rest),
        '-' | '0'..='9' => number(rest),
        first if first.is_alphabetic() || "_/.".contains(first) => {
            let part = |c: char| c.is_alphanumeric() || "_-/.".contains(c);
            let length = rest.find(|c| !part(c)).unwrap_or(rest.len());
            Ok((Token::Word(rest[..length].into()), length))
        }
        character => Err((Mistake::Character { character }, character.len_utf8())),
    }
}

/// A number or a date.
fn number(rest: &str) -> Result<(Token, usize), (Mistake, usize)> {
    let part = |c: char| c.is_alphanumeric() || "-._".contains(c);
    let length = rest.find(|c| !part(c)).unwrap_or(rest.len());
    let text = &rest[..length];
    let value = match text.parse() {
        Ok(day) => Value::Date(day),
        Err(DayError::NoSuchDay) => return Err((Mistake::NoSuchDay, length)),
        Err(DayError::Form) => {
            let digits = text.strip_prefix('-').unwrap_or(text);
            let mistake = if digits.contains('.') {
                Mistake::Fraction
            } else if digits.contains('-') {
                let expected = "a date as in 2008-11-28";
                Mistake::Expected { expected }
            } else if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                let expected = "a number, a date or a name that begins with a letter";
                Mistake::Expected { expected }
            } else {
                Mistake::Number
            };
            let number = text.parse().ok().filter(|_| mistake == Mistake::Number);
            number
                .and_then(|number| Value::integer(number).ok())
                .ok_or((mistake, length))?
        }
    };
    Ok((Token::Value(value), length))
}

/// A text in quotes.
fn quoted(rest: &str) -> Result<(Token, usize), (Mistake, usize)> {
    let mut text = String::new();
    let mut characters = rest.char_indices().skip(1);
    while let Some((at, character)) = characters.next() {
        match character {
            '"' if text.len() > MAX_TEXT_BYTES => return Err((Mistake::LongText, at + 1)),
            '"' => {
                let value = match text.parse() {
                    Ok(day) => Value::Date(day),
                    Err(DayError::NoSuchDay) => return Err((Mistake::NoSuchDay, at + 1)),
                    Err(DayError::Form) => Value::Text(text),
                };
                return Ok((Token::Value(value), at + 1));
            }
            '\\' => match characters.next() {
                Some((_, escaped @ ('"' | '\\'))) => text.push(escaped),
                Some((end, other)) => return Err((Mistake::Escape, end + other.len_utf8())),
                None => break,
            },
            character => text.push(character),
        }
    }
    Err((Mistake::OpenText, rest.len()))
}
