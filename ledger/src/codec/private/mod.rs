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
        TransferInputs, ValueSet, WithdrawalInputs, inputs::MAX_PRIVATE_PROOF_BYTES,
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
            Test::InSet(ValueSet { root, levels }) => {
                out.push(4);
                put_digest(out, &root);
                out.push(levels);
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
            4 => Test::InSet(ValueSet {
                root: take_digest(reader)?,
                levels: reader.byte()?,
            }),
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
mod tests;
