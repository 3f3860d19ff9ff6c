//! Questions that are answered once, and until a time.

use std::{
    path::Path,
    time::{SystemTime, UNIX_EPOCH},
};

use crate::{
    Failure,
    files::{self, Access, FilesError},
};

/// Seconds since 1970.
pub(super) fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

/// Notes beside the challenge that it was answered. Once: a proof that somebody else overheard answers nothing
/// any more.
pub(super) fn mark_answered(challenge: &Path) -> Result<(), Failure> {
    let mut answered = challenge.to_owned().into_os_string();
    answered.push(".answered");
    let marked = files::write_new(Path::new(&answered), b"", Access::Owner);
    marked.map_err(|error| match error {
        FilesError::Exists(path) => Failure::Invalid(format!(
            "the challenge was answered before ({} is there): make a new one",
            path.display()
        )),
        error => Failure::unusable(error),
    })
}
