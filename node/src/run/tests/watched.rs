//! What is found at the start, and what is watched: that the preset has the bits that settlement asks for; how old what is
//! not proven or not settled is, whatever the clock does, and how near what is due.

use std::{
    num::NonZeroUsize,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use winterlane_air::presets::{Preset, PresetName, SecurityLevel};
use winterlane_settlement::{Call, Client, DepositTo, Settlement as Base, server::Server};

use winterlane_ledger::{AccountId, Amount, AssetId, BatchNumber};

use super::{
    NodeOptions, included, options, payers,
    settled::{Between, OPERATOR, WINDOW, Words, create, open, secret, start_over, stop},
};
use crate::{
    Alarm, BatchStage, Event, Node, Proving, Refusal, SubmitError,
    clock::{ManualClock, UnixTime},
    run::{Outcome, ProofJob, Prove, Running, Stand, StartError, start},
    settlement::{Chain, SettlementError},
    testing::{until, wait},
};

/// Batches that are proven for real, with so many bits.
fn proving(level: SecurityLevel, options: NodeOptions) -> NodeOptions {
    NodeOptions {
        proving: Some(Proving {
            preset: Preset::new(PresetName::Fast, level),
            threads: NonZeroUsize::new(1),
            memory_limit: None,
        }),
        ..options
    }
}

/// A node whose proofs settlement would refuse one after the other does not start, and says which preset it is and how many
/// bits are asked for: in this process, and over HTTP.
#[test]
fn a_preset_with_too_few_bits_is_told_at_the_start() {
    let payers = payers(2, 4);
    for over_http in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        create(folder.path(), &payers);
        let durable = open(folder.path(), Words::default(), &Arc::default());
        let server = Server::start(Arc::clone(&durable), ([127, 0, 0, 1], 0).into()).unwrap();
        let with = |level| {
            let mut options = proving(level, options(folder.path(), &payers));
            let base: Box<dyn Base> = if over_http {
                let address = format!("http://{}", server.address());
                Box::new(Client::new(&address, Some(secret(OPERATOR))).unwrap())
            } else {
                Box::new(durable.by(secret(OPERATOR).party()))
            };
            options.settlement = Some(Box::new(Chain::over(base)));
            start(options, Stand::default())
        };
        let error = with(SecurityLevel::Bits100).unwrap_err();
        let said = error.to_string();
        assert!(said.contains("fast-100") && said.contains("128"), "{said}");
        let StartError::Settlement(SettlementError::TooFewBits { preset, asked }) = error else {
            panic!("{said}");
        };
        assert_eq!((preset.level, asked), (SecurityLevel::Bits100, 128));
        let (_, running) = with(SecurityLevel::Bits128).unwrap();
        stop(running);
    }
}

/// A settlement that was away at the start is asked before the first batch is published; nothing is sent to it.
#[test]
fn a_preset_with_too_few_bits_is_told_when_settlement_is_back() {
    let folder = tempfile::tempdir().unwrap();
    let mut payers = payers(2, 4);
    create(folder.path(), &payers);
    let durable = open(folder.path(), Words::default(), &Arc::default());
    let between = Between::new(durable.by(secret(OPERATOR).party()));
    let base = between.base.lock().unwrap().take();
    let mut options = proving(SecurityLevel::Bits100, options(folder.path(), &payers));
    options.limits.slots = 2;
    options.settlement = Some(Box::new(Chain::over(Box::new(between.clone()))));
    let (node, running) = start(options, Stand::default()).unwrap();
    let mut alarms = node.subscribe();
    wait(node.submit(payers[0].pay(2, 1, 0))).unwrap();
    *between.base.lock().unwrap() = base;
    until(|| match alarms.try_recv() {
        Ok(Event::Alarm(Alarm::Settlement { reason, .. })) => {
            (reason.contains("fast-100") && reason.contains("128")).then_some(())
        }
        _ => None,
    });
    assert_eq!(between.calls.load(Ordering::Relaxed), 0);
    assert_eq!(node.status().unwrap().next_to_publish, BatchNumber::ZERO);
    stop(running);
}

/// The figures that alert rules look at: nothing at first; then the age of what settlement refuses, how often it did, and how
/// long is left for what is due.
#[test]
fn what_is_not_settled_and_what_is_due_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    let mut payers = payers(2, 4);
    create(folder.path(), &payers);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let clock = Arc::new(AtomicU64::new(now.as_secs()));
    let words = Words::default();
    words.never.store(true, Ordering::Relaxed);
    let durable = open(folder.path(), words.clone(), &clock);
    let operator = secret(OPERATOR).party();
    let (node, running) = start_over(folder.path(), &payers, durable.by(operator)).unwrap();
    let status = || node.status().unwrap();
    until(|| status().obligation_window.map(drop));
    let window = Duration::from_secs(WINDOW);
    assert_eq!(status().obligation_window, Some(window));
    assert_eq!(status().obligation_left, None);
    assert_eq!(status().settlement_refusals, 0);

    wait(node.submit(payers[0].pay(2, 1, 0))).unwrap();
    let deposit = Call::Deposit {
        asset: AssetId::new(7),
        amount: Amount::new(5),
        to: DepositTo::Existing(AccountId::new(1)),
    };
    durable.by(secret(7).party()).call(&deposit).unwrap();
    until(|| (status().settlement_refusals > 0).then_some(()));
    assert!(status().oldest_unsettled.is_some());
    let left = until(|| status().obligation_left);
    assert!(left <= window, "{left:?}");

    // refused twice a minute: a new start asks at once, and now it is taken
    stop(running);
    words.never.store(false, Ordering::Relaxed);
    let (node, running) = start_over(folder.path(), &payers, durable.by(operator)).unwrap();
    until(|| {
        let status = node.status().unwrap();
        let shown = status.obligation_window.is_some() && status.obligation_left.is_none();
        (shown && status.oldest_unsettled.is_none() && status.pending == 0).then_some(())
    });
    assert_eq!(durable.by(operator).status().unwrap().obligations, 0);
    stop(running);
}

/// Proves nothing.
struct Never;

impl Prove for Never {
    fn prove(&mut self, _: &ProofJob) -> Outcome {
        Outcome::Cancelled
    }
}

/// The machine's clock jumps by a day and back. What waits has waited as long as it has; batches are sealed, the same order is
/// the same order, and one whose last batch is over stays refused. A process that begins takes the clock's word for what was
/// sealed before.
#[test]
fn a_clock_that_jumps_changes_nothing_but_the_times_that_are_shown() {
    const HOUR: Duration = Duration::from_secs(3600);
    const DAY: u64 = 86_400;
    let folder = tempfile::tempdir().unwrap();
    let mut people = payers(2, 4);
    let opening = people.clone();
    let right = 1_800_000_000;
    let clock = ManualClock::new(UnixTime::from_seconds(right));
    let begin = || -> (Node, Running) {
        let stand = Stand {
            prover: Some(Box::new(|_| Box::new(Never))),
            clock: Some(Arc::new(clock.clone())),
            ..Stand::default()
        };
        start(options(folder.path(), &opening), stand).unwrap()
    };
    let age = |node: &Node| node.status().unwrap().oldest_unproven.unwrap();
    let (node, running) = begin();
    let first = people[0].pay(2, 1, 0);
    let receipt = wait(node.submit(first.clone())).unwrap();
    included(&node, &receipt.id, BatchStage::Sealed);
    let mut before = age(&node);
    for shown in [right + DAY, right - DAY, right] {
        clock.set(UnixTime::from_seconds(shown));
        let now = age(&node);
        assert!(before <= now && now < HOUR, "{before:?}, then {now:?}");
        before = now;
        let again = wait(node.submit(first.clone())).unwrap();
        assert!(again.known);
        assert_eq!(
            (again.sequence, again.batch),
            (receipt.sequence, receipt.batch)
        );
        let mut late = people[1].clone();
        late.valid_until = BatchNumber::ZERO;
        let refused = wait(node.submit(late.pay(1, 1, 0))).unwrap_err();
        assert!(matches!(
            refused,
            SubmitError::Refused(Refusal::ExpiresTooSoon { .. })
        ));
        let next = wait(node.submit(people[0].pay(2, 1, 0))).unwrap();
        let (batch, _) = included(&node, &next.id, BatchStage::Sealed);
        let sealed_at = node.batch(batch).unwrap().unwrap().sealed_at;
        assert_eq!(sealed_at, shown * 1000);
    }
    stop(running);

    // set back by a day while no process runs: nothing has waited less than nothing
    clock.set(UnixTime::from_seconds(right - DAY));
    let (node, running) = begin();
    let before = age(&node);
    assert!(before < HOUR, "{before:?}");
    clock.set(UnixTime::from_seconds(right));
    assert!(age(&node) >= before && age(&node) < HOUR);
    stop(running);
    clock.set(UnixTime::from_seconds(right + DAY));
    let (node, running) = begin();
    let day = Duration::from_secs(DAY);
    assert!((day..day + HOUR).contains(&age(&node)));
    stop(running);
}
