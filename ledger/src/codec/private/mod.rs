//! The forms of the public inputs of private statements.

use alloc::vec::Vec;

use super::{
    parts::{out_of_range, put_option, take_flag, take_length, take_option},
    sealed::Part,
};
use crate::{
    Amount, Anchor, AssetId, BatchNumber, Domain, Root,
    private::{
        Association, AssociationMode, BalanceInputs, Commitment, CredentialInputs, Fee,
        MAX_PREDICATES, Nullifier, Predicate, PrivateInputs, PrivateProof, Session, Test,
        TransferInputs, ValueSet, WithdrawalInputs, inputs::MAX_PRIVATE_PROOF_BYTES,
    },
    wire::{DecodeError, Reader, put_amount, put_digest, put_varint, take_digest},
};

fn take_amount(reader: &mut Reader<'_>) -> Result<Amount, DecodeError> {
    reader.amount()
}

impl Part for Association {
    fn put(&self, out: &mut Vec<u8>) {
        out.push(match self.mode {
            AssociationMode::Approved => 0,
            AssociationMode::NotRefused => 1,
        });
        put_digest(out, &self.root.0);
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let mode = if take_flag(reader, "the mode of an association set")? {
            AssociationMode::NotRefused
        } else {
            AssociationMode::Approved
        };
        let root = Root(take_digest(reader)?);
        Ok(Self { mode, root })
    }
}

/// What withdrawals and transfers end with: domain, last batch, hash of the ciphertexts, association set.
type Terms = (Domain, u64, [u8; 32], Option<Association>);

fn put_terms(out: &mut Vec<u8>, (domain, valid_until, ciphertexts, association): &Terms) {
    put_digest(out, &domain.0);
    put_varint(out, *valid_until);
    out.extend_from_slice(ciphertexts);
    put_option(out, association.as_ref(), |out, set| set.put(out));
}

fn take_terms(reader: &mut Reader<'_>) -> Result<Terms, DecodeError> {
    Ok((
        Domain(take_digest(reader)?),
        reader.varint("a last batch")?,
        *reader.array()?,
        take_option(reader, "whether there is a set", Association::take)?,
    ))
}

impl Part for Nullifier {
    fn put(&self, out: &mut Vec<u8>) {
        put_digest(out, &self.0);
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self(take_digest(reader)?))
    }
}

impl Part for Commitment {
    fn put(&self, out: &mut Vec<u8>) {
        put_digest(out, &self.0);
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self(take_digest(reader)?))
    }
}

impl Part for WithdrawalInputs {
    fn put(&self, out: &mut Vec<u8>) {
        put_digest(out, &self.anchor.0);
        self.nullifier.put(out);
        self.change.put(out);
        out.extend_from_slice(&self.recipient);
        put_amount(out, self.amount);
        put_amount(out, self.fee);
        put_varint(out, self.asset.get().into());
        put_terms(
            out,
            &(
                self.domain,
                self.valid_until.get(),
                self.ciphertexts,
                self.association,
            ),
        );
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (anchor, nullifier) = (Anchor(take_digest(reader)?), Nullifier::take(reader)?);
        let (change, recipient) = (Commitment::take(reader)?, *reader.array()?);
        let (amount, fee) = (reader.amount()?, reader.amount()?);
        let asset = reader.id("an asset")?;
        let (domain, valid_until, ciphertexts, association) = take_terms(reader)?;
        Ok(Self {
            anchor,
            nullifier,
            change,
            recipient,
            amount,
            fee,
            asset: AssetId::new(asset),
            domain,
            valid_until: BatchNumber::new(valid_until),
            ciphertexts,
            association,
        })
    }
}

impl Part for Fee {
    fn put(&self, out: &mut Vec<u8>) {
        put_amount(out, self.amount);
        put_varint(out, self.asset.get().into());
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            amount: reader.amount()?,
            asset: AssetId::new(reader.id("an asset")?),
        })
    }
}

impl Part for TransferInputs {
    fn put(&self, out: &mut Vec<u8>) {
        put_digest(out, &self.anchor.0);
        for nullifier in &self.nullifiers {
            nullifier.put(out);
        }
        for commitment in &self.commitments {
            commitment.put(out);
        }
        put_option(out, self.fee.as_ref(), |out, fee| fee.put(out));
        put_terms(
            out,
            &(
                self.domain,
                self.valid_until.get(),
                self.ciphertexts,
                self.association,
            ),
        );
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let anchor = Anchor(take_digest(reader)?);
        let nullifiers = [Nullifier::take(reader)?, Nullifier::take(reader)?];
        let commitments = [Commitment::take(reader)?, Commitment::take(reader)?];
        let fee = take_option(reader, "whether there is a fee", Fee::take)?;
        let (domain, valid_until, ciphertexts, association) = take_terms(reader)?;
        Ok(Self {
            anchor,
            nullifiers,
            commitments,
            fee,
            domain,
            valid_until: BatchNumber::new(valid_until),
            ciphertexts,
            association,
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
        put_digest(out, &self.state_root.0);
        put_digest(out, &self.domain.0);
        put_varint(out, self.asset.get().into());
        put_amount(out, self.at_least);
        put_option(out, self.at_most.as_ref(), |out, most| {
            put_amount(out, *most);
        });
        self.session.put(out);
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            state_root: Root(take_digest(reader)?),
            domain: Domain(take_digest(reader)?),
            asset: AssetId::new(reader.id("an asset")?),
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
                put_amount(out, Amount::new(value));
            }
            Test::AtMost(value) => {
                out.push(1);
                put_amount(out, Amount::new(value));
            }
            Test::Between(least, most) => {
                out.push(2);
                put_amount(out, Amount::new(least));
                put_amount(out, Amount::new(most));
            }
            Test::Equals(value) => {
                out.push(3);
                put_amount(out, Amount::new(value));
            }
            Test::InSet(ValueSet { root, levels }) => {
                out.push(4);
                put_digest(out, &root.0);
                out.push(levels);
            }
        }
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let place = reader.byte()?;
        let offset = reader.offset();
        let test = match reader.byte()? {
            0 => Test::AtLeast(reader.amount()?.get()),
            1 => Test::AtMost(reader.amount()?.get()),
            2 => Test::Between(reader.amount()?.get(), reader.amount()?.get()),
            3 => Test::Equals(reader.amount()?.get()),
            4 => Test::InSet(ValueSet {
                root: Root(take_digest(reader)?),
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
        put_digest(out, &self.issuer.0);
        put_digest(out, &self.schema);
        put_varint(out, self.predicates.len() as u64);
        for predicate in &self.predicates {
            predicate.put(out);
        }
        put_varint(out, self.today.into());
        put_digest(out, &self.revocation.0);
        put_option(out, self.pseudonym.as_ref(), put_digest);
        self.session.put(out);
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let issuer = Root(take_digest(reader)?);
        let schema = take_digest(reader)?;
        let count = take_length(reader, "a number of predicates", MAX_PREDICATES)?;
        let predicates = (0..count).map(|_| Predicate::take(reader));
        let predicates = predicates.collect::<Result<_, _>>()?;
        Ok(Self {
            issuer,
            schema,
            predicates,
            today: reader.id("a day")?,
            revocation: Root(take_digest(reader)?),
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
        let len = take_length(reader, "the length of a proof", MAX_PRIVATE_PROOF_BYTES)?;
        let proof = reader.take(len)?.to_vec();
        Ok(Self { inputs, proof })
    }
}

#[cfg(test)]
mod tests;
