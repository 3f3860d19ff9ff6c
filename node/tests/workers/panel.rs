//! Private operations that workers verify: real proofs, real workers, a real queue; and workers that are played.

use std::time::Duration;

use winterlane_node::{
    Alarm, Event,
    panel::{SignedVerdict, Verdict},
};

use crate::{
    court::{Court, Player, refused},
    server::Server,
    testing::until,
};

/// For how long workers are waited for, where somebody does not answer: a test waits for as long. Those that do answer have to
/// within it, on a machine that has other things to do.
const PATIENCE: Duration = Duration::from_secs(20);

/// Two processes take the verification from the node: what holds and what does not. One is killed, PostgreSQL is killed: the
/// node goes on alone, and is helped again when they are back.
#[test]
fn workers_verify_private_operations() {
    let Some(mut server) = Server::start() else {
        return;
    };
    let court = Court::open(&server, PATIENCE);
    let keys = ["one", "two"].map(|client| court.saved(client));
    // nobody is there: the node does it
    let first = court.withdrawal(0);
    court.submit(&first).unwrap();
    assert_eq!(court.checks().by_node, 1);

    let one = court.worker("one", &keys[0]);
    let two = court.worker("two", &keys[1]);
    court.present(2);
    let forged = court.forged(1);
    for _ in 0..5 {
        refused(court.submit(&forged), &forged);
    }
    court.submit(&court.withdrawal(1)).unwrap();
    let checks = court.checks();
    assert_eq!((checks.by_node, checks.by_workers), (1, 6), "{checks:?}");
    assert_eq!((checks.overdue, checks.ignored), (0, 0), "{checks:?}");
    let mut client = server.client();
    let left =
        "SELECT (SELECT count(*) FROM winterlane_cases) + (SELECT count(*) FROM winterlane_seats)
                     + (SELECT count(*) FROM winterlane_verdicts)";
    until(|| {
        let left: i64 = client.query_one(left, &[]).unwrap().get(0);
        (left == 0).then_some(())
    });

    // whoever is killed is present a little longer, and nobody waits for him for long
    two.signal("KILL");
    refused(court.submit(&forged), &forged);
    court.present(1);
    court.submit(&court.withdrawal(2)).unwrap();
    let checks = court.checks();
    assert_eq!(checks.by_node + checks.by_workers, 9, "{checks:?}");
    assert!(checks.by_node >= 2, "{checks:?}");

    let again = court.worker("again", &keys[1]);
    court.present(2);
    server.kill();
    court.submit(&court.withdrawal(3)).unwrap();
    court.present(0);
    let alone = court.checks().by_node;
    refused(court.submit(&forged), &forged);
    assert_eq!(court.checks().by_node, alone + 1);
    server.restart();
    court.present(2);
    let helped = court.checks().by_workers;
    until(|| {
        refused(court.submit(&forged), &forged);
        (court.checks().by_workers > helped).then_some(())
    });
    assert!(!court.checks().doubt);
    one.stop();
    again.stop();
    drop(two);
    court.end();
}

/// Forged and repeated verdicts are passed over, and the true one counts; a key that is revoked says nothing any more; a worker
/// that lies is found out by the other one, and from then on the node is alone.
#[test]
fn verdicts_are_believed_for_what_they_are() {
    let Some(server) = Server::start() else {
        return;
    };
    let court = Court::open(&server, Duration::from_secs(600));
    let mut alarms = court.node.subscribe();
    let mut players = ["one", "two"].map(|client| court.player(client));
    court.present(2);

    // in the other's name, and unsigned; then both say what is true
    let waiting = court.submitting(court.withdrawal(0));
    let cases = players.each_mut().map(Player::take);
    assert_eq!(cases[0], cases[1]);
    let [one, two] = &mut players;
    let lie = Verdict::Refused("no".into());
    let in_anothers_name = SignedVerdict {
        key: two.key.public(),
        ..SignedVerdict::new(&cases[0].case, lie, &one.key)
    };
    one.say(&cases[0], &in_anothers_name);
    let first = [one.judge(&cases[0]), two.judge(&cases[0])];
    one.say(&cases[0], &first[0]);
    two.say(&cases[0], &first[1]);
    waiting.join().unwrap().unwrap();
    let checks = court.checks();
    assert_eq!((checks.by_workers, checks.by_node), (1, 0), "{checks:?}");
    assert_eq!(checks.ignored, 1, "{checks:?}");

    // what was said of a valid operation, told of a false one
    let forged = court.forged(1);
    let waiting = court.submitting(forged.clone());
    let cases = players.each_mut().map(Player::take);
    for (player, said) in players.iter_mut().zip(&first) {
        let challenge = cases[0].case.challenge;
        let repeated = SignedVerdict {
            challenge,
            ..said.clone()
        };
        player.say(&cases[0], &repeated);
    }
    for player in &mut players {
        let said = player.judge(&cases[0]);
        player.say(&cases[0], &said);
    }
    refused(waiting.join().unwrap(), &forged);
    let checks = court.checks();
    assert_eq!((checks.by_workers, checks.by_node), (2, 0), "{checks:?}");
    assert_eq!(checks.ignored, 3, "{checks:?}");

    // a lie: the other one disagrees, and the node looks
    let waiting = court.submitting(forged.clone());
    let cases = players.each_mut().map(Player::take);
    let [one, two] = &mut players;
    let lie = SignedVerdict::new(&cases[0].case, Verdict::Holds, &one.key);
    one.say(&cases[0], &lie);
    let said = two.judge(&cases[0]);
    two.say(&cases[0], &said);
    refused(waiting.join().unwrap(), &forged);
    let liar = until(|| match alarms.try_recv() {
        Ok(Event::Alarm(Alarm::FalseVerdict { client, .. })) => Some(client),
        _ => None,
    });
    assert_eq!(liar, "one");
    let checks = court.checks();
    assert_eq!((checks.false_verdicts, checks.by_node), (1, 1));
    assert!(checks.doubt);
    assert!(
        court
            .folder
            .path()
            .join("node/false-verdicts.json")
            .exists()
    );
    court.submit(&court.withdrawal(1)).unwrap();
    assert_eq!(court.checks().by_node, 2);
    court.end();
}

/// A key that is revoked while it is asked counts for nothing, and is not drawn again.
#[test]
fn a_revoked_key_judges_nothing() {
    let Some(server) = Server::start() else {
        return;
    };
    let court = Court::open(&server, PATIENCE);
    let mut players = ["one", "two"].map(|client| court.player(client));
    court.present(2);
    let forged = court.forged(0);
    let waiting = court.submitting(forged.clone());
    let cases = players.each_mut().map(Player::take);
    let [one, two] = &mut players;
    let said = one.judge(&cases[0]);
    one.say(&cases[0], &said);
    let _ = court.keys.revoke(two.id, two.id, "leaked").unwrap();
    let lie = SignedVerdict::new(&cases[0].case, Verdict::Holds, &two.key);
    two.say(&cases[0], &lie);
    refused(waiting.join().unwrap(), &forged);
    let checks = court.checks();
    assert_eq!((checks.overdue, checks.by_node, checks.ignored), (1, 1, 1));
    assert_eq!((checks.by_workers, checks.doubt), (0, false));
    court.present(1);
    court.end();
}
