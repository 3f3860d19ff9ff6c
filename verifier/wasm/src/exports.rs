//! The module's functions for JavaScript. Everything is a 32-bit number; text and bytes lie in buffers that
//! the module owns.
//!
//! A call goes like this: `winterlane_input` for each input, and the host writes it where it was told;
//! then the call; then the host reads the answer, `winterlane_output_bytes` from `winterlane_output` on.
//! Addresses are good until the next call.

use alloc::vec::Vec;

use spin::Mutex;
use winterlane_verifier::{DEFAULT_MAX_PROOF_BYTES, PublicFile};

use crate::{Answer, Chain, expected::MAX_EXPECTED_BYTES};

/// Counts up when the meaning of a function changes.
const INTERFACE: u32 = 1;

/// The most bytes of each input, and so how many inputs there are: 0 the expectations or the public file, 1
/// the proof.
const MAX_INPUT_BYTES: [usize; 2] = [
    if PublicFile::MAX_BYTES > MAX_EXPECTED_BYTES {
        PublicFile::MAX_BYTES
    } else {
        MAX_EXPECTED_BYTES
    },
    DEFAULT_MAX_PROOF_BYTES,
];

/// Answered in place of a status by an instance in which a call did not come to its end. Nothing that it
/// holds can be trusted: the host makes another one.
const BROKEN: u32 = 3;

/// Everything that an instance of the module holds.
struct Instance {
    inputs: [Vec<u8>; MAX_INPUT_BYTES.len()],
    output: Vec<u8>,
    chain: Option<Chain>,
}

/// A call that trapped leaves the lock taken, which is how later calls know.
static INSTANCE: Mutex<Instance> = Mutex::new(Instance {
    inputs: [const { Vec::new() }; MAX_INPUT_BYTES.len()],
    output: Vec::new(),
    chain: None,
});

impl Instance {
    /// Makes room for an input; where, or 0 when it is too long or there is no such input.
    fn input(&mut self, which: usize, bytes: usize) -> usize {
        let (Some(input), Some(&most)) = (self.inputs.get_mut(which), MAX_INPUT_BYTES.get(which))
        else {
            return 0;
        };
        *input = Vec::new();
        if bytes > most || input.try_reserve_exact(bytes).is_err() {
            return 0;
        }
        input.resize(bytes, 0);
        // The host writes through this address, and it alone.
        input.as_mut_ptr().expose_provenance()
    }

    fn take_inputs(&mut self) -> [Vec<u8>; MAX_INPUT_BYTES.len()] {
        core::mem::take(&mut self.inputs)
    }

    fn answer(&mut self, answer: Answer) -> u32 {
        self.output = answer.json;
        answer.status
    }

    fn begin(&mut self) -> u32 {
        let [expected, _] = self.take_inputs();
        match Chain::new(&expected) {
            Ok(chain) => {
                self.chain = Some(chain);
                self.output = Vec::new();
                0
            }
            Err(answer) => {
                self.chain = None;
                self.answer(answer)
            }
        }
    }

    fn add(&mut self) -> u32 {
        let [public, proof] = self.take_inputs();
        let answer = match &mut self.chain {
            Some(chain) => chain.add(&public, &proof),
            None => Answer::no_chain(),
        };
        self.answer(answer)
    }

    fn end(&mut self) -> u32 {
        let answer = self
            .chain
            .take()
            .map_or_else(Answer::no_chain, |chain| chain.end());
        self.answer(answer)
    }
}

/// Only names: that no other symbol is called so, which a linker would say.
#[expect(unsafe_code, reason = "names of exports; no code in here is unsafe")]
mod names {
    use super::{BROKEN, INSTANCE, INTERFACE};

    /// Which meaning the other functions have.
    #[unsafe(no_mangle)]
    extern "C" fn winterlane_interface() -> u32 {
        INTERFACE
    }

    /// Makes room for `bytes` bytes of an input (0 the expectations or the public file, 1 the proof). Where to
    /// write them; 0 when no such input is that long.
    #[unsafe(no_mangle)]
    extern "C" fn winterlane_input(which: usize, bytes: usize) -> usize {
        INSTANCE
            .try_lock()
            .map_or(0, |mut instance| instance.input(which, bytes))
    }

    /// Begins a chain, of which input 0 says what is expected. The status; an answer if it is not 0.
    #[unsafe(no_mangle)]
    extern "C" fn winterlane_begin() -> u32 {
        INSTANCE
            .try_lock()
            .map_or(BROKEN, |mut instance| instance.begin())
    }

    /// Verifies the next batch: input 0 its public file, input 1 its proof. The status; there is an answer.
    #[unsafe(no_mangle)]
    extern "C" fn winterlane_add() -> u32 {
        INSTANCE
            .try_lock()
            .map_or(BROKEN, |mut instance| instance.add())
    }

    /// Ends the chain. The status; there is an answer.
    #[unsafe(no_mangle)]
    extern "C" fn winterlane_end() -> u32 {
        INSTANCE
            .try_lock()
            .map_or(BROKEN, |mut instance| instance.end())
    }

    /// Where the answer lies.
    #[unsafe(no_mangle)]
    extern "C" fn winterlane_output() -> usize {
        INSTANCE
            .try_lock()
            .map_or(0, |instance| instance.output.as_ptr().expose_provenance())
    }

    /// Bytes of the answer.
    #[unsafe(no_mangle)]
    extern "C" fn winterlane_output_bytes() -> usize {
        INSTANCE
            .try_lock()
            .map_or(0, |instance| instance.output.len())
    }
}
