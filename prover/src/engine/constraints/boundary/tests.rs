//! Against winterfell's own evaluation of boundary constraints, out of the verifier.

use winter_air::{
    Air, AirContext, Assertion, AuxRandElements, BatchingMethod::Linear, EvaluationFrame,
    FieldExtension, ProofOptions, TraceInfo, TransitionConstraintDegree,
};
use winter_math::fields::{CubeExtension, QuadExtension};
use winterlane_field_simd::{Backend, Kernel, dispatch};

use super::*;

const ROWS: usize = 64;
const MAIN: usize = 3;
const AUX: usize = 2;

/// Nothing but assertions.
struct Asserted {
    context: AirContext<BaseElement>,
    main: Vec<Assertion<BaseElement>>,
    /// Column, first row, stride (0 for a single row) and number of values.
    aux: Vec<[usize; 4]>,
}

/// An element of any field that has all its coordinates.
fn element<E: FieldElement<BaseField = BaseElement>>(seed: usize) -> E {
    let coordinates: Vec<_> = (0..E::EXTENSION_DEGREE as u64)
        .map(|d| BaseElement::new((seed as u64 + 7 * d + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15)))
        .collect();
    E::slice_from_base_elements(&coordinates)[0]
}

fn assertion<E: FieldElement<BaseField = BaseElement>>(shape: [usize; 4]) -> Assertion<E> {
    let [column, first, stride, values] = shape;
    let seed = 1000 * column + first;
    match (stride, values) {
        (0, _) => Assertion::single(column, first, element(seed)),
        (stride, 1) => Assertion::periodic(column, first, stride, element(seed)),
        _ => {
            let values = (0..values).map(|i| element(seed + 31 * i)).collect();
            Assertion::sequence(column, first, stride, values)
        }
    }
}

impl Air for Asserted {
    type BaseField = BaseElement;
    type PublicInputs = ();

    fn new(_: TraceInfo, (): (), _: ProofOptions) -> Self {
        unreachable!("made by its fields")
    }

    fn context(&self) -> &AirContext<BaseElement> {
        &self.context
    }

    fn evaluate_transition<E: FieldElement<BaseField = BaseElement>>(
        &self,
        _: &EvaluationFrame<E>,
        _: &[E],
        _: &mut [E],
    ) {
    }

    fn get_assertions(&self) -> Vec<Assertion<BaseElement>> {
        self.main.clone()
    }

    fn get_aux_assertions<E: FieldElement<BaseField = BaseElement>>(
        &self,
        _: &AuxRandElements<E>,
    ) -> Vec<Assertion<E>> {
        self.aux.iter().map(|&shape| assertion(shape)).collect()
    }
}

/// The constraints at all points of the constraint evaluation domain, by coordinate.
struct Evaluate<'a> {
    boundary: &'a Boundary,
    inverses: &'a Inverses,
    domain: &'a Domain,
    degree: usize,
    /// Base columns over all constraint cosets.
    cells: &'a [Vec<BaseElement>],
}

impl Kernel for Evaluate<'_> {
    type Output = Vec<Vec<BaseElement>>;

    #[inline(always)]
    fn run<V: Vector>(self, _: V::Token) -> Self::Output {
        let mut out = vec![vec![BaseElement::ZERO; self.domain.ce_size()]; self.degree];
        for coset in 0..self.domain.ce_blowup() {
            let offset = self.domain.coset_offset(self.domain.ce_coset(coset));
            let zerofier = offset.exp(ROWS as u64) - BaseElement::ONE;
            let x =
                winter_math::get_power_series_with_offset(self.domain.trace_root(), offset, ROWS);
            for row in (0..ROWS).step_by(V::LANES) {
                let through = coset * ROWS + row;
                let cells: Vec<_> = self
                    .cells
                    .iter()
                    .map(|column| PackedElement::<V>::load(&column[through..]))
                    .collect();
                let place = Place {
                    coset,
                    row,
                    through,
                    pack: 0,
                    scaled_zerofier: BaseElement::new(ROWS as u64) / zerofier,
                    degree: self.degree,
                };
                let mut sums = [PackedElement::ONE; 3];
                let x = PackedElement::load(&x[row..]);
                self.boundary
                    .add(self.inverses, x, &cells, place, &mut sums);
                for (out, sum) in out.iter_mut().zip(sums) {
                    (sum - PackedElement::ONE).store(&mut out[through..]);
                }
            }
        }
        out
    }
}

/// Compares for these assertions, `[column, first row, stride, values]`, on both segments.
fn compare<E>(extension: FieldExtension, main: &[[usize; 4]], aux: &[[usize; 4]])
where
    E: FieldElement<BaseField = BaseElement>,
{
    let options = ProofOptions::new(8, 4, 0, extension, 2, 3, Linear, Linear);
    let degrees = vec![TransitionConstraintDegree::new(2)];
    let context = AirContext::new_multi_segment(
        TraceInfo::new_multi_segment(MAIN, AUX, 1, ROWS, vec![]),
        degrees.clone(),
        degrees,
        main.len(),
        aux.len(),
        options,
    );
    let air = Asserted {
        context,
        main: main.iter().map(|&shape| assertion(shape)).collect(),
        aux: aux.to_vec(),
    };
    let rand = AuxRandElements::new(vec![E::ONE]);
    let coefficients: Vec<E> = (0..main.len() + aux.len())
        .map(|i| element(500 + i))
        .collect();
    let source = air.get_boundary_constraints(Some(&rand), &coefficients);
    let domain = Domain::new(air.context(), air.domain_offset());
    let (on_main, on_aux, inverses) = Boundary::of(&source, &domain);

    let points: Vec<E> = (0..domain.ce_blowup())
        .flat_map(|k| {
            let offset = domain.coset_offset(domain.ce_coset(k));
            winter_math::get_power_series_with_offset(domain.trace_root(), offset, ROWS)
        })
        .map(E::from)
        .collect();
    let check = |boundary: &Boundary, columns: &[Vec<E>], base: bool, of_aux: bool| {
        let degree = E::EXTENSION_DEGREE;
        let coordinates = if base { 1 } else { degree };
        let cells: Vec<Vec<_>> = columns
            .iter()
            .flat_map(|column| {
                (0..coordinates).map(|d| column.iter().map(|x| x.base_element(d)).collect())
            })
            .collect();
        for backend in Backend::available() {
            let task = Evaluate {
                boundary,
                inverses: &inverses,
                domain: &domain,
                degree,
                cells: &cells,
            };
            let got = dispatch(backend, task);
            for (i, &x) in points.iter().enumerate() {
                let state: Vec<E> = columns.iter().map(|column| column[i]).collect();
                let expected = if of_aux {
                    let groups = source.aux_constraints().iter();
                    groups.fold(E::ZERO, |sum, group| sum + group.evaluate_at(&state, x))
                } else {
                    let groups = source.main_constraints().iter();
                    groups.fold(E::ZERO, |sum, group| sum + group.evaluate_at(&state, x))
                };
                for (d, got) in got.iter().enumerate() {
                    assert_eq!(got[i], expected.base_element(d), "{backend}, point {i}");
                }
            }
        }
    };
    let column = |c: usize, base: bool| -> Vec<E> {
        let cell = |i: usize| {
            let seed = 77 * c + 1000 * i;
            if base {
                E::from(element::<BaseElement>(seed))
            } else {
                element(seed)
            }
        };
        (0..points.len()).map(cell).collect()
    };
    let main: Vec<_> = (0..MAIN).map(|c| column(c, true)).collect();
    let aux: Vec<_> = (0..AUX).map(|c| column(c + MAIN, false)).collect();
    check(&on_main, &main, true, false);
    check(&on_aux, &aux, false, true);
}

fn in_all_fields(main: &[[usize; 4]], aux: &[[usize; 4]]) {
    compare::<BaseElement>(FieldExtension::None, main, aux);
    compare::<QuadExtension<_>>(FieldExtension::Quadratic, main, aux);
    compare::<CubeExtension<_>>(FieldExtension::Cubic, main, aux);
}

/// Single cells of a column.
fn cells(column: usize, rows: impl Iterator<Item = usize>) -> Vec<[usize; 4]> {
    rows.map(|row| [column, row, 0, 1]).collect()
}

#[test]
fn few_groups_of_every_kind() {
    let kinds = [
        [0, 0, 0, 1],
        [1, 63, 0, 1],
        [0, 5, 8, 1],
        [1, 3, 16, 4],
        [2, 2, 4, 16],
        [1, 2, 4, 1],
    ];
    in_all_fields(
        &kinds,
        &kinds.map(|[column, a, b, c]| [column % AUX, a, b, c])[..5],
    );
}

#[test]
fn many_groups_of_every_kind() {
    // Rows of two columns often, of one seldom, and periodic and sequences among them.
    let mut main = cells(0, (0..40).map(|i| (7 * i) % 64));
    main.extend(cells(2, [1, 9, 20, 62, 63].into_iter()));
    main.extend([[1, 0, 8, 1], [1, 1, 4, 16], [1, 4, 32, 2], [1, 2, 16, 4]]);
    let mut aux = cells(1, (0..64).filter(|row| row % 9 != 4));
    aux.extend([[0, 3, 16, 4], [0, 1, 32, 1], [0, 6, 0, 1]]);
    in_all_fields(&main, &aux);
    // None often.
    let seldom: Vec<_> = (0..3)
        .flat_map(|column| cells(column, (0..9).map(|i| 7 * i)))
        .collect();
    in_all_fields(&seldom, &seldom[..18]);
}

#[test]
fn every_cell() {
    let all = |columns: usize| (0..columns).flat_map(|column| cells(column, 0..ROWS));
    let (main, aux): (Vec<_>, Vec<_>) = (all(MAIN).collect(), all(AUX).collect());
    in_all_fields(&main, &aux);
}
