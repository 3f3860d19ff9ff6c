//! What only its owner knows is in no log: `Debug` of a witness, and of what it is made of, shows no value.

use core::fmt::Debug;

use winterlane_ledger::private::PrivateInputs;

use super::{
    people,
    world::{honest, one_time_key},
};
use crate::private::{PrivateWitness, SetPath};

/// Values and digests have digits, names have none.
#[track_caller]
fn shows_nothing(secret: &dyn Debug) {
    for shown in [format!("{secret:?}"), format!("{secret:#?}")] {
        assert!(
            shown.ends_with("(..)") || shown.ends_with([')', '}', ']']),
            "{shown}"
        );
        assert!(!shown.contains(|c: char| c.is_ascii_digit()), "{shown}");
    }
}

#[test]
fn witnesses_show_nothing() {
    let cases = [honest(), people::honest()].concat();
    for case in &cases {
        shows_nothing(&case.witness);
        match &case.witness {
            PrivateWitness::Withdrawal(witness) => {
                shows_nothing(witness);
                shows_nothing(&witness.note);
                shows_nothing(&witness.note.keys);
                shows_nothing(&witness.note.keys.spend);
                shows_nothing(&witness.change);
            }
            PrivateWitness::Transfer(witness) => {
                shows_nothing(witness);
                shows_nothing(&witness.inputs);
                shows_nothing(&witness.outputs);
            }
            PrivateWitness::Balance(witness) => {
                shows_nothing(witness);
                shows_nothing(&witness.key);
            }
            PrivateWitness::Credential(witness) => {
                shows_nothing(witness);
                shows_nothing(&witness.credential);
                shows_nothing(&witness.credential.body());
                shows_nothing(&witness.holder);
                shows_nothing(&people::attributes().attributes[0]);
                witness
                    .sets
                    .iter()
                    .flatten()
                    .for_each(|set| shows_nothing(set));
            }
        }
    }
    shows_nothing(&one_time_key());
    shows_nothing(&SetPath {
        place: 7,
        siblings: vec![],
    });
    // public inputs are for everybody to see, and the test can tell
    let PrivateInputs::Withdrawal(inputs) = &cases[0].inputs else {
        panic!("the first is a withdrawal");
    };
    assert!(format!("{inputs:?}").contains("700"));
}
