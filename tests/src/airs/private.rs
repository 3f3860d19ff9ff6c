//! A private statement as one of the small AIRs: with a true witness of its own.

use std::sync::OnceLock;

use winterfell::math::{FieldElement, ToElements, fields::f64::BaseElement};
use winterfell::{
    Air, AirContext, Assertion, BatchingMethod, EvaluationFrame, FieldExtension, ProofOptions,
    TraceInfo,
};
use winterlane_air::{PrivateAir, hiding::TailFree};
use winterlane_ledger::private::{
    Attribute, AttributeTree, CredentialInputs, HolderSecret, Issuance, Note, NoteKeys, NoteTree,
    Predicate, PrivateInputs, Session, SparseKind, SparseTree, SpendKey, Test, WithdrawalInputs,
    issue,
};
use winterlane_ledger::signature::{CHAINS, ChainValue, KeyTree, SecretSource};
use winterlane_ledger::{Amount, AssetId, BatchNumber, Digest, Domain, Nonce, ScalarCompressor};
use winterlane_prover::private::{
    CredentialWitness, NewNote, PrivateWitness, SpentNote, WithdrawalWitness, fill_private,
};

use super::{Inputs, TestTrace};

/// A private withdrawal, or a credential if it is signed.
pub struct Private {
    air: PrivateAir,
    context: AirContext<BaseElement>,
}

struct Statement {
    inputs: PrivateInputs,
    witness: PrivateWitness,
}

fn digest(n: u32) -> Digest {
    Digest([n, n + 1, n + 2, n + 3].map(BaseElement::from))
}

fn withdrawal() -> Statement {
    let keys = NoteKeys {
        spend: SpendKey(digest(1)),
        nullifier: digest(2),
    };
    let note = Note {
        owner: keys.address(),
        asset: AssetId::new(7),
        value: Amount::new(1 << 100),
        rho: digest(3),
    };
    let mut tree = NoteTree::default();
    let position = tree.append(note.commitment()).expect("there is room");
    let note = SpentNote {
        keys,
        rho: note.rho,
        asset: note.asset,
        value: note.value,
        path: tree.path(position),
        association: None,
    };
    let change = NewNote::new(&keys.address(), &digest(4), Amount::new((1 << 100) - 12));
    let inputs = PrivateInputs::Withdrawal(WithdrawalInputs {
        anchor: tree.root(),
        nullifier: note.nullifier(),
        change: change.commitment(AssetId::new(7)),
        recipient: [3; 20],
        amount: Amount::new(10),
        fee: Amount::new(2),
        asset: AssetId::new(7),
        domain: Domain(digest(5)),
        valid_until: BatchNumber::new(99),
        ciphertexts: [4; 32],
        association: None,
    });
    let witness = PrivateWitness::Withdrawal(Box::new(WithdrawalWitness { note, change }));
    Statement { inputs, witness }
}

/// Secrets of an issuer: enough for tests.
struct Secrets;

impl SecretSource for Secrets {
    fn chain_starts(&self, key_index: u32) -> [ChainValue; CHAINS] {
        core::array::from_fn(|chain| [key_index, chain as u32].map(BaseElement::from))
    }

    fn randomizer_base(&self, _: u32, bound: &Digest, _: Nonce) -> [BaseElement; 2] {
        [bound.0[0], bound.0[1]]
    }
}

fn credential() -> Statement {
    let seed = [8_u32, 9].map(BaseElement::from);
    let issuer = KeyTree::generate(&Secrets, seed, 0, &ScalarCompressor).expect("a key");
    let holder = HolderSecret(digest(1));
    let mut attributes = AttributeTree::default();
    attributes.attributes[3] = Some(Attribute {
        value: 1 << 60,
        salt: digest(2),
    });
    let schema = digest(3);
    let issuance = Issuance {
        holder: holder.key(),
        number: 77,
        last_day: 20_000,
        schema,
    };
    let signed = issue(
        &issuer,
        &Secrets,
        0,
        attributes,
        issuance,
        &ScalarCompressor,
    );
    let revoked = SparseTree::new(SparseKind::Revocation);
    let witness = CredentialWitness::new(signed.expect("it is signed"), holder, &revoked, &[None]);
    let inputs = PrivateInputs::Credential(CredentialInputs {
        issuer: issuer.root(),
        schema,
        predicates: vec![Predicate {
            place: 3,
            test: Test::AtLeast(1 << 59),
        }],
        today: 19_999,
        revocation: revoked.root(),
        pseudonym: None,
        session: Session {
            verifier: digest(4),
            challenge: [2; 32],
            expires: 3,
        },
    });
    let witness = PrivateWitness::Credential(Box::new(witness));
    Statement { inputs, witness }
}

fn statement(signed: bool) -> &'static Statement {
    static STATEMENTS: [OnceLock<Statement>; 2] = [OnceLock::new(), OnceLock::new()];
    let make = if signed { credential } else { withdrawal };
    STATEMENTS[usize::from(signed)].get_or_init(make)
}

// No `Air` of its own: `AnyAir` knows which of both it is.
impl Private {
    /// The AIR of a trace of this shape, metadata and all: `PrivateAir` has one of its own.
    pub(super) fn new(signed: bool, info: TraceInfo, options: ProofOptions) -> Self {
        let inputs = statement(signed).inputs.clone();
        let air = PrivateAir::new(info.clone(), inputs, options.clone());
        let zeros = vec![BaseElement::ZERO; air.context().num_transition_constraints()];
        let constraints = air.get_transition_constraints(&zeros);
        let degrees = constraints.main_constraint_degrees().to_vec();
        let assertions = air.context().num_assertions();
        let context = AirContext::new(info, degrees, assertions, options);
        Self { air, context }
    }

    pub(super) const fn context(&self) -> &AirContext<BaseElement> {
        &self.context
    }

    pub(super) fn evaluate_transition<E: FieldElement<BaseField = BaseElement>>(
        &self,
        frame: &EvaluationFrame<E>,
        periodic: &[E],
        result: &mut [E],
    ) {
        self.air.evaluate_transition(frame, periodic, result);
    }

    pub(super) fn get_assertions(&self) -> Vec<Assertion<BaseElement>> {
        self.air.get_assertions()
    }

    pub(super) fn get_periodic_column_values(&self) -> Vec<Vec<BaseElement>> {
        self.air.get_periodic_column_values()
    }

    pub(super) fn needed_rows(&self) -> usize {
        self.air.needed_rows()
    }

    /// The statement's trace: its rows follow from the statement.
    pub(super) fn trace(signed: bool) -> TestTrace {
        let Statement { inputs, witness } = statement(signed);
        let linear = BatchingMethod::Linear;
        let options = ProofOptions::new(1, 4, 0, FieldExtension::Cubic, 2, 255, linear, linear);
        let info = PrivateAir::trace_info(inputs, &options);
        let air = PrivateAir::new(info, inputs.clone(), options);
        TestTrace::new(fill_private(&air, witness).expect("a witness of this statement"))
    }

    pub(super) fn public_inputs(signed: bool) -> Inputs {
        Inputs(statement(signed).inputs.to_elements())
    }
}
