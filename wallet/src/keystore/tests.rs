//! Files that are encrypted: what is written, what is read, and what is refused.

use std::fs;

use super::*;

fn passphrase(text: &str) -> Passphrase {
    Passphrase::new(Zeroizing::new(text.to_owned())).unwrap()
}

fn seed() -> MasterSeed {
    MasterSeed::from_bytes([5; 32])
}

fn write(word: &str) -> Result<String, WalletError> {
    encrypt(&seed(), &passphrase(word), Path::new("seed"))
}

fn open(text: &str, word: &str) -> Result<MasterSeed, WalletError> {
    decrypt(text.as_bytes(), Some(&passphrase(word)), Path::new("seed"))
}

/// The file as the first version wrote it, with the costs of real files. A change of it is a new format.
#[test]
fn the_golden_file_opens_and_is_written_again() {
    let golden = include_str!("golden-1.json");
    let word = "correct horse, battery staple";
    assert_eq!(open(golden, word).unwrap(), seed());
    let cost = Cost {
        memory_kib: 64 << 10,
        passes: 3,
        lanes: 1,
    };
    let made = Sealed::seal(&seed(), &passphrase(word), cost, ([7; 32], [9; 24]));
    assert_eq!(made.unwrap().to_text(), golden);
}

#[test]
fn each_file_is_another_and_opens_by_its_own_passphrase_alone() {
    let [one, two] = [(); 2].map(|()| write("ä word").unwrap());
    assert_ne!(one, two);
    for text in [&one, &two] {
        assert_eq!(open(text, "ä word").unwrap(), seed());
        for wrong in ["a word", "ä word ", "ä wor", "Ä word"] {
            let error = open(text, wrong).unwrap_err();
            assert!(
                matches!(error, WalletError::WrongPassphrase { .. }),
                "{error}"
            );
        }
        let error = decrypt(text.as_bytes(), None, Path::new("seed")).unwrap_err();
        assert!(matches!(error, WalletError::Encrypted { .. }), "{error}");
    }
}

/// Damage is told from a wrong passphrase, and found without one.
#[test]
fn a_damaged_file_is_not_a_wrong_passphrase() {
    let text = write("word").unwrap();
    let mut told = 0;
    for bit in 0..8 * text.len() {
        let mut bytes = text.clone().into_bytes();
        bytes[bit / 8] ^= 1 << (bit % 8);
        match decrypt(&bytes, Some(&passphrase("word")), Path::new("seed")) {
            Err(WalletError::Corrupt { .. } | WalletError::Keystore { .. }) => told += 1,
            // Another case of a hexadecimal digit, or another white space at the end.
            Ok(found) => assert_eq!(found, seed()),
            Err(other) => panic!("bit {bit}: {other}"),
        }
    }
    assert!(told > 7 * text.len());
    for end in 0..text.len() - 1 {
        let error = open(&text[..end], "word").unwrap_err();
        assert!(
            matches!(error, WalletError::Corrupt { .. }),
            "{end}: {error}"
        );
    }
}

/// Whoever can write the file cannot lower what guessing costs, nor have the process die of what it asks for.
#[test]
fn costs_are_authenticated_and_bounded() {
    let sealed = Sealed::from_text(write("word").unwrap().as_bytes());
    let sealed = sealed.unwrap();
    for cost in [
        Cost {
            memory_kib: 65,
            ..sealed.cost
        },
        Cost {
            passes: 2,
            ..sealed.cost
        },
    ] {
        let other = Sealed {
            cost,
            ..sealed.clone()
        };
        let error = open(&other.to_text(), "word").unwrap_err();
        assert!(
            matches!(error, WalletError::WrongPassphrase { .. }),
            "{error}"
        );
    }
    for cost in [
        Cost {
            memory_kib: u32::MAX,
            ..sealed.cost
        },
        Cost {
            memory_kib: (1 << 20) + 1,
            ..sealed.cost
        },
        Cost {
            passes: u32::MAX,
            ..sealed.cost
        },
        Cost {
            passes: 0,
            ..sealed.cost
        },
        Cost {
            lanes: 17,
            ..sealed.cost
        },
        Cost {
            lanes: 0,
            ..sealed.cost
        },
        Cost {
            memory_kib: 7,
            ..sealed.cost
        },
    ] {
        let other = Sealed {
            cost,
            ..sealed.clone()
        };
        let error = open(&other.to_text(), "word").unwrap_err();
        let problem = matches!(
            error,
            WalletError::Keystore {
                problem: KeystoreProblem::Cost { .. },
                ..
            }
        );
        assert!(problem, "{error}");
    }
    let later = r#"{"format":"winterlane-keystore-9","kdf":{},"more":1}"#;
    let error = open(later, "word").unwrap_err();
    assert!(error.to_string().contains("newer"), "{error}");
}

#[test]
fn passphrases_are_read_without_their_end_of_line_and_never_shown() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("word");
    for written in ["a word", "a word\n", "a word\r\n"] {
        fs::write(&path, written).unwrap();
        assert_eq!(Passphrase::from_file(&path).unwrap(), passphrase("a word"));
    }
    fs::write(&path, "a word\n\n").unwrap();
    assert_eq!(
        Passphrase::from_file(&path).unwrap(),
        passphrase("a word\n")
    );
    for empty in ["", "\n", "\r\n"] {
        fs::write(&path, empty).unwrap();
        let error = Passphrase::from_file(&path).unwrap_err();
        assert!(matches!(error, WalletError::EmptyPassphrase));
    }
    fs::write(&path, "x".repeat(4096)).unwrap();
    Passphrase::from_file(&path).unwrap();
    fs::write(&path, "x".repeat(4100)).unwrap();
    assert!(Passphrase::from_file(&path).is_err());
    assert_eq!(format!("{:?}", passphrase("a word")), "Passphrase(..)");
    let text = write("a word").unwrap();
    for secret in ["a word".to_owned(), hex(&[5; 32])] {
        assert!(!text.contains(&secret));
    }
}
