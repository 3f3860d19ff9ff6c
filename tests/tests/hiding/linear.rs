//! The linear algebra that ranks are counted by.

use winterfell::math::fields::f64::BaseElement;
use winterlane_tests::linear::{Span, combination, dot, is_zero, left_kernel, rank, transpose};

fn matrix(rows: &[&[u32]]) -> Vec<Vec<BaseElement>> {
    let row = |row: &&[u32]| row.iter().map(|&x| BaseElement::from(x)).collect();
    rows.iter().map(row).collect()
}

/// A product of a 5 x 3 and a 3 x 4 matrix has rank 3, two relations, and the span of its factor.
#[test]
fn a_product_has_the_rank_of_its_factors() {
    let left = matrix(&[&[1, 2, 3], &[4, 5, 7], &[0, 1, 1], &[2, 2, 9], &[5, 6, 0]]);
    let right = matrix(&[&[3, 1, 4, 1], &[5, 9, 2, 6], &[5, 3, 5, 8]]);
    let columns = transpose(&right);
    let product: Vec<Vec<_>> = left
        .iter()
        .map(|row| columns.iter().map(|column| dot(row, column)).collect())
        .collect();
    assert_eq!(rank(&product), 3);
    let zero = BaseElement::from(0_u32);
    let kernel = left_kernel(&product);
    assert_eq!(kernel.len(), 2);
    for relation in kernel {
        assert!(!is_zero(&relation));
        let sums = transpose(&product);
        assert!(sums.iter().all(|column| dot(&relation, column) == zero));
    }
    let span = Span::of(4, product.clone());
    assert!(right.iter().all(|row| span.contains(row.clone())));
    assert!(!span.contains(matrix(&[&[0, 0, 0, 1]]).remove(0)));
    let found = combination(&product, &right[1]).expect("it is in the span");
    let sums: Vec<_> = transpose(&product).iter().map(|c| dot(&found, c)).collect();
    assert_eq!(sums, right[1]);
    assert_eq!(combination(&right, &matrix(&[&[0, 0, 0, 1]])[0]), None);
}
