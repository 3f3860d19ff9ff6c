//! Hashing many messages of one length: the kernel behind rows and tree levels alike.

use super::{
    compress::{
        CHUNK, CHUNK_END, CHUNK_START, PARENT, Parameters, ROOT, compress, from_montgomery, initial,
    },
    words::{BLOCK, MAX_LANES, Words},
};

/// A digest of 256 bits; the 192-bit hash truncates it.
pub(super) type Digest = [u8; 32];

/// Messages of `size` bytes, one every `stride` bytes.
///
/// Invariant: `size` and `stride` are multiples of 8, and `count` messages lie within `bytes`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Messages<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) size: usize,
    pub(super) stride: usize,
    pub(super) count: usize,
    /// Whether each 64-bit word is a field element in Montgomery form, to be hashed as the
    /// canonical integer.
    pub(super) montgomery: bool,
}

impl<'a> Messages<'a> {
    /// Messages `from..from + count`.
    pub(super) fn slice(self, from: usize, count: usize) -> Self {
        debug_assert!(from + count <= self.count);
        let bytes = if count == 0 {
            &[]
        } else {
            &self.bytes[from * self.stride..]
        };
        Self {
            bytes,
            count,
            ..self
        }
    }
}

/// Hashes every message to the digest of the same index.
///
/// # Panics
/// Panics if there are not as many digests as messages.
#[inline(always)]
pub(super) fn hash<W: Words>(w: W, messages: Messages<'_>, digests: &mut [Digest]) {
    let Messages {
        bytes,
        size,
        stride,
        count,
        ..
    } = messages;
    assert_eq!(count, digests.len(), "one digest a message");
    if count == 0 {
        return;
    }
    if count >= W::LANES {
        return hash_groups(w, messages, digests);
    }
    // Too few to fill the lanes: the others hash zeros.
    let mut padded = vec![0; size * W::LANES];
    for (i, row) in padded.chunks_exact_mut(size.max(1)).take(count).enumerate() {
        row.copy_from_slice(&bytes[i * stride..][..size]);
    }
    let mut all = [[0; 32]; MAX_LANES];
    let padded = Messages {
        bytes: &padded,
        stride: size,
        count: W::LANES,
        ..messages
    };
    hash_groups(w, padded, &mut all[..W::LANES]);
    digests.copy_from_slice(&all[..count]);
}

/// [`hash`] for at least as many messages as lanes.
#[inline(always)]
fn hash_groups<W: Words>(w: W, messages: Messages<'_>, digests: &mut [Digest]) {
    let mut stack = Vec::new();
    let mut from = 0;
    loop {
        let digest = hash_group(w, messages.slice(from, W::LANES), &mut stack);
        w.store_digests(digest, &mut digests[from..from + W::LANES]);
        if from + W::LANES == messages.count {
            return;
        }
        // The last group is moved back to be full; what it hashes twice, it hashes the same.
        from = (from + W::LANES).min(messages.count - W::LANES);
    }
}

/// The digests of one message a lane.
///
/// The lanes share one tree shape, so its stack holds vectors. `stack` is empty on entry and on
/// return; it is passed in to be allocated once.
#[inline(always)]
fn hash_group<W: Words>(w: W, group: Messages<'_>, stack: &mut Vec<[W::V; 8]>) -> [W::V; 8] {
    let last = group.size.saturating_sub(1) / CHUNK;
    let mut index = 0;
    loop {
        let mut cv = chunk(w, group, index, if last == 0 { ROOT } else { 0 });
        index += 1;
        // After chunk number `index` (from 1), as many subtrees are complete as `index` has
        // trailing zeros. After the last chunk all that are left join up to the root.
        let mut joins = if index > last {
            stack.len()
        } else {
            index.trailing_zeros() as usize
        };
        while joins > 0 {
            joins -= 1;
            // The stack has an entry for each one bit of the chunks before.
            let Some(left) = stack.pop() else { break };
            let root = if index > last && joins == 0 { ROOT } else { 0 };
            cv = parent(w, left, cv, root);
        }
        if index > last {
            return cv;
        }
        stack.push(cv);
    }
}

/// The chaining value of chunk `index` of every lane's message.
#[inline(always)]
fn chunk<W: Words>(w: W, group: Messages<'_>, index: usize, root: u32) -> [W::V; 8] {
    let Messages {
        bytes,
        size,
        stride,
        montgomery,
        ..
    } = group;
    let mut at = index * CHUNK;
    let end = size.min(at + CHUNK);
    let mut start = CHUNK_START;
    let mut cv = initial(w);
    loop {
        let left = end - at;
        // The same block of the group that follows: its lanes are too far apart for the hardware to
        // see where they go.
        let following = bytes.as_ptr().wrapping_add(W::LANES * stride + at);
        for lane in 0..W::LANES {
            w.prefetch(following.wrapping_add(lane * stride));
        }
        let mut m = if left >= BLOCK {
            w.load_block(&bytes[at..], stride)
        } else {
            w.load_short(&bytes[at..], stride, left / 8)
        };
        if montgomery {
            // Padding survives: zero is its own Montgomery form.
            for pair in m.as_chunks_mut().0 {
                let [low, high] = *pair;
                *pair = from_montgomery(w, low, high);
            }
        }
        let last = left <= BLOCK;
        let flags = start | if last { CHUNK_END | root } else { 0 };
        let len = left.min(BLOCK) as u32;
        cv = compress(
            w,
            cv,
            &m,
            Parameters {
                counter: index as u64,
                len,
                flags,
            },
        );
        if last {
            return cv;
        }
        start = 0;
        at += BLOCK;
    }
}

#[inline(always)]
fn parent<W: Words>(w: W, left: [W::V; 8], right: [W::V; 8], root: u32) -> [W::V; 8] {
    let mut block = [left[0]; 16];
    block[..8].copy_from_slice(&left);
    block[8..].copy_from_slice(&right);
    let parameters = Parameters {
        counter: 0,
        len: BLOCK as u32,
        flags: PARENT | root,
    };
    compress(w, initial(w), &block, parameters)
}
