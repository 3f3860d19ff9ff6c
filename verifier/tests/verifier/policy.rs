//! What can be declared and accepted, up to its bounds.

use winter_air::{BatchingMethod, FieldExtension, ProofOptions};
use winter_crypto::hashers::Blake3_256;
use winter_math::fields::f64::BaseElement;
use winterlane_air::presets::{Preset, PresetName, SecurityLevel};
use winterlane_ledger::{BatchNumber, Digest, Domain, MAX_OPERATIONS, PublicInputs, Root};
use winterlane_verifier::{
    AirPolicy, Batch, ChainFault, DEFAULT_MAX_PROOF_BYTES, InputsError, MAX_LOG2_LDE_LENGTH,
    MAX_NUM_QUERIES, MAX_TRACE_WIDTH, Policy, PolicyError, Section, TraceShape, VerifyError,
    verify_batch, verify_chain,
};

type Hash = Blake3_256<BaseElement>;

fn options(queries: usize, blowup: usize, folding: usize, remainder: usize) -> ProofOptions {
    let linear = BatchingMethod::Linear;
    let cubic = FieldExtension::Cubic;
    ProofOptions::new(
        queries, blowup, 0, cubic, folding, remainder, linear, linear,
    )
}

#[test]
fn shapes_within_their_bounds() {
    let shape = TraceShape::new(7, 9, 3..=5).unwrap();
    assert_eq!((shape.main_width(), shape.num_constraints()), (7, 9));
    assert_eq!(shape.log2_lengths(), 3..=5);
    assert_eq!((shape.aux_width(), shape.num_aux_rands()), (0, 0));
    assert!(shape.metadata().is_empty());
    let shape = shape.with_aux_segment(2, 3).unwrap();
    let shape = shape.with_metadata(vec![5, 6]).unwrap();
    assert_eq!((shape.aux_width(), shape.num_aux_rands()), (2, 3));
    assert_eq!(shape.metadata(), [5, 6]);

    assert_eq!(MAX_TRACE_WIDTH, 254);
    for (main, good) in [(0, false), (1, true), (254, true), (255, false)] {
        assert_eq!(TraceShape::new(main, 1, 3..=3).is_ok(), good, "{main}");
    }
    let most = u32::MAX as usize;
    for (number, good) in [(0, false), (1, true), (most, true), (most + 1, false)] {
        assert_eq!(TraceShape::new(1, number, 3..=3).is_ok(), good, "{number}");
    }
    let lengths = [(3, 3, true), (3, 31, true), (2, 3, false), (3, 32, false)];
    for (min, max, good) in lengths {
        assert_eq!(
            TraceShape::new(1, 1, min..=max).is_ok(),
            good,
            "{min} {max}"
        );
    }
    #[expect(clippy::reversed_empty_ranges, reason = "that is what is refused")]
    let reversed = TraceShape::new(1, 1, 4..=3);
    assert_eq!(reversed, Err(PolicyError::Lengths { min: 4, max: 3 }));
}

#[test]
fn auxiliary_segments_within_their_bounds() {
    let shape = || TraceShape::new(200, 9, 3..=5).unwrap();
    for (aux, good) in [(0, false), (1, true), (54, true), (55, false), (255, false)] {
        let with = shape().with_aux_segment(aux, 1);
        assert_eq!(with.is_ok(), good, "{aux}");
        if !good {
            assert_eq!(with, Err(PolicyError::Width { main: 200, aux }));
        }
    }
    for (rands, good) in [(0, false), (1, true), (255, true), (256, false)] {
        let with = shape().with_aux_segment(1, rands);
        assert_eq!(with.is_ok(), good, "{rands}");
        if !good {
            assert_eq!(with, Err(PolicyError::NumAuxRands(rands)));
        }
    }
    for (len, good) in [(0, true), (65_535, true), (65_536, false)] {
        let with = shape().with_metadata(vec![0; len]);
        assert_eq!(with.is_ok(), good, "{len}");
    }
}

#[test]
fn options_within_their_bounds() {
    let accept = |lengths: core::ops::RangeInclusive<u32>, options: ProofOptions| {
        AirPolicy::<Hash>::new(TraceShape::new(1, 3, lengths).unwrap(), 0)
            .accept(options)
            .map(|_| ())
    };
    // an LDE domain of at most 2^31 points
    assert_eq!(MAX_LOG2_LDE_LENGTH, 31);
    assert_eq!(accept(29..=29, options(8, 4, 2, 31)), Ok(()));
    assert_eq!(
        accept(29..=30, options(8, 4, 2, 31)),
        Err(PolicyError::Domain {
            log2_length: 30,
            blowup: 4
        })
    );
    // at most 254 queries, and fewer than points
    assert_eq!(MAX_NUM_QUERIES, 254);
    assert_eq!(accept(8..=8, options(254, 2, 2, 31)), Ok(()));
    assert_eq!(
        accept(8..=8, options(255, 2, 2, 31)),
        Err(PolicyError::NumQueries {
            queries: 255,
            domain: 512
        })
    );
    assert_eq!(accept(3..=3, options(15, 2, 2, 7)), Ok(()));
    for queries in [16, 17] {
        assert_eq!(
            accept(3..=3, options(queries, 2, 2, 7)),
            Err(PolicyError::NumQueries {
                queries,
                domain: 16
            })
        );
    }
    // 64 = 16 * 4 does not fold by 16 twice; 256 does
    assert_eq!(accept(6..=6, options(8, 2, 16, 3)), Ok(()));
    assert_eq!(
        accept(6..=6, options(8, 2, 16, 1)),
        Err(PolicyError::Folding {
            log2_length: 6,
            folding: 16
        })
    );
    assert_eq!(accept(8..=8, options(8, 2, 16, 0)), Ok(()));
    assert_eq!(accept(6..=6, options(8, 2, 4, 0)), Ok(()));
}

#[test]
fn a_policy_has_the_bits_it_asks_for() {
    let (few, many) = (options(8, 4, 2, 31), options(40, 4, 2, 31));
    let shape = TraceShape::new(1, 3, 8..=9).unwrap();
    let policy = AirPolicy::<Hash>::new(shape.clone(), 0);
    assert_eq!(policy.max_proof_bytes(), DEFAULT_MAX_PROOF_BYTES);
    assert_eq!(DEFAULT_MAX_PROOF_BYTES, 4 * 1024 * 1024);
    assert_eq!(policy.with_max_proof_bytes(77).max_proof_bytes(), 77);

    let policy = AirPolicy::<Hash>::new(shape.clone(), 0);
    let policy = policy.accept(few.clone()).unwrap();
    let policy = policy.accept(many.clone()).unwrap();
    let bits = |options: &ProofOptions, log2| policy.bits(options, log2);
    let weak = bits(&few, 9).unwrap();
    assert!(1 < weak && weak < bits(&many, 9).unwrap());
    assert!(bits(&many, 8).unwrap() <= 128);
    assert_eq!(bits(&few, 10), None);
    assert_eq!(bits(&options(9, 4, 2, 31), 9), None);

    // exactly what it asks for is enough
    let least = bits(&few, 8).unwrap().min(weak);
    let strict = |bits| AirPolicy::<Hash>::new(shape.clone(), bits);
    assert_eq!(strict(least).min_bits(), least);
    assert!(strict(least).accept(few.clone()).is_ok());
    assert!(strict(least - 1).accept(few.clone()).is_ok());
    assert!(matches!(
        strict(least + 1).accept(few),
        Err(PolicyError::TooWeak { bits, required, .. }) if bits == least && required == least + 1
    ));
    let shown = format!("{policy:?}");
    assert!(
        shown.contains("AirPolicy") && shown.contains("min_bits: 0"),
        "{shown}"
    );
    assert_eq!(format!("{:?}", policy.clone()), shown);
}

#[test]
fn presets_of_a_policy() {
    let compact = Preset::new(PresetName::Compact, SecurityLevel::Bits100);
    let fast = Preset::new(PresetName::Fast, SecurityLevel::Bits128);
    let accepted = |policy: &Policy| policy.presets().collect::<Vec<_>>();
    let only = Policy::only(compact);
    assert_eq!(accepted(&only), [compact]);
    assert!(only.accepts(compact) && !only.accepts(fast));
    let both = only.clone().and(fast);
    assert_eq!(accepted(&both), [fast, compact]);
    assert_eq!(accepted(&both.clone().and(fast)), [fast, compact]);
    let names = |policy: &Policy, level| policy.names(level).collect::<Vec<_>>();
    assert_eq!(names(&both, SecurityLevel::Bits100), [PresetName::Compact]);
    assert_eq!(names(&both, SecurityLevel::Bits128), [PresetName::Fast]);
    let default = Policy::default();
    assert_eq!(names(&default, SecurityLevel::Bits128), PresetName::ALL);
    assert!(names(&default, SecurityLevel::Bits100).is_empty());
    assert_eq!(default.max_proof_bytes(), DEFAULT_MAX_PROOF_BYTES);
    let capped = both.clone().with_max_proof_bytes(77);
    assert_eq!(capped.max_proof_bytes(), 77);
    assert_eq!(accepted(&capped), accepted(&both));
}

fn inputs() -> PublicInputs {
    let digest = |n: u32| Digest([n, n + 1, n + 2, n + 3].map(BaseElement::from));
    PublicInputs {
        domain: Domain(digest(1)),
        batch_number: BatchNumber::new(5),
        old_root: Root(digest(11)),
        new_root: Root(digest(21)),
        operations_digest: digest(31),
        num_operations: 16,
    }
}

#[test]
fn inputs_that_no_batch_has() {
    let verify = |inputs: &PublicInputs| verify_batch(&[], inputs, &Policy::default());
    let no_proof = |inputs: &PublicInputs| {
        let error = verify(inputs).unwrap_err();
        let header = Section::TraceInfo;
        matches!(error, VerifyError::Refused { section, .. } if section == header)
    };
    for num_operations in [1, 2, 16, MAX_OPERATIONS] {
        assert!(no_proof(&PublicInputs {
            num_operations,
            ..inputs()
        }));
    }
    for number in [
        0,
        3,
        MAX_OPERATIONS - 1,
        MAX_OPERATIONS + 1,
        2 * MAX_OPERATIONS,
    ] {
        let mut inputs = inputs();
        inputs.num_operations = number;
        let error = VerifyError::Inputs(InputsError::NumOperations(number));
        assert_eq!(verify(&inputs), Err(error));
    }
    let mut inputs = inputs();
    inputs.batch_number = BatchNumber::new((1 << 62) - 1);
    assert!(no_proof(&inputs));
    for number in [1 << 62, u64::MAX] {
        inputs.batch_number = BatchNumber::new(number);
        let error = VerifyError::Inputs(InputsError::BatchNumber(BatchNumber::new(number)));
        assert_eq!(verify(&inputs), Err(error));
    }
}

/// The links of a chain are looked at before any proof.
#[test]
fn links_of_a_chain() {
    let fault = |chain: &[PublicInputs]| {
        let chain: Vec<_> = chain
            .iter()
            .map(|&inputs| Batch { inputs, proof: &[] })
            .collect();
        let error = verify_chain(&chain, &Policy::default()).unwrap_err();
        (error.index, error.fault)
    };
    let first = inputs();
    let second = PublicInputs {
        batch_number: BatchNumber::new(6),
        old_root: first.new_root,
        new_root: first.old_root,
        ..first
    };
    assert_eq!(fault(&[]), (0, ChainFault::Empty));
    assert!(matches!(fault(&[first]), (0, ChainFault::Proof(_))));
    assert!(matches!(fault(&[first, second]), (0, ChainFault::Proof(_))));

    let (mut domain, mut number, mut root) = (second, second, second);
    domain.domain = Domain(first.new_root.0);
    let (expected, found) = (first.domain, domain.domain);
    assert_eq!(
        fault(&[first, domain]),
        (1, ChainFault::Domain { expected, found })
    );
    number.batch_number = BatchNumber::new(7);
    let (before, found) = (5, 7);
    assert_eq!(
        fault(&[first, number]),
        (1, ChainFault::Number { before, found })
    );
    root.old_root = first.old_root;
    let (expected, found) = (first.new_root, first.old_root);
    assert_eq!(
        fault(&[first, second, root]).0,
        2,
        "its number does not follow"
    );
    assert_eq!(
        fault(&[first, root]),
        (1, ChainFault::Root { expected, found })
    );
}

#[test]
fn every_section_has_a_name() {
    let sections = [
        (Section::TraceInfo, "trace info"),
        (Section::FieldModulus, "field modulus"),
        (Section::Options, "options"),
        (Section::NumConstraints, "number of constraints"),
        (Section::NumQueries, "number of queries"),
        (Section::Commitments, "commitments"),
        (Section::TraceQueries(1), "queries of trace segment 1"),
        (Section::ConstraintQueries, "constraint queries"),
        (Section::OodFrame, "out-of-domain frame"),
        (Section::FriLayer(2), "FRI layer 2"),
        (Section::FriRemainder, "FRI remainder"),
        (Section::Nonce, "nonce"),
        (Section::End, "end of proof"),
    ];
    for (section, name) in sections {
        assert_eq!(section.to_string(), name);
    }
}
