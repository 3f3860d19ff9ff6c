//! No bytes crash the verifier, none but a valid proof's are accepted, and memory is bounded.
//!
//! One test, so that nothing else allocates while a mutant is verified.

use winterlane_tests::hostile::{Parts, Tally, mutants, small_cases, structured};

/// Structured mutants of each case.
const STRUCTURED: u32 = 6_000;

/// The least number of mutants in all.
const LEAST: usize = 200_000;

#[test]
fn no_bytes_crash_the_verifier() {
    let _alone = crate::alone();
    // Panics are counted; their messages would drown the counts.
    std::panic::set_hook(Box::new(|_| {}));
    let mut total = 0;
    for case in small_cases() {
        let digest_bytes = case.merkle.then_some(case.digest_bytes);
        let parts = Parts::decode(&case.proof, digest_bytes).unwrap();
        let other = Parts::decode(&case.other, digest_bytes).unwrap();
        let verified = (case.verify)(&case.proof).unwrap_or_else(|e| panic!("{}: {e}", case.name));
        assert_eq!(verified.proof_bytes, case.proof.len());
        assert!((case.verify)(&case.other).is_err(), "another statement");

        let mut tally = Tally::default();
        mutants::bytes(&case, &mut tally, 1);
        mutants::truncations(&case, &mut tally, 1);
        mutants::appended(&case, &mut tally);
        mutants::splices(&case, &parts, &other, &mut tally, 1);
        mutants::fields(&case, &parts, &mut tally);
        structured::run(&case, &parts, &mut tally, STRUCTURED);
        winterlane_tests::report!("{} ({} bytes): {tally}", case.name, case.proof.len());
        tally.assert_clean();
        total += tally.tried;
    }
    winterlane_tests::report!("{total} mutants in all: 0 panics, 0 aborts, 0 accepted");
    assert!(total >= LEAST, "{total} mutants are fewer than {LEAST}");
}
