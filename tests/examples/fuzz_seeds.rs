//! Writes the seeds of the fuzz targets in `fuzz/` anew: after a change of the statement, of the proof
//! options or of the small AIRs.

#![forbid(unsafe_code)]

use std::{error::Error, fs, path::Path};

use winterlane_air::presets::{Preset, PresetName, SecurityLevel};
use winterlane_ledger::{
    OperationKind, PublicInputs, Scope, SealedBatch, SlotIndex,
    codec::{CanonicalBytes, encode_batch},
    wire,
};
use winterlane_prover::{Engine, EngineOptions, prove_batch};
use winterlane_tests::{
    hostile::small_cases,
    scenario::{KeyName, Op, Opening, World, by_first, create, rotate, top_up, transfer, withdraw},
};

/// Transfers in every notation that the reader takes.
const CSV: &str = "from_address,to_address,value_wei,fee_wei,note
0x00000000000000000000000000000000000000a1,00000000000000000000000000000000000000A2,5,1,\"a, b\"
0x00000000000000000000000000000000000000a1,0x00000000000000000000000000000000000000a1,0,0,
0x00000000000000000000000000000000000000a2,0x00000000000000000000000000000000000000a1,340282366920938463463374607431768211455,0,x
";

fn main() -> Result<(), Box<dyn Error>> {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/seeds");
    let write = |target: &str, name: &str, bytes: &[u8]| {
        let directory = seeds.join(target);
        fs::create_dir_all(&directory)?;
        fs::write(directory.join(name), bytes)
    };

    let proof = prove(&batch())?;
    write("batch", "valid", &proof)?;
    write("batch", "short", &proof[..500])?;
    let inputs = batch().public_inputs;
    write("public", "valid.json", json(&inputs).as_bytes())?;

    let cases = small_cases();
    for (pick, case) in (0_u8..).zip(&cases) {
        let name = case.name.replace([' ', ','], "-");
        let input = |proof: &[u8]| [&[pick], proof].concat();
        write("door", &name, &input(&case.proof))?;
        write("door", &format!("{name}-other"), &input(&case.other))?;
    }
    for pick in 0..=cases.len() as u8 {
        for (how, at) in [(0_u8, 40_u16), (1, 400), (2, 1000)] {
            let [low, high] = at.to_le_bytes();
            let input = [pick, how, low, high, 0, 0, 1, 0xff, 0x80];
            write("parts", &format!("{pick}-{at}"), &input)?;
        }
    }

    let sealed = every_kind();
    let number = sealed.public_inputs.batch_number;
    let records = wire::encode(&sealed.records, number)?;
    write(
        "records",
        "every-kind",
        &[&number.get().to_le_bytes()[..], &records].concat(),
    )?;
    let witness = encode_batch(&sealed)?;
    write("witness", "batch", &[&[0], &witness[..]].concat())?;
    let account = sealed.operations[0].signer.as_ref().map(|s| s.account);
    let account = account.ok_or("the first operation is signed")?;
    write(
        "witness",
        "account",
        &[&[2], &account.to_bytes()[..]].concat(),
    )?;
    write(
        "witness",
        "public",
        &[&[6], &sealed.public_inputs.to_bytes()[..]].concat(),
    )?;
    write(
        "transfers",
        "notations",
        &[&[3, 4], CSV.as_bytes()].concat(),
    )?;
    Ok(())
}

/// Public inputs and the proof of a batch, as small as proofs of batches are.
fn prove(batch: &SealedBatch) -> Result<Vec<u8>, Box<dyn Error>> {
    let preset = Preset::new(PresetName::Smallest, SecurityLevel::Bits100);
    let proof = prove_batch(batch, preset, Engine::Simd, &EngineOptions::default())?;
    Ok([inputs_to_bytes(&proof.public_inputs), proof.proof].concat())
}

/// One transfer.
fn batch() -> SealedBatch {
    let mut world = World::new(5, &[Opening::new(1, 7, 1000), Opening::new(2, 7, 500)]);
    world
        .seal(&[by_first(transfer(1, 2, 10, 0))], None)
        .expect("a valid transfer")
}

/// A batch with every kind of record.
fn every_kind() -> SealedBatch {
    let mut world = World::new(5, &[Opening::new(1, 7, 1000), Opening::new(2, 7, 500)]);
    let new_slots = [(KeyName(8, 2), Scope::BOTH), (KeyName(9, 2), Scope::ROTATE)];
    let operations = [
        by_first(transfer(1, 2, 10, 1)),
        by_first(withdraw(2, 100, 2)),
        by_first(rotate(1, SlotIndex::One, KeyName(7, 2), Scope::SPEND, 3)),
        top_up(1, 7, 1 << 70),
        create(3, 7, 5, new_slots),
        Op::Collect(1),
    ];
    let batch = world.seal(&operations, None).expect("valid operations");
    assert!(
        OperationKind::ALL
            .into_iter()
            .all(|kind| { batch.records.iter().any(|record| record.kind() == kind) })
    );
    batch
}

/// Public inputs as the target `batch` reads them, in front of the proof.
fn inputs_to_bytes(inputs: &PublicInputs) -> Vec<u8> {
    let digests = [
        &inputs.domain.0,
        &inputs.old_root.0,
        &inputs.new_root.0,
        &inputs.operations_digest,
    ];
    let mut bytes: Vec<u8> = digests
        .iter()
        .flat_map(|digest| digest.to_bytes())
        .collect();
    bytes.extend(inputs.batch_number.get().to_le_bytes());
    bytes.extend(inputs.num_operations.to_le_bytes());
    bytes
}

/// Public inputs as in a public file.
fn json(inputs: &PublicInputs) -> String {
    let PublicInputs {
        domain,
        batch_number,
        old_root,
        new_root,
        operations_digest,
        num_operations,
    } = inputs;
    format!(
        r#"{{"domain": "{domain}", "batch_number": {batch_number}, "old_root": "{old_root}",
"new_root": "{new_root}", "operations_digest": "{operations_digest}", "num_operations": {num_operations}}}
"#
    )
}
