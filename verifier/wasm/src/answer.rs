//! What the module answers: JSON, and a status that says at once which kind of answer it is.

use alloc::{string::String, vec::Vec};
use core::fmt::Display;

use serde::Serialize;

/// The status of an [`Answer`] and its text, one JSON object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// 0: accepted. 1: a proof, its public file or the chain is invalid. 2: unusable input. The numbers are
    /// the exit statuses of `winterlane verify`.
    pub status: u32,
    /// The answer as JSON. Strings in it may hold what a stranger wrote.
    pub json: Vec<u8>,
}

/// Where a batch, a chain, a statement or a pool was refused, in the order in which things are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Stage {
    /// The order in which the functions were called.
    Use,
    /// What the caller expects is not written as it should be.
    Expected,
    /// The public file cannot be read.
    PublicFile,
    /// The proof is too long to be one.
    ProofSize,
    /// The batch or the chain is not the one that the caller expects.
    Pin,
    /// The batch does not follow from the one before.
    Link,
    /// The proof.
    Proof,
    /// The published records are not those of the public inputs.
    Records,
    /// The public file names another preset than that of the proof.
    Preset,
    /// The bytes are none of a private proof with what it says.
    Statement,
    /// The challenge, or what a challenge is to ask, cannot be read or has no answer.
    Challenge,
    /// The proof does not answer the question, or no question was asked of a proof that needs one.
    Question,
    /// The file that names a pool cannot be read.
    PoolFile,
    /// The pool takes no such operation.
    Operation,
}

impl Stage {
    const fn status(self) -> u32 {
        match self {
            Self::Use
            | Self::Expected
            | Self::PublicFile
            | Self::ProofSize
            | Self::Statement
            | Self::Challenge
            | Self::PoolFile => 2,
            Self::Pin
            | Self::Link
            | Self::Records
            | Self::Proof
            | Self::Preset
            | Self::Question
            | Self::Operation => 1,
        }
    }
}

/// Why something was not accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// Always false; beside `valid: true` of what was accepted.
    pub valid: bool,
    /// Where.
    pub stage: Stage,
    /// Why, in words. They may hold what a stranger wrote.
    pub reason: String,
}

impl Fault {
    pub(crate) fn new(stage: Stage, reason: impl Display) -> Self {
        Self {
            valid: false,
            stage,
            reason: alloc::format!("{reason}"),
        }
    }
}

impl Answer {
    pub(crate) fn no_chain() -> Self {
        Self::of::<()>(Err(Fault::new(Stage::Use, "no chain was begun")))
    }

    pub(crate) fn no_pool() -> Self {
        Self::of::<()>(Err(Fault::new(Stage::Use, "no pool was begun")))
    }

    pub(crate) fn of<T: Serialize>(result: Result<T, Fault>) -> Self {
        let (status, json) = match result {
            Ok(said) => (0, serde_json::to_vec(&said)),
            Err(fault) => (fault.stage.status(), serde_json::to_vec(&fault)),
        };
        // Structures of strings and numbers always have a JSON form; if one had none, nothing is accepted.
        json.map_or_else(
            |_| Self {
                status: 2,
                json: br#"{"valid":false,"stage":"use","reason":"the answer has no JSON form"}"#
                    .to_vec(),
            },
            |json| Self { status, json },
        )
    }
}
