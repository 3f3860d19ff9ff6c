//! The operations on the backend in force.

use winter_math::{ExtensionOf, FieldElement, fields::f64::BaseElement};

use super::{SliceError, Slices};

/// [`Slices::add_assign`] on the backend in force.
///
/// # Errors
/// As [`Slices::add_assign`].
pub fn add_assign<E>(values: &mut [E], others: &[E]) -> Result<(), SliceError>
where
    E: FieldElement<BaseField = BaseElement>,
{
    Slices::current().add_assign(values, others)
}

/// [`Slices::sub_assign`] on the backend in force.
///
/// # Errors
/// As [`Slices::sub_assign`].
pub fn sub_assign<E>(values: &mut [E], others: &[E]) -> Result<(), SliceError>
where
    E: FieldElement<BaseField = BaseElement>,
{
    Slices::current().sub_assign(values, others)
}

/// [`Slices::mul_assign`] on the backend in force.
///
/// # Errors
/// As [`Slices::mul_assign`].
pub fn mul_assign<E>(values: &mut [E], others: &[E]) -> Result<(), SliceError>
where
    E: FieldElement<BaseField = BaseElement>,
{
    Slices::current().mul_assign(values, others)
}

/// [`Slices::square_assign`] on the backend in force.
///
/// # Errors
/// As [`Slices::square_assign`].
pub fn square_assign<E>(values: &mut [E]) -> Result<(), SliceError>
where
    E: FieldElement<BaseField = BaseElement>,
{
    Slices::current().square_assign(values)
}

/// [`Slices::neg_assign`] on the backend in force.
///
/// # Errors
/// As [`Slices::neg_assign`].
pub fn neg_assign<E>(values: &mut [E]) -> Result<(), SliceError>
where
    E: FieldElement<BaseField = BaseElement>,
{
    Slices::current().neg_assign(values)
}

/// [`Slices::mul_add_assign`] on the backend in force.
///
/// # Errors
/// As [`Slices::mul_add_assign`].
pub fn mul_add_assign<E>(values: &mut [E], a: &[E], b: &[E]) -> Result<(), SliceError>
where
    E: FieldElement<BaseField = BaseElement>,
{
    Slices::current().mul_add_assign(values, a, b)
}

/// [`Slices::scale_assign`] on the backend in force.
///
/// # Errors
/// As [`Slices::scale_assign`].
pub fn scale_assign<E>(values: &mut [E], factor: E) -> Result<(), SliceError>
where
    E: FieldElement<BaseField = BaseElement>,
{
    Slices::current().scale_assign(values, factor)
}

/// [`Slices::scale_base_assign`] on the backend in force.
///
/// # Errors
/// As [`Slices::scale_base_assign`].
pub fn scale_base_assign<E>(values: &mut [E], factor: BaseElement) -> Result<(), SliceError>
where
    E: FieldElement<BaseField = BaseElement>,
{
    Slices::current().scale_base_assign(values, factor)
}

/// [`Slices::scale_add_assign`] on the backend in force.
///
/// # Errors
/// As [`Slices::scale_add_assign`].
pub fn scale_add_assign<E>(values: &mut [E], others: &[E], factor: E) -> Result<(), SliceError>
where
    E: FieldElement<BaseField = BaseElement>,
{
    Slices::current().scale_add_assign(values, others, factor)
}

/// [`Slices::pow7_assign`] on the backend in force.
///
/// # Errors
/// As [`Slices::pow7_assign`].
pub fn pow7_assign<E>(values: &mut [E]) -> Result<(), SliceError>
where
    E: FieldElement<BaseField = BaseElement>,
{
    Slices::current().pow7_assign(values)
}

/// [`Slices::root7_assign`] on the backend in force.
///
/// # Errors
/// As [`Slices::root7_assign`].
pub fn root7_assign<E>(values: &mut [E]) -> Result<(), SliceError>
where
    E: FieldElement<BaseField = BaseElement>,
{
    Slices::current().root7_assign(values)
}

/// [`Slices::invert_assign`] on the backend in force.
///
/// # Errors
/// As [`Slices::invert_assign`].
pub fn invert_assign<E>(values: &mut [E]) -> Result<(), SliceError>
where
    E: FieldElement<BaseField = BaseElement>,
{
    Slices::current().invert_assign(values)
}

/// [`Slices::canonicalize`] on the backend in force.
///
/// # Errors
/// As [`Slices::canonicalize`].
pub fn canonicalize<E>(values: &mut [E]) -> Result<(), SliceError>
where
    E: FieldElement<BaseField = BaseElement>,
{
    Slices::current().canonicalize(values)
}

/// [`Slices::from_integers`] on the backend in force.
///
/// # Errors
/// As [`Slices::from_integers`].
pub fn from_integers(integers: &[u64], values: &mut [BaseElement]) -> Result<(), SliceError> {
    Slices::current().from_integers(integers, values)
}

/// [`Slices::to_integers`] on the backend in force.
///
/// # Errors
/// As [`Slices::to_integers`].
pub fn to_integers(values: &[BaseElement], integers: &mut [u64]) -> Result<(), SliceError> {
    Slices::current().to_integers(values, integers)
}

/// [`Slices::dot`] on the backend in force.
///
/// # Errors
/// As [`Slices::dot`].
pub fn dot<F, E>(a: &[F], b: &[E]) -> Result<E, SliceError>
where
    F: FieldElement<BaseField = BaseElement>,
    E: FieldElement<BaseField = BaseElement> + ExtensionOf<F>,
{
    Slices::current().dot(a, b)
}

/// [`Slices::linear_combination`] on the backend in force.
///
/// # Errors
/// As [`Slices::linear_combination`].
pub fn linear_combination<F, E>(
    coefficients: &[E],
    rows: &[&[F]],
    out: &mut [E],
) -> Result<(), SliceError>
where
    F: FieldElement<BaseField = BaseElement>,
    E: FieldElement<BaseField = BaseElement> + ExtensionOf<F>,
{
    Slices::current().linear_combination(coefficients, rows, out)
}

/// [`Slices::power_series`] on the backend in force.
///
/// # Errors
/// As [`Slices::power_series`].
pub fn power_series<E>(out: &mut [E], start: E, ratio: E) -> Result<(), SliceError>
where
    E: FieldElement<BaseField = BaseElement>,
{
    Slices::current().power_series(out, start, ratio)
}

/// [`Slices::evaluate`] on the backend in force.
///
/// # Errors
/// As [`Slices::evaluate`].
pub fn evaluate<F, E>(p: &[F], x: E) -> Result<E, SliceError>
where
    F: FieldElement<BaseField = BaseElement>,
    E: FieldElement<BaseField = BaseElement> + ExtensionOf<F>,
{
    Slices::current().evaluate(p, x)
}

/// [`Slices::evaluate_many`] on the backend in force.
///
/// # Errors
/// As [`Slices::evaluate_many`].
pub fn evaluate_many<F, E>(p: &[F], points: &[E], out: &mut [E]) -> Result<(), SliceError>
where
    F: FieldElement<BaseField = BaseElement>,
    E: FieldElement<BaseField = BaseElement> + ExtensionOf<F>,
{
    Slices::current().evaluate_many(p, points, out)
}

/// [`Slices::fold_leaves`] on the backend in force.
///
/// # Errors
/// As [`Slices::fold_leaves`].
pub fn fold_leaves<E>(
    values: &[E],
    factor: usize,
    offset: BaseElement,
    alpha: E,
    start: usize,
    out: &mut [E],
) -> Result<(), SliceError>
where
    E: FieldElement<BaseField = BaseElement>,
{
    Slices::current().fold_leaves(values, factor, offset, alpha, start, out)
}
