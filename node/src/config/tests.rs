//! The configuration file: what is read, what is refused, and where it is written down.

use winterlane_air::presets::PresetName;

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
    let page = fs::read_to_string(page).unwrap();
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
        ("[orders]\npending = -1", 2, "-1"),
        ("[listen]\naddress = \"here\"", 2, "socket address"),
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
        ("slots = ", 1, ""),
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

#[test]
fn settings_reach_the_options() {
    let text = "[rollup]\nchain_id = 5\n[batches]\nslots = 16\nseconds = 0.5\n[proofs]\npreset = \
                \"compact-128\"\nmemory_mib = 64\n[fees]\nothers = false\n[[fees.assets]]\nasset = 7\n\
                minimum = \"340282366920938463463374607431768211455\"\ncollector = 90\n[settlement]\n\
                folder = \"\"";
    let options = Config::parse("node.toml", text)
        .unwrap()
        .options(Path::new("data"));
    assert_eq!(options.genesis.domain, domain_digest(5, 1));
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
    assert_eq!(fees, [u128::MAX]);
    assert!(options.settlement.is_none() && !options.fees.others());
}
