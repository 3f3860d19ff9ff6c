//! The bytes of calls.

use winterlane_ledger::{
    NewKeys, Root, Scope,
    pool::{Payment, PrivateOperation, Shield},
    private::{Nullifier, PrivateInputs},
};

use super::{
    BatchData, BytesError, Call, Claim, DepositTo, MAX_POOL_OPERATIONS, Opening, PoolData, VERSION,
};
use crate::{
    Party,
    bytes::{Reader, put_bytes, put_value},
};

/// The kind of [`Call::Publish`].
const PUBLISH: u8 = 0;

/// Whether bytes of a call are those of a batch that is published.
#[cfg(feature = "store")]
pub(crate) fn is_publish(bytes: &[u8]) -> bool {
    bytes.get(1) == Some(&PUBLISH)
}

impl Call {
    /// The bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = vec![VERSION, self.kind()];
        match self {
            Self::Publish { epoch, batch } => {
                out.extend_from_slice(&epoch.to_le_bytes());
                batch.put(&mut out);
            }
            Self::TakeOver { seen } => out.extend_from_slice(&seen.to_le_bytes()),
            Self::Appoint { operator, seen } => {
                out.extend_from_slice(&operator.0);
                out.extend_from_slice(&seen.to_le_bytes());
            }
            Self::Deposit { asset, amount, to } => {
                out.extend_from_slice(&asset.get().to_le_bytes());
                out.extend_from_slice(&amount.get().to_le_bytes());
                to.put(&mut out);
            }
            Self::Force { order, opening } => {
                put_value(&mut out, order);
                out.push(u8::from(opening.is_some()));
                if let Some(opening) = opening {
                    opening.put(&mut out);
                }
            }
            Self::ForcePrivate(operation) => put_private(&mut out, operation),
            Self::Refute { number, opening } => {
                out.extend_from_slice(&number.to_le_bytes());
                opening.put(&mut out);
            }
            Self::Freeze => {}
            Self::Collect(claim) => claim.put(&mut out),
            Self::ExitAccount { proof, exit } => {
                put_value(&mut out, proof);
                put_value(&mut out, exit);
            }
            Self::ExitNote { inputs, proof } => {
                put_value(&mut out, &PrivateInputs::Withdrawal(*inputs));
                put_bytes(&mut out, proof);
            }
            Self::ReturnDeposit { number } => out.extend_from_slice(&number.to_le_bytes()),
            Self::ReturnShield { payment, shield } | Self::ForceShield { payment, shield } => {
                put_payment(&mut out, payment);
                put_shield(&mut out, shield);
            }
        }
        out
    }

    /// The call with these bytes.
    ///
    /// # Errors
    /// [`BytesError`] for bytes that no call has.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, BytesError> {
        let mut reader = Reader::new(bytes);
        let what = "the version";
        if reader.byte(what)? != VERSION {
            return Err(BytesError::Range { offset: 0, what });
        }
        let kind = reader.byte("the kind of a call")?;
        let call = Self::take(kind, &mut reader)?;
        reader.finish()?;
        Ok(call)
    }

    const fn kind(&self) -> u8 {
        match self {
            Self::Publish { .. } => PUBLISH,
            Self::TakeOver { .. } => 1,
            Self::Appoint { .. } => 2,
            Self::Deposit { .. } => 3,
            Self::Force { .. } => 4,
            Self::ForcePrivate(_) => 5,
            Self::Refute { .. } => 6,
            Self::Freeze => 7,
            Self::Collect(_) => 8,
            Self::ExitAccount { .. } => 9,
            Self::ExitNote { .. } => 10,
            Self::ReturnDeposit { .. } => 11,
            Self::ReturnShield { .. } => 12,
            Self::ForceShield { .. } => 13,
        }
    }

    fn take(kind: u8, reader: &mut Reader<'_>) -> Result<Self, BytesError> {
        Ok(match kind {
            PUBLISH => Self::Publish {
                epoch: reader.u64("an epoch")?,
                batch: BatchData::take(reader)?,
            },
            1 => Self::TakeOver {
                seen: reader.u64("an epoch")?,
            },
            2 => Self::Appoint {
                operator: Party(reader.array("an operator")?),
                seen: reader.u64("an epoch")?,
            },
            3 => Self::Deposit {
                asset: reader.asset("an asset")?,
                amount: reader.amount("an amount")?,
                to: DepositTo::take(reader)?,
            },
            4 => Self::Force {
                order: reader.value("an order")?,
                opening: match reader.flag("whether there is an opening")? {
                    true => Some(Opening::take(reader)?),
                    false => None,
                },
            },
            5 => Self::ForcePrivate(take_private(reader)?),
            6 => Self::Refute {
                number: reader.u64("a number")?,
                opening: Opening::take(reader)?,
            },
            7 => Self::Freeze,
            8 => Self::Collect(Claim::take(reader)?),
            9 => Self::ExitAccount {
                proof: reader.value("a proof of an account")?,
                exit: reader.value("an exit")?,
            },
            10 => {
                let (offset, what) = (reader.offset(), "a private withdrawal");
                let PrivateInputs::Withdrawal(inputs) = reader.value(what)? else {
                    return Err(BytesError::Range { offset, what });
                };
                let proof = reader.bytes("a proof")?.to_vec();
                Self::ExitNote { inputs, proof }
            }
            11 => Self::ReturnDeposit {
                number: reader.u64("a number")?,
            },
            12 => Self::ReturnShield {
                payment: take_payment(reader)?,
                shield: take_shield(reader)?,
            },
            13 => Self::ForceShield {
                payment: take_payment(reader)?,
                shield: take_shield(reader)?,
            },
            _ => {
                let what = "the kind of a call";
                return Err(BytesError::Range { offset: 1, what });
            }
        })
    }
}

impl BatchData {
    /// The bytes, as a call has them.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.put(&mut out);
        out
    }

    /// The batch with these bytes.
    ///
    /// # Errors
    /// [`BytesError`] for bytes that no batch has.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, BytesError> {
        let mut reader = Reader::new(bytes);
        let batch = Self::take(&mut reader)?;
        reader.finish()?;
        Ok(batch)
    }

    fn put(&self, out: &mut Vec<u8>) {
        put_value(out, &self.public);
        put_bytes(out, &self.records);
        put_bytes(out, &self.proof);
        out.extend_from_slice(&(self.pool.len() as u32).to_le_bytes());
        for PoolData { operation, proof } in &self.pool {
            put_bytes(out, operation);
            put_bytes(out, proof);
        }
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, BytesError> {
        let public = reader.value("public inputs")?;
        let records = reader.bytes("records")?.to_vec();
        let proof = reader.bytes("a proof")?.to_vec();
        let (offset, what) = (reader.offset(), "the number of operations of the pool");
        let count = reader.u32(what)? as usize;
        if count > MAX_POOL_OPERATIONS {
            return Err(BytesError::Range { offset, what });
        }
        let mut pool = Vec::new();
        for _ in 0..count {
            pool.push(PoolData {
                operation: reader.bytes("an operation of the pool")?.to_vec(),
                proof: reader.bytes("the proof of an operation")?.to_vec(),
            });
        }
        Ok(Self {
            public,
            records,
            proof,
            pool,
        })
    }
}

impl Opening {
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.version.get().to_le_bytes());
        put_value(out, &self.proof);
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, BytesError> {
        Ok(Self {
            version: reader.batch("a version")?,
            proof: reader.value("a proof of an account")?,
        })
    }
}

impl DepositTo {
    fn put(&self, out: &mut Vec<u8>) {
        match self {
            Self::New(keys) => {
                out.extend_from_slice(&[0, keys.scope_bits()]);
                for root in &keys.roots {
                    out.extend_from_slice(&root.to_bytes());
                }
            }
            Self::Existing(account) => {
                out.push(1);
                out.extend_from_slice(&account.get().to_le_bytes());
            }
        }
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, BytesError> {
        let (offset, what) = (reader.offset(), "where a deposit goes");
        if reader.flag(what)? {
            return Ok(Self::Existing(reader.account("an account")?));
        }
        let bits = reader.byte("scopes")?;
        let scope = |bits| Scope::from_bits(bits).ok_or(BytesError::Range { offset, what });
        Ok(Self::New(NewKeys {
            scopes: [scope(bits & 3)?, scope(bits >> 2)?],
            roots: [take_root(reader)?, take_root(reader)?],
        }))
    }
}

fn take_root(reader: &mut Reader<'_>) -> Result<Root, BytesError> {
    Ok(Root(reader.digest("the root of a key")?))
}

impl Claim {
    fn put(&self, out: &mut Vec<u8>) {
        match self {
            Self::Withdrawal(payment) => {
                out.push(0);
                put_payment(out, payment);
            }
            Self::Payout(nullifier) => {
                out.push(1);
                out.extend_from_slice(&nullifier.0.to_bytes());
            }
            Self::Fees(asset) => {
                out.push(2);
                out.extend_from_slice(&asset.get().to_le_bytes());
            }
        }
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, BytesError> {
        let (offset, what) = (reader.offset(), "the kind of a claim");
        Ok(match reader.byte(what)? {
            0 => Self::Withdrawal(take_payment(reader)?),
            1 => Self::Payout(Nullifier(reader.digest("a nullifier")?)),
            2 => Self::Fees(reader.asset("an asset")?),
            _ => return Err(BytesError::Range { offset, what }),
        })
    }
}

pub(crate) fn put_payment(out: &mut Vec<u8>, payment: &Payment) {
    out.extend_from_slice(&payment.batch.get().to_le_bytes());
    out.extend_from_slice(&payment.record.to_le_bytes());
}

pub(crate) fn take_payment(reader: &mut Reader<'_>) -> Result<Payment, BytesError> {
    Ok(Payment {
        batch: reader.batch("a batch")?,
        record: reader.u32("a record")?,
    })
}

pub(crate) fn put_shield(out: &mut Vec<u8>, shield: &Shield) {
    out.extend_from_slice(&shield.blinded.to_bytes());
    out.extend_from_slice(&shield.asset.get().to_le_bytes());
    out.extend_from_slice(&shield.amount.get().to_le_bytes());
    put_bytes(out, &shield.sealed);
}

pub(crate) fn take_shield(reader: &mut Reader<'_>) -> Result<Shield, BytesError> {
    Ok(Shield {
        blinded: reader.digest("a blinded owner")?,
        asset: reader.asset("an asset")?,
        amount: reader.amount("an amount")?,
        sealed: reader.bytes("an encrypted note")?.to_vec(),
    })
}

pub(crate) fn put_private(out: &mut Vec<u8>, operation: &PrivateOperation) {
    put_value(out, &operation.inputs);
    out.push(u8::try_from(operation.sealed.len()).unwrap_or(u8::MAX));
    for sealed in &operation.sealed {
        put_bytes(out, sealed);
    }
    put_bytes(out, &operation.proof);
}

pub(crate) fn take_private(reader: &mut Reader<'_>) -> Result<PrivateOperation, BytesError> {
    let inputs = reader.value("public inputs")?;
    let (offset, what) = (reader.offset(), "the number of encrypted notes");
    let count = reader.byte(what)?;
    if count > 2 {
        return Err(BytesError::Range { offset, what });
    }
    let mut sealed = Vec::new();
    for _ in 0..count {
        sealed.push(reader.bytes("an encrypted note")?.to_vec());
    }
    let proof = reader.bytes("a proof")?.to_vec();
    Ok(PrivateOperation {
        inputs,
        sealed,
        proof,
    })
}

/// The bytes of one private operation, as a call has them: what the list of obligations shows.
#[must_use]
pub fn private_bytes(operation: &PrivateOperation) -> Vec<u8> {
    let mut out = Vec::new();
    put_private(&mut out, operation);
    out
}

/// The private operation with these bytes ([`private_bytes`]).
///
/// # Errors
/// [`BytesError`] for bytes that none has.
pub fn private_from_bytes(bytes: &[u8]) -> Result<PrivateOperation, BytesError> {
    let mut reader = Reader::new(bytes);
    let operation = take_private(&mut reader)?;
    reader.finish()?;
    Ok(operation)
}
