//! Showing: a verifier's question, the holder's answer without the proof, and the check of what a proof says.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    format,
    string::String,
    vec,
    vec::Vec,
};
use core::{fmt, ops::Range};

use serde::{Deserialize, Serialize};
use winterlane_ledger::{
    Digest,
    private::{
        self as protocol, AskedPredicate, Credential as Signed, CredentialInputs,
        CredentialQuestion, HolderSecret, Predicate as PlacedTest, Session, SparseKind, SparseTree,
        Test, ValueSet,
    },
};

use crate::{
    Condition, Credential, CredentialError, Day, Issuer, MAX_INTEGER, Predicate, Requirement,
    Value,
    derive::{digest_of, random_digest},
};

const VERIFIER_CONTEXT: &str = "winterlane 2026-11-28 credential: digest of a verifier's name";

/// Values of a set, at most.
pub const MAX_SET_VALUES: usize = 1 << 16;

/// A verifier's question. The holder answers it with a proof, and the verifier checks the answer against its
/// own copy: nothing that the holder sends is taken for the question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Challenge {
    /// The layout of the file: [`Challenge::FORMAT`].
    pub format: String,
    /// Who asks, for people and for pseudonyms.
    pub verifier: String,
    /// 256 random bits: no earlier answer has them.
    pub challenge: Digest,
    /// The second since 1970 after which an answer counts no more.
    pub expires: u64,
    /// The day for which credentials must be valid.
    pub today: Day,
    /// What is to hold.
    pub predicate: String,
    /// The sets that the predicate names, by the name of the file.
    #[serde(deserialize_with = "winterlane_ledger::maps::unique")]
    pub sets: BTreeMap<String, Vec<Value>>,
    /// Whose credentials count, with those that are revoked.
    pub issuer: Issuer,
    /// Whether the holder is to show a pseudonym: the same each time for this verifier, and another for every
    /// other.
    pub pseudonym: bool,
}

/// What a verifier asks.
#[derive(Clone, Debug)]
pub struct Question {
    /// Who asks.
    pub verifier: String,
    /// The second since 1970 after which an answer counts no more.
    pub expires: u64,
    /// The day for which credentials must be valid.
    pub today: Day,
    /// What is to hold.
    pub predicate: Predicate,
    /// The sets that the predicate names.
    pub sets: BTreeMap<String, Vec<Value>>,
    /// Whose credentials count.
    pub issuer: Issuer,
    /// Whether a pseudonym is asked for.
    pub pseudonym: bool,
}

/// A requirement by the protocol: where, what, and for a set its values.
struct Resolved {
    attribute: String,
    places: Range<u8>,
    test: Test,
    condition: Condition,
    set: Vec<Value>,
}

/// What a holder knows without the verifier. A question that does not fit to it asks for more than it says.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// What the issuer published, got from the issuer.
    pub issuer: &'a Issuer,
    /// The day, by the holder's own clock.
    pub today: Day,
}

/// An answer before it is proven: the witness and the public inputs. Printing it for debugging shows what is
/// public.
#[derive(Clone)]
pub struct Showing {
    /// The credential, as its issuer signed it.
    pub credential: Signed,
    /// The holder's secret.
    pub holder: HolderSecret,
    /// For each predicate, the set that its value is in and the place there; nothing for other predicates.
    pub members: Vec<Option<(SparseTree, u32)>>,
    /// The revoked credentials.
    pub revoked: SparseTree,
    /// The public inputs.
    pub inputs: CredentialInputs,
}

// A witness does not belong into a log.
impl fmt::Debug for Showing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Showing")
            .field("inputs", &self.inputs)
            .finish_non_exhaustive()
    }
}

/// The digest of a verifier's name, which stands for the verifier in a [`Session`].
#[must_use]
pub fn verifier_digest(name: &str) -> Digest {
    let key = blake3::derive_key(VERIFIER_CONTEXT, name.as_bytes());
    digest_of(&key, b"name", &[])
}

impl Challenge {
    /// The layout of the file.
    pub const FORMAT: &'static str = "winterlane-challenge-1";

    /// A challenge for a question that can be answered, from 32 random bytes of its own: bytes that somebody
    /// knows beforehand, or that were used before, let an old proof answer it.
    ///
    /// # Errors
    /// [`CredentialError`] when the issuer's schema has no such attribute, or of another kind; when a set is
    /// missing, empty or too large.
    pub fn new(question: Question, random: &[u8; 32]) -> Result<Self, CredentialError> {
        let challenge = Self {
            format: Self::FORMAT.into(),
            verifier: question.verifier,
            challenge: random_digest(random),
            expires: question.expires,
            today: question.today,
            predicate: format!("{}", question.predicate),
            sets: question.sets,
            issuer: question.issuer,
            pseudonym: question.pseudonym,
        };
        challenge.resolve()?;
        Ok(challenge)
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

    /// The tree of the revoked credentials.
    #[must_use]
    pub fn revoked(&self) -> SparseTree {
        SparseTree::marked(SparseKind::Revocation, self.issuer.revoked.iter().copied())
    }

    /// The requirements with their places, tests and sets.
    fn resolve(&self) -> Result<Vec<Resolved>, CredentialError> {
        if self.format != Self::FORMAT {
            return Err(CredentialError::Damaged {
                what: "another format",
            });
        }
        if self.today.since_1970().is_none() {
            return Err(CredentialError::LastDay);
        }
        let predicate: Predicate = self.predicate.parse()?;
        let requirements = predicate.requirements().iter();
        requirements
            .map(|requirement| self.resolve_one(requirement))
            .collect()
    }

    fn resolve_one(&self, requirement: &Requirement) -> Result<Resolved, CredentialError> {
        let Requirement {
            attribute,
            condition,
        } = requirement;
        let schema = &self.issuer.schema;
        let (Some(places), Some(known)) =
            (schema.places(attribute), schema.attributes().get(attribute))
        else {
            return Err(CredentialError::UnknownAttribute {
                name: attribute.clone(),
                known: schema.attributes().keys().cloned().collect(),
            });
        };
        let set = match condition {
            Condition::Listed(values) => values.clone(),
            Condition::File(name) => {
                let values = self.sets.get(name);
                let values = values.ok_or_else(|| CredentialError::NoSet { name: name.clone() })?;
                let mut values = values.clone();
                values.sort();
                values.dedup();
                if values.is_empty() || values.len() > MAX_SET_VALUES {
                    let count = values.len();
                    return Err(CredentialError::SetSize {
                        name: name.clone(),
                        count,
                    });
                }
                values
            }
            _ => Vec::new(),
        };
        let kinds = match condition {
            Condition::Range { low, .. } => vec![low.kind()],
            Condition::Text(_) => vec![crate::Kind::Text],
            _ => set.iter().map(Value::kind).collect(),
        };
        if let Some(found) = kinds.into_iter().find(|kind| *kind != known.kind) {
            return Err(CredentialError::WrongKind {
                name: attribute.clone(),
                kind: known.kind,
                found,
            });
        }
        let test = match condition {
            Condition::Range { low, high } => range_test(low, high),
            Condition::Text(text) => Test::Equals(Value::Text(text.clone()).encoded()),
            _ => Test::InSet(set_root(&set).ok_or_else(|| CredentialError::SetSize {
                name: attribute.clone(),
                count: set.len(),
            })?),
        };
        Ok(Resolved {
            attribute: attribute.clone(),
            places,
            test,
            condition: condition.clone(),
            set,
        })
    }

    /// Refuses a question whose refusal would tell something that is not asked: a made-up list of revoked
    /// credentials finds out the number of the holder's by halves, and days to come find out its last.
    ///
    /// # Errors
    /// [`CredentialError::MadeUpRevocation`], [`CredentialError::FutureDay`].
    fn check_honest(&self, known: &Known<'_>) -> Result<(), CredentialError> {
        // A list that lacks some is an older one, and names nobody who is not revoked. It is as long as its sender likes.
        let revoked: BTreeSet<u32> = known.issuer.revoked.iter().copied().collect();
        if !self.issuer.revoked.iter().all(|one| revoked.contains(one)) {
            return Err(CredentialError::MadeUpRevocation);
        }
        // Somewhere on earth it is tomorrow.
        if known
            .today
            .plus(1)
            .is_some_and(|latest| self.today > latest)
        {
            return Err(CredentialError::FutureDay {
                asked: self.today,
                today: known.today,
            });
        }
        Ok(())
    }

    /// Refuses for a credential that counts no more. What the holder knows decides, not the list and the day of the question:
    /// parts of the published list, and days that are past, would find out the number of a revoked credential and the last day
    /// of an expired one by halves.
    ///
    /// # Errors
    /// [`CredentialError::Expired`], [`CredentialError::Revoked`].
    fn check_counts(
        &self,
        known: &Known<'_>,
        credential: &Credential,
    ) -> Result<(), CredentialError> {
        // Somewhere on earth it is yesterday.
        let yesterday = known.today.number().saturating_sub(1);
        let last_day = credential.last_day;
        if last_day.number() < yesterday || last_day < self.today {
            return Err(CredentialError::Expired {
                last_day,
                today: self.today.max(known.today),
            });
        }
        // The question's own list has no number that this one lacks (`check_honest`).
        if known.issuer.revoked.contains(&credential.number) {
            return Err(CredentialError::Revoked);
        }
        Ok(())
    }

    /// What the holder of a credential answers, before it is proven.
    ///
    /// # Errors
    /// [`CredentialError`] when the question is one that finds out more than it says; when the credential is of
    /// another issuer, schema or holder, by a key or of a schema that its issuer did not publish, has expired or is
    /// revoked by what the holder knows (whatever day and list are asked about), or does not satisfy the predicate: then there
    /// is no proof.
    pub fn answer(
        &self,
        known: &Known<'_>,
        credential: &Credential,
        holder: HolderSecret,
    ) -> Result<Showing, CredentialError> {
        let resolved = self.resolve()?;
        self.check_honest(known)?;
        let signed = credential.checked()?;
        if !self.issuer.keys.contains(&credential.key) {
            return Err(CredentialError::OtherIssuer {
                found: credential.issuer.clone(),
                wanted: self.issuer.name.clone(),
            });
        }
        if credential.schema != self.issuer.schema {
            return Err(CredentialError::OtherSchema {
                found: credential.schema.name().into(),
                wanted: self.issuer.schema.name().into(),
            });
        }
        // A key or a schema of its own marks a holder. Whoever asks may be one with whoever has made it.
        let published = known.issuer;
        if !published.keys.contains(&credential.key) || published.schema != credential.schema {
            return Err(CredentialError::Marked);
        }
        if holder.key() != credential.holder {
            return Err(CredentialError::OtherHolder);
        }
        self.check_counts(known, credential)?;
        let revoked = self.revoked();
        let (mut predicates, mut members) = (Vec::new(), Vec::new());
        for one in resolved {
            let values = credential
                .attributes
                .iter()
                .filter(|value| value.name == one.attribute);
            // The place is shown. The first place of those that fit would say that no value before it does; which salt is
            // the least says nothing of places, and is the same each time.
            let fits = values
                .clone()
                .filter(|stated| one.admits(&stated.value))
                .min_by_key(|stated| stated.salt.to_bytes());
            let stated = fits.ok_or_else(|| CredentialError::NotSatisfied {
                requirement: Requirement {
                    attribute: one.attribute.clone(),
                    condition: one.condition.clone(),
                },
                missing: values.count() == 0,
            })?;
            members.push(match one.test {
                Test::InSet(_) => one
                    .set
                    .binary_search(&stated.value)
                    .ok()
                    .and_then(|place| u32::try_from(place).ok())
                    .and_then(|place| Some((set_tree(&one.set)?, place))),
                _ => None,
            });
            predicates.push(PlacedTest {
                place: stated.place,
                test: one.test,
            });
        }
        let session = self.session();
        let pseudonym = self.pseudonym.then(|| holder.pseudonym(&session.verifier));
        Ok(Showing {
            inputs: CredentialInputs {
                issuer: credential.key,
                schema: signed.schema,
                predicates,
                today: self.today.since_1970().ok_or(CredentialError::LastDay)?,
                revocation: revoked.root(),
                pseudonym,
                session,
            },
            credential: signed,
            holder,
            members,
            revoked,
        })
    }

    /// The question as the protocol has it: what an answer is compared with. The verifier of proofs
    /// (`winterlane_verifier::verify_answer`) takes it with the answer, and makes both checks: that this was asked, and
    /// that it is true.
    ///
    /// # Errors
    /// [`CredentialError`] for a challenge that nobody can answer, as [`Challenge::new`].
    pub fn question(&self) -> Result<protocol::Question, CredentialError> {
        let resolved = self.resolve()?.into_iter();
        let predicates = resolved.map(|one| AskedPredicate {
            places: one.places,
            test: one.test,
        });
        Ok(protocol::Question::Credential(CredentialQuestion {
            issuers: self.issuer.keys.clone(),
            schema: self.issuer.schema.digest(),
            predicates: predicates.collect(),
            today: self.today.since_1970().ok_or(CredentialError::LastDay)?,
            revocation: SparseTree::root_of_marks(
                SparseKind::Revocation,
                self.issuer.revoked.iter().copied(),
            ),
            pseudonym: self.pseudonym,
            session: self.session(),
        }))
    }
}

impl Resolved {
    fn admits(&self, value: &Value) -> bool {
        match &self.condition {
            Condition::Range { low, high } => {
                value.kind() == low.kind() && low <= value && value <= high
            }
            Condition::Text(text) => *value == Value::Text(text.clone()),
            _ => self.set.binary_search(value).is_ok(),
        }
    }
}

/// The shortest test that says so.
fn range_test(low: &Value, high: &Value) -> Test {
    let (least, most) = (low.encoded(), high.encoded());
    let open_below = matches!(low, Value::Integer(low) if *low == -MAX_INTEGER)
        || *low == Value::Date(Day::FIRST);
    let open_above = matches!(high, Value::Integer(high) if *high == MAX_INTEGER)
        || *high == Value::Date(Day::LAST);
    if least == most {
        Test::Equals(least)
    } else if open_below && !open_above {
        Test::AtMost(most)
    } else if open_above && !open_below {
        Test::AtLeast(least)
    } else {
        Test::Between(least, most)
    }
}

/// A set of values, which are sorted, as a predicate names it; `None` when there are too many.
fn set_root(values: &[Value]) -> Option<ValueSet> {
    SparseTree::root_of_set(values.iter().map(Value::encoded))
}

/// The tree of a set of values, which are sorted; `None` when there are too many.
fn set_tree(values: &[Value]) -> Option<SparseTree> {
    SparseTree::set(values.iter().map(Value::encoded))
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    /// Of two sets with one name, nobody would see which one counts.
    #[test]
    fn a_set_that_is_given_twice_is_refused() {
        let text = r#"{"sets": {"towns": [], "towns": []}}"#;
        let error = serde_json::from_str::<Challenge>(text).unwrap_err();
        assert!(
            error.to_string().contains("`towns` occurs twice"),
            "{error}"
        );
        // what is missing besides is told where no name occurs twice
        let text = r#"{"sets": {"towns": [], "names": []}}"#;
        let error = serde_json::from_str::<Challenge>(text).unwrap_err();
        assert!(error.to_string().contains("missing field"), "{error}");
    }
}
