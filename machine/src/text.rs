//! Text that is safe on a terminal, whoever wrote it.
//!
//! Names and contents of files come from strangers. Whatever is shown of them goes through [`Escaped`], so that no file can
//! move the cursor, colour a line or turn the order of letters around.

use std::fmt::{self, Display, Write as _};

/// Text with every character escaped (as `\u{1b}`) that acts on a terminal or cannot be seen.
#[derive(Clone, Copy, Debug)]
pub struct Escaped<T>(pub T);

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
#[must_use]
pub fn is_hidden(character: char) -> bool {
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

/// Text of several lines, each escaped: what a program says in lines of its own, with words of strangers in them.
#[must_use]
pub fn lines(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for line in text.lines() {
        // Writing to a string cannot fail.
        let _ = writeln!(shown, "{}", Escaped(line));
    }
    shown
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
    fn lines_stay_lines() {
        assert_eq!(lines("a\u{1b}[2K\n\nb"), "a\\u{1b}[2K\n\nb\n");
    }
}
