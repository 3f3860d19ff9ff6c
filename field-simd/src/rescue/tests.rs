//! Every backend against winter-crypto.

use proptest::{collection::vec, prelude::*};
use winter_crypto::Hasher;
use winter_math::{FieldElement, StarkField};

use super::*;

type Digest = <RpJive64_256 as Hasher>::Digest;

fn on_each(test: impl Fn(Backend)) {
    for backend in Backend::available() {
        backend.with(|| test(backend)).unwrap();
    }
}

/// Words of any residue, loose ones included, with the field's edges.
fn word() -> impl Strategy<Value = BaseElement> {
    let p = BaseElement::MODULUS;
    let edges = [
        0,
        1,
        p - 1,
        p,
        p + 1,
        (1 << 32) - 1,
        1 << 32,
        p - (1 << 32),
        u64::MAX,
    ];
    prop_oneof![4 => any::<u64>(), 1 => proptest::sample::select(edges.to_vec())]
        .prop_map(BaseElement::from_mont)
}

fn states() -> impl Strategy<Value = Vec<State>> {
    vec(proptest::array::uniform8(word()), 0..28)
}

/// The canonical bits, which are what outputs must have.
fn bits<const N: usize>(elements: &[BaseElement; N]) -> [u64; N] {
    elements.map(|x| x.inner())
}

/// The same element below the modulus, which winter-math's additions need.
fn reduced(x: BaseElement) -> BaseElement {
    BaseElement::new(x.as_int())
}

/// The bits that winter-crypto's result has once it is canonical.
fn canonical<const N: usize>(elements: &[BaseElement; N]) -> [u64; N] {
    elements.map(|x| reduced(x).inner())
}

/// Winter-crypto's compression, by its parts and as a whole.
fn stock_merge(input: &State) -> Compression {
    let input = input.map(reduced);
    let mut state = input;
    RpJive64_256::apply_permutation(&mut state);
    let sum = |i: usize| input[i] + input[i + 4] + state[i] + state[i + 4];
    let by_hand = core::array::from_fn(sum);
    let [a, b] = [&input[..4], &input[4..]].map(|half| Digest::new(half.try_into().unwrap()));
    let merged = RpJive64_256::merge(&[a, b]);
    assert_eq!(
        canonical(&by_hand),
        canonical(merged.as_elements().try_into().unwrap())
    );
    by_hand
}

/// The trace by its definition, in integers of the field alone.
fn naive_trace(input: &State) -> Vec<u64> {
    let apply = |x: &State, ark: &State| -> State {
        core::array::from_fn(|r| {
            let row = RpJive64_256::MDS[r].iter().zip(x);
            row.fold(ark[r], |sum, (&m, &x)| sum + m * x)
        })
    };
    let mut state = input.map(reduced);
    let mut lanes = state.to_vec();
    for round in 0..NUM_ROUNDS {
        let middle = apply(&state.map(|s| s.exp(7)), &RpJive64_256::ARK1[round]);
        let middle = middle.map(|y| y.exp(10_540_996_611_094_048_183));
        lanes.extend(state.map(|s| s.exp(3)));
        lanes.extend(middle);
        lanes.extend(middle.map(|v| v.exp(3)));
        state = apply(&middle, &RpJive64_256::ARK2[round]);
    }
    lanes.iter().map(|x| reduced(*x).inner()).collect()
}

/// The vector of winter-crypto's own tests, which comes from the Sage reference.
#[test]
fn reference_permutation() {
    let expected = [
        16_940_713_730_596_720_799,
        16_218_555_904_323_712_189,
        11_042_680_722_444_601_138,
        5_370_396_747_047_489_939,
        6_349_480_890_410_006_944,
        1_551_053_614_279_730_715,
        3_995_941_143_622_927_528,
        9_350_074_312_471_431_779,
    ];
    on_each(|backend| {
        for count in 1..=9 {
            let mut states = vec![core::array::from_fn(|i| BaseElement::new(i as u64)); count];
            permute_many(&mut states);
            for state in &states {
                assert_eq!(state.map(|x| x.as_int()), expected, "{backend}, {count}");
            }
        }
    });
}

#[test]
fn power_and_root_are_inverse() {
    // 7 * 10540996611094048183 = 1 modulo p - 1.
    let product = 7 * 10_540_996_611_094_048_183_u128;
    assert_eq!(product % u128::from(BaseElement::MODULUS - 1), 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 1 } else { 24 }))]

    #[test]
    fn permutations(states in states()) {
        on_each(|backend| {
            let mut ours = states.clone();
            permute_many(&mut ours);
            for (i, (ours, state)) in ours.iter().zip(&states).enumerate() {
                let mut stock = state.map(reduced);
                RpJive64_256::apply_permutation(&mut stock);
                assert_eq!(bits(ours), canonical(&stock), "{backend}, {i} of {}", states.len());
            }
        });
    }

    #[test]
    fn merges(inputs in states()) {
        on_each(|backend| {
            let mut ours = vec![[BaseElement::ZERO; 4]; inputs.len()];
            merge_many(&inputs, &mut ours).unwrap();
            for (i, (ours, input)) in ours.iter().zip(&inputs).enumerate() {
                let stock = canonical(&stock_merge(input));
                assert_eq!(bits(ours), stock, "{backend}, {i} of {}", inputs.len());
            }
        });
    }

    #[test]
    fn traces(inputs in states(), gap in 0_usize..4) {
        let count = inputs.len();
        let free = BaseElement::from_mont(0x5a5a_5a5a);
        on_each(|backend| {
            let pitch = count + gap;
            let len = TRACE_LANES * pitch;
            let mut lanes = vec![free; len];
            let mut outputs = vec![[BaseElement::ZERO; 4]; count];
            trace_many(&inputs, &mut lanes, pitch, &mut outputs).unwrap();
            for (i, input) in inputs.iter().enumerate() {
                assert_eq!(bits(&outputs[i]), canonical(&stock_merge(input)));
                for (lane, expected) in naive_trace(input).into_iter().enumerate() {
                    let got = lanes[lane * pitch + i].inner();
                    assert_eq!(got, expected, "{backend}, lane {lane} of input {i}");
                }
            }
            let untouched = |at: &usize| at % pitch.max(1) >= count;
            assert!((0..len).filter(untouched).all(|at| lanes[at].inner() == free.inner()));
        });
    }
}

#[test]
fn traces_of_a_chain_side_by_side() {
    // Eight steps of a chain, the rows of each lane together.
    let (count, steps) = (11, 8);
    on_each(|_| {
        let mut inputs: Vec<State> = (0..count as u64)
            .map(|i| core::array::from_fn(|j| BaseElement::new(i * 8 + j as u64)))
            .collect();
        let mut outputs = vec![[BaseElement::ZERO; 4]; count];
        let mut lanes = vec![BaseElement::ZERO; TRACE_LANES * count * steps];
        for step in 0..steps {
            let rows = &mut lanes[step * count..];
            trace_many(&inputs, rows, steps * count, &mut outputs).unwrap();
            for (i, input) in inputs.iter_mut().enumerate() {
                let expected = naive_trace(input);
                let rows = (0..TRACE_LANES).map(|lane| lanes[(lane * steps + step) * count + i]);
                assert!(rows.map(|x| x.inner()).eq(expected));
                input[..4].copy_from_slice(&outputs[i]);
            }
        }
    });
}

#[test]
fn errors_say_what_is_wrong() {
    let inputs = [[BaseElement::ONE; 8]; 3];
    let mut outputs = [[BaseElement::ZERO; 4]; 3];
    let error = |expected, got| Err(LengthError { expected, got });
    assert_eq!(merge_many(&inputs, &mut outputs[..2]), error(3, 2));
    assert_eq!(merge_many(&inputs[..1], &mut outputs[..2]), error(1, 2));
    let mut lanes = vec![BaseElement::ZERO; 3 * TRACE_LANES];
    let len = lanes.len();
    assert_eq!(
        trace_many(&inputs, &mut lanes, 3, &mut outputs[..2]),
        error(3, 2)
    );
    assert_eq!(
        trace_many(&inputs, &mut lanes, 2, &mut outputs),
        error(3, 2)
    );
    assert_eq!(
        trace_many(&inputs, &mut lanes[1..], 3, &mut outputs),
        error(len, len - 1)
    );
    assert_eq!(
        trace_many(&inputs, &mut lanes, 4, &mut outputs),
        error(4 * (TRACE_LANES - 1) + 3, len)
    );
    assert_eq!(
        trace_many(&inputs, &mut lanes, usize::MAX, &mut outputs),
        error(usize::MAX, len)
    );
    assert_eq!(trace_many(&inputs, &mut lanes, 3, &mut outputs), Ok(()));
    assert_eq!(trace_many(&[], &mut [], 0, &mut []), Ok(()));
}
