//! What is shown: text that is safe on a terminal, and writing that cannot crash.
//!
//! Names and contents of files come from strangers. Whatever is shown of them goes through [`Escaped`]
//! or [`json`], so that no file can move the cursor, colour a line or turn the order of letters around.

use std::{
    fmt::{Display, Write as _},
    io::{self, Write as _},
    sync::atomic::{AtomicBool, Ordering},
};

use serde::Serialize;
pub(crate) use winterlane_machine::Escaped;

use crate::Failure;

/// One JSON object on one line, in ASCII: what JSON may hold as it is but a terminal obeys is escaped.
pub(crate) fn json(value: &impl Serialize) -> Result<String, Failure> {
    let json = serde_json::to_string(value).map_err(Failure::unusable)?;
    let mut text = String::with_capacity(json.len() + 1);
    for character in json.chars() {
        // Outside strings all characters of JSON are visible ASCII.
        if matches!(character, ' '..='~') {
            text.push(character);
        } else {
            for unit in character.encode_utf16(&mut [0; 2]) {
                // Writing to a string cannot fail.
                let _ = write!(text, "\\u{unit:04x}");
            }
        }
    }
    text.push('\n');
    Ok(text)
}

/// Writes a line to standard error, escaped. When nobody can read it, there is nobody to tell.
pub(crate) fn say(line: impl Display) {
    let mut text = Escaped(line).to_string();
    text.push('\n');
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// What a check found. With `--json` that something does not hold is written as an object, beside the exit status.
pub(crate) fn or_refused<T>(checked: Result<T, Failure>, as_json: bool) -> Result<T, Failure> {
    if let (Err(Failure::Invalid(reason)), true) = (&checked, as_json) {
        print(&json(
            &serde_json::json!({ "valid": false, "reason": reason }),
        )?)?;
    }
    checked
}

/// Whether a failure is written as an object.
static FAILURES_AS_JSON: AtomicBool = AtomicBool::new(false);

/// Whether something was written to standard output, or tried to be.
static PRINTED: AtomicBool = AtomicBool::new(false);

/// From now on [`failure`] writes objects: `--json` was asked for.
pub(crate) fn failures_as_json() {
    FAILURES_AS_JSON.store(true, Ordering::Relaxed);
}

/// Writes why there is no result, as an object, where `--json` was asked for: a program that reads standard output finds an
/// object there, however the command ends. A command that has written one already has said it in its own way.
pub(crate) fn failure(reason: &str, status: u8) {
    if !FAILURES_AS_JSON.load(Ordering::Relaxed) || PRINTED.load(Ordering::Relaxed) {
        return;
    }
    let object = json(&serde_json::json!({ "error": reason, "status": status }));
    // The status says it where this cannot be written.
    let _ = object.and_then(|object| print(&object));
}

/// Writes the result to standard output.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    if !text.is_empty() {
        PRINTED.store(true, Ordering::Relaxed);
    }
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        // Whoever reads only the first lines has what they want.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result.map_err(|error| Failure::Unusable(format!("standard output: {error}"))),
    }
}

/// Lines of a name and a value, escaped.
#[derive(Default)]
pub(crate) struct Lines(pub(crate) String);

impl Lines {
    /// Adds a line.
    pub(crate) fn add(&mut self, name: &str, value: impl Display) {
        // Writing to a string cannot fail.
        let _ = writeln!(
            self.0,
            "{:<20} {}",
            Escaped(name).to_string(),
            Escaped(value)
        );
    }
}

/// Names of a stranger's have at most so many characters; no name of ours is as long.
const NAME: usize = 64;

/// A name of a stranger's as it is kept and shown: a file may have one of megabytes.
pub(crate) fn shortened(name: &str) -> String {
    match name.char_indices().nth(NAME) {
        Some((end, _)) => format!("{}\u{2026}", &name[..end]),
        None => name.to_owned(),
    }
}

/// So many of something whose plural is regular.
pub(crate) fn counted(count: usize, what: &str) -> String {
    let plural = match what {
        _ if count == 1 => "",
        _ if what.ends_with("ch") => "es",
        _ => "s",
    };
    format!("{} {what}{plural}", grouped(count))
}

/// A short time.
pub(crate) fn milliseconds(time: std::time::Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1e3)
}

/// A number with commas between thousands.
pub(crate) fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_ascii_and_says_the_same() {
        let text = "\u{1b}\u{202e}\u{7f}é🦀\"\\\n";
        let shown = json(&[text]).unwrap();
        assert!(
            shown
                .trim_end()
                .bytes()
                .all(|byte| matches!(byte, b' '..=b'~'))
        );
        assert_eq!(serde_json::from_str::<[String; 1]>(&shown).unwrap(), [text]);
    }

    #[test]
    fn a_long_name_is_shortened() {
        for name in ["", "fast-128", &"é".repeat(NAME)] {
            assert_eq!(shortened(name), name);
        }
        let shown = shortened(&"é".repeat(NAME + 1));
        assert_eq!(shown, "é".repeat(NAME) + "\u{2026}");
    }

    #[test]
    fn thousands_are_grouped() {
        let cases = [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (1_234_567, "1,234,567"),
        ];
        for (number, text) in cases {
            assert_eq!(grouped(number), text);
        }
    }

    #[test]
    fn counts_agree_with_their_nouns() {
        let said = [(0, "thread"), (1, "batch"), (2000, "batch")].map(|(n, what)| counted(n, what));
        assert_eq!(said, ["0 threads", "1 batch", "2,000 batches"]);
    }
}
