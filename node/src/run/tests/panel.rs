//! Workers that verify private proofs, played: what one that lies can do, what two can, and what happens when nobody answers.

use std::{num::NonZeroU32, path::Path, sync::Arc, time::Duration};

use winterlane_ledger::pool::PrivateOperation;

use super::{options, payers, settled};
use crate::{
    Alarm, Event, Node, PanelSettings, PrivateChecks, Receipt, Refusal, Running, SnapshotError,
    StartError, SubmitError,
    panel::{
        PanelQueue, SignedVerdict, Verdict,
        tests::{Desk, Known, Say, private, says, word},
    },
    private::PrivateRefusal,
    run::{Stand, start},
    settlement::{Folder, Settlement},
    testing::{Payer, Word, private_transfer, until, wait},
};

/// Never, as often as a test asks.
const SELDOM: u32 = u32::MAX;
const LONG: Duration = Duration::from_secs(600);

fn settings(sample: u32, patience: Duration) -> PanelSettings {
    PanelSettings {
        sample: NonZeroU32::new(sample).unwrap(),
        patience,
    }
}

/// A node whose private proofs are judged by the workers of a desk, and which closes no batch by itself.
struct Court {
    node: Node,
    running: Running,
    known: Arc<Known>,
}

impl Court {
    fn open(folder: &Path, payers: &[Payer], desk: &Desk, panel: PanelSettings) -> Self {
        let mut options = options(folder, payers);
        options.limits.max_age = Duration::from_secs(3600);
        options.limits.slots = 1024;
        options.private.panel = Some(panel);
        options.settlement = Some(settled::of(folder));
        let stand = Stand {
            judge: Some(Arc::new(Word)),
            panel: Some(Box::new(desk.clone())),
            ..Stand::default()
        };
        let (node, running) = start(options, stand).unwrap();
        let known = Arc::new(Known::new(&[("a", 1), ("b", 2), ("c", 3), ("c", 4)]));
        node.trust(Arc::<Known>::clone(&known));
        Self {
            node,
            running,
            known,
        }
    }

    fn checks(&self) -> PrivateChecks {
        self.node.status().unwrap().private_checks
    }

    /// Waits until so many clients have workers that are present.
    fn present(&self, clients: u64) {
        until(|| (self.checks().workers == clients).then_some(()));
    }

    /// Submits the operation with a number: one that holds, or one that does not.
    fn submit(&self, number: u64, holds: bool) -> Result<Receipt, SubmitError> {
        wait(self.node.submit_private(self.operation(number, holds)))
    }

    fn operation(&self, number: u64, holds: bool) -> PrivateOperation {
        let anchor = self.node.anchors(1).unwrap().anchors[0].1;
        let mut operation = private_transfer([2 * number, 2 * number + 1], anchor);
        if !holds {
            operation.proof = b"hopes".to_vec();
        }
        operation
    }

    fn end(self) {
        self.running.stop();
        self.running.wait().unwrap();
    }
}

fn proof_refused(result: &Result<Receipt, SubmitError>) {
    let reason = "it does not say so".into();
    let refusal = Refusal::Private(PrivateRefusal::Proof { reason });
    assert_eq!(*result, Err(refusal.into()));
}

fn honest(number: u8) -> (u8, Say) {
    (number, says(number, word))
}

fn liar(number: u8) -> (u8, Say) {
    (number, says(number, |_| Verdict::Holds))
}

fn silent(number: u8) -> (u8, Say) {
    (number, Box::new(|_, _| Vec::new()))
}

/// A place for a node, with a settlement that verifies.
fn place(payers: &[Payer]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    settled::create(folder.path(), payers);
    folder
}

/// Two that agree are believed, and the node verifies nothing: neither what holds nor a flood of what does not. A refusal is
/// the same as the node's own.
#[test]
fn workers_take_the_load_off_the_node() {
    let payers = payers(2, 4);
    let folder = place(&payers);
    let desk = Desk::default();
    desk.seat([honest(1), honest(2), honest(3)]);
    let court = Court::open(folder.path(), &payers, &desk, settings(SELDOM, LONG));
    court.present(3);
    let mut taken = Vec::new();
    for number in 0..40 {
        let holds = number % 4 == 0;
        let result = court.submit(number, holds);
        if holds {
            taken.push(result.unwrap());
        } else {
            proof_refused(&result);
        }
    }
    let checks = court.checks();
    assert_eq!((checks.by_node, checks.by_workers), (0, 40), "{checks:?}");
    assert_eq!(
        (checks.ignored, checks.overdue, checks.doubt),
        (0, 0, false)
    );
    // what is known already is asked of nobody
    assert!(court.submit(0, true).unwrap().known);
    let left = || {
        let inner = desk.lock();
        (inner.asked.len(), inner.closed.len())
    };
    until(|| (left() == (40, 40)).then_some(()));
    wait(court.node.seal_now()).unwrap();
    for receipt in taken {
        super::included(&court.node, &receipt.id, crate::BatchStage::Sealed);
    }
    assert_eq!(court.checks().by_node, 0);
    court.end();
}

/// One in so many is verified by the node too, and it finds the same.
#[test]
fn a_sample_is_verified_by_the_node() {
    let payers = payers(2, 4);
    let folder = place(&payers);
    let desk = Desk::default();
    desk.seat([honest(1), honest(2)]);
    let court = Court::open(folder.path(), &payers, &desk, settings(2, LONG));
    court.present(2);
    for number in 0..64 {
        let result = court.submit(number, number % 2 == 0);
        assert_eq!(result.is_ok(), number % 2 == 0);
    }
    // by chance none or all of 64: once in 2^63
    let checks = court.checks();
    assert!((1..64).contains(&checks.sampled), "{checks:?}");
    assert_eq!(checks.by_node, checks.sampled);
    assert_eq!(checks.by_node + checks.by_workers, 64);
    assert_eq!(checks.false_verdicts, 0);
    court.end();
}

/// A worker that lies decides nothing, whichever way it lies, and is found out. From then on no worker is asked, also after a
/// restart, until an operator has removed what is written of it.
#[test]
fn one_liar_decides_nothing_and_is_found_out() {
    for (holds, lie) in [
        (false, Verdict::Holds),
        (true, Verdict::Refused("no".into())),
    ] {
        let payers = payers(2, 4);
        let folder = place(&payers);
        let desk = Desk::default();
        let said = lie.clone();
        desk.seat([honest(1), (2, says(2, move |_| said.clone()))]);
        let court = Court::open(folder.path(), &payers, &desk, settings(SELDOM, LONG));
        court.present(2);
        let mut alarms = court.node.subscribe();
        let result = court.submit(1, holds);
        if holds {
            result.unwrap();
        } else {
            proof_refused(&result);
        }
        let told = until(|| match alarms.try_recv() {
            Ok(Event::Alarm(alarm)) => Some(alarm),
            _ => None,
        });
        assert!(
            matches!(&told, Alarm::FalseVerdict { client, key, .. }
                if client == "b" && *key == private(2).public().to_string()),
            "{told:?}"
        );
        let checks = court.checks();
        assert_eq!((checks.disagreed, checks.false_verdicts), (1, 1));
        assert!(checks.doubt && checks.by_workers == 0, "{checks:?}");
        // the node is alone
        let asked = || desk.lock().asked.len();
        let before = asked();
        court.submit(2, true).unwrap();
        proof_refused(&court.submit(3, false));
        assert_eq!((asked(), court.checks().by_node), (before, 3));
        court.end();

        let court = Court::open(folder.path(), &payers, &desk, settings(SELDOM, LONG));
        assert!(court.checks().doubt);
        court.submit(4, true).unwrap();
        assert_eq!((asked(), court.checks().by_node), (before, 1));
        court.end();

        // an operator has looked
        std::fs::remove_file(folder.path().join("false-verdicts.json")).unwrap();
        desk.seat([honest(1), honest(3)]);
        let court = Court::open(folder.path(), &payers, &desk, settings(SELDOM, LONG));
        court.present(2);
        court.submit(5, true).unwrap();
        assert_eq!(court.checks().by_workers, 1);
        court.end();
    }
}

/// Two that lie together are caught by the sample. What they brought into the log before is not sealed: the node ends, and
/// does so again, rather than make something false final. An operator has the node forget it, with what came after.
#[test]
fn what_two_liars_bring_in_is_never_sealed_once_they_are_found_out() {
    let payers = payers(2, 4);
    let folder = place(&payers);
    let desk = Desk::default();
    desk.seat([liar(1), liar(2)]);
    let court = Court::open(folder.path(), &payers, &desk, settings(1, LONG));
    court.present(2);
    proof_refused(&court.submit(1, false));
    let checks = court.checks();
    assert_eq!((checks.sampled, checks.false_verdicts), (1, 2));
    court.end();
    let text = std::fs::read_to_string(folder.path().join("false-verdicts.json")).unwrap();
    let written: Vec<crate::panel::FalseVerdict> = serde_json::from_str(&text).unwrap();
    assert_eq!(written.len(), 2);
    assert!(written.iter().all(|one| one.said == "the proof holds"));
    std::fs::remove_file(folder.path().join("false-verdicts.json")).unwrap();

    // without a sample they are believed: this is what a panel rests on
    let court = Court::open(folder.path(), &payers, &desk, settings(SELDOM, LONG));
    court.present(2);
    let before = court.submit(4, true).unwrap();
    let lie = court.submit(2, false).unwrap();
    let after = court.submit(5, true).unwrap();
    // then one of them is found out
    desk.seat([liar(1), honest(2)]);
    proof_refused(&court.submit(3, false));
    assert!(court.checks().doubt);
    wait(court.node.seal_now()).unwrap();
    until(|| court.running.ended().then_some(()));
    let error = court.running.wait().unwrap_err();
    assert!(error.reason.contains("no valid proof"), "{error}");
    let court = Court::open(folder.path(), &payers, &desk, settings(SELDOM, LONG));
    until(|| court.running.ended().then_some(()));
    assert!(court.running.wait().is_err());

    // it says which entry, and that is forgotten with all after it; a snapshot keeps them
    let entry = error.reason.split("log entry ").nth(1).unwrap();
    let entry: u64 = entry.split(' ').next().unwrap().parse().unwrap();
    assert_eq!(entry, lie.sequence);
    let keep = folder.path().join("before.snapshot");
    let forget = |from, path: &Path| crate::forget(folder.path(), from, path);
    for none in [1000, u64::MAX] {
        let nothing = forget(none, &folder.path().join(format!("{none}")));
        assert!(matches!(nothing, Err(SnapshotError::NotLogged { .. })));
        assert!(!folder.path().join(format!("{none}")).exists());
    }
    // the lie, the order after it, and that the batch was closed
    assert_eq!(forget(entry, &keep).unwrap(), 3);
    let court = Court::open(folder.path(), &payers, &desk, settings(SELDOM, LONG));
    assert!(court.checks().doubt);
    assert!(court.submit(4, true).unwrap().known);
    proof_refused(&court.submit(2, false));
    let again = court.submit(5, true).unwrap();
    assert_eq!((again.known, again.id), (false, after.id));
    wait(court.node.seal_now()).unwrap();
    for id in [before.id, after.id] {
        super::included(&court.node, &id, crate::BatchStage::Sealed);
    }
    court.end();
    // nothing that is sealed is forgotten
    let sealed = forget(entry, &folder.path().join("sealed"));
    assert!(matches!(sealed, Err(SnapshotError::NotLogged { .. })));
    let copy = tempfile::tempdir().unwrap();
    let kept = std::fs::File::open(&keep).unwrap();
    crate::restore(&copy.path().join("store"), kept).unwrap();
}

/// Verdicts in another's name, of another case, of a key that was revoked, and none at all: the node verifies, after a bound.
#[test]
fn verdicts_that_count_for_nothing_leave_it_to_the_node() {
    let payers = payers(2, 4);
    // Long enough for whoever answers, on a machine that has other things to do. It is waited for in each case, so that they
    // wait beside one another.
    let soon = Duration::from_secs(20);
    let forger = || -> (u8, Say) {
        let forge = |case: &_, _: &[u8]| {
            let signed = SignedVerdict::new(case, Verdict::Holds, &private(9));
            let key = private(2).public();
            vec![SignedVerdict { key, ..signed }]
        };
        (2, Box::new(forge))
    };
    let repeater = || -> (u8, Say) {
        let mut first = None;
        let repeat = move |case: &_, operation: &[u8]| {
            let own = SignedVerdict::new(case, word(operation), &private(2));
            // the first case is answered, and that answer given again to each after it
            let said = first.get_or_insert(own).clone();
            let challenge = case.challenge;
            vec![SignedVerdict { challenge, ..said }]
        };
        (2, Box::new(repeat))
    };
    let stranger = || -> (u8, Say) { (2, says(9, |_| Verdict::Holds)) };
    let passed_over = |name: &str, second: (u8, Say), answered: u64| {
        let folder = place(&payers);
        let desk = Desk::default();
        desk.seat([honest(1), second]);
        let court = Court::open(folder.path(), &payers, &desk, settings(SELDOM, soon));
        court.present(2);
        for number in 0..=answered {
            court.submit(number, true).unwrap();
        }
        let checks = court.checks();
        assert_eq!(checks.by_workers, answered, "{name}: {checks:?}");
        assert_eq!(
            (checks.overdue, checks.by_node),
            (1, 1),
            "{name}: {checks:?}"
        );
        assert_eq!(checks.ignored > 0, name != "silent", "{name}: {checks:?}");
        assert_eq!((checks.false_verdicts, checks.doubt), (0, false), "{name}");
        court.end();
    };

    let revoked_between_question_and_answer = || {
        let folder = place(&payers);
        let desk = Desk::default();
        desk.seat([honest(1)]);
        let court = Court::open(folder.path(), &payers, &desk, settings(SELDOM, soon));
        let revoking = {
            let known = Arc::clone(&court.known);
            let revoke = move |case: &_, _: &[u8]| {
                known.revoke(2);
                vec![SignedVerdict::new(case, Verdict::Holds, &private(2))]
            };
            Box::new(revoke) as Say
        };
        desk.seat([honest(1), (2, revoking)]);
        court.present(2);
        proof_refused(&court.submit(1, false));
        let checks = court.checks();
        assert_eq!((checks.ignored, checks.overdue, checks.by_node), (1, 1, 1));
        // and is nobody that is present any more
        court.present(1);
        court.end();
    };
    let passed_over = &passed_over;
    std::thread::scope(|scope| {
        for (name, second, answered) in [
            ("forger", forger(), 0),
            ("stranger", stranger(), 0),
            ("silent", silent(2), 0),
            ("repeater", repeater(), 1),
        ] {
            scope.spawn(move || passed_over(name, second, answered));
        }
        scope.spawn(revoked_between_question_and_answer);
    });
}

/// Where there are no two clients the node verifies as if there were no workers; and so it does when the queue is away, also
/// what workers had when it went.
#[test]
fn without_two_workers_or_without_a_queue_the_node_verifies() {
    let payers = payers(2, 4);
    let folder = place(&payers);
    let desk = Desk::default();
    // two keys of one client are one voice
    desk.seat([honest(3), honest(4)]);
    let court = Court::open(folder.path(), &payers, &desk, settings(SELDOM, LONG));
    court.present(1);
    court.submit(0, true).unwrap();
    assert_eq!((court.checks().by_node, desk.lock().asked.len()), (1, 0));

    desk.seat([honest(1), silent(2)]);
    court.present(2);
    let waiting = {
        let (node, operation) = (court.node.clone(), court.operation(1, true));
        std::thread::spawn(move || wait(node.submit_private(operation)))
    };
    until(|| (desk.lock().asked.len() == 1).then_some(()));
    desk.lock().away = true;
    waiting.join().unwrap().unwrap();
    court.present(0);
    court.submit(2, true).unwrap();
    let checks = court.checks();
    assert_eq!((checks.by_node, checks.overdue), (3, 1), "{checks:?}");
    // back again
    desk.seat([honest(1), honest(2)]);
    desk.lock().away = false;
    court.present(2);
    court.submit(3, true).unwrap();
    assert_eq!(court.checks().by_workers, 1);
    court.end();
}

/// Workers are asked where there is somebody to ask, and where settlement verifies again.
#[test]
fn a_panel_needs_a_queue_and_a_settlement_that_verifies() {
    let payers = payers(2, 4);
    let folder = place(&payers);
    let with = |settlement: Option<Box<dyn Settlement>>, desk: bool| {
        let mut options = options(folder.path(), &payers);
        options.private.panel = Some(PanelSettings::default());
        options.settlement = settlement;
        let stand = Stand {
            panel: desk.then(|| Box::new(Desk::default()) as Box<dyn PanelQueue>),
            ..Stand::default()
        };
        match start(options, stand) {
            Err(error) => Some(error),
            Ok((_, running)) => {
                running.stop();
                running.wait().unwrap();
                None
            }
        }
    };
    let plain = || -> Option<Box<dyn Settlement>> {
        Some(Box::new(Folder::new(folder.path().join("plain"))))
    };
    assert!(matches!(with(None, true), Some(StartError::NoSecondLook)));
    assert!(matches!(
        with(plain(), true),
        Some(StartError::NoSecondLook)
    ));
    let verifying = || Some(settled::of(folder.path()));
    assert!(matches!(
        with(verifying(), false),
        Some(StartError::NowhereToAsk)
    ));
    assert!(with(verifying(), true).is_none());
}
