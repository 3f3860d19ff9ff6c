//! Hiding is real: what proofs show of two witnesses is the same, and is not when a part is left out.
//!
//! | suite | what it says |
//! |---|---|
//! | [`exact`] | on a field of 97 elements: the distributions of views of two witnesses, count by count |
//! | [`rank`] | on the real prover: what proofs show is as random as the verifier's equations allow |
//! | [`simulator`] | proofs without a witness, that stock winterfell's verifier takes |
//! | [`proofs`] | stock's bytes, every cell, and nothing in the length |

mod exact;
mod linear;
mod proofs;
mod rank;
mod shape;
mod simulator;
mod toy;
