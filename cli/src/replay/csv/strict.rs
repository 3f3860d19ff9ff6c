//! CSV as RFC 4180 has it, and nothing else.
//!
//! Readers of CSV repair what the standard forbids: a quote that is never closed takes in the rest of
//! the file, with all its rows, as one field. Where rows are payments, a repair is a loss. So the bytes
//! pass through [`Strict`] on their way to the reader, which looks at quotes, line ends and lengths
//! and stops at the first byte that is not allowed; and it counts records and fields, so that the
//! reader's can be compared with them.

use std::{
    collections::VecDeque,
    io::{self, Read},
};

use super::{CsvError, LineProblem};

/// The longest record, in bytes: what an unclosed quote can take of memory before it is noticed.
pub(super) const MAX_RECORD: usize = 1 << 20;

/// Characters that other CSVs have between fields.
pub(super) const SEPARATORS: [char; 6] = [';', '\t', '|', ':', '^', '~'];

/// More of them, which would say little after a quote: a space, and what keyboards of other languages have for a comma.
pub(super) const RARE_SEPARATORS: [char; 5] = [' ', '，', '、', '،', '；'];

/// A record that has passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// The line it begins on, counted from 1.
    pub(super) line: u64,
    /// How many fields it has.
    pub(super) fields: u64,
}

/// Where in the grammar the next byte is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// At the beginning of a record, or of a blank line.
    Record,
    /// At the beginning of a later field.
    Field,
    /// In a field without quotes.
    Plain,
    /// Between quotes.
    Quoted,
    /// After a quote between quotes: the end of the field, or half of a quote in it.
    Quote,
}

/// A reader that passes on what is CSV.
#[derive(Debug)]
pub(super) struct Strict<R> {
    inner: R,
    state: State,
    /// The line of the next byte. `\n`, `\r` and `\r\n` end a line.
    line: u64,
    after_return: bool,
    /// The record that the next byte belongs to, and its bytes so far.
    record: Place,
    length: usize,
    /// The line on which the last quoted field began.
    quoted: u64,
    /// Records that have passed and were not asked for.
    passed: VecDeque<Place>,
    /// Records that have begun.
    begun: u64,
    failed: Option<CsvError>,
    ended: bool,
}

impl<R: Read> Strict<R> {
    pub(super) fn new(inner: R) -> Self {
        Self {
            inner,
            state: State::Record,
            line: 1,
            after_return: false,
            record: Place { line: 1, fields: 1 },
            length: 0,
            quoted: 1,
            passed: VecDeque::new(),
            begun: 0,
            failed: None,
            ended: false,
        }
    }

    /// The next record that has passed, in the file's order.
    pub(super) fn next_place(&mut self) -> Option<Place> {
        self.passed.pop_front()
    }

    /// The line of the next record that has passed, or of the one that is passing.
    pub(super) fn line(&self) -> u64 {
        self.passed.front().unwrap_or(&self.record).line
    }

    /// Takes one byte in.
    fn step(&mut self, byte: u8) -> Result<(), CsvError> {
        if byte == 0 {
            return Err(self.problem(self.line, LineProblem::Nul));
        }
        let line_end = matches!(byte, b'\n' | b'\r');
        if self.state == State::Record && !line_end {
            self.record = Place {
                line: self.line,
                fields: 1,
            };
            self.length = 0;
            self.begun += 1;
        }
        // A line end between records is none's: blank lines may be many.
        if self.state != State::Record || !line_end {
            self.length += 1;
        }
        if self.length > MAX_RECORD {
            return Err(self.problem(self.record.line, LineProblem::TooLong));
        }
        self.state = match (self.state, byte) {
            (State::Quoted, b'"') => State::Quote,
            (State::Quoted, _) => State::Quoted,
            (State::Quote, b'"') => State::Quoted,
            (State::Record, _) if line_end => State::Record,
            (_, b',') => {
                self.record.fields += 1;
                State::Field
            }
            (_, _) if line_end => {
                self.passed.push_back(self.record);
                State::Record
            }
            (State::Record | State::Field, b'"') => {
                self.quoted = self.line;
                State::Quoted
            }
            (State::Plain, b'"') => {
                return Err(self.problem(self.line, LineProblem::QuoteInside));
            }
            (State::Quote, _) => return Err(self.after_quote(byte)),
            (State::Record | State::Field | State::Plain, _) => State::Plain,
        };
        let second_half = self.after_return && byte == b'\n';
        if line_end && !second_half {
            self.line += 1;
        }
        self.after_return = byte == b'\r';
        Ok(())
    }

    fn after_quote(&self, byte: u8) -> CsvError {
        let found = char::from(byte);
        let problem = if self.begun == 1 && SEPARATORS.contains(&found) {
            LineProblem::Separator { found }
        } else {
            LineProblem::AfterQuote { closed: self.line }
        };
        self.problem(self.quoted, problem)
    }

    /// The end of the file.
    fn end(&mut self) -> Result<(), CsvError> {
        match std::mem::replace(&mut self.state, State::Record) {
            State::Record => {}
            State::Quoted => return Err(self.problem(self.quoted, LineProblem::OpenQuote)),
            State::Field | State::Plain | State::Quote => self.passed.push_back(self.record),
        }
        Ok(())
    }

    fn problem(&self, line: u64, problem: LineProblem) -> CsvError {
        CsvError::Line { line, problem }
    }
}

impl<R: Read> Read for Strict<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Some(error) = self.failed.take() {
            return Err(io::Error::other(error));
        }
        if self.ended || buffer.is_empty() {
            return Ok(0);
        }
        let length = self.inner.read(buffer)?;
        if length == 0 {
            self.ended = true;
            return self.end().map(|()| 0).map_err(io::Error::other);
        }
        for (i, &byte) in buffer[..length].iter().enumerate() {
            if let Err(error) = self.step(byte) {
                // What is before it passes: a caller may have asked for no more than that.
                self.ended = true;
                if i == 0 {
                    return Err(io::Error::other(error));
                }
                self.failed = Some(error);
                return Ok(i);
            }
        }
        Ok(length)
    }
}
