//! Throw-away.
use std::time::Instant;
use winterfell::{AcceptableOptions, Proof};
use winterlane_air::{
    BatchAir,
    presets::{Preset, PresetName, SecurityLevel},
};
use winterlane_prover::{Engine, EngineOptions, prove_batch};
use winterlane_tests::scenario::{Opening, World, by_first, transfer};
use winterlane_verifier::{BatchCoin, BatchHash, BatchTree, Policy, verify_batch};
fn main() {
    for (name, slots) in [(PresetName::Fast, 1024_u32), (PresetName::Compact, 1024)] {
        let preset = Preset::new(name, SecurityLevel::Bits128);
        let accounts: Vec<_> = (1..=16).map(|id| Opening::new(id, 7, 1000)).collect();
        let mut world = World::new(5, &accounts);
        let pay = |i: u32| by_first(transfer(1 + i % 16, 1 + (i + 1) % 16, 5, 0));
        let operations: Vec<_> = (0..64).map(pay).collect();
        let batch = world.seal(&operations, Some(slots)).unwrap();
        let proof = prove_batch(&batch, preset, Engine::Simd, &EngineOptions::default()).unwrap();
        let rows = proof.rows;
        let (bytes, inputs) = (proof.proof, proof.public_inputs);
        let policy = Policy::default();
        let options = preset.options(rows).unwrap();
        let stock = || {
            let start = Instant::now();
            let proof = Proof::from_bytes(&bytes).unwrap();
            let acceptable = AcceptableOptions::OptionSet(vec![options.clone()]);
            winterfell::verify::<BatchAir, BatchHash, BatchCoin, BatchTree>(
                proof,
                inputs,
                &acceptable,
            )
            .unwrap();
            start.elapsed().as_secs_f64() * 1e3
        };
        let min = || {
            let start = Instant::now();
            let proof = Proof::from_bytes(&bytes).unwrap();
            let acceptable = AcceptableOptions::MinProvenSecurity(128);
            winterfell::verify::<BatchAir, BatchHash, BatchCoin, BatchTree>(
                proof,
                inputs,
                &acceptable,
            )
            .unwrap();
            start.elapsed().as_secs_f64() * 1e3
        };
        let ours = || {
            let start = Instant::now();
            verify_batch(&bytes, &inputs, &policy).unwrap();
            start.elapsed().as_secs_f64() * 1e3
        };
        let mut times = [vec![], vec![], vec![]];
        for _ in 0..200 {
            times[0].push(stock());
            times[1].push(ours());
        }
        for _ in 0..5 {
            times[2].push(min());
        }
        for t in &mut times {
            t.sort_by(f64::total_cmp);
        }
        let m = |i: usize| times[i][times[i].len() / 2];
        println!(
            "{preset} {} bytes: stock {:.3} ms (min {:.3}), ours {:.3} (min {:.3}), ratio {:.3} (of minima {:.3}); stock with MinProvenSecurity {:.3}",
            bytes.len(),
            m(0),
            times[0][0],
            m(1),
            times[1][0],
            m(1) / m(0),
            times[1][0] / times[0][0],
            m(2)
        );
    }
}
