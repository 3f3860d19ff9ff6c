//! Operations of a pool that somebody changed under their proofs.

use std::{fs, path::Path};

use winterlane_ledger::{
    Amount, ChainId, RollupId,
    hash::domain_digest,
    pool::{
        Pool, PoolOperation, PrivateOperation, ProofRefusal, VerifyPrivate, decode_operation,
        encode_operation,
    },
    private::{PrivateInputs, TransferInputs, WithdrawalInputs},
};

use super::{
    in_directory,
    private::{WITHDRAW, pool_of_alice},
};

/// Takes every proof: of operations that the command has verified.
struct Believing;

impl VerifyPrivate for Believing {
    fn verify(&self, _: &PrivateInputs, _: &[u8]) -> Result<(), Box<ProofRefusal>> {
        Ok(())
    }
}

/// The pool before the operation with this number, and the operation.
fn operation_of(directory: &Path, number: usize) -> (Pool, PrivateOperation) {
    let file = fs::read(directory.join("pool.json")).unwrap();
    let file: serde_json::Value = serde_json::from_slice(&file).unwrap();
    let [chain, rollup] = ["chain_id", "rollup_id"].map(|name| file[name].as_u64().unwrap());
    let mut pool = Pool::new(domain_digest(ChainId::new(chain), RollupId::new(rollup)));
    for n in 0.. {
        let path = |ending: &str| directory.join(format!("operation-{n:06}.{ending}"));
        let bytes = fs::read(path("op")).unwrap();
        let operation = decode_operation(&pool, &bytes, &mut |_| fs::read(path("proof")).ok());
        let operation = operation.unwrap();
        if let (true, PoolOperation::Private(operation)) = (n == number, &operation) {
            return (pool, operation.clone());
        }
        let mut batch = pool.open_batch();
        batch.apply(&operation, &Believing).unwrap();
        batch.seal();
    }
    panic!("there is no such operation");
}

/// Public inputs that were changed under an honest proof: each is refused, with the file that says so.
#[test]
fn operations_that_somebody_changed_are_refused() {
    let directory = pool_of_alice();
    let run = |status, line: &str| in_directory(&directory, status, line);
    let pool = directory.path().join("pool");
    run(
        0,
        "private send --pool pool --wallet alice --to alice.address --amount 1",
    );
    run(0, &format!("{WITHDRAW} 400 --fee 1"));
    run(0, "private disclose --wallet alice --out alice.viewing");
    let scan = "private scan --pool pool --viewing-key alice.viewing";
    run(0, scan);

    type Lie = fn(&Pool, &mut PrivateInputs);
    let withdrawal: [(&str, Lie, &str); 6] = [
        (
            "another anchor, which is one of the last",
            |pool, inputs| withdrawn(inputs).anchor = pool.anchor_of(0).unwrap(),
            "000002.proof",
        ),
        (
            "valid for longer",
            |_, inputs| {
                let inputs = withdrawn(inputs);
                inputs.valid_until = inputs.valid_until.saturating_add(32);
            },
            "000002.proof",
        ),
        (
            "another recipient",
            |_, inputs| withdrawn(inputs).recipient[19] ^= 1,
            "000002.proof",
        ),
        (
            "more, and less fee",
            |_, inputs| {
                let inputs = withdrawn(inputs);
                (inputs.amount, inputs.fee) = (Amount::new(401), Amount::ZERO);
            },
            "000002.proof",
        ),
        (
            "more than there is",
            |_, inputs| withdrawn(inputs).amount = Amount::new(1001),
            "were to leave, and the pool holds 1000",
        ),
        (
            "amount and fee beyond 2^128",
            |_, inputs| withdrawn(inputs).amount = Amount::MAX,
            "exceed 2^128",
        ),
    ];
    let transfer: [(&str, Lie, &str); 3] = [
        (
            "one note twice",
            |_, inputs| {
                let inputs = transferred(inputs);
                inputs.nullifiers[1] = inputs.nullifiers[0];
            },
            "both nullifiers of the transfer are the same",
        ),
        (
            "nullifiers exchanged",
            |_, inputs| transferred(inputs).nullifiers.swap(0, 1),
            "000001.proof",
        ),
        (
            "the empty tree as its anchor",
            |pool, inputs| transferred(inputs).anchor = pool.anchor_of(0).unwrap(),
            "000001.proof",
        ),
    ];
    for (number, lies) in [(1, &transfer[..]), (2, &withdrawal[..])] {
        let path = pool.join(format!("operation-{number:06}.op"));
        let honest = fs::read(&path).unwrap();
        let (before, operation) = operation_of(&pool, number);
        for (what, lie, said) in lies {
            let mut operation = operation.clone();
            lie(&before, &mut operation.inputs);
            let changed = encode_operation(&before, &PoolOperation::Private(operation)).unwrap();
            assert_ne!(changed, honest, "{what}");
            fs::write(&path, changed).unwrap();
            let (_, errors) = run(1, scan);
            assert!(errors.contains(said), "{what}: {errors}");
        }
        fs::write(&path, &honest).unwrap();
    }
    // an anchor that there never was: its number is where two forms of the operation differ
    let path = pool.join("operation-000002.op");
    let honest = fs::read(&path).unwrap();
    let (before, mut operation) = operation_of(&pool, 2);
    withdrawn(&mut operation.inputs).anchor = before.anchor_of(0).unwrap();
    let other = encode_operation(&before, &PoolOperation::Private(operation)).unwrap();
    let at = honest.iter().zip(&other).position(|(a, b)| a != b).unwrap();
    let mut changed = honest.clone();
    changed[at] = 100;
    fs::write(&path, changed).unwrap();
    let (_, errors) = run(1, scan);
    assert!(
        errors.contains("operation-000002.op") && errors.contains("the number of an anchor"),
        "{errors}"
    );
    fs::write(&path, &honest).unwrap();
    run(0, scan);
}

fn withdrawn(inputs: &mut PrivateInputs) -> &mut WithdrawalInputs {
    match inputs {
        PrivateInputs::Withdrawal(inputs) => inputs,
        other => panic!("{other:?}"),
    }
}

fn transferred(inputs: &mut PrivateInputs) -> &mut TransferInputs {
    match inputs {
        PrivateInputs::Transfer(inputs) => inputs,
        other => panic!("{other:?}"),
    }
}
