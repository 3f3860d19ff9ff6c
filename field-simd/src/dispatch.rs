//! From a [`Backend`] to a kernel compiled for it: every `#[target_feature]` entry of the field.

#[cfg(target_arch = "aarch64")]
use crate::aarch64::neon::{Neon, NeonToken};
#[cfg(target_arch = "x86_64")]
use crate::x86::{
    avx2::{Avx2, Avx2Token},
    avx512::{Avx512, Avx512Token},
};
use crate::{
    Backend,
    scalar::{Scalar, ScalarToken},
    vector::{Kernel, Vector},
};

/// Runs `kernel` compiled for `backend`, or the scalar one if this CPU lacks that backend.
///
/// The functions of this crate take their backend from [`Backend::current`], which never names a
/// backend that the CPU lacks.
#[inline]
pub fn dispatch<K: Kernel>(backend: Backend, kernel: K) -> K::Output {
    if !backend.is_available() {
        return scalar(kernel);
    }
    match backend {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the CPU has the backend's instructions, as was just checked.
        Backend::Avx512 => unsafe { avx512(kernel) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        Backend::Avx2 => unsafe { avx2(kernel) },
        #[cfg(target_arch = "aarch64")]
        // SAFETY: as above.
        Backend::Neon => unsafe { neon(kernel) },
        _ => scalar(kernel),
    }
}

/// Runs `kernel` compiled for the backend whose vectors are `V`: one call, without detection.
#[inline]
pub(crate) fn dispatch_as<V: Vector, K: Kernel>(kernel: K) -> K::Output {
    match V::LANES {
        // Outside this crate a vector type cannot be named: code that is generic over one was
        // entered through `dispatch`, which had asked the CPU.
        #[cfg(target_arch = "x86_64")]
        // SAFETY: eight lanes are AVX-512's, and the CPU has it, as just argued.
        8 => unsafe { avx512(kernel) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: four lanes are AVX2's, likewise.
        4 => unsafe { avx2(kernel) },
        #[cfg(target_arch = "aarch64")]
        // SAFETY: two lanes are NEON's, likewise.
        2 => unsafe { neon(kernel) },
        _ => scalar(kernel),
    }
}

/// Out of line like the others, so that a kernel that others call is compiled once.
#[inline(never)]
pub(crate) fn scalar<K: Kernel>(kernel: K) -> K::Output {
    kernel.run::<Scalar>(ScalarToken::new())
}

#[cfg(target_arch = "x86_64")]
#[inline(never)]
#[target_feature(enable = "avx512f,avx512dq,avx512bw,avx512vl")]
pub(crate) fn avx512<K: Kernel>(kernel: K) -> K::Output {
    // SAFETY: the caller's CPU has the instructions, or it could not call this function.
    kernel.run::<Avx512>(unsafe { Avx512Token::assume() })
}

#[cfg(target_arch = "x86_64")]
#[inline(never)]
#[target_feature(enable = "avx2")]
pub(crate) fn avx2<K: Kernel>(kernel: K) -> K::Output {
    // SAFETY: the caller's CPU has the instructions, or it could not call this function.
    kernel.run::<Avx2>(unsafe { Avx2Token::assume() })
}

#[cfg(target_arch = "aarch64")]
#[inline(never)]
#[target_feature(enable = "neon")]
pub(crate) fn neon<K: Kernel>(kernel: K) -> K::Output {
    // SAFETY: the caller's CPU has the instructions, or it could not call this function.
    kernel.run::<Neon>(unsafe { NeonToken::assume() })
}
