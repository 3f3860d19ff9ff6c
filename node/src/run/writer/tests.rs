//! The writer without its thread.

mod sealing;

use std::{
    sync::{
        Arc,
        mpsc::{channel, sync_channel},
    },
    thread,
};

use tokio::sync::oneshot;
use winterlane_ledger::pool::{Pool, PoolPolicy};

use super::*;
use crate::{
    FeeSchedule, Genesis, Limits, Node,
    run::admission::{Admin, Command},
    testing::{domain, wait},
};

/// A writer over an empty store, whose other threads do nothing.
fn writer(folder: &std::path::Path) -> Writer {
    let store = Store::open(folder, &Genesis::empty(domain()), 1 << 20).unwrap();
    let store = Arc::new(store);
    let (limits, fees) = (Limits::default(), FeeSchedule::free());
    let base = StoreBase(Arc::clone(&store));
    let pool = Pool::new(domain());
    let sequencer = Sequencer::new(
        base,
        pool,
        0,
        std::collections::HashMap::new(),
        limits,
        fees.clone(),
    );
    let (_, tasks) = sync_channel(1);
    let (sealer, _) = sync_channel(1);
    Writer {
        shared: Arc::new(Shared::new(
            Arc::clone(&store),
            limits,
            fees,
            PoolPolicy::open(),
            64,
        )),
        store,
        sequencer,
        tasks,
        sealer,
        prover: None,
        witnesses: Witnesses::open(folder).unwrap(),
        publisher: None,
        reserve: None,
        max_unproven: 1,
        state: WriterState::default(),
    }
}

/// Whoever hears that the node is paused sees that it is, before the writer does anything more.
#[test]
fn a_pause_is_shown_before_it_is_answered() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = writer(folder.path());
    let (commands, received) = sync_channel(4);
    let node = Node::new(Arc::clone(&writer.shared), commands);
    // each asks, and looks at once when it is answered; the writer waits until it has looked
    let (looked, has_looked) = channel();
    let asking = thread::spawn(move || {
        wait(node.pause()).unwrap();
        looked.send(node.status().unwrap().paused).unwrap();
        wait(node.resume()).unwrap();
        looked.send(node.status().unwrap().paused).unwrap();
    });
    for paused in [true, false] {
        let Command::Admin(admin) = received.recv().unwrap() else {
            panic!("something else was asked");
        };
        writer.administer(admin, &mut Answers::new()).unwrap();
        assert_eq!(has_looked.recv().unwrap(), paused);
    }
    asking.join().unwrap();
    // nothing of it waited for the commit
    let (answer, mut asked) = oneshot::channel();
    writer
        .administer(Admin::Pause(answer), &mut Answers::new())
        .unwrap();
    asked.try_recv().unwrap();
}
