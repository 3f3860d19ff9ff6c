//! What a proof opens: the rows at the query positions, read once for all that is done with them.

use alloc::vec::Vec;

use winter_math::{FieldElement, fields::f64::BaseElement};

use super::{
    cursor::Span,
    layout::{Dimensions, Layout},
};
use crate::{Reason, VerifyError};

/// Where a vector commitment is opened.
pub(super) struct Opened {
    /// Items of the vector: points of the extended domain, or rows of a FRI layer.
    pub(super) size: usize,
    /// Distinct items.
    pub(super) positions: Vec<usize>,
}

/// The positions in the extended domain, then in each FRI layer.
pub(super) struct Positions {
    pub(super) domain: Opened,
    pub(super) layers: Vec<Opened>,
}

impl Positions {
    /// From the query positions, distinct and ascending.
    pub(super) fn of(positions: Vec<usize>, dims: &Dimensions) -> Self {
        let mut size = dims.lde_size;
        let mut layers: Vec<Opened> = Vec::with_capacity(dims.num_fri_layers);
        for _ in 0..dims.num_fri_layers {
            size = size.checked_div(dims.folding_factor).unwrap_or(0);
            let before = layers.last().map_or(&positions, |layer| &layer.positions);
            let positions = fold_positions(before, size);
            layers.push(Opened { size, positions });
        }
        let domain = Opened {
            size: dims.lde_size,
            positions,
        };
        Self { domain, layers }
    }
}

/// The distinct rows of a layer of `rows` rows in which `positions` of the layer before it lie, in
/// the order of their first appearance. The quadratic search is over 254 positions at most.
pub(super) fn fold_positions(positions: &[usize], rows: usize) -> Vec<usize> {
    let mut folded = Vec::with_capacity(positions.len());
    for position in positions {
        let row = position.checked_rem(rows).unwrap_or(0);
        if !folded.contains(&row) {
            folded.push(row);
        }
    }
    folded
}

/// The opened rows, one after the other, each element by its coordinates.
pub(super) struct Rows {
    pub(super) main: Vec<BaseElement>,
    /// Empty without an auxiliary segment.
    pub(super) aux: Vec<BaseElement>,
    pub(super) quotients: Vec<BaseElement>,
    pub(super) layers: Vec<Vec<BaseElement>>,
}

impl Rows {
    /// Reads all that `layout` opens.
    ///
    /// # Errors
    /// When something is no element.
    pub(super) fn read(layout: &Layout<'_>) -> Result<Self, VerifyError> {
        let layers = layout.fri_layers.iter();
        Ok(Self {
            main: base_elements(layout.main_queries.values)?,
            aux: match &layout.aux_queries {
                Some(queries) => base_elements(queries.values)?,
                None => Vec::new(),
            },
            quotients: base_elements(layout.constraint_queries.values)?,
            layers: layers
                .map(|layer| base_elements(layer.values))
                .collect::<Result<_, _>>()?,
        })
    }
}

/// The base elements that `span` consists of.
pub(super) fn base_elements(span: Span<'_>) -> Result<Vec<BaseElement>, VerifyError> {
    let (words, _) = span.bytes.as_chunks::<8>();
    let elements = words.iter().enumerate().map(|(i, word)| {
        // `Span::check_elements` was here before: there is no error.
        BaseElement::try_from(u64::from_le_bytes(*word)).map_err(|_| VerifyError::Refused {
            section: span.section,
            offset: span.offset.saturating_add(i.saturating_mul(8)),
            reason: Reason::NonCanonicalElement,
        })
    });
    elements.collect()
}

/// The elements that `span` consists of.
pub(super) fn elements<E>(span: Span<'_>) -> Result<Vec<E>, VerifyError>
where
    E: FieldElement<BaseField = BaseElement>,
{
    Ok(typed(&base_elements(span)?).to_vec())
}

/// The elements with these coordinates; a part of an element at the end is none.
pub(super) fn typed<E>(coordinates: &[BaseElement]) -> &[E]
where
    E: FieldElement<BaseField = BaseElement>,
{
    let part = coordinates.len().checked_rem(E::EXTENSION_DEGREE);
    let whole = coordinates.len().saturating_sub(part.unwrap_or(0));
    E::slice_from_base_elements(coordinates.get(..whole).unwrap_or_default())
}
