//! Who is measured, and how it is built and run.

use core::fmt;

use serde::{Deserialize, Serialize};
use winterlane_field_simd::Backend;

/// Whose code runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Contender {
    /// Winterlane; proofs by `prove_inlined`, for AIRs that inline.
    Winterlane,
    /// Winterlane by `prove`, the call for any AIR: its compiled code evaluates the constraints.
    WinterlaneAnyAir,
    /// winterfell from the registry, with its `concurrent` feature.
    Winterfell,
    /// winterfell's verifier inside Winterlane's worker, on Winterlane's own proofs (the bytes are the
    /// same, and so is the verifier, which has no threads).
    WinterfellVerifier,
    /// Plonky3 from the registry, with its `parallel` feature.
    Plonky3,
}

/// For which CPU the compiler may generate code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Build {
    /// Cargo's default: any x86-64.
    Default,
    /// `-Ctarget-cpu=x86-64-v3`: AVX2.
    V3,
    /// `-Ctarget-cpu=native`: whatever this CPU has.
    Native,
}

impl Build {
    /// The compiler's flags.
    #[must_use]
    pub const fn flags(self) -> &'static str {
        match self {
            Self::Default => "",
            Self::V3 => "-Ctarget-cpu=x86-64-v3",
            Self::Native => "-Ctarget-cpu=native",
        }
    }

    /// What of the peers is built, beside winterfell: Plonky3, whose vector code for the field is chosen by the flags, and a
    /// BLAKE3 that uses no more than they allow, though it could find more at run time.
    #[must_use]
    pub const fn peer_features(self) -> &'static str {
        match self {
            Self::Default => "",
            Self::V3 => "plonky3,without-avx512",
            Self::Native => "plonky3",
        }
    }

    /// The name in lower case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::V3 => "x86-64-v3",
            Self::Native => "native",
        }
    }
}

/// A contender, its build, and how it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Setup {
    /// Whose code runs.
    pub contender: Contender,
    /// How it was built.
    pub build: Build,
    /// Winterlane's backend; `None` for the others and for the detected one.
    pub backend: Option<Backend>,
    /// Threads of its pool.
    pub threads: usize,
}

impl Contender {
    /// Whether Winterlane's own worker plays this part.
    #[must_use]
    pub const fn is_in_our_worker(self) -> bool {
        !matches!(self, Self::Winterfell | Self::Plonky3)
    }
}

impl Setup {
    /// Winterlane in its default build, on the detected backend.
    #[must_use]
    pub const fn winterlane(threads: usize) -> Self {
        Self::new(Contender::Winterlane, Build::Default, threads)
    }

    /// Stock winterfell.
    #[must_use]
    pub const fn winterfell(build: Build, threads: usize) -> Self {
        Self::new(Contender::Winterfell, build, threads)
    }

    /// winterfell's verifier, in Winterlane's default build.
    #[must_use]
    pub const fn winterfell_verifier() -> Self {
        Self::new(Contender::WinterfellVerifier, Build::Default, 1)
    }

    /// Plonky3.
    #[must_use]
    pub const fn plonky3(build: Build, threads: usize) -> Self {
        Self::new(Contender::Plonky3, build, threads)
    }

    const fn new(contender: Contender, build: Build, threads: usize) -> Self {
        Self {
            contender,
            build,
            backend: None,
            threads,
        }
    }

    /// The same on this backend.
    #[must_use]
    pub const fn on(self, backend: Backend) -> Self {
        Self {
            backend: Some(backend),
            ..self
        }
    }

    /// The same by `prove` instead of `prove_inlined`.
    #[must_use]
    pub const fn for_any_air(self) -> Self {
        Self {
            contender: Contender::WinterlaneAnyAir,
            ..self
        }
    }

    /// The name without the threads, as in a table: `Winterlane avx2`, `winterfell native`.
    #[must_use]
    pub fn name(&self) -> String {
        let name = match self.contender {
            Contender::Winterlane => "Winterlane",
            Contender::WinterlaneAnyAir => "Winterlane `prove`",
            Contender::Winterfell => return format!("winterfell {}", self.build.name()),
            Contender::WinterfellVerifier => return "winterfell's verifier".to_owned(),
            Contender::Plonky3 => return format!("Plonky3 {}", self.build.name()),
        };
        match self.backend {
            None => name.to_owned(),
            Some(backend) => format!("{name} {backend}"),
        }
    }
}

impl fmt::Display for Setup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}T", self.name(), self.threads)
    }
}
