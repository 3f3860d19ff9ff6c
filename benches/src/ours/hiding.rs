//! What hiding costs: a plain proof and a hiding one of the same trace, in turn.

use std::time::Instant;

use winterfell::{
    Trace, TraceTable,
    crypto::{DefaultRandomCoin, MerkleTree},
    math::fields::f64::BaseElement,
};
use winterlane_air::hiding::{Doubling, Hiding, InPlace, Mode};
use winterlane_prover::{
    EngineOptions, HidingRng, PlainProver, engine::prove_inlined, hiding::prove_hiding_inlined,
};
use winterlane_verifier::{AirPolicy, TraceShape, verify};

use crate::{
    Failure, Options, Run, Workload,
    airs::{BenchAir, Ends, Hash, Poseidon2},
    proving::clone_of,
};

type Coin = DefaultRandomCoin<Hash>;
type Tree = MerkleTree<Hash>;

/// The workload: in place the statement has half of the rows, and the other half is free.
pub(super) fn hide(
    log_rows: u32,
    options: Options,
    in_place: bool,
) -> Result<Box<dyn Workload>, Failure> {
    let trace = Poseidon2::trace(log_rows);
    let rows = trace.length() >> usize::from(in_place);
    let ends = Ends::of_rows(&trace, rows);
    Ok(if in_place {
        Box::new(Comparison::<InPlace>::new(trace, ends, options)?)
    } else {
        Box::new(Comparison::<Doubling>::new(trace, ends, options)?)
    })
}

struct Comparison<M> {
    trace: TraceTable<BaseElement>,
    ends: Ends,
    prover: PlainProver<Poseidon2, Hash>,
    plain: AirPolicy<Hash>,
    hiding: AirPolicy<Hash>,
    _mode: core::marker::PhantomData<fn() -> M>,
}

impl<M: Mode<Poseidon2>> Comparison<M> {
    fn new(trace: TraceTable<BaseElement>, ends: Ends, options: Options) -> Result<Self, Failure> {
        let options = options.to_winterfell();
        let air = <Poseidon2 as winterfell::Air>::new(trace.info().clone(), ends, options.clone());
        Ok(Self {
            plain: AirPolicy::new(TraceShape::of(&air)?, 0).accept(options.clone())?,
            hiding: AirPolicy::hiding::<Poseidon2, M>(trace.info(), ends, options.clone(), 0)?,
            prover: PlainProver::new(options, ends),
            trace,
            ends,
            _mode: core::marker::PhantomData,
        })
    }

    fn both(&self) -> Result<Run, Box<dyn std::error::Error>> {
        let options = EngineOptions::default();
        let trace = clone_of(&self.trace);
        let start = Instant::now();
        let plain = prove_inlined(&self.prover, trace, &options)?.to_bytes();
        let of_plain = start.elapsed();

        let mut rng = HidingRng::from_system()?;
        let trace = clone_of(&self.trace);
        let start = Instant::now();
        let proof = prove_hiding_inlined::<_, M>(&self.prover, trace, &mut rng, &options)?;
        let bytes = proof.to_bytes();
        let time = start.elapsed();

        let start = Instant::now();
        verify::<Poseidon2, Hash, Coin, Tree>(&plain, self.ends, &self.plain)?;
        let verify_plain = start.elapsed();
        let start = Instant::now();
        verify::<Hiding<Poseidon2, M>, Hash, Coin, Tree>(&bytes, self.ends, &self.hiding)?;
        let verify_hiding = start.elapsed();

        Ok(Run::new(time)
            .with("plain", of_plain.as_secs_f64())
            .with("plain_bytes", plain.len() as f64)
            .with("proof_bytes", bytes.len() as f64)
            .with("verify_plain", verify_plain.as_secs_f64())
            .with("verify", verify_hiding.as_secs_f64()))
    }
}

impl<M: Mode<Poseidon2>> Workload for Comparison<M> {
    fn run(&mut self) -> Result<Run, String> {
        self.both().map_err(|error| error.to_string())
    }
}
