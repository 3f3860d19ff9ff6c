//! The wallet of an account against nodes that are honest, away, and false.

mod balance;
mod node;
mod nonces;
mod restored;

use std::{collections::HashMap, path::Path, time::Duration};

use winterlane_ledger::{
    AccountId, Amount, ChainId, KeyUse, Nonce, RollupId, Root, ScalarCompressor, SignedOrder,
    hash::domain_digest,
    signature::{Claim, bound_message, recover_root},
};

use self::node::Node;
use super::*;
use crate::{
    MasterSeed,
    client::{AccountAnswer, Acknowledged, ClientError, Fees, OrderPlace, Proven, Stage},
};

fn made(place: &Path) -> AccountWallet<ScalarCompressor> {
    let new = NewAccount {
        account: AccountId::new(1),
        asset: AssetId::new(7),
        node: "http://127.0.0.1:1".to_owned(),
        hot_height: 2,
        cold_height: 5,
    };
    AccountWallet::create(place, &new, ScalarCompressor).unwrap()
}

fn opened(place: &Path) -> AccountWallet<ScalarCompressor> {
    AccountWallet::open(place, ScalarCompressor).unwrap()
}

const PAY: Intent = Intent::Pay {
    to: AccountId::new(9),
    amount: Amount::new(10),
};

fn terms() -> Terms {
    Terms::default()
}

/// That every order is signed by the key that it says, and no one-time key has signed two messages.
fn no_key_signed_twice(node: &Node) {
    let mut messages = HashMap::new();
    for order in node.left.borrow().iter() {
        let index = u16::try_from(order.signature.key_index).unwrap();
        let key = KeyUse {
            slot: order.slot,
            index,
        };
        let bound = bound_message(
            &order.order.record(key).digest(),
            &domain_digest(ChainId::new(1), RollupId::new(1)),
        );
        let claim = Claim {
            bound,
            nonce: order.nonce,
            signature: &order.signature,
        };
        let root = recover_root(claim, &ScalarCompressor).unwrap().to_bytes();
        let message = (bound, order.nonce);
        let before = messages.insert((root, index), message);
        assert!(
            before.is_none_or(|before| before == message),
            "one-time key {index} twice"
        );
    }
}

#[test]
fn payments_go_on_past_the_end_of_keys() {
    let place = tempfile::tempdir().unwrap();
    let mut wallet = made(place.path());
    let node = Node::of(&wallet);
    let first = wallet.public().keys[0].root;
    for n in 0..10 {
        wallet.keep_keys(&node, terms()).unwrap();
        let sent = wallet.order(&node, PAY, terms()).unwrap();
        assert_eq!(sent.what, "pay 10 to account 9");
        if n % 3 == 2 {
            node.seal();
            let place = wallet
                .wait(&node, &sent, Stage::Published, Duration::ZERO)
                .unwrap();
            assert_eq!(place.stage, Stage::Published);
        }
        if n % 4 == 3 {
            drop(wallet);
            wallet = opened(place.path());
        }
    }
    node.seal();
    assert_eq!(
        (
            node.balance(AccountId::new(9)),
            node.balance(AccountId::new(1))
        ),
        (Amount::new(100), Amount::new(900))
    );
    let seen = wallet.look(&node, None).unwrap();
    assert_ne!(seen.pending.slots[0].root, first);
    assert!(
        seen.proven.unwrap().nonce >= Nonce::new(13),
        "ten payments, three or more keys"
    );
    no_key_signed_twice(&node);
}

/// A node that is away for a while ends no waiting, but that nobody has patience any more.
#[test]
fn an_order_is_waited_for_while_its_node_is_away() {
    let place = tempfile::tempdir().unwrap();
    let mut wallet = made(place.path());
    let node = Node::of(&wallet);
    let sent = wallet.order(&node, PAY, terms()).unwrap();
    node.seal();
    node.misses.set(3);
    let long = Duration::from_secs(86_400);
    let place = wallet.wait(&node, &sent, Stage::Published, long).unwrap();
    assert_eq!((place.stage, node.misses.get()), (Stage::Published, 0));
    node.misses.set(1);
    let error = wallet
        .wait(&node, &sent, Stage::Published, Duration::ZERO)
        .unwrap_err();
    assert!(
        matches!(&error, AccountError::Node(_)) && error.passes(),
        "{error}"
    );
}

/// The cold key lasts longer than eight rotations without a batch, and then waits for one; and it is replaced in time.
#[test]
fn the_key_that_replaces_keys_is_replaced_in_time() {
    let place = tempfile::tempdir().unwrap();
    let mut wallet = made(place.path());
    let node = Node::of(&wallet);
    let cold = wallet.public().keys[1].root;
    let rotate = Intent::Rotate { slot: HOT };
    for _ in 0..COLD_AHEAD {
        wallet.order(&node, rotate, terms()).unwrap();
    }
    let error = wallet.order(&node, rotate, terms()).unwrap_err();
    assert!(
        matches!(error, AccountError::TooFarAhead { ahead: 8 }),
        "{error}"
    );
    node.seal();
    wallet.keep_keys(&node, terms()).unwrap();
    node.seal();
    let seen = wallet.look(&node, None).unwrap();
    assert_ne!(
        seen.pending.slots[1].root, cold,
        "24 of 32 are kept for being restored"
    );
    assert!(wallet.health(&seen).findings().is_empty());
    no_key_signed_twice(&node);
}

#[test]
fn an_order_without_an_answer_is_sent_again_and_counts_once() {
    let place = tempfile::tempdir().unwrap();
    let mut wallet = made(place.path());
    let node = Node::of(&wallet);
    // It came, or it did not: the wallet cannot tell.
    for (mute, swallows) in [(true, false), (false, true)] {
        let before = node.balance(AccountId::new(9));
        node.mute.set(mute);
        node.swallows.set(swallows);
        let error = wallet.order(&node, PAY, terms()).unwrap_err();
        assert!(matches!(error, AccountError::Unanswered { .. }), "{error}");
        drop(wallet);
        wallet = opened(place.path());
        let error = wallet.order(&node, PAY, terms()).unwrap_err();
        assert!(matches!(error, AccountError::Waiting { .. }), "{error}");
        let seen = wallet.look(&node, None).unwrap();
        assert_eq!(wallet.health(&seen).findings(), [Finding::Waiting]);
        assert!(wallet.resume(&node).is_err());
        node.mute.set(false);
        node.swallows.set(false);
        let resumed = wallet.resume(&node).unwrap();
        assert!(matches!(resumed, Some(Resumed::Sent(_))), "{resumed:?}");
        assert!(wallet.resume(&node).unwrap().is_none());
        node.seal();
        assert_eq!(
            node.balance(AccountId::new(9)),
            Amount::new(before.get() + 10)
        );
    }
    no_key_signed_twice(&node);
}

/// What a node that takes nothing says is an answer: nothing waits, and what it had before it tells nevertheless.
#[test]
fn a_node_that_takes_no_orders_refuses_them() {
    let place = tempfile::tempdir().unwrap();
    let mut wallet = made(place.path());
    let node = Node::of(&wallet);
    node.closed.set(true);
    let error = wallet.order(&node, PAY, terms()).unwrap_err();
    assert!(matches!(error, AccountError::Refused { .. }), "{error}");
    assert!(error.passes(), "it may take the same later");
    assert!(wallet.resume(&node).unwrap().is_none());
    node.closed.set(false);
    wallet.order(&node, PAY, terms()).unwrap();
    node.seal();
    assert_eq!(node.balance(AccountId::new(9)), Amount::new(10));
    no_key_signed_twice(&node);
    // an order without an answer came before the node was closed, or it never did
    for swallows in [false, true] {
        let place = tempfile::tempdir().unwrap();
        let mut wallet = made(place.path());
        let node = Node::of(&wallet);
        node.mute.set(!swallows);
        node.swallows.set(swallows);
        let error = wallet.order(&node, PAY, terms()).unwrap_err();
        assert!(matches!(error, AccountError::Unanswered { .. }), "{error}");
        drop(wallet);
        let mut wallet = opened(place.path());
        node.closed.set(true);
        node.mute.set(false);
        node.swallows.set(false);
        match wallet.resume(&node).unwrap() {
            Some(Resumed::Sent(_)) => assert!(!swallows),
            Some(Resumed::Dropped { .. }) => assert!(swallows),
            None => panic!("the order was forgotten"),
        }
        assert!(wallet.resume(&node).unwrap().is_none());
        node.seal();
        node.closed.set(false);
        wallet.order(&node, PAY, terms()).unwrap();
        node.seal();
        let paid = if swallows { 10 } else { 20 };
        assert_eq!(node.balance(AccountId::new(9)), Amount::new(paid));
        no_key_signed_twice(&node);
    }
}

#[test]
fn false_answers_are_not_believed() {
    let place = tempfile::tempdir().unwrap();
    let mut wallet = made(place.path());
    let node = Node::of(&wallet);
    wallet.order(&node, PAY, terms()).unwrap();
    node.seal();
    let seen = wallet.look(&node, None).unwrap();
    let root = node.ledger.borrow().root();
    assert_eq!(seen.root, root);
    wallet.look(&node, Some(root)).unwrap();
    let error = wallet.look(&node, Some(Root::ZERO)).unwrap_err();
    assert!(matches!(error, AccountError::OtherRoot { .. }), "{error}");

    // An older state of the same rollup.
    let old = Node::of(&wallet);
    let error = wallet.look(&old, None).unwrap_err();
    assert!(
        matches!(
            error,
            AccountError::Older {
                known: Nonce(1),
                found: Nonce(0),
                ..
            }
        ),
        "{error}"
    );
    // Another rollup.
    node.domain
        .set(domain_digest(ChainId::new(1), RollupId::new(2)));
    let error = wallet.look(&node, None).unwrap_err();
    assert!(matches!(error, AccountError::OtherRollup { .. }), "{error}");
    node.domain
        .set(domain_digest(ChainId::new(1), RollupId::new(1)));

    /// Answers with a proof of another state.
    struct False<'a>(&'a Node, fn(&mut Proven));
    impl Ask for False<'_> {
        fn status(&self) -> Result<NodeStatus, ClientError> {
            self.0.status()
        }
        fn fees(&self) -> Result<Fees, ClientError> {
            self.0.fees()
        }
        fn account(&self, id: AccountId) -> Result<Option<AccountAnswer>, ClientError> {
            self.0.account(id)
        }
        fn proof(&self, id: AccountId) -> Result<Proven, ClientError> {
            let mut proven = self.0.proof(id)?;
            (self.1)(&mut proven);
            Ok(proven)
        }
        fn submit(&self, order: &SignedOrder) -> Result<Acknowledged, ClientError> {
            self.0.submit(order)
        }
        fn order(&self, id: &str) -> Result<Option<OrderPlace>, ClientError> {
            self.0.order(id)
        }
    }
    let lies: [fn(&mut Proven); 3] = [
        |proven| proven.proof.account.as_mut().unwrap().balance.0 += 1,
        |proven| proven.proof.account = None,
        |proven| proven.root = Root::ZERO,
    ];
    for lie in lies {
        let error = wallet.look(&False(&node, lie), None).unwrap_err();
        assert!(matches!(error, AccountError::FalseProof(_)), "{error}");
    }
    let other = False(&node, |proven| proven.proof.id = AccountId::new(2));
    let error = wallet.look(&other, None).unwrap_err();
    assert!(
        matches!(
            error,
            AccountError::NoAccount {
                account: AccountId(1)
            }
        ),
        "{error}"
    );
}

/// Whoever runs a node says what its fee is, and gets it: else a payment of 10 could cost all that there is.
#[test]
fn a_fee_is_not_the_nodes_to_choose() {
    let place = tempfile::tempdir().unwrap();
    let mut wallet = made(place.path());
    let node = Node::of(&wallet);
    let pay = |amount| Intent::Pay {
        to: AccountId::new(9),
        amount: Amount::new(amount),
    };
    // the account holds 1,000
    let rotate = Intent::Rotate { slot: HOT };
    for (intent, asked, most) in [
        (pay(10), 990, 10),
        (pay(10), 11, 10),
        (pay(500), 11, 10),
        (pay(4), 5, 4),
        (rotate, u128::MAX, 10),
    ] {
        node.fee.set(Amount::new(asked));
        match wallet.order(&node, intent, terms()).unwrap_err() {
            AccountError::HighFee { asked: of, most: m } => {
                assert_eq!((of, m), (Amount::new(asked), Amount::new(most)));
            }
            error => panic!("{error}"),
        }
    }
    assert!(node.left.borrow().is_empty(), "nothing was signed");
    node.fee.set(Amount::new(10));
    assert_eq!(
        wallet.order(&node, pay(10), terms()).unwrap().fee,
        Amount::new(10)
    );
    // who names a fee has agreed to it, whatever the node says
    let agreed = Terms {
        fee: Some(Amount::new(70)),
        ..terms()
    };
    node.fee.set(Amount::new(70));
    assert_eq!(
        wallet.order(&node, pay(5), agreed).unwrap().fee,
        Amount::new(70)
    );
}

#[test]
fn a_key_of_somebody_else_is_told() {
    let place = tempfile::tempdir().unwrap();
    let mut wallet = made(place.path());
    let other = made(&place.path().join("other"));
    let node = Node::of(&other);
    let error = wallet.order(&node, PAY, terms()).unwrap_err();
    assert!(
        matches!(error, AccountError::ForeignKey { slot: HOT, .. }),
        "{error}"
    );
    let seen = wallet.look(&node, None).unwrap();
    let health = wallet.health(&seen);
    assert_eq!(
        health.findings(),
        [Finding::ForeignKey(HOT), Finding::ForeignKey(COLD)]
    );
    let metrics = health.metrics();
    assert!(
        metrics.contains("winterlane_wallet_foreign_keys{account=\"1\"} 2"),
        "{metrics}"
    );
    assert!(
        metrics.contains("winterlane_wallet_balance{account=\"1\"} 1000"),
        "{metrics}"
    );
}

#[test]
fn what_is_public_is_written_as_a_node_reads_it() {
    let place = tempfile::tempdir().unwrap();
    let wallet = made(place.path());
    let text = wallet.public().to_toml();
    let keys = wallet.public().keys;
    assert_eq!(
        text,
        format!(
            "id = 1\nasset = 7\nkeys = [{{ root = \"{}\", scope = \"spend\" }}, {{ root = \"{}\", scope = \"rotate\" }}]\n",
            keys[0].root, keys[1].root
        )
    );
}
