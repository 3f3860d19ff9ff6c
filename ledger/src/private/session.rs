//! A verifier's question, and whether the public inputs of a proof answer it.
//!
//! A proof of a property says only that its public inputs are true. Public inputs come from the person who
//! proves: somebody who takes them as they are accepts a proof about another rollup, a proof that was made for
//! another verifier, or one that was shown a year ago. A [`Question`] is the verifier's own copy of what it
//! asked, and [`Question::check`] compares *every* public input with it.

use alloc::vec::Vec;
use core::ops::Range;

use thiserror::Error;

use super::inputs::{BalanceInputs, CredentialInputs, PrivateInputs, Test};
use crate::{Amount, AssetId, Digest, Domain, Root};

/// Who asked for a proof of a property, and until when it counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    /// The verifier: a digest of its name.
    pub verifier: Digest,
    /// What the verifier drew for this proof: no earlier proof has it.
    pub challenge: [u8; 32],
    /// The second since 1970-01-01T00:00Z after which the proof counts no more.
    pub expires: u64,
}

/// Why a proof is none for this verifier, now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SessionError {
    /// It answers another verifier.
    #[error("it was made for another verifier")]
    Verifier,
    /// It answers another challenge: it may have been shown before.
    #[error("it answers another challenge: ask for a new proof")]
    Challenge,
    /// It has another expiry than was asked for.
    #[error("it counts until second {found}, and until second {asked} was asked for")]
    Expiry {
        /// What was asked for.
        asked: u64,
        /// What the proof has.
        found: u64,
    },
    /// It is too late.
    #[error("it counts no more since {late} seconds: ask for a new proof")]
    Expired {
        /// Seconds since it expired.
        late: u64,
    },
}

impl Session {
    /// Whether a proof with this session answers what was `asked`, in the second `now` since 1970.
    ///
    /// ```
    /// use winterlane_ledger::{Digest, private::{Session, SessionError}};
    /// let asked = Session { verifier: Digest::ZERO, challenge: [7; 32], expires: 100 };
    /// assert_eq!(asked.check(&asked, 100), Ok(()));
    /// assert_eq!(asked.check(&asked, 101), Err(SessionError::Expired { late: 1 }));
    /// let replayed = Session { challenge: [6; 32], ..asked };
    /// assert_eq!(replayed.check(&asked, 100), Err(SessionError::Challenge));
    /// ```
    ///
    /// # Errors
    /// [`SessionError`] for the first thing that differs.
    pub fn check(&self, asked: &Self, now: u64) -> Result<(), SessionError> {
        if self.verifier != asked.verifier {
            return Err(SessionError::Verifier);
        }
        if self.challenge != asked.challenge {
            return Err(SessionError::Challenge);
        }
        if self.expires != asked.expires {
            let (asked, found) = (asked.expires, self.expires);
            return Err(SessionError::Expiry { asked, found });
        }
        match now.checked_sub(self.expires) {
            None | Some(0) => Ok(()),
            Some(late) => Err(SessionError::Expired { late }),
        }
    }
}

/// What a verifier asks about a balance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BalanceQuestion {
    /// The state roots that count: recent ones of the rollup.
    pub state_roots: Vec<Root>,
    /// The rollup on its chain ([`crate::hash::domain_digest`]).
    pub domain: Domain,
    /// The asset.
    pub asset: AssetId,
    /// The least balance.
    pub at_least: Amount,
    /// The greatest balance, if it is bounded.
    pub at_most: Option<Amount>,
    /// Who asks.
    pub session: Session,
}

/// What a verifier asks of one attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskedPredicate {
    /// The places that the attribute may have.
    pub places: Range<u8>,
    /// The condition.
    pub test: Test,
}

/// What a verifier asks about a credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialQuestion {
    /// The roots of the issuer's keys that count.
    pub issuers: Vec<Root>,
    /// The schema of the credential.
    pub schema: Digest,
    /// What is to be shown of it, in this order.
    pub predicates: Vec<AskedPredicate>,
    /// The day for which the credential must be valid.
    pub today: u32,
    /// The root of the tree of the issuer's revoked credentials.
    pub revocation: Root,
    /// Whether a pseudonym is to be shown.
    pub pseudonym: bool,
    /// Who asks.
    pub session: Session,
}

/// A verifier's own copy of what it asked.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Question {
    /// About the balance of an account.
    Balance(BalanceQuestion),
    /// About a credential.
    Credential(CredentialQuestion),
}

/// Why public inputs do not answer a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AnswerError {
    /// A proof of another kind of statement.
    #[error("it proves another kind of statement")]
    Kind,
    /// Another verifier, challenge or expiry, or too late.
    #[error("the session: {0}")]
    Session(#[from] SessionError),
    /// Another rollup.
    #[error("it is about another rollup")]
    Domain,
    /// A state that does not count.
    #[error("it is about a state that does not count: ask for a proof of a recent one")]
    StateRoot,
    /// Another asset.
    #[error("it is about asset {found}, not {asked}")]
    Asset {
        /// What was asked for.
        asked: u32,
        /// What the proof has.
        found: u32,
    },
    /// Other bounds.
    #[error("it proves other bounds than were asked for")]
    Bounds,
    /// Another issuer.
    #[error("the credential is of another issuer")]
    Issuer,
    /// Another schema.
    #[error("the credential is of another schema")]
    Schema,
    /// Other predicates.
    #[error("it proves other predicates than were asked for")]
    Predicates,
    /// Another day.
    #[error("it is for day {found}, not {asked}")]
    Today {
        /// What was asked for.
        asked: u32,
        /// What the proof has.
        found: u32,
    },
    /// Another list of revoked credentials.
    #[error("it is for another list of revoked credentials")]
    Revocation,
    /// A pseudonym is missing, or was not asked for.
    #[error("a pseudonym is missing, or was not asked for")]
    Pseudonym,
}

impl Question {
    /// Who asks.
    #[must_use]
    pub const fn session(&self) -> &Session {
        match self {
            Self::Balance(question) => &question.session,
            Self::Credential(question) => &question.session,
        }
    }

    /// Whether these public inputs answer the question, in the second `now` since 1970. Whether they are true
    /// is for the verifier of proofs to say.
    ///
    /// # Errors
    /// [`AnswerError`] for the first thing that differs.
    pub fn check(&self, inputs: &PrivateInputs, now: u64) -> Result<(), AnswerError> {
        match (self, inputs) {
            (Self::Balance(question), PrivateInputs::Balance(inputs)) => {
                question.check(inputs, now)
            }
            (Self::Credential(question), PrivateInputs::Credential(inputs)) => {
                question.check(inputs, now)
            }
            _ => Err(AnswerError::Kind),
        }
    }
}

fn require(holds: bool, error: AnswerError) -> Result<(), AnswerError> {
    if holds { Ok(()) } else { Err(error) }
}

impl BalanceQuestion {
    fn check(&self, inputs: &BalanceInputs, now: u64) -> Result<(), AnswerError> {
        // by name: a field that is added must be compared too
        let BalanceInputs {
            state_root,
            domain,
            asset,
            at_least,
            at_most,
            session,
        } = inputs;
        session.check(&self.session, now)?;
        require(*domain == self.domain, AnswerError::Domain)?;
        let counts = self.state_roots.contains(state_root);
        require(counts, AnswerError::StateRoot)?;
        let (asked, found) = (self.asset, *asset);
        require(
            asked == found,
            AnswerError::Asset {
                asked: asked.get(),
                found: found.get(),
            },
        )?;
        let bounds = (*at_least, *at_most) == (self.at_least, self.at_most);
        require(bounds, AnswerError::Bounds)
    }
}

impl CredentialQuestion {
    fn check(&self, inputs: &CredentialInputs, now: u64) -> Result<(), AnswerError> {
        // by name: a field that is added must be compared too
        let CredentialInputs {
            issuer,
            schema,
            predicates,
            today,
            revocation,
            pseudonym,
            session,
        } = inputs;
        session.check(&self.session, now)?;
        require(self.issuers.contains(issuer), AnswerError::Issuer)?;
        require(*schema == self.schema, AnswerError::Schema)?;
        let mut pairs = predicates.iter().zip(&self.predicates);
        let same = predicates.len() == self.predicates.len()
            && pairs.all(|(shown, asked)| {
                asked.places.contains(&shown.place) && shown.test == asked.test
            });
        require(same, AnswerError::Predicates)?;
        let (asked, found) = (self.today, *today);
        require(asked == found, AnswerError::Today { asked, found })?;
        require(*revocation == self.revocation, AnswerError::Revocation)?;
        require(
            pseudonym.is_some() == self.pseudonym,
            AnswerError::Pseudonym,
        )
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use winter_math::fields::f64::BaseElement;

    use super::{
        super::inputs::{Predicate, ValueSet},
        *,
    };

    fn digest(n: u32) -> Digest {
        Digest([n, n + 1, n + 2, n + 3].map(BaseElement::from))
    }

    fn set(levels: u8) -> ValueSet {
        let root = Root(digest(50));
        ValueSet { root, levels }
    }

    fn session() -> Session {
        Session {
            verifier: digest(1),
            challenge: [2; 32],
            expires: 30,
        }
    }

    type Change<T> = (fn(&mut T), AnswerError);

    /// Changes of a session, by the inputs that have it.
    const SESSIONS: [Change<Session>; 3] = [
        (
            |s| s.verifier = Digest::ZERO,
            AnswerError::Session(SessionError::Verifier),
        ),
        (
            |s| s.challenge[31] ^= 1,
            AnswerError::Session(SessionError::Challenge),
        ),
        (
            |s| s.expires += 1,
            AnswerError::Session(SessionError::Expiry {
                asked: 30,
                found: 31,
            }),
        ),
    ];

    fn refuses<T: Clone>(
        question: &Question,
        honest: &T,
        changes: &[Change<T>],
        session: fn(&mut T) -> &mut Session,
        inputs: fn(T) -> PrivateInputs,
    ) {
        let all = inputs(honest.clone());
        assert_eq!(question.check(&all, 30), Ok(()));
        let late = Err(AnswerError::Session(SessionError::Expired { late: 5 }));
        assert_eq!(question.check(&all, 35), late);
        for (change, error) in changes {
            let mut changed = honest.clone();
            change(&mut changed);
            assert_eq!(question.check(&inputs(changed), 30), Err(*error));
        }
        for (change, error) in SESSIONS {
            let mut changed = honest.clone();
            change(session(&mut changed));
            assert_eq!(question.check(&inputs(changed), 30), Err(error));
        }
    }

    #[test]
    fn a_balance_answers_its_question_and_no_other() {
        let question = Question::Balance(BalanceQuestion {
            state_roots: [10, 11].map(|n| Root(digest(n))).to_vec(),
            domain: Domain(digest(40)),
            asset: AssetId::new(4),
            at_least: Amount::new(50),
            at_most: Some(Amount::new(60)),
            session: session(),
        });
        assert_eq!(question.session(), &session());
        let honest = BalanceInputs {
            state_root: Root(digest(11)),
            domain: Domain(digest(40)),
            asset: AssetId::new(4),
            at_least: Amount::new(50),
            at_most: Some(Amount::new(60)),
            session: session(),
        };
        let changes: [Change<BalanceInputs>; 6] = [
            (|i| i.state_root = Root(digest(12)), AnswerError::StateRoot),
            (|i| i.domain = Domain(digest(41)), AnswerError::Domain),
            (
                |i| i.asset = AssetId::new(5),
                AnswerError::Asset { asked: 4, found: 5 },
            ),
            (|i| i.at_least = Amount::new(49), AnswerError::Bounds),
            (|i| i.at_most = None, AnswerError::Bounds),
            (|i| i.at_most = Some(Amount::new(61)), AnswerError::Bounds),
        ];
        refuses(
            &question,
            &honest,
            &changes,
            |i| &mut i.session,
            PrivateInputs::Balance,
        );
    }

    #[test]
    fn a_credential_answers_its_question_and_no_other() {
        let asked = |places, test| AskedPredicate { places, test };
        let question = Question::Credential(CredentialQuestion {
            issuers: [10, 11].map(|n| Root(digest(n))).to_vec(),
            schema: digest(20),
            predicates: vec![
                asked(3..4, Test::AtLeast(5)),
                asked(8..12, Test::InSet(set(8))),
            ],
            today: 20_000,
            revocation: Root(digest(30)),
            pseudonym: true,
            session: session(),
        });
        let shown = |place, test| Predicate { place, test };
        let honest = CredentialInputs {
            issuer: Root(digest(11)),
            schema: digest(20),
            predicates: vec![shown(3, Test::AtLeast(5)), shown(11, Test::InSet(set(8)))],
            today: 20_000,
            revocation: Root(digest(30)),
            pseudonym: Some(digest(60)),
            session: session(),
        };
        let changes: [Change<CredentialInputs>; 13] = [
            // the same root in a tree of another height is another set
            (
                |i| i.predicates[1].test = Test::InSet(set(4)),
                AnswerError::Predicates,
            ),
            (|i| i.issuer = Root(digest(12)), AnswerError::Issuer),
            (|i| i.schema = digest(21), AnswerError::Schema),
            (|i| i.predicates[0].place = 4, AnswerError::Predicates),
            (|i| i.predicates[1].place = 12, AnswerError::Predicates),
            (
                |i| i.predicates[0].test = Test::AtLeast(4),
                AnswerError::Predicates,
            ),
            (
                |i| i.predicates[0].test = Test::Equals(5),
                AnswerError::Predicates,
            ),
            (|i| i.predicates.swap(0, 1), AnswerError::Predicates),
            (|i| i.predicates.truncate(1), AnswerError::Predicates),
            (
                |i| i.predicates.push(i.predicates[0]),
                AnswerError::Predicates,
            ),
            (
                |i| i.today = 19_999,
                AnswerError::Today {
                    asked: 20_000,
                    found: 19_999,
                },
            ),
            (|i| i.revocation = Root(digest(31)), AnswerError::Revocation),
            (|i| i.pseudonym = None, AnswerError::Pseudonym),
        ];
        refuses(
            &question,
            &honest,
            &changes,
            |i| &mut i.session,
            PrivateInputs::Credential,
        );
        let balance = PrivateInputs::Balance(BalanceInputs {
            state_root: Root(digest(1)),
            domain: Domain(digest(2)),
            asset: AssetId::ZERO,
            at_least: Amount::ZERO,
            at_most: None,
            session: session(),
        });
        assert_eq!(question.check(&balance, 0), Err(AnswerError::Kind));
    }
}
