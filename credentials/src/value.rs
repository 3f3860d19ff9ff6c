//! Values of attributes: whole numbers, dates and texts.

use alloc::string::{String, ToString};
use core::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use serde_json::Value as Json;
use thiserror::Error;
use time::{Date, Month};

/// Integers of attributes are from `-MAX_INTEGER` to `MAX_INTEGER`: every one fits the range checks of the
/// proof, and is exact in JSON everywhere.
pub const MAX_INTEGER: i64 = (1 << 53) - 1;

/// Bytes of a text, at most.
pub const MAX_TEXT_BYTES: usize = 1024;

/// The number of 1970-01-01, from year 1 on.
const DAYS_TO_1970: u32 = 719_162;

const TEXT_CONTEXT: &str = "winterlane 2026-11-28 credential: number of a text";

/// A day of the calendar, from year 1 to 9999. Printed and read as `2008-11-28`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(Date);

/// Why a text is not a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DayError {
    /// Another form than four digits, two and two.
    #[error("a date is written year-month-day, as in 2008-11-28")]
    Form,
    /// A month or day that the calendar does not have.
    #[error("the calendar has no such day")]
    NoSuchDay,
}

impl Day {
    /// The first day that can be written.
    pub const FIRST: Self = Self(match Date::from_ordinal_date(1, 1) {
        Ok(day) => day,
        Err(_) => Date::MIN,
    });

    /// The last day that can be written.
    pub const LAST: Self = Self(match Date::from_ordinal_date(9999, 365) {
        Ok(day) => day,
        Err(_) => Date::MAX,
    });

    /// Today, by the system's clock, in Greenwich.
    #[cfg(feature = "std")]
    #[must_use]
    pub fn today() -> Self {
        use std::time::{SystemTime, UNIX_EPOCH};

        let seconds = |time: std::time::Duration| i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
        Self::at(match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => seconds(since),
            // so long before; a part of a second counts as one
            Err(before) => (-seconds(before.duration())).saturating_sub(1),
        })
    }

    /// The day at so many seconds since 1970. A clock that is beyond the calendar shows its first or its last day: it is wrong, and
    /// what comes of it is refused as a day that cannot be.
    #[cfg(any(feature = "std", test))]
    fn at(seconds: i64) -> Self {
        let days = seconds
            .div_euclid(86_400)
            .saturating_add(DAYS_TO_1970.into());
        let number = u32::try_from(days.max(0)).unwrap_or(u32::MAX);
        Self::from_number(number).unwrap_or(Self::LAST)
    }

    /// Days since 1 January of year 1, counted from 0.
    #[must_use]
    pub fn number(self) -> u32 {
        // Both are years 1 to 9999: the difference is not negative.
        (self.0.to_julian_day() - Self::FIRST.0.to_julian_day()).unsigned_abs()
    }

    /// The day with this number; `None` after the year 9999.
    #[must_use]
    pub fn from_number(number: u32) -> Option<Self> {
        let julian = i32::try_from(number).ok()?;
        let julian = julian.checked_add(Self::FIRST.0.to_julian_day())?;
        Date::from_julian_day(julian).ok().map(Self)
    }

    /// Days since 1970-01-01, by which credentials expire; `None` before that day.
    #[must_use]
    pub fn since_1970(self) -> Option<u32> {
        self.number().checked_sub(DAYS_TO_1970)
    }

    /// So many days later; `None` after the year 9999.
    #[must_use]
    pub fn plus(self, days: u32) -> Option<Self> {
        Self::from_number(self.number().checked_add(days)?)
    }
}

impl FromStr for Day {
    type Err = DayError;

    fn from_str(text: &str) -> Result<Self, DayError> {
        let bytes = text.as_bytes();
        let digits = |range: core::ops::Range<usize>| {
            let digits = text.get(range)?;
            let all = digits.bytes().all(|byte| byte.is_ascii_digit());
            all.then(|| digits.parse::<u16>().ok()).flatten()
        };
        let hyphens = bytes.len() == 10 && bytes[4] == b'-' && bytes[7] == b'-';
        let (Some(year), Some(month), Some(day)) = (digits(0..4), digits(5..7), digits(8..10))
        else {
            return Err(DayError::Form);
        };
        if !hyphens {
            return Err(DayError::Form);
        }
        let month = u8::try_from(month)
            .ok()
            .and_then(|month| Month::try_from(month).ok());
        let day = u8::try_from(day).ok();
        let (Some(month), Some(day)) = (month, day) else {
            return Err(DayError::NoSuchDay);
        };
        let date = Date::from_calendar_date(i32::from(year), month, day);
        match date {
            Ok(date) if year > 0 => Ok(Self(date)),
            _ => Err(DayError::NoSuchDay),
        }
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.0.to_calendar_date();
        write!(f, "{year:04}-{:02}-{day:02}", u8::from(month))
    }
}

/// One value of an attribute.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Value {
    /// A whole number from `-`[`MAX_INTEGER`] to [`MAX_INTEGER`]. Fractions are written in a smaller unit:
    /// cents, metres, millionths of a degree.
    Integer(i64),
    /// A day.
    Date(Day),
    /// A text of at most [`MAX_TEXT_BYTES`] bytes. Texts are equal or not; they have no order.
    Text(String),
}

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Integer(number) => serializer.serialize_i64(*number),
            Self::Date(day) => day.serialize(serializer),
            Self::Text(text) => serializer.serialize_str(text),
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = Json::deserialize(deserializer)?;
        Self::from_json(&json).map_err(D::Error::custom)
    }
}

/// Which kind of value it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Kind {
    /// [`Value::Integer`].
    Integer,
    /// [`Value::Date`].
    Date,
    /// [`Value::Text`].
    Text,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Integer => "a number",
            Self::Date => "a date",
            Self::Text => "a text",
        })
    }
}

/// Why JSON is not a value.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ValueError {
    /// A fraction, or beyond [`MAX_INTEGER`].
    #[error(
        "{number} is not a whole number from -{MAX_INTEGER} to {MAX_INTEGER}: write fractions in a smaller unit"
    )]
    Number {
        /// As it was written.
        number: String,
    },
    /// Longer than [`MAX_TEXT_BYTES`].
    #[error("a text of {bytes} bytes: at most {MAX_TEXT_BYTES}")]
    Long {
        /// Its length.
        bytes: usize,
    },
    /// A text that looks like a date and is none.
    #[error("{text:?} looks like a date, and the calendar has no such day")]
    NoSuchDay {
        /// The text.
        text: String,
    },
    /// Null, a truth value, a list or an object where a value should be.
    #[error("{found}: a value is a whole number, a date or a text")]
    Other {
        /// What was found.
        found: &'static str,
    },
}

impl Value {
    /// Its kind.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Integer(_) => Kind::Integer,
            Self::Date(_) => Kind::Date,
            Self::Text(_) => Kind::Text,
        }
    }

    /// The number that stands for it in a proof. Numbers of one kind have the order of their values.
    #[must_use]
    pub fn encoded(&self) -> u128 {
        match self {
            // From 1 on, for a number in range.
            Self::Integer(number) => {
                let shifted = i128::from(*number) + i128::from(MAX_INTEGER) + 1;
                shifted.unsigned_abs()
            }
            Self::Date(day) => u128::from(day.number()),
            Self::Text(text) => {
                let hash = blake3::derive_key(TEXT_CONTEXT, text.as_bytes());
                let [first, _] = *hash.as_chunks::<16>().0 else {
                    return 0;
                };
                u128::from_le_bytes(first)
            }
        }
    }

    /// A number, if it is in range.
    ///
    /// # Errors
    /// [`ValueError::Number`].
    pub fn integer(number: i64) -> Result<Self, ValueError> {
        if number.unsigned_abs() <= MAX_INTEGER.unsigned_abs() {
            return Ok(Self::Integer(number));
        }
        Err(ValueError::Number {
            number: number.to_string(),
        })
    }

    /// A text; one of the form `2008-11-28` is a date.
    ///
    /// # Errors
    /// [`ValueError::Long`], [`ValueError::NoSuchDay`].
    pub fn text(text: &str) -> Result<Self, ValueError> {
        match text.parse() {
            Ok(day) => Ok(Self::Date(day)),
            Err(DayError::NoSuchDay) => Err(ValueError::NoSuchDay { text: text.into() }),
            Err(DayError::Form) if text.len() > MAX_TEXT_BYTES => {
                Err(ValueError::Long { bytes: text.len() })
            }
            Err(DayError::Form) => Ok(Self::Text(text.into())),
        }
    }

    /// The value that JSON writes as a number or a string.
    ///
    /// # Errors
    /// [`ValueError`].
    pub fn from_json(json: &Json) -> Result<Self, ValueError> {
        let found = match json {
            Json::Number(number) => {
                let number = number.as_i64().ok_or_else(|| ValueError::Number {
                    number: number.to_string(),
                })?;
                return Self::integer(number);
            }
            Json::String(text) => return Self::text(text),
            Json::Null => "null",
            Json::Bool(_) => "a truth value",
            Json::Array(_) => "a list",
            Json::Object(_) => "an object",
        };
        Err(ValueError::Other { found })
    }
}

impl fmt::Display for Value {
    /// As it is written in a predicate.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(number) => number.fmt(f),
            Self::Date(day) => day.fmt(f),
            // Not Rust's escapes: a predicate knows only these two.
            Self::Text(text) => {
                let escaped = text.replace('\\', "\\\\").replace('"', "\\\"");
                write!(f, "\"{escaped}\"")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::format;

    use super::*;

    /// A clock may say anything, and no command crashes for it.
    #[test]
    fn every_time_has_a_day() {
        for (seconds, day) in [
            (0, "1970-01-01"),
            (86_399, "1970-01-01"),
            (-1, "1969-12-31"),
            (4_294_967_296, "2106-02-07"),
            (253_402_300_799, "9999-12-31"),
            (253_402_300_800, "9999-12-31"),
            (i64::MAX, "9999-12-31"),
            (i64::MIN, "0001-01-01"),
        ] {
            assert_eq!(Day::at(seconds).to_string(), day, "{seconds}");
        }
    }

    #[test]
    fn days_are_those_of_the_calendar() {
        for (text, number) in [
            ("0001-01-01", 0),
            ("0001-12-31", 364),
            ("1970-01-01", 719_162),
            ("2000-02-29", 730_178),
            ("2008-11-28", 733_373),
            ("9999-12-31", 3_652_058),
        ] {
            let day: Day = text.parse().unwrap();
            assert_eq!((day.number(), day.to_string().as_str()), (number, text));
            assert_eq!(Day::from_number(number), Some(day));
        }
        assert_eq!(Day::from_number(3_652_059), None);
        assert_eq!(Day::from_number(u32::MAX), None);
        for text in [
            "2001-02-29",
            "2001-00-10",
            "2001-13-10",
            "2001-04-31",
            "0000-01-01",
        ] {
            assert_eq!(text.parse::<Day>(), Err(DayError::NoSuchDay), "{text}");
        }
        for text in [
            "",
            "2001-2-29",
            "2001/02/20",
            "20010220",
            "+001-02-20",
            "2001-02-2é",
            "2001-02-20 ",
        ] {
            assert_eq!(text.parse::<Day>(), Err(DayError::Form), "{text}");
        }
    }

    #[test]
    fn numbers_have_the_order_of_their_values() {
        let numbers = [-MAX_INTEGER, -1, 0, 1, MAX_INTEGER].map(|n| Value::Integer(n).encoded());
        assert_eq!(
            numbers,
            [1, (1 << 53) - 1, 1 << 53, (1 << 53) + 1, (1 << 54) - 1]
        );
        let days = ["1970-01-01", "1970-01-02"].map(|day| day.parse::<Day>().unwrap());
        assert_eq!(
            days.map(|day| Value::Date(day).encoded()),
            [719_162, 719_163]
        );
        assert_eq!(days.map(Day::since_1970), [Some(0), Some(1)]);
        assert_eq!(Day::FIRST.since_1970(), None);
        let texts = ["DE", "de", ""].map(|text| Value::Text(text.into()).encoded());
        assert!(texts[0] != texts[1] && texts[1] != texts[2]);
    }

    #[test]
    fn json_is_read_strictly() {
        let read = |text: &str| Value::from_json(&serde_json::from_str(text).unwrap());
        assert_eq!(read("-5"), Ok(Value::Integer(-5)));
        assert_eq!(read("\"2008-11-28\"").unwrap().kind(), Kind::Date);
        assert_eq!(read("\"DE\""), Ok(Value::Text("DE".into())));
        assert_eq!(read("9007199254740991"), Ok(Value::Integer(MAX_INTEGER)));
        for text in [
            "9007199254740992",
            "-9007199254740992",
            "1.5",
            "1e3",
            "18446744073709551615",
        ] {
            assert!(
                matches!(read(text), Err(ValueError::Number { .. })),
                "{text}"
            );
        }
        assert!(matches!(
            read("\"2001-02-30\""),
            Err(ValueError::NoSuchDay { .. })
        ));
        let long = format!("\"{}\"", "x".repeat(MAX_TEXT_BYTES + 1));
        assert_eq!(
            read(&long),
            Err(ValueError::Long {
                bytes: MAX_TEXT_BYTES + 1
            })
        );
        for text in ["null", "true", "[]", "{}"] {
            assert!(
                matches!(read(text), Err(ValueError::Other { .. })),
                "{text}"
            );
        }
    }
}
