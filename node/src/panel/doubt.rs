//! That a verdict was false. It is written down before anybody hears of it, and holds until an operator has looked.

use std::{
    io,
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use serde::{Deserialize, Serialize};

use winterlane_ledger::objects::from_json;

use crate::{
    OrderId,
    clock::{Clock as _, SystemClock},
    keys::{ClientName, PublicKey},
    store::StoreError,
};

/// The name of the file in the data folder.
const FILE: &str = "false-verdicts.json";

/// A verdict that was false: what an operator needs to know of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FalseVerdict {
    /// Milliseconds since 1970, by the node's clock.
    pub time: u64,
    /// Whose worker said so.
    pub client: ClientName,
    /// The key that signed it.
    pub key: PublicKey,
    /// The operation.
    pub operation: String,
    /// What was said.
    pub said: String,
    /// What the node's own verifier says.
    pub found: String,
}

impl FalseVerdict {
    /// Of an operation, with the words for both verdicts.
    pub(crate) fn new(
        (client, key): (ClientName, PublicKey),
        operation: &OrderId,
        said: String,
        found: String,
    ) -> Self {
        Self {
            time: SystemClock.now().millis(),
            client,
            key,
            operation: operation.to_string(),
            said,
            found,
        }
    }
}

/// Whether workers are believed.
#[derive(Debug)]
pub(crate) struct Doubt {
    path: PathBuf,
    /// Shown without the lock: it is asked for every operation.
    any: AtomicBool,
    found: Mutex<Vec<FalseVerdict>>,
}

impl Doubt {
    /// What is written in the data folder. A file that cannot be read is a reason to doubt, and the node does not start.
    pub(crate) fn open(folder: &Path) -> Result<Self, StoreError> {
        let path = folder.join(FILE);
        let found: Vec<FalseVerdict> = match std::fs::read(&path) {
            Ok(bytes) => from_json(&bytes).map_err(|error| {
                StoreError::io(&path)(io::Error::new(io::ErrorKind::InvalidData, error))
            })?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(StoreError::io(&path)(error)),
        };
        Ok(Self {
            path,
            any: AtomicBool::new(!found.is_empty()),
            found: Mutex::new(found),
        })
    }

    /// Whether a verdict was false, and no operator has looked.
    pub(crate) fn any(&self) -> bool {
        self.any.load(Ordering::Acquire)
    }

    /// Notes a false verdict. It counts from now on, also if it cannot be written: then the error says so.
    pub(crate) fn add(&self, verdict: FalseVerdict) -> Result<(), StoreError> {
        self.any.store(true, Ordering::Release);
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        found.push(verdict);
        let text = serde_json::to_vec_pretty(&*found)
            .map_err(|error| StoreError::io(&self.path)(io::Error::other(error)))?;
        crate::disk::write_whole(&self.path, &text).map_err(StoreError::io(&self.path))
    }
}
