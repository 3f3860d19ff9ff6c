//! Many rows in memory, for code that does not inline.

use core::fmt;
use core::marker::PhantomData;

use winter_math::fields::f64::BaseElement;

use super::boilerplate::{self, Arithmetic};
use super::{PackedElement, RowPack, invert_lanes};
use crate::goldilocks::EPSILON;
use crate::instruction_set::InstructionSet;
use crate::vector::{Kernel, Vector};

/// Rows in a [`WideElement`]: enough to outweigh a call, few enough for a row's worth of them to
/// stay in cache.
pub const WIDE_LANES: usize = 32;

/// [`WIDE_LANES`] base field elements in memory, one row each.
///
/// Each operation is one call of a function compiled for the vectors `V`, whatever the code around
/// it is compiled for.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub struct WideElement<V: Vector> {
    lanes: [BaseElement; WIDE_LANES],
    _vector: PhantomData<fn() -> V>,
}

impl<V: Vector> WideElement<V> {
    #[inline(always)]
    const fn new(lanes: [BaseElement; WIDE_LANES]) -> Self {
        Self {
            lanes,
            _vector: PhantomData,
        }
    }
}

impl<V: Vector> RowPack<V> for WideElement<V> {
    const PACKS: usize = WIDE_LANES / V::LANES;

    #[inline(always)]
    fn pack(&self, i: usize) -> PackedElement<V> {
        PackedElement::load(&self.lanes[i * V::LANES..(i + 1) * V::LANES])
    }

    #[inline(always)]
    fn set_pack(&mut self, i: usize, pack: PackedElement<V>) {
        pack.store(&mut self.lanes[i * V::LANES..(i + 1) * V::LANES]);
    }

    #[inline(always)]
    fn shift_in(&self, next: &Self) -> Self {
        let mut lanes = [next.lanes[0]; WIDE_LANES];
        lanes[..WIDE_LANES - 1].copy_from_slice(&self.lanes[1..]);
        Self::new(lanes)
    }
}

/// `op(a, b)` for each pair of vectors, into `a`.
struct InPlace<'a, V: Vector, const OP: u8> {
    a: &'a mut WideElement<V>,
    b: &'a WideElement<V>,
}

const ADD: u8 = 0;
const SUB: u8 = 1;
const MUL: u8 = 2;

impl<V: Vector, const OP: u8> Kernel for InPlace<'_, V, OP> {
    type Output = ();

    #[inline(always)]
    fn run<W: Vector>(self, _token: W::Token) {
        let a = self.a.lanes.chunks_exact_mut(W::LANES);
        for (a, b) in a.zip(self.b.lanes.chunks_exact(W::LANES)) {
            let (x, y) = (PackedElement::<W>::load(a), PackedElement::<W>::load(b));
            let result = match OP {
                ADD => x.sum(y),
                SUB => x.difference(y),
                _ => x.product(y),
            };
            result.store(a);
        }
    }
}

/// `a = a^2`.
struct Square<'a, V: Vector>(&'a mut WideElement<V>);

impl<V: Vector> Kernel for Square<'_, V> {
    type Output = ();

    #[inline(always)]
    fn run<W: Vector>(self, _token: W::Token) {
        for a in self.0.lanes.chunks_exact_mut(W::LANES) {
            PackedElement::<W>::load(a).squared().store(a);
        }
    }
}

/// `a = a * b` for one `b`.
struct Scale<'a, V: Vector>(&'a mut WideElement<V>, BaseElement);

impl<V: Vector> Kernel for Scale<'_, V> {
    type Output = ();

    #[inline(always)]
    fn run<W: Vector>(self, _token: W::Token) {
        let factor = PackedElement::<W>::splat(self.1);
        for a in self.0.lanes.chunks_exact_mut(W::LANES) {
            PackedElement::<W>::load(a).product(factor).store(a);
        }
    }
}

impl<V: Vector> Arithmetic for WideElement<V> {
    const ALL_ZERO: Self = Self::new([BaseElement::from_mont(0); WIDE_LANES]);
    // One is 2^64 mod p.
    const ALL_ONE: Self = Self::new([BaseElement::from_mont(EPSILON); WIDE_LANES]);
    const DEGREE: usize = 1;
    const ONE_ROW: bool = false;
    const ALL_LANES: u32 = u32::MAX >> (u32::BITS as usize - WIDE_LANES);

    #[inline]
    fn broadcast(value: BaseElement) -> Self {
        Self::new([value; WIDE_LANES])
    }

    #[inline]
    fn sum(mut self, rhs: Self) -> Self {
        PackedElement::<V>::token().run(InPlace::<V, ADD> {
            a: &mut self,
            b: &rhs,
        });
        self
    }

    #[inline]
    fn difference(mut self, rhs: Self) -> Self {
        PackedElement::<V>::token().run(InPlace::<V, SUB> {
            a: &mut self,
            b: &rhs,
        });
        self
    }

    #[inline]
    fn product(mut self, rhs: Self) -> Self {
        PackedElement::<V>::token().run(InPlace::<V, MUL> {
            a: &mut self,
            b: &rhs,
        });
        self
    }

    #[inline]
    fn scaled(mut self, rhs: BaseElement) -> Self {
        PackedElement::<V>::token().run(Scale(&mut self, rhs));
        self
    }

    #[inline]
    fn squared(mut self) -> Self {
        PackedElement::<V>::token().run(Square(&mut self));
        self
    }

    #[inline]
    fn inverse(mut self) -> Self {
        invert_lanes(&mut self.lanes);
        self
    }

    #[inline]
    fn from_coordinates(coordinates: &[BaseElement]) -> Self {
        Self::broadcast(coordinates[0])
    }

    #[inline]
    fn equal_lanes(&self, rhs: &Self) -> u32 {
        let pairs = self.lanes.iter().zip(&rhs.lanes).enumerate();
        pairs.fold(0, |lanes, (i, (a, b))| lanes | u32::from(a == b) << i)
    }

    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.lanes).finish()
    }
}

boilerplate::field_element!([V: Vector] WideElement<V>);
