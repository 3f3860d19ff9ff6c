//! One operation's block, row by row: from what the rows so far hashed to what the next one does.

mod registers;

use winter_math::FieldElement;
use winterlane_air::{
    batch::columns::{self as column, TRACE_WIDTH},
    batch::schedule::{
        CHAIN_END, CHAIN_START, DOMAIN_ROW, KEY_TREE_END, KEY_TREE_START, NUM_PAIRS,
        OPERATIONS_ROW, PAYLOAD_ROW, RECEIVER_KEYS_ROW, RECEIVER_LEAF_ROW, RECEIVER_META_ROW,
        RECEIVER_PATH_END, RECEIVER_PATH_START, RECORD_ROW, SIGN_ROW, SIGNER_KEYS_ROW,
        SIGNER_LEAF_ROW, SIGNER_META_ROW, SIGNER_PATH_END, SIGNER_PATH_START,
    },
};
use winterlane_ledger::{
    Account, Amount, AssetId, BaseElement, Digest, Domain, KeyUse, Nonce, OperationKind,
    OperationWitness, Order, Record, SlotIndex,
    amount::limbs,
    hash::{self, Input, tag},
    record::RecordFields,
    signature::{CHAINS, Signature, TARGET_SUM},
    tree::TREE_DEPTH,
};

use super::TraceError;

type Lanes4 = [BaseElement; 4];

/// The registers of a row: everything but the permutation.
pub(in crate::trace) const REGISTERS_START: usize = column::PERMUTATION.end;
/// Number of columns beside the permutation.
pub(in crate::trace) const NUM_REGISTERS: usize = TRACE_WIDTH - REGISTERS_START;
/// The columns of a row beside the permutation.
pub(in crate::trace) type Registers = [BaseElement; NUM_REGISTERS];

/// Account and path of one side of an operation, before and after it.
struct Side {
    index: u32,
    before: Account,
    after: Account,
    siblings: [Digest; TREE_DEPTH],
}

/// What a row of the chain phase does.
#[derive(Clone, Copy)]
enum ChainRow {
    /// One step of the even (0) or odd (1) chain of the pair.
    Step(usize),
    /// The closing of the pair.
    Close,
}

/// Where the chain phase stands.
struct Chains {
    rows: Vec<ChainRow>,
    words: [u64; 2],
    pair: usize,
    positions: [u64; 2],
    values: [[BaseElement; 2]; 2],
    key: Lanes4,
}

/// What the blocks before this one leave behind.
#[derive(Clone, Copy, Debug)]
pub(in crate::trace) struct Incoming {
    /// The operations digest so far.
    pub(in crate::trace) operations: Digest,
    /// Limb-wise sums of the fees in the pool.
    pub(in crate::trace) pool: [u64; 3],
}

/// A block being filled.
pub(in crate::trace) struct Block<'a> {
    fields: RecordFields,
    domain: Domain,
    validity: u64,
    signature: Option<&'a Signature>,
    signer: Side,
    receiver: Side,
    receiver_is_new: bool,
    used_slot: Option<SlotIndex>,
    rotation: Option<SlotIndex>,
    incoming: Incoming,
    constant: Registers,
    chains: Chains,
    /// Outputs of the previous row and of the one before it.
    outputs: [Lanes4; 2],
    /// Input of the previous row.
    input: Input,
    /// Roots after the signer's and the receiver's update, if there is one.
    roots: [Option<Lanes4>; 2],
}

fn element(value: u64) -> BaseElement {
    BaseElement::new(value)
}

fn flag(condition: bool) -> BaseElement {
    element(u64::from(condition))
}

/// An account that is nobody's: it fills the rows of a side that an operation does not have.
fn dummy(asset: AssetId, balance: Amount) -> Account {
    Account {
        asset,
        balance,
        ..Account::default()
    }
}

impl<'a> Block<'a> {
    pub(in crate::trace) fn new(
        witness: &'a OperationWitness,
        domain: Domain,
        incoming: Incoming,
    ) -> Self {
        let fields = witness.record.fields();
        let asset = match (&witness.signer, &witness.receiver) {
            (Some(signer), _) => signer.account.asset,
            (None, Some(receiver)) => receiver
                .account
                .or(receiver.created)
                .map_or(AssetId::ZERO, |a| a.asset),
            (None, None) => AssetId::ZERO,
        };
        let siblings = [Digest::ZERO; TREE_DEPTH];
        let signer = match &witness.signer {
            Some(signer) => Side {
                index: signer.index.get(),
                before: signer.account,
                after: signer.account_after(&witness.record),
                siblings: signer.siblings,
            },
            None => {
                let before = dummy(asset, fields.amount);
                let after = Account {
                    balance: Amount::ZERO,
                    nonce: Nonce::new(1),
                    ..before
                };
                // the index is bound also here: it keeps the subject in 32 bits
                Side {
                    index: fields.subject,
                    before,
                    after,
                    siblings,
                }
            }
        };
        let receiver = match &witness.receiver {
            Some(receiver) => {
                let after = receiver.account_after(fields.amount);
                let empty = Account {
                    balance: Amount::ZERO,
                    ..after
                };
                Side {
                    index: receiver.index.get(),
                    before: receiver.account.unwrap_or(empty),
                    after,
                    siblings: receiver.siblings,
                }
            }
            None => {
                let before = dummy(asset, Amount::ZERO);
                let after = Account {
                    balance: fields.amount,
                    ..before
                };
                Side {
                    index: 0,
                    before,
                    after,
                    siblings,
                }
            }
        };
        let signature = witness.signer.as_ref().map(|signer| &signer.signature);
        let rotation = match &witness.record {
            Record::Signed(Order::RotateKey(rotate), _) => Some(rotate.slot),
            _ => None,
        };
        let used_slot = match &witness.record {
            Record::Signed(_, KeyUse { slot, .. }) => Some(*slot),
            _ => None,
        };
        let zero = BaseElement::ZERO;
        let mut block = Self {
            validity: if fields.kind.is_signed() {
                fields
                    .valid_until
                    .get()
                    .wrapping_sub(witness.batch_number.get())
            } else {
                0
            },
            fields,
            domain,
            signature,
            signer,
            receiver,
            receiver_is_new: fields.kind == OperationKind::Create,
            used_slot,
            rotation,
            incoming,
            constant: [zero; NUM_REGISTERS],
            chains: Chains {
                rows: Vec::new(),
                words: [0; 2],
                pair: 0,
                positions: [0; 2],
                values: [[zero; 2]; 2],
                key: [zero; 4],
            },
            // the spare row before each block hashes zeros
            outputs: [hash::compress_input(&[zero; 8]).0, [zero; 4]],
            input: [zero; 8],
            roots: [None; 2],
        };
        block.set_constants(asset, witness.pool_asset);
        block
    }

    /// Fills the columns that are constant within the block.
    fn set_constants(&mut self, asset: AssetId, pool_asset: AssetId) {
        use OperationKind as Kind;
        let kind = self.fields.kind;
        let key_index = self.key_index();
        let (fields, used_slot) = (self.fields, self.used_slot);
        let mut set = |column: usize, value: BaseElement| {
            self.constant[column - REGISTERS_START] = value;
        };
        for (i, &lane) in fields.payload.iter().enumerate() {
            set(column::PAYLOAD.start + i, lane);
        }
        if let Some(slot) = used_slot {
            let first = if kind == Kind::RotateKey {
                column::ROTATE
            } else {
                column::SPEND
            };
            set(first.start + slot.index(), BaseElement::ONE);
        }
        set(column::IS_TRANSFER, flag(kind == Kind::Transfer));
        set(
            column::TARGETS_SLOT_0,
            flag(kind == Kind::RotateKey && fields.target_slot == 0),
        );
        set(column::IS_CREATE, flag(kind == Kind::Create));
        set(column::IS_TOP_UP, flag(kind == Kind::Deposit));
        set(column::IS_COLLECT, flag(kind == Kind::CollectFees));
        set(column::SUBJECT, BaseElement::from(fields.subject));
        set(column::TO, BaseElement::from(fields.to));
        set(
            column::NONCE,
            BaseElement::from(self.signer.before.nonce.get()),
        );
        set(column::KEY_INDEX, key_index);
        set(column::ASSET, BaseElement::from(asset.get()));
        set(column::SCOPE, BaseElement::from(fields.scope));
        set(column::VALID_UNTIL, element(fields.valid_until.get()));
        for (i, limb) in limbs(fields.amount.get()).into_iter().enumerate() {
            set(column::AMOUNT.start + i, element(limb));
        }
        for (i, limb) in limbs(fields.fee.get()).into_iter().enumerate() {
            set(column::FEE.start + i, element(limb));
        }
        set(column::POOL_ASSET, BaseElement::from(pool_asset.get()));
    }

    fn key_index(&self) -> BaseElement {
        BaseElement::from(self.signature.map_or(0, |signature| signature.key_index))
    }

    fn seed(&self) -> [BaseElement; 2] {
        self.signature
            .map_or([BaseElement::ZERO; 2], |signature| signature.seed)
    }

    /// The account roots after the block: of the signer's update, then of the receiver's.
    pub(in crate::trace) fn roots(&self) -> [Option<Lanes4>; 2] {
        self.roots
    }

    /// What the blocks after this one find: its output is chained into the operations digest.
    pub(in crate::trace) fn pool_after(fields: &RecordFields, pool: [u64; 3]) -> Option<[u64; 3]> {
        if fields.kind == OperationKind::CollectFees {
            return Some([0; 3]);
        }
        let fee = limbs(fields.fee.get());
        let mut after = pool;
        for (limb, fee) in after.iter_mut().zip(fee) {
            *limb = limb.checked_add(fee)?;
        }
        Some(after)
    }

    /// What row `row` hashes.
    ///
    /// # Errors
    /// [`TraceError::UnusableMessage`] if the signed message's digits do not fill the chain phase.
    pub(in crate::trace) fn input(&mut self, row: usize) -> Result<Input, TraceError> {
        let [last, before_last] = self.outputs;
        let lo = [self.input[0], self.input[1], self.input[2], self.input[3]];
        self.input = match row {
            RECORD_ROW => self.fields.lanes_input(),
            PAYLOAD_ROW => hash::input(tag::PAYLOAD, &last, &self.fields.payload),
            DOMAIN_ROW => hash::input(tag::DOMAIN, &last, &self.domain.0.0),
            OPERATIONS_ROW => hash::input(tag::OPS, &self.incoming.operations.0, &lo),
            SIGN_ROW => {
                let rho = self
                    .signature
                    .map_or([BaseElement::ZERO; 2], |signature| signature.rho);
                let nonce = BaseElement::from(self.signer.before.nonce.get());
                hash::input(
                    tag::SIGN,
                    &before_last,
                    &[rho[0], rho[1], nonce, BaseElement::ZERO],
                )
            }
            CHAIN_START..=CHAIN_END => self.chain_input(row)?,
            KEY_TREE_START..=KEY_TREE_END => {
                let level = row - KEY_TREE_START;
                let (index, sibling) = self.signature.map_or((0, Digest::ZERO), |signature| {
                    (signature.key_index, signature.auth[level])
                });
                on_side(tag::XMSS, index, level, last, sibling)
            }
            SIGNER_KEYS_ROW => keys_input(&self.signer.before),
            row if row == SIGNER_KEYS_ROW + 1 => keys_input(&self.signer.after),
            SIGNER_META_ROW => self.signer.before.meta_input(&Digest(before_last)),
            row if row == SIGNER_META_ROW + 1 => self.signer.after.meta_input(&Digest(before_last)),
            SIGNER_LEAF_ROW => self.signer.before.leaf_input(&Digest(before_last)),
            row if row == SIGNER_LEAF_ROW + 1 => self.signer.after.leaf_input(&Digest(before_last)),
            SIGNER_PATH_START..=SIGNER_PATH_END => {
                let level = (row - SIGNER_PATH_START) / 2;
                let sibling = self.signer.siblings[level];
                on_side(tag::NODE, self.signer.index, level, before_last, sibling)
            }
            RECEIVER_KEYS_ROW => keys_input(&self.receiver.before),
            RECEIVER_META_ROW => self.receiver.before.meta_input(&Digest(last)),
            RECEIVER_LEAF_ROW => self.receiver.before.leaf_input(&Digest(last)),
            row if row == RECEIVER_LEAF_ROW + 1 => self.receiver.after.leaf_input(&Digest(lo)),
            RECEIVER_PATH_START..=RECEIVER_PATH_END => {
                let level = (row - RECEIVER_PATH_START) / 2;
                let from = if row == RECEIVER_PATH_START && self.receiver_is_new {
                    Digest::ZERO.0
                } else {
                    before_last
                };
                let sibling = self.receiver.siblings[level];
                on_side(tag::NODE, self.receiver.index, level, from, sibling)
            }
            _ => [BaseElement::ZERO; 8],
        };
        Ok(self.input)
    }

    /// Takes the compression of row `row`.
    pub(in crate::trace) fn output(&mut self, row: usize, output: Lanes4) {
        match row {
            CHAIN_START..=CHAIN_END => self.advance_chains(row, output),
            SIGNER_PATH_END if self.fields.kind.is_signed() => self.roots[0] = Some(output),
            RECEIVER_PATH_END if self.fields.kind.has_receiver() => self.roots[1] = Some(output),
            _ => {}
        }
        self.outputs = [output, self.outputs[0]];
    }

    /// Plans the chain phase from the message's words.
    fn plan_chains(&mut self) -> Result<(), TraceError> {
        let words = match self.signature {
            Some(_) => [self.outputs[0][0].as_int(), self.outputs[0][1].as_int()],
            None => PADDING_WORDS,
        };
        let mut rows = Vec::with_capacity(CHAIN_END + 1 - CHAIN_START);
        for pair in 0..NUM_PAIRS {
            for chain in [0, 1] {
                let steps = 3 - digit(words, 2 * pair + chain);
                rows.extend((0..steps).map(|_| ChainRow::Step(chain)));
            }
            rows.push(ChainRow::Close);
        }
        if rows.len() != CHAIN_END + 1 - CHAIN_START {
            return Err(TraceError::UnusableMessage { rows: rows.len() });
        }
        let [seed_0, seed_1] = self.seed();
        self.chains.rows = rows;
        self.chains.words = words;
        self.chains.key = [seed_0, seed_1, self.key_index(), BaseElement::ZERO];
        self.chains.open(self.signature, 0);
        Ok(())
    }

    fn chain_input(&mut self, row: usize) -> Result<Input, TraceError> {
        if row == CHAIN_START {
            self.plan_chains()?;
        }
        let chains = &self.chains;
        Ok(match chains.rows[row - CHAIN_START] {
            ChainRow::Step(chain) => {
                let [v0, v1] = chains.values[chain];
                let [s0, s1] = self.seed();
                let place = 4 * (2 * chains.pair + chain) as u64 + chains.positions[chain];
                let zero = BaseElement::ZERO;
                let right = [self.key_index(), element(place), zero, zero];
                hash::input(tag::CHAIN, &[v0, v1, s0, s1], &right)
            }
            ChainRow::Close => {
                let [[e0, e1], [o0, o1]] = chains.values;
                hash::input(tag::OTS, &chains.key, &[e0, e1, o0, o1])
            }
        })
    }

    fn advance_chains(&mut self, row: usize, output: Lanes4) {
        match self.chains.rows[row - CHAIN_START] {
            ChainRow::Step(chain) => {
                self.chains.values[chain] = [output[0], output[1]];
                self.chains.positions[chain] += 1;
            }
            ChainRow::Close => {
                self.chains.key = output;
                self.chains.open(self.signature, self.chains.pair + 1);
            }
        }
    }
}

impl Chains {
    fn open(&mut self, signature: Option<&Signature>, pair: usize) {
        self.pair = pair;
        if pair == NUM_PAIRS {
            return;
        }
        for chain in [0, 1] {
            let number = 2 * pair + chain;
            self.positions[chain] = digit(self.words, number);
            self.values[chain] =
                signature.map_or([BaseElement::ZERO; 2], |signature| signature.chains[number]);
        }
    }
}

/// The digit of chain `chain`: one bit of each word.
fn digit(words: [u64; 2], chain: usize) -> u64 {
    (words[0] >> chain & 1) + 2 * (words[1] >> chain & 1)
}

/// Words whose digits sum to the target, for operations without a signature: six ones, then twos.
const PADDING_WORDS: [u64; 2] = [0x7 << 61 | 0x7, !(0x7 << 61 | 0x7)];
const _: () = assert!(
    PADDING_WORDS[0].count_ones() + 2 * PADDING_WORDS[1].count_ones() == TARGET_SUM
        && PADDING_WORDS[0].count_ones() + PADDING_WORDS[1].count_ones() == CHAINS as u32
);

fn keys_input(account: &Account) -> Input {
    hash::input(
        tag::KEYS,
        &account.slots[0].root.0.0,
        &account.slots[1].root.0.0,
    )
}

/// `node` on the side that bit `level` of `index` says, `sibling` on the other.
fn on_side(tag: BaseElement, index: u32, level: usize, node: Lanes4, sibling: Digest) -> Input {
    if index >> level & 1 == 0 {
        hash::input(tag, &node, &sibling.0)
    } else {
        hash::input(tag, &sibling.0, &node)
    }
}
