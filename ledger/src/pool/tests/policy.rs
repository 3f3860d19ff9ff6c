//! What a policy asks for: each thing refused with its error, before a proof is looked at; and that it binds nobody else.

use super::*;
use crate::{
    Amount, AssetId, Root,
    private::{Association, AssociationMode, BalanceInputs, Session},
};

/// Says that a proof was looked at.
struct Looked;

impl VerifyPrivate for Looked {
    fn verify(&self, _: &PrivateInputs, _: &[u8]) -> Result<(), Box<ProofRefusal>> {
        panic!("a proof that cannot be taken was looked at");
    }
}

const APPROVED: AssociationMode = AssociationMode::Approved;
const NOT_REFUSED: AssociationMode = AssociationMode::NotRefused;

fn set(mode: AssociationMode, n: u64) -> Association {
    let root = Root(digest(n));
    Association { mode, root }
}

/// A pool with 1,000 of assets 7 and 8 each.
fn pool() -> Pool {
    let mut pool = Pool::new(domain());
    let mut batch = pool.open_batch();
    for asset in [7, 8] {
        let note = note(AssetId::new(asset), Amount::new(1000), 1);
        batch.shield(&shield(&note), next_payment(&batch)).unwrap();
    }
    batch.seal();
    pool
}

fn withdrawn(
    pool: &Pool,
    asset: AssetId,
    fee: Amount,
    association: Option<Association>,
) -> PrivateOperation {
    let inputs = WithdrawalInputs {
        amount: Amount::new(5),
        fee,
        asset,
        association,
        ..withdrawal(
            pool,
            Nullifier(digest(90)),
            note(asset, Amount::new(1), 2).commitment(),
        )
    };
    proven(PrivateInputs::Withdrawal(inputs), vec![])
}

fn transferred(
    pool: &Pool,
    fee: Option<Fee>,
    association: Option<Association>,
) -> PrivateOperation {
    let nullifiers = [91, 92].map(|n| Nullifier(digest(n)));
    let made = [3, 4].map(|rho| note(AssetId::new(7), Amount::new(1), rho).commitment());
    let inputs = TransferInputs {
        association,
        ..transfer(pool, nullifiers, made, fee, &[])
    };
    proven(PrivateInputs::Transfer(inputs), vec![])
}

fn fee(asset: AssetId, amount: Amount) -> Option<Fee> {
    Some(Fee { amount, asset })
}

/// The operation is taken under the policy.
#[track_caller]
fn taken(policy: &PoolPolicy, operation: &PrivateOperation) {
    let mut pool = pool();
    let mut batch = pool.open_batch().under(policy);
    batch.private(operation, &Word).unwrap();
    assert!(!batch.seal().commitments.is_empty());
}

/// The operation is refused under the policy, without a look at its proof and without a trace; under no policy it is
/// taken.
#[track_caller]
fn refused(policy: &PoolPolicy, operation: &PrivateOperation, refusal: PolicyRefusal) {
    let mut pool = pool();
    let before = pool.clone();
    let mut batch = pool.open_batch().under(policy);
    let error = batch.private(operation, &Looked).unwrap_err();
    assert!(
        matches!(error, PoolError::Policy(found) if found == refusal),
        "{error}"
    );
    let error = batch.apply(&PoolOperation::Private(operation.clone()), &Looked);
    assert!(matches!(error, Err(PoolError::Policy(_))));
    assert!(batch.commitments_so_far().is_empty());
    drop(batch);
    assert_eq!(pool, before);
    taken(&PoolPolicy::open(), operation);
    // a follower asks for nothing
    pool.open_batch().private(operation, &Word).unwrap();
}

#[test]
fn everybody_pays_the_least_fee() {
    let pool = pool();
    let policy = PoolPolicy::open().with_minimum_fee(AssetId::new(7), Amount::new(10));
    for pays in [10, 11, 900] {
        taken(
            &policy,
            &withdrawn(&pool, AssetId::new(7), Amount::new(pays), None),
        );
        taken(
            &policy,
            &transferred(&pool, fee(AssetId::new(7), Amount::new(pays)), None),
        );
    }
    for pays in [0, 1, 9] {
        let (asset, least) = (7, 10);
        let low = PolicyRefusal::FeeTooLow {
            asset: AssetId::new(asset),
            fee: Amount::new(pays),
            least: Amount::new(least),
        };
        refused(
            &policy,
            &withdrawn(&pool, AssetId::new(7), Amount::new(pays), None),
            low,
        );
        if pays > 0 {
            refused(
                &policy,
                &transferred(&pool, fee(AssetId::new(7), Amount::new(pays)), None),
                low,
            );
        }
    }
    // whose asset nobody sees
    refused(
        &policy,
        &transferred(&pool, None, None),
        PolicyRefusal::NoFee,
    );
    // in another asset, however much
    let other = PolicyRefusal::FeeAsset {
        asset: AssetId::new(8),
    };
    refused(
        &policy,
        &withdrawn(&pool, AssetId::new(8), Amount::new(500), None),
        other,
    );
    refused(
        &policy,
        &transferred(&pool, fee(AssetId::new(8), Amount::new(500)), None),
        other,
    );
    // each asset has its own
    let policy = policy.with_minimum_fee(AssetId::new(8), Amount::ZERO);
    taken(
        &policy,
        &withdrawn(&pool, AssetId::new(8), Amount::ZERO, None),
    );
    taken(
        &policy,
        &transferred(&pool, fee(AssetId::new(8), Amount::new(1)), None),
    );
    refused(
        &policy,
        &transferred(&pool, None, None),
        PolicyRefusal::NoFee,
    );
}

#[test]
fn sets_that_count_are_the_ones_that_are_named() {
    let pool = pool();
    let known = [set(APPROVED, 50), set(APPROVED, 60), set(NOT_REFUSED, 70)];
    let policy = PoolPolicy::open().with_association_sets(known);
    for named in known {
        taken(
            &policy,
            &withdrawn(&pool, AssetId::new(7), Amount::ZERO, Some(named)),
        );
        taken(&policy, &transferred(&pool, None, Some(named)));
    }
    // another root, and a root that counts in the other mode
    for named in [set(APPROVED, 51), set(NOT_REFUSED, 50), set(APPROVED, 70)] {
        let unknown = PolicyRefusal::UnknownSet(named);
        refused(
            &policy,
            &withdrawn(&pool, AssetId::new(7), Amount::ZERO, Some(named)),
            unknown,
        );
        refused(&policy, &transferred(&pool, None, Some(named)), unknown);
    }
    let none = PolicyRefusal::NoAssociation;
    refused(
        &policy,
        &withdrawn(&pool, AssetId::new(7), Amount::ZERO, None),
        none,
    );
    refused(&policy, &transferred(&pool, None, None), none);
    // no set counts
    let closed = PoolPolicy::open().with_association_sets([]);
    let unknown = PolicyRefusal::UnknownSet(known[0]);
    refused(
        &closed,
        &withdrawn(&pool, AssetId::new(7), Amount::ZERO, Some(known[0])),
        unknown,
    );
    refused(
        &closed,
        &withdrawn(&pool, AssetId::new(7), Amount::ZERO, None),
        none,
    );
}

#[test]
fn fees_and_sets_are_both_asked_for() {
    let pool = pool();
    let named = set(APPROVED, 50);
    let policy = PoolPolicy::open()
        .with_minimum_fee(AssetId::new(7), Amount::new(10))
        .with_association_sets([named]);
    taken(
        &policy,
        &withdrawn(&pool, AssetId::new(7), Amount::new(10), Some(named)),
    );
    let (asset, fee, least) = (7, 9, 10);
    let low = PolicyRefusal::FeeTooLow {
        asset: AssetId::new(asset),
        fee: Amount::new(fee),
        least: Amount::new(least),
    };
    refused(
        &policy,
        &withdrawn(&pool, AssetId::new(7), Amount::new(9), Some(named)),
        low,
    );
    refused(
        &policy,
        &withdrawn(&pool, AssetId::new(7), Amount::new(10), None),
        PolicyRefusal::NoAssociation,
    );
}

/// A policy comes before nothing that the pool itself asks for, and is no way around it.
#[test]
fn a_policy_takes_no_rule_away() {
    let mut pool = pool();
    let policy = PoolPolicy::open().with_minimum_fee(AssetId::new(7), Amount::new(10));
    let mut operation = withdrawn(&pool, AssetId::new(7), Amount::new(10), None);
    operation.proof.clear();
    let mut batch = pool.open_batch().under(&policy);
    let error = batch.private(&operation, &Word);
    assert!(matches!(error, Err(PoolError::Proof { .. })));
    // shields are paid for by the rollup's own withdrawals
    let paid = next_payment(&batch);
    batch
        .shield(&shield(&note(AssetId::new(9), Amount::new(1), 5)), paid)
        .unwrap();
    let balance = PrivateInputs::Balance(BalanceInputs {
        state_root: Root(digest(1)),
        domain: domain(),
        asset: AssetId::new(7),
        at_least: Amount::new(1),
        at_most: None,
        session: Session {
            verifier: digest(1),
            challenge: [0; 32],
            expires: 0,
        },
    });
    let other = proven(balance, vec![]);
    assert!(matches!(policy.check(&other), Err(PoolError::NotOfThePool)));
    // set aside and taken up again, a batch is under no policy until one is named
    let draft = batch.set_aside();
    let free = withdrawn(&pool, AssetId::new(7), Amount::ZERO, None);
    let mut batch = pool.resume(draft).unwrap().under(&policy);
    assert!(matches!(
        batch.private(&free, &Word),
        Err(PoolError::Policy(_))
    ));
    let draft = batch.set_aside();
    pool.resume(draft).unwrap().private(&free, &Word).unwrap();
}
