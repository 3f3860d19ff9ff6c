//! Snapshots, whole and damaged.

use super::*;
use crate::store::snapshot;

/// What was taken out and put in again is the same, and what was damaged is not put in.
#[test]
fn snapshots_are_restored_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let store = sample(folder.path());
    let rows = dump(&store.database.begin_read().unwrap());
    drop(store);
    let witnesses = crate::witness::Witnesses::open(folder.path()).unwrap();
    witnesses
        .keep_bytes(BatchNumber::ZERO, b"a witness")
        .unwrap();
    let job = |witness| {
        let store = open(folder.path(), &[]);
        store
            .change_job(BatchNumber::ZERO, |job| job.witness = witness)
            .unwrap();
    };
    job(*blake3::hash(b"a witness").as_bytes());
    let mut bytes = Vec::new();
    snapshot::snapshot(folder.path(), &mut bytes).unwrap();
    let file = folder.path().join("a snapshot");
    let empty = tempfile::tempdir().unwrap();
    snapshot::snapshot_to(empty.path(), &file).unwrap_err();
    assert!(!file.exists());
    snapshot::snapshot_to(folder.path(), &file).unwrap();
    assert_eq!(std::fs::read(&file).unwrap(), bytes);
    // it takes no other's place
    snapshot::snapshot_to(empty.path(), &file).unwrap_err();
    assert_eq!(std::fs::read(&file).unwrap(), bytes);

    let restored = tempfile::tempdir().unwrap();
    snapshot::restore(restored.path(), &bytes[..]).unwrap();
    let again = snapshot::restore(restored.path(), &bytes[..]).unwrap_err();
    assert!(again.to_string().contains("already"), "{again}");
    let mut second = Vec::new();
    snapshot::snapshot(restored.path(), &mut second).unwrap();
    assert_eq!(second, bytes);
    let store = open(restored.path(), &[]);
    store
        .change_job(BatchNumber::ZERO, |job| job.witness = [8; 32])
        .unwrap();
    assert_eq!(dump(&store.database.begin_read().unwrap()), rows);

    for at in (0..bytes.len()).step_by(bytes.len() / 60) {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1;
        let empty = tempfile::tempdir().unwrap();
        snapshot::restore(empty.path(), &damaged[..]).unwrap_err();
        snapshot::restore(empty.path(), &bytes[..at]).unwrap_err();
        assert!(!empty.path().join(crate::store::FILE).exists());
    }
    // another state under an honest hash: the root tells
    let mut forged = bytes[..bytes.len() - 33].to_vec();
    let account = Payer::new(3, 2).account(5 + 1000).to_bytes();
    let place = forged
        .windows(account.len())
        .position(|window| window == account);
    let richer = Payer::new(3, 2).account(6 + 1000).to_bytes();
    let place = place.expect("the snapshot has the account");
    forged[place..place + account.len()].copy_from_slice(&richer);
    forged.push(255);
    let hash = blake3::hash(&forged);
    forged.extend_from_slice(hash.as_bytes());
    let empty = tempfile::tempdir().unwrap();
    let error = snapshot::restore(empty.path(), &forged[..]).unwrap_err();
    assert!(error.to_string().contains("root"), "{error}");
}

/// A batch that is not proven keeps its job when its witness is lost: without a job nobody would hear that it waits, and
/// nothing after it would ever be published.
#[test]
fn a_job_whose_witness_is_lost_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    drop(sample(folder.path()));
    let mut bytes = Vec::new();
    snapshot::snapshot(folder.path(), &mut bytes).unwrap();
    let restored = tempfile::tempdir().unwrap();
    snapshot::restore(restored.path(), &bytes[..]).unwrap();
    let jobs = |folder: &Path| open(folder, &[]).view().unwrap().jobs().unwrap();
    let expected = jobs(folder.path());
    assert!(!expected.is_empty());
    assert_eq!(jobs(restored.path()), expected);
}
