//! Hiding is real: what proofs show of two witnesses is the same, and is not when a part is left out.
//!
//! | suite | what it says |
//! |---|---|
//! | [`exact`] | on a field of 97 elements: the distributions of views of two witnesses, count by count |

mod exact;
