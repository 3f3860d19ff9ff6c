//! Reading transfers from a CSV file.
//!
//! Columns are found by their header names ([`COLUMNS`]); others are ignored and their order is
//! free. Amounts are plain decimal `u128`, addresses 40 hexadecimal digits with or without `0x`, in one
//! case or with the checksum of EIP-55. Reading is strict, in all columns: the first bad line ends it,
//! and the error names that line. Memory is that of the rows and of the longest record.

mod address;
mod strict;
#[cfg(test)]
mod tests;

use std::io::{self, Read};

use csv::{ErrorKind, ReaderBuilder, StringRecord, Trim};
use thiserror::Error;

pub use self::address::{Address, AddressError};
use self::strict::{RARE_SEPARATORS, SEPARATORS, Strict};
use winterlane_ledger::Amount;

/// The header names a transfer file must have.
pub const COLUMNS: [&str; 4] = ["from_address", "to_address", "value_wei", "fee_wei"];

/// One line of a transfer file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TransferRow {
    /// Line of the file the row starts on, counted from 1 (the header is line 1).
    pub line: u64,
    /// Who pays.
    pub from: Address,
    /// Who is paid.
    pub to: Address,
    /// What the receiver gets, in the asset's smallest unit.
    pub value: Amount,
    /// What the payer gives on top, to the fee pool.
    pub fee: Amount,
}

/// Why a transfer file cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CsvError {
    /// The file could not be read.
    #[error("cannot read the transfers: {0}")]
    Io(#[from] io::Error),
    /// A line that cannot be understood.
    #[error("line {line}: {problem}")]
    Line {
        /// The line's number, counted from 1.
        line: u64,
        /// What is wrong with it.
        #[source]
        problem: LineProblem,
    },
}

/// What is wrong with one line of a transfer file.
#[derive(Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum LineProblem {
    /// The header has no column of that name.
    #[error("the header has no column `{column}`; it has {found}")]
    MissingColumn {
        /// The name.
        column: &'static str,
        /// The names that it has.
        found: String,
    },
    /// The header names that column twice, so that its meaning is open.
    #[error("the header names column `{0}` more than once")]
    RepeatedColumn(&'static str),
    /// The fields are separated by something else than a comma.
    #[error("fields are separated by {found:?}; they must be separated by commas")]
    Separator {
        /// What is between them.
        found: char,
    },
    /// More or fewer fields than the header has.
    #[error("{got} fields where the header has {expected}")]
    FieldCount {
        /// Fields in the header.
        expected: u64,
        /// Fields in the line.
        got: u64,
    },
    /// The file ends between quotes. The line is that of the opening quote.
    #[error("a field begins with a quote here, and no quote ends it")]
    OpenQuote,
    /// A quoted field goes on after its closing quote. The line is that of the opening quote.
    #[error(
        "a field begins with a quote here and goes on after its closing quote in line {closed}; a quote in \
         a field is written as two"
    )]
    AfterQuote {
        /// The line of the closing quote.
        closed: u64,
    },
    /// A quote in a field that does not begin with one.
    #[error("a quote inside a field that does not begin with one (spaces count)")]
    QuoteInside,
    /// The record is longer than any record of transfers.
    #[error("a record of more than {} bytes", strict::MAX_RECORD)]
    TooLong,
    /// A byte of zero, as UTF-16 has them and files that a crash cut.
    #[error("a zero byte; the file must be UTF-8 text")]
    Nul,
    /// The file begins with the byte order mark of UTF-16.
    #[error("the file is UTF-16; save it as UTF-8")]
    Utf16,
    /// The file begins with the byte order mark of UTF-32.
    #[error("the file is UTF-32; save it as UTF-8")]
    Utf32,
    /// Bytes that are no UTF-8 text.
    #[error("not valid UTF-8 text")]
    NotText,
    /// Two readers disagree about what the fields of this line are.
    #[error("this line can be read in two ways")]
    Ambiguous,
    /// A field that is no address.
    #[error("`{column}` is {error}: {text:?}")]
    Address {
        /// The column's name.
        column: &'static str,
        /// The field, shortened to 64 characters.
        text: String,
        /// What is wrong with it.
        #[source]
        error: AddressError,
    },
    /// A field that is no amount.
    #[error("`{column}` is no amount (decimal digits alone, 0 to 2^128 - 1): {text:?}")]
    Amount {
        /// The column's name.
        column: &'static str,
        /// The field, shortened to 64 characters.
        text: String,
    },
}

/// Reads transfers from CSV text with a header line, in the file's order; at most `limit` of them.
///
/// Lines after the limit are not looked at. An empty file with a good header gives no rows.
///
/// # Errors
///
/// [`CsvError`] for the first thing that is wrong; nothing is returned of the lines before it.
///
/// ```
/// use winterlane::replay::read_transfers;
///
/// let text = "note,to_address,from_address,fee_wei,value_wei\n\
///     hi,0x00000000000000000000000000000000000000b0,0x00000000000000000000000000000000000000a0,2,31337\n";
/// let rows = read_transfers(text.as_bytes(), None).unwrap();
/// let (value, fee) = (rows[0].value.get(), rows[0].fee.get());
/// assert_eq!((value, fee, rows[0].line), (31337, 2, 2));
/// ```
pub fn read_transfers(
    mut input: impl Read,
    limit: Option<usize>,
) -> Result<Vec<TransferRow>, CsvError> {
    let mut head = Vec::new();
    input.by_ref().take(4).read_to_end(&mut head)?;
    let encoding = match head[..] {
        // Spreadsheets like to begin a file with a byte order mark.
        [0xef, 0xbb, 0xbf, ..] => {
            head.drain(..3);
            None
        }
        // Before UTF-16, whose mark is the first half of this one: no text begins with a zero character.
        [0xff, 0xfe, 0, 0] | [0, 0, 0xfe, 0xff] => Some(LineProblem::Utf32),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Some(LineProblem::Utf16),
        _ => None,
    };
    if let Some(problem) = encoding {
        return Err(CsvError::Line { line: 1, problem });
    }
    let mut reader = ReaderBuilder::new()
        .trim(Trim::All)
        .from_reader(Strict::new(head.chain(input)));

    let headers = reader.headers().cloned();
    let headers = headers.map_err(|error| refusal(error, reader.get_ref()))?;
    let line = reader.get_ref().line();
    if !headers.is_empty() {
        passed(reader.get_mut(), &headers)?;
    }
    let columns = find_columns(&headers, line)?;

    let mut rows = Vec::new();
    let mut record = StringRecord::new();
    let limit = limit.unwrap_or(usize::MAX);
    while rows.len() < limit {
        let more = reader
            .read_record(&mut record)
            .map_err(|error| refusal(error, reader.get_ref()))?;
        if !more {
            // Everything that passed was returned, or the two count differently.
            return match reader.get_mut().next_place() {
                None => Ok(rows),
                Some(place) => Err(CsvError::Line {
                    line: place.line,
                    problem: LineProblem::Ambiguous,
                }),
            };
        }
        let line = passed(reader.get_mut(), &record)?;
        let row = parse_row(&record, columns, line)?;
        // A limit on the address space refuses it, where a push would end the process.
        let no_memory = |_| io::Error::from(io::ErrorKind::OutOfMemory);
        rows.try_reserve(1).map_err(no_memory)?;
        rows.push(row);
    }
    Ok(rows)
}

/// The line of a record that was returned, which must be the next one that passed.
fn passed<R: Read>(strict: &mut Strict<R>, record: &StringRecord) -> Result<u64, CsvError> {
    let line = strict.line();
    match strict.next_place() {
        Some(place) if place.fields == record.len() as u64 => Ok(line),
        _ => Err(CsvError::Line {
            line,
            problem: LineProblem::Ambiguous,
        }),
    }
}

/// What the reader's error is about.
fn refusal<R: Read>(error: csv::Error, strict: &Strict<R>) -> CsvError {
    let line = strict.line();
    let problem = match error.into_kind() {
        ErrorKind::Io(error) => {
            return match error.downcast::<CsvError>() {
                Ok(error) => error,
                Err(error) => CsvError::Io(error),
            };
        }
        ErrorKind::UnequalLengths {
            expected_len, len, ..
        } => LineProblem::FieldCount {
            expected: expected_len,
            got: len,
        },
        // The other kinds belong to writing, deserialising and seeking, which are not used.
        _ => LineProblem::NotText,
    };
    CsvError::Line { line, problem }
}

/// Position of each of [`COLUMNS`] in the header.
fn find_columns(headers: &StringRecord, line: u64) -> Result<[usize; 4], CsvError> {
    let error = |problem| CsvError::Line { line, problem };
    let mut found = [0; 4];
    for (position, column) in found.iter_mut().zip(COLUMNS) {
        let mut matches = headers
            .iter()
            .enumerate()
            .filter(|(_, header)| *header == column)
            .map(|(index, _)| index);
        *position = matches
            .next()
            .ok_or_else(|| error(missing(column, headers)))?;
        if matches.next().is_some() {
            return Err(error(LineProblem::RepeatedColumn(column)));
        }
    }
    Ok(found)
}

/// Why a column is not there.
fn missing(column: &'static str, headers: &StringRecord) -> LineProblem {
    let separated_by = |separator: char| {
        let mut fields = headers.iter().flat_map(|header| header.split(separator));
        headers.iter().any(|header| header.contains(separator))
            && fields.any(|field| field.trim() == column)
    };
    let mut others = SEPARATORS.into_iter().chain(RARE_SEPARATORS);
    if let Some(found) = others.find(|&found| separated_by(found)) {
        return LineProblem::Separator { found };
    }
    let names: Vec<_> = headers.iter().map(|name| format!("{name:?}")).collect();
    let found = match names.len() {
        0 => "no columns".into(),
        _ => shorten(&names.join(", "), 200),
    };
    LineProblem::MissingColumn { column, found }
}

fn parse_row(
    record: &StringRecord,
    columns: [usize; 4],
    line: u64,
) -> Result<TransferRow, CsvError> {
    let field = |which: usize| record.get(columns[which]).unwrap_or_default();
    let address = |which: usize| {
        Address::parse(field(which)).map_err(|error| CsvError::Line {
            line,
            problem: LineProblem::Address {
                column: COLUMNS[which],
                text: shorten(field(which), 64),
                error,
            },
        })
    };
    let amount = |which: usize| {
        parse_amount(field(which)).ok_or_else(|| CsvError::Line {
            line,
            problem: LineProblem::Amount {
                column: COLUMNS[which],
                text: shorten(field(which), 64),
            },
        })
    };
    Ok(TransferRow {
        line,
        from: address(0)?,
        to: address(1)?,
        value: amount(2)?,
        fee: amount(3)?,
    })
}

/// Decimal digits only: `u128::from_str` would also take a plus sign.
fn parse_amount(text: &str) -> Option<Amount> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

fn shorten(text: &str, limit: usize) -> String {
    text.chars().take(limit).collect()
}
