//! The batch AIR without one of its constraints: what a trace that breaks only that one proves.

use winter_math::{FieldElement, ToElements};
use winterfell::{
    Air, AirContext, Assertion, EvaluationFrame, ProofOptions, Prover, TraceInfo, TraceTable,
    crypto::{DefaultRandomCoin, MerkleTree, hashers::Blake3_256},
};
use winterlane_air::{
    BatchAir,
    batch::constraints::CONSTRAINT_GROUPS,
    batch::{NUM_ASSERTIONS, constraint_degrees},
};
use winterlane_ledger::{BaseElement, PublicInputs};

use crate::{
    erased::Erased,
    forge::{FalseBatch, Rule},
    stock::{Attempt, attempt_with, cheap_options},
};

/// The claim of a proof without a constraint.
#[derive(Clone, Copy, Debug)]
pub struct MaskedInputs {
    inputs: PublicInputs,
    without: Rule,
}

impl ToElements<BaseElement> for MaskedInputs {
    fn to_elements(&self) -> Vec<BaseElement> {
        self.inputs.to_elements()
    }
}

/// [`BatchAir`] without one constraint or assertion.
pub struct MaskedAir {
    /// Erased, so that its constraints are not compiled again.
    air: Erased,
    context: AirContext<BaseElement>,
    without: Rule,
}

/// The number of a constraint among all; `None` for an assertion.
pub fn constraint_number(rule: Rule) -> Option<usize> {
    let Rule::Constraint(name, index) = rule else {
        return None;
    };
    let (_, numbers) = CONSTRAINT_GROUPS.find(name)?;
    Some(numbers.start + index)
}

impl MaskedAir {
    fn is_masked(&self, assertion: &Assertion<BaseElement>) -> bool {
        let rule = Rule::Boundary {
            column: assertion.column(),
            last: assertion.first_step() > 0,
        };
        rule == self.without
    }
}

impl Air for MaskedAir {
    type BaseField = BaseElement;
    type PublicInputs = MaskedInputs;

    fn new(trace_info: TraceInfo, masked: MaskedInputs, options: ProofOptions) -> Self {
        let assertions = match masked.without {
            Rule::Constraint(..) => NUM_ASSERTIONS,
            Rule::Boundary { .. } => NUM_ASSERTIONS - 1,
        };
        let context = AirContext::new(
            trace_info.clone(),
            constraint_degrees(),
            assertions,
            options.clone(),
        );
        Self {
            air: Erased::of(BatchAir::new(trace_info, masked.inputs, options)),
            context,
            without: masked.without,
        }
    }

    fn context(&self) -> &AirContext<BaseElement> {
        &self.context
    }

    fn evaluate_transition<E: FieldElement<BaseField = BaseElement>>(
        &self,
        frame: &EvaluationFrame<E>,
        periodic_values: &[E],
        result: &mut [E],
    ) {
        self.air.evaluate_transition(frame, periodic_values, result);
        if let Some(masked) = constraint_number(self.without) {
            result[masked] = E::ZERO;
        }
    }

    fn get_assertions(&self) -> Vec<Assertion<BaseElement>> {
        let mut assertions = self.air.get_assertions();
        assertions.retain(|assertion| !self.is_masked(assertion));
        assertions
    }

    fn get_periodic_column_values(&self) -> Vec<Vec<BaseElement>> {
        self.air.get_periodic_column_values()
    }
}

/// A stock prover of [`MaskedAir`].
struct MaskedProver {
    options: ProofOptions,
    inputs: MaskedInputs,
}

impl Prover for MaskedProver {
    type BaseField = BaseElement;
    type Air = MaskedAir;
    type Trace = TraceTable<BaseElement>;
    type HashFn = Blake3_256<BaseElement>;
    type VC = MerkleTree<Self::HashFn>;
    type RandomCoin = DefaultRandomCoin<Self::HashFn>;

    winterlane_prover::default_parts!();

    fn get_pub_inputs(&self, _trace: &Self::Trace) -> MaskedInputs {
        self.inputs
    }

    fn options(&self) -> &ProofOptions {
        &self.options
    }
}

/// Attempts to prove a false batch to a verifier that has all constraints but one.
pub fn attempt_without(rule: Rule, batch: &FalseBatch) -> Attempt {
    let inputs = MaskedInputs {
        inputs: batch.inputs,
        without: rule,
    };
    let prover = MaskedProver {
        options: cheap_options(),
        inputs,
    };
    attempt_with(&prover, inputs, batch.trace.clone())
}
