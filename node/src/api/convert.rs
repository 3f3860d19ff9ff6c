//! Refusals of the node and of its keys as problems.

use std::time::Duration;

use winterlane_ledger::{LedgerError, pool::PolicyRefusal};

use super::problem::{Kind, Problem};
use crate::{
    AdminError, ReadError, Refusal, SubmitError,
    keys::{self, AuthError, KeysError},
    private::PrivateRefusal,
};

/// When it is worth looking again whether the node is back.
const LATER: Duration = Duration::from_secs(5);

impl From<SubmitError> for Problem {
    fn from(error: SubmitError) -> Self {
        let text = error.to_string();
        match error {
            SubmitError::Malformed(_) | SubmitError::MalformedPrivate(_) => {
                Self::new(Kind::Malformed, text)
            }
            SubmitError::Refused(Refusal::Private(refusal)) => private(&refusal, text),
            SubmitError::Refused(Refusal::KeyReuse {
                account,
                slot,
                index,
                first,
            }) => Self::new(Kind::KeyReuse, text)
                .with("account", account.get())
                .with("slot", slot)
                .with("index", index)
                .with("first", first.to_string()),
            SubmitError::Refused(Refusal::DepositConflict | Refusal::DepositsElsewhere) => {
                Self::new(Kind::Conflict, text)
            }
            SubmitError::Refused(Refusal::FeeTooLow { minimum, .. }) => {
                Self::new(Kind::Refused, text)
                    .at("order.fee")
                    .with("minimum", minimum.to_string())
            }
            SubmitError::Refused(Refusal::ExpiresTooSoon { earliest, .. }) => {
                Self::new(Kind::Refused, text)
                    .at("order.valid_until")
                    .with("earliest", earliest.get())
            }
            SubmitError::Refused(Refusal::Ledger(
                LedgerError::StaleNonce { current, .. } | LedgerError::FutureNonce { current, .. },
            )) => Self::new(Kind::Refused, text)
                .with("rule", "nonce")
                .with("current", current.get()),
            // The account may order again once a batch is sealed.
            SubmitError::Refused(Refusal::TooManyPending { .. }) => {
                Self::new(Kind::Busy, text).retry_after(Duration::from_secs(2))
            }
            SubmitError::Refused(_) => Self::new(Kind::Refused, text),
            SubmitError::Busy { retry_after } => {
                Self::new(Kind::Busy, text).retry_after(retry_after)
            }
            SubmitError::Frozen => Self::new(Kind::Conflict, text).with("taken", false),
            // it was looked for among what was taken before: the sender need not ask again to know
            SubmitError::Paused | SubmitError::ReadOnly | SubmitError::Unsettled { .. } => {
                Self::new(Kind::Unavailable, text)
                    .retry_after(LATER)
                    .with("taken", false)
            }
            SubmitError::Stopped => Self::new(Kind::Unavailable, text).retry_after(LATER),
        }
    }
}

/// A refusal of the pool, with the field that is to blame.
fn private(refusal: &PrivateRefusal, text: String) -> Problem {
    let refused = |field: &str| Problem::new(Kind::Refused, text.clone()).at(field);
    match refusal {
        PrivateRefusal::SpentNullifier { nullifier, by } => Problem::new(Kind::Spent, text.clone())
            .at("inputs.nullifier")
            .with("nullifier", nullifier.0.to_string())
            .with("by", by.map(|by| by.to_string())),
        PrivateRefusal::UnknownAnchor { anchor, .. } => Problem::new(Kind::Anchor, text.clone())
            .at("inputs.anchor")
            .with("anchor", anchor.to_string()),
        PrivateRefusal::Proof { .. } => Problem::new(Kind::Proof, text.clone()).at("proof"),
        PrivateRefusal::PaidWithoutNote { first } => {
            Problem::new(Kind::Conflict, text.clone()).with("first", first.to_string())
        }
        PrivateRefusal::WrongDomain { .. } => refused("inputs.domain"),
        PrivateRefusal::NotOfThePool | PrivateRefusal::Inputs(_) => refused("inputs"),
        PrivateRefusal::Ciphertexts | PrivateRefusal::Sealed { .. } => refused("sealed"),
        PrivateRefusal::NotPaid { .. } | PrivateRefusal::NothingShielded => refused("order"),
        PrivateRefusal::Policy(refusal) => refused(match refusal {
            PolicyRefusal::NoAssociation | PolicyRefusal::UnknownSet(_) => "inputs.association",
            _ => "inputs.fee",
        }),
        PrivateRefusal::Payee { .. } => refused("inputs.recipient"),
        _ => Problem::new(Kind::Refused, text.clone()),
    }
}

impl From<ReadError> for Problem {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Stopped => {
                Self::new(Kind::Unavailable, error.to_string()).retry_after(LATER)
            }
            // What the store says of its files is for the log, not for strangers.
            ReadError::Store(reason) => {
                tracing::error!(reason, "the store cannot be read");
                Self::new(Kind::Storage, "the store cannot be read").retry_after(LATER)
            }
        }
    }
}

impl From<AdminError> for Problem {
    fn from(error: AdminError) -> Self {
        let text = error.to_string();
        match error {
            AdminError::Stopped => Self::new(Kind::Unavailable, text).retry_after(LATER),
            AdminError::Busy => Self::new(Kind::Busy, text).retry_after(Duration::from_secs(1)),
            AdminError::UnknownBatch { .. } => Self::new(Kind::NotFound, text),
            _ => Self::new(Kind::Conflict, text),
        }
    }
}

impl From<KeysError> for Problem {
    fn from(error: KeysError) -> Self {
        let text = error.to_string();
        match error {
            KeysError::BadField { field, what } => Self::field(field, what),
            KeysError::BadName { what } => Self::field("name", what),
            KeysError::NoKey(_) | KeysError::NoProposal(_) => Self::new(Kind::NotFound, text),
            KeysError::Lacks(scope) => Self::new(Kind::Forbidden, text).with("scope", scope.name()),
            KeysError::SamePerson | KeysError::Governed => Self::new(Kind::Forbidden, text),
            KeysError::NotLive { .. }
            | KeysError::Rotating { .. }
            | KeysError::NotRotating(_)
            | KeysError::Duplicate(_)
            | KeysError::Full { .. } => Self::new(Kind::Conflict, text),
            other => {
                tracing::error!(error = %other, "keys");
                Self::new(Kind::Storage, "the node cannot write down what it does")
                    .retry_after(LATER)
            }
        }
    }
}

impl From<AuthError> for Problem {
    fn from(error: AuthError) -> Self {
        let text = error.to_string();
        match error {
            AuthError::Malformed { field, what } => Self::new(Kind::Unauthorised, what).at(field),
            AuthError::Refused {
                key,
                reason,
                scope,
                successor,
                created,
                now,
                environment,
            } => {
                let kind = match reason {
                    keys::Refusal::Skew => Kind::Skew,
                    keys::Refusal::Replay => Kind::Replay,
                    keys::Refusal::Scope | keys::Refusal::Unsigned => Kind::Forbidden,
                    _ => Kind::KeyEnded,
                };
                let mut problem = Self::new(kind, text)
                    .with("key", key.to_string())
                    .with("reason", reason.name());
                match reason {
                    keys::Refusal::Skew => {
                        problem = problem.with("server_time", now.seconds());
                        problem = problem.with("your_time", created);
                    }
                    keys::Refusal::Environment => {
                        problem = problem.with("environment", environment.as_str());
                    }
                    keys::Refusal::Scope => {
                        problem = problem.with("scope", scope.map(keys::Scope::name));
                    }
                    keys::Refusal::Retired => {
                        problem = problem.with("successor", successor.map(|id| id.to_string()));
                    }
                    _ => {}
                }
                problem
            }
            AuthError::Busy => Self::new(Kind::Busy, text).retry_after(Duration::from_secs(60)),
            AuthError::Storage(source) => source.into(),
            AuthError::Missing { .. } | AuthError::Unknown => Self::new(Kind::Unauthorised, text),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    /// Who is refused by a node that takes nothing knows it: but for one that stops, which cannot say.
    #[test]
    fn a_node_that_takes_nothing_says_that_it_has_not_taken_it() {
        let unavailable = "/problems/unavailable";
        for (error, kind, taken) in [
            (SubmitError::Paused, unavailable, Value::Bool(false)),
            (SubmitError::ReadOnly, unavailable, Value::Bool(false)),
            (
                SubmitError::Unsettled { batches: 3 },
                unavailable,
                Value::Bool(false),
            ),
            (
                SubmitError::Frozen,
                "/problems/conflict",
                Value::Bool(false),
            ),
            (SubmitError::Stopped, unavailable, Value::Null),
        ] {
            let document = Problem::from(error).document();
            assert_eq!(
                (&document["type"], &document["taken"]),
                (&kind.into(), &taken)
            );
        }
    }
}
