//! Hiding proofs as proofs: stock's bytes, both verifiers, every cell, and nothing in their length.

use winterfell::crypto::{DefaultRandomCoin, MerkleTree};
use winterfell::math::FieldElement;
use winterfell::math::fields::{CubeExtension, QuadExtension, f64::BaseElement};
use winterfell::{AcceptableOptions, Proof, Trace};
use winterlane_air::hiding::{Doubling, Hiding, InPlace, Mode};
use winterlane_air::presets::{HidingPreset, HidingPresetName};
use winterlane_prover::hiding::{HidingRng, prove_hiding, prove_hiding_inlined, prove_hiding_with};
use winterlane_prover::{EngineOptions, ProverError};
use winterlane_tests::airs::{AnyAir, AnyProver, Small, TestTrace};
use winterlane_tests::erased;
use winterlane_tests::hostile::Parts;
use winterlane_tests::report;
use winterlane_tests::scripted::{Blake, Script, ScriptedCoin, ScriptedProver};
use winterlane_tests::veil::{Cell, Hidden};
use winterlane_verifier::{AirPolicy, verify};

use super::shape::{Shape, shape};

type Quadratic = QuadExtension<BaseElement>;
type Cubic = CubeExtension<BaseElement>;

fn accepts<M: Mode<AnyAir>>(hidden: &Hidden<'_, M>, proof: Proof) -> bool {
    let options = AcceptableOptions::OptionSet(vec![proof.options().clone()]);
    let inputs = hidden.inputs.clone();
    erased::verify::<Hiding<AnyAir, M>, Blake, ScriptedCoin, MerkleTree<Blake>>(
        proof, inputs, &options,
    )
    .is_ok()
}

/// For the same randomness stock winterfell gives the same bytes, and its verifier takes them.
fn same<E, M>(air: Small, name: &str, shape: Shape)
where
    E: FieldElement<BaseField = BaseElement>,
    M: Mode<AnyAir>,
{
    let degree = E::EXTENSION_DEGREE;
    shape.hide(degree, (air, Script::Spread), |hidden: Hidden<'_, M>| {
        let proof = hidden.prove(None);
        let stock = hidden.prove_with_stock();
        assert_eq!(proof.to_bytes(), stock.to_bytes(), "{name}, {shape:?}");
        assert!(accepts(&hidden, proof), "{name}, {shape:?}");
        // And so does the call that a user makes, which never has the trace as a whole.
        let prover = ScriptedProver::new(shape.options(degree));
        let trace = air.trace(0, M::inner_rows(shape.rows), 5);
        let trace = trace.scripted(Script::Spread);
        let made = |prove: Prove| {
            let mut rng = HidingRng::from_seed([1; 32]);
            let proof = prove(&prover, trace.clone(), &mut rng, &EngineOptions::default());
            proof.expect("a proof").to_bytes()
        };
        let stock = stock.to_bytes();
        assert_eq!(made(prove_hiding_with::<_, M>), stock, "{name}, {shape:?}");
        assert_eq!(
            made(prove_hiding_inlined::<_, M>),
            stock,
            "{name}, {shape:?}"
        );
    });
}

/// A call that makes a hiding proof.
type Prove = fn(
    &ScriptedProver,
    TestTrace,
    &mut HidingRng,
    &EngineOptions<'_>,
) -> Result<Proof, ProverError>;

#[test]
fn stock_gives_the_same_bytes() {
    let power = Small::power;
    let periodic = Small::Power { degree: 3, kind: 1 };
    let sequence = Small::Power { degree: 3, kind: 2 };
    same::<Cubic, InPlace>(power(2), "degree 2", shape(32, 6, 2, 2, 31));
    same::<Quadratic, InPlace>(power(3), "degree 3", shape(64, 17, 8, 4, 7));
    same::<Cubic, InPlace>(power(4), "degree 4", shape(256, 70, 4, 16, 1));
    same::<Quadratic, InPlace>(power(7), "degree 7", shape(32, 6, 8, 8, 3));
    same::<Cubic, Doubling>(periodic, "a periodic assertion", shape(64, 5, 8, 2, 0));
    same::<Quadratic, Doubling>(sequence, "a sequence", shape(256, 50, 4, 16, 31));
    same::<Cubic, Doubling>(Small::Periodic, "periodic columns", shape(32, 5, 16, 2, 7));
    same::<Cubic, Doubling>(Small::Rap, "an auxiliary segment", shape(64, 9, 4, 2, 7));
    same::<Quadratic, Doubling>(Small::Rap, "an auxiliary segment", shape(256, 50, 2, 8, 3));
}

/// Every cell of the statement's rows is held by a constraint, every cell of the tail is free; the veil's
/// column N is held where it has to be, and the others are free.
#[test]
fn each_cell_is_held_or_free() {
    let shape = shape(32, 6, 4, 4, 7);
    let statement = (Small::power(3), Script::Spread);
    shape.hide(3, statement, |hidden: Hidden<'_, InPlace>| {
        let (mut held, mut free) = (0, 0);
        let mut check = |cell: Cell, expected: bool| {
            // The engine sees at the degree of the composition that a constraint does not hold.
            let accepted = match hidden.try_prove(Some(cell)) {
                Ok(proof) => accepts(&hidden, proof),
                Err(ProverError::UnsatisfiedConstraints { .. }) => false,
                Err(error) => panic!("{cell:?}: {error}"),
            };
            assert_eq!(accepted, expected, "{cell:?}");
            *(if accepted { &mut free } else { &mut held }) += 1;
        };
        let statement = hidden.parameters.statement_rows();
        for row in 0..shape.rows {
            for column in 0..4 {
                // The last column means nothing anywhere.
                check(Cell::Main { column, row }, row >= statement || column == 3);
            }
        }
        let random = hidden.veil_cells(1);
        for row in 0..shape.rows {
            for column in 0..hidden.parameters.veil_width() {
                let cell = Cell::Veil {
                    column,
                    row,
                    part: 0,
                };
                check(cell, random.contains(&cell));
            }
        }
        report!("cells: {held} held, {free} free");
        assert_eq!(held, 3 * statement + statement);
    });
}

/// The header, the number and the length of everything in a proof follow from inputs and positions alone.
#[test]
fn length_and_header_tell_nothing() {
    let shape = shape(64, 13, 4, 4, 7);
    let prover = ScriptedProver::new(shape.options(3));
    let proofs = (0..8_u8).map(|seed| {
        // Different witnesses too: their inputs differ, of which nothing but the number is in a proof.
        let trace = Small::Power { degree: 3, kind: 2 }.trace(0, 32, u64::from(seed / 2));
        let trace = trace.scripted(Script::Spread);
        Hidden::<Doubling>::new(&prover, trace, seed).prove(None)
    });
    let shapes = proofs.map(|proof| {
        let mut parts = Parts::decode(&proof.to_bytes(), Some(32)).expect("a proof");
        let blank = |bytes: &mut Vec<u8>| bytes.fill(0);
        for query in parts
            .trace_queries
            .iter_mut()
            .chain([&mut parts.constraint_queries])
            .chain(&mut parts.fri_layers)
        {
            blank(&mut query.values);
            if let winterlane_tests::hostile::Opening::Merkle { nodes, .. } = &mut query.opening {
                nodes.iter_mut().flatten().for_each(blank);
            }
        }
        for bytes in [
            &mut parts.commitments,
            &mut parts.remainder,
            &mut parts.ood_trace,
            &mut parts.ood_quotients,
        ] {
            blank(bytes);
        }
        parts
    });
    let shapes: Vec<_> = shapes.collect();
    assert!(shapes.iter().all(|parts| *parts == shapes[0]));
    assert_eq!(shapes[0].nonce, 1);
}

/// Two proofs of one witness, with randomness of the system: both accepted, and no field element of one is
/// in the other.
#[test]
fn two_proofs_have_nothing_in_common() {
    let shape = shape(256, 40, 8, 4, 7);
    let trace = Small::Rap.trace(0, 128, 9);
    let prover = AnyProver::<Blake>::new(shape.options(3));
    let mut rng = HidingRng::from_system().expect("randomness");
    let proofs = [(); 2].map(|()| prove_hiding(&prover, trace.clone(), &mut rng).expect("a proof"));
    let options = AcceptableOptions::OptionSet(vec![shape.options(3)]);
    let elements = proofs.map(|proof| {
        let inputs = AnyAir::public_inputs(&trace);
        let verdict = erased::verify::<
            Hiding<AnyAir>,
            Blake,
            DefaultRandomCoin<Blake>,
            MerkleTree<Blake>,
        >(proof.clone(), inputs, &options);
        assert!(verdict.is_ok(), "{verdict:?}");
        let parts = Parts::decode(&proof.to_bytes(), Some(32)).expect("a proof");
        let queries = parts
            .trace_queries
            .iter()
            .chain([&parts.constraint_queries]);
        let queries = queries
            .chain(&parts.fri_layers)
            .map(|query| &query.values[..]);
        // The first byte counts rows.
        let ood = [&parts.ood_trace[1..], &parts.ood_quotients[1..]];
        let all = queries.chain(ood).chain([&parts.remainder[..]]);
        let words = all.flat_map(|bytes| bytes.as_chunks::<8>().0);
        words.copied().collect::<std::collections::HashSet<_>>()
    });
    let common = elements[0].intersection(&elements[1]).count();
    report!(
        "two proofs: {common} of {} elements in common",
        elements[0].len()
    );
    // The remainder's last coefficient is zero in every proof.
    assert!(common <= 1);
}

/// A proof with the options of a preset, by the calls that prover and verifier make.
fn of_preset<M: Mode<AnyAir>>(air: Small, preset: HidingPreset, inner_rows: usize) {
    let options = preset
        .options_of::<AnyAir, M>(inner_rows)
        .expect("a length of it");
    let prover = AnyProver::<Blake>::new(options);
    let trace = air.trace(0, inner_rows, 5);
    let (info, inputs) = (trace.info().clone(), AnyAir::public_inputs(&trace));
    let mut rng = HidingRng::from_system().expect("randomness");
    let run = EngineOptions::default();
    let proof = prove_hiding_with::<_, M>(&prover, trace, &mut rng, &run).expect("a proof");
    let policy =
        AirPolicy::hiding_preset::<AnyAir, M>(&info, inputs.clone(), preset).expect("it hides");
    let bytes = proof.to_bytes();
    let verified = verify::<Hiding<AnyAir, M>, Blake, DefaultRandomCoin<Blake>, MerkleTree<Blake>>(
        &bytes, inputs, &policy,
    );
    let bits = verified.expect("it verifies").bits;
    assert!(bits >= preset.level.bits(), "{preset}");
    report!(
        "preset {preset}: {inner_rows} rows, {} bytes, {bits} bits",
        bytes.len()
    );
}

/// Every preset proves and verifies in place at the first length that it has.
#[test]
fn every_preset_hides_from_its_first_length_on() {
    for preset in HidingPreset::ALL {
        let rows = 1 << preset.log2_lengths().0;
        match preset.name {
            HidingPresetName::Fast => of_preset::<InPlace>(Small::power(2), preset, rows),
            _ => of_preset::<InPlace>(Small::power(3), preset, rows),
        }
        assert!(preset.options_of::<AnyAir, InPlace>(rows / 2).is_err());
    }
    for preset in HidingPreset::ALL {
        // Half the trace is the tail: enough for the queries at 2^10 rows everywhere.
        let options = preset.options(1 << 10).expect("a length of all");
        let needed = winterlane_air::hiding::min_rows_doubling(options.num_queries());
        assert!(needed <= 1 << 10, "{preset}: {needed}");
    }
    let tiny = HidingPreset::ALL[9];
    of_preset::<Doubling>(Small::Power { degree: 3, kind: 1 }, tiny, 128);
}
