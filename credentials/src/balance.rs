//! A verifier's question about the balance of an account of the rollup, as a file.

use alloc::{string::String, vec::Vec};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use thiserror::Error;
use winterlane_ledger::{
    Amount, AssetId, Digest, Domain, Root,
    private::{BalanceInputs, BalanceQuestion, Question, Session},
};

use crate::{derive::random_digest, verifier_digest};

/// What a verifier asks about a balance: that some account of the rollup, which the prover controls, holds so much.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskedBalance {
    /// Who asks.
    pub verifier: String,
    /// The second since 1970 after which an answer counts no more.
    pub expires: u64,
    /// The rollup on its chain ([`winterlane_ledger::hash::domain_digest`]).
    pub domain: Domain,
    /// The asset.
    pub asset: AssetId,
    /// The least balance, in the asset's smallest unit.
    pub at_least: Amount,
    /// The greatest balance, if it is bounded.
    pub at_most: Option<Amount>,
    /// Roots of the rollup's state that count, as far as they are known when asking.
    pub state_roots: Vec<Root>,
}

/// A verifier's question about a balance. The holder answers it with a proof, and the verifier checks the answer against its
/// own copy: nothing that the holder sends is taken for the question.
///
/// *The state goes on.* The holder proves the last sealed state, which may be newer than any that the verifier knew when it
/// asked. So roots that count are added when the answer is checked ([`Self::question`]).
///
/// ```
/// use winterlane_credentials::{AskedBalance, BalanceChallenge};
/// use winterlane_ledger::{Amount, AssetId, ChainId, RollupId, Root, hash::domain_digest};
/// let asked = AskedBalance {
///     verifier: "bank.example".into(),
///     expires: 1_900_000_000,
///     domain: domain_digest(ChainId::new(1), RollupId::new(1)),
///     asset: AssetId::new(7),
///     at_least: Amount::new(300),
///     at_most: None,
///     state_roots: vec![],
/// };
/// let challenge = BalanceChallenge::new(asked, &[9; 32])?;
/// assert!(challenge.question(&[]).is_err(), "no state counts");
/// assert!(challenge.question(&[Root::ZERO]).is_ok());
/// # Ok::<(), winterlane_credentials::BalanceChallengeError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BalanceChallenge {
    /// The layout of the file: [`BalanceChallenge::FORMAT`].
    pub format: String,
    /// Who asks, for people.
    pub verifier: String,
    /// 256 random bits: no earlier answer has them.
    pub challenge: Digest,
    /// The second since 1970 after which an answer counts no more.
    pub expires: u64,
    /// The rollup on its chain.
    pub domain: Domain,
    /// The asset.
    pub asset: AssetId,
    /// The least balance; text in the file, since it may be beyond what programs take for a number.
    #[serde(serialize_with = "write_amount", deserialize_with = "read_amount")]
    pub at_least: Amount,
    /// The greatest balance, if it is bounded; text in the file.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "write_bound",
        deserialize_with = "read_bound"
    )]
    pub at_most: Option<Amount>,
    /// Roots of the rollup's state that count.
    #[serde(default)]
    pub state_roots: Vec<Root>,
}

/// Why nobody can answer a question about a balance.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum BalanceChallengeError {
    /// Another kind of file.
    #[error("the format is {found:?}, not {:?}", BalanceChallenge::FORMAT)]
    Format {
        /// What it says of itself.
        found: String,
    },
    /// The greatest balance is less than the least.
    #[error("at most {at_most} and at least {at_least}: no balance is both")]
    EmptyRange {
        /// The least.
        at_least: Amount,
        /// The greatest.
        at_most: Amount,
    },
    /// More roots than [`BalanceChallenge::MAX_ROOTS`].
    #[error("{count} roots of the state; at most {most} count", most = BalanceChallenge::MAX_ROOTS)]
    TooManyRoots {
        /// How many.
        count: usize,
    },
    /// No state counts, so that nothing answers the question.
    #[error("no root of the state is known to count")]
    NoRoots,
}

impl BalanceChallenge {
    /// The layout of the file.
    pub const FORMAT: &'static str = "winterlane-balance-challenge-1";

    /// Roots of a question, at most.
    pub const MAX_ROOTS: usize = 1024;

    /// A challenge from 32 random bytes of its own: bytes that somebody knows beforehand, or that were used before, let
    /// an old proof answer it.
    ///
    /// # Errors
    /// [`BalanceChallengeError`] for a question that nobody can answer.
    pub fn new(asked: AskedBalance, random: &[u8; 32]) -> Result<Self, BalanceChallengeError> {
        let AskedBalance {
            verifier,
            expires,
            domain,
            asset,
            at_least,
            at_most,
            state_roots,
        } = asked;
        let challenge = Self {
            format: Self::FORMAT.into(),
            verifier,
            challenge: random_digest(random),
            expires,
            domain,
            asset,
            at_least,
            at_most,
            state_roots,
        };
        challenge.check()?;
        Ok(challenge)
    }

    /// Whether it is a question that somebody can answer. One that was read is checked before anything is made of it.
    ///
    /// # Errors
    /// [`BalanceChallengeError`] for the first thing that is wrong.
    pub fn check(&self) -> Result<(), BalanceChallengeError> {
        if self.format != Self::FORMAT {
            let found = self.format.clone();
            return Err(BalanceChallengeError::Format { found });
        }
        if let Some(at_most) = self.at_most.filter(|at_most| *at_most < self.at_least) {
            let at_least = self.at_least;
            return Err(BalanceChallengeError::EmptyRange { at_least, at_most });
        }
        if self.state_roots.len() > Self::MAX_ROOTS {
            let count = self.state_roots.len();
            return Err(BalanceChallengeError::TooManyRoots { count });
        }
        Ok(())
    }

    /// Who asks, and until when.
    #[must_use]
    pub fn session(&self) -> Session {
        Session {
            verifier: verifier_digest(&self.verifier),
            challenge: self.challenge.to_bytes(),
            expires: self.expires,
        }
    }

    /// What a proof of this answer says in public, about the state with that root.
    #[must_use]
    pub fn inputs(&self, state_root: Root) -> BalanceInputs {
        BalanceInputs {
            state_root,
            domain: self.domain,
            asset: self.asset,
            at_least: self.at_least,
            at_most: self.at_most,
            session: self.session(),
        }
    }

    /// The question as the protocol has it: what an answer is compared with. `roots` of the state count beside those of
    /// the challenge.
    ///
    /// # Errors
    /// As [`Self::check`], and [`BalanceChallengeError::NoRoots`] when no state counts.
    pub fn question(&self, roots: &[Root]) -> Result<Question, BalanceChallengeError> {
        self.check()?;
        let state_roots = [&self.state_roots[..], roots].concat();
        if state_roots.is_empty() {
            return Err(BalanceChallengeError::NoRoots);
        }
        Ok(Question::Balance(BalanceQuestion {
            state_roots,
            domain: self.domain,
            asset: self.asset,
            at_least: self.at_least,
            at_most: self.at_most,
            session: self.session(),
        }))
    }
}

fn write_amount<S: Serializer>(amount: &Amount, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(amount)
}

fn write_bound<S: Serializer>(bound: &Option<Amount>, serializer: S) -> Result<S::Ok, S::Error> {
    match bound {
        Some(bound) => serializer.collect_str(bound),
        None => serializer.serialize_none(),
    }
}

fn read_amount<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Amount, D::Error> {
    let text = String::deserialize(deserializer)?;
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let amount = text.parse().ok().filter(|_| digits);
    amount.ok_or_else(|| de::Error::custom("expected a decimal number below 2^128 as text"))
}

fn read_bound<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Amount>, D::Error> {
    read_amount(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use std::{format, vec};

    use winterlane_ledger::private::{AnswerError, PrivateInputs};

    use super::*;

    fn asked(at_most: Option<Amount>) -> AskedBalance {
        AskedBalance {
            verifier: "bank.example".into(),
            expires: 50,
            domain: Domain(random_digest(&[1; 32])),
            asset: AssetId::new(7),
            at_least: Amount::new(300),
            at_most,
            state_roots: vec![Root(random_digest(&[2; 32]))],
        }
    }

    #[test]
    fn a_challenge_is_written_as_it_is_read() {
        for at_most in [None, Some(300), Some(u128::MAX)] {
            let challenge =
                BalanceChallenge::new(asked(at_most.map(Amount::new)), &[3; 32]).unwrap();
            let text = serde_json::to_string(&challenge).unwrap();
            assert_eq!(
                serde_json::from_str::<BalanceChallenge>(&text).unwrap(),
                challenge
            );
            assert!(text.contains(r#""at_least":"300""#), "{text}");
            for (from, to) in [
                (r#""300""#, "300"),
                (r#""300""#, r#""+300""#),
                (r#""300""#, r#""""#),
                (r#""asset":7"#, r#""asset":7,"more":1"#),
            ] {
                let changed = text.replacen(from, to, 1);
                assert!(
                    serde_json::from_str::<BalanceChallenge>(&changed).is_err(),
                    "{changed}"
                );
            }
            let other = text.replacen("challenge-1", "challenge-2", 1);
            let other: BalanceChallenge = serde_json::from_str(&other).unwrap();
            assert!(matches!(
                other.check(),
                Err(BalanceChallengeError::Format { .. })
            ));
            assert!(other.question(&[]).is_err());
        }
        let two = [[3; 32], [4; 32]].map(|random| BalanceChallenge::new(asked(None), &random));
        assert_ne!(
            two[0].as_ref().unwrap().session(),
            two[1].as_ref().unwrap().session()
        );
    }

    #[test]
    fn a_question_that_nobody_can_answer_is_none() {
        let wrong = BalanceChallenge::new(asked(Some(Amount::new(299))), &[3; 32]).unwrap_err();
        assert!(format!("{wrong}").contains("at most 299 and at least 300"));
        let mut many = asked(None);
        many.state_roots = vec![Root::ZERO; 1025];
        let wrong = BalanceChallenge::new(many, &[3; 32]);
        assert_eq!(
            wrong,
            Err(BalanceChallengeError::TooManyRoots { count: 1025 })
        );
        let mut none = asked(None);
        none.state_roots.clear();
        let none = BalanceChallenge::new(none, &[3; 32]).unwrap();
        assert_eq!(none.question(&[]), Err(BalanceChallengeError::NoRoots));
    }

    #[test]
    fn what_a_challenge_makes_of_a_state_answers_it_if_the_state_counts() {
        let challenge = BalanceChallenge::new(asked(Some(Amount::new(400))), &[3; 32]).unwrap();
        let (known, later) = (challenge.state_roots[0], Root::ZERO);
        let says = |root| PrivateInputs::Balance(challenge.inputs(root));
        let question = challenge.question(&[]).unwrap();
        assert_eq!(question.check(&says(known), 50), Ok(()));
        assert_eq!(
            question.check(&says(later), 50),
            Err(AnswerError::StateRoot)
        );
        let question = challenge.question(&[later]).unwrap();
        assert_eq!(question.check(&says(known), 50), Ok(()));
        assert_eq!(question.check(&says(later), 50), Ok(()));
        assert!(question.check(&says(later), 51).is_err());
    }
}
