//! Plonky3's hiding prover: salted Merkle trees, a trace of twice the rows, and as many random columns as the
//! challenges have coordinates, which are the fewest that it takes. Beside it, in turn, the plain one.

use std::time::Instant;

use p3_commit::ExtensionMmcs;
use p3_dft::Radix2DitParallel;
use p3_fri::HidingFriPcs;
use p3_goldilocks::Goldilocks;
use p3_matrix::dense::RowMajorMatrix;
use p3_merkle_tree::MerkleTreeHidingMmcs;
use p3_uni_stark::StarkConfig;
use rand::{SeedableRng, rngs::StdRng};
use winterlane_benches::{Failure, Options, Run, Workload};

use super::prove::{
    self, Air, Challenge, Challenger, Compress, FieldHash, constants, filled, inputs, parameters,
    roomy,
};
use p3_blake3::Blake3;

/// Field elements of salt for each leaf: 256 bits.
const SALT: usize = 4;
/// Random columns: a coordinate of the challenges each.
const RANDOM_COLUMNS: usize = 2;

type Commitments = MerkleTreeHidingMmcs<Goldilocks, u8, FieldHash, Compress, StdRng, 2, 32, SALT>;
type ExtensionCommitments = ExtensionMmcs<Goldilocks, Challenge, Commitments>;
type Pcs = HidingFriPcs<
    Goldilocks,
    Radix2DitParallel<Goldilocks>,
    Commitments,
    ExtensionCommitments,
    StdRng,
>;
type Config = StarkConfig<Pcs, Challenge, Challenger>;

/// Seeds are fixed: the time of a proof does not depend on them, and nothing here is secret.
fn config(options: Options) -> Config {
    let commitments = |seed| {
        Commitments::new(
            FieldHash::new(Blake3),
            Compress::new(Blake3),
            0,
            StdRng::seed_from_u64(seed),
        )
    };
    let parameters = parameters(options, ExtensionCommitments::new(commitments(1)));
    let pcs = Pcs::new(
        Radix2DitParallel::default(),
        commitments(2),
        parameters,
        RANDOM_COLUMNS,
        StdRng::seed_from_u64(3),
    );
    Config::new(pcs, Challenger::from_hasher(Vec::new(), Blake3))
}

struct Comparison {
    plain: prove::Config,
    hiding: Config,
    air: Air,
    trace: RowMajorMatrix<Goldilocks>,
    log_blowup: u32,
}

pub(super) fn hide(log_rows: u32, options: Options) -> Result<Box<dyn Workload>, Failure> {
    let constants = constants();
    let trace = filled(inputs(log_rows), &constants);
    Ok(Box::new(Comparison {
        plain: prove::config(options),
        hiding: config(options),
        air: Air::new(constants),
        trace,
        log_blowup: options.blowup.ilog2(),
    }))
}

impl Workload for Comparison {
    fn run(&mut self) -> Result<Run, String> {
        let error = |error: &dyn core::fmt::Debug| format!("{error:?}");
        let size = |error: bincode::Error| error.to_string();

        let trace = roomy(&self.trace, self.log_blowup);
        let start = Instant::now();
        let plain = p3_uni_stark::prove(&self.plain, &self.air, trace, &[])
            .map_err(|failure| error(&failure))?;
        let of_plain = start.elapsed();

        // Twice the rows.
        let trace = roomy(&self.trace, self.log_blowup + 1);
        let start = Instant::now();
        let proof = p3_uni_stark::prove(&self.hiding, &self.air, trace, &[])
            .map_err(|failure| error(&failure))?;
        let time = start.elapsed();

        let start = Instant::now();
        p3_uni_stark::verify(&self.plain, &self.air, &plain, &[])
            .map_err(|failure| error(&failure))?;
        let verify_plain = start.elapsed();
        let start = Instant::now();
        p3_uni_stark::verify(&self.hiding, &self.air, &proof, &[])
            .map_err(|failure| error(&failure))?;
        let verify = start.elapsed();

        Ok(Run::new(time)
            .with("plain", of_plain.as_secs_f64())
            .with(
                "plain_bytes",
                bincode::serialized_size(&plain).map_err(size)? as f64,
            )
            .with(
                "proof_bytes",
                bincode::serialized_size(&proof).map_err(size)? as f64,
            )
            .with("verify_plain", verify_plain.as_secs_f64())
            .with("verify", verify.as_secs_f64()))
    }
}
