//! Places where a test may kill the process.
//!
//! With the feature `fail-points`, `FAILPOINTS="sealed=3*off->return"` ends the process without any clean-up
//! when it comes to `sealed` for the fourth time. Without the feature there is nothing.

/// A place between two steps, of which a killed process has done the first and not the second.
#[inline]
pub(crate) fn point(name: &str) {
    #[cfg(feature = "fail-points")]
    fail::fail_point!(name, |_| std::process::abort());
    #[cfg(not(feature = "fail-points"))]
    let _ = name;
}
