//! Publishing with a disk that fails at each of its steps.

use std::{cell::Cell, collections::BTreeSet};

use winterlane_ledger::{BatchNumber, Digest, Domain, PublicInputs, Root};

use super::*;
use crate::files::{FilesError, PublicFile, proof_size, read_proof, read_public};

fn batch(number: u64, content: u8) -> BatchFiles {
    let inputs = PublicInputs {
        domain: Domain::ZERO,
        batch_number: BatchNumber::new(number),
        old_root: Root::ZERO,
        new_root: Root::ZERO,
        operations_digest: Digest::ZERO,
        num_operations: 4,
    };
    BatchFiles {
        public: PublicFile::new("fast-128", inputs, vec![content, 1, 0xfe, 0xff]),
        proof: vec![content; 8],
    }
}

fn staged(directory: &Path, replace: bool, numbers: &[u64], content: u8) -> Staging {
    let staging = Staging::new(directory, replace).unwrap();
    for &number in numbers {
        staging.write(&batch(number, content)).unwrap();
    }
    staging
}

fn publish(directory: &Path, replace: bool, numbers: &[u64], content: u8) {
    assert_eq!(
        staged(directory, replace, numbers, content)
            .publish()
            .unwrap(),
        None
    );
}

/// All names in a directory.
fn names(directory: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(directory).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

/// Whether the batches there are exactly these.
fn has(directory: &Path, expected: &[u64], content: u8) -> bool {
    numbers(directory).is_ok_and(|found| {
        found
            .iter()
            .map(|one| one.get())
            .eq(expected.iter().copied())
    }) && expected.iter().all(|&number| {
        let public = read_public(&public_path(directory, BatchNumber::new(number)));
        let proof = read_proof(&proof_path(directory, BatchNumber::new(number)));
        public.is_ok_and(|public| public == batch(number, content).public)
            && proof.is_ok_and(|proof| proof == [content; 8])
    })
}

/// Fails from the step `fails` on, or at that step alone.
struct Failing {
    step: Cell<usize>,
    fails: usize,
    once: bool,
}

impl Failing {
    fn step(&self) -> io::Result<()> {
        let step = self.step.replace(self.step.get() + 1);
        if step == self.fails || (step > self.fails && !self.once) {
            return Err(io::Error::other(format!("step {step} fails")));
        }
        Ok(())
    }
}

impl Disk for Failing {
    fn create_directory(&self, path: &Path) -> io::Result<()> {
        self.step()?;
        System.create_directory(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.step()?;
        System.rename(from, to)
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        self.step()?;
        System.sync_directory(path)
    }

    fn remove_directory(&self, path: &Path) -> io::Result<()> {
        self.step()?;
        System.remove_directory(path)
    }
}

#[test]
fn whichever_step_fails_one_set_of_batches_is_whole_and_none_is_lost() {
    // Fewer and more batches than before, and none before.
    for (old, new) in [
        (vec![0, 1, 2], vec![0, 1]),
        (vec![0], vec![0, 1, 2]),
        (vec![], vec![0, 1]),
    ] {
        for once in [true, false] {
            for fails in 0.. {
                let directory = tempfile::tempdir().unwrap();
                let target = directory.path();
                if !old.is_empty() {
                    publish(target, false, &old, b'o');
                }
                let staging = staged(target, true, &new, b'n');
                let staging_path = staging.path().to_owned();
                let disk = Failing {
                    step: Cell::new(0),
                    fails,
                    once,
                };
                let result = staging.publish_on(&disk);
                let case = format!("{old:?} to {new:?}, step {fails}, once {once}: {result:?}");
                match result {
                    Ok(None) => {
                        assert!(has(target, &new, b'n'), "{case}");
                        assert_eq!(names(target).len(), 2 * new.len(), "{case}");
                        assert!(disk.step.get() <= fails, "{case}");
                        break;
                    }
                    // The new ones count, the old ones are named.
                    Ok(Some(left)) => {
                        assert!(has(target, &new, b'n') && has(&left, &old, b'o'), "{case}");
                    }
                    Err(FilesError::Unpublished {
                        staged, old: None, ..
                    }) => {
                        assert_eq!(staged, staging_path, "{case}");
                        assert!(
                            has(target, &old, b'o') && has(&staged, &new, b'n'),
                            "{case}"
                        );
                        assert_eq!(names(target).len(), 2 * old.len() + 1, "{case}");
                    }
                    // Even moving back fails. Nobody takes the part that is there for the whole, and every
                    // file is in a place that was named.
                    Err(FilesError::Unpublished {
                        staged,
                        old: Some(aside),
                        ..
                    }) => {
                        assert!(!once, "{case}");
                        assert!(
                            matches!(numbers(target), Err(FilesError::Unfinished { .. })),
                            "{case}"
                        );
                        let content_of = |path: &Path| {
                            let proofs = names(path)
                                .into_iter()
                                .filter(|name| name.ends_with(".proof"));
                            proofs
                                .map(|name| fs::read(path.join(name)).unwrap()[0])
                                .collect::<Vec<_>>()
                        };
                        let all =
                            [content_of(target), content_of(&staged), content_of(&aside)].concat();
                        let count = |content| all.iter().filter(|found| **found == content).count();
                        assert_eq!((count(b'o'), count(b'n')), (old.len(), new.len()), "{case}");
                    }
                    Err(error) => panic!("{case}: {error}"),
                }
                assert!(fails < 100);
            }
        }
    }
}

#[test]
fn batches_come_back_whole_and_old_ones_are_kept_unless_replaced() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("new/dir");
    publish(&path, false, &[10_000, 9, 10], 3);
    fs::write(path.join("batch-7.proof"), "not ours").unwrap();
    assert_eq!(
        numbers(&path).unwrap(),
        [
            BatchNumber::new(9),
            BatchNumber::new(10),
            BatchNumber::new(10_000)
        ]
    );
    assert_eq!(
        proof_size(&proof_path(&path, BatchNumber::new(10))).unwrap(),
        8
    );
    assert!(matches!(
        Staging::new(&path, false),
        Err(FilesError::NotEmpty(_))
    ));
    assert!(has(&path, &[9, 10, 10_000], 3));
    publish(&path, true, &[4], 5);
    assert!(has(&path, &[4], 5));
    assert_eq!(names(&path).len(), 3, "what is not ours stays");
}

#[test]
fn what_is_not_published_disappears() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    publish(path, false, &[3], 1);
    let staging = staged(path, true, &[3, 4], 2);
    assert_eq!(
        numbers(path).unwrap(),
        [BatchNumber::new(3)],
        "not seen before it is published"
    );
    drop(staging);
    assert!(has(path, &[3], 1));
    assert_eq!(names(path).len(), 2);
}

#[test]
fn batches_that_appear_meanwhile_are_not_overwritten() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let staging = staged(path, false, &[0, 1], 2);
    // By a program that asks for no lock.
    fs::write(proof_path(path, BatchNumber::ZERO), "another's").unwrap();
    match staging.publish() {
        Err(FilesError::Unpublished {
            staged, old: None, ..
        }) => assert!(has(&staged, &[0, 1], 2)),
        other => panic!("{other:?}"),
    }
    assert_eq!(
        fs::read(proof_path(path, BatchNumber::ZERO)).unwrap(),
        b"another's"
    );
}

#[test]
fn bad_text_and_special_files_are_errors() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    publish(path, false, &[0], 0);
    let public = public_path(path, BatchNumber::ZERO);
    let json = fs::read_to_string(&public).unwrap();
    for (from, to) in [
        ("0001feff", "0001FEFF"),
        ("0001feff", "0001fef"),
        ("batch-1", "batch-2"),
    ] {
        assert!(json.contains(from));
        fs::write(&public, json.replace(from, to)).unwrap();
        assert!(matches!(
            read_public(&public),
            Err(FilesError::Json { .. } | FilesError::Format { .. })
        ));
    }
    // Large on paper only: refused by its size, unread.
    let proof = proof_path(path, BatchNumber::ZERO);
    File::create(&proof).unwrap().set_len(1 << 40).unwrap();
    for result in [read_proof(&proof).map(|_| 0), proof_size(&proof)] {
        assert!(matches!(result, Err(FilesError::TooLarge { .. })));
    }
    fs::remove_file(&proof).unwrap();
    assert!(matches!(read_proof(&proof), Err(FilesError::Io { .. })));
    fs::create_dir(&proof).unwrap();
    assert!(matches!(
        read_proof(&proof),
        Err(FilesError::NotRegular { .. })
    ));
    #[cfg(unix)]
    {
        let device = Path::new("/dev/zero");
        assert!(matches!(
            read_proof(device),
            Err(FilesError::NotRegular {
                kind: "a device",
                ..
            })
        ));
        let looped = path.join("loop");
        std::os::unix::fs::symlink(&looped, &looped).unwrap();
        assert!(matches!(read_proof(&looped), Err(FilesError::Io { .. })));
    }
}

/// A public file whose members stand in a list says the same to serde, and is none.
#[test]
fn a_list_is_no_public_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("batch-0000.public.json");
    let public = batch(0, 1).public;
    let good = serde_json::to_value(&public).unwrap();
    let inputs = &good["public_inputs"];
    let read = |value: &serde_json::Value| {
        let text = value.to_string();
        // serde itself takes it
        assert_eq!(serde_json::from_str::<PublicFile>(&text).unwrap(), public);
        fs::write(&path, text).unwrap();
        read_public(&path)
    };
    assert_eq!(read(&good).unwrap(), public);
    let whole = serde_json::json!([good["format"], good["preset"], inputs, good["records"]]);
    let mut inside = good.clone();
    inside["public_inputs"] = serde_json::json!([
        inputs["domain"],
        inputs["batch_number"],
        inputs["old_root"],
        inputs["new_root"],
        inputs["operations_digest"],
        inputs["num_operations"]
    ]);
    for value in [whole, inside] {
        let error = read(&value).unwrap_err();
        assert!(matches!(error, FilesError::Json { .. }), "{error}");
        assert!(
            error.to_string().contains("a list, expected an object"),
            "{error}"
        );
    }
}
