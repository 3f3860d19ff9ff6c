//! The offline checker: it needs the file and nothing else.

use std::path::Path;

use winterlane_machine::small;

use super::{AuditError, Head, Link, log::Lines};
use crate::{
    clock::UnixTime,
    keys::{KeysError, State},
};

/// What a whole log says.
#[derive(Debug)]
pub struct Report {
    /// How many lines it has, and the hash of the last: note both, and give them to the next check.
    pub head: Head,
    /// The time of the first and of the last line.
    pub span: Option<(UnixTime, UnixTime)>,
    /// How many lines have an earlier time than the line before: the clock jumped back.
    pub backwards: u64,
    /// The bytes of an unfinished last line: a crash, or a file that is being written.
    pub torn: u64,
    /// What the events add up to.
    pub state: State,
}

impl Report {
    /// What it says, in lines for people. Proposals are open that can be approved at `now`.
    #[must_use]
    pub fn words(&self, now: UnixTime) -> String {
        let length = self.head.length;
        let mut said = format!(
            "{length} lines, all in the chain and in order\nhead {length}:{}\nkeys {}, {} of them live, open proposals {}\n",
            self.head.link,
            self.state.keys.len(),
            self.state.live(now),
            self.state.open_proposals(now).count(),
        );
        if self.torn > 0 {
            said += &format!(
                "an unfinished line of {} bytes at the end: a crash, or a node that writes\n",
                self.torn
            );
        }
        if self.backwards > 0 {
            said += &format!("the clock went back {} times\n", self.backwards);
        }
        said
    }
}

/// Verifies a log: each line's hash, number and form, and that the events follow from one another (no key is revoked
/// that was never made). `noted` are heads from elsewhere which must be in it.
///
/// # Errors
/// [`AuditError`] with the first line that is wrong, or with the noted head that is not there; [`KeysError`] when
/// the chain holds, and an event contradicts those before.
pub fn check(path: &Path, noted: &[Head]) -> Result<Report, KeysError> {
    let file = small::open(path).map_err(AuditError::io(path))?;
    let mut lines = Lines::new(file, path);
    let mut report = Report {
        head: Head {
            length: 0,
            link: Link::genesis(),
        },
        span: None,
        backwards: 0,
        torn: 0,
        state: State::default(),
    };
    let mut missing = noted.to_vec();
    missing.retain(|head| *head != report.head);
    while let Some((entry, link)) = lines.next_entry()? {
        report.head = Head {
            length: entry.seq + 1,
            link,
        };
        missing.retain(|head| *head != report.head);
        let (first, last) = report.span.unwrap_or((entry.time, entry.time));
        report.backwards += u64::from(entry.time < last);
        report.span = Some((first, entry.time));
        report.state.apply(&entry)?;
    }
    report.torn = lines.torn;
    match missing.first() {
        None => Ok(report),
        Some(head) => Err(AuditError::OtherHead {
            path: path.to_owned(),
            seq: head.length,
            link: head.link,
        }
        .into()),
    }
}
