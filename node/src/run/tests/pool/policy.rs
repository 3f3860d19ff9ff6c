//! What a node asks of private operations besides.

use winterlane_ledger::{AccountId, Amount, AssetId};

use super::*;

/// What the pool's policy asks for is asked of what comes, before its proof is verified; what was taken under another
/// one stays, and its bytes have the same answer.
#[test]
fn the_pools_policy_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let mut payers = payers(3, 4);
    let fee = AssetFee {
        asset: AssetId::new(7),
        minimum: Amount::ZERO,
        collector: AccountId::new(3),
    };
    let under =
        |payers: &[Payer], policy: PoolPolicy, judge: Arc<dyn VerifyPrivate + Send + Sync>| {
            let mut options = options(folder.path(), payers);
            options.limits.max_age = std::time::Duration::from_secs(3600);
            options.fees = FeeSchedule::new([fee], true);
            options.policy = policy;
            let stand = Stand {
                judge: Some(judge),
                ..Stand::default()
            };
            start(options, stand).unwrap()
        };
    let (node, running) = under(&payers, PoolPolicy::open(), Arc::new(Word));
    let root = anchor(&node);
    wait(node.shield(payers[0].shield(1, 100))).unwrap();
    let early = private_transfer([1, 2], root);
    let receipt = wait(node.submit_private(early.clone())).unwrap();
    end(running);

    let approved = Association {
        mode: AssociationMode::Approved,
        root: Root(digest(50)),
    };
    let policy = PoolPolicy::open()
        .with_minimum_fee(AssetId::new(7), Amount::new(5))
        .with_association_sets([approved]);
    let (node, running) = under(&[], policy.clone(), Arc::new(Never));
    // pending since the policy was another one
    let again = wait(node.submit_private(early.clone())).unwrap();
    assert_eq!((again.known, again.sequence), (true, receipt.sequence));
    let terms = node.fees().unwrap().private;
    assert_eq!(terms, (&policy).into());
    assert_eq!(
        (terms.fees[0].minimum, terms.association[0].mode),
        (Amount::new(5), "approved")
    );
    let withdrawal = |fee, association| {
        let mut operation =
            private_withdrawal(3, root, account_recipient(AccountId::new(2)), (10, fee));
        if let PrivateInputs::Withdrawal(inputs) = &mut operation.inputs {
            inputs.association = association;
        }
        operation
    };
    let (asset, least) = (7, 5);
    let refused_set = Association {
        mode: AssociationMode::NotRefused,
        ..approved
    };
    for (operation, expected) in [
        (private_transfer([3, 4], root), PolicyRefusal::NoFee),
        (
            withdrawal(4, Some(approved)),
            PolicyRefusal::FeeTooLow {
                asset: AssetId::new(asset),
                fee: Amount::new(4),
                least: Amount::new(least),
            },
        ),
        (withdrawal(5, None), PolicyRefusal::NoAssociation),
        (
            withdrawal(5, Some(refused_set)),
            PolicyRefusal::UnknownSet(refused_set),
        ),
    ] {
        let refused = refusal(wait(node.submit_private(operation)));
        assert_eq!(refused, expected.into());
    }
    end(running);

    let (node, running) = under(&[], policy, Arc::new(Word));
    wait(node.submit_private(withdrawal(5, Some(approved)))).unwrap();
    assert_eq!(
        [2, 3].map(|id| balance(&node, id)),
        [BALANCE + 10, BALANCE + 5]
    );
    wait(node.seal_now()).unwrap();
    included(&node, &receipt.id, BatchStage::Sealed);
    assert!(wait(node.submit_private(early)).unwrap().known);
    end(running);
}

/// Verifies nothing: whoever asks has looked too late at what is cheap.
struct Never;

impl VerifyPrivate for Never {
    fn verify(&self, _: &PrivateInputs, _: &[u8]) -> Result<(), Box<ProofRefusal>> {
        Err("a proof was looked at that cannot be taken".into())
    }
}
