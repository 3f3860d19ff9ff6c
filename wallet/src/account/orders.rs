//! Orders: signed, kept until they are answered, sent.

use std::{
    fmt,
    time::{Duration, Instant},
};

use winterlane_ledger::{
    Account, AccountId, Amount, BatchNumber, Compressor, Nonce, Order, Root, RotateKey,
    SignedOrder, SlotIndex, Transfer, Withdraw, codec::CanonicalBytes as _,
};

use super::{
    AccountError, AccountWallet, COLD, COLD_AHEAD, HOT, Seen,
    keys::scope_of,
    profile::{LastSigned, Outbox},
};
use crate::{
    Request,
    client::{Ask, ClientError, Fees, OrderPlace, Stage},
    hex::{hex, unhex},
};

/// How many batches an order is valid for beyond the least, unless the caller says otherwise.
const LIFETIME: u64 = 30;
/// The longest pause between two questions about an order that is waited for.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// A fee that the caller has not named is this part of what the account holds, at most.
const FEE_PART: u128 = 100;
/// How often an order is signed and sent, where a node refuses it by its nonce and names the same nonce again.
const ATTEMPTS: u32 = 3;

/// What the account shall do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Intent {
    /// Pay another account of the same asset.
    Pay {
        /// Who receives.
        to: AccountId,
        /// How much, in the asset's smallest unit.
        amount: Amount,
    },
    /// Pay out of the rollup.
    Withdraw {
        /// Who receives on the settlement layer.
        recipient: [u8; 20],
        /// How much, in the asset's smallest unit.
        amount: Amount,
    },
    /// Put the next key into a slot.
    Rotate {
        /// The slot.
        slot: SlotIndex,
    },
}

impl Intent {
    /// The slot whose key signs it.
    #[must_use]
    pub const fn signer(&self) -> SlotIndex {
        match self {
            Self::Pay { .. } | Self::Withdraw { .. } => HOT,
            Self::Rotate { .. } => COLD,
        }
    }
}

impl fmt::Display for Intent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pay { to, amount } => write!(f, "pay {amount} to account {to}"),
            Self::Withdraw { recipient, amount } => {
                write!(f, "withdraw {amount} to 0x")?;
                recipient
                    .iter()
                    .try_for_each(|byte| write!(f, "{byte:02x}"))
            }
            Self::Rotate { slot } => write!(f, "put the next key into slot {}", slot.index()),
        }
    }
}

/// On what terms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// The fee; the node's least, if it is not given. That is the node's word, and goes to whoever runs it: a wallet pays no more
    /// without being told than a hundredth of what the account holds, and than what the order pays.
    pub fee: Option<Amount>,
    /// For how many batches the order is valid, from the open one on; a little more than the node's least, if it is not given.
    pub lifetime: Option<u64>,
    /// The root of the last sealed state, where the caller knows it.
    pub root: Option<Root>,
}

/// An order that a node has on its disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// What it does, in words.
    pub what: String,
    /// Its name at the node.
    pub id: String,
    /// The batch that takes it.
    pub batch: BatchNumber,
    /// Its nonce.
    pub nonce: Nonce,
    /// Its fee.
    pub fee: Amount,
}

/// What became of an order without an answer.
#[derive(Clone, Debug)]
pub enum Resumed {
    /// The node has it.
    Sent(Sent),
    /// The node will not take it: it is gone.
    Dropped {
        /// What it was to do.
        what: String,
        /// The node's reason.
        reason: String,
    },
}

/// The fee that a node asks for, if the wallet pays it without being told.
fn agreed(asked: Amount, holds: Amount, intent: Intent) -> Result<Amount, AccountError> {
    let of_balance = Amount::new(holds.get() / FEE_PART);
    let most = match intent {
        Intent::Pay { amount, .. } | Intent::Withdraw { amount, .. } => of_balance.min(amount),
        Intent::Rotate { .. } => of_balance,
    };
    if asked > most {
        return Err(AccountError::HighFee { asked, most });
    }
    Ok(asked)
}

impl<C: Compressor> AccountWallet<C> {
    /// Signs an order, and sends it until the node has answered. One that is refused by its nonce is signed anew at the same nonce
    /// alone: of such orders the ledger takes one. That the node has another nonce now is no reason to sign at that one, since
    /// whoever refuses an order may keep it, and what a node says next may be said to get a second one.
    ///
    /// # Errors
    /// [`AccountError::Unanswered`] when the node may have taken it: [`Self::resume`] goes on. With all others nothing changed,
    /// but that a one-time key may be used up, and that a node which refused the order may have kept it.
    pub fn order(
        &mut self,
        node: &impl Ask,
        intent: Intent,
        terms: Terms,
    ) -> Result<Sent, AccountError> {
        if let Some(outbox) = &self.profile.outbox {
            let what = outbox.what.clone();
            return Err(AccountError::Waiting { what });
        }
        let mut attempt = 1;
        let mut seen = self.look(node, terms.root)?;
        loop {
            let signed = self.sign(&seen, &node.fees()?, intent, terms)?;
            match self.send(node, intent.to_string(), &signed) {
                Err(AccountError::Refused { refused, .. })
                    if refused.rule() == Some("nonce") && attempt < ATTEMPTS =>
                {
                    attempt += 1;
                }
                result => return result,
            }
            seen = self.look(node, terms.root)?;
            let found = seen.pending.nonce;
            if found != signed.nonce {
                return Err(AccountError::NonceBehind {
                    found,
                    signed: signed.nonce,
                    valid_until: signed.order.valid_until(),
                });
            }
        }
    }

    /// Sends the order again that had no answer, if there is one.
    ///
    /// # Errors
    /// [`AccountError::Unanswered`], and what the disk says.
    pub fn resume(&mut self, node: &impl Ask) -> Result<Option<Resumed>, AccountError> {
        let Some(Outbox { what, order }) = self.profile.outbox.clone() else {
            return Ok(None);
        };
        let order = unhex(&order).and_then(|bytes| SignedOrder::from_bytes(&bytes).ok());
        let damaged = || AccountError::Profile {
            path: self.wallet.medium().path(super::PROFILE),
            reason: "the order that waits is none".to_owned(),
        };
        let order = order.ok_or_else(damaged)?;
        match self.send(node, what, &order) {
            Ok(sent) => Ok(Some(Resumed::Sent(sent))),
            Err(AccountError::Refused { what, refused }) => Ok(Some(Resumed::Dropped {
                what,
                reason: refused.to_string(),
            })),
            Err(error) => Err(error),
        }
    }

    /// Installs the next key of each slot whose key is three quarters used.
    ///
    /// # Errors
    /// As [`Self::order`].
    pub fn keep_keys(&mut self, node: &impl Ask, terms: Terms) -> Result<Vec<Sent>, AccountError> {
        let mut sent = Vec::new();
        // The cold key first: it signs for both.
        for slot in [COLD, HOT] {
            let seen = self.look(node, terms.root)?;
            if self.left(&seen.pending, slot)?.due() {
                sent.push(self.order(node, Intent::Rotate { slot }, terms)?);
            }
        }
        Ok(sent)
    }

    /// Waits until an order is as far as wanted, for `patience` at most. The node has the order: one that is away meanwhile is
    /// asked again.
    ///
    /// # Errors
    /// [`AccountError::NotYet`], [`AccountError::Held`], [`AccountError::Node`].
    pub fn wait(
        &self,
        node: &impl Ask,
        sent: &Sent,
        wanted: Stage,
        patience: Duration,
    ) -> Result<OrderPlace, AccountError> {
        let began = Instant::now();
        let mut pause = Duration::from_millis(50);
        loop {
            let found = match node.order(&sent.id) {
                Err(error) if error.passes() && began.elapsed() < patience => {
                    std::thread::sleep(pause);
                    pause = (pause * 2).min(LONGEST_PAUSE);
                    continue;
                }
                found => found?,
            };
            let place = found.unwrap_or(OrderPlace {
                batch: sent.batch,
                stage: Stage::Pending,
                held: false,
            });
            if place.stage >= wanted {
                return Ok(place);
            }
            let batch = place.batch;
            if place.held {
                return Err(AccountError::Held { batch });
            }
            if began.elapsed() >= patience {
                return Err(AccountError::NotYet {
                    stage: place.stage.name(),
                    wanted: wanted.name(),
                    batch,
                    seconds: patience.as_secs(),
                });
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    fn sign(
        &mut self,
        seen: &Seen,
        fees: &Fees,
        intent: Intent,
        terms: Terms,
    ) -> Result<SignedOrder, AccountError> {
        let account = self.profile.account;
        let proven = seen.proven.ok_or(AccountError::NoAccount { account })?;
        let pending = &seen.pending;
        self.check_nonce(proven.nonce, pending.nonce, fees.open_batch)?;
        let lifetime = terms
            .lifetime
            .unwrap_or(fees.min_lifetime.saturating_add(LIFETIME));
        let fee = match terms.fee {
            Some(fee) => fee,
            None => agreed(fees.minimum(self.profile.asset), proven.balance, intent)?,
        };
        let valid_until = fees.open_batch.saturating_add(lifetime);
        let order = match intent {
            Intent::Pay { to, amount } => Order::Transfer(Transfer {
                from: account,
                to,
                amount,
                fee,
                valid_until,
            }),
            Intent::Withdraw { recipient, amount } => Order::Withdraw(Withdraw {
                from: account,
                amount,
                fee,
                recipient,
                valid_until,
            }),
            Intent::Rotate { slot } => Order::RotateKey(RotateKey {
                account,
                slot,
                new_root: self.next_key(pending, slot)?,
                scope: scope_of(slot),
                fee,
                valid_until,
            }),
        };
        let request = self.request(&proven, pending, intent.signer(), order)?;
        let domain = self.profile.domain.unwrap_or(seen.status.domain);
        Ok(self.wallet.sign(&request, &domain)?)
    }

    /// Which one-time key signs.
    fn request(
        &mut self,
        proven: &Account,
        pending: &Account,
        slot: SlotIndex,
        order: Order,
    ) -> Result<Request, AccountError> {
        let left = self.left(pending, slot)?;
        if left.left() == 0 {
            return Err(AccountError::UsedUp { slot });
        }
        let key = self.held(slot, &left.root)?;
        self.load(key)?;
        let mut request = self.wallet.request(pending, slot, order);
        request.index = request.index.max(key.first);
        if slot == COLD {
            let sealed = proven.slots[slot.index()];
            let shown = if sealed.root == left.root {
                sealed.next_index
            } else {
                0
            };
            let ahead = request.index.saturating_sub(shown.max(key.first));
            if ahead >= COLD_AHEAD {
                return Err(AccountError::TooFarAhead { ahead });
            }
        }
        Ok(request)
    }

    /// That no order which was signed before, and which no node acknowledged, can be taken beside the next one. At its own
    /// nonce the next one takes its place: of the two the ledger takes one. Nor does an acknowledged one come back.
    ///
    /// The proven nonce is as good as the root that it is proven against. The number of the open batch is the node's word, and counts
    /// only for a nonce that is not beyond: where the account has gone on, a sealed batch shows it.
    fn check_nonce(
        &self,
        proven: Nonce,
        found: Nonce,
        open_batch: BatchNumber,
    ) -> Result<(), AccountError> {
        let Some(LastSigned {
            nonce,
            valid_until,
            taken,
        }) = self.profile.signed
        else {
            return Ok(());
        };
        let over = proven > nonce || (open_batch > valid_until && found <= nonce);
        let fine = if taken { found > nonce } else { found == nonce };
        if over || fine {
            return Ok(());
        }
        Err(AccountError::NonceBehind {
            found,
            signed: nonce,
            valid_until,
        })
    }

    /// Sends an order that is on the disk before it leaves, and forgets it once it is answered.
    fn send(
        &mut self,
        node: &impl Ask,
        what: String,
        signed: &SignedOrder,
    ) -> Result<Sent, AccountError> {
        let bytes = signed.to_bytes();
        let order = hex(&bytes);
        self.profile.outbox = Some(Outbox {
            what: what.clone(),
            order,
        });
        let last = LastSigned {
            nonce: signed.nonce,
            valid_until: signed.order.valid_until(),
            taken: false,
        };
        if self
            .profile
            .signed
            .is_none_or(|before| before.nonce <= last.nonce)
        {
            self.profile.signed = Some(last);
        }
        self.save()?;
        let answer = match node.submit(signed) {
            Err(ClientError::Refused(refused)) if !refused.passes() || refused.untaken() => {
                self.profile.outbox = None;
                self.save()?;
                return Err(AccountError::Refused { what, refused });
            }
            Err(source) => return Err(AccountError::Unanswered { what, source }),
            Ok(answer) => answer,
        };
        self.profile.outbox = None;
        if let Some(last) = self
            .profile
            .signed
            .as_mut()
            .filter(|last| last.nonce == signed.nonce)
        {
            last.taken = true;
        }
        self.save()?;
        Ok(Sent {
            what,
            id: answer.id,
            batch: answer.batch,
            nonce: signed.nonce,
            fee: signed.order.fee(),
        })
    }
}
