//! Nonces across restarts, damage, and times that jump.

use super::{
    file::{HEADER, RECORD, SMALL},
    *,
};

fn open(path: &Path) -> Result<Nonces, NonceError> {
    Nonces::open(path, 0)
}

fn key(n: u8) -> KeyId {
    KeyId::from_bytes([n; 12])
}

fn nonce(n: u64) -> Nonce {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&n.to_le_bytes());
    Nonce::from_bytes(bytes)
}

fn take(nonces: &Nonces, n: u64, time: u64) -> Result<(), NonceError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(nonces.take(key(1), nonce(n), time))
}

#[test]
fn a_nonce_counts_once_also_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("nonces");
    let nonces = open(&path).unwrap();
    take(&nonces, 1, 1000).unwrap();
    take(&nonces, 2, 1000).unwrap();
    assert!(matches!(take(&nonces, 1, 1000), Err(NonceError::Replay)));
    assert!(
        matches!(take(&nonces, 1, 1001), Err(NonceError::Replay)),
        "at another time"
    );
    drop(nonces);
    let nonces = open(&path).unwrap();
    assert_eq!(nonces.len(), 2);
    assert!(matches!(take(&nonces, 2, 1000), Err(NonceError::Replay)));
    take(&nonces, 3, 1000).unwrap();
}

#[test]
fn what_is_forgotten_is_refused_by_its_age() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("nonces");
    let nonces = open(&path).unwrap();
    take(&nonces, 1, 1000).unwrap();
    take(&nonces, 2, 1120).unwrap();
    assert_eq!(nonces.len(), 1, "1000 is 120 s below 1120");
    assert!(matches!(take(&nonces, 1, 1000), Err(NonceError::Replay)));
    assert!(
        matches!(take(&nonces, 9, 1000), Err(NonceError::Replay)),
        "nor a fresh nonce"
    );
    take(&nonces, 1, 1001).unwrap();
    drop(nonces);
    // The floor outlives the process.
    let nonces = open(&path).unwrap();
    assert!(matches!(take(&nonces, 9, 1000), Err(NonceError::Replay)));
    assert!(matches!(take(&nonces, 1, 1001), Err(NonceError::Replay)));
}

/// Random requests at times that jump about, with restarts: each (nonce, time) is accepted at most once.
#[test]
fn nothing_is_accepted_twice_under_any_times() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("nonces");
    let mut nonces = open(&path).unwrap();
    let mut accepted = HashSet::new();
    let (mut replays, mut state) = (0, 0x9e37_79b9_7f4a_7c15_u64);
    let mut random = move |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    };
    let mut base = 10_000;
    for step in 0..3000 {
        if step % 500 == 499 {
            drop(nonces);
            nonces = open(&path).unwrap();
        }
        // Time goes on, and now and then somebody sends what is up to 400 s old.
        base += random(4);
        let old = if random(4) == 0 {
            random(400)
        } else {
            random(30)
        };
        let (n, time) = (random(64), base - old);
        match take(&nonces, n, time) {
            Ok(()) => assert!(accepted.insert((n, time)), "{n} at {time} twice"),
            Err(NonceError::Replay) => replays += 1,
            Err(other) => panic!("{other}"),
        }
    }
    assert!(
        accepted.len() > 50 && replays > 500,
        "{} {replays}",
        accepted.len()
    );
}

#[test]
fn a_torn_record_is_cut_and_damage_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("nonces");
    let nonces = open(&path).unwrap();
    for n in 0..5 {
        take(&nonces, n, 1000).unwrap();
    }
    drop(nonces);
    let whole = std::fs::read(&path).unwrap();
    assert_eq!(whole.len(), HEADER + 5 * RECORD);
    for cut in 1..=RECORD {
        std::fs::write(&path, &whole[..whole.len() - cut]).unwrap();
        let nonces = open(&path).unwrap();
        assert_eq!(nonces.len(), 4, "{cut} bytes cut");
        take(&nonces, 4, 1000).unwrap();
    }
    for damaged in 0..whole.len() - RECORD {
        let mut bytes = whole.clone();
        bytes[damaged] ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        assert!(
            matches!(open(&path), Err(NonceError::Damaged { .. })),
            "byte {damaged}"
        );
    }
}

#[test]
fn the_file_stays_small_and_keeps_what_counts() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("nonces");
    let nonces = open(&path).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(async {
        // 3 x 16,384 nonces at 3 times: all but the last third are forgotten.
        for third in 0..3_u64 {
            let time = 1000 + 200 * third;
            let all: Vec<_> = (0..SMALL as u64)
                .map(|n| Box::pin(nonces.take(key(1), nonce(third << 32 | n), time)))
                .collect();
            for taken in futures_join(all).await {
                taken.unwrap();
            }
        }
    });
    assert_eq!(nonces.len(), SMALL);
    drop(nonces);
    let length = std::fs::metadata(&path).unwrap().len();
    assert!(length <= (HEADER + 2 * SMALL * RECORD) as u64, "{length}");
    let nonces = open(&path).unwrap();
    assert_eq!(nonces.len(), SMALL);
    assert!(matches!(
        take(&nonces, 2 << 32, 1400),
        Err(NonceError::Replay)
    ));
    assert!(matches!(take(&nonces, 7, 1200), Err(NonceError::Replay)));
}

/// Waits for all, having started each before waiting for the first.
async fn futures_join<F: Future + Unpin>(mut all: Vec<F>) -> Vec<F::Output> {
    let mut done: Vec<_> = all.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        for (future, done) in all.iter_mut().zip(&mut done) {
            if done.is_none()
                && let std::task::Poll::Ready(output) = std::pin::Pin::new(future).poll(context)
            {
                *done = Some(output);
            }
        }
        if done.iter().all(Option::is_some) {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
    done.into_iter().flatten().collect()
}

#[test]
fn a_file_that_is_lost_lets_nothing_old_in() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("nonces");
    take(&open(&path).unwrap(), 1, 1000).unwrap();
    std::fs::remove_file(&path).unwrap();
    let nonces = Nonces::open(&path, 1030).unwrap();
    assert!(matches!(take(&nonces, 1, 1000), Err(NonceError::Replay)));
    assert!(matches!(take(&nonces, 2, 1030), Err(NonceError::Replay)));
    take(&nonces, 2, 1031).unwrap();
    drop(nonces);
    // The floor is in the new file; one that is there counts, whatever the caller says.
    let nonces = open(&path).unwrap();
    assert!(matches!(take(&nonces, 3, 1030), Err(NonceError::Replay)));
    drop(nonces);
    take(&Nonces::open(&path, 5000).unwrap(), 3, 1031).unwrap();
}

/// What lies under the name that the temporary file once had keeps nothing from being written.
#[test]
fn what_another_left_behind_keeps_no_nonce_from_being_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("nonces");
    std::fs::create_dir(path.with_extension("next")).unwrap();
    take(&open(&path).unwrap(), 1, 1000).unwrap();
    let nonces = open(&path).unwrap();
    assert!(matches!(take(&nonces, 1, 1000), Err(NonceError::Replay)));
}
