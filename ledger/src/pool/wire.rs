//! The published bytes of one operation of the pool: compact, and one form only.
//!
//! | part | bytes |
//! |---|---|
//! | kind | 1: 0 shield, 1 withdrawal, 2 transfer, 3 transfer with a fee; 4 more with approved notes, 8 more with refused ones |
//! | shield | blinded owner (32); asset (varint); amount; its encrypted note; batch and record of the payment (varints) |
//! | withdrawal | nullifier, change (32 each); recipient (20); asset (varint); amount, fee |
//! | transfer | two nullifiers, two commitments (32 each); the fee: amount, asset (varint) |
//! | of a private operation | number of the anchor (varint); lifetime (varint); association root (32) |
//! | | the number of encrypted notes (1), and each; digest of the proof (32) |
//! | encrypted note | length (varint), bytes |
//!
//! What the reader knows is left out: the domain is the pool's, the anchor one of its last roots and named by
//! its number, the hash of the encrypted notes follows from them. The proof is not among these bytes. Whoever
//! wants to check the operation fetches it by its digest.

use alloc::vec::Vec;

use winter_crypto::{Digest as _, Hasher, hashers::Blake3_256};
use winter_math::fields::f64::BaseElement;

use super::{Payment, Pool, PoolOperation, PrivateOperation, Shield, ciphertexts_digest};
use crate::{
    Anchor, AssetId, BatchNumber, Domain, Root,
    private::{
        Association, AssociationMode, Commitment, Fee, Nullifier, PrivateInputs, TransferInputs,
        WithdrawalInputs,
    },
    wire::{DecodeError, Reader, put_amount, put_digest, put_varint, take_digest},
};

/// Bytes of an encrypted note, at most.
pub const MAX_SEALED_BYTES: usize = 4096;

const SHIELD: u8 = 0;
const WITHDRAWAL: u8 = 1;
const TRANSFER: u8 = 2;
const TRANSFER_WITH_FEE: u8 = 3;
const APPROVED: u8 = 4;
const NOT_REFUSED: u8 = 8;

/// The digest by which a proof is fetched: BLAKE3 of its bytes.
#[must_use]
pub fn proof_digest(proof: &[u8]) -> [u8; 32] {
    Blake3_256::<BaseElement>::hash(proof).as_bytes()
}

/// The published bytes of an operation that goes into the next batch of `pool`; `None` for one that the pool
/// refuses anyway: of another domain or statement, of an anchor that is not there, expired, or with encrypted
/// notes that do not belong to it.
#[must_use]
pub fn encode_operation(pool: &Pool, operation: &PoolOperation) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let operation = match operation {
        PoolOperation::Shield(shield, payment) => {
            out.push(SHIELD);
            put_digest(&mut out, &shield.blinded);
            put_varint(&mut out, u64::from(shield.asset.get()));
            put_amount(&mut out, shield.amount);
            put_sealed(&mut out, &shield.sealed);
            put_varint(&mut out, payment.batch.get());
            put_varint(&mut out, u64::from(payment.record));
            return Some(out);
        }
        PoolOperation::Private(operation) => operation,
    };
    let view = operation.view().ok()?;
    if view.domain != pool.domain() || *view.ciphertexts != ciphertexts_digest(&operation.sealed) {
        return None;
    }
    let association = match &operation.inputs {
        PrivateInputs::Withdrawal(inputs) => {
            out.push(WITHDRAWAL);
            put_digest(&mut out, &inputs.nullifier.0);
            put_digest(&mut out, &inputs.change.0);
            out.extend_from_slice(&inputs.recipient);
            put_varint(&mut out, u64::from(inputs.asset.get()));
            put_amount(&mut out, inputs.amount);
            put_amount(&mut out, inputs.fee);
            inputs.association
        }
        PrivateInputs::Transfer(inputs) => {
            out.push(inputs.fee.map_or(TRANSFER, |_| TRANSFER_WITH_FEE));
            for nullifier in &inputs.nullifiers {
                put_digest(&mut out, &nullifier.0);
            }
            for commitment in &inputs.commitments {
                put_digest(&mut out, &commitment.0);
            }
            if let Some(fee) = inputs.fee {
                put_amount(&mut out, fee.amount);
                put_varint(&mut out, u64::from(fee.asset.get()));
            }
            inputs.association
        }
        _ => return None,
    };
    put_varint(&mut out, pool.anchor_number(view.anchor)?);
    put_varint(&mut out, view.valid_until.since(pool.batch_number())?);
    if let Some(association) = association {
        out[0] |= match association.mode {
            AssociationMode::Approved => APPROVED,
            AssociationMode::NotRefused => NOT_REFUSED,
        };
        put_digest(&mut out, &association.root.0);
    }
    out.push(u8::try_from(operation.sealed.len()).ok()?);
    for sealed in &operation.sealed {
        put_sealed(&mut out, sealed);
    }
    out.extend_from_slice(&proof_digest(&operation.proof));
    Some(out)
}

/// Reads what [`encode_operation`] wrote, for the same state of the pool. `proof` gives the proof with a
/// digest, or nothing when it is not to be had; its digest is checked.
///
/// # Errors
/// [`DecodeError`] for bytes that are no operation of this pool, or a proof that is not there.
pub fn decode_operation(
    pool: &Pool,
    bytes: &[u8],
    proof: &mut dyn FnMut(&[u8; 32]) -> Option<Vec<u8>>,
) -> Result<PoolOperation, DecodeError> {
    let mut reader = Reader::new(bytes);
    let kind = reader.byte()?;
    if kind == SHIELD {
        let blinded = take_digest(&mut reader)?;
        let asset = reader.id("an asset")?;
        let amount = reader.amount()?;
        let sealed = take_sealed(&mut reader)?;
        let payment = Payment {
            batch: BatchNumber::new(reader.varint("a batch")?),
            record: reader.id("a record")?,
        };
        finish(&reader)?;
        let shield = Shield {
            blinded,
            asset: AssetId::new(asset),
            amount,
            sealed,
        };
        return Ok(PoolOperation::Shield(shield, payment));
    }
    let mode = match kind & !3 {
        0 => None,
        APPROVED => Some(AssociationMode::Approved),
        NOT_REFUSED => Some(AssociationMode::NotRefused),
        _ => return Err(out_of_range(0, "the kind of an operation")),
    };
    let mut inputs = take_inputs(&mut reader, kind & 3, *pool.domain())?;
    let offset = reader.offset();
    let anchor = pool.anchor_of(reader.varint("the number of an anchor")?);
    let anchor = anchor.ok_or(out_of_range(offset, "the number of an anchor"))?;
    let offset = reader.offset();
    let lifetime = reader.varint("a lifetime")?;
    let valid_until = pool.batch_number().checked_add(lifetime);
    let valid_until = valid_until.ok_or(out_of_range(offset, "a lifetime"))?;
    let association = match mode {
        None => None,
        Some(mode) => Some(Association {
            mode,
            root: Root(take_digest(&mut reader)?),
        }),
    };
    let offset = reader.offset();
    let count = reader.byte()?;
    if count > 2 {
        return Err(out_of_range(offset, "the number of encrypted notes"));
    }
    let sealed = (0..count).map(|_| take_sealed(&mut reader));
    let sealed = sealed.collect::<Result<Vec<_>, _>>()?;
    let offset = reader.offset();
    let digest = reader.array::<32>()?;
    finish(&reader)?;
    let proof = proof(digest).filter(|proof| proof_digest(proof) == *digest);
    let proof = proof.ok_or(out_of_range(offset, "the digest of a proof that is there"))?;
    let ciphertexts = ciphertexts_digest(&sealed);
    match &mut inputs {
        PrivateInputs::Withdrawal(inputs) => {
            *inputs = WithdrawalInputs {
                anchor,
                valid_until,
                ciphertexts,
                association,
                ..*inputs
            };
        }
        PrivateInputs::Transfer(inputs) => {
            *inputs = TransferInputs {
                anchor,
                valid_until,
                ciphertexts,
                association,
                ..*inputs
            };
        }
        _ => {}
    }
    Ok(PoolOperation::Private(PrivateOperation {
        inputs,
        sealed,
        proof,
    }))
}

/// What only a withdrawal or a transfer has; the rest is filled in by the caller.
fn take_inputs(
    reader: &mut Reader<'_>,
    kind: u8,
    domain: Domain,
) -> Result<PrivateInputs, DecodeError> {
    let (anchor, valid_until) = (Anchor::ZERO, 0);
    let (ciphertexts, association) = ([0; 32], None);
    Ok(match kind {
        WITHDRAWAL => PrivateInputs::Withdrawal(WithdrawalInputs {
            nullifier: Nullifier(take_digest(reader)?),
            change: Commitment(take_digest(reader)?),
            recipient: *reader.array()?,
            asset: AssetId::new(reader.id("an asset")?),
            amount: reader.amount()?,
            fee: reader.amount()?,
            anchor,
            domain,
            valid_until: BatchNumber::new(valid_until),
            ciphertexts,
            association,
        }),
        TRANSFER | TRANSFER_WITH_FEE => {
            let nullifiers = [
                Nullifier(take_digest(reader)?),
                Nullifier(take_digest(reader)?),
            ];
            let commitments = [
                Commitment(take_digest(reader)?),
                Commitment(take_digest(reader)?),
            ];
            let fee = match kind {
                TRANSFER => None,
                _ => Some(Fee {
                    amount: reader.amount()?,
                    asset: AssetId::new(reader.id("an asset")?),
                }),
            };
            PrivateInputs::Transfer(TransferInputs {
                nullifiers,
                commitments,
                fee,
                anchor,
                domain,
                valid_until: BatchNumber::new(valid_until),
                ciphertexts,
                association,
            })
        }
        _ => return Err(out_of_range(0, "the kind of an operation")),
    })
}

fn put_sealed(out: &mut Vec<u8>, sealed: &[u8]) {
    put_varint(out, sealed.len() as u64);
    out.extend_from_slice(sealed);
}

fn take_sealed(reader: &mut Reader<'_>) -> Result<Vec<u8>, DecodeError> {
    let what = "the length of an encrypted note";
    let offset = reader.offset();
    let length = usize::try_from(reader.varint(what)?).ok();
    let length = length.filter(|length| *length <= MAX_SEALED_BYTES);
    let length = length.ok_or(out_of_range(offset, what))?;
    Ok(reader.take(length)?.to_vec())
}

const fn out_of_range(offset: usize, what: &'static str) -> DecodeError {
    DecodeError::OutOfRange { offset, what }
}

fn finish(reader: &Reader<'_>) -> Result<(), DecodeError> {
    match reader.left() {
        0 => Ok(()),
        left => Err(DecodeError::Trailing { left }),
    }
}
