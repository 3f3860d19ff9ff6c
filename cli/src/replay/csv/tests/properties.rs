//! What holds of every file, in whatever pieces it arrives.

use std::io;

use proptest::prelude::*;

use super::*;

/// A reader that gives a few bytes at a time.
struct Piecewise<'a>(&'a [u8], usize);

impl Read for Piecewise<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.1.min(buffer.len()).min(self.0.len());
        buffer[..length].copy_from_slice(&self.0[..length]);
        self.0 = &self.0[length..];
        Ok(length)
    }
}

/// The lines on which records begin, by the parity of quotes alone; blank lines are none.
fn records(text: &str) -> Vec<u64> {
    let (mut lines, mut line, mut open, mut blank) = (Vec::new(), 1, false, true);
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    for character in text.chars() {
        if character == '\n' {
            line += 1;
            blank |= !open;
            continue;
        }
        if blank {
            lines.push(line);
        }
        blank = false;
        open ^= character == '"';
    }
    lines
}

/// One field, written in one of the ways that the standard allows.
fn written(field: &str, quoted: bool) -> String {
    if quoted || field.contains(['"', ',', '\r', '\n']) {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field.into()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    /// Whatever is written as the standard says is read, row for row, however it arrives.
    #[test]
    fn what_is_written_is_read(
        rows in prop::collection::vec((any::<u128>(), any::<bool>(), "[a\",\r\n; é]{0,6}"), 0..20),
        end in prop::sample::select(vec!["\n", "\r", "\r\n"]),
        piece in 1..20usize,
    ) {
        let mut text = HEADER.to_string() + end;
        for (value, quoted, note) in &rows {
            let fields = [A, B, &value.to_string(), "3", note];
            let fields: Vec<_> = fields.iter().map(|field| written(field, *quoted)).collect();
            text += &(fields.join(",") + end);
        }
        let found = read_transfers(Piecewise(text.as_bytes(), piece), None).unwrap();
        let values: Vec<_> = found.iter().map(|row| row.value.get()).collect();
        let expected: Vec<_> = rows.iter().map(|(value, ..)| *value).collect();
        prop_assert_eq!(values, expected);
        let lines: Vec<_> = found.iter().map(|row| row.line).collect();
        prop_assert_eq!(lines, &records(&text)[1..]);
    }

    /// No payment is lost in silence: whatever is done to a file, it is refused, or as many rows
    /// are returned as it has records.
    #[test]
    fn a_file_is_refused_or_every_record_is_a_row(
        notes in prop::collection::vec("[ab ]{0,3}", 1..8),
        edits in prop::collection::vec((any::<prop::sample::Index>(), 0..10usize), 0..4),
        piece in 1..50usize,
    ) {
        let mut text: Vec<char> = HEADER.chars().chain(['\n']).collect();
        for note in notes {
            text.extend(format!("{A},{B},5,1,{note}\n").chars());
        }
        for (place, edit) in edits {
            let at = place.index(text.len());
            let character = ['"', '\n', '\r', ',', ' ', '\t', ';', '\'', '\\'].get(edit);
            match character {
                Some(&character) => text.insert(at, character),
                None => drop(text.remove(at)),
            }
        }
        let text: String = text.into_iter().collect();
        match read_transfers(Piecewise(text.as_bytes(), piece), None) {
            Ok(rows) => {
                let lines: Vec<_> = rows.iter().map(|row| row.line).collect();
                prop_assert_eq!(lines, &records(&text)[1..]);
            }
            Err(error) => prop_assert!(
                matches!(&error, CsvError::Line { problem, .. } if *problem != LineProblem::Ambiguous),
                "{error}"
            ),
        }
    }

    /// The strict pass and the reader count alike, and what is accepted in pieces is in one.
    #[test]
    fn nothing_can_be_read_in_two_ways(text in "[a\",\r\n]{0,12}", piece in 1..5usize) {
        let mut strict = Strict::new(Piecewise(text.as_bytes(), piece));
        let outcome = io::copy(&mut strict, &mut io::sink());
        let mut whole = Strict::new(text.as_bytes());
        prop_assert_eq!(io::copy(&mut whole, &mut io::sink()).is_ok(), outcome.is_ok());
        if outcome.is_ok() {
            let mut reader = ReaderBuilder::new()
                .has_headers(false)
                .flexible(true)
                .from_reader(text.as_bytes());
            let counts: Vec<_> = reader.records().map(|r| r.unwrap().len() as u64).collect();
            let passed: Vec<_> = std::iter::from_fn(|| strict.next_place()).collect();
            let fields: Vec<_> = passed.iter().map(|place| place.fields).collect();
            prop_assert_eq!(fields, counts);
            let lines: Vec<_> = passed.iter().map(|place| place.line).collect();
            prop_assert_eq!(lines, records(&text));
        }
    }
}
