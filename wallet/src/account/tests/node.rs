//! A node in memory, honest until it is told otherwise.

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
};

use serde_json::json;
use winterlane_ledger::{
    Account, AccountId, Amount, AssetId, BatchNumber, ChainId, Domain, KeySlot, Ledger,
    LedgerError, Nonce, RollupId, ScalarCompressor, Scope, SignedOrder, codec::CanonicalBytes as _,
    hash::domain_digest,
};

use super::super::{AccountWallet, PublicKey};
use crate::client::{
    AccountAnswer, Acknowledged, Ask, AssetFee, ClientError, Fees, NodeStatus, OrderPlace, Proven,
    Refused, Stage,
};

/// A node in memory, which can be told to misbehave.
pub(super) struct Node {
    pub(super) ledger: RefCell<Ledger>,
    pub(super) pending: RefCell<Vec<SignedOrder>>,
    /// Every order that ever left a wallet.
    pub(super) left: RefCell<Vec<SignedOrder>>,
    pub(super) batches: RefCell<HashMap<String, u64>>,
    pub(super) away: Cell<bool>,
    /// Gives no answer to so many questions about orders.
    pub(super) misses: Cell<u32>,
    /// Takes orders and does not say so.
    pub(super) mute: Cell<bool>,
    /// Swallows orders and does not say so.
    pub(super) swallows: Cell<bool>,
    /// Takes no orders, and says so.
    pub(super) closed: Cell<bool>,
    /// Says that nonces are that much higher, and refuses by the nonce.
    pub(super) lies: Cell<u32>,
    /// Refuses orders by their nonces, and keeps them; says then that the last one is over, and its nonce taken.
    pub(super) keeps: Cell<bool>,
    /// Proves of a state of its own making that the nonce is taken.
    pub(super) forges: Cell<bool>,
    /// The least fee that it asks for; it takes any.
    pub(super) fee: Cell<Amount>,
    pub(super) domain: Cell<Domain>,
}

impl Node {
    pub(super) fn new(accounts: &[(AccountId, Account)]) -> Self {
        let domain = domain_digest(ChainId::new(1), RollupId::new(1));
        Self {
            ledger: Ledger::genesis(domain, BatchNumber::ZERO, accounts.iter().copied())
                .unwrap()
                .into(),
            pending: RefCell::default(),
            left: RefCell::default(),
            batches: RefCell::default(),
            away: Cell::default(),
            misses: Cell::default(),
            mute: Cell::default(),
            swallows: Cell::default(),
            closed: Cell::default(),
            lies: Cell::default(),
            keeps: Cell::default(),
            forges: Cell::default(),
            fee: Cell::default(),
            domain: domain.into(),
        }
    }

    /// Whose keys are that wallet's; account 9 receives.
    pub(super) fn of(wallet: &AccountWallet<ScalarCompressor>) -> Self {
        let keys = wallet.public().keys;
        let slot = |key: &PublicKey, scope| KeySlot {
            root: key.root,
            next_index: 0,
            scope,
        };
        let account = Account {
            asset: wallet.asset(),
            balance: Amount::new(1000),
            nonce: Nonce::ZERO,
            slots: [slot(&keys[0], Scope::SPEND), slot(&keys[1], Scope::ROTATE)],
        };
        Self::new(&[
            (wallet.account(), account),
            (AccountId::new(9), Account::of(wallet.asset())),
        ])
    }

    pub(super) fn seal(&self) {
        let mut ledger = self.ledger.borrow_mut();
        let number = ledger.batch_number();
        let mut batch = ledger.open_batch();
        for order in self.pending.borrow_mut().drain(..) {
            self.batches.borrow_mut().insert(name(&order), number.get());
            batch.signed(order).unwrap();
        }
        batch.seal(None).unwrap();
    }

    pub(super) fn balance(&self, id: AccountId) -> Amount {
        self.ledger.borrow().account(id).unwrap().balance
    }

    /// The last batch and the nonce of the order that was kept last.
    fn kept(&self) -> Option<(BatchNumber, Nonce)> {
        let left = self.left.borrow();
        let order = left.last().filter(|_| self.keeps.get())?;
        Some((order.order.valid_until(), order.nonce))
    }

    fn answer(&self) -> ClientError {
        ClientError::NoAnswer {
            address: "here".to_owned(),
            source: "nobody".into(),
        }
    }

    fn refuse(rule: &str) -> ClientError {
        ClientError::Refused(Refused {
            status: 422,
            document: json!({ "type": "/problems/refused", "detail": rule, "rule": rule }),
        })
    }
}

fn name(order: &SignedOrder) -> String {
    blake3::hash(&order.to_bytes()).to_hex().to_string()
}

impl Ask for Node {
    fn status(&self) -> Result<NodeStatus, ClientError> {
        if self.away.get() {
            return Err(self.answer());
        }
        let ledger = self.ledger.borrow();
        Ok(NodeStatus {
            ready: true,
            domain: self.domain.get(),
            root: ledger.root(),
            open_batch: ledger.batch_number(),
            next_to_prove: ledger.batch_number(),
            next_to_publish: ledger.batch_number(),
        })
    }

    fn fees(&self) -> Result<Fees, ClientError> {
        Ok(Fees {
            assets: vec![AssetFee {
                asset: AssetId::new(7),
                minimum: self.fee.get(),
            }],
            open_batch: match self.kept() {
                Some((valid_until, _)) => valid_until.next().unwrap(),
                None => self.ledger.borrow().batch_number(),
            },
            min_lifetime: 2,
        })
    }

    fn account(&self, id: AccountId) -> Result<Option<AccountAnswer>, ClientError> {
        let pending = self.pending.borrow();
        let mut ledger = self.ledger.borrow_mut();
        let mut batch = ledger.open_batch();
        for order in pending.iter() {
            batch.signed(order.clone()).unwrap();
        }
        let account = batch.find(id).unwrap();
        Ok(account.map(|account| AccountAnswer {
            pending: Account {
                nonce: match self.kept() {
                    Some((_, nonce)) => nonce.next().unwrap(),
                    None => Nonce::new(account.nonce.get() + self.lies.get()),
                },
                ..account
            },
            pending_orders: pending.len() as u32,
        }))
    }

    fn proof(&self, id: AccountId) -> Result<Proven, ClientError> {
        let ledger = self.ledger.borrow();
        if let Some((_, nonce)) = self.kept().filter(|_| self.forges.get()) {
            let account = Account {
                nonce: nonce.next().unwrap(),
                ..*ledger.account(id).unwrap()
            };
            let domain = self.domain.get();
            let forged = Ledger::genesis(domain, BatchNumber::ZERO, [(id, account)]).unwrap();
            return Ok(Proven {
                batch: ledger.batch_number().checked_sub(1),
                root: forged.root(),
                proof: forged.prove(id),
            });
        }
        Ok(Proven {
            batch: ledger.batch_number().checked_sub(1),
            root: ledger.root(),
            proof: ledger.prove(id),
        })
    }

    fn submit(&self, order: &SignedOrder) -> Result<Acknowledged, ClientError> {
        self.left.borrow_mut().push(order.clone());
        if self.away.get() || self.swallows.get() {
            return Err(self.answer());
        }
        if self.lies.get() > 0 || self.keeps.get() {
            return Err(Self::refuse("nonce"));
        }
        let mut pending = self.pending.borrow_mut();
        let known = pending.contains(order) || self.batches.borrow().contains_key(&name(order));
        if !known && self.closed.get() {
            return Err(ClientError::Refused(Refused {
                status: 503,
                document: json!({ "type": "/problems/unavailable", "detail": "paused", "taken": false }),
            }));
        }
        if !known {
            let mut ledger = self.ledger.borrow_mut();
            let mut batch = ledger.open_batch();
            for before in pending.iter() {
                batch.signed(before.clone()).unwrap();
            }
            match batch.signed(order.clone()) {
                Ok(()) => {}
                Err(LedgerError::StaleNonce { .. } | LedgerError::FutureNonce { .. }) => {
                    return Err(Self::refuse("nonce"));
                }
                Err(error) => return Err(Self::refuse(&error.to_string())),
            }
            pending.push(order.clone());
        }
        if self.mute.get() {
            return Err(self.answer());
        }
        Ok(Acknowledged {
            id: name(order),
            batch: self.ledger.borrow().batch_number(),
            known,
        })
    }

    fn order(&self, id: &str) -> Result<Option<OrderPlace>, ClientError> {
        if let Some(left) = self.misses.get().checked_sub(1) {
            self.misses.set(left);
            return Err(self.answer());
        }
        Ok(self.batches.borrow().get(id).map(|batch| OrderPlace {
            batch: BatchNumber::new(*batch),
            stage: Stage::Published,
            held: false,
        }))
    }
}
