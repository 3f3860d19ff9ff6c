//! What is wrong with a predicate, and where.

use alloc::{format, string::String};
use core::{fmt, ops::Range};

use thiserror::Error;

use crate::{Kind, MAX_INTEGER};

/// A mistake in a predicate: what is wrong, and which bytes of the text.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("column {column}: {mistake}", column = self.column())]
pub struct PredicateError {
    /// The text that was read.
    pub(super) text: String,
    /// The bytes concerned; empty at the end of the text.
    pub(super) at: Range<usize>,
    /// What is wrong.
    #[source]
    pub(super) mistake: Mistake,
}

/// What is wrong with a predicate.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Mistake {
    /// No condition at all.
    #[error("a condition is missing: write one as in birth_date <= 2008-11-28")]
    Empty,
    /// A character that no condition has.
    #[error("{character:?} has no meaning here")]
    Character {
        /// The character.
        character: char,
    },
    /// A quoted text without its end.
    #[error("the text has no end: close it with \"")]
    OpenText,
    /// A backslash before something else than `"` or `\`.
    #[error("after \\ in a text comes \" or \\")]
    Escape,
    /// A number beyond the range.
    #[error("numbers are from -{MAX_INTEGER} to {MAX_INTEGER}")]
    Number,
    /// A number with a point.
    #[error("numbers are whole: write a fraction in a smaller unit, as its issuer did")]
    Fraction,
    /// A date that the calendar does not have.
    #[error("the calendar has no such day")]
    NoSuchDay,
    /// A text that is too long.
    #[error("the text is too long")]
    LongText,
    /// Something else was to come here.
    #[error("{expected} should be here")]
    Expected {
        /// What.
        expected: &'static str,
    },
    /// Both sides are values, or both names.
    #[error(
        "one side of a comparison is the name of an attribute, the other a value (texts in quotes)"
    )]
    Sides,
    /// `1 <= a >= 2`.
    #[error("both signs of a range point the same way, as in 18 <= age <= 65")]
    Directions,
    /// `or` or `not`.
    #[error(
        "{word:?} is not there: a predicate is conditions joined by `and`; prove another one, or use a set"
    )]
    Connective {
        /// The word.
        word: String,
    },
    /// An order of texts.
    #[error("texts have no order: compare them with =, or with `in` and a set")]
    TextOrder,
    /// Two conditions on one attribute take it for two kinds.
    #[error("{attribute} is {before} in an earlier condition, and {now} here")]
    Kinds {
        /// The attribute.
        attribute: String,
        /// Its kind before.
        before: Kind,
        /// Its kind here.
        now: Kind,
    },
    /// No value satisfies all conditions on the attribute.
    #[error("no value of {attribute} satisfies this and what stands before")]
    Contradiction {
        /// The attribute.
        attribute: String,
    },
    /// A set beside another condition on the attribute.
    #[error(
        "{attribute} has another condition already: beside a set there can be none, so put all into one set"
    )]
    SetAndMore {
        /// The attribute.
        attribute: String,
    },
    /// A listed set without values, or of values of two kinds.
    #[error("a set has values of one kind, one at least")]
    MixedSet,
    /// More attributes than a proof has room for.
    #[error("a proof has room for conditions on {most} attributes")]
    TooMany {
        /// How many.
        most: usize,
    },
}

impl PredicateError {
    /// What is wrong.
    #[must_use]
    pub const fn mistake(&self) -> &Mistake {
        &self.mistake
    }

    /// Which bytes of the text.
    #[must_use]
    pub fn at(&self) -> Range<usize> {
        self.at.clone()
    }

    /// The character at which it begins, counted from 1.
    #[must_use]
    pub fn column(&self) -> usize {
        1 + self.characters(0..self.at.start)
    }

    fn characters(&self, range: Range<usize>) -> usize {
        self.text.get(range).map_or(0, |text| text.chars().count())
    }

    /// The text, with the place marked below it: two lines and the mistake.
    #[must_use]
    pub fn pointing(&self) -> impl fmt::Display + '_ {
        let before = self.characters(0..self.at.start);
        let wide = self.characters(self.at.clone()).max(1);
        format!(
            "{}\n{}{} {}",
            // A line break or a tabulator would move the mark away from its place.
            self.text.replace(char::is_control, " "),
            " ".repeat(before),
            "^".repeat(wide),
            self.mistake
        )
    }
}
