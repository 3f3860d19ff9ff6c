//! Settings of the queue of proofs.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::{
    SharedQueue,
    queue::{QueueError, postgres::Address},
};

/// Where batches wait for their proofs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct QueueSettings {
    /// The database; empty for the queue inside the node.
    pub address: QueueAddress,
    /// The object store.
    pub objects: String,
    /// Which of several rollups comes first.
    pub priority: i32,
}

/// `postgres://…`, or nothing.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct QueueAddress {
    text: String,
    /// What it says, with the files that it names, which are read once; `None` for nothing.
    read: Option<Address>,
}

impl PartialEq for QueueAddress {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for QueueAddress {}

impl std::fmt::Debug for QueueAddress {
    /// Without the address, which may hold a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.text.is_empty() {
            "none"
        } else {
            "postgres://…"
        })
    }
}

impl TryFrom<String> for QueueAddress {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let read = match text.as_str() {
            "" => None,
            address => Some(
                address
                    .parse()
                    .map_err(|error: QueueError| error.to_string())?,
            ),
        };
        Ok(Self { text, read })
    }
}

impl From<QueueAddress> for String {
    fn from(address: QueueAddress) -> Self {
        address.text
    }
}

impl QueueSettings {
    /// The queue, if there is an address. Objects are in `objects` inside the node's folder unless it is said
    /// where.
    pub(super) fn shared(&self, folder: &Path) -> Option<SharedQueue> {
        let address = self.address.read.clone()?;
        let objects = if self.objects.is_empty() {
            folder.join("objects").display().to_string()
        } else {
            self.objects.clone()
        };
        Some(SharedQueue {
            address,
            objects,
            priority: self.priority,
        })
    }
}
