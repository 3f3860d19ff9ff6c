//! The AIRs that are measured, and one plain winterfell prover for all of them.

mod narrow;
mod poseidon2;
mod wide;

use core::marker::PhantomData;

use winterfell::crypto::{DefaultRandomCoin, MerkleTree, hashers::Blake3_256};
use winterfell::math::{FieldElement, ToElements, fields::f64::BaseElement};
use winterfell::matrix::ColMatrix;
use winterfell::{
    Air, AuxRandElements, CompositionPoly, CompositionPolyTrace, ConstraintCompositionCoefficients,
    DefaultConstraintCommitment, DefaultConstraintEvaluator, DefaultTraceLde, PartitionOptions,
    ProofOptions, Prover, StarkDomain, Trace, TraceInfo, TracePolyTable, TraceTable,
};

pub use narrow::{NARROW_COLUMNS, Narrow};
pub use poseidon2::{
    FULL_CONSTANTS, PARTIAL_CONSTANTS, POSEIDON2_COLUMNS, Poseidon2, Poseidon2Constants,
};
pub use wide::{WIDE_COLUMNS, Wide};

/// The hash function of all proofs here.
pub type Hash = Blake3_256<BaseElement>;

/// An AIR that fills a trace of its own and is told the first and last cell of column 0.
pub trait BenchAir: Air<BaseField = BaseElement, PublicInputs = Ends> + Sync + 'static {
    /// A valid trace.
    fn trace(log_rows: u32) -> TraceTable<BaseElement>;
}

/// Public inputs: the first and the last cell of column 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ends {
    /// Row 0.
    pub first: BaseElement,
    /// The last row.
    pub last: BaseElement,
}

impl Ends {
    /// Those of a trace.
    #[must_use]
    pub fn of(trace: &TraceTable<BaseElement>) -> Self {
        Self {
            first: trace.get(0, 0),
            last: trace.get(0, trace.length() - 1),
        }
    }

    /// The two assertions.
    fn assertions(self, rows: usize) -> Vec<winterfell::Assertion<BaseElement>> {
        vec![
            winterfell::Assertion::single(0, 0, self.first),
            winterfell::Assertion::single(0, rows - 1, self.last),
        ]
    }
}

impl ToElements<BaseElement> for Ends {
    fn to_elements(&self) -> Vec<BaseElement> {
        vec![self.first, self.last]
    }
}

/// A plain winterfell prover.
#[derive(Clone, Debug)]
pub struct BenchProver<A> {
    options: ProofOptions,
    _air: PhantomData<fn() -> A>,
}

impl<A> BenchProver<A> {
    /// A prover with these options.
    #[must_use]
    pub const fn new(options: ProofOptions) -> Self {
        Self {
            options,
            _air: PhantomData,
        }
    }
}

impl<A: BenchAir> Prover for BenchProver<A> {
    type BaseField = BaseElement;
    type Air = A;
    type Trace = TraceTable<BaseElement>;
    type HashFn = Hash;
    type VC = MerkleTree<Hash>;
    type RandomCoin = DefaultRandomCoin<Hash>;
    type TraceLde<E: FieldElement<BaseField = BaseElement>> =
        DefaultTraceLde<E, Self::HashFn, Self::VC>;
    type ConstraintEvaluator<'a, E: FieldElement<BaseField = BaseElement>> =
        DefaultConstraintEvaluator<'a, A, E>;
    type ConstraintCommitment<E: FieldElement<BaseField = BaseElement>> =
        DefaultConstraintCommitment<E, Self::HashFn, Self::VC>;

    fn get_pub_inputs(&self, trace: &Self::Trace) -> Ends {
        Ends::of(trace)
    }

    fn options(&self) -> &ProofOptions {
        &self.options
    }

    fn new_trace_lde<E: FieldElement<BaseField = BaseElement>>(
        &self,
        trace_info: &TraceInfo,
        main_trace: &ColMatrix<BaseElement>,
        domain: &StarkDomain<BaseElement>,
        partition_option: PartitionOptions,
    ) -> (Self::TraceLde<E>, TracePolyTable<E>) {
        DefaultTraceLde::new(trace_info, main_trace, domain, partition_option)
    }

    fn new_evaluator<'a, E: FieldElement<BaseField = BaseElement>>(
        &self,
        air: &'a A,
        aux_rand_elements: Option<AuxRandElements<E>>,
        composition_coefficients: ConstraintCompositionCoefficients<E>,
    ) -> Self::ConstraintEvaluator<'a, E> {
        DefaultConstraintEvaluator::new(air, aux_rand_elements, composition_coefficients)
    }

    fn build_constraint_commitment<E: FieldElement<BaseField = BaseElement>>(
        &self,
        composition_poly_trace: CompositionPolyTrace<E>,
        num_constraint_composition_columns: usize,
        domain: &StarkDomain<BaseElement>,
        partition_options: PartitionOptions,
    ) -> (Self::ConstraintCommitment<E>, CompositionPoly<E>) {
        DefaultConstraintCommitment::new(
            composition_poly_trace,
            num_constraint_composition_columns,
            domain,
            partition_options,
        )
    }
}

/// A trace from a first row and a rule for the next.
fn iterate(
    columns: usize,
    log_rows: u32,
    next: impl Fn(&[BaseElement], &mut [BaseElement]),
) -> TraceTable<BaseElement> {
    let mut table = vec![Vec::with_capacity(1 << log_rows); columns];
    let mut row: Vec<_> = (0..columns as u64)
        .map(|c| BaseElement::new(crate::data::value(c)))
        .collect();
    let mut following = row.clone();
    for _ in 0..1 << log_rows {
        for (column, &cell) in table.iter_mut().zip(&row) {
            column.push(cell);
        }
        next(&row, &mut following);
        core::mem::swap(&mut row, &mut following);
    }
    TraceTable::init(table)
}

#[cfg(test)]
mod tests;
