//! Elements of a slice in vectors: as many as there are lanes, by coordinates.

use winter_math::{FieldElement, fields::f64::BaseElement};

use crate::{
    convert,
    packed_element::{Arithmetic, PackedElement, PackedExtension},
    vector::{Kernel, Vector},
};

/// The largest degree of an extension.
pub(super) const MAX_DEGREE: usize = 3;

/// `V::LANES` elements of the base field or of an extension, lane by lane; coordinates are
/// canonical Montgomery forms unless said otherwise.
pub(super) trait Block<V: Vector>: Arithmetic {
    /// Words in a block.
    const WORDS: usize = V::LANES * Self::DEGREE;

    /// Chains of dependent products that are worked on side by side, so that none waits for the one
    /// before it: fewer where an element fills more registers and has more products of its own.
    const CHAINS: usize = if Self::DEGREE == 1 { MAX_CHAINS } else { 2 };

    /// The elements that the first words of `words` are the coordinates of.
    fn load(token: V::Token, words: &[u64]) -> Self;

    /// As [`load`](Self::load), with zeros where there are fewer.
    fn load_partial(token: V::Token, words: &[u64]) -> Self;

    /// Writes the coordinates to the first words of `words`.
    fn store(self, words: &mut [u64]);

    /// As [`store`](Self::store), or fills `words` if there are fewer.
    fn store_partial(self, words: &mut [u64]);

    /// Coordinate `d` of all elements.
    fn plane(&self, d: usize) -> V;

    /// The elements with the first of these vectors as coordinates.
    fn from_planes(planes: [V; MAX_DEGREE]) -> Self;

    /// [`load`](Self::load) or [`load_partial`](Self::load_partial).
    #[inline(always)]
    fn load_any(token: V::Token, words: &[u64]) -> Self {
        if words.len() >= Self::WORDS {
            Self::load(token, words)
        } else {
            Self::load_partial(token, words)
        }
    }

    /// [`store`](Self::store) or [`store_partial`](Self::store_partial).
    #[inline(always)]
    fn store_any(self, words: &mut [u64]) {
        if words.len() >= Self::WORDS {
            self.store(words);
        } else {
            self.store_partial(words);
        }
    }

    /// An element, given by its coordinates, in every lane.
    #[inline(always)]
    fn splat(token: V::Token, coordinates: [u64; MAX_DEGREE]) -> Self {
        let mut planes = [V::splat(token, 0); MAX_DEGREE];
        for (plane, &x) in planes.iter_mut().zip(&coordinates) {
            *plane = V::splat(token, x);
        }
        Self::from_planes(planes)
    }

    /// All elements times lane by lane base field elements, in Montgomery form; `self` may be loose.
    #[inline(always)]
    fn times(self, factor: V) -> Self {
        let mut planes = [factor; MAX_DEGREE];
        for (d, plane) in planes.iter_mut().enumerate().take(Self::DEGREE) {
            *plane = self.plane(d).mul_mont(factor);
        }
        Self::from_planes(planes)
    }

    /// The canonical forms of loose coordinates.
    #[inline(always)]
    fn canonical(self) -> Self {
        let mut planes = [self.plane(0); MAX_DEGREE];
        for (d, plane) in planes.iter_mut().enumerate().take(Self::DEGREE) {
            *plane = self.plane(d).canonical();
        }
        Self::from_planes(planes)
    }
}

/// The most chains of any block.
pub(super) const MAX_CHAINS: usize = 4;

impl<V: Vector> Block<V> for PackedElement<V> {
    #[inline(always)]
    fn load(token: V::Token, words: &[u64]) -> Self {
        Self::from_vector(V::load(token, words))
    }

    #[inline(always)]
    fn load_partial(token: V::Token, words: &[u64]) -> Self {
        Self::from_vector(V::load_partial(token, words))
    }

    #[inline(always)]
    fn store(self, words: &mut [u64]) {
        self.vector().store(words);
    }

    #[inline(always)]
    fn store_partial(self, words: &mut [u64]) {
        self.vector().store_partial(words);
    }

    #[inline(always)]
    fn plane(&self, _d: usize) -> V {
        self.vector()
    }

    #[inline(always)]
    fn from_planes(planes: [V; MAX_DEGREE]) -> Self {
        Self::from_vector(planes[0])
    }
}

impl<V: Vector, const D: usize> Block<V> for PackedExtension<PackedElement<V>, D> {
    #[inline(always)]
    fn load(token: V::Token, words: &[u64]) -> Self {
        assert!(words.len() >= Self::WORDS, "slice shorter than a block");
        let mut vectors = [V::splat(token, 0); D];
        for (i, v) in vectors.iter_mut().enumerate() {
            *v = V::load(token, &words[i * V::LANES..]);
        }
        from_vectors(V::unzip(vectors))
    }

    #[inline(always)]
    fn load_partial(token: V::Token, words: &[u64]) -> Self {
        let mut vectors = [V::splat(token, 0); D];
        for (v, words) in vectors.iter_mut().zip(words.chunks(V::LANES)) {
            *v = V::load_partial(token, words);
        }
        from_vectors(V::unzip(vectors))
    }

    #[inline(always)]
    fn store(self, words: &mut [u64]) {
        assert!(words.len() >= Self::WORDS, "slice shorter than a block");
        let vectors = V::zip(to_vectors(self));
        for (i, v) in vectors.into_iter().enumerate() {
            v.store(&mut words[i * V::LANES..]);
        }
    }

    #[inline(always)]
    fn store_partial(self, words: &mut [u64]) {
        let vectors = V::zip(to_vectors(self));
        for (v, words) in vectors.into_iter().zip(words.chunks_mut(V::LANES)) {
            v.store_partial(words);
        }
    }

    #[inline(always)]
    fn plane(&self, d: usize) -> V {
        self.coefficients()[d].vector()
    }

    #[inline(always)]
    fn from_planes(planes: [V; MAX_DEGREE]) -> Self {
        let mut coefficients = [PackedElement::from_vector(planes[0]); D];
        for (c, &plane) in coefficients.iter_mut().zip(&planes) {
            *c = PackedElement::from_vector(plane);
        }
        Self::new(coefficients)
    }
}

// Loops and no closures: see `PackedExtension`.

#[inline(always)]
fn from_vectors<V: Vector, const D: usize>(
    vectors: [V; D],
) -> PackedExtension<PackedElement<V>, D> {
    let mut coefficients = [PackedElement::ALL_ZERO; D];
    for (c, v) in coefficients.iter_mut().zip(vectors) {
        *c = PackedElement::from_vector(v);
    }
    PackedExtension::new(coefficients)
}

#[inline(always)]
fn to_vectors<V: Vector, const D: usize>(x: PackedExtension<PackedElement<V>, D>) -> [V; D] {
    let mut vectors = [PackedElement::ALL_ZERO.vector(); D];
    for (v, c) in vectors.iter_mut().zip(x.coefficients()) {
        *v = c.vector();
    }
    vectors
}

/// The coordinates of an element, then zeros.
pub(super) fn coordinates<E: FieldElement<BaseField = BaseElement>>(x: E) -> [u64; MAX_DEGREE] {
    let mut coordinates = [0; MAX_DEGREE];
    let elements = [x];
    let words = convert::extension_words(&elements);
    coordinates[..words.len()].copy_from_slice(words);
    coordinates
}

/// The element with these coordinates.
pub(super) fn element<E: FieldElement<BaseField = BaseElement>>(
    coordinates: [u64; MAX_DEGREE],
) -> E {
    let bases = convert::elements(&coordinates[..E::EXTENSION_DEGREE]);
    E::slice_from_base_elements(bases)[0]
}

/// Work on blocks of elements of one field.
pub(super) trait BlockKernel {
    /// What the work gives back.
    type Output;

    /// Does the work. Implementations must be `#[inline(always)]`.
    fn run<V: Vector, X: Block<V>>(self, token: V::Token) -> Self::Output;
}

/// A [`BlockKernel`] in the extension of this degree.
pub(super) struct OfDegree<K>(pub(super) usize, pub(super) K);

impl<K: BlockKernel> Kernel for OfDegree<K> {
    type Output = K::Output;

    #[inline(always)]
    fn run<V: Vector>(self, token: V::Token) -> K::Output {
        match self.0 {
            1 => self.1.run::<V, PackedElement<V>>(token),
            2 => self.1.run::<V, PackedExtension<PackedElement<V>, 2>>(token),
            _ => self.1.run::<V, PackedExtension<PackedElement<V>, 3>>(token),
        }
    }
}

/// Work on blocks of elements of a field `F`, and on as many of its extension `X`, or of itself.
pub(super) trait PairKernel {
    /// What the work gives back.
    type Output;

    /// Does the work. Implementations must be `#[inline(always)]`.
    fn run<V: Vector, F: Block<V>, X: Block<V>>(self, token: V::Token) -> Self::Output;
}

/// A [`PairKernel`] in fields of these degrees, the first of which is 1 or equal to the second.
pub(super) struct OfDegrees<K>(pub(super) usize, pub(super) usize, pub(super) K);

impl<K: PairKernel> Kernel for OfDegrees<K> {
    type Output = K::Output;

    #[inline(always)]
    fn run<V: Vector>(self, token: V::Token) -> K::Output {
        type Base<V> = PackedElement<V>;
        type Quad<V> = PackedExtension<PackedElement<V>, 2>;
        type Cube<V> = PackedExtension<PackedElement<V>, 3>;
        match (self.0, self.1) {
            (_, 1) => self.2.run::<V, Base<V>, Base<V>>(token),
            (1, 2) => self.2.run::<V, Base<V>, Quad<V>>(token),
            (1, _) => self.2.run::<V, Base<V>, Cube<V>>(token),
            (2, _) => self.2.run::<V, Quad<V>, Quad<V>>(token),
            _ => self.2.run::<V, Cube<V>, Cube<V>>(token),
        }
    }
}
