//! Somebody who knows no witness, but the challenges beforehand, makes proofs that the stock verifier takes.

use winterfell::crypto::MerkleTree;
use winterfell::math::FieldElement;
use winterfell::math::fields::{CubeExtension, QuadExtension, f64::BaseElement};
use winterfell::{AcceptableOptions, Air, Proof, Trace, TraceInfo};
use winterlane_air::hiding::{Doubling, Hiding, InPlace, Mode};
use winterlane_tests::airs::{AnyAir, Inputs, Small};
use winterlane_tests::erased;
use winterlane_tests::report;
use winterlane_tests::scripted::{Blake, Script, ScriptedCoin};
use winterlane_tests::simulator::simulate;

use super::shape::{Shape, shape};

type Quadratic = QuadExtension<BaseElement>;
type Cubic = CubeExtension<BaseElement>;

/// What stock winterfell's verifier says under the scripted coin.
fn verdict<M: Mode<AnyAir>>(proof: &Proof, inputs: Inputs) -> Result<(), String> {
    let options = AcceptableOptions::OptionSet(vec![proof.options().clone()]);
    // As it arrives.
    let proof = Proof::from_bytes(&proof.to_bytes()).expect("a proof");
    erased::verify::<Hiding<AnyAir, M>, Blake, ScriptedCoin, MerkleTree<Blake>>(
        proof, inputs, &options,
    )
    .map_err(|error| error.to_string())
}

/// Simulates a proof of these inputs, true or not. The shape of the trace follows from the AIR.
fn simulated<E, M>(name: &str, shape: Shape, inputs: &Inputs, inner: &TraceInfo)
where
    E: FieldElement<BaseField = BaseElement>,
    M: Mode<AnyAir>,
{
    let options = shape.options(E::EXTENSION_DEGREE);
    let info = Hiding::<AnyAir, M>::trace_info(inner, inputs.clone(), &options);
    let air = Hiding::<AnyAir, M>::new(info.expect("it hides"), inputs.clone(), options);
    let proof = simulate::<_, E>(&air, inputs, 3);
    let verdict_of = |proof: &Proof| verdict::<M>(proof, inputs.clone());
    assert_eq!(verdict_of(&proof), Ok(()), "{name}, {shape:?}");
    let other = simulate::<_, E>(&air, inputs, 4);
    assert_eq!(verdict_of(&other), Ok(()), "{name}, {shape:?}");
    let bytes = [&proof, &other].map(Proof::to_bytes);
    assert_eq!(bytes[0].len(), bytes[1].len());
    // The coin gives the challenges away, but checks are what they were.
    let mixed = Proof {
        ood_frame: other.ood_frame,
        ..proof
    };
    assert!(verdict_of(&mixed).is_err(), "{name}, {shape:?}");
    report!(
        "simulator: {name}, {shape:?}: accepted, {} bytes",
        bytes[0].len()
    );
}

/// Of the true inputs of a trace, and of others for which there may be no witness at all.
fn both<E, M>((air, script): (Small, Script), name: &str, shape: Shape)
where
    E: FieldElement<BaseField = BaseElement>,
    M: Mode<AnyAir>,
{
    let trace = air.trace(0, M::inner_rows(shape.rows), 5).scripted(script);
    let inputs = AnyAir::public_inputs(&trace);
    simulated::<E, M>(name, shape, &inputs, trace.info());
    let mut false_inputs = inputs;
    for (i, input) in false_inputs.0.iter_mut().enumerate() {
        *input += BaseElement::from(1 + i as u32);
    }
    simulated::<E, M>(name, shape, &false_inputs, trace.info());
}

#[test]
fn proofs_need_no_witness_when_challenges_are_known() {
    use Script::{Chained, Crowded, Spread};
    let power = Small::power;
    let periodic = Small::Power { degree: 3, kind: 1 };
    let sequence = Small::Power { degree: 3, kind: 2 };
    both::<Cubic, InPlace>((power(2), Spread), "degree 2", shape(32, 6, 2, 2, 31));
    both::<Cubic, InPlace>((power(3), Spread), "degree 3", shape(64, 17, 4, 4, 15));
    both::<Quadratic, InPlace>((power(7), Spread), "degree 7", shape(32, 6, 8, 8, 3));
    both::<Cubic, Doubling>(
        (periodic, Spread),
        "a periodic assertion",
        shape(32, 5, 8, 2, 0),
    );
    both::<Quadratic, Doubling>((sequence, Spread), "a sequence", shape(32, 5, 4, 16, 31));
    both::<Quadratic, Doubling>(
        (Small::Periodic, Spread),
        "periodic columns",
        shape(32, 5, 8, 2, 7),
    );
    both::<Cubic, Doubling>(
        (Small::Rap, Spread),
        "an auxiliary segment",
        shape(64, 9, 4, 2, 7),
    );
    both::<Cubic, InPlace>(
        (power(3), Chained(4)),
        "x, x w, x w^2",
        shape(32, 6, 4, 2, 3),
    );
    both::<Cubic, InPlace>((power(3), Crowded), "a crowd", shape(32, 6, 4, 4, 1));
}
