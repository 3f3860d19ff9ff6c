//! Everything that settlement can be asked to do, and the bytes of that.
//!
//! The bytes of a call begin with [`VERSION`] and the number of its kind. They are what travels over HTTP, what the
//! log of settlement has, and what a transaction's data would be.

use winterlane_ledger::{
    AccountProof, Digest, NewKeys, PublicInputs, Scope, SignedOrder,
    exit::SignedExit,
    pool::{Payment, PrivateOperation, Shield},
    private::{Nullifier, PrivateInputs, WithdrawalInputs},
};

pub use crate::bytes::BytesError;
use crate::{
    Party,
    bytes::{Reader, put_bytes, put_value},
};

/// The first byte of every call.
pub const VERSION: u8 = 1;

/// Operations of the shielded pool in one batch, at most.
pub const MAX_POOL_OPERATIONS: usize = 8192;

/// What is published of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchData {
    /// What its proof says.
    pub public: PublicInputs,
    /// Its records ([`winterlane_ledger::wire`]).
    pub records: Vec<u8>,
    /// Its proof.
    pub proof: Vec<u8>,
    /// The operations of the shielded pool that go with it, in order.
    pub pool: Vec<PoolData>,
}

/// What is published of an operation of the shielded pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolData {
    /// The operation ([`winterlane_ledger::pool::encode_operation`]).
    pub operation: Vec<u8>,
    /// Its proof; empty for one that has none.
    pub proof: Vec<u8>,
}

/// What a leaf of the account tree holds, at the root that settlement has before a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opening {
    /// The number of that batch.
    pub version: u64,
    /// The account, or nothing, and the path to that root.
    pub proof: AccountProof,
}

/// Where a deposit goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DepositTo {
    /// To a new account with these keys. Settlement allots its id.
    New(NewKeys),
    /// To an account that there is, or that a deposit before this one makes.
    Existing(u32),
}

/// Something that is owed to whoever it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Claim {
    /// A withdrawal of the rollup, by its record's place.
    Withdrawal(Payment),
    /// What left the shielded pool, by the nullifier that names it.
    Payout(Nullifier),
    /// Fees of the shielded pool, of this asset: the operator's.
    Fees(u32),
}

/// A call.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Call {
    /// A batch becomes final. By the operator.
    Publish {
        /// The operator's epoch.
        epoch: u64,
        /// The batch.
        batch: BatchData,
    },
    /// A new epoch of the same operator: whoever publishes by the one before is refused from now on. By the operator.
    TakeOver {
        /// The epoch that the caller knows of.
        seen: u64,
    },
    /// Another operator, and a new epoch. By the governor.
    Appoint {
        /// Who publishes from now on.
        operator: Party,
        /// The epoch that the caller knows of.
        seen: u64,
    },
    /// Money comes in. The caller has paid it, and gets it back if no batch takes it.
    Deposit {
        /// Of which asset.
        asset: u32,
        /// How much.
        amount: u128,
        /// Where to.
        to: DepositTo,
    },
    /// The operator must take this order.
    Force {
        /// The order, as it would be sent to a node.
        order: SignedOrder,
        /// The signer's account at a root of settlement's, at which the order may run. Without it the operator may
        /// answer that it may not.
        opening: Option<Opening>,
    },
    /// The operator must take this transfer or withdrawal of the shielded pool.
    ForcePrivate(PrivateOperation),
    /// The operator must put this note into the shielded pool, which a withdrawal has paid for.
    ForceShield {
        /// The withdrawal.
        payment: Payment,
        /// The note.
        shield: Shield,
    },
    /// A forced order without opening could not have run.
    Refute {
        /// The order's number.
        number: u64,
        /// The signer's account at a root since it was posted.
        opening: Opening,
    },
    /// The operator has not done its duty in time: the rollup ends here.
    Freeze,
    /// Pays what is owed to the caller.
    Collect(Claim),
    /// An account leaves a frozen rollup.
    ExitAccount {
        /// The account at the frozen root.
        proof: AccountProof,
        /// Who is paid, and the account's signature.
        exit: SignedExit,
    },
    /// A note leaves a frozen rollup: a private withdrawal in the exit domain, against the frozen anchor.
    ExitNote {
        /// What is proven.
        inputs: WithdrawalInputs,
        /// The proof.
        proof: Vec<u8>,
    },
    /// A deposit that no batch took returns to who made it.
    ReturnDeposit {
        /// Its number.
        number: u64,
    },
    /// A withdrawal that was to pay for a note, which no batch made and none can make any more, returns to its account.
    ReturnShield {
        /// The withdrawal.
        payment: Payment,
        /// The note.
        shield: Shield,
    },
}

impl Call {
    /// What it is, in a word: for messages and metrics.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Publish { .. } => "publish",
            Self::TakeOver { .. } => "take_over",
            Self::Appoint { .. } => "appoint",
            Self::Deposit { .. } => "deposit",
            Self::Force { .. } => "force",
            Self::ForcePrivate(_) => "force_private",
            Self::ForceShield { .. } => "force_shield",
            Self::Refute { .. } => "refute",
            Self::Freeze => "freeze",
            Self::Collect(_) => "collect",
            Self::ExitAccount { .. } => "exit_account",
            Self::ExitNote { .. } => "exit_note",
            Self::ReturnDeposit { .. } => "return_deposit",
            Self::ReturnShield { .. } => "return_shield",
        }
    }

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
                out.extend_from_slice(&asset.to_le_bytes());
                out.extend_from_slice(&amount.to_le_bytes());
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
            Self::Publish { .. } => 0,
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
            0 => Self::Publish {
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
                asset: reader.u32("an asset")?,
                amount: reader.u128("an amount")?,
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
        out.extend_from_slice(&self.version.to_le_bytes());
        put_value(out, &self.proof);
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, BytesError> {
        Ok(Self {
            version: reader.u64("a version")?,
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
                out.extend_from_slice(&account.to_le_bytes());
            }
        }
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, BytesError> {
        let (offset, what) = (reader.offset(), "where a deposit goes");
        if reader.flag(what)? {
            return Ok(Self::Existing(reader.u32("an account")?));
        }
        let bits = reader.byte("scopes")?;
        let scope = |bits| Scope::from_bits(bits).ok_or(BytesError::Range { offset, what });
        Ok(Self::New(NewKeys {
            scopes: [scope(bits & 3)?, scope(bits >> 2)?],
            roots: [take_root(reader)?, take_root(reader)?],
        }))
    }
}

fn take_root(reader: &mut Reader<'_>) -> Result<Digest, BytesError> {
    reader.digest("the root of a key")
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
                out.extend_from_slice(&asset.to_le_bytes());
            }
        }
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, BytesError> {
        let (offset, what) = (reader.offset(), "the kind of a claim");
        Ok(match reader.byte(what)? {
            0 => Self::Withdrawal(take_payment(reader)?),
            1 => Self::Payout(Nullifier(reader.digest("a nullifier")?)),
            2 => Self::Fees(reader.u32("an asset")?),
            _ => return Err(BytesError::Range { offset, what }),
        })
    }
}

fn put_payment(out: &mut Vec<u8>, payment: &Payment) {
    out.extend_from_slice(&payment.batch.to_le_bytes());
    out.extend_from_slice(&payment.record.to_le_bytes());
}

fn take_payment(reader: &mut Reader<'_>) -> Result<Payment, BytesError> {
    Ok(Payment {
        batch: reader.u64("a batch")?,
        record: reader.u32("a record")?,
    })
}

fn put_shield(out: &mut Vec<u8>, shield: &Shield) {
    out.extend_from_slice(&shield.blinded.to_bytes());
    out.extend_from_slice(&shield.asset.to_le_bytes());
    out.extend_from_slice(&shield.amount.to_le_bytes());
    put_bytes(out, &shield.sealed);
}

fn take_shield(reader: &mut Reader<'_>) -> Result<Shield, BytesError> {
    Ok(Shield {
        blinded: reader.digest("a blinded owner")?,
        asset: reader.u32("an asset")?,
        amount: reader.u128("an amount")?,
        sealed: reader.bytes("an encrypted note")?.to_vec(),
    })
}

fn put_private(out: &mut Vec<u8>, operation: &PrivateOperation) {
    put_value(out, &operation.inputs);
    out.push(u8::try_from(operation.sealed.len()).unwrap_or(u8::MAX));
    for sealed in &operation.sealed {
        put_bytes(out, sealed);
    }
    put_bytes(out, &operation.proof);
}

fn take_private(reader: &mut Reader<'_>) -> Result<PrivateOperation, BytesError> {
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
