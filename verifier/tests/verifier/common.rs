//! The smallest AIR there is, with or without an auxiliary segment, and winterfell's prover of it.

use winter_air::{
    Air, AirContext, Assertion, AuxRandElements, BatchingMethod, EvaluationFrame, FieldExtension,
    PartitionOptions, ProofOptions, TraceInfo, TransitionConstraintDegree,
};
use winter_crypto::{DefaultRandomCoin, MerkleTree, hashers::Blake3_256};
use winter_math::{ExtensionOf, FieldElement, ToElements, fields::f64::BaseElement};
use winter_prover::{
    CompositionPoly, CompositionPolyTrace, ConstraintCompositionCoefficients,
    DefaultConstraintCommitment, DefaultConstraintEvaluator, DefaultTraceLde, Prover, StarkDomain,
    Trace, TracePolyTable, matrix::ColMatrix,
};
use winterlane_verifier::{AirPolicy, TraceShape, Verified, VerifyError, verify};

pub(crate) type Hash = Blake3_256<BaseElement>;
pub(crate) type Coin = DefaultRandomCoin<Hash>;
pub(crate) type Tree = MerkleTree<Hash>;

/// First and last value, and a description of the trace that the AIR takes for its own whatever
/// it is told.
#[derive(Clone, Debug)]
pub(crate) struct Claim {
    pub(crate) values: [BaseElement; 2],
    pub(crate) info: Option<TraceInfo>,
}

impl ToElements<BaseElement> for Claim {
    fn to_elements(&self) -> Vec<BaseElement> {
        self.values.to_vec()
    }
}

/// `a' = a^2 + 1`; with an auxiliary segment also `x' = x (r + a)`.
pub(crate) struct Squares {
    context: AirContext<BaseElement>,
    values: [BaseElement; 2],
}

impl Air for Squares {
    type BaseField = BaseElement;
    type PublicInputs = Claim;

    fn new(info: TraceInfo, claim: Claim, options: ProofOptions) -> Self {
        let info = claim.info.unwrap_or(info);
        let degree = || vec![TransitionConstraintDegree::new(2)];
        let context = if info.is_multi_segment() {
            AirContext::new_multi_segment(info, degree(), degree(), 2, 1, options)
        } else {
            AirContext::new(info, degree(), 2, options)
        };
        Self {
            context,
            values: claim.values,
        }
    }

    fn context(&self) -> &AirContext<BaseElement> {
        &self.context
    }

    fn evaluate_transition<E: FieldElement<BaseField = BaseElement>>(
        &self,
        frame: &EvaluationFrame<E>,
        _periodic: &[E],
        result: &mut [E],
    ) {
        result[0] = frame.next()[0] - frame.current()[0].square() - E::ONE;
    }

    fn evaluate_aux_transition<F, E>(
        &self,
        main: &EvaluationFrame<F>,
        aux: &EvaluationFrame<E>,
        _periodic: &[F],
        rand: &AuxRandElements<E>,
        result: &mut [E],
    ) where
        F: FieldElement<BaseField = BaseElement>,
        E: FieldElement<BaseField = BaseElement> + ExtensionOf<F>,
    {
        let factor = rand.rand_elements()[0] + E::from(main.current()[0]);
        result[0] = aux.next()[0] - aux.current()[0] * factor;
    }

    fn get_assertions(&self) -> Vec<Assertion<BaseElement>> {
        let last = self.trace_length() - 1;
        vec![
            Assertion::single(0, 0, self.values[0]),
            Assertion::single(0, last, self.values[1]),
        ]
    }

    fn get_aux_assertions<E: FieldElement<BaseField = BaseElement>>(
        &self,
        _rand: &AuxRandElements<E>,
    ) -> Vec<Assertion<E>> {
        vec![Assertion::single(0, 0, E::ONE)]
    }
}

/// The one column.
struct Column {
    info: TraceInfo,
    main: ColMatrix<BaseElement>,
}

impl Trace for Column {
    type BaseField = BaseElement;

    fn info(&self) -> &TraceInfo {
        &self.info
    }

    fn main_segment(&self) -> &ColMatrix<BaseElement> {
        &self.main
    }

    fn read_main_frame(&self, row: usize, frame: &mut EvaluationFrame<BaseElement>) {
        self.main.read_row_into(row, frame.current_mut());
        let next = (row + 1) % self.main.num_rows();
        self.main.read_row_into(next, frame.next_mut());
    }
}

struct SquaresProver {
    options: ProofOptions,
}

impl Prover for SquaresProver {
    type BaseField = BaseElement;
    type Air = Squares;
    type Trace = Column;
    type HashFn = Hash;
    type VC = Tree;
    type RandomCoin = Coin;
    type TraceLde<E: FieldElement<BaseField = BaseElement>> = DefaultTraceLde<E, Hash, Tree>;
    type ConstraintEvaluator<'a, E: FieldElement<BaseField = BaseElement>> =
        DefaultConstraintEvaluator<'a, Squares, E>;
    type ConstraintCommitment<E: FieldElement<BaseField = BaseElement>> =
        DefaultConstraintCommitment<E, Hash, Tree>;

    fn get_pub_inputs(&self, trace: &Column) -> Claim {
        let values = [0, trace.main.num_rows() - 1].map(|row| trace.main.get(0, row));
        Claim { values, info: None }
    }

    fn options(&self) -> &ProofOptions {
        &self.options
    }

    fn new_trace_lde<E: FieldElement<BaseField = BaseElement>>(
        &self,
        info: &TraceInfo,
        main: &ColMatrix<BaseElement>,
        domain: &StarkDomain<BaseElement>,
        partitions: PartitionOptions,
    ) -> (Self::TraceLde<E>, TracePolyTable<E>) {
        DefaultTraceLde::new(info, main, domain, partitions)
    }

    fn new_evaluator<'a, E: FieldElement<BaseField = BaseElement>>(
        &self,
        air: &'a Squares,
        rand: Option<AuxRandElements<E>>,
        coefficients: ConstraintCompositionCoefficients<E>,
    ) -> Self::ConstraintEvaluator<'a, E> {
        DefaultConstraintEvaluator::new(air, rand, coefficients)
    }

    fn build_constraint_commitment<E: FieldElement<BaseField = BaseElement>>(
        &self,
        trace: CompositionPolyTrace<E>,
        columns: usize,
        domain: &StarkDomain<BaseElement>,
        partitions: PartitionOptions,
    ) -> (Self::ConstraintCommitment<E>, CompositionPoly<E>) {
        DefaultConstraintCommitment::new(trace, columns, domain, partitions)
    }

    fn build_aux_trace<E: FieldElement<BaseField = BaseElement>>(
        &self,
        trace: &Column,
        rand: &AuxRandElements<E>,
    ) -> ColMatrix<E> {
        let mut column = vec![E::ONE];
        for row in 0..trace.main.num_rows() - 1 {
            let factor = rand.rand_elements()[0] + E::from(trace.main.get(0, row));
            column.push(column[row] * factor);
        }
        ColMatrix::new(vec![column])
    }
}

/// A valid proof, and what is needed to verify it.
pub(crate) struct Case {
    pub(crate) claim: Claim,
    pub(crate) policy: AirPolicy<Hash>,
    pub(crate) options: ProofOptions,
    pub(crate) rows: usize,
    pub(crate) metadata: usize,
    pub(crate) proof: Vec<u8>,
}

impl Case {
    fn new(aux: bool, rows: usize, options: ProofOptions) -> Self {
        let mut column = vec![BaseElement::new(3)];
        for row in 0..rows - 1 {
            column.push(column[row].square() + BaseElement::ONE);
        }
        let values = [column[0], column[rows - 1]];
        let main = ColMatrix::new(vec![column]);
        let log2 = rows.ilog2();
        let constraints = if aux { 2 + 3 } else { 1 + 2 };
        let shape = TraceShape::new(1, constraints, log2..=log2).unwrap();
        let (info, shape) = if aux {
            let meta = b"squares".to_vec();
            let shape = shape.with_aux_segment(1, 1).unwrap();
            (
                TraceInfo::new_multi_segment(1, 1, 1, rows, meta.clone()),
                shape.with_metadata(meta).unwrap(),
            )
        } else {
            (TraceInfo::new(1, rows), shape)
        };
        let metadata = info.meta().len();
        let prover = SquaresProver {
            options: options.clone(),
        };
        let proof = prover.prove(Column { info, main }).unwrap().to_bytes();
        let policy = AirPolicy::new(shape, 0).accept(options.clone()).unwrap();
        Self {
            claim: Claim { values, info: None },
            policy,
            options,
            rows,
            metadata,
            proof,
        }
    }

    /// A cubic extension and FRI layers; no extension and no layer; an auxiliary segment.
    pub(crate) fn all() -> [Self; 3] {
        let options = |queries, grinding, extension, folding, remainder| {
            let linear = BatchingMethod::Linear;
            ProofOptions::new(
                queries, 4, grinding, extension, folding, remainder, linear, linear,
            )
        };
        [
            Self::new(false, 32, options(6, 3, FieldExtension::Cubic, 2, 3)),
            Self::new(false, 16, options(5, 0, FieldExtension::None, 2, 15)),
            Self::new(true, 16, options(4, 2, FieldExtension::Quadratic, 4, 3)),
        ]
    }

    pub(crate) fn verify(&self, proof: &[u8]) -> Result<Verified, VerifyError> {
        self.verify_with(proof, &self.policy)
    }

    pub(crate) fn verify_with(
        &self,
        proof: &[u8],
        policy: &AirPolicy<Hash>,
    ) -> Result<Verified, VerifyError> {
        verify::<Squares, Hash, Coin, Tree>(proof, self.claim.clone(), policy)
    }

    /// Where the number of queries stands: behind the trace's description, the metadata and its
    /// length, the modulus and its length, the options, and the number of constraints.
    pub(crate) const fn num_queries_at(&self) -> usize {
        4 + 2 + self.metadata + 1 + 8 + 10 + 1
    }
}
