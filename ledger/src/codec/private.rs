//! The forms of the public inputs of private statements.

use alloc::vec::Vec;

use super::{
    parts::{out_of_range, take_flag},
    sealed::Part,
};
use crate::{
    Digest,
    private::{
        Association, AssociationMode, BalanceInputs, Commitment, CredentialInputs, Fee,
        MAX_PREDICATES, Nullifier, Predicate, PrivateInputs, PrivateProof, Session, Test,
        TransferInputs, WithdrawalInputs, inputs::MAX_PRIVATE_PROOF_BYTES,
    },
    wire::{DecodeError, Reader, put_amount, put_varint, take_digest},
};

fn put_digest(out: &mut Vec<u8>, digest: &Digest) {
    out.extend_from_slice(&digest.to_bytes());
}

fn put_option<T>(out: &mut Vec<u8>, value: Option<&T>, put: impl FnOnce(&mut Vec<u8>, &T)) {
    out.push(u8::from(value.is_some()));
    if let Some(value) = value {
        put(out, value);
    }
}

fn take_option<T>(
    reader: &mut Reader<'_>,
    what: &'static str,
    take: impl FnOnce(&mut Reader<'_>) -> Result<T, DecodeError>,
) -> Result<Option<T>, DecodeError> {
    let is_some = take_flag(reader, what)?;
    is_some.then(|| take(reader)).transpose()
}

fn take_amount(reader: &mut Reader<'_>) -> Result<u128, DecodeError> {
    reader.amount()
}

impl Part for Association {
    fn put(&self, out: &mut Vec<u8>) {
        out.push(match self.mode {
            AssociationMode::Approved => 0,
            AssociationMode::NotRefused => 1,
        });
        put_digest(out, &self.root);
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let mode = if take_flag(reader, "the mode of an association set")? {
            AssociationMode::NotRefused
        } else {
            AssociationMode::Approved
        };
        let root = take_digest(reader)?;
        Ok(Self { mode, root })
    }
}

impl Part for WithdrawalInputs {
    fn put(&self, out: &mut Vec<u8>) {
        for digest in [&self.anchor, &self.nullifier.0, &self.change.0] {
            put_digest(out, digest);
        }
        out.extend_from_slice(&self.recipient);
        put_amount(out, self.amount);
        put_amount(out, self.fee);
        put_varint(out, self.asset.into());
        put_digest(out, &self.domain);
        put_varint(out, self.valid_until);
        out.extend_from_slice(&self.ciphertexts);
        put_option(out, self.association.as_ref(), |out, set| set.put(out));
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            anchor: take_digest(reader)?,
            nullifier: Nullifier(take_digest(reader)?),
            change: Commitment(take_digest(reader)?),
            recipient: *reader.array()?,
            amount: reader.amount()?,
            fee: reader.amount()?,
            asset: reader.id("an asset")?,
            domain: take_digest(reader)?,
            valid_until: reader.varint("a last batch")?,
            ciphertexts: *reader.array()?,
            association: take_option(reader, "whether there is a set", Association::take)?,
        })
    }
}

impl Part for Fee {
    fn put(&self, out: &mut Vec<u8>) {
        put_amount(out, self.amount);
        put_varint(out, self.asset.into());
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            amount: reader.amount()?,
            asset: reader.id("an asset")?,
        })
    }
}

impl Part for TransferInputs {
    fn put(&self, out: &mut Vec<u8>) {
        put_digest(out, &self.anchor);
        for nullifier in &self.nullifiers {
            put_digest(out, &nullifier.0);
        }
        for commitment in &self.commitments {
            put_digest(out, &commitment.0);
        }
        put_option(out, self.fee.as_ref(), |out, fee| fee.put(out));
        put_digest(out, &self.domain);
        put_varint(out, self.valid_until);
        out.extend_from_slice(&self.ciphertexts);
        put_option(out, self.association.as_ref(), |out, set| set.put(out));
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            anchor: take_digest(reader)?,
            nullifiers: [
                Nullifier(take_digest(reader)?),
                Nullifier(take_digest(reader)?),
            ],
            commitments: [
                Commitment(take_digest(reader)?),
                Commitment(take_digest(reader)?),
            ],
            fee: take_option(reader, "whether there is a fee", Fee::take)?,
            domain: take_digest(reader)?,
            valid_until: reader.varint("a last batch")?,
            ciphertexts: *reader.array()?,
            association: take_option(reader, "whether there is a set", Association::take)?,
        })
    }
}

impl Part for Session {
    fn put(&self, out: &mut Vec<u8>) {
        put_digest(out, &self.verifier);
        out.extend_from_slice(&self.challenge);
        put_varint(out, self.expires);
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            verifier: take_digest(reader)?,
            challenge: *reader.array()?,
            expires: reader.varint("a second")?,
        })
    }
}

impl Part for BalanceInputs {
    fn put(&self, out: &mut Vec<u8>) {
        put_digest(out, &self.state_root);
        put_digest(out, &self.domain);
        put_varint(out, self.asset.into());
        put_amount(out, self.at_least);
        put_option(out, self.at_most.as_ref(), |out, most| {
            put_amount(out, *most);
        });
        self.session.put(out);
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            state_root: take_digest(reader)?,
            domain: take_digest(reader)?,
            asset: reader.id("an asset")?,
            at_least: reader.amount()?,
            at_most: take_option(reader, "whether there is a bound", take_amount)?,
            session: Session::take(reader)?,
        })
    }
}

impl Part for Predicate {
    fn put(&self, out: &mut Vec<u8>) {
        out.push(self.place);
        match self.test {
            Test::AtLeast(value) => {
                out.push(0);
                put_amount(out, value);
            }
            Test::AtMost(value) => {
                out.push(1);
                put_amount(out, value);
            }
            Test::Between(least, most) => {
                out.push(2);
                put_amount(out, least);
                put_amount(out, most);
            }
            Test::Equals(value) => {
                out.push(3);
                put_amount(out, value);
            }
            Test::InSet(root) => {
                out.push(4);
                put_digest(out, &root);
            }
        }
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let place = reader.byte()?;
        let offset = reader.offset();
        let test = match reader.byte()? {
            0 => Test::AtLeast(reader.amount()?),
            1 => Test::AtMost(reader.amount()?),
            2 => Test::Between(reader.amount()?, reader.amount()?),
            3 => Test::Equals(reader.amount()?),
            4 => Test::InSet(take_digest(reader)?),
            _ => {
                let what = "the form of a predicate";
                return Err(DecodeError::OutOfRange { offset, what });
            }
        };
        Ok(Self { place, test })
    }
}

impl Part for CredentialInputs {
    fn put(&self, out: &mut Vec<u8>) {
        put_digest(out, &self.issuer);
        put_digest(out, &self.schema);
        put_varint(out, self.predicates.len() as u64);
        for predicate in &self.predicates {
            predicate.put(out);
        }
        put_varint(out, self.today.into());
        put_digest(out, &self.revocation);
        put_option(out, self.pseudonym.as_ref(), put_digest);
        self.session.put(out);
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let issuer = take_digest(reader)?;
        let schema = take_digest(reader)?;
        let offset = reader.offset();
        let count = reader.varint("a number of predicates")?;
        let count = usize::try_from(count).ok();
        let count = count.filter(|&count| count <= MAX_PREDICATES);
        let count = out_of_range(count, offset, "a number of predicates")?;
        let mut predicates = Vec::with_capacity(count);
        for _ in 0..count {
            predicates.push(Predicate::take(reader)?);
        }
        Ok(Self {
            issuer,
            schema,
            predicates,
            today: reader.id("a day")?,
            revocation: take_digest(reader)?,
            pseudonym: take_option(reader, "whether there is a pseudonym", take_digest)?,
            session: Session::take(reader)?,
        })
    }
}

impl Part for PrivateInputs {
    fn put(&self, out: &mut Vec<u8>) {
        match self {
            Self::Withdrawal(inputs) => {
                out.push(1);
                inputs.put(out);
            }
            Self::Transfer(inputs) => {
                out.push(2);
                inputs.put(out);
            }
            Self::Balance(inputs) => {
                out.push(3);
                inputs.put(out);
            }
            Self::Credential(inputs) => {
                out.push(4);
                inputs.put(out);
            }
        }
    }

    /// The bytes of inputs that no statement has ([`PrivateInputs::check`]) are refused.
    fn take(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let offset = reader.offset();
        let kind = match reader.byte()? {
            1 => Some(Self::Withdrawal(WithdrawalInputs::take(reader)?)),
            2 => Some(Self::Transfer(TransferInputs::take(reader)?)),
            3 => Some(Self::Balance(BalanceInputs::take(reader)?)),
            4 => Some(Self::Credential(CredentialInputs::take(reader)?)),
            _ => None,
        };
        let inputs = out_of_range(kind, offset, "the kind of a private statement")?;
        let checked = inputs.check().ok().map(|()| inputs);
        out_of_range(checked, offset, "the public inputs of a private statement")
    }
}

impl Part for PrivateProof {
    fn put(&self, out: &mut Vec<u8>) {
        self.inputs.put(out);
        put_varint(out, self.proof.len() as u64);
        out.extend_from_slice(&self.proof);
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let inputs = PrivateInputs::take(reader)?;
        let offset = reader.offset();
        let len = reader.varint("the length of a proof")?;
        let len = usize::try_from(len).ok();
        let len = len.filter(|&len| len <= MAX_PRIVATE_PROOF_BYTES);
        let len = out_of_range(len, offset, "the length of a proof")?;
        let proof = reader.take(len)?.to_vec();
        Ok(Self { inputs, proof })
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use winter_math::{FieldElement, ToElements, fields::f64::BaseElement};

    use super::*;
    use crate::codec::CanonicalBytes;

    fn digest(n: u32) -> Digest {
        Digest([n, n + 1, n + 2, n + 3].map(BaseElement::from))
    }

    fn session() -> Session {
        Session {
            verifier: digest(1),
            challenge: [7; 32],
            expires: 1 << 40,
        }
    }

    fn association() -> Association {
        Association {
            mode: AssociationMode::Approved,
            root: digest(5),
        }
    }

    /// One of each kind, with and without what is optional.
    fn samples() -> Vec<PrivateInputs> {
        let withdrawal = WithdrawalInputs {
            anchor: digest(10),
            nullifier: Nullifier(digest(20)),
            change: Commitment(digest(30)),
            recipient: core::array::from_fn(|i| i as u8),
            amount: 1 << 100,
            fee: 3,
            asset: 4,
            domain: digest(40),
            valid_until: 1 << 50,
            ciphertexts: [9; 32],
            association: Some(association()),
        };
        let transfer = TransferInputs {
            anchor: digest(10),
            nullifiers: [20, 25].map(digest).map(Nullifier),
            commitments: [30, 35].map(digest).map(Commitment),
            fee: Some(Fee {
                amount: 3,
                asset: 4,
            }),
            domain: digest(40),
            valid_until: 1 << 50,
            ciphertexts: [9; 32],
            association: Some(association()),
        };
        let balance = BalanceInputs {
            state_root: digest(10),
            domain: digest(40),
            asset: 4,
            at_least: 1 << 100,
            at_most: Some(1 << 101),
            session: session(),
        };
        let tests = [
            Test::AtLeast(1 << 70),
            Test::AtMost(1 << 71),
            Test::Between(5, 1 << 72),
            Test::InSet(digest(50)),
        ];
        let predicate = |(place, test): (usize, &Test)| Predicate {
            place: place as u8,
            test: *test,
        };
        let credential = CredentialInputs {
            issuer: digest(10),
            schema: digest(20),
            predicates: tests.iter().enumerate().map(predicate).collect(),
            today: 20_000,
            revocation: digest(30),
            pseudonym: Some(digest(40)),
            session: session(),
        };
        let mut equals = credential.clone();
        equals.predicates = vec![Predicate {
            place: 15,
            test: Test::Equals(8),
        }];
        equals.pseudonym = None;
        vec![
            PrivateInputs::Withdrawal(withdrawal),
            PrivateInputs::Withdrawal(WithdrawalInputs {
                association: None,
                ..withdrawal
            }),
            PrivateInputs::Transfer(transfer),
            PrivateInputs::Transfer(TransferInputs {
                fee: None,
                association: None,
                ..transfer
            }),
            PrivateInputs::Balance(balance),
            PrivateInputs::Balance(BalanceInputs {
                at_most: None,
                ..balance
            }),
            PrivateInputs::Credential(credential),
            PrivateInputs::Credential(equals),
        ]
    }

    #[test]
    fn bytes_round_trip_and_no_prefix_is_read() {
        for inputs in samples() {
            assert_eq!(inputs.check(), Ok(()));
            let bytes = inputs.to_bytes();
            assert_eq!(PrivateInputs::from_bytes(&bytes), Ok(inputs));
            for end in 0..bytes.len() {
                assert!(PrivateInputs::from_bytes(&bytes[..end]).is_err());
            }
            let mut longer = bytes.clone();
            longer.push(0);
            assert!(PrivateInputs::from_bytes(&longer).is_err());
        }
    }

    #[test]
    fn a_proof_is_read_with_its_inputs_and_is_bounded() {
        for inputs in samples() {
            let proof = vec![3; 300];
            let sent = PrivateProof { inputs, proof };
            let bytes = sent.to_bytes();
            assert_eq!(PrivateProof::from_bytes(&bytes), Ok(sent.clone()));
            for end in 0..bytes.len() {
                assert!(PrivateProof::from_bytes(&bytes[..end]).is_err());
            }
            let longer = [&bytes[..], &[0]].concat();
            assert!(PrivateProof::from_bytes(&longer).is_err());
            // refused by the length that is announced, whether the bytes are there or not
            let long = |len: usize| PrivateProof {
                proof: vec![0; len],
                ..sent.clone()
            };
            let most = long(MAX_PRIVATE_PROOF_BYTES).to_bytes();
            assert!(PrivateProof::from_bytes(&most).is_ok());
            let more = long(MAX_PRIVATE_PROOF_BYTES + 1).to_bytes();
            let error = PrivateProof::from_bytes(&more);
            assert!(
                matches!(error, Err(DecodeError::OutOfRange { .. })),
                "{error:?}"
            );
        }
    }

    /// Every change of the bytes that is read as other inputs gives other elements, and is written as those
    /// bytes again.
    #[test]
    fn every_byte_reaches_the_elements() {
        for inputs in samples() {
            let (bytes, elements) = (inputs.to_bytes(), inputs.to_elements());
            for at in 0..bytes.len() {
                for flip in [1, 2, 0x80] {
                    let mut changed = bytes.clone();
                    changed[at] ^= flip;
                    if let Ok(other) = PrivateInputs::from_bytes(&changed) {
                        assert_ne!(other, inputs);
                        assert_ne!(other.to_elements(), elements);
                        assert_eq!(other.to_bytes(), changed);
                    }
                }
            }
        }
    }

    #[test]
    fn what_no_statement_says_is_refused() {
        use crate::private::PrivateInputsError as E;
        let mut refused = Vec::new();
        for inputs in samples() {
            match inputs {
                PrivateInputs::Withdrawal(mut inputs) => {
                    inputs.fee = u128::MAX;
                    refused.push((PrivateInputs::Withdrawal(inputs), E::TooMuch));
                }
                PrivateInputs::Transfer(inputs) => {
                    let fee = Some(Fee {
                        amount: 0,
                        asset: 0,
                    });
                    let other = TransferInputs { fee, ..inputs };
                    refused.push((PrivateInputs::Transfer(other), E::ZeroFee));
                    let nullifiers = [inputs.nullifiers[1]; 2];
                    let other = TransferInputs {
                        nullifiers,
                        ..inputs
                    };
                    refused.push((PrivateInputs::Transfer(other), E::SameNullifier));
                }
                PrivateInputs::Balance(mut inputs) => {
                    inputs.at_most = Some(inputs.at_least - 1);
                    refused.push((PrivateInputs::Balance(inputs), E::EmptyRange));
                }
                PrivateInputs::Credential(inputs) => {
                    let mut other = inputs.clone();
                    other.predicates[0].place = 16;
                    refused.push((PrivateInputs::Credential(other), E::NoSuchAttribute(16)));
                    let mut other = inputs.clone();
                    other.predicates[0].test = Test::Between(2, 1);
                    refused.push((PrivateInputs::Credential(other), E::EmptyRange));
                    let mut other = inputs;
                    other.predicates.resize(5, other.predicates[0]);
                    refused.push((PrivateInputs::Credential(other), E::TooManyPredicates(5)));
                }
            }
        }
        for (inputs, error) in refused {
            assert_eq!(inputs.check(), Err(error));
            assert!(PrivateInputs::from_bytes(&inputs.to_bytes()).is_err());
        }
        assert_ne!(digest(1), digest(2));
        assert_ne!(BaseElement::ONE, BaseElement::ZERO);
    }
}
