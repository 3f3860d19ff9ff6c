//! The configuration file: what is read, what is refused, and where it is written down.

use winterlane_air::presets::PresetName;
use winterlane_ledger::{
    AccountId, Amount, AssetId, ChainId, RollupId,
    pool::PoolPolicy,
    private::{Association, AssociationMode},
};

use super::*;

/// The names of all settings, sections included.
fn names(value: &toml::Value, prefix: &str, out: &mut Vec<String>) {
    if let toml::Value::Table(table) = value {
        for (name, value) in table {
            let name = format!("{prefix}{name}");
            names(value, &format!("{name}."), out);
            out.push(name);
        }
    }
}

#[test]
fn the_default_file_has_every_setting_and_its_default() {
    assert_eq!(
        Config::parse("default.toml", DEFAULT),
        Ok(Config::default())
    );
    assert_eq!(Config::parse("empty", ""), Ok(Config::default()));
    let [mut written, mut known] = [Vec::new(), Vec::new()];
    names(&toml::from_str(DEFAULT).unwrap(), "", &mut written);
    names(
        &toml::Value::try_from(Config::default()).unwrap(),
        "",
        &mut known,
    );
    written.sort();
    known.sort();
    assert_eq!(written, known);
}

#[test]
fn the_page_for_operators_has_the_default_file() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/operate/configuration.md");
    let page = std::fs::read_to_string(page).unwrap();
    assert!(
        page.contains(&format!("```toml\n{DEFAULT}```")),
        "docs/operate/configuration.md is out of date"
    );
}

#[test]
fn mistakes_are_told_with_their_line() {
    for (text, line, reason) in [
        ("[batches]\nslots = 1000", 2, "power of two"),
        ("[batches]\n\nslots = 16384", 3, "power of two"),
        ("[batches]\nseconds = 0.0", 2, "0.001"),
        ("[batches]\nsolts = 4", 2, "unknown field"),
        ("[bathces]\nslots = 4", 1, "unknown field"),
        ("[proofs]\npreset = \"quick\"", 2, "fast-128"),
        ("[private]\nworkers = true", 2, "settlement.at"),
        ("[private]\nsample = 0", 2, "at least 1"),
        ("[private]\npatience = 0.0", 2, "0.01 to 60"),
        ("[orders]\npending = -1", 2, "-1"),
        ("[listen]\naddress = \"here\"", 2, "socket address"),
        (
            "[listen]\nproxies = [\n\"10.0.0.0/8\",\n\"10.0.0.0/33\",\n\"::1\"]",
            4,
            "from 1 to 32",
        ),
        ("[listen]\nproxies = [\"10.0.0.1/8\"]", 2, "at 10.0.0.0"),
        ("[listen]\n\nproxies = [\"::/0\"]", 3, "every address"),
        ("[listen]\nproxies = [\"a.example\"]", 2, "such as ::1"),
        ("[listen]\nproxies = [8]", 2, "such as 10.0.0.0/8"),
        ("[listen]\nproxies = \"::1\"", 2, "sequence"),
        ("[interface]\nopen = [\"operate\"]", 2, "read and submit"),
        ("[interface]\nenvironment = \"Live\"", 2, "a-z"),
        (
            "[fees]\n[[fees.assets]]\nasset = 1\nminimum = \"x\"\ncollector = 2",
            4,
            "2^128",
        ),
        (
            "[fees]\n[[fees.assets]]\nasset = 1\ncollector = 2",
            2,
            "minimum",
        ),
        (
            "[private]\n\n[[private.fees]]\nasset = 7\nminimum = 1",
            4,
            "who collects",
        ),
        (
            "[private]\nfees = [{ asset = 7, minimum = 1 },\n{ asset = 8, minimum = 1 }]\n[[fees.assets]]\nasset = 7\n\
             minimum = 1\ncollector = 2",
            3,
            "asset 8",
        ),
        ("[[private.association]]\nmode = \"all\"", 2, "not-refused"),
        (
            "[[private.association]]\nmode = \"approved\"\nroot = \"00\"",
            3,
            "digits",
        ),
        (
            "[settlement]\nlisten = \"0.0.0.0:7440\"",
            2,
            "this machine alone",
        ),
        ("slots = ", 1, ""),
        // what can be read, and leaves nothing to be done
        ("[orders]\nper_account = 0", 2, "at least 1"),
        ("[orders]\npending = 0", 2, "at least 1"),
        ("[orders]\n\nqueue = 0", 3, "at least 1"),
        ("[orders]\nmin_lifetime = 2305843009213693952", 2, "2^61"),
        ("[proofs]\nwaiting = 0", 2, "at least 1"),
        ("[interface]\nconcurrency = 0", 2, "at least 1"),
        ("[interface]\nconnections = 0", 2, "at least 1"),
        ("interface.timeout_seconds = 0", 1, "at least 1"),
        (
            "[interface]\nwebhooks = [{ url = \"https://x\" }]",
            2,
            "HOST:PORT",
        ),
        ("[rollup]\nfirst_batch = 4611686018427387904", 2, "2^62"),
        (
            "[[rollup.accounts]]\nid = 1\nasset = 0\nbalance = 1\n[[rollup.accounts]]\nasset = 0\nid = 1\nbalance = 1",
            7,
            "occurs twice",
        ),
        (
            "[rollup]\naccounts = [{ id = 1, asset = 3, balance = \"340282366920938463463374607431768211455\" },\n\
             { id = 2, asset = 4, balance = 1 },\n{ id = 3, asset = 3, balance = 1 }]",
            4,
            "asset 3",
        ),
        (
            "[[rollup.accounts]]\nid = 1\nasset = 0\nbalance = -1",
            4,
            "`-1`, expected an amount",
        ),
        (
            "[[fees.assets]]\nasset = 7\nminimum = 1\ncollector = 2\n[[fees.assets]]\nasset = 7\nminimum = 3\n\
             collector = 2",
            6,
            "asset 7 has an entry already",
        ),
        (
            "[[fees.assets]]\nasset = 7\nminimum = 1\ncollector = 2\n[[private.fees]]\nasset = 7\nminimum = 3\n\
             [[private.fees]]\nminimum = 3\nasset = 7",
            10,
            "asset 7 has an entry already",
        ),
        (
            "[settlement]\nat = \"https://127.0.0.1:7440\"",
            2,
            "http://127.0.0.1:7440",
        ),
        (
            "[settlement]\nat = \"http://127.0.0.1:7440/x\"",
            2,
            "http://127.0.0.1:7440",
        ),
        (
            "[settlement]\nlisten = \"127.0.0.1:7440\"",
            2,
            "settlement.at",
        ),
        (
            "[settlement]\nat = \"http://127.0.0.1:7440\"\nlisten = \"127.0.0.1:7441\"",
            3,
            "leave settlement.listen out",
        ),
    ] {
        let error = Config::parse("node.toml", text).unwrap_err();
        assert!(error.reason.contains(reason), "{text}: {error}");
        assert_eq!(error.line, Some(line), "{text}: {error}");
        assert!(
            error
                .to_string()
                .starts_with(&format!("node.toml:{line}: "))
        );
    }
    let missing = Config::read(Path::new("/nowhere/node.toml")).unwrap_err();
    assert_eq!(missing.line, None);
}

/// Nobody but the node verifies private operations unless it is said.
#[test]
fn workers_verify_where_it_is_said() {
    let panel = |text: &str| {
        let config = Config::parse("node.toml", text).unwrap();
        config.options(Path::new("data")).private.panel
    };
    assert_eq!(panel(""), None);
    let there = "[settlement]\nat = \"settlement\"\n[private]\nworkers = true";
    assert_eq!(panel(there), Some(crate::PanelSettings::default()));
    let text = format!("{there}\nsample = 4\npatience = 0.5");
    let expected = crate::PanelSettings {
        sample: std::num::NonZeroU32::new(4).unwrap(),
        patience: Duration::from_millis(500),
    };
    assert_eq!(panel(&text), Some(expected));
}

#[test]
fn settings_reach_the_options() {
    let text = "[rollup]\nchain_id = 5\n[batches]\nslots = 16\nseconds = 0.5\n[proofs]\npreset = \
                \"compact-128\"\nmemory_mib = 64\n[fees]\nothers = false\n[[fees.assets]]\nasset = 7\n\
                minimum = \"340282366920938463463374607431768211455\"\ncollector = 90\n[settlement]\n\
                folder = \"\"";
    let options = Config::parse("node.toml", text)
        .unwrap()
        .options(Path::new("data"));
    assert_eq!(
        options.genesis.domain,
        domain_digest(ChainId::new(5), RollupId::new(1))
    );
    assert_eq!(
        (options.limits.slots, options.limits.max_age.as_millis()),
        (16, 500)
    );
    let proving = options.proving.unwrap();
    assert_eq!(proving.preset.name, PresetName::Compact);
    assert_eq!(
        (proving.threads, proving.memory_limit),
        (None, Some(64 << 20))
    );
    let fees: Vec<_> = options.fees.assets().map(|fee| fee.minimum).collect();
    assert_eq!(fees, [Amount::MAX]);
    assert!(options.settlement.is_none() && !options.fees.others());
    let obliges = |text: &str| {
        let options = Config::parse("node.toml", text)
            .unwrap()
            .options(Path::new("data"));
        options.settlement.unwrap().obliges()
    };
    assert!(!obliges("[settlement]\nfolder = \"there\""));
    assert!(obliges(
        "[settlement]\nat = \"settlement\"\nlisten = \"[::1]:0\""
    ));
}

#[test]
fn the_pools_policy_reaches_the_options() {
    let options = |text: &str| {
        let config = Config::parse("node.toml", text).unwrap();
        config.options(Path::new("data"))
    };
    assert_eq!(options("").policy, PoolPolicy::open());
    let root = "01".repeat(32);
    let text = format!(
        "[[fees.assets]]\nasset = 7\nminimum = 1\ncollector = 90\n[private]\nfees = [{{ asset = 7, minimum = 20 }}]\n\
         [[private.association]]\nmode = \"approved\"\nroot = \"{root}\"\n[[private.association]]\nmode = \
         \"not-refused\"\nroot = \"{root}\""
    );
    let root = root.parse().unwrap();
    let sets = [AssociationMode::Approved, AssociationMode::NotRefused];
    let sets = sets.map(|mode| Association { mode, root });
    let policy = PoolPolicy::open()
        .with_minimum_fee(AssetId::new(7), Amount::new(20))
        .with_association_sets(sets);
    assert_eq!(options(&text).policy, policy);
}

#[test]
fn the_first_accounts_reach_the_first_state() {
    let root = "01".repeat(32);
    let text = format!(
        "[[rollup.accounts]]\nid = 3\nasset = 7\nbalance = \"340282366920938463463374607431768211455\"\nkeys = [{{ root = \
         \"{root}\", scope = \"spend\" }}, {{ root = \"{root}\", scope = \"rotate\" }}]\n[[rollup.accounts]]\nid = 4\nasset \
         = 7\nbalance = 0\n"
    );
    let config = Config::parse("node.toml", &text).unwrap();
    let accounts = config.options(Path::new("data")).genesis.accounts;
    assert_eq!(accounts.len(), 2);
    let (id, account) = accounts[0];
    assert_eq!(
        (id, account.asset, account.balance),
        (AccountId::new(3), AssetId::new(7), Amount::MAX)
    );
    assert_eq!(account.slots.map(|slot| slot.scope.bits()), [1, 2]);
    assert_eq!(account.slots[0].root.to_string(), root);
    assert_eq!(
        accounts[1],
        (
            AccountId::new(4),
            winterlane_ledger::Account::of(AssetId::new(7))
        )
    );

    // What is written is what is read, and what an owner says is an account without its balance.
    let settings: Vec<_> = config.rollup.accounts.clone();
    let written = initial(
        &settings,
        &[
            "batches.slots=16".into(),
            "proofs.preset=compact-100".into(),
        ],
    );
    let again = Config::parse("node.toml", &written.unwrap()).unwrap();
    assert_eq!(again.rollup.accounts, settings);
    assert_eq!(again.options(Path::new("data")).limits.slots, 16);
    let public =
        format!("id = 3\nasset = 7\nkeys = [{{ root = \"{root}\", scope = \"spend\" }}]\n");
    let public: PublicAccount = public.parse().unwrap();
    assert!(
        public
            .with_balance(Amount::new(5))
            .to_string()
            .contains("balance = \"5\"")
    );

    let account = "[[rollup.accounts]]\nid = 3\nasset = 7\nbalance = 1\n";
    for (keys, reason) in [
        ("keys = [{ root = \"00\", scope = \"spend\" }]", "digits"),
        (
            "keys = [{ root = \"ROOT\", scope = \"pay\" }]",
            "spend, rotate, both or none",
        ),
        (
            "keys = [{ root = \"ROOT\", scope = \"none\" }, { root = \"ROOT\", scope = \"none\" }, { root = \"ROOT\", scope = \"none\" }]",
            "two slots",
        ),
        ("keys = [{ root = \"ROOT\" }]", "scope"),
    ] {
        let text = format!("{account}{}", keys.replace("ROOT", &root));
        let error = Config::parse("node.toml", &text).unwrap_err();
        assert!(error.reason.contains(reason), "{keys}: {error}");
    }
}

#[test]
fn settings_of_a_new_rollup_are_checked_before_they_are_written() {
    for (setting, said) in [
        ("batches.slots=3", "power of two"),
        ("batches.solts=4", "unknown field"),
        ("slots=4", "SECTION.NAME=VALUE"),
        ("batches.slots", "SECTION.NAME=VALUE"),
        ("rollup.accounts=4", "sequence"),
    ] {
        let error = initial(&[], &[setting.to_owned()]).unwrap_err().to_string();
        assert!(error.contains(said), "{setting}: {error}");
    }
    let twice = ["batches.slots=4".to_owned(), "batches.slots=8".to_owned()];
    assert!(initial(&[], &twice).is_err());
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("new");
    init(&data, &initial(&[], &[]).unwrap()).unwrap();
    assert_eq!(Config::read(&data.join(FILE)).unwrap(), Config::default());
    assert!(matches!(init(&data, ""), Err(InitError::Exists(_))));
}

/// Every number of the file, as large and as small as TOML has them: refused with its line, or a node runs with it.
#[test]
fn no_line_of_the_configuration_crashes_the_node() {
    let mut written = Vec::new();
    names(&toml::from_str(DEFAULT).unwrap(), "", &mut written);
    let (mut refused, mut ran) = (0, 0);
    for name in written {
        let Some((section, setting)) = name.split_once('.') else {
            continue;
        };
        let default: toml::Value = toml::from_str(DEFAULT).unwrap();
        if !default[section][setting].is_integer() {
            continue;
        }
        for number in [i64::MAX, 1 << 32, 1_000_000, 0, -1] {
            let line = format!("{section}.{setting} = {number}");
            // Without proofs no thread of a prover is begun; how many there may be is checked as it is read.
            let fixed = [
                "listen.address = \"127.0.0.1:0\"",
                "listen.health = \"127.0.0.1:0\"",
                "proofs.enabled = false",
                &line,
            ];
            match Config::parse("node.toml", &fixed.join("\n")) {
                Err(error) => {
                    assert_eq!(error.line, Some(4), "{line}: {error}");
                    refused += 1;
                }
                Ok(config) => {
                    let folder = tempfile::tempdir().unwrap();
                    // What cannot be started is told, and what is started ends well.
                    match crate::Node::start(config.options(folder.path())) {
                        Err(error) => assert!(!error.to_string().is_empty(), "{line}"),
                        Ok((node, running)) => {
                            let serving =
                                crate::serve::Serving::start(&node, &config, folder.path());
                            serving.unwrap().stop();
                            running.stop();
                            running.wait().unwrap();
                            ran += 1;
                        }
                    }
                }
            }
        }
    }
    println!("lines of the configuration: {refused} refused, {ran} ran, 0 crashed");
    assert!(refused > 20 && ran > 20);
}

/// A list is no section, and no entry of a list of tables.
#[test]
fn a_list_is_no_section() {
    for (line, text) in [
        (1, "batches = [16, 1.0]"),
        (2, "\nqueue = [\"\", \"\", 0]"),
        (
            2,
            "[interface]\nwebhooks = [[\"http://127.0.0.1:1/x\", true]]",
        ),
    ] {
        let error = Config::parse("node.toml", text).unwrap_err();
        assert_eq!(error.line, Some(line), "{error}");
        assert!(
            error.reason.contains("a list, expected an object"),
            "{error}"
        );
    }
    let root = "0".repeat(64);
    let account = |key: &str| format!("id = 1\nasset = 0\nkeys = [{key}]").parse::<PublicAccount>();
    assert!(account(&format!("{{ root = \"{root}\", scope = \"both\" }}")).is_ok());
    assert!(account(&format!("[\"{root}\", \"both\"]")).is_err());
}

/// The name of the file stands in errors of settlement, which are alarms, and go to whoever asks for them.
#[test]
fn a_secret_in_the_place_of_its_file_is_refused_and_not_told() {
    let secret = "5e".repeat(32);
    for secret in [secret.clone(), format!("0x{secret}")] {
        let text = format!("[settlement]\nsecret = \"{secret}\"\n");
        let error = Config::parse("node.toml", &text).unwrap_err();
        assert_eq!(error.line, Some(2), "{error}");
        let shown = format!("{error} {error:?}");
        assert!(
            shown.contains("the file of a secret") && !shown.contains("5e5e"),
            "{shown}"
        );
    }
    let file = "[settlement]\nsecret = \"operator.secret\"\n";
    assert!(Config::parse("node.toml", file).is_ok());
}

/// A path is often all that keeps strangers from a receiver, and a configuration may be printed by a program that reads one.
#[test]
fn a_receivers_path_is_not_in_what_a_configuration_prints() {
    let hook = "[[interface.webhooks]]\nurl = \"http://hook.example:1/hush\"\n";
    let config = Config::parse("node.toml", hook).unwrap();
    let shown = format!("{config:?}");
    assert!(
        shown.contains("http://hook.example:1/\u{2026}") && !shown.contains("hush"),
        "{shown}"
    );
}

/// A database's address at the wrong place, or with a mistake: the line is told, and the password is not.
#[test]
fn no_password_of_an_address_is_in_an_error() {
    for text in [
        "queue.priority = \"postgres://me:hush@db/x\"",
        "listen.address = \"postgres://me:hu/sh@db/x\"",
        "queue.address = \"postgres://me:hush@db/x?port=y\"",
        "batches.slots = \"http://hush@host:1/x\"",
        "interface.open = [\"https://me:hush@host/\"]",
        "listen.proxies = [\"https://me:hush@host/\"]",
        "proofs.preset = \"postgres://me:hush@db/x\"",
    ] {
        let error = Config::parse("node.toml", text).unwrap_err();
        let shown = format!("{error} {error:?}");
        assert_eq!(error.line, Some(1), "{shown}");
        assert!(!shown.contains("hush") && !shown.contains("hu/"), "{shown}");
    }
    // nor where it stands on a command line
    for setting in [
        "queue.address=postgres://me:hush@db/x?port=y",
        "address=postgres://me:hush@db/x",
        "postgres://me:hush@db/x",
        "queue.address.x=postgres://me:hush@db/x",
    ] {
        let error = initial(&[], &[setting.to_owned()]).unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("hush"), "{shown}");
    }
    let twice = "queue.address=postgres://me:hush@db/x".to_owned();
    let error = initial(&[], &[twice.clone(), twice]).unwrap_err();
    assert!(!error.to_string().contains("hush"), "{error}");
}
