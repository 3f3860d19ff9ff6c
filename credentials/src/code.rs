//! A text as a QR code: how a challenge comes from a verifier's screen to a holder's telephone.

use alloc::{string::String, vec, vec::Vec};

use qrcodegen_no_heap::{QrCode, QrCodeEcc, Version};

/// Light modules around a code, which readers need.
const QUIET: usize = 4;

/// A QR code (ISO/IEC 18004, model 2): a square of dark and light modules, without the light ones around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code {
    size: usize,
    dark: Vec<bool>,
}

impl Code {
    /// The longest text that a code can have, in bytes. Text of few kinds of characters may be longer.
    pub const MAX_BYTES: usize = 2953;

    /// The code of a text; `None` when the text is too long for one. The smallest code that has room is taken, with
    /// as much correction of errors as fits into it.
    ///
    /// ```
    /// use winterlane_credentials::Code;
    /// let code = Code::of("a challenge").expect("it is short");
    /// assert_eq!(code.size(), 21);
    /// // A corner of the pattern by which readers find a code.
    /// assert!(code.is_dark(0, 0) && !code.is_dark(1, 1) && code.is_dark(2, 2));
    /// assert!(Code::of(&"x".repeat(Code::MAX_BYTES + 1)).is_none());
    /// ```
    #[must_use]
    pub fn of(text: &str) -> Option<Self> {
        let room = || vec![0; Version::MAX.buffer_len()];
        let (mut given, mut made) = (room(), room());
        let code = QrCode::encode_text(
            text,
            &mut given,
            &mut made,
            QrCodeEcc::Low,
            Version::MIN,
            Version::MAX,
            None,
            true,
        )
        .ok()?;
        let size = code.size();
        let places = (0..size).flat_map(|y| (0..size).map(move |x| (x, y)));
        Some(Self {
            size: usize::try_from(size).ok()?,
            dark: places.map(|(x, y)| code.get_module(x, y)).collect(),
        })
    }

    /// Modules in a row: 21 to 177.
    #[must_use]
    pub const fn size(&self) -> usize {
        self.size
    }

    /// Whether a module is dark. Those beyond the code are light.
    #[must_use]
    pub fn is_dark(&self, x: usize, y: usize) -> bool {
        let place = (x < self.size && y < self.size).then(|| y * self.size + x);
        place.and_then(|place| self.dark.get(place)) == Some(&true)
    }

    /// The code in half blocks, two modules above one another in a character, with the light ones around it: for a
    /// terminal. Light is drawn, so that it is right on a dark ground; most readers take it inverted too.
    #[must_use]
    pub fn to_half_blocks(&self) -> String {
        let end = self.size + 2 * QUIET;
        let dark = |x: usize, y: usize| {
            x.checked_sub(QUIET)
                .zip(y.checked_sub(QUIET))
                .is_some_and(|(x, y)| self.is_dark(x, y))
        };
        let mut text = String::with_capacity(end * (end * 3 + 1) / 2);
        for y in (0..end).step_by(2) {
            for x in 0..end {
                text.push(match (dark(x, y), y + 1 >= end || dark(x, y + 1)) {
                    (false, false) => '█',
                    (false, true) => '▀',
                    (true, false) => '▄',
                    (true, true) => ' ',
                });
            }
            text.push('\n');
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use std::format;

    use super::*;

    #[test]
    fn what_a_terminal_shows_is_the_code() {
        let code = Code::of("winterlane").unwrap();
        let shown: Vec<Vec<char>> = code
            .to_half_blocks()
            .lines()
            .map(|line| line.chars().collect())
            .collect();
        let end = code.size() + 2 * QUIET;
        assert!(shown.iter().all(|line| line.len() == end));
        for y in 0..end {
            for (x, half) in shown[y / 2].iter().enumerate() {
                let inside = (QUIET..end - QUIET).contains(&x) && (QUIET..end - QUIET).contains(&y);
                let dark = inside && code.is_dark(x - QUIET, y - QUIET);
                let light = match half {
                    '█' => [true, true],
                    '▀' => [true, false],
                    '▄' => [false, true],
                    _ => [false, false],
                };
                assert_eq!(light[y % 2], !dark, "{x}, {y}");
            }
        }
    }

    #[test]
    fn the_longest_text_has_a_code_and_no_longer_one() {
        for byte in ["a", "é"] {
            let most = byte.repeat(Code::MAX_BYTES / byte.len());
            assert_eq!(Code::of(&most).map(|code| code.size()), Some(177));
            assert_eq!(Code::of(&format!("{most}aa")), None);
        }
        // Every text up to there, and the empty one.
        for length in (0..Code::MAX_BYTES).step_by(211) {
            assert!(Code::of(&"{".repeat(length)).is_some());
        }
        assert_eq!(Code::of(&"7".repeat(1 << 20)), None);
    }
}
