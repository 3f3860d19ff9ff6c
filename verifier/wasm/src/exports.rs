//! The module's functions for JavaScript. Everything is a 32-bit number, but for the time; text and bytes lie in buffers that
//! the module owns.
//!
//! A call goes like this: `winterlane_input` for each input, and the host writes it where it was told;
//! then the call; then the host reads the answer, `winterlane_output_bytes` from `winterlane_output` on.
//! Addresses are good until the next call.

use alloc::vec::Vec;

use spin::Mutex;
use winterlane_verifier::{DEFAULT_MAX_PROOF_BYTES, PublicFile};

use crate::{Answer, Chain, Pool};

/// Counts up when the meaning of a function changes.
const INTERFACE: u32 = 3;

/// The most bytes of each input, and so how many inputs there are: 0 what is expected, asked or published, 1 the
/// proof. No kind of them is longer than those of batches.
const MAX_INPUT_BYTES: [usize; 2] = [PublicFile::MAX_BYTES, DEFAULT_MAX_PROOF_BYTES];

/// Answered in place of a status by an instance in which a call did not come to its end. Nothing that it
/// holds can be trusted: the host makes another one.
const BROKEN: u32 = 3;

/// Everything that an instance of the module holds.
struct Instance {
    inputs: [Vec<u8>; MAX_INPUT_BYTES.len()],
    output: Vec<u8>,
    chain: Option<Chain>,
    pool: Option<Pool>,
}

/// A call that trapped leaves the lock taken, which is how later calls know.
static INSTANCE: Mutex<Instance> = Mutex::new(Instance {
    inputs: [const { Vec::new() }; MAX_INPUT_BYTES.len()],
    output: Vec::new(),
    chain: None,
    pool: None,
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

/// What only private proofs need.
impl Instance {
    fn statement(&mut self, now: u64) -> u32 {
        let [known, bytes] = self.take_inputs();
        self.answer(crate::statement(&known, &bytes, now))
    }

    fn ask(&mut self) -> u32 {
        let [request, _] = self.take_inputs();
        self.answer(crate::ask(&request))
    }

    fn credential(&mut self, now: u64) -> u32 {
        let [challenge, bytes] = self.take_inputs();
        self.answer(crate::answer(&challenge, &bytes, now))
    }

    fn pool_begin(&mut self) -> u32 {
        let [expected, file] = self.take_inputs();
        match Pool::new(&expected, &file) {
            Ok(pool) => {
                self.pool = Some(pool);
                self.output = Vec::new();
                0
            }
            Err(answer) => {
                self.pool = None;
                self.answer(answer)
            }
        }
    }

    fn pool_add(&mut self) -> u32 {
        let [operation, proof] = self.take_inputs();
        let answer = match &mut self.pool {
            Some(pool) => pool.add(&operation, &proof),
            None => Answer::no_pool(),
        };
        self.answer(answer)
    }

    fn pool_end(&mut self) -> u32 {
        let answer = self
            .pool
            .take()
            .map_or_else(Answer::no_pool, |pool| pool.end());
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

    /// Makes room for `bytes` bytes of an input, of which there are two. Where to write them; 0 when no such input is
    /// that long.
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

    /// Verifies one private proof with what it says, in the second `now` since 1970: input 0 what is known, input 1
    /// the proof. The status; there is an answer.
    #[unsafe(no_mangle)]
    extern "C" fn winterlane_statement(now: u64) -> u32 {
        INSTANCE
            .try_lock()
            .map_or(BROKEN, |mut instance| instance.statement(now))
    }

    /// Makes a challenge about a credential: input 0 what it is to ask. The status; there is an answer.
    #[unsafe(no_mangle)]
    extern "C" fn winterlane_ask() -> u32 {
        INSTANCE
            .try_lock()
            .map_or(BROKEN, |mut instance| instance.ask())
    }

    /// Verifies the answer to a challenge, in the second `now` since 1970: input 0 the challenge, input 1 the proof.
    /// The status; there is an answer.
    #[unsafe(no_mangle)]
    extern "C" fn winterlane_answer(now: u64) -> u32 {
        INSTANCE
            .try_lock()
            .map_or(BROKEN, |mut instance| instance.credential(now))
    }

    /// Begins a pool: input 0 what is expected, input 1 the file that names it. The status; an answer if it is not 0.
    #[unsafe(no_mangle)]
    extern "C" fn winterlane_pool_begin() -> u32 {
        INSTANCE
            .try_lock()
            .map_or(BROKEN, |mut instance| instance.pool_begin())
    }

    /// Verifies the next operation of the pool: input 0 the operation, input 1 its proof or nothing. The status; there
    /// is an answer.
    #[unsafe(no_mangle)]
    extern "C" fn winterlane_pool_add() -> u32 {
        INSTANCE
            .try_lock()
            .map_or(BROKEN, |mut instance| instance.pool_add())
    }

    /// Ends the pool. The status; there is an answer.
    #[unsafe(no_mangle)]
    extern "C" fn winterlane_pool_end() -> u32 {
        INSTANCE
            .try_lock()
            .map_or(BROKEN, |mut instance| instance.pool_end())
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
