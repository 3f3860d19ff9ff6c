//! Places where a test may kill the process.
//!
//! In the crate's own tests, `FAILPOINTS="sealed=3*off->return"` ends the process without any clean-up when it comes to
//! `sealed` for the fourth time. In every other build there is nothing: the crate `fail` is linked by tests alone.

/// A place between two steps, of which a killed process has done the first and not the second.
#[inline]
pub(crate) fn point(name: &str) {
    #[cfg(test)]
    fail::fail_point!(name, |_| std::process::abort());
    #[cfg(not(test))]
    let _ = name;
}
