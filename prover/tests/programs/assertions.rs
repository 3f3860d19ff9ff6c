//! Assertions by the hundred, and of every kind.

use winterfell::{BatchingMethod::Linear, FieldExtension, ProofOptions, Prover};
use winterlane_prover::{EngineOptions, plain::single_threaded};

use crate::program::{
    AUX, Blake, MAIN, PERIOD, ProgramProver, Statement, Table, ours, prover, same_bytes, singles,
};

#[test]
fn five_hundred_and_twelve_rows_of_one_column() {
    let main = singles(0, (0..512).map(|i| (5 * i) % 1024));
    same_bytes(
        &Statement::new(1024, main, vec![]),
        FieldExtension::Quadratic,
    );
}

#[test]
fn five_hundred_and_twelve_rows_of_all_columns_and_of_the_auxiliary_ones() {
    let main = (0..512).map(|i| [i % MAIN, (3 * i) % 1024, 0, 1]).collect();
    let aux = (0..512).map(|i| [i % AUX, i + 100, 0, 1]).collect();
    same_bytes(&Statement::new(1024, main, aux), FieldExtension::Cubic);
}

#[test]
fn single_rows_among_sequences_and_periodic_ones() {
    let rows = 256;
    let mut main = singles(1, (0..rows).filter(|row| row % 16 != 3));
    main.extend([[1, 3, 16, 16], [0, 2, 8, 32], [0, 0, 4, 64], [2, 9, 64, 4]]);
    main.extend((0..PERIOD).map(|first| [3, first, PERIOD, 1]));
    let mut aux = singles(0, (0..40).map(|i| 6 * i));
    aux.extend([[1, 5, 32, 8], [1, 0, 2, 128], [0, 1, 256, 1]]);
    for extension in [FieldExtension::None, FieldExtension::Quadratic] {
        same_bytes(&Statement::new(rows, main.clone(), aux.clone()), extension);
        same_bytes(&Statement::new(rows, main.clone(), vec![]), extension);
    }
}

#[test]
fn every_cell_of_a_short_trace() {
    let main = (0..MAIN).flat_map(|column| singles(column, 0..8)).collect();
    let aux = (0..AUX).flat_map(|column| singles(column, 0..8)).collect();
    let statement = Statement::new(8, main, aux);
    // A remainder that fits so short a trace.
    let options = ProofOptions::new(3, 4, 0, FieldExtension::Quadratic, 2, 1, Linear, Linear);
    let prover = |statement: &Statement| ProgramProver::<Blake> {
        options: options.clone(),
        ..prover(statement, FieldExtension::Quadratic, 0)
    };
    let expected = single_threaded(|| prover(&statement).prove(Table::of(&statement)));
    let proof = ours(&prover(&statement), &EngineOptions::default()).expect("a proof");
    assert!(proof.to_bytes() == expected.expect("a thread").expect("a proof").to_bytes());
}
