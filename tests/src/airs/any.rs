//! All small AIRs as one type.
//!
//! Whatever is generic over the AIR is compiled for each AIR: the engine's evaluation of constraints once for every
//! instruction set, the wrapper that hides, both verifiers. The suites try many AIRs. As one type, told apart at run
//! time, they are compiled once (`docs/compile-time.md`).
//!
//! A trace says in its metadata of which AIR it is. Prover and verifiers make the AIR from the shape of the trace, which
//! has them.

use winterfell::math::{ExtensionOf, FieldElement, fields::f64::BaseElement};
use winterfell::{
    Air, AirContext, Assertion, AuxRandElements, EvaluationFrame, ProofOptions, Trace, TraceInfo,
};
use winterlane_air::hiding::{TailFree, min_tail};

use super::{
    Chain, Cubes, DegreeNine, Fibonacci, Inputs, Periodic, Power, Private, Rap, Secret, Sequences,
    TestAir, TestTrace, Wide,
};

/// What the metadata of a trace of [`AnyAir`] begin with: two bytes of a script (see
/// [`Script`](crate::scripted::Script)), one that names the AIR, two of its parameters.
const MARK: usize = 5;

/// One of the small AIRs, with its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Small {
    /// [`Chain`].
    Chain {
        /// Whether it has an auxiliary column.
        aux: bool,
    },
    /// [`Cubes`].
    Cubes {
        /// Whether they have an auxiliary column.
        aux: bool,
    },
    /// [`DegreeNine`].
    DegreeNine,
    /// [`Fibonacci`].
    Fibonacci,
    /// [`Periodic`].
    Periodic,
    /// [`Power`].
    Power {
        /// The degree of its first constraint.
        degree: u8,
        /// What is asserted of it.
        kind: u8,
    },
    /// [`Private`].
    Private {
        /// Whether it is a credential.
        signed: bool,
    },
    /// [`Rap`].
    Rap,
    /// [`Secret`].
    Secret {
        /// The degree of its constraints.
        degree: u8,
    },
    /// [`Sequences`].
    Sequences,
    /// [`Wide`].
    Wide,
}

impl Small {
    /// [`Power`] with nothing asserted beside what each of them has.
    #[must_use]
    pub const fn power(degree: u8) -> Self {
        Self::Power { degree, kind: 0 }
    }

    /// A valid trace of `rows` rows; `width` is a wish that AIRs of fixed width ignore.
    #[must_use]
    pub fn trace(self, width: usize, rows: usize, seed: u64) -> TestTrace {
        let trace = match self {
            Self::Chain { aux: false } => Chain::trace(width, rows, seed),
            Self::Chain { aux: true } => Chain::with_aux(rows, seed),
            Self::Cubes { aux } => Cubes::trace(aux, rows, seed),
            Self::DegreeNine => DegreeNine::trace(width, rows, seed),
            Self::Fibonacci => Fibonacci::trace(width, rows, seed),
            Self::Periodic => Periodic::trace(width, rows, seed),
            Self::Power { degree, .. } => Power::trace(degree, rows, seed),
            Self::Private { signed } => Private::trace(signed),
            Self::Rap => Rap::trace(width, rows, seed),
            Self::Secret { degree } => Secret::trace(degree, rows, seed),
            Self::Sequences => Sequences::trace(width, rows, seed),
            Self::Wide => Wide::trace(width, rows, seed),
        };
        self.mark(trace)
    }

    /// The same trace, as one of this AIR.
    #[must_use]
    pub fn mark(self, trace: TestTrace) -> TestTrace {
        let [air, a, b] = self.bytes();
        let mut meta = vec![0, 0, air, a, b];
        meta.extend(trace.info().meta());
        trace.with_meta(meta)
    }

    fn bytes(self) -> [u8; 3] {
        match self {
            Self::Fibonacci => [0, 0, 0],
            Self::Chain { aux } => [1, aux.into(), 0],
            Self::Cubes { aux } => [2, aux.into(), 0],
            Self::DegreeNine => [3, 0, 0],
            Self::Periodic => [4, 0, 0],
            Self::Power { degree, kind } => [5, degree, kind],
            Self::Private { signed } => [6, signed.into(), 0],
            Self::Rap => [7, 0, 0],
            Self::Secret { degree } => [8, degree, 0],
            Self::Sequences => [9, 0, 0],
            Self::Wide => [10, 0, 0],
        }
    }

    /// The AIR of a trace of this shape. Metadata that name none are taken for those of [`Fibonacci`].
    fn of(info: &TraceInfo) -> Self {
        let Some(&[_, _, air, a, b]) = info.meta().first_chunk::<MARK>() else {
            return Self::Fibonacci;
        };
        match air {
            1 => Self::Chain { aux: a != 0 },
            2 => Self::Cubes { aux: a != 0 },
            3 => Self::DegreeNine,
            4 => Self::Periodic,
            5 => Self::Power { degree: a, kind: b },
            6 => Self::Private { signed: a != 0 },
            7 => Self::Rap,
            8 => Self::Secret { degree: a },
            9 => Self::Sequences,
            10 => Self::Wide,
            _ => Self::Fibonacci,
        }
    }
}

/// The small AIR that the trace's metadata name: see [`Small`].
pub enum AnyAir {
    /// See [`Chain`].
    Chain(Chain),
    /// See [`Cubes`].
    Cubes(Cubes),
    /// See [`DegreeNine`].
    DegreeNine(DegreeNine),
    /// See [`Fibonacci`].
    Fibonacci(Fibonacci),
    /// See [`Periodic`].
    Periodic(Periodic),
    /// See [`Power`].
    Power(Power),
    /// See [`Private`].
    Private(Box<Private>),
    /// See [`Rap`].
    Rap(Rap),
    /// See [`Secret`].
    Secret(Secret),
    /// See [`Sequences`].
    Sequences(Sequences),
    /// See [`Wide`].
    Wide(Wide),
}

/// The same expression of whichever AIR it is.
macro_rules! each {
    ($any:expr, $air:ident => $value:expr) => {
        match $any {
            AnyAir::Chain($air) => $value,
            AnyAir::Cubes($air) => $value,
            AnyAir::DegreeNine($air) => $value,
            AnyAir::Fibonacci($air) => $value,
            AnyAir::Periodic($air) => $value,
            AnyAir::Power($air) => $value,
            AnyAir::Private($air) => $value,
            AnyAir::Rap($air) => $value,
            AnyAir::Secret($air) => $value,
            AnyAir::Sequences($air) => $value,
            AnyAir::Wide($air) => $value,
        }
    };
}

impl AnyAir {
    /// The public inputs of a trace.
    #[must_use]
    pub fn public_inputs(trace: &TestTrace) -> Inputs {
        match Small::of(trace.info()) {
            Small::Chain { .. } => Chain::public_inputs(trace),
            Small::Cubes { .. } => Cubes::public_inputs(trace),
            Small::DegreeNine => DegreeNine::public_inputs(trace),
            Small::Fibonacci => Fibonacci::public_inputs(trace),
            Small::Periodic => Periodic::public_inputs(trace),
            Small::Power { kind, .. } => Power::public_inputs(kind, trace),
            Small::Private { signed } => Private::public_inputs(signed),
            Small::Rap => Rap::public_inputs(trace),
            Small::Secret { .. } => Secret::public_inputs(trace),
            Small::Sequences => Sequences::public_inputs(trace),
            Small::Wide => Wide::public_inputs(trace),
        }
    }

    /// Columns of the auxiliary segment.
    pub fn aux_columns<E: FieldElement<BaseField = BaseElement>>(
        trace: &TestTrace,
        rand: &[E],
    ) -> Vec<Vec<E>> {
        match Small::of(trace.info()) {
            Small::Chain { aux: true } => Chain::aux_columns(trace, rand),
            Small::Cubes { aux: true } => Cubes::aux_columns(trace, rand),
            Small::Rap => Rap::aux_columns(trace, rand),
            _ => Vec::new(),
        }
    }
}

impl Air for AnyAir {
    type BaseField = BaseElement;
    type PublicInputs = Inputs;

    fn new(info: TraceInfo, inputs: Inputs, options: ProofOptions) -> Self {
        match Small::of(&info) {
            Small::Chain { .. } => Self::Chain(Chain::new(info, inputs, options)),
            Small::Cubes { .. } => Self::Cubes(Cubes::new(info, inputs, options)),
            Small::DegreeNine => Self::DegreeNine(DegreeNine::new(info, inputs, options)),
            Small::Fibonacci => Self::Fibonacci(Fibonacci::new(info, inputs, options)),
            Small::Periodic => Self::Periodic(Periodic::new(info, inputs, options)),
            Small::Power { degree, kind } => {
                Self::Power(Power::new(degree, kind, info, inputs, options))
            }
            Small::Private { signed } => {
                Self::Private(Box::new(Private::new(signed, info, options)))
            }
            Small::Rap => Self::Rap(Rap::new(info, inputs, options)),
            Small::Secret { degree } => Self::Secret(Secret::new(degree, info, inputs, options)),
            Small::Sequences => Self::Sequences(Sequences::new(info, inputs, options)),
            Small::Wide => Self::Wide(Wide::new(info, inputs, options)),
        }
    }

    fn context(&self) -> &AirContext<BaseElement> {
        each!(self, air => air.context())
    }

    fn evaluate_transition<E: FieldElement<BaseField = BaseElement>>(
        &self,
        frame: &EvaluationFrame<E>,
        periodic: &[E],
        result: &mut [E],
    ) {
        each!(self, air => air.evaluate_transition(frame, periodic, result));
    }

    fn evaluate_aux_transition<F, E>(
        &self,
        main: &EvaluationFrame<F>,
        aux: &EvaluationFrame<E>,
        periodic: &[F],
        rand: &AuxRandElements<E>,
        result: &mut [E],
    ) where
        F: FieldElement<BaseField = BaseElement>,
        E: FieldElement<BaseField = BaseElement> + ExtensionOf<F>,
    {
        match self {
            Self::Chain(air) => air.evaluate_aux_transition(main, aux, periodic, rand, result),
            Self::Cubes(air) => air.evaluate_aux_transition(main, aux, periodic, rand, result),
            Self::Rap(air) => air.evaluate_aux_transition(main, aux, periodic, rand, result),
            _ => unreachable!("it has no auxiliary segment"),
        }
    }

    fn get_assertions(&self) -> Vec<Assertion<BaseElement>> {
        each!(self, air => air.get_assertions())
    }

    fn get_aux_assertions<E: FieldElement<BaseField = BaseElement>>(
        &self,
        rand: &AuxRandElements<E>,
    ) -> Vec<Assertion<E>> {
        match self {
            Self::Chain(air) => air.get_aux_assertions(rand),
            Self::Cubes(air) => air.get_aux_assertions(rand),
            Self::Rap(air) => air.get_aux_assertions(rand),
            _ => unreachable!("it has no auxiliary segment"),
        }
    }

    fn get_periodic_column_values(&self) -> Vec<Vec<BaseElement>> {
        match self {
            Self::Periodic(air) => air.get_periodic_column_values(),
            Self::Private(air) => air.get_periodic_column_values(),
            Self::Rap(air) => air.get_periodic_column_values(),
            Self::Secret(air) => air.get_periodic_column_values(),
            _ => Vec::new(),
        }
    }
}

/// Those that need all rows say so: nothing hides in place with them.
impl TailFree for AnyAir {
    fn needed_rows(&self) -> usize {
        match self {
            Self::Cubes(air) => air.needed_rows(),
            Self::Power(air) => air.needed_rows(),
            Self::Private(air) => air.needed_rows(),
            Self::Secret(air) => air.needed_rows(),
            _ => self.trace_length(),
        }
    }

    fn tail_rows(&self) -> usize {
        match self {
            Self::Secret(air) => air.tail_rows(),
            _ => min_tail(self.options().num_queries()),
        }
    }
}
