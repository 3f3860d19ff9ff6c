//! The command with a settlement of its own process, which verifies real proofs.

use std::path::Path;

use winterlane_ledger::{
    Amount, AssetId, BatchNumber, ChainId, NewKeys, RollupId, Root, hash::domain_digest,
};
use winterlane_settlement::{
    Call, Client, DepositTo, Durable, Genesis, Party, Rules, Secret, Settlement as _, Status,
    StoreError, Verifier, durable,
};

use super::{output, served::Served, until};

/// Asks until settlement has so many batches.
fn settled(client: &Client, batches: u64) -> Status {
    until(|| {
        let status = client.status().ok()?;
        (status.next_batch >= BatchNumber::new(batches)).then_some(status)
    })
}

fn configure(data: &Path) {
    let text = "[batches]\nslots = 2\nseconds = 0.1\n[settlement]\nat = \"settlement\"\nlisten = \"127.0.0.1:0\"\n";
    std::fs::write(data.join("node.toml"), text).unwrap();
}

/// Deposits are proven and settled, by a process that is killed between them; nobody else opens the settlement that it
/// has, and another operator's secret does not start it.
#[test]
fn a_node_settles_with_real_proofs_and_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    configure(data);
    let operator = Secret::random().unwrap();
    operator.save(&data.join("operator.secret")).unwrap();
    let genesis = Genesis {
        domain: domain_digest(ChainId::new(1), RollupId::new(1)),
        first_batch: BatchNumber::ZERO,
        accounts: Default::default(),
        operator: operator.party(),
        governor: Party::NOBODY,
        rules: Rules::default(),
    };
    // what the node's own command says of its configuration
    let (status, printed, said) = output(data, &["genesis"]);
    assert_eq!(status, 0, "{said}");
    assert_eq!(serde_json::from_str::<Genesis>(&printed).unwrap(), genesis);
    durable::create(&data.join("settlement"), &genesis).unwrap();
    let user = Secret::random().unwrap();
    for round in 1..=2 {
        let node = Served::start(data);
        let at = node.settlement.as_deref().unwrap();
        let client = Client::new(at, Some(user.clone())).unwrap();
        let deposit = Call::Deposit {
            asset: AssetId::new(9),
            amount: Amount::new(5),
            to: DepositTo::New(NewKeys::single(Root::ZERO)),
        };
        client.call(&deposit).unwrap();
        let status = settled(&client, round);
        assert_eq!(status.epoch, round);
        if cfg!(unix) {
            let verifier = |genesis: &Genesis| Verifier::of_bits(genesis.rules.bits);
            let second = Durable::open(&data.join("settlement"), verifier, durable::system_clock());
            assert!(matches!(second, Err(StoreError::Locked { .. })));
        }
        // SIGKILL
        drop(node);
    }
    std::fs::remove_file(data.join("operator.secret")).unwrap();
    Secret::random()
        .unwrap()
        .save(&data.join("operator.secret"))
        .unwrap();
    let arguments = ["--listen", "127.0.0.1:0", "--health", "127.0.0.1:0"];
    let (status, _, said) = output(data, &arguments);
    assert_eq!(status, 2, "{said}");
    assert!(
        said.contains("settlement.at") && said.contains("the operator of"),
        "{said}"
    );
}
