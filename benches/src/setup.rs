//! Who is measured, and how it is built and run.

use core::fmt;

use serde::{Deserialize, Serialize};
use winterlane_field_simd::Backend;

/// Whose code runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Contender {
    /// Winterlane.
    Winterlane,
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
    /// Huge pages and a heap that is kept, the same for all; off only to show what they are worth.
    pub huge_pages: bool,
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
            huge_pages: true,
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

    /// The same with the system's default pages and allocator settings.
    #[must_use]
    pub const fn with_default_pages(self) -> Self {
        Self {
            huge_pages: false,
            ..self
        }
    }

    /// The name without the threads, as in a table: `Winterlane avx2`, `winterfell native`.
    #[must_use]
    pub fn name(&self) -> String {
        let pages = if self.huge_pages { "" } else { " 4K" };
        match (self.contender, self.backend) {
            (Contender::Winterlane, None) => format!("Winterlane{pages}"),
            (Contender::Winterlane, Some(backend)) => format!("Winterlane {backend}{pages}"),
            (Contender::Winterfell, _) => format!("winterfell {}{pages}", self.build.name()),
            (Contender::WinterfellVerifier, _) => format!("winterfell's verifier{pages}"),
            (Contender::Plonky3, _) => format!("Plonky3 {}{pages}", self.build.name()),
        }
    }
}

impl fmt::Display for Setup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}T", self.name(), self.threads)
    }
}
