//! `docs/exit.md`: its commands run, on a rollup whose operator has proven batches and is gone, and whose store is
//! deleted. Everything leaves once.

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use serde_json::Value;
use winterlane_air::presets::{Preset, PresetName, SecurityLevel};
use winterlane_ledger::{
    AccountId, Amount, AssetId, BatchNumber, ChainId, Ledger, NewKeys, Order, RollupId,
    ScalarCompressor, Scope, SlotIndex, Withdraw,
    hash::domain_digest,
    pool::{Payment, Pool, PoolOperation, encode_operation},
    wire,
};
use winterlane_prover::{Engine, EngineOptions, prove_batch};
use winterlane_settlement::{
    BatchData, Call, Client, DepositTo, Durable, Genesis, Outcome, Owed, Party, PoolData, Rules,
    Secret, Settlement, Verifier, durable, rebuild::Rebuilt, server::Server,
};
use winterlane_wallet::{
    Wallet,
    account::{AccountWallet, NewAccount, add_hot_keys},
    notes::shield,
};

use super::command;

const EURO: u32 = 978;
/// An asset that is worth nothing.
const JUNK: u32 = 5;
const UNTIL: u64 = 1 << 30;
/// The hot keys of the page's wallets.
const HEIGHT: u32 = 3;

fn page() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/exit.md");
    fs::read_to_string(path).unwrap()
}

/// The operator: a ledger, a pool, a prover.
struct Operator {
    ledger: Ledger,
    pool: Pool,
    settlement: Client,
}

impl Operator {
    fn new(settlement: Client) -> Self {
        let genesis = settlement.genesis().unwrap();
        Self {
            ledger: Ledger::genesis(genesis.domain, BatchNumber::ZERO, []).unwrap(),
            pool: Pool::new(genesis.domain),
            settlement,
        }
    }

    /// A batch of the deposits that wait, these orders, and these operations of the pool.
    fn batch(
        &mut self,
        orders: Vec<winterlane_ledger::SignedOrder>,
        pool: &[PoolOperation],
    ) -> BatchData {
        let mut batch = self.ledger.open_batch();
        for (_, obligation) in self.settlement.obligations(0, usize::MAX).unwrap() {
            if let Owed::Deposit { deposit, .. } = obligation.what {
                batch.deposit(deposit).unwrap();
            }
        }
        for order in orders {
            batch.signed(order).unwrap();
        }
        let sealed = batch.seal(None).unwrap();
        let preset = Preset::new(PresetName::Fast, SecurityLevel::Bits128);
        let proven = prove_batch(&sealed, preset, Engine::Simd, &EngineOptions::default()).unwrap();
        let published = pool.iter().map(|operation| PoolData {
            operation: encode_operation(&self.pool, operation).unwrap(),
            proof: Vec::new(),
        });
        let published = published.collect();
        let mut open = self.pool.open_batch();
        for operation in pool {
            if let PoolOperation::Shield(shield, payment) = operation {
                open.shield(shield, *payment).unwrap();
            }
        }
        open.seal();
        let public = proven.public_inputs;
        BatchData {
            records: wire::encode(&sealed.records, public.batch_number).unwrap(),
            proof: proven.proof,
            pool: published,
            public,
        }
    }

    fn publish(&self, batch: BatchData) -> Result<Outcome, winterlane_settlement::CallError> {
        self.settlement.call(&Call::Publish { epoch: 0, batch })
    }
}

/// A wallet as `winterlane wallet new` makes it: the numbers of its keys are in its own file alone.
fn wallet(path: &Path) -> (Wallet, NewKeys) {
    let new = NewAccount {
        account: AccountId::new(0),
        asset: AssetId::new(EURO),
        node: "http://127.0.0.1:1".to_owned(),
        hot_height: HEIGHT,
        cold_height: 5,
    };
    let made = AccountWallet::create(path, &new, ScalarCompressor).unwrap();
    let keys = NewKeys {
        roots: made.public().keys.map(|key| key.root),
        scopes: [Scope::SPEND, Scope::ROTATE],
    };
    drop(made);
    (opened(path), keys)
}

fn opened(path: &Path) -> Wallet {
    let mut wallet = Wallet::open(path).unwrap();
    assert!(add_hot_keys(&mut wallet, |_| true).unwrap());
    wallet
}

#[test]
fn the_commands_of_the_page_take_everything_out_once() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("settlement");
    let secrets = ["operator", "alice", "bob", "carol"].map(|name| {
        let secret = Secret::random().unwrap();
        secret
            .save(&place.path().join(format!("{name}.secret")))
            .unwrap();
        secret
    });
    let genesis = Genesis {
        domain: domain_digest(ChainId::new(1), RollupId::new(7)),
        first_batch: BatchNumber::ZERO,
        accounts: BTreeMap::new(),
        operator: secrets[0].party(),
        governor: Party::NOBODY,
        rules: Rules::default(),
    };
    durable::create(&folder, &genesis).unwrap();
    let clock = Arc::new(AtomicU64::new(1_000));
    let open = || {
        let clock = Arc::clone(&clock);
        let verifier = |genesis: &Genesis| Verifier::of_bits(genesis.rules.bits);
        let clock = Box::new(move || clock.load(Ordering::Relaxed));
        Durable::open(&folder, verifier, clock).unwrap()
    };
    let server = Server::start(open(), ([127, 0, 0, 1], 0).into()).unwrap();
    let address = format!("http://{}", server.address());
    let client = |who: &Secret| Client::new(&address, Some(who.clone())).unwrap();

    // Alice and Bob deposit; Bob puts some of it into the pool, Alice takes some out for Carol.
    let (mut alice, alices) = wallet(&place.path().join("alice"));
    let (mut bob, bobs) = wallet(&place.path().join("bob"));
    let deposit = |who: &Secret, amount, to| {
        let call = Call::Deposit {
            asset: AssetId::new(EURO),
            amount,
            to,
        };
        client(who).call(&call).unwrap();
    };
    deposit(&secrets[1], Amount::new(1_000), DepositTo::New(alices));
    deposit(&secrets[2], Amount::new(500), DepositTo::New(bobs));
    let (mut stranger, strangers) = wallet(&place.path().join("stranger"));
    let call = Call::Deposit {
        asset: AssetId::new(JUNK),
        amount: Amount::new(40),
        to: DepositTo::New(strangers),
    };
    client(&secrets[3]).call(&call).unwrap();
    let mut operator = Operator::new(client(&secrets[0]));
    let first = operator.batch(Vec::new(), &[]);
    // a proof that is another's is none
    let mut other = first.clone();
    let end = other.proof.len() - 1;
    other.proof[end / 2] ^= 1;
    assert!(operator.publish(other).unwrap_err().is("proof"));
    operator.publish(first).unwrap();
    let notes = bob.note_secret(0).payment_address();
    let (note, _) = shield(&notes, AssetId::new(EURO), Amount::new(200)).unwrap();
    let withdraw = |from, amount, recipient| {
        Order::Withdraw(Withdraw {
            from,
            amount,
            fee: Amount::ZERO,
            recipient,
            valid_until: BatchNumber::new(UNTIL),
        })
    };
    let sign = |wallet: &mut Wallet, ledger: &Ledger, order: Order| {
        let account = ledger.account(order.signer()).unwrap();
        let request = wallet.request(account, SlotIndex::Zero, order);
        wallet.sign(&request, ledger.domain()).unwrap()
    };
    let orders = vec![
        sign(
            &mut bob,
            &operator.ledger,
            withdraw(AccountId::new(1), Amount::new(200), note.recipient()),
        ),
        sign(
            &mut alice,
            &operator.ledger,
            withdraw(AccountId::ZERO, Amount::new(50), secrets[3].party().0),
        ),
    ];
    let payment = Payment {
        batch: BatchNumber::new(1),
        record: 0,
    };
    let second = operator.batch(orders, &[PoolOperation::Shield(note, payment)]);
    operator.publish(second).unwrap();
    // Bob makes another note by the page's commands, and pays for it. The operator keeps it out of the pool.
    drop((alice, bob));
    let page = page();
    let lines: Vec<&str> = page
        .split("```console\n")
        .skip(1)
        .flat_map(|rest| rest.split("```").next().unwrap().lines())
        .filter(|line| line.starts_with("winterlane "))
        .collect();
    let making = |line: &&str| line.contains("private key") || line.contains("exit note");
    let made: Vec<&str> = lines.iter().copied().filter(making).collect();
    assert_eq!(made.len(), 2, "{lines:?}");
    for line in made {
        let output = command()
            .args(line.split_whitespace().skip(1))
            .current_dir(place.path())
            .output()
            .unwrap();
        assert!(output.status.success(), "{line}: {output:?}");
    }
    let said = {
        let output = command()
            .args([
                "exit",
                "note",
                "--to",
                "bob.address",
                "--asset",
                "978",
                "--amount",
                "1",
            ])
            .args(["--out", "other.json"])
            .current_dir(place.path())
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    // a note that nobody has paid for
    assert!(said.contains("0x"), "{said}");
    let note: Value =
        serde_json::from_slice(&fs::read(place.path().join("note.json")).unwrap()).unwrap();
    let shield = winterlane_ledger::pool::Shield {
        blinded: serde_json::from_value(note["blinded"].clone()).unwrap(),
        asset: AssetId::new(EURO),
        amount: Amount::new(40),
        sealed: hex(note["sealed"].as_str().unwrap()),
    };
    let mut bob = opened(&place.path().join("bob"));
    let paying = sign(
        &mut bob,
        &operator.ledger,
        withdraw(AccountId::new(1), Amount::new(40), shield.recipient()),
    );
    drop(bob);
    // A stranger pays as much of something else to the same address: that is no payment, and keeps Bob from nothing.
    let junk = sign(
        &mut stranger,
        &operator.ledger,
        withdraw(AccountId::new(2), Amount::new(40), shield.recipient()),
    );
    let third = operator.batch(vec![junk, paying], &[]);
    operator.publish(third).unwrap();
    // Carol deposits, and no batch takes it.
    deposit(
        &secrets[3],
        Amount::new(7),
        DepositTo::Existing(AccountId::ZERO),
    );
    // The operator's store is gone. Settlement is stopped, and opens as it was.
    let (root, status) = (
        operator.ledger.root(),
        operator.settlement.status().unwrap(),
    );
    drop(operator);
    drop(server);
    let server = Server::start(open(), ([127, 0, 0, 1], 0).into()).unwrap();
    let address = format!("http://{}", server.address());
    let client = Client::new(&address, None).unwrap();
    assert_eq!(client.status().unwrap(), status);
    let (rebuilt, _) = Rebuilt::of(&client, ScalarCompressor, |_| ()).unwrap();
    assert_eq!(rebuilt.ledger.root(), root);

    let lines: Vec<&str> = lines.into_iter().filter(|line| !making(line)).collect();
    assert!(lines.len() >= 12, "{lines:?}");
    let run = |line: &str| {
        let mut words = line.split_whitespace().skip(1);
        let output = command()
            .args(words.by_ref().take(2))
            .args(["--settlement", &address])
            .args(words)
            .current_dir(place.path())
            .output()
            .unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (
            output.status.code(),
            text(output.stdout),
            text(output.stderr),
        )
    };
    let (mut leaving, mut told) = (Vec::new(), Vec::new());
    for line in &lines {
        if line.contains("exit freeze") {
            // the page waits for a day
            let (status, _, said) = run(line);
            assert_eq!(status, Some(1), "{said}");
            assert!(said.contains("is due at"), "{said}");
            clock.fetch_add(2 * 24 * 60 * 60, Ordering::Relaxed);
        }
        if line.contains("exit leave") {
            leaving.push(*line);
        }
        let (status, out, said) = run(line);
        assert_eq!(status, Some(0), "{line}: {out}{said}");
        if line.contains("exit force") {
            told.push(out);
        }
    }
    // an order, a note of the pool, a note that was paid for; and, after the end, the money of the last
    let words = ["obligation", "obligation", "obligation", "40 to account 1"];
    assert_eq!(told.len(), words.len(), "{told:?}");
    assert!(
        told.iter()
            .zip(words)
            .all(|(told, words)| told.contains(words)),
        "{told:?}"
    );
    let (status, _, said) = run("winterlane exit force-shield --note other.json");
    assert_eq!(status, Some(1), "{said}");
    assert!(said.contains("no settled batch has a withdrawal"), "{said}");
    // a wallet that has nothing here is told so, by its status too: nobody takes that for having left
    drop(Wallet::create(&place.path().join("nobody")).unwrap());
    let to = "0xa11ce00000000000000000000000000000000001";
    let leave = format!("winterlane exit leave --wallet nobody --to {to}");
    let notes = format!("winterlane exit force-notes --wallet nobody --to {to}");
    // other keys than the account has are as good as none
    let other = format!("winterlane exit leave --wallet alice --key 7 --key-height 1 --to {to}");
    for (line, word) in [
        (leave, "nothing leaves"),
        (notes, "nothing is forced"),
        (other, "--key"),
    ] {
        let (status, out, said) = run(&line);
        assert_eq!(status, Some(2), "{line}: {out}{said}");
        assert!(said.contains(word), "{line}: {said}");
    }
    // once more: all has left
    assert_eq!(leaving.len(), 2);
    for line in leaving {
        let (status, out, _) = run(line);
        assert_eq!(status, Some(0), "{line}");
        assert!(
            out.contains("has left already") && !out.contains("paid"),
            "{out}"
        );
    }
    let (_, out, _) = run("winterlane exit payments --json");
    let paid: Value = serde_json::from_str(&out).unwrap();
    let paid = paid["payments"].as_array().unwrap();
    let mut amounts: Vec<Amount> = paid
        .iter()
        .map(|payment| payment["amount"].as_str().unwrap().parse().unwrap())
        .collect();
    amounts.sort_unstable();
    // Carol's deposit and withdrawal, Bob's note and account, Alice's account
    assert_eq!(amounts, [7, 50, 200, 300, 950].map(Amount::new));
    let status = client.status().unwrap();
    assert_eq!(status.totals[&AssetId::new(EURO)], Amount::ZERO);
    let paid = Amount::checked_sum(amounts.iter().copied()).unwrap();
    let deposited = Amount::new(1_000 + 500 + 7);
    assert_eq!(paid, deposited);
    println!(
        "operator gone: {} balances, notes and claims left once, 0 twice; {deposited} deposited, {paid} paid, {} held",
        amounts.len(),
        status.totals[&AssetId::new(EURO)],
    );
    drop(server);
}

fn hex(text: &str) -> Vec<u8> {
    let pair = |at| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
    (0..text.len()).step_by(2).map(pair).collect()
}
