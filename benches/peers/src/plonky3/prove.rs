//! Plonky3's prover: `uni-stark` over FRI, BLAKE3 for commitments and transcript, the quadratic
//! extension, and the queries, blowup, grinding and folding that the others use.

use std::time::{Duration, Instant};

use p3_blake3::Blake3;
use p3_challenger::{HashChallenger, SerializingChallenger64};
use p3_commit::ExtensionMmcs;
use p3_dft::Radix2DitParallel;
use p3_field::extension::BinomialExtensionField;
use p3_fri::{FriParameters, TwoAdicFriPcs};
use p3_goldilocks::{GenericPoseidon2LinearLayersGoldilocks, Goldilocks};
use p3_matrix::dense::RowMajorMatrix;
use p3_merkle_tree::MerkleTreeMmcs;
use p3_poseidon2_air::{Poseidon2Air, RoundConstants, generate_trace_rows};
use p3_symmetric::{CompressionFunctionFromHasher, SerializingHasher};
use p3_uni_stark::{Proof, StarkConfig};
use winterlane_benches::{
    Failure, Options, Run, Statement, Workload,
    airs::{FULL_CONSTANTS, PARTIAL_CONSTANTS},
    data,
};

use super::integer;

pub(super) type Challenge = BinomialExtensionField<Goldilocks, 2>;
pub(super) type FieldHash = SerializingHasher<Blake3>;
pub(super) type Compress = CompressionFunctionFromHasher<Blake3, 2, 32>;
pub(super) type Commitments = MerkleTreeMmcs<Goldilocks, u8, FieldHash, Compress, 2, 32>;
type ExtensionCommitments = ExtensionMmcs<Goldilocks, Challenge, Commitments>;
pub(super) type Challenger = SerializingChallenger64<Goldilocks, HashChallenger<u8, Blake3, 32>>;
pub(super) type Pcs =
    TwoAdicFriPcs<Goldilocks, Radix2DitParallel<Goldilocks>, Commitments, ExtensionCommitments>;
pub(super) type Config = StarkConfig<Pcs, Challenge, Challenger>;

const WIDTH: usize = 8;
const HALF_FULL_ROUNDS: usize = 4;
const PARTIAL_ROUNDS: usize = 22;
pub(super) type Air = Poseidon2Air<
    Goldilocks,
    GenericPoseidon2LinearLayersGoldilocks,
    WIDTH,
    7,
    1,
    HALF_FULL_ROUNDS,
    PARTIAL_ROUNDS,
>;
type Constants = RoundConstants<Goldilocks, WIDTH, HALF_FULL_ROUNDS, PARTIAL_ROUNDS>;

/// Merkle trees over BLAKE3.
pub(super) fn commitments() -> Commitments {
    Commitments::new(FieldHash::new(Blake3), Compress::new(Blake3), 0)
}

/// FRI as the others have it, over the commitments to its layers.
pub(super) fn parameters<M>(options: Options, mmcs: M) -> FriParameters<M> {
    FriParameters {
        log_blowup: options.blowup.ilog2() as usize,
        // A remainder of at most this degree, as winterfell's.
        log_final_poly_len: (options.remainder + 1).ilog2() as usize,
        max_log_arity: options.folding.ilog2() as usize,
        num_queries: options.queries,
        batch_proof_of_work_bits: 0,
        commit_proof_of_work_bits: 0,
        query_proof_of_work_bits: options.grinding as usize,
        mmcs,
    }
}

pub(super) fn config(options: Options) -> Config {
    let parameters = parameters(options, ExtensionCommitments::new(commitments()));
    let pcs = Pcs::new(Radix2DitParallel::default(), commitments(), parameters);
    Config::new(pcs, Challenger::from_hasher(Vec::new(), Blake3))
}

pub(super) fn constants() -> Constants {
    let full = FULL_CONSTANTS.map(Goldilocks::new_array);
    let (beginning, ending) = full.split_at(HALF_FULL_ROUNDS);
    Constants::new(
        core::array::from_fn(|round| beginning[round]),
        Goldilocks::new_array(PARTIAL_CONSTANTS),
        core::array::from_fn(|round| ending[round]),
    )
}

/// The inputs of the permutations, as in the trace of winterfell's AIR.
pub(super) fn inputs(log_rows: u32) -> Vec<[Goldilocks; WIDTH]> {
    let input = |row, i| Goldilocks::new(data::value(WIDTH as u64 * row + i as u64));
    (0..1u64 << log_rows)
        .map(|row| core::array::from_fn(|i| input(row, i)))
        .collect()
}

pub(super) fn filled(
    inputs: Vec<[Goldilocks; WIDTH]>,
    constants: &Constants,
) -> RowMajorMatrix<Goldilocks> {
    generate_trace_rows::<
        _,
        GenericPoseidon2LinearLayersGoldilocks,
        WIDTH,
        7,
        1,
        HALF_FULL_ROUNDS,
        PARTIAL_ROUNDS,
    >(inputs, constants, 0)
}

/// Plonky3's own generator of the trace.
pub(super) struct Filling {
    inputs: Vec<[Goldilocks; WIDTH]>,
    constants: Constants,
    trace: Option<RowMajorMatrix<Goldilocks>>,
}

impl Filling {
    pub(super) fn new(log_rows: u32) -> Self {
        Self {
            inputs: inputs(log_rows),
            constants: constants(),
            trace: None,
        }
    }
}

impl Workload for Filling {
    fn run(&mut self) -> Result<Run, String> {
        let inputs = self.inputs.clone();
        self.trace = None;
        let start = Instant::now();
        let trace = filled(inputs, &self.constants);
        let time = start.elapsed();
        self.trace = Some(trace);
        Ok(Run::new(time))
    }

    fn digest(&mut self) -> Result<Option<String>, String> {
        let trace = self.trace.as_ref().ok_or("no run yet")?;
        Ok(Some(data::digest(trace.values.iter().map(integer))))
    }
}

/// A copy of a trace with room for its extension, which then takes place where it is.
pub(super) fn roomy(
    trace: &RowMajorMatrix<Goldilocks>,
    log_blowup: u32,
) -> RowMajorMatrix<Goldilocks> {
    let mut values = Vec::with_capacity(trace.values.len() << log_blowup);
    values.extend_from_slice(&trace.values);
    RowMajorMatrix::new(values, trace.width)
}

struct Proving {
    config: Config,
    air: Air,
    trace: RowMajorMatrix<Goldilocks>,
    log_blowup: u32,
    verify: bool,
    proof: Option<Proof<Config>>,
    bytes: u64,
}

impl Proving {
    fn new(statement: Statement, options: Options) -> Result<Self, Failure> {
        let Statement::Poseidon2 { log_rows } = statement else {
            return Err(Failure::Unsupported("an AIR of winterfell".into()));
        };
        if options.extension != 2 {
            return Err(Failure::Unsupported("the cubic extension".into()));
        }
        let constants = constants();
        let trace = filled(inputs(log_rows), &constants);
        Ok(Self {
            config: config(options),
            air: Air::new(constants),
            trace,
            log_blowup: options.blowup.ilog2(),
            verify: false,
            proof: None,
            bytes: 0,
        })
    }

    fn prove(&mut self) -> Result<Run, String> {
        let trace = roomy(&self.trace, self.log_blowup);
        let start = Instant::now();
        let proof = p3_uni_stark::prove(&self.config, &self.air, trace, &[])
            .map_err(|error| format!("{error:?}"))?;
        let time = start.elapsed();
        self.bytes = bincode::serialized_size(&proof).map_err(|error| error.to_string())?;
        self.proof = Some(proof);
        Ok(self.sized(time))
    }

    /// A run, with what the proof takes as integers of fixed width.
    fn sized(&self, time: Duration) -> Run {
        Run::new(time).with("proof_bytes", self.bytes as f64)
    }

    fn check(&self) -> Result<Run, String> {
        let proof = self.proof.as_ref().ok_or("no proof")?;
        let start = Instant::now();
        p3_uni_stark::verify(&self.config, &self.air, proof, &[])
            .map_err(|error| format!("{error:?}"))?;
        Ok(self.sized(start.elapsed()))
    }
}

impl Workload for Proving {
    fn run(&mut self) -> Result<Run, String> {
        if self.verify {
            self.check()
        } else {
            self.prove()
        }
    }

    fn digest(&mut self) -> Result<Option<String>, String> {
        // Proofs of different systems are not comparable; that this one holds is what can be said.
        self.check().map(|_| None)
    }
}

pub(super) fn prove(statement: Statement, options: Options) -> Result<Box<dyn Workload>, Failure> {
    Ok(Box::new(Proving::new(statement, options)?))
}

pub(super) fn verify(statement: Statement, options: Options) -> Result<Box<dyn Workload>, Failure> {
    let mut proving = Proving::new(statement, options)?;
    proving.prove().map_err(Failure::Failed)?;
    proving.verify = true;
    Ok(Box::new(proving))
}
