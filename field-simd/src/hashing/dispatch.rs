//! From a [`Backend`] to a kernel compiled for it: every `#[target_feature]` entry of this module.

use super::words::{Words, portable::Portable};
use crate::Backend;

/// Work that is generic over the lanes.
pub(super) trait Job {
    type Output;
    /// Must be `#[inline(always)]`, to be compiled for the instructions of the caller.
    fn run<W: Words>(self, w: W) -> Self::Output;
}

/// Runs `job` on the lanes of `backend`; on the portable one if this CPU lacks them.
pub(super) fn run<J: Job>(backend: Backend, job: J) -> J::Output {
    match backend {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the CPU has the backend's instructions, as the guard says.
        Backend::Avx512 if backend.is_available() => unsafe { avx512(job) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        Backend::Avx2 if backend.is_available() => unsafe { avx2(job) },
        #[cfg(target_arch = "aarch64")]
        // SAFETY: as above.
        Backend::Neon if backend.is_available() => unsafe { neon(job) },
        _ => job.run(Portable),
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512dq,avx512bw,avx512vl")]
fn avx512<J: Job>(job: J) -> J::Output {
    // SAFETY: the caller's CPU has AVX-512 F, or it could not call this function.
    job.run(unsafe { super::words::avx512::Avx512::assume() })
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn avx2<J: Job>(job: J) -> J::Output {
    // SAFETY: the caller's CPU has AVX2, or it could not call this function.
    job.run(unsafe { super::words::avx2::Avx2::assume() })
}

#[cfg(target_arch = "aarch64")]
#[target_feature(enable = "neon")]
fn neon<J: Job>(job: J) -> J::Output {
    // SAFETY: the caller's CPU has NEON, or it could not call this function.
    job.run(unsafe { super::words::neon::Neon::assume() })
}
