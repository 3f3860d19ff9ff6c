//! Reading transfers from a CSV file.
//!
//! Columns are found by their header names ([`COLUMNS`]); others are ignored and their order is
//! free. Amounts are plain decimal `u128`, addresses 40 hexadecimal digits with or without `0x`.
//! Reading is strict: the first bad line ends it, and the error names that line.

use std::{fmt, io::Read};

use csv::{ErrorKind, Position, ReaderBuilder, StringRecord, Trim};
use thiserror::Error;

/// The header names a transfer file must have.
pub const COLUMNS: [&str; 4] = ["from_address", "to_address", "value_wei", "fee_wei"];

/// A 20-byte account address, as Ethereum's.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address(pub [u8; 20]);

impl Address {
    /// Parses 40 hexadecimal digits of either case, with or without a `0x` prefix.
    ///
    /// ```
    /// use winterlane_prover::replay::Address;
    ///
    /// let address = Address::parse("0x000000000000000000000000000000000000dEaD").unwrap();
    /// assert_eq!(address.0[18..], [0xde, 0xad]);
    /// assert_eq!(address.to_string(), "0x000000000000000000000000000000000000dead");
    /// assert_eq!(Address::parse("0xdead"), None);
    /// ```
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix("0x").unwrap_or(text).as_bytes();
        if digits.len() != 40 {
            return None;
        }
        let mut bytes = [0u8; 20];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = (hex_digit(pair[0])? << 4) | hex_digit(pair[1])?;
        }
        Some(Self(bytes))
    }
}

fn hex_digit(character: u8) -> Option<u8> {
    // A hexadecimal digit is below 16, so the cast keeps its value.
    char::from(character).to_digit(16).map(|digit| digit as u8)
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("0x")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

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
    pub value: u128,
    /// What the payer gives on top, to the fee pool.
    pub fee: u128,
}

/// Why a transfer file cannot be used.
#[derive(Debug, Error)]
pub enum CsvError {
    /// The file could not be read.
    #[error("cannot read the transfers: {0}")]
    Io(#[from] std::io::Error),
    /// A line that cannot be understood.
    #[error("line {line}: {problem}")]
    Line {
        /// The line's number, counted from 1.
        line: u64,
        /// What is wrong with it.
        problem: LineProblem,
    },
}

/// What is wrong with one line of a transfer file.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum LineProblem {
    /// The header has no column of that name.
    #[error("the header has no column `{0}`")]
    MissingColumn(&'static str),
    /// The header names that column twice, so that its meaning is open.
    #[error("the header names column `{0}` more than once")]
    RepeatedColumn(&'static str),
    /// More or fewer fields than the header has.
    #[error("{got} fields where the header has {expected}")]
    FieldCount {
        /// Fields in the header.
        expected: u64,
        /// Fields in the line.
        got: u64,
    },
    /// Bytes that are no UTF-8 text.
    #[error("not valid UTF-8 text")]
    NotText,
    /// A field that is no address.
    #[error("`{column}` is no address (40 hexadecimal digits): {text:?}")]
    Address {
        /// The column's name.
        column: &'static str,
        /// The field, shortened to 64 characters.
        text: String,
    },
    /// A field that is no amount.
    #[error("`{column}` is no amount (decimal, 0 to 2^128 - 1): {text:?}")]
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
/// use winterlane_prover::replay::read_transfers;
///
/// let text = "note,to_address,from_address,fee_wei,value_wei\n\
///     hi,0x00000000000000000000000000000000000000b0,0x00000000000000000000000000000000000000a0,2,31337\n";
/// let rows = read_transfers(text.as_bytes(), None).unwrap();
/// assert_eq!((rows[0].value, rows[0].fee, rows[0].line), (31337, 2, 2));
/// ```
pub fn read_transfers(
    mut input: impl Read,
    limit: Option<usize>,
) -> Result<Vec<TransferRow>, CsvError> {
    let mut text = Vec::new();
    input.read_to_end(&mut text)?;
    let mut lines = Lines {
        text: &text,
        seen: 0,
        line: 1,
    };
    let mut reader = ReaderBuilder::new().trim(Trim::All).from_reader(&text[..]);

    let headers = reader
        .headers()
        .map_err(|error| lines.error(error, 0))?
        .clone();
    let header_line = lines.record_at(headers.position().map_or(0, Position::byte));
    let columns = find_columns(&headers, header_line)?;

    let mut rows = Vec::new();
    let mut record = StringRecord::new();
    let limit = limit.unwrap_or(usize::MAX);
    while rows.len() < limit {
        let start = reader.position().byte();
        if !reader
            .read_record(&mut record)
            .map_err(|error| lines.error(error, start))?
        {
            break;
        }
        let line = lines.record_at(start);
        rows.push(parse_row(&record, columns, line)?);
    }
    Ok(rows)
}

/// Line numbers of records. The reader's own count stays behind after blank lines and `\r\n`: it
/// takes a record to begin where the one before it ended.
struct Lines<'a> {
    text: &'a [u8],
    /// Bytes looked at so far, and the line on which they end.
    seen: usize,
    line: u64,
}

impl Lines<'_> {
    /// The line of the record that the reader began to look for at that byte. To be asked in
    /// rising order.
    fn record_at(&mut self, byte: u64) -> u64 {
        let from = usize::try_from(byte)
            .unwrap_or(usize::MAX)
            .clamp(self.seen, self.text.len());
        let blank = self.text[from..]
            .iter()
            .take_while(|byte| matches!(byte, b'\r' | b'\n'));
        let start = from + blank.count();
        let newlines = self.text[self.seen..start]
            .iter()
            .filter(|&&byte| byte == b'\n')
            .count();
        self.line += newlines as u64;
        self.seen = start;
        self.line
    }

    fn error(&mut self, error: csv::Error, start: u64) -> CsvError {
        let line = self.record_at(start);
        match error.into_kind() {
            ErrorKind::Io(error) => CsvError::Io(error),
            ErrorKind::UnequalLengths {
                expected_len, len, ..
            } => CsvError::Line {
                line,
                problem: LineProblem::FieldCount {
                    expected: expected_len,
                    got: len,
                },
            },
            // The other kinds belong to writing, deserialising and seeking, which are not used.
            _ => CsvError::Line {
                line,
                problem: LineProblem::NotText,
            },
        }
    }
}

/// Position of each of [`COLUMNS`] in the header.
fn find_columns(headers: &StringRecord, line: u64) -> Result<[usize; 4], CsvError> {
    let error = |problem| CsvError::Line { line, problem };
    let mut found = [0; 4];
    for (position, name) in found.iter_mut().zip(COLUMNS) {
        // Spreadsheets like to begin a file with a byte order mark.
        let mut matches = headers
            .iter()
            .enumerate()
            .filter(|(_, header)| header.trim_start_matches('\u{feff}') == name)
            .map(|(index, _)| index);
        *position = matches
            .next()
            .ok_or_else(|| error(LineProblem::MissingColumn(name)))?;
        if matches.next().is_some() {
            return Err(error(LineProblem::RepeatedColumn(name)));
        }
    }
    Ok(found)
}

fn parse_row(
    record: &StringRecord,
    columns: [usize; 4],
    line: u64,
) -> Result<TransferRow, CsvError> {
    let field = |which: usize| record.get(columns[which]).unwrap_or_default();
    let address = |which: usize| {
        Address::parse(field(which)).ok_or_else(|| CsvError::Line {
            line,
            problem: LineProblem::Address {
                column: COLUMNS[which],
                text: shorten(field(which)),
            },
        })
    };
    let amount = |which: usize| {
        parse_amount(field(which)).ok_or_else(|| CsvError::Line {
            line,
            problem: LineProblem::Amount {
                column: COLUMNS[which],
                text: shorten(field(which)),
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
fn parse_amount(text: &str) -> Option<u128> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

fn shorten(text: &str) -> String {
    text.chars().take(64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "0x00000000000000000000000000000000000000a0";
    const B: &str = "0x00000000000000000000000000000000000000b0";

    fn read(text: &str) -> Result<Vec<TransferRow>, CsvError> {
        read_transfers(text.as_bytes(), None)
    }

    fn with_header(lines: &[String]) -> String {
        format!(
            "from_address,to_address,value_wei,fee_wei\n{}",
            lines.join("\n")
        )
    }

    /// The line number and the problem of a text that must be refused for one line.
    fn problem(text: &str) -> (u64, LineProblem) {
        match read(text) {
            Err(CsvError::Line { line, problem }) => (line, problem),
            other => panic!("expected a bad line, got {other:?}"),
        }
    }

    #[test]
    fn reads_by_header_name_whatever_the_order() {
        let text = format!("x,fee_wei,value_wei,y,to_address,from_address\n1,3,4,,{B},{A}\n");
        let rows = read(&text).unwrap();
        let expected = TransferRow {
            line: 2,
            from: Address::parse(A).unwrap(),
            to: Address::parse(B).unwrap(),
            value: 4,
            fee: 3,
        };
        assert_eq!(rows, [expected]);
    }

    #[test]
    fn amounts_reach_from_zero_to_the_largest_u128() {
        let rows = read(&with_header(&[format!("{A},{B},{},0", u128::MAX)])).unwrap();
        assert_eq!((rows[0].value, rows[0].fee), (u128::MAX, 0));
        for bad in [
            "340282366920938463463374607431768211456",
            "-1",
            "+1",
            "1.0",
            "1e3",
            "",
            "0x10",
        ] {
            let (line, problem) = problem(&with_header(&[
                format!("{A},{B},1,1"),
                format!("{A},{B},1,{bad}"),
            ]));
            assert_eq!(line, 3);
            assert_eq!(
                problem,
                LineProblem::Amount {
                    column: "fee_wei",
                    text: bad.into()
                }
            );
        }
    }

    #[test]
    fn bad_addresses_are_named() {
        for bad in [
            "",
            "0x",
            "0xzz",
            &A[..41],
            &format!("{A}0"),
            "é".repeat(20).as_str(),
        ] {
            let (line, problem) = problem(&with_header(&[format!("{bad},{B},1,1")]));
            assert_eq!(line, 2);
            assert_eq!(
                problem,
                LineProblem::Address {
                    column: "from_address",
                    text: bad.into()
                }
            );
        }
    }

    #[test]
    fn line_numbers_survive_blank_lines_crlf_and_quoted_newlines() {
        let good = format!("{A},{B},1,1");
        for text in [
            with_header(&[good.clone(), String::new(), String::new(), "bad,,,".into()]),
            format!("from_address,to_address,value_wei,fee_wei\r\n{good}\r\n\r\n\r\nbad,,,\r\n"),
            format!("from_address,to_address,value_wei,fee_wei,\"a\n\nb\"\n{good},\nbad,,,,\n"),
            format!("\n\nfrom_address,to_address,value_wei,fee_wei\n{good}\nbad,,,\n"),
        ] {
            assert_eq!(problem(&text).0, 5, "{text:?}");
        }
    }

    #[test]
    fn field_counts_and_encodings_are_checked() {
        let good = format!("{A},{B},1,1");
        assert_eq!(
            problem(&with_header(&[good.clone(), format!("{A},{B},1")])),
            (
                3,
                LineProblem::FieldCount {
                    expected: 4,
                    got: 3
                }
            )
        );
        let mut bytes = with_header(&[good.clone(), good]).into_bytes();
        let last = bytes.len() - 1;
        bytes[last] = 0xff;
        assert!(matches!(
            read_transfers(&bytes[..], None),
            Err(CsvError::Line {
                line: 3,
                problem: LineProblem::NotText
            })
        ));
    }

    #[test]
    fn headers_are_required_once() {
        assert_eq!(problem(""), (1, LineProblem::MissingColumn("from_address")));
        assert_eq!(
            problem("\r\nfrom_address,to_address,value_wei\n"),
            (2, LineProblem::MissingColumn("fee_wei"))
        );
        assert_eq!(
            problem("from_address,to_address,value_wei,fee_wei,fee_wei\n"),
            (1, LineProblem::RepeatedColumn("fee_wei"))
        );
        let marked = format!("\u{feff}from_address,to_address,value_wei,fee_wei\n{A},{B},1,1\n");
        assert_eq!(read(&marked).unwrap().len(), 1);
    }

    #[test]
    fn the_limit_stops_before_a_bad_line() {
        let text = with_header(&[format!("{A},{B},1,1"), "bad".into()]);
        assert_eq!(read_transfers(text.as_bytes(), Some(1)).unwrap().len(), 1);
        assert_eq!(read_transfers(text.as_bytes(), Some(0)).unwrap().len(), 0);
        assert!(read_transfers(text.as_bytes(), Some(2)).is_err());
    }
}
