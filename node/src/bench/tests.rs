//! Small runs of each measure.

use winterlane_ledger::{Account, AccountId, Amount, AssetId, KeySlot, Nonce, hash::domain_digest};

use super::{orders, restart, sign, updates};
use crate::store::{Genesis, Store, StoreError};

#[test]
fn orders_are_measured_with_and_without_proving() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = orders::Settings {
        orders: 24,
        rate: 2_000,
        accounts: 4,
        connections: 2,
        group: 3,
        slots: 8,
        prove: false,
        signed: None,
        folder: Some(folder.path().to_owned()),
    };
    for rate in [2_000, 0] {
        settings.rate = rate;
        let report = orders::measure(&settings).unwrap();
        let admitted = report.figure("orders admitted").unwrap();
        assert!(admitted.starts_with("24, "), "{report}");
        assert!(report.to_string().contains("machine: "), "{report}");
    }
    settings.orders = 4;
    settings.prove = true;
    let report = orders::measure(&settings).unwrap();
    assert!(report.figure("batches proven meanwhile").is_some());
    // nothing stays
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    settings.connections = 5;
    orders::measure(&settings).unwrap_err();
}

#[test]
fn a_restart_is_measured() {
    let folder = tempfile::tempdir().unwrap();
    let orders = tempfile::tempdir().unwrap();
    let file = orders.path().join("orders");
    let signed = sign::measure(&sign::Settings {
        file: file.clone(),
        orders: 28,
        accounts: 4,
    });
    assert!(signed.unwrap().figure("signed").is_some());
    let settings = restart::Settings {
        pending: 20,
        accounts: 4,
        slots: 8,
        signed: Some(file),
        folder: Some(folder.path().to_owned()),
    };
    let report = restart::measure(&settings).unwrap();
    assert_eq!(report.figure("pending"), Some("20"));
}

#[test]
fn changes_of_accounts_are_measured() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = updates::Settings {
        accounts: 500,
        updates: 90,
        batch: 40,
        cache_mib: 1,
        spread: false,
        folder: Some(folder.path().to_owned()),
        store: None,
    };
    for spread in [false, true] {
        settings.spread = spread;
        let report = updates::measure(&settings).unwrap();
        let rate = report.figure("changes").unwrap();
        let number: f64 = rate.split(' ').next().unwrap().parse().unwrap();
        assert!(number > 0.0, "{report}");
    }
}

/// A store that is kept is made once, and only for the accounts that it was made with.
#[test]
fn a_store_that_is_kept_is_used_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = updates::Settings {
        accounts: 50,
        updates: 10,
        batch: 4,
        cache_mib: 1,
        spread: false,
        folder: None,
        store: Some(folder.path().join("store")),
    };
    for figure in ["making the store", "opening the store"] {
        let report = updates::measure(&settings).unwrap();
        assert!(report.figure(figure).is_some(), "{report}");
    }
    let refused = |settings: &updates::Settings| {
        let error = updates::measure(settings).unwrap_err();
        assert!(matches!(
            error,
            super::BenchError::Setting {
                setting: "store",
                ..
            }
        ));
    };
    settings.spread = true;
    refused(&settings);
    settings.spread = false;
    for accounts in [49, 51] {
        settings.accounts = accounts;
        refused(&settings);
    }
}

/// A node's store is not measured with, though it has the accounts that are asked for: that would change them.
#[test]
fn a_store_of_a_node_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let rollup = crate::config::Rollup::default();
    let domain = domain_digest(rollup.chain_id, rollup.rollup_id);
    let account = Account {
        asset: AssetId::new(1),
        balance: Amount::new(1_000),
        nonce: Nonce::ZERO,
        slots: [KeySlot::default(); 2],
    };
    let genesis = Genesis {
        accounts: vec![(AccountId::new(0), account)],
        ..Genesis::empty(domain)
    };
    let root = || {
        let store = Store::open(folder.path(), &genesis, 1 << 20).unwrap();
        store.view().unwrap().head().root
    };
    let before = root();
    let settings = updates::Settings {
        accounts: 1,
        updates: 1,
        batch: 1,
        cache_mib: 1,
        spread: false,
        folder: None,
        store: Some(folder.path().to_owned()),
    };
    let refused = updates::measure(&settings).unwrap_err();
    let other = matches!(refused, super::BenchError::Store(StoreError::Domain { found, .. }) if found == domain);
    assert!(other, "{refused}");
    assert_eq!(root(), before);
}

#[test]
fn percentiles_are_ranks() {
    let sorted: Vec<_> = (1..=200).map(std::time::Duration::from_millis).collect();
    let millis = |per_mille| super::percentile(&sorted, per_mille).as_millis();
    assert_eq!([0, 1, 500, 990, 1000].map(millis), [1, 1, 100, 198, 200]);
    assert_eq!(super::percentile(&[], 500), std::time::Duration::ZERO);
}
