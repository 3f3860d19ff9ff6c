//! The operations of a shielded pool, one after the other.

use alloc::{
    boxed::Box,
    collections::BTreeSet,
    string::{String, ToString},
    vec::Vec,
};
use core::cell::Cell;

use serde::{Deserialize, Serialize};
use winterlane_ledger::{
    Anchor, AssetId, Digest, Domain,
    objects::from_json,
    pool::{
        Pool as State, PoolError, PoolOperation, ProofRefusal, VerifyPrivate, decode_operation,
    },
    private::PrivateInputs,
};
use winterlane_verifier::{PRIVATE_PRESETS, PoolFile, verify_private};

use crate::{
    Answer, Fault, Stage,
    expected::{MAX_EXPECTED_BYTES, compare, read},
    said::{ProofSaid, TransferSaid, WithdrawalSaid},
    statement::MAX_STATEMENT_BYTES,
};

/// The most bytes of a published operation, its encrypted notes among them.
const MAX_OPERATION_BYTES: usize = 1 << 16;

/// As JSON. Whatever is not said is taken as found.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct Expected {
    domain: Option<Domain>,
    /// The root of the note tree after the last operation.
    anchor: Option<Anchor>,
    operations: Option<u64>,
}

/// Applies the published operations of a pool in order, and verifies their proofs: the files are believed nothing.
///
/// ```
/// use winterlane_verifier_wasm::Pool;
/// let file = br#"{"format": "winterlane-pool-1", "chain_id": 1, "rollup_id": 7}"#;
/// let mut pool = Pool::new(b"{}", file).expect("nothing is expected in particular");
/// let answer = pool.add(b"not an operation", b"");
/// assert_eq!(answer.status, 1);
/// ```
#[derive(Debug)]
pub struct Pool {
    expected: Expected,
    file: PoolFile,
    state: State,
    operations: u64,
    assets: BTreeSet<u32>,
    proof_bytes: u64,
    bits: Option<u32>,
    refused: bool,
}

/// What one accepted operation says.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct OperationSaid {
    valid: bool,
    number: String,
    published_bytes: usize,
    #[serde(flatten)]
    proof: Option<ProofSaid>,
    #[serde(flatten)]
    says: Says,
}

#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
enum Says {
    Shield(ShieldSaid),
    Withdrawal(WithdrawalSaid),
    Transfer(TransferSaid),
}

#[derive(Debug, Serialize)]
struct ShieldSaid {
    amount: String,
    asset: AssetId,
    commitments: [Digest; 1],
}

/// What the operations say together.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct PoolSaid {
    valid: bool,
    chain_id: String,
    rollup_id: String,
    domain: Domain,
    operations: String,
    notes: String,
    spent: usize,
    held: Vec<Held>,
    anchor: Anchor,
    /// Provable bits, the least of all proofs; none where there is no proof.
    #[serde(skip_serializing_if = "Option::is_none")]
    bits: Option<u32>,
    proof_bytes: u64,
    taken_as_found: Vec<&'static str>,
}

/// What the pool holds of an asset.
#[derive(Debug, Serialize)]
struct Held {
    asset: AssetId,
    amount: String,
}

/// Verifies a proof, and keeps what is known of it.
#[derive(Default)]
struct Keeping(Cell<Option<ProofSaid>>);

impl VerifyPrivate for Keeping {
    fn verify(&self, inputs: &PrivateInputs, proof: &[u8]) -> Result<(), Box<ProofRefusal>> {
        let verified = verify_private(proof, inputs, &PRIVATE_PRESETS)
            .map_err(|error| Box::new(error) as Box<ProofRefusal>)?;
        self.0.set(Some(ProofSaid::new(inputs, &verified)));
        Ok(())
    }
}

impl Pool {
    /// A pool without operations: `file` is what `pool.json` has, and `expected` a JSON object whose fields, all
    /// optional, are `domain`, `anchor` (the root of the note tree at the end) and `operations` (how many).
    ///
    /// # Errors
    /// When one of them cannot be read, or the pool is of another domain.
    pub fn new(expected: &[u8], file: &[u8]) -> Result<Self, Answer> {
        Self::try_new(expected, file).map_err(|fault| Answer::of::<()>(Err(fault)))
    }

    fn try_new(expected: &[u8], file: &[u8]) -> Result<Self, Fault> {
        let expected: Expected = read(expected, MAX_EXPECTED_BYTES)?;
        let unusable = |reason: &dyn core::fmt::Display| Fault::new(Stage::PoolFile, reason);
        if file.len() > MAX_EXPECTED_BYTES {
            return Err(unusable(
                &"more than 4,096 bytes: no such file is that long",
            ));
        }
        let file: PoolFile = from_json(file).map_err(|error| unusable(&error))?;
        file.check_format().map_err(|error| unusable(&error))?;
        let domain = file.domain();
        compare("the domain is", expected.domain, domain)?;
        Ok(Self {
            expected,
            file,
            state: State::new(domain),
            operations: 0,
            assets: BTreeSet::new(),
            proof_bytes: 0,
            bits: None,
            refused: false,
        })
    }

    /// Verifies an operation, the contents of its files, as the next one. What shields has no proof. When it is
    /// refused, so is the pool.
    pub fn add(&mut self, operation: &[u8], proof: &[u8]) -> Answer {
        let result = self.try_add(operation, proof);
        self.refused |= result.is_err();
        Answer::of(result)
    }

    fn try_add(&mut self, bytes: &[u8], proof: &[u8]) -> Result<OperationSaid, Fault> {
        self.check_use()?;
        if proof.len() > MAX_STATEMENT_BYTES {
            return Err(Fault::new(
                Stage::ProofSize,
                "more than 1 MiB: no private proof is that long",
            ));
        }
        let unread = |reason: &dyn core::fmt::Display| Fault::new(Stage::Operation, reason);
        if bytes.len() > MAX_OPERATION_BYTES {
            return Err(unread(&"more than 64 KiB: no operation is that long"));
        }
        let mut give = |_: &[u8; 32]| Some(proof.to_vec());
        let operation =
            decode_operation(&self.state, bytes, &mut give).map_err(|error| unread(&error))?;
        let keeping = Keeping::default();
        let mut batch = self.state.open_batch();
        batch.apply(&operation, &keeping).map_err(|error| {
            let stage = match error {
                PoolError::Proof { .. } => Stage::Proof,
                _ => Stage::Operation,
            };
            Fault::new(stage, error)
        })?;
        batch.seal();

        let said = self.said(&operation, bytes.len(), keeping.0.into_inner())?;
        self.operations = self.operations.saturating_add(1);
        if let Some(proof_said) = &said.proof {
            self.proof_bytes = self.proof_bytes.saturating_add(proof.len() as u64);
            let bits = proof_said.bits();
            self.bits = Some(self.bits.map_or(bits, |least| least.min(bits)));
        }
        Ok(said)
    }

    fn said(
        &mut self,
        operation: &PoolOperation,
        published_bytes: usize,
        proof: Option<ProofSaid>,
    ) -> Result<OperationSaid, Fault> {
        let says = match operation {
            PoolOperation::Shield(shield, _) => {
                self.assets.insert(shield.asset.get());
                Says::Shield(ShieldSaid {
                    amount: shield.amount.to_string(),
                    asset: shield.asset,
                    commitments: [shield.commitment().0],
                })
            }
            PoolOperation::Private(private) => match &private.inputs {
                PrivateInputs::Withdrawal(inputs) => Says::Withdrawal(WithdrawalSaid::new(inputs)),
                PrivateInputs::Transfer(inputs) => Says::Transfer(TransferSaid::new(inputs)),
                _ => return Err(no_such_operation()),
            },
            _ => return Err(no_such_operation()),
        };
        Ok(OperationSaid {
            valid: true,
            number: self.operations.to_string(),
            published_bytes,
            proof,
            says,
        })
    }

    /// What the operations say together, when every one was accepted.
    #[must_use]
    pub fn end(&self) -> Answer {
        Answer::of(self.try_end())
    }

    fn try_end(&self) -> Result<PoolSaid, Fault> {
        self.check_use()?;
        let anchor = self.state.anchor();
        let expected = &self.expected;
        compare(
            "the number of operations is",
            expected.operations,
            self.operations,
        )?;
        compare("the last root of the note tree is", expected.anchor, anchor)?;
        let held = self.assets.iter().map(|&asset| Held {
            asset: AssetId::new(asset),
            amount: self.state.held(AssetId::new(asset)).to_string(),
        });
        let open = [
            ("domain", expected.domain.is_none()),
            // Either of the two fixes the end.
            (
                "end",
                expected.anchor.is_none() && expected.operations.is_none(),
            ),
            // Payments into the pool are records of the rollup, which are not among these files.
            ("payments", true),
        ];
        Ok(PoolSaid {
            valid: true,
            chain_id: self.file.chain_id.to_string(),
            rollup_id: self.file.rollup_id.to_string(),
            domain: *self.state.domain(),
            operations: self.operations.to_string(),
            notes: self.state.notes().to_string(),
            spent: self.state.spent(),
            held: held.collect(),
            anchor,
            bits: self.bits,
            proof_bytes: self.proof_bytes,
            taken_as_found: open
                .into_iter()
                .filter_map(|(name, open)| open.then_some(name))
                .collect(),
        })
    }

    fn check_use(&self) -> Result<(), Fault> {
        if self.refused {
            return Err(Fault::new(
                Stage::Use,
                "an operation of this pool was refused, and with it the pool: begin another one",
            ));
        }
        Ok(())
    }
}

fn no_such_operation() -> Fault {
    Fault::new(Stage::Operation, "it is none of the operations of a pool")
}
