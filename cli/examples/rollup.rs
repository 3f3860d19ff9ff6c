//! A whole rollup in one process: accounts, payments, a key rotation, a withdrawal, fees; two proven batches with
//! a restart between them; a full node that follows, and a light client that knows a root and nothing else.
//!
//! ```text
//! cargo run --release -p winterlane --example rollup
//! ```
//!
//! Proving takes every core for as long as it runs. An async program calls it by `spawn_blocking`.

use std::error::Error;

use winterlane_air::presets::{Preset, PresetName, SecurityLevel};
use winterlane_ledger::SlotIndex::{One, Zero};
use winterlane_ledger::{
    Account, AccountId, Amount, AssetId, Batch, BatchNumber, ChainId, Deposit, Domain, KeySlot,
    Ledger, MemoryState, NewKeys, Order, ReadState, RollupId, RotateKey, Scope, SlotIndex,
    Transfer, Withdraw, codec::CanonicalBytes, hash::domain_digest, wire,
};
use winterlane_prover::{Engine, EngineOptions, SimdCompressor, prove_batch};
use winterlane_verifier::{Batch as ProvenBatch, Policy, verify_batch, verify_chain};
use winterlane_wallet::Wallet;

type Outcome = Result<(), Box<dyn Error>>;

const EURO: AssetId = AssetId::new(978);
const OPERATOR: AccountId = AccountId::ZERO;
const ALICE: AccountId = AccountId::new(1);
const BOB: AccountId = AccountId::new(2);
const FEE: Amount = Amount::new(1);
const UNTIL: BatchNumber = BatchNumber::new(5); // the last batch that the orders below may run in

fn domain() -> Domain {
    domain_digest(ChainId::new(1), RollupId::new(7)) // rollup 7 on chain 1
}

fn pay(from: AccountId, to: AccountId, amount: u128) -> Order {
    Order::Transfer(Transfer {
        from,
        to,
        amount: amount.into(),
        fee: FEE,
        valid_until: UNTIL,
    })
}

/// Signs an order as the account now stands, and puts it into the batch.
fn submit(
    batch: &mut Batch<'_, SimdCompressor>,
    wallet: &mut Wallet,
    slot: SlotIndex,
    order: Order,
) -> Outcome {
    let account = *batch.account(order.signer()).ok_or("no such account")?;
    let request = wallet.request(&account, slot, order);
    batch.signed(wallet.sign(&request, &domain())?)?;
    Ok(())
}

fn main() -> Outcome {
    let place = tempfile::tempdir()?;
    let mut alice = Wallet::create(&place.path().join("alice"))?;
    let mut bob = Wallet::create(&place.path().join("bob"))?;
    // keys of 2^4 one-time keys are made at once; a real one has 2^10
    let (first_key, second_key) = (alice.add_key(0, 4)?, alice.add_key(1, 4)?);
    let key_of_bob = bob.add_key(0, 4)?;

    // the operator's account, which takes the fees, is there from the beginning
    let operator = Account::of(EURO);
    let genesis = || {
        Ledger::with_compressor(
            domain(),
            BatchNumber::ZERO,
            [(OPERATOR, operator)],
            SimdCompressor,
        )
    };
    let mut ledger = genesis()?;
    let first_root = ledger.root();
    let mut batch = ledger.open_batch();
    for (to, amount, key) in [(ALICE, 1000, first_key), (BOB, 50, key_of_bob)] {
        batch.deposit(Deposit {
            to,
            asset: EURO,
            amount: Amount::new(amount),
            keys: Some(NewKeys::single(key)),
        })?;
    }
    submit(&mut batch, &mut alice, Zero, pay(ALICE, BOB, 200))?;
    // rotation, first half: the new key goes into the other slot, and both keys are good
    let install = RotateKey {
        new_root: second_key,
        scope: Scope::BOTH,
        ..RotateKey::close(ALICE, One, FEE, UNTIL)
    };
    submit(&mut batch, &mut alice, Zero, Order::RotateKey(install))?;
    batch.collect_fees(OPERATOR)?;
    let mut sealed = vec![batch.seal(None)?];

    // restart: the accounts, each at its id, and the number of the next batch are all there is to keep
    let bytes = |(id, account): (AccountId, &Account)| (id, account.to_bytes());
    let stored: Vec<(AccountId, Vec<u8>)> = ledger.accounts().map(bytes).collect();
    let (number, root) = (ledger.batch_number(), ledger.root());
    let mut accounts = Vec::new();
    for (id, bytes) in &stored {
        accounts.push((*id, Account::from_bytes(bytes)?));
    }
    let state = MemoryState::new(number.get(), accounts, &SimdCompressor)?;
    assert_eq!(state.root(), root);
    let mut ledger = Ledger::open(domain(), state, SimdCompressor);
    let mut batch = ledger.open_batch();
    // overlap: the old key still pays, and the new one does
    submit(&mut batch, &mut alice, Zero, pay(ALICE, BOB, 10))?;
    submit(&mut batch, &mut alice, One, pay(ALICE, BOB, 10))?;
    // rotation, second half: the new key closes the slot of the old one
    let close = RotateKey::close(ALICE, Zero, FEE, UNTIL);
    submit(&mut batch, &mut alice, One, Order::RotateKey(close))?;
    assert!(submit(&mut batch, &mut alice, Zero, pay(ALICE, BOB, 10)).is_err());
    let withdrawal = Withdraw {
        from: BOB,
        amount: Amount::new(70),
        fee: FEE,
        recipient: [0xb0; 20],
        valid_until: UNTIL,
    };
    submit(&mut batch, &mut bob, Zero, Order::Withdraw(withdrawal))?;
    batch.collect_fees(OPERATOR)?;
    sealed.push(batch.seal(None)?);

    // a full node verifies each batch, reads its records, and has every account
    let (mut follower, mut proofs) = (genesis()?, Vec::new());
    let preset = Preset::new(PresetName::Fast, SecurityLevel::Bits128);
    for batch in &sealed {
        let proven = prove_batch(batch, preset, Engine::Simd, &EngineOptions::default())?;
        let inputs = proven.public_inputs;
        let published = wire::encode(&batch.records, inputs.batch_number)?;
        println!("batch {}: {:.1?}", inputs.batch_number, proven.prove_time);
        verify_batch(&proven.proof, &inputs, &Policy::default())?;
        let records = wire::decode_published(&published, &inputs, &SimdCompressor)?;
        follower.follow(&inputs, &records)?;
        proofs.push(proven);
    }
    assert_eq!(follower.root(), ledger.root());
    let alices = follower.account(ALICE).ok_or("no such account")?;
    assert_eq!(alices.slots[0], KeySlot::default());

    // a light client has the first root, verifies the chain of proofs, and asks anyone for one account
    let mut chain = Vec::new();
    for proven in &proofs {
        let (inputs, proof) = (proven.public_inputs, proven.proof.as_slice());
        chain.push(ProvenBatch { inputs, proof });
    }
    let verified = verify_chain(&chain, &Policy::default())?;
    assert_eq!((verified.domain, verified.old_root), (domain(), first_root));
    let account = follower.prove(BOB).verify(&verified.new_root)?;
    let left = Amount::new(50 + 220 - 71);
    assert_eq!(account.map(|account| account.balance), Some(left));
    Ok(())
}
