//! Hiding is real: what proofs show of two witnesses is the same, and is not when a part is left out.
//!
//! | suite | what it says |
//! |---|---|
//! | [`exact`] | on a field of 97 elements: the distributions of views of two witnesses, count by count |
//! | [`rank`] | on the real prover: what proofs show is as random as the verifier's equations allow |
//! | [`mutants`] | and with another veil, a short tail, too many queries or old randomness it is not |
//! | [`leaves`] | whoever guesses a row that is not opened has to guess 256 bits of it |
//! | [`simulator`] | proofs without a witness, that stock winterfell's verifier takes |
//! | [`proofs`] | stock's bytes, every cell, every preset, and nothing in the length |
//! | [`calls`] | the calls that users make: stock's bytes, another attempt, refusals |
//! | [`engine`] | a point that the verifier refuses; memory |

mod calls;
mod engine;
mod exact;
mod leaves;
mod linear;
mod misfits;
mod mutants;
mod proofs;
mod rank;
mod shape;
mod simulator;
mod toy;
