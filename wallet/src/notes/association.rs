//! Association sets as their makers publish them: which notes of a pool are approved, or refused.
//!
//! Whoever judges notes writes down their *positions* in the note tree, counted from 0 over all operations of the pool: a
//! shield makes one note, a withdrawal one (the change), a transfer two. A file has one form:
//!
//! ```text
//! winterlane-association-set-1
//! approved
//! 0
//! 5
//! 6
//! ```
//!
//! - The first line names the format, the second says `approved` or `refused`.
//! - Then come the positions, one a line, in decimal digits without a leading zero, each greater than the one before.
//! - Every line ends with a line feed, the last one too. There is nothing else: no comments, no blank lines, no spaces.
//!
//! So a set has one file, and two people who have the same set have the same bytes. The *root* of the set's tree stands for
//! it in a proof.

use std::iter;

use thiserror::Error;
use winterlane_ledger::{
    Compressor, Digest, Root,
    hash::{Input, input},
    private::{Association, AssociationMode, NOTE_TREE_DEPTH, SparseKind, sparse::MARK},
};

const FORMAT: &str = "winterlane-association-set-1";

/// A set of notes, with its tree: each level that is not empty, by rising index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssociationSet {
    mode: AssociationMode,
    /// By height: indices and digests of the nodes that are not those of empty subtrees.
    levels: Vec<Vec<(u32, Digest)>>,
    /// The digests of empty subtrees by height.
    empty: Vec<Digest>,
}

/// Why a list of notes is no association set.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AssociationSetError {
    /// The file has more bytes than the largest set.
    #[error("more than {most} bytes: a set has {notes} notes at most", most = AssociationSet::MAX_BYTES, notes = AssociationSet::MAX_NOTES)]
    TooLong,
    /// More notes than [`AssociationSet::MAX_NOTES`].
    #[error("more than {most} notes: publish a smaller set, of refused notes if most are approved", most = AssociationSet::MAX_NOTES)]
    TooMany,
    /// The set has no note.
    #[error("it has no note: nobody could show a note in it")]
    Empty,
    /// A line is not what stands there in such a file.
    #[error("line {line}: {problem}")]
    Line {
        /// Counted from 1.
        line: usize,
        /// What is wrong with it.
        #[source]
        problem: LineProblem,
    },
}

/// What is wrong with a line of a set's file. The line itself, which may be a stranger's, is not shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LineProblem {
    /// Another format, or no set at all.
    #[error("it does not say {FORMAT}: another file, or a set of a newer version")]
    Format,
    /// Neither of the two words.
    #[error("it says neither approved nor refused")]
    Mode,
    /// No position in the only form of one.
    #[error(
        "it is no position: decimal digits alone, below 4294967295, without a leading zero, a space or a carriage return"
    )]
    Position,
    /// Not greater than the position before.
    #[error("its position is not greater than the one before: sort them, each once")]
    Order,
    /// The file ends in the middle of the line.
    #[error("it does not end with a line feed: the file may be cut off")]
    Unfinished,
}

impl AssociationSet {
    /// The most notes of a set. A tree of so many takes some tens of megabytes, and below 200 however they lie.
    pub const MAX_NOTES: usize = 1 << 18;

    /// The most bytes of a set's file: ten digits and a line feed a note.
    pub const MAX_BYTES: usize = Self::MAX_NOTES * 11 + 64;

    /// The set of the notes at these positions.
    ///
    /// # Errors
    /// [`AssociationSetError`] for no note, too many, or positions that do not rise: the line is that of the set's file.
    pub fn new<C: Compressor + ?Sized>(
        mode: AssociationMode,
        positions: &[u32],
        compressor: &C,
    ) -> Result<Self, AssociationSetError> {
        if positions.len() > Self::MAX_NOTES {
            return Err(AssociationSetError::TooMany);
        }
        if mode == AssociationMode::Approved && positions.is_empty() {
            return Err(AssociationSetError::Empty);
        }
        let line = |place: usize, problem| AssociationSetError::Line {
            // Two lines come before the positions.
            line: place + 3,
            problem,
        };
        for (place, &position) in positions.iter().enumerate() {
            if position == u32::MAX {
                // The tree's last position stays empty.
                return Err(line(place, LineProblem::Position));
            }
            if place > 0 && positions[place - 1] >= position {
                return Err(line(place, LineProblem::Order));
            }
        }
        Ok(Self::of(mode, positions, compressor))
    }

    /// The tree, level by level: each node is computed once.
    fn of<C: Compressor + ?Sized>(
        mode: AssociationMode,
        positions: &[u32],
        compressor: &C,
    ) -> Self {
        let tag = SparseKind::Association.tag();
        let mut empty = vec![Digest::ZERO];
        let marks = positions.iter().map(|&position| (position, MARK));
        let mut levels: Vec<Vec<(u32, Digest)>> = vec![marks.collect()];
        for height in 0..NOTE_TREE_DEPTH {
            let (below, nothing) = (&levels[height], empty[height]);
            let pairs = below.chunk_by(|(left, _), (right, _)| left >> 1 == right >> 1);
            let (indices, mut inputs): (Vec<u32>, Vec<Input>) = pairs
                .map(|pair| {
                    let child = |side| {
                        let child = pair.iter().find(|(index, _)| index & 1 == side);
                        child.map_or(nothing, |(_, node)| *node)
                    };
                    let hashed = input(tag, &child(0).0, &child(1).0);
                    (pair.first().map_or(0, |(index, _)| index >> 1), hashed)
                })
                .unzip();
            // The empty subtree of the next level comes along as the last.
            inputs.push(input(tag, &nothing.0, &nothing.0));
            let mut out = vec![Digest::ZERO; inputs.len()];
            compressor.compress_many(&inputs, &mut out);
            empty.extend(out.pop());
            levels.push(indices.into_iter().zip(out).collect());
        }
        Self {
            mode,
            levels,
            empty,
        }
    }

    /// Reads the file of a set: its only form.
    ///
    /// ```
    /// use winterlane_ledger::ScalarCompressor;
    /// use winterlane_wallet::notes::{AssociationSet, AssociationSetError, LineProblem};
    /// let text = "winterlane-association-set-1\napproved\n3\n12\n";
    /// let set = AssociationSet::parse(text.as_bytes(), &ScalarCompressor)?;
    /// assert!(set.admits(3) && !set.admits(4));
    /// assert_eq!(set.to_text(), text);
    /// let wrong = AssociationSet::parse(text.replace("12", "2").as_bytes(), &ScalarCompressor);
    /// let (line, problem) = (4, LineProblem::Order);
    /// assert_eq!(wrong, Err(AssociationSetError::Line { line, problem }));
    /// # Ok::<(), AssociationSetError>(())
    /// ```
    ///
    /// # Errors
    /// [`AssociationSetError`], with the number of the first line that is wrong.
    pub fn parse<C: Compressor + ?Sized>(
        bytes: &[u8],
        compressor: &C,
    ) -> Result<Self, AssociationSetError> {
        if bytes.len() > Self::MAX_BYTES {
            return Err(AssociationSetError::TooLong);
        }
        let wrong = |line, problem| AssociationSetError::Line { line, problem };
        let mut lines = (1..).zip(bytes.split_inclusive(|byte| *byte == b'\n'));
        let mut next = || -> Result<Option<(usize, &[u8])>, AssociationSetError> {
            let Some((number, line)) = lines.next() else {
                return Ok(None);
            };
            let line = line.strip_suffix(b"\n");
            let line = line.ok_or_else(|| wrong(number, LineProblem::Unfinished))?;
            Ok(Some((number, line)))
        };
        if next()?.is_none_or(|(_, line)| line != FORMAT.as_bytes()) {
            return Err(wrong(1, LineProblem::Format));
        }
        let mode = match next()? {
            Some((_, b"approved")) => AssociationMode::Approved,
            Some((_, b"refused")) => AssociationMode::NotRefused,
            _ => return Err(wrong(2, LineProblem::Mode)),
        };
        let mut positions = Vec::new();
        while let Some((number, line)) = next()? {
            let position = position(line);
            let position = position.ok_or_else(|| wrong(number, LineProblem::Position))?;
            if positions.len() == Self::MAX_NOTES {
                return Err(AssociationSetError::TooMany);
            }
            positions.push(position);
        }
        Self::new(mode, &positions, compressor)
    }

    /// The file of the set.
    #[must_use]
    pub fn to_text(&self) -> String {
        let word = match self.mode {
            AssociationMode::Approved => "approved",
            AssociationMode::NotRefused => "refused",
        };
        let head = [FORMAT.to_owned(), word.to_owned()];
        let positions = self.levels[0].iter().map(|(index, _)| index.to_string());
        let lines = head.into_iter().chain(positions);
        lines.flat_map(|line| [line, "\n".to_owned()]).collect()
    }

    /// What stands for the set in a proof: its mode and its root.
    #[must_use]
    pub fn association(&self) -> Association {
        Association {
            mode: self.mode,
            root: Root(self.node(NOTE_TREE_DEPTH, 0)),
        }
    }

    /// How many notes it names.
    #[must_use]
    pub fn notes(&self) -> usize {
        self.levels[0].len()
    }

    /// Whether the note at this position can be shown with the set: an approved one that is in it, or one that is not in a set
    /// of refused ones.
    #[must_use]
    pub fn admits(&self, position: u32) -> bool {
        let marked = self.find(0, position).is_some();
        marked == (self.mode == AssociationMode::Approved)
    }

    /// The siblings of a position on its way to the root, leaf level first.
    #[must_use]
    pub fn siblings(&self, position: u32) -> [Digest; NOTE_TREE_DEPTH] {
        core::array::from_fn(|height| self.node(height, position >> height ^ 1))
    }

    fn find(&self, height: usize, index: u32) -> Option<&Digest> {
        let level = &self.levels[height];
        let place = level.binary_search_by_key(&index, |(index, _)| *index);
        place
            .ok()
            .and_then(|place| level.get(place))
            .map(|(_, node)| node)
    }

    fn node(&self, height: usize, index: u32) -> Digest {
        *self.find(height, index).unwrap_or(&self.empty[height])
    }
}

/// A position in its only form.
fn position(line: &[u8]) -> Option<u32> {
    let (first, rest) = line.split_first()?;
    let digits = iter::once(first).chain(rest);
    if !digits.clone().all(u8::is_ascii_digit) || (*first == b'0' && !rest.is_empty()) {
        return None;
    }
    let number = digits
        .take(11)
        .fold(0_u64, |number, digit| 10 * number + u64::from(digit - b'0'));
    // Eleven digits are too many, whatever follows them.
    u32::try_from(number)
        .ok()
        .filter(|number| *number < u32::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use winterlane_ledger::{ScalarCompressor, private::SparseTree};

    use super::*;

    fn read(text: &str) -> Result<AssociationSet, AssociationSetError> {
        AssociationSet::parse(text.as_bytes(), &ScalarCompressor)
    }

    fn set(mode: AssociationMode, positions: &[u32]) -> AssociationSet {
        AssociationSet::new(mode, positions, &ScalarCompressor).unwrap()
    }

    /// The tree is that of the ledger, at every height, next to marks and far from them.
    #[test]
    fn its_tree_is_the_ledgers() {
        for positions in [
            &[][..],
            &[0],
            &[3, 4, 5, 6],
            &[1, 1 << 31, (1 << 31) + 1, u32::MAX - 1],
        ] {
            let other = SparseTree::marked(SparseKind::Association, positions.iter().copied());
            let set = set(AssociationMode::NotRefused, positions);
            assert_eq!(set.association().root, other.root());
            for position in positions.iter().copied().chain([2, 7, 1 << 20]) {
                assert_eq!(set.siblings(position)[..], other.siblings(position));
                assert_eq!(set.admits(position), !other.is_marked(position));
            }
        }
        let approved = set(AssociationMode::Approved, &[5]);
        assert!(approved.admits(5) && !approved.admits(4));
    }

    #[test]
    fn a_file_has_one_form() {
        for (mode, word) in [
            (AssociationMode::Approved, "approved"),
            (AssociationMode::NotRefused, "refused"),
        ] {
            let text = format!("{FORMAT}\n{word}\n0\n10\n4294967294\n");
            let read = read(&text).unwrap();
            assert_eq!(read, set(mode, &[0, 10, u32::MAX - 1]));
            assert_eq!((read.to_text(), read.notes()), (text, 3));
        }
        // Nobody is refused yet.
        assert_eq!(read(&format!("{FORMAT}\nrefused\n")).unwrap().notes(), 0);
        let nobody = read(&format!("{FORMAT}\napproved\n"));
        assert_eq!(nobody, Err(AssociationSetError::Empty));

        use LineProblem::{Format, Mode, Order, Position, Unfinished};
        let head = format!("{FORMAT}\napproved\n");
        let cases = [
            (String::new(), 1, Format),
            (
                "winterlane-association-set-2\napproved\n1\n".into(),
                1,
                Format,
            ),
            (format!(" {head}1\n"), 1, Format),
            (FORMAT.into(), 1, Unfinished),
            (format!("{FORMAT}\n"), 2, Mode),
            (format!("{FORMAT}\nApproved\n1\n"), 2, Mode),
            (format!("{FORMAT}\napproved\r\n1\n"), 2, Mode),
            (format!("{head}\n1\n"), 3, Position),
            (format!("{head}01\n"), 3, Position),
            (format!("{head}+1\n"), 3, Position),
            (format!("{head}1 \n"), 3, Position),
            (format!("{head}1\n4294967295\n"), 4, Position),
            (format!("{head}1\n99999999999999999999999\n"), 4, Position),
            (format!("{head}1\n2\n\u{1b}[2J\n"), 5, Position),
            (format!("{head}1\n2\n2\n"), 5, Order),
            (format!("{head}1\n5\n4\n"), 5, Order),
            (format!("{head}1\n5"), 4, Unfinished),
            (format!("{head}1\n\n"), 4, Position),
        ];
        for (text, line, problem) in cases {
            let found = read(&text).unwrap_err();
            assert_eq!(
                found,
                AssociationSetError::Line { line, problem },
                "{text:?}"
            );
            assert!(found.to_string().starts_with(&format!("line {line}: ")));
            // What a stranger wrote is not repeated.
            assert!(!found.to_string().contains('\u{1b}'));
        }
    }

    proptest! {
        /// Whatever is read has one form: written again it is the same bytes. Bytes that are put elsewhere in an honest
        /// file, or into it, are another set or none, and never a panic.
        #[test]
        fn what_is_read_is_written_again(
            positions in proptest::collection::btree_set(0..40_u32, 0..6),
            approved in any::<bool>(),
            at in 0..64_usize,
            with in proptest::sample::select(vec![
                &b"\n"[..], b"\r", b"0", b"9", b" ", b"\n7\n", b"\xff", b"",
            ]),
            over in 0..3_usize,
        ) {
            let mode = match approved {
                true => AssociationMode::Approved,
                false => AssociationMode::NotRefused,
            };
            let positions: Vec<_> = positions.into_iter().collect();
            let Ok(set) = AssociationSet::new(mode, &positions, &ScalarCompressor) else {
                prop_assert!(approved && positions.is_empty());
                return Ok(());
            };
            let mut bytes = set.to_text().into_bytes();
            prop_assert_eq!(AssociationSet::parse(&bytes, &ScalarCompressor), Ok(set));
            let from = at.min(bytes.len());
            let to = (from + over).min(bytes.len());
            bytes.splice(from..to, with.iter().copied());
            if let Ok(set) = AssociationSet::parse(&bytes, &ScalarCompressor) {
                prop_assert_eq!(set.to_text().into_bytes(), bytes);
            }
        }
    }

    #[test]
    fn a_set_has_an_end() {
        let most = u32::try_from(AssociationSet::MAX_NOTES).unwrap();
        let head = format!("{FORMAT}\nrefused\n");
        let lines = |count: u32| -> String { (0..count).map(|n| format!("{n}\n")).collect() };
        let found = read(&(head.clone() + &lines(most + 1)));
        assert_eq!(found, Err(AssociationSetError::TooMany));
        let found = read(&(head + &"9".repeat(AssociationSet::MAX_BYTES)));
        assert_eq!(found, Err(AssociationSetError::TooLong));
    }
}
