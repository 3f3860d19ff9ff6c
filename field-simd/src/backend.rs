//! Which instruction set runs: detected once, or forced by name.

use core::{cell::Cell, fmt, str::FromStr};
use std::sync::OnceLock;

/// The environment variable that forces a backend: `scalar`, `avx2`, `avx512`, `neon` or `auto`.
pub const BACKEND_VARIABLE: &str = "WINTERLANE_BACKEND";

/// An instruction set that the kernels are compiled for.
///
/// The variants are ordered by preference on the CPUs that have them.
///
/// ```
/// use winterlane_field_simd::Backend;
///
/// let backend: Backend = "scalar".parse()?;
/// assert!(backend.is_available());
/// assert_eq!(backend.with(Backend::current)?, Backend::Scalar);
/// # Ok::<(), winterlane_field_simd::BackendError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Backend {
    /// One lane, plain Rust: on every CPU, and the oracle of the others.
    Scalar,
    /// Two lanes: 64-bit ARM.
    Neon,
    /// Four lanes: x86-64 with AVX2.
    Avx2,
    /// Eight lanes: x86-64 with AVX-512 F, DQ, BW and VL.
    Avx512,
}

/// Why a backend cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BackendError {
    /// The name is none of those known.
    #[error("unknown backend `{name}`: expected scalar, avx2, avx512, neon or auto")]
    Unknown {
        /// The name as given.
        name: String,
    },
    /// The CPU, or the build for its architecture, lacks the instructions.
    #[error("backend `{backend}` is not available on this CPU")]
    Unavailable {
        /// The backend asked for.
        backend: Backend,
    },
}

thread_local! {
    static FORCED: Cell<Option<Backend>> = const { Cell::new(None) };
}

impl Backend {
    /// All backends, in order of preference.
    const ALL: [Self; 4] = [Self::Avx512, Self::Avx2, Self::Neon, Self::Scalar];

    /// The name that [`FromStr`] and the environment variable take.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Scalar => "scalar",
            Self::Neon => "neon",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
        }
    }

    /// The number of 64-bit lanes.
    pub const fn lanes(self) -> usize {
        match self {
            Self::Scalar => 1,
            Self::Neon => 2,
            Self::Avx2 => 4,
            Self::Avx512 => 8,
        }
    }

    /// Whether this CPU has the instructions. The answer is cached by the standard library.
    #[inline]
    pub fn is_available(self) -> bool {
        // Miri has no vector instructions, whatever the CPU it pretends to be.
        if cfg!(miri) {
            return self == Self::Scalar;
        }
        match self {
            Self::Scalar => true,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => std::arch::is_x86_feature_detected!("avx2"),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => {
                std::arch::is_x86_feature_detected!("avx512f")
                    && std::arch::is_x86_feature_detected!("avx512dq")
                    && std::arch::is_x86_feature_detected!("avx512bw")
                    && std::arch::is_x86_feature_detected!("avx512vl")
            }
            #[cfg(target_arch = "aarch64")]
            Self::Neon => std::arch::is_aarch64_feature_detected!("neon"),
            #[cfg(not(target_arch = "x86_64"))]
            Self::Avx2 | Self::Avx512 => false,
            #[cfg(not(target_arch = "aarch64"))]
            Self::Neon => false,
        }
    }

    /// The backends that this CPU has, the preferred one first. The scalar one is always there.
    pub fn available() -> impl Iterator<Item = Self> {
        Self::ALL
            .into_iter()
            .filter(|backend| backend.is_available())
    }

    /// The preferred backend of this CPU.
    pub fn detect() -> Self {
        Self::available().next().unwrap_or(Self::Scalar)
    }

    /// The backend that [`BACKEND_VARIABLE`] names, or the detected one if it is unset, empty or
    /// `auto`. The variable is read once per process.
    ///
    /// # Errors
    /// Fails if the variable names no backend, or one that this CPU lacks. A program that lets its
    /// user set the variable calls this first.
    pub fn from_env() -> Result<Self, BackendError> {
        static CHOICE: OnceLock<Result<Backend, BackendError>> = OnceLock::new();
        CHOICE
            .get_or_init(|| match std::env::var_os(BACKEND_VARIABLE) {
                None => Ok(Self::detect()),
                Some(name) => match &*name.to_string_lossy() {
                    "" | "auto" => Ok(Self::detect()),
                    name => name.parse::<Self>()?.check(),
                },
            })
            .clone()
    }

    /// The backend in force on this thread: of the innermost [`with`](Self::with), else of the
    /// environment, else the detected one.
    ///
    /// # Panics
    /// Panics if [`from_env`](Self::from_env) fails.
    pub fn current() -> Self {
        FORCED.get().unwrap_or_else(|| match Self::from_env() {
            Ok(backend) => backend,
            Err(error) => panic!("{BACKEND_VARIABLE}: {error}"),
        })
    }

    /// Runs `f` with this backend in force on this thread, and in the parallel work that the
    /// crate's functions start from it.
    ///
    /// # Errors
    /// Fails if this CPU lacks the backend; `f` is not run then.
    pub fn with<R>(self, f: impl FnOnce() -> R) -> Result<R, BackendError> {
        /// Puts the outer choice back, also when `f` panics.
        struct Restore(Option<Backend>);
        impl Drop for Restore {
            fn drop(&mut self) {
                FORCED.set(self.0);
            }
        }
        let _restore = Restore(FORCED.replace(Some(self.check()?)));
        Ok(f())
    }

    /// The backend itself if this CPU has it.
    ///
    /// # Errors
    /// Fails if not.
    pub fn check(self) -> Result<Self, BackendError> {
        if self.is_available() {
            Ok(self)
        } else {
            Err(BackendError::Unavailable { backend: self })
        }
    }
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Backend {
    type Err = BackendError;

    /// The backend of this name, available or not; `auto` is the detected one.
    fn from_str(name: &str) -> Result<Self, BackendError> {
        if name == "auto" {
            return Ok(Self::detect());
        }
        Self::ALL
            .into_iter()
            .find(|backend| backend.name() == name)
            .ok_or_else(|| BackendError::Unknown { name: name.into() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip() {
        for backend in Backend::ALL {
            assert_eq!(backend.to_string().parse(), Ok(backend));
        }
        let name = "sse9".to_owned();
        assert_eq!(
            "sse9".parse::<Backend>(),
            Err(BackendError::Unknown { name })
        );
    }

    #[test]
    fn unavailable_backends_are_refused() {
        for backend in Backend::ALL {
            let run = backend.with(Backend::current);
            if backend.is_available() {
                assert_eq!(run, Ok(backend));
            } else {
                assert_eq!(run, Err(BackendError::Unavailable { backend }));
            }
        }
    }

    #[test]
    fn the_outer_choice_is_restored() {
        let outer = Backend::current();
        let nested = Backend::Scalar.with(|| {
            let inner = outer.with(Backend::current);
            (inner, Backend::current())
        });
        assert_eq!(nested, Ok((Ok(outer), Backend::Scalar)));
        assert_eq!(Backend::current(), outer);
    }
}
