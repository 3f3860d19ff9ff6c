//! Which instruction set runs: detected once, or forced by name; and a kernel compiled for it.

use core::{cell::Cell, fmt, str::FromStr};
use std::sync::OnceLock;

use crate::{
    instruction_set::InstructionSet,
    scalar::ScalarToken,
    vector::{Kernel, Vector},
};

/// The environment variable that forces a backend: `scalar`, `avx2`, `avx512`, `neon` or `auto`.
pub const BACKEND_VARIABLE: &str = "WINTERLANE_BACKEND";

/// Makes [`Backend`], and what differs between its variants, of a row for each instruction set: what it is, its name,
/// its 64-bit lanes, where it exists, and its token there.
macro_rules! backends {
    ($(
        $(#[$doc:meta])*
        $backend:ident = $name:literal, $lanes:literal lanes, if $cfg:meta: $token:ty;
    )*) => {
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
        #[non_exhaustive]
        pub enum Backend {
            $($(#[$doc])* $backend,)*
        }

        $(
            #[$cfg]
            const _: () = assert!(<$token as InstructionSet>::Vector::LANES == $lanes);
        )*

        /// The names that a user may give, each with a comma after it.
        const NAMES: &str = concat!($($name, ", "),*);

        impl Backend {
            /// All backends, the preferred one last.
            const ALL: &[Self] = &[$(Self::$backend),*];

            /// The name that [`FromStr`] and the environment variable take.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$backend => $name,)*
                }
            }

            /// The number of 64-bit lanes.
            #[must_use]
            pub const fn lanes(self) -> usize {
                match self {
                    $(Self::$backend => $lanes,)*
                }
            }

            /// Whether this CPU has the instructions. The answer is cached by the standard library.
            #[inline]
            #[must_use]
            pub fn is_available(self) -> bool {
                match self {
                    $(
                        #[$cfg]
                        Self::$backend => <$token>::detect().is_some(),
                    )*
                    // those of other architectures
                    _ => false,
                }
            }
        }

        /// Runs `kernel` compiled for `backend`, or the scalar one if this CPU lacks that backend.
        ///
        /// The functions of this crate take their backend from [`Backend::current`], which never names a
        /// backend that the CPU lacks.
        #[inline]
        pub fn dispatch<K: Kernel>(backend: Backend, kernel: K) -> K::Output {
            match backend {
                $(
                    #[$cfg]
                    Backend::$backend => {
                        if let Some(token) = <$token>::detect() {
                            return token.run(kernel);
                        }
                    }
                )*
                _ => {}
            }
            ScalarToken::new().run(kernel)
        }
    };
}

backends! {
    /// One lane, plain Rust: on every CPU, and the oracle of the others.
    Scalar = "scalar", 1 lanes, if cfg(all()): ScalarToken;
    /// Two lanes: 64-bit ARM.
    Neon = "neon", 2 lanes, if cfg(target_arch = "aarch64"): crate::aarch64::neon::NeonToken;
    /// Four lanes: x86-64 with AVX2.
    Avx2 = "avx2", 4 lanes, if cfg(target_arch = "x86_64"): crate::x86::avx2::Avx2Token;
    /// Eight lanes: x86-64 with AVX-512 F, DQ, BW and VL.
    Avx512 = "avx512", 8 lanes, if cfg(target_arch = "x86_64"): crate::x86::avx512::Avx512Token;
}

/// Why a backend cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BackendError {
    /// The name is none of those known.
    #[error("unknown backend `{name}`: expected {NAMES}or auto")]
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
    /// The backends that this CPU has, the preferred one first. The scalar one is always there.
    pub fn available() -> impl Iterator<Item = Self> {
        let preferred = Self::ALL.iter().rev().copied();
        preferred.filter(|backend| backend.is_available())
    }

    /// The preferred backend of this CPU.
    #[must_use]
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
    #[must_use]
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
        let mut all = Self::ALL.iter().copied();
        all.find(|backend| backend.name() == name)
            .ok_or_else(|| BackendError::Unknown { name: name.into() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip() {
        for &backend in Backend::ALL {
            assert_eq!(backend.to_string().parse(), Ok(backend));
            // every name is in the message that refuses another
            let error = "sse9".parse::<Backend>().map_err(|error| error.to_string());
            assert!(
                error.is_err_and(|error| error.contains(backend.name())),
                "{backend}"
            );
        }
        let name = "sse9".to_owned();
        assert_eq!(
            "sse9".parse::<Backend>(),
            Err(BackendError::Unknown { name })
        );
    }

    #[test]
    fn unavailable_backends_are_refused() {
        for &backend in Backend::ALL {
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
