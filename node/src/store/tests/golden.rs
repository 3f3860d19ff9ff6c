//! Golden files: the rows of each format, as they were when it was made. That of format 1 was written by the
//! encoders of format 2, which had not changed for the rows that format 1 has.

use std::{fmt::Write, path::PathBuf};

use redb::{ReadTransaction, ReadableTable};

use winterlane_ledger::BatchNumber;

use super::*;
use crate::store::{FILE, builder, migrate};

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    let pair = |at| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
    (0..text.len()).step_by(2).map(pair).collect()
}

/// All rows of all tables, those of `newer` formats only if there are such tables.
pub(super) fn dump(transaction: &ReadTransaction) -> String {
    let mut out = String::new();
    macro_rules! table {
        ($table:ident, |$key:ident, $value:ident| $line:expr) => {
            for row in transaction
                .open_table(tables::$table)
                .unwrap()
                .iter()
                .unwrap()
            {
                let ($key, $value) = row.unwrap();
                let ($key, $value) = ($key.value(), $value.value());
                writeln!(out, "{} {}", stringify!($table).to_lowercase(), $line).unwrap();
            }
        };
    }
    table!(META, |key, value| format!("{key} {}", hex(value)));
    table!(ACCOUNTS, |key, value| format!("{key} {}", hex(value)));
    table!(TILES, |key, value| format!("{key} {}", hex(value)));
    table!(SUPPLY, |key, value| format!("{key} {value}"));
    table!(LOG, |key, value| format!("{key} {}", hex(value)));
    table!(BATCHES, |key, value| format!("{key} {}", hex(value)));
    table!(RECORDS, |key, value| format!("{key} {}", hex(value)));
    table!(PROOFS, |key, value| format!("{key} {}", hex(value)));
    table!(RECEIPTS, |key, value| format!(
        "{} {}",
        hex(key),
        hex(value)
    ));
    table!(CLAIMS, |key, value| format!("{} {}", hex(key), hex(value)));
    table!(JOBS, |key, value| format!("{key} {}", hex(value)));
    table!(HISTORY, |key, _value| format!("{key:?}"));
    table!(ANCHORS, |key, value| format!("{key} {}", hex(value)));
    table!(NOTES, |key, value| format!("{key} {}", hex(value)));
    table!(POOL_OPERATIONS, |key, value| format!(
        "{key} {}",
        hex(value)
    ));
    table!(PRIVATE_PROOFS, |key, value| format!(
        "{} {}",
        hex(key),
        hex(value)
    ));
    out
}

fn golden(format: u32) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("src/store/golden/format-{format}.txt"))
}

/// The rows of the present format. A change of its file is a new format, with a migration from this one.
/// `WINTERLANE_GOLDEN=write` writes it anew.
#[test]
fn rows_are_those_of_the_golden_file() {
    let folder = tempfile::tempdir().unwrap();
    let store = sample(folder.path());
    let mut rows = dump(&store.database.begin_read().unwrap());
    store.proven(BatchNumber::ZERO, b"a proof").unwrap();
    let after = dump(&store.database.begin_read().unwrap());
    for line in after.lines().filter(|line| line.starts_with("proofs")) {
        writeln!(rows, "{line}").unwrap();
    }
    let path = golden(tables::FORMAT);
    if std::env::var("WINTERLANE_GOLDEN").as_deref() == Ok("write") {
        std::fs::write(&path, &rows).unwrap();
    }
    assert_eq!(rows, std::fs::read_to_string(&path).unwrap());
}

/// Makes the store that a golden file of format 1 is of.
fn write_format_1(folder: &Path, rows: &str) {
    let database = builder(CACHE).create(folder.join(FILE)).unwrap();
    let transaction = database.begin_write().unwrap();
    {
        macro_rules! open {
            ($($name:ident: $table:ident),*) => {
                $(let mut $name = transaction.open_table(tables::$table).unwrap();)*
            };
        }
        open!(meta: META, accounts: ACCOUNTS, tiles: TILES, supply: SUPPLY, log: LOG, batches: BATCHES);
        open!(records: RECORDS, proofs: PROOFS, receipts: RECEIPTS, claims: CLAIMS, jobs: JOBS, history: HISTORY);
        for line in rows.lines() {
            let (table, row) = line.split_once(' ').unwrap();
            if table == "history" {
                let numbers = row.trim_matches(['(', ')']).split(", ");
                let numbers: Vec<u64> = numbers.map(|number| number.parse().unwrap()).collect();
                history
                    .insert((numbers[0] as u32, numbers[1], numbers[2] as u32), ())
                    .unwrap();
                continue;
            }
            let (key, value) = row.split_once(' ').unwrap();
            if table == "supply" {
                supply
                    .insert(key.parse::<u32>().unwrap(), value.parse::<u128>().unwrap())
                    .unwrap();
                continue;
            }
            let value = unhex(value);
            let (value, number) = (value.as_slice(), || key.parse::<u64>().unwrap());
            match table {
                "meta" => drop(meta.insert(key, value).unwrap()),
                "accounts" => drop(accounts.insert(number() as u32, value).unwrap()),
                "tiles" => drop(tiles.insert(number(), value).unwrap()),
                "log" => drop(log.insert(number(), value).unwrap()),
                "batches" => drop(batches.insert(number(), value).unwrap()),
                "records" => drop(records.insert(number(), value).unwrap()),
                "proofs" => drop(proofs.insert(number(), value).unwrap()),
                "jobs" => drop(jobs.insert(number(), value).unwrap()),
                "receipts" => {
                    let key: [u8; 32] = unhex(key).try_into().unwrap();
                    receipts.insert(&key, value).unwrap();
                }
                "claims" => {
                    let key: [u8; 34] = unhex(key).try_into().unwrap();
                    claims.insert(&key, value).unwrap();
                }
                other => panic!("{other} is no table of format 1"),
            }
        }
    }
    transaction.commit().unwrap();
}

/// The rows of the pool that a store has which never had one, in their places.
fn with_empty_pool(rows: &str) -> String {
    let mut meta = Vec::new();
    let mut others = Vec::new();
    for line in rows.lines() {
        if line.starts_with("meta format") {
            meta.push(format!(
                "meta format {}",
                hex(&tables::FORMAT.to_le_bytes())
            ));
        } else if line.starts_with("meta") {
            meta.push(line.to_owned());
        } else {
            others.push(line.to_owned());
        }
    }
    // version, newest root 0, nothing paid, no notes
    meta.push(format!("meta pool {}", hex(&[&[1][..], &[0; 17]].concat())));
    let root = Pool::new(domain()).anchor();
    others.push(format!("anchors 0 {}", hex(&root.to_bytes())));
    [meta, others].concat().join("\n") + "\n"
}

fn sorted(rows: &str) -> Vec<&str> {
    let mut rows: Vec<_> = rows.lines().collect();
    rows.sort_unstable();
    rows
}

/// A store of format 1 becomes one of the present format, with every row that it had; the old one stays beside it, and
/// what a migration that was broken off left is no hindrance.
#[test]
fn a_store_of_format_1_is_migrated() {
    let rows = std::fs::read_to_string(golden(1)).unwrap();
    for broken_off in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        write_format_1(folder.path(), &rows);
        let old = folder.path().join("state.format-1.redb");
        if broken_off {
            std::fs::write(folder.path().join("migrating.redb"), b"half a copy").unwrap();
            std::fs::hard_link(folder.path().join(FILE), &old).unwrap();
        }
        let store = open(folder.path(), &[]);
        let found = dump(&store.database.begin_read().unwrap());
        assert_eq!(sorted(&found), sorted(&with_empty_pool(&rows)));
        assert_eq!(store.view().unwrap().pool().unwrap(), {
            let mut parts = Pool::new(domain()).to_parts();
            parts.batch_number = BatchNumber::new(1);
            Pool::from_parts(parts).unwrap()
        });
        drop(store);
        let kept = builder(CACHE).open(&old).unwrap();
        assert_eq!(migrate::format_of(&kept).unwrap(), Some(1));
        assert!(!folder.path().join("migrating.redb").exists());
        // opened once more, it is as it was
        let store = open(folder.path(), &[]);
        assert_eq!(dump(&store.database.begin_read().unwrap()), found);
    }
}

/// A store whose accounts are not those of its root is not migrated, and stays.
#[test]
fn a_damaged_store_is_not_migrated() {
    let rows = std::fs::read_to_string(golden(1)).unwrap();
    let richer = Payer::new(3, 2).account(101).to_bytes();
    let damaged: Vec<_> = rows
        .lines()
        .map(|line| {
            if line.starts_with("accounts 3 ") {
                format!("accounts 3 {}", hex(&richer))
            } else {
                line.to_owned()
            }
        })
        .collect();
    assert_ne!(damaged.join("\n"), rows.trim_end());
    let folder = tempfile::tempdir().unwrap();
    write_format_1(folder.path(), &damaged.join("\n"));
    let error = Store::open(folder.path(), &genesis(&[]), CACHE).unwrap_err();
    assert!(error.to_string().contains("root"), "{error}");
    let database = builder(CACHE).open(folder.path().join(FILE)).unwrap();
    assert_eq!(migrate::format_of(&database).unwrap(), Some(1));
}
