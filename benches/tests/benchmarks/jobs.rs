//! Jobs that say more than a time, and the input of one.

use winterfell::math::{FieldElement, fields::f64::BaseElement};
use winterlane_benches::field::seventh_root;
use winterlane_benches::{Contender, Job, Options, data, ours};

/// Both modes: two proofs that verify, and the hiding one is longer.
#[test]
fn plain_and_hiding_proofs_are_verified() {
    for in_place in [true, false] {
        let job = Job::Hide {
            log_rows: 8,
            options: Options::quadratic(28, 8, 0),
            in_place,
        };
        let mut work = ours::prepare(Contender::Winterlane, job).unwrap();
        let run = work.run().unwrap();
        assert!(
            run.values["proof_bytes"] > run.values["plain_bytes"],
            "{in_place}"
        );
    }
}

#[test]
fn the_root_of_a_seventh_power() {
    for seed in 0..100 {
        let x = BaseElement::new(data::value(seed));
        assert_eq!(seventh_root(x).exp(7), x);
    }
}
