//! A node whose private operations are verified by workers, with notes to spend; and workers that are played.

use std::{
    num::NonZeroU32,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Arc,
        mpsc::{RecvTimeoutError, Sender, channel},
    },
    thread::JoinHandle,
    time::Duration,
};

use tempfile::TempDir;
use winterlane_ledger::{
    Amount,
    pool::PrivateOperation,
    private::{NoteTree, PrivateInputs},
};
use winterlane_node::{
    Genesis, Limits, Node, NodeOptions, PanelSettings, PrivateChecks, PrivateVerifying, Receipt,
    Refusal, Running, SharedQueue, SubmitError,
    clock::SystemClock,
    keys::{KeyId, Keys, KeysConfig, NewKey, NewVerifier, Outcome, PrivateKey, Role},
    panel::{self, SignedVerdict, Verdict},
    private::{PrivateRefusal, encode},
    queue::postgres::panel::{Assigned, Assignments},
    settlement::{Published, Settled, Settlement, SettlementError},
};

use crate::{
    farm::Worker,
    server::Server,
    testing::{Payer, domain, note, real_withdrawal, until, wait},
};

/// Where nothing is published, and nothing false would be taken.
struct Strict;

impl Settlement for Strict {
    fn settled(&mut self) -> Result<Option<Settled>, SettlementError> {
        Ok(None)
    }

    fn publish(&mut self, _: Published<'_>) -> Result<(), SettlementError> {
        Ok(())
    }

    fn verifies(&self) -> bool {
        true
    }
}

/// How many notes there are to be spent.
const NOTES: usize = 4;
/// What each is worth.
const VALUE: u128 = 100;

/// A node whose private proofs are verified by workers, with notes to spend.
pub(crate) struct Court {
    pub(crate) node: Node,
    pub(crate) running: Running,
    pub(crate) keys: Arc<Keys>,
    pub(crate) folder: TempDir,
    pub(crate) queue: String,
    pub(crate) tree: NoteTree,
}

impl Court {
    pub(crate) fn open(server: &Server, patience: Duration) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut payer = Payer::new(1, 4);
        let genesis = Genesis {
            accounts: vec![(payer.id, payer.account(1 << 40))],
            ..Genesis::empty(domain())
        };
        let queue = server.address();
        let options = NodeOptions {
            limits: Limits {
                max_age: Duration::from_secs(3600),
                ..Limits::default()
            },
            cache_bytes: 1 << 20,
            disk_reserve: 0,
            settlement: Some(Box::new(Strict)),
            shared_queue: Some(SharedQueue {
                address: queue.parse().unwrap(),
                objects: folder.path().join("objects").display().to_string(),
                priority: 0,
            }),
            private: PrivateVerifying {
                panel: Some(PanelSettings {
                    // never, as often as a test asks
                    sample: NonZeroU32::MAX,
                    patience,
                }),
                ..PrivateVerifying::default()
            },
            ..NodeOptions::new(folder.path().join("node"), genesis)
        };
        let (node, running) = Node::start(options).unwrap();
        let config = KeysConfig::new(folder.path().join("keys"), "test".parse().unwrap());
        let keys = Arc::new(Keys::open(config, Arc::new(SystemClock)).unwrap());
        node.trust(Arc::<Keys>::clone(&keys));
        for at in 0..NOTES {
            let shielding = payer.shield_note(&note(at as u64, VALUE));
            wait(node.shield(shielding)).unwrap();
        }
        wait(node.seal_now()).unwrap();
        let notes = until(|| {
            let notes = node.notes(0, 10).unwrap();
            (notes.count == NOTES as u64).then_some(notes)
        });
        let mut tree = NoteTree::default();
        for note in notes.notes {
            tree.append(note.commitment).unwrap();
        }
        Self {
            node,
            running,
            keys,
            folder,
            queue,
            tree,
        }
    }

    /// A key that may verify, of a client of its own.
    pub(crate) fn key(&self, client: &str) -> (PrivateKey, KeyId) {
        let key = PrivateKey::random().unwrap();
        let client = client.parse().unwrap();
        let proof = key.prove_possession(&client, self.keys.environment());
        let made = self.keys.bootstrap(NewKey {
            client,
            scopes: Role::Worker.scopes(),
            verifier: NewVerifier::Ed25519 {
                public: key.public(),
                proof,
            },
            lifetime: Duration::from_secs(3600),
        });
        match made {
            Ok(Outcome::Done {
                key: Some(record), ..
            }) => (key, record.id),
            other => panic!("{other:?}"),
        }
    }

    /// The key's file, for a process.
    pub(crate) fn saved(&self, client: &str) -> PathBuf {
        let path = self.folder.path().join(format!("{client}.key"));
        self.key(client).0.save(&path).unwrap();
        path
    }

    /// A process that verifies, and proves nothing.
    pub(crate) fn worker(&self, id: &str, key: &Path) -> Worker {
        let mut command = Command::new(env!("CARGO_BIN_EXE_winterlane-worker"));
        command.env("WINTERLANE_QUEUE", &self.queue);
        command.env("NO_COLOR", "1").env("RUST_LOG", "info");
        command.args([
            "--id",
            id,
            "--checks-only",
            "--checks",
            "2",
            "--poll",
            "0.2",
        ]);
        command.arg("--key").arg(key);
        Worker::spawn(command, id, self.folder.path().join(format!("{id}.log")))
    }

    /// A worker that is played, and present for as long as it lives.
    pub(crate) fn player(&self, client: &str) -> Player {
        let (key, id) = self.key(client);
        let queue = self.queue.parse().unwrap();
        // the node makes the tables
        let connect = || until(|| Assignments::connect(&queue, key.public()).ok());
        let (assignments, mut presence) = (connect(), connect());
        let (present, ended) = channel();
        std::thread::spawn(move || {
            let policy = panel::policy();
            // a server that is gone is missed by others
            while presence.appear("player", &policy).is_ok()
                && ended.recv_timeout(Duration::from_secs(1)) == Err(RecvTimeoutError::Timeout)
            {
            }
        });
        Player {
            assignments,
            key,
            id,
            _present: present,
        }
    }

    pub(crate) fn checks(&self) -> PrivateChecks {
        self.node.status().unwrap().private_checks
    }

    pub(crate) fn present(&self, clients: u64) {
        until(|| (self.checks().workers == clients).then_some(()));
    }

    /// Withdraws a note, by a real proof.
    pub(crate) fn withdrawal(&self, at: usize) -> PrivateOperation {
        let note = note(at as u64, VALUE);
        let position = u32::try_from(at).unwrap();
        real_withdrawal(&note, (&self.tree, position), 1, 42)
    }

    /// The same, with another amount than its proof says.
    pub(crate) fn forged(&self, at: usize) -> PrivateOperation {
        let mut operation = self.withdrawal(at);
        if let PrivateInputs::Withdrawal(inputs) = &mut operation.inputs {
            inputs.amount = inputs.amount.checked_add(Amount::new(1)).unwrap();
        }
        operation
    }

    pub(crate) fn submit(&self, operation: &PrivateOperation) -> Result<Receipt, SubmitError> {
        wait(self.node.submit_private(operation.clone()))
    }

    /// The same, while the test goes on.
    pub(crate) fn submitting(
        &self,
        operation: PrivateOperation,
    ) -> JoinHandle<Result<Receipt, SubmitError>> {
        let node = self.node.clone();
        std::thread::spawn(move || wait(node.submit_private(operation)))
    }

    pub(crate) fn end(self) {
        self.running.stop();
        self.running.wait().unwrap();
    }
}

/// That the operation is refused in the words of the verifier, as the node's own would have them.
pub(crate) fn refused(result: Result<Receipt, SubmitError>, operation: &PrivateOperation) {
    let Some(Verdict::Refused(reason)) = panel::judge(&encode(operation)) else {
        panic!("the proof holds");
    };
    let refusal = PrivateRefusal::Proof { reason };
    assert_eq!(result, Err(Refusal::Private(refusal).into()));
}

/// A worker that is played.
pub(crate) struct Player {
    pub(crate) assignments: Assignments,
    pub(crate) key: PrivateKey,
    pub(crate) id: KeyId,
    /// Dropped, the player is not present any more.
    _present: Sender<()>,
}

impl Player {
    /// The one case that it was drawn for, as soon as there is one.
    pub(crate) fn take(&mut self) -> Assigned {
        let taken = until(|| {
            let taken = self.assignments.take(4).unwrap();
            (!taken.is_empty()).then_some(taken)
        });
        let [assigned] = <[_; 1]>::try_from(taken).unwrap();
        assigned
    }

    pub(crate) fn say(&mut self, assigned: &Assigned, said: &SignedVerdict) {
        self.assignments
            .answer(&assigned.case.rollup, said)
            .unwrap();
    }

    /// What an honest worker would say.
    pub(crate) fn judge(&self, assigned: &Assigned) -> SignedVerdict {
        let verdict = panel::judge(&assigned.operation).unwrap();
        SignedVerdict::new(&assigned.case, verdict, &self.key)
    }
}
