//! Where the random tail comes from.

use alloc::vec::Vec;

use winter_air::{Air, TraceInfo};
use winter_math::fields::f64::BaseElement;

use super::parameters::min_tail;

/// Bytes that the veil adds to the metadata: columns of padding, columns of the veil, mode.
pub(super) const METADATA: usize = 3;

/// Where the random tail of a [`Hiding`](super::Hiding) trace comes from: [`Doubling`] or [`InPlace`].
pub trait Mode<A>: sealed::Sealed + 'static {
    /// The mode as the last byte of the metadata. Never zero: the transcript pads metadata with zeros.
    const TAG: u8;

    /// Rows of the hiding trace of a trace of `rows` rows.
    fn hiding_rows(rows: usize) -> usize;

    /// Rows of the trace of `A` in a hiding trace of `rows` rows.
    fn inner_rows(rows: usize) -> usize;

    /// Rows of the hiding trace that the statement of `air` needs.
    fn needed_rows(air: &A) -> usize;

    /// Rows of the tail in the hiding trace of `air`.
    fn tail(air: &A) -> usize;

    /// The shape of `A`'s own trace in a hiding trace of the shape `info`, as its metadata tell. Metadata
    /// that are none of a hiding trace give some shape: the AIR refuses them after it has been built.
    fn inner_info(info: &TraceInfo) -> TraceInfo {
        let (meta, [padding, veil, _]) = match info.meta().split_last_chunk::<METADATA>() {
            Some((meta, &bytes)) => (meta, bytes.map(usize::from)),
            // Not one of ours: no auxiliary columns for the inner AIR, which may know of none.
            None => (info.meta(), [0, info.aux_segment_width(), 0]),
        };
        let main = info.main_trace_width().saturating_sub(padding).max(1);
        let aux = info.aux_segment_width().saturating_sub(veil);
        let rand_elements = if aux == 0 {
            0
        } else {
            info.get_num_aux_segment_rand_elements()
        };
        let rows = Self::inner_rows(info.length()).max(TraceInfo::MIN_TRACE_LENGTH);
        let meta: Vec<u8> = meta.to_vec();
        TraceInfo::new_multi_segment(main, aux, rand_elements, rows, meta)
    }
}

/// The tail is as long as the trace: for any AIR, at twice the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubling {}

/// The tail is the end of the trace: for an AIR that leaves it free.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InPlace {}

/// An AIR whose statement ends before its trace does.
///
/// The rows from [`needed_rows`](Self::needed_rows) on mean nothing: whatever they hold, the rows before them
/// say all that the AIR states. Only then may rows be made random, with their constraints dropped.
/// [`Hiding`](super::Hiding) checks that the tail begins there or later, and that no single assertion is
/// on it.
pub trait TailFree: Air<BaseField = BaseElement> {
    /// The first rows of the trace, as many as the statement needs: all that it says follows from the
    /// constraints between these rows and from the assertions on them.
    ///
    /// This is a fact of the statement. A number that followed from the options would let whoever chooses
    /// the options, by asking for more queries, drop constraints that the statement needs.
    fn needed_rows(&self) -> usize;

    /// Rows at the end of the trace that are made random: by default as many as hiding needs with these
    /// options. More are needed where assertions fix cells of them.
    fn tail_rows(&self) -> usize {
        min_tail(self.options().num_queries())
    }
}

impl<A: Air<BaseField = BaseElement>> Mode<A> for Doubling {
    const TAG: u8 = 1;

    fn hiding_rows(rows: usize) -> usize {
        rows.saturating_mul(2)
    }

    fn inner_rows(rows: usize) -> usize {
        rows / 2
    }

    fn needed_rows(air: &A) -> usize {
        air.trace_length()
    }

    fn tail(air: &A) -> usize {
        air.trace_length()
    }
}

impl<A: TailFree> Mode<A> for InPlace {
    const TAG: u8 = 2;

    fn hiding_rows(rows: usize) -> usize {
        rows
    }

    fn inner_rows(rows: usize) -> usize {
        rows
    }

    fn needed_rows(air: &A) -> usize {
        air.needed_rows()
    }

    fn tail(air: &A) -> usize {
        air.tail_rows()
    }
}

mod sealed {
    /// Modes are these two.
    pub trait Sealed {}
    impl Sealed for super::Doubling {}
    impl Sealed for super::InPlace {}
}
