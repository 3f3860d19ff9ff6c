//! When keys were used: for people who watch a rotation. Not the authority on anything.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use serde::{Deserialize, Serialize};

use super::{KeyId, KeysError, Refusal};
use crate::clock::UnixTime;

/// When and how often a key was accepted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyUsage {
    /// The last time.
    pub last: Option<UnixTime>,
    /// How many times.
    pub requests: u64,
}

#[derive(Debug)]
pub(super) struct Usage {
    path: PathBuf,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    used: BTreeMap<KeyId, KeyUsage>,
    refused: BTreeMap<(KeyId, Refusal), Refusals>,
    totals: BTreeMap<Refusal, u64>,
    changed: bool,
}

#[derive(Debug)]
struct Refusals {
    logged: UnixTime,
    since: u64,
}

/// How often the log may say the same.
const QUIET: Duration = Duration::from_secs(60);

impl Usage {
    /// The times of use in this file; none if it cannot be read, since nothing depends on them.
    pub(super) fn open(path: &Path) -> Self {
        let read = fs::read(path)
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let inner = Inner {
            used: read.unwrap_or_default(),
            ..Inner::default()
        };
        Self {
            path: path.to_owned(),
            inner: Mutex::new(inner),
        }
    }

    pub(super) fn of(&self, key: KeyId) -> KeyUsage {
        self.lock().used.get(&key).copied().unwrap_or_default()
    }

    pub(super) fn note(&self, key: KeyId, now: UnixTime) {
        let mut inner = self.lock();
        let usage = inner.used.entry(key).or_default();
        usage.last = usage.last.max(Some(now));
        usage.requests += 1;
        inner.changed = true;
    }

    /// Counts a refusal; how many there were since the last entry of the log, if it is time for another.
    pub(super) fn refusal(&self, key: KeyId, reason: Refusal, now: UnixTime) -> Option<u64> {
        let mut inner = self.lock();
        *inner.totals.entry(reason).or_default() += 1;
        let Some(refusals) = inner.refused.get_mut(&(key, reason)) else {
            inner.refused.insert(
                (key, reason),
                Refusals {
                    logged: now,
                    since: 0,
                },
            );
            return Some(1);
        };
        refusals.since += 1;
        if now.since(refusals.logged) < QUIET {
            return None;
        }
        refusals.logged = now;
        Some(core::mem::take(&mut refusals.since))
    }

    /// How often holders of keys were refused since the process began, by reason.
    pub(super) fn refusals(&self) -> BTreeMap<Refusal, u64> {
        self.lock().totals.clone()
    }

    pub(super) fn flush(&self) -> Result<(), KeysError> {
        let used = {
            let mut inner = self.lock();
            if !core::mem::take(&mut inner.changed) {
                return Ok(());
            }
            inner.used.clone()
        };
        let write = || crate::disk::write_whole(&self.path, &serde_json::to_vec(&used)?);
        write().map_err(|source| KeysError::Io {
            path: self.path.clone(),
            source,
        })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What lies under the name that the temporary file once had keeps nothing from being written.
    #[test]
    fn what_another_left_behind_keeps_no_usage_from_being_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("usage.json");
        fs::create_dir(path.with_extension("next")).unwrap();
        let (key, now) = (KeyId::from_bytes([1; 12]), UnixTime::from_seconds(1000));
        let usage = Usage::open(&path);
        usage.note(key, now);
        usage.flush().unwrap();
        let found = Usage::open(&path).of(key);
        assert_eq!((found.last, found.requests), (Some(now), 1));
    }
}
