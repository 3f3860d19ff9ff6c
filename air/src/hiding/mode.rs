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

    /// Rows of the tail in the hiding trace of `air`.
    fn tail(air: &A) -> usize;

    /// The shape of `A`'s own trace in a hiding trace of the shape `info`, as its metadata tell. Metadata
    /// that are none of a hiding trace give some shape: the AIR refuses them after it has been built.
    fn inner_info(info: &TraceInfo) -> TraceInfo {
        let (meta, [padding, veil, _]) = match info.meta().split_last_chunk::<METADATA>() {
            Some((meta, &bytes)) => (meta, bytes.map(usize::from)),
            None => (info.meta(), [0; METADATA]),
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
/// The last [`tail_rows`](Self::tail_rows) rows mean nothing: whatever they hold, the rows before them say
/// all that the AIR states. Only then may they be made random, with their constraints dropped. No single
/// assertion is on them; [`Hiding`](super::Hiding) checks that.
pub trait TailFree: Air<BaseField = BaseElement> {
    /// Free rows at the end of the trace: by default as many as hiding needs with these options.
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
