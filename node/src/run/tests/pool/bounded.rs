//! Proofs that wait to be verified.

use super::*;

/// Takes its time, and says when it has begun.
struct Slow {
    begun: Mutex<std::sync::mpsc::Sender<()>>,
    go: Mutex<std::sync::mpsc::Receiver<()>>,
}

impl VerifyPrivate for Slow {
    fn verify(&self, _: &PrivateInputs, _: &[u8]) -> Result<(), Box<ProofRefusal>> {
        self.begun.lock().unwrap().send(())?;
        self.go.lock().unwrap().recv()?;
        Ok(())
    }
}

/// One proof is verified at a time, one more waits, and the next is told to come again; orders pass meanwhile.
#[test]
fn verification_is_bounded_and_holds_nothing_back() {
    let folder = tempfile::tempdir().unwrap();
    let mut payers = payers(2, 4);
    let mut options = options(folder.path(), &payers);
    options.private.waiting = 1;
    let ((begun, has_begun), (go, may_go)) = (channel(), channel());
    let judge = Slow {
        begun: Mutex::new(begun),
        go: Mutex::new(may_go),
    };
    let stand = Stand {
        judge: Some(Arc::new(judge)),
        ..Stand::default()
    };
    let (node, running) = start(options, stand).unwrap();
    let root = anchor(&node);
    let submit = |number: u64| {
        let node = node.clone();
        let operation = private_transfer([2 * number, 2 * number + 1], root);
        std::thread::spawn(move || wait(node.submit_private(operation)))
    };
    let first = submit(1);
    has_begun.recv().unwrap();
    // of two more one waits and one is told to come again, whichever is first
    let (second, third) = (submit(2), submit(3));
    until(|| (second.is_finished() || third.is_finished()).then_some(()));
    let (done, waits) = if second.is_finished() {
        (second, third)
    } else {
        (third, second)
    };
    let refused = done.join().unwrap();
    assert!(
        matches!(refused, Err(SubmitError::Busy { .. })),
        "{refused:?}"
    );
    wait(node.submit(payers[0].pay(2, 1, 0))).unwrap();
    go.send(()).unwrap();
    go.send(()).unwrap();
    first.join().unwrap().unwrap();
    waits.join().unwrap().unwrap();
    end(running);
}
