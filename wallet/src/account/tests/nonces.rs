//! What a node says of the nonce makes no second payment.

use super::*;

/// A node that refuses an order by its nonce, and then names a higher one, could have both orders taken.
#[test]
fn a_node_that_lies_about_the_nonce_gets_no_second_order() {
    let place = tempfile::tempdir().unwrap();
    let mut wallet = made(place.path());
    let node = Node::of(&wallet);
    node.lies.set(1);
    let error = wallet.order(&node, PAY, terms()).unwrap_err();
    assert!(matches!(error, AccountError::Refused { .. }), "{error}");
    node.lies.set(2);
    let error = wallet.order(&node, PAY, terms()).unwrap_err();
    assert!(
        matches!(
            error,
            AccountError::NonceBehind {
                found: Nonce(2),
                signed: Nonce(1),
                ..
            }
        ),
        "{error}"
    );
    assert!(
        node.left
            .borrow()
            .iter()
            .all(|order| order.nonce == Nonce::new(1))
    );
    // An honest one later, below the nonce that was signed for: the same.
    node.lies.set(0);
    let error = wallet.order(&node, PAY, terms()).unwrap_err();
    assert!(
        matches!(
            error,
            AccountError::NonceBehind {
                found: Nonce(0),
                signed: Nonce(1),
                ..
            }
        ),
        "{error}"
    );
    // Until the order cannot be taken any more.
    for _ in 0..40 {
        node.seal();
    }
    wallet.order(&node, PAY, terms()).unwrap();
    no_key_signed_twice(&node);
}

/// A node refuses an order by its nonce, keeps it, and says then that the order is over and its nonce taken: whatever else it
/// says, or proves of a state of its own making, one call signs for one nonce. Each further one would be a payment.
#[test]
fn what_a_node_says_meanwhile_makes_no_second_payment() {
    for forges in [false, true] {
        let place = tempfile::tempdir().unwrap();
        let mut wallet = made(place.path());
        let node = Node::of(&wallet);
        let settled = node.ledger.borrow().root();
        node.keeps.set(true);
        node.forges.set(forges);
        let mut refused = |terms| {
            let error = wallet.order(&node, PAY, terms).unwrap_err();
            let left = node.left.borrow();
            let nonces: Vec<_> = left.iter().map(|order| order.nonce).collect();
            assert_eq!(nonces, [Nonce::ZERO], "{error}");
            error
        };
        let error = refused(terms());
        assert!(
            matches!(
                error,
                AccountError::NonceBehind {
                    found: Nonce(1),
                    signed: Nonce(0),
                    ..
                }
            ),
            "{error}"
        );
        // Nor does a later call, unless it is to believe in any root.
        let root = forges.then_some(settled);
        match refused(Terms { root, ..terms() }) {
            AccountError::NonceBehind { .. } => assert!(!forges),
            AccountError::OtherRoot { .. } => assert!(forges),
            error => panic!("{error}"),
        }
        no_key_signed_twice(&node);
    }
}

/// Another order of the account took the nonce: what is refused is signed anew once that one is sealed.
#[test]
fn orders_of_two_wallets_of_an_account_do_not_pay_twice() {
    let place = tempfile::tempdir().unwrap();
    let mut wallet = made(place.path());
    let node = Node::of(&wallet);
    wallet.order(&node, PAY, terms()).unwrap();
    // An acknowledged order does not come back.
    node.pending.borrow_mut().clear();
    let error = wallet.order(&node, PAY, terms()).unwrap_err();
    assert!(
        matches!(
            error,
            AccountError::NonceBehind {
                found: Nonce(0),
                signed: Nonce(0),
                ..
            }
        ),
        "{error}"
    );
}
