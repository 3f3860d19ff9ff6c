//! What is shown: text that is safe on a terminal, and writing that cannot crash.
//!
//! Names and contents of files come from strangers. Whatever is shown of them goes through [`Escaped`]
//! or [`json`], so that no file can move the cursor, colour a line or turn the order of letters around.

use std::{
    fmt::{self, Display, Write as _},
    io::{self, Write as _},
};

use serde::Serialize;

use crate::Failure;

/// Text with every character escaped (as `\u{1b}`) that acts on a terminal or cannot be seen.
pub(crate) struct Escaped<T>(pub(crate) T);

impl<T: Display> Display for Escaped<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(Escaping(f), "{}", self.0)
    }
}

struct Escaping<'a, 'b>(&'a mut fmt::Formatter<'b>);

impl fmt::Write for Escaping<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut rest = text;
        while let Some((at, character)) = rest.char_indices().find(|(_, c)| is_hidden(*c)) {
            self.0.write_str(&rest[..at])?;
            write!(self.0, "{}", character.escape_unicode())?;
            rest = &rest[at + character.len_utf8()..];
        }
        self.0.write_str(rest)
    }
}

/// Whether a character acts on the terminal or on its neighbours instead of being seen: control
/// characters, line and paragraph separators, and Unicode's format characters (category Cf: direction,
/// zero width, joiners, tags), with the fillers that look like nothing.
fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}'
                | '\u{34f}'
                | '\u{600}'..='\u{605}'
                | '\u{61c}'
                | '\u{6dd}'
                | '\u{70f}'
                | '\u{890}'..='\u{891}'
                | '\u{8e2}'
                | '\u{115f}'..='\u{1160}'
                | '\u{17b4}'..='\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{3164}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff0}'..='\u{fffb}'
                | '\u{110bd}'
                | '\u{110cd}'
                | '\u{13430}'..='\u{1343f}'
                | '\u{1bca0}'..='\u{1bca3}'
                | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

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

/// Writes the result to standard output.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
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
    fn what_acts_on_a_terminal_is_escaped() {
        let hostile = [
            "\u{1b}[2K",
            "\r",
            "\n",
            "\t",
            "\u{8}",
            "\u{7f}",
            "\u{9b}31m",
            "\u{202e}",
            "\u{2066}",
            "\u{200b}",
            "\u{200d}",
            "\u{2060}",
            "\u{feff}",
            "\u{2028}",
            "\u{e0041}",
            "\u{61c}",
            "\u{ad}",
        ];
        for text in hostile {
            let shown = Escaped(format!("a{text}b")).to_string();
            assert!(shown.starts_with("a\\u{"), "{shown:?}");
            assert!(!shown.chars().any(is_hidden), "{shown:?}");
        }
    }

    #[test]
    fn what_is_read_stays_as_it_is() {
        for text in ["", "fast-128", "Zürich — 東京", "C:\\a b", "🦀"] {
            assert_eq!(Escaped(text).to_string(), text);
        }
    }

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
