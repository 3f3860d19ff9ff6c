//! Settings of the queue of proofs.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::{SharedQueue, queue::postgres::Address};

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
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct QueueAddress(String);

impl std::fmt::Debug for QueueAddress {
    /// Without the address, which may hold a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_empty() {
            "none"
        } else {
            "postgres://…"
        })
    }
}

impl TryFrom<String> for QueueAddress {
    type Error = String;

    fn try_from(address: String) -> Result<Self, String> {
        if !address.is_empty() {
            let read = address.parse::<Address>();
            read.map_err(|error| error.to_string())?;
        }
        Ok(Self(address))
    }
}

impl From<QueueAddress> for String {
    fn from(address: QueueAddress) -> Self {
        address.0
    }
}

impl QueueSettings {
    /// The queue, if there is an address. Objects are in `objects` inside the node's folder unless it is said
    /// where.
    pub(super) fn shared(&self, folder: &Path) -> Option<SharedQueue> {
        let address = self.address.0.parse().ok()?;
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
