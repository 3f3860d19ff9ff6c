//! Files that are read, and files that are refused.

use std::io;

use winterlane_ledger::Amount;

use super::*;

mod properties;

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
        value: Amount::new(4),
        fee: Amount::new(3),
    };
    assert_eq!(rows, [expected]);
}

#[test]
fn amounts_reach_from_zero_to_the_largest_u128() {
    let rows = read(&with_header(&[format!("{A},{B},{},0", u128::MAX)])).unwrap();
    assert_eq!((rows[0].value, rows[0].fee), (Amount::MAX, Amount::ZERO));
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
                text: bad.into(),
                error: AddressError::Digits,
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
    let missing = |column, found: &str| LineProblem::MissingColumn {
        column,
        found: found.into(),
    };
    assert_eq!(problem(""), (1, missing("from_address", "no columns")));
    assert_eq!(
        problem("\r\nfrom_address,to_address,value_wei\n"),
        (
            2,
            missing("fee_wei", r#""from_address", "to_address", "value_wei""#)
        )
    );
    assert_eq!(
        problem(&format!("{A},{B},1,1\n")).1,
        missing("from_address", &format!("{A:?}, {B:?}, \"1\", \"1\""))
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

const HEADER: &str = "from_address,to_address,value_wei,fee_wei,note";

#[test]
fn a_quote_that_is_never_closed_is_named() {
    let text = include_str!("../../../../tests/data/open-quote-last-column.csv");
    assert_eq!(problem(text), (3, LineProblem::OpenQuote));
    let row = format!("{A},{B},1,1");
    for (text, line) in [
        (format!("{HEADER}\n{row},\"x"), 2),
        (format!("{HEADER}\n{row},\""), 2),
        (format!("{HEADER}\n{row},\"x\"\"\n{row},y\n"), 2),
        (format!("{HEADER}\n{row},x\n\"{row},y\n{row},z\n"), 3),
        // In the header, and in the second line of a record.
        (format!("x,\"{HEADER}\n1,{row},y\n"), 1),
        (format!("a,b,{HEADER}\n\"1\n2\",\"3,{row},y\n"), 3),
    ] {
        assert_eq!(problem(&text), (line, LineProblem::OpenQuote), "{text}");
    }
}

#[test]
fn what_follows_a_closing_quote_and_quotes_inside_are_refused() {
    let row = format!("{A},{B},1,1");
    let after = |closed| LineProblem::AfterQuote { closed };
    let inside = LineProblem::QuoteInside;
    for (text, line, expected) in [
        (format!("{HEADER}\n{row},\"a\"b\n"), 2, after(2)),
        (format!("{HEADER}\n{row},\"a\" \n"), 2, after(2)),
        (format!("{HEADER}\n{row},\"a\" , \n"), 2, after(2)),
        // The quote of one row is closed by that of another: both rows would be one.
        (
            format!("{HEADER}\n{row},\"a\n{row},c\n{row},\"d\"\n"),
            2,
            after(4),
        ),
        (format!("{HEADER}\n{row},a\"b\n"), 2, inside),
        (
            format!("{HEADER}\n{row},a\"b\"\n"),
            2,
            LineProblem::QuoteInside,
        ),
        (
            format!("{HEADER}\n{row}, \"b\"\n"),
            2,
            LineProblem::QuoteInside,
        ),
        (
            format!("{HEADER}\n{row},\\\"b\n"),
            2,
            LineProblem::QuoteInside,
        ),
        (
            format!("x\"y,{HEADER}\n1,{row},a\n"),
            1,
            LineProblem::QuoteInside,
        ),
        (format!("\"x\"y,{HEADER}\n1,{row},a\n"), 1, after(1)),
    ] {
        assert_eq!(problem(&text), (line, expected), "{text}");
    }
    // What the standard allows.
    let text = format!("\"n\"\"o\",{HEADER}\r\n\"a,\"\"\r\n,\",{row},\"\"\r\n\"\",{row},b");
    let lines: Vec<_> = read(&text).unwrap().iter().map(|row| row.line).collect();
    assert_eq!(lines, [2, 4]);
}

#[test]
fn another_separator_is_named() {
    let text = include_str!("../../../../tests/data/semicolon.csv");
    assert_eq!(problem(text), (1, LineProblem::Separator { found: ';' }));
    for found in SEPARATORS {
        let plain = text.replace(';', &found.to_string());
        let quoted: String = plain
            .lines()
            .map(|line| {
                let fields: Vec<_> = line
                    .split(found)
                    .map(|field| format!("{field:?}"))
                    .collect();
                fields.join(&found.to_string()) + "\r"
            })
            .collect();
        for text in [plain, quoted] {
            let error = problem(&text);
            assert_eq!(error, (1, LineProblem::Separator { found }), "{text}");
        }
    }
    for found in RARE_SEPARATORS {
        let text = text.replace(';', &found.to_string());
        let expected = LineProblem::Separator { found };
        assert_eq!(problem(&text), (1, expected), "{text}");
    }
}

#[test]
fn lines_are_counted_whatever_ends_them() {
    let good = format!("{A},{B},1,1,");
    for end in ["\n", "\r", "\r\n"] {
        let lines = [HEADER, "", &good, "", "", &good, "bad,,,,", &good];
        assert_eq!(problem(&lines.join(end)).0, 7, "{end:?}");
        let lines = [HEADER, &good, "", &good];
        let rows = read(&lines.join(end)).unwrap();
        let found: Vec<_> = rows.iter().map(|row| row.line).collect();
        assert_eq!(found, [2, 4], "{end:?}");
        // Between quotes too.
        let folded = format!("{good}\"a{end}{end}b\"");
        let lines = [HEADER, &folded, &good, "bad,,,,"];
        assert_eq!(problem(&lines.join(end)).0, 6, "{end:?}");
    }
    let mixed = format!("{HEADER}\r{good}\n\r{good}\r\nbad,,,,");
    assert_eq!(problem(&mixed).0, 5);
}

#[test]
fn a_row_of_totals_is_refused() {
    let text = include_str!("../../../../tests/data/totals-row.csv");
    let expected = LineProblem::Address {
        column: "from_address",
        text: "Total".into(),
        error: AddressError::Digits,
    };
    assert_eq!(problem(text), (4, expected));
    // And what else ends up behind the last row, or among the rows.
    let row = format!("{A},{B},1,1,x");
    for more in [
        "# comment",
        "\u{1a}",
        " ",
        ",,,,",
        HEADER,
        "(2 rows)",
        "-----",
        &format!("{row},"),
    ] {
        let text = format!("{HEADER}\n{row}\n{more}\n");
        assert_eq!(problem(&text).0, 3, "{more}");
    }
}

#[test]
fn a_mistyped_address_is_refused() {
    let text = include_str!("../../../../tests/data/address-02.csv");
    let expected = LineProblem::Address {
        column: "to_address",
        text: "0x77696E7465726C616e65aBcDefaBBdeFabcdEF01".into(),
        error: AddressError::Checksum,
    };
    assert_eq!(problem(text), (2, expected));
    let lower = text.replace("77696E7465726C616e65aBcDefaBBdeFabcdEF01", &A[2..]);
    assert_eq!(read(&lower).unwrap().len(), 1);
}

#[test]
fn other_encodings_are_named() {
    let text = format!("{HEADER}\n{A},{B},1,1,x\n");
    let refused = |bytes: &[u8]| match read_transfers(bytes, None) {
        Err(CsvError::Line { line, problem }) => (line, problem),
        other => panic!("{other:?}"),
    };
    let wide = |to: fn(u16) -> [u8; 2], mark: &str| -> Vec<u8> {
        let units: Vec<u16> = format!("{mark}{text}").encode_utf16().collect();
        units.into_iter().flat_map(to).collect()
    };
    for to in [u16::to_le_bytes, u16::to_be_bytes] {
        assert_eq!(refused(&wide(to, "\u{feff}")), (1, LineProblem::Utf16));
        assert_eq!(refused(&wide(to, "")), (1, LineProblem::Nul));
    }
    for to in [u32::to_le_bytes, u32::to_be_bytes] {
        let wide = |mark: &str| -> Vec<u8> {
            let characters = format!("{mark}{text}");
            let bytes = characters.chars().flat_map(|one| to(one.into()));
            bytes.collect()
        };
        assert_eq!(refused(&wide("\u{feff}")), (1, LineProblem::Utf32));
        assert_eq!(refused(&wide("")), (1, LineProblem::Nul));
    }
    // What a crash leaves of a file.
    let mut cut = text.clone().into_bytes();
    cut.extend([0; 100]);
    assert_eq!(refused(&cut), (3, LineProblem::Nul));
    // Bytes of another character set, in a column that nobody reads.
    let mut latin = text.clone().into_bytes();
    let last = latin.len() - 2;
    latin[last] = 0xe9;
    assert_eq!(refused(&latin), (2, LineProblem::NotText));
    for mark in ["\u{feff}", "\u{feff}\n"] {
        let quoted = text.replacen("from_address", "\"from_address\"", 1);
        assert_eq!(read(&format!("{mark}{quoted}")).unwrap().len(), 1);
    }
}

#[test]
fn amounts_are_digits_alone() {
    for bad in [
        "\"1,000\"",
        "1.000",
        "1'000",
        "1_000",
        "1 000",
        "1e18",
        "1E2",
        "+5",
        "-5",
        "0x1f",
        "1.",
        "٣",
        "NaN",
        "1\u{a0}000",
        "\u{200b}1",
        "=1",
        "1 wei",
    ] {
        let text = format!("{HEADER}\n{A},{B},{bad},1,x\n");
        let (line, problem) = problem(&text);
        assert!(
            line == 2
                && matches!(
                    problem,
                    LineProblem::Amount {
                        column: "value_wei",
                        ..
                    }
                ),
            "{bad}: {problem}"
        );
    }
    let text = format!("{HEADER}\n {A} ,\t{B},\" 007\",1 ,x\n");
    assert_eq!(read(&text).unwrap()[0].value, Amount::new(7));
}

#[test]
fn memory_is_bounded_by_the_longest_record() {
    struct Endless(&'static [u8], Vec<u8>, u64);
    impl Read for Endless {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            assert!(self.2 < 4 * strict::MAX_RECORD as u64, "it goes on reading");
            if self.1.is_empty() {
                self.1 = self.0.repeat(1000);
            }
            let length = buffer.len().min(self.1.len());
            buffer[..length].copy_from_slice(&self.1[..length]);
            self.1.drain(..length);
            self.2 += length as u64;
            Ok(length)
        }
    }
    for (head, body) in [
        (format!("{HEADER}\n{A},{B},1,1,"), &b"x"[..]),
        (format!("{HEADER}\n{A},{B},1,1,\""), b"x\n"),
        (format!("{HEADER}\n{A},{B},1,1"), b","),
        (String::new(), b"x"),
    ] {
        let line = if head.is_empty() { 1 } else { 2 };
        let endless = Endless(body, Vec::new(), 0);
        let error = read_transfers(head.as_bytes().chain(endless), None).unwrap_err();
        assert!(
            matches!(error, CsvError::Line { line: found, problem: LineProblem::TooLong } if found == line),
            "{error}"
        );
    }
    let long = "y".repeat(strict::MAX_RECORD / 2);
    let text = format!("{HEADER}\n{A},{B},1,1,{long}\n{A},{B},1,1,{long}\n");
    assert_eq!(read(&text).unwrap().len(), 2);
}

/// Spreadsheets leave them behind what was removed. They are no part of the record before them.
#[test]
fn blank_lines_may_be_many() {
    let row = format!("{A},{B},1,1,x");
    for end in ["\n", "\r\n", "\r"] {
        let blank = end.repeat(strict::MAX_RECORD + 1);
        let text = format!("{blank}{HEADER}{end}{row}{end}{blank}{row}{end}{blank}");
        let rows = read(&text).unwrap();
        let lines: Vec<_> = rows.iter().map(|row| row.line).collect();
        let many = strict::MAX_RECORD as u64 + 1;
        assert_eq!(lines, [many + 2, 2 * many + 3], "{end:?}");
    }
}

#[test]
fn errors_of_the_file_are_its_own() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("torn out"))
        }
    }
    let head = format!("{HEADER}\n{A},{B},1,1,x\n");
    for head in ["", &head] {
        let error = read_transfers(head.as_bytes().chain(Broken), None).unwrap_err();
        assert!(matches!(&error, CsvError::Io(inner) if inner.to_string() == "torn out"));
    }
}
