//! What a worker is asked, what it answers, and what it signs.

use winterlane_ledger::pool::VerifyPrivate as _;
use winterlane_settlement::calm;
use winterlane_verifier::PRIVATE_PRESETS;

use crate::{
    OrderId,
    keys::{PrivateKey, PublicKey, SignatureBytes, verify_signature},
    private::{Verifier, decode},
};

/// The longest reason of a refusal, in bytes: a verifier's words are shorter.
pub(crate) const MAX_REASON: usize = 1000;

/// What a worker says of a proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The proof is one of the operation.
    Holds,
    /// It is none: in the verifier's words.
    Refused(String),
}

/// An operation whose proof is to be verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Case {
    /// A random number of this asking: it names the case, and no verdict of another one has it.
    pub challenge: [u8; 32],
    /// The rollup, by its domain.
    pub rollup: [u8; 32],
    /// What the verifier accepts ([`policy`]).
    pub policy: [u8; 32],
    /// The operation, by the name of its bytes ([`OrderId::of_private`]): public inputs, encrypted notes, proof.
    pub operation: OrderId,
}

/// What two verifiers have in common that give the same verdict: the version of the program, and the presets that it accepts
/// with their options.
/// A worker of another version judges nothing.
#[must_use]
pub fn policy() -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key("winterlane 2026 policy of private proofs");
    hasher.update(env!("CARGO_PKG_VERSION").as_bytes());
    for preset in PRIVATE_PRESETS {
        let (shortest, longest) = preset.log2_lengths();
        let lengths = (shortest..=longest).map(|log2| preset.parameters(1 << log2));
        let options = lengths.collect::<Vec<_>>();
        hasher.update(format!("\n{preset} {options:?}").as_bytes());
    }
    *hasher.finalize().as_bytes()
}

/// Verifies the proof of an operation in the bytes in which it is sent ([`crate::private::encode`]). `None` for bytes that
/// are no operation: a node sends none.
#[must_use]
pub fn judge(operation: &[u8]) -> Option<Verdict> {
    let operation = decode(operation).ok()?;
    // a panic is a refusal, as it is where a node verifies itself: else whoever found such a proof would end every worker
    let verified = calm(|| Verifier.verify(&operation.inputs, &operation.proof));
    Some(match verified {
        Ok(()) => Verdict::Holds,
        Err(error) => Verdict::Refused(shortened(error.to_string())),
    })
}

/// Without what is beyond the longest reason.
fn shortened(mut reason: String) -> String {
    if reason.len() > MAX_REASON {
        let mut end = MAX_REASON;
        while !reason.is_char_boundary(end) {
            end -= 1;
        }
        reason.truncate(end);
    }
    reason
}

/// A verdict, and whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedVerdict {
    /// The case.
    pub challenge: [u8; 32],
    /// Who says so.
    pub key: PublicKey,
    /// What.
    pub verdict: Verdict,
    /// The key's signature over case and verdict.
    pub signature: SignatureBytes,
}

/// What is signed: everything has a fixed length but the reason, which is the rest.
fn message(case: &Case, verdict: &Verdict) -> Vec<u8> {
    let (kind, reason) = match verdict {
        Verdict::Holds => (1, ""),
        Verdict::Refused(reason) => (0, reason.as_str()),
    };
    let Case {
        challenge,
        rollup,
        policy,
        operation,
    } = case;
    let mut message = b"winterlane verdict v1\n".to_vec();
    for part in [challenge, rollup, policy, operation.as_bytes()] {
        message.extend_from_slice(part);
    }
    message.push(kind);
    message.extend_from_slice(reason.as_bytes());
    message
}

impl SignedVerdict {
    /// Signs a verdict on a case.
    #[must_use]
    pub fn new(case: &Case, verdict: Verdict, key: &PrivateKey) -> Self {
        Self {
            challenge: case.challenge,
            key: key.public(),
            signature: key.sign(&message(case, &verdict)),
            verdict,
        }
    }

    /// Whether the key that it names has signed this verdict on this case.
    #[must_use]
    pub fn is_of(&self, case: &Case) -> bool {
        self.challenge == case.challenge
            && verify_signature(&self.key, &message(case, &self.verdict), &self.signature)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(number: u8) -> Case {
        Case {
            challenge: [number; 32],
            rollup: [2; 32],
            policy: policy(),
            operation: OrderId::from_bytes([3; 32]),
        }
    }

    /// Changing anything of case or verdict takes the signature away.
    #[test]
    fn a_verdict_is_bound_to_all_of_its_case() {
        let key = PrivateKey::from_seed(&[7; 32]);
        let asked = case(1);
        for verdict in [Verdict::Holds, Verdict::Refused("no".into())] {
            let signed = SignedVerdict::new(&asked, verdict.clone(), &key);
            assert!(signed.is_of(&asked));
            for other in [
                case(9),
                Case {
                    rollup: [9; 32],
                    ..asked
                },
                Case {
                    policy: [9; 32],
                    ..asked
                },
                Case {
                    operation: OrderId::from_bytes([9; 32]),
                    ..asked
                },
            ] {
                assert!(!signed.is_of(&other), "{other:?}");
                // told of the other case, it is not signed for it
                let moved = SignedVerdict {
                    challenge: other.challenge,
                    ..signed.clone()
                };
                assert!(!moved.is_of(&other), "{other:?}");
            }
            for said in [
                Verdict::Holds,
                Verdict::Refused(String::new()),
                Verdict::Refused("yes".into()),
            ] {
                let changed = SignedVerdict {
                    verdict: said.clone(),
                    ..signed.clone()
                };
                assert_eq!(changed.is_of(&asked), said == verdict);
            }
            let by_another = SignedVerdict {
                key: PrivateKey::from_seed(&[8; 32]).public(),
                ..signed
            };
            assert!(!by_another.is_of(&asked));
        }
    }

    #[test]
    fn bytes_that_are_no_operation_have_no_verdict() {
        assert_eq!(judge(b"nothing"), None);
        let long = shortened("\u{e9}".repeat(MAX_REASON));
        assert!(long.len() <= MAX_REASON && long.chars().all(|letter| letter == '\u{e9}'));
    }
}
