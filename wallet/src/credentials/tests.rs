//! Issuer, holder and verifier: what is issued, answered and accepted, and every refusal by its reason.

use serde_json::json;
use winterlane_ledger::{
    BaseElement, Digest, Nonce, Root,
    hash::tag,
    private::{
        AnswerError, CredentialInputs, HolderSecret, PrivateInputs, SessionError, Test, ValueSet,
        sparse::{climb, member},
    },
    signature::KeyError,
};

use super::*;
use crate::{MasterSeed, Signed, Wallet, WalletError};

mod privacy;

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

fn schema() -> Schema {
    serde_json::from_value(json!({"name": "identity", "attributes": {
        "birth_date": "date",
        "country": "text",
        "income": "integer",
        "languages": {"kind": "text", "values": 4},
    }}))
    .unwrap()
}

fn person() -> serde_json::Map<String, serde_json::Value> {
    let person = json!({"birth_date": "1990-05-17", "country": "DE", "income": 52_000, "languages": ["de", "fr"]});
    person.as_object().unwrap().clone()
}

struct World {
    _place: tempfile::TempDir,
    wallet: Wallet,
    issuer: Issuer,
}

impl World {
    fn new() -> Self {
        let place = tempfile::tempdir().unwrap();
        let mut wallet = Wallet::import(place.path(), MasterSeed::from_bytes([5; 32])).unwrap();
        let key = wallet.add_key(0, 2).unwrap();
        let issuer = Issuer {
            format: Issuer::FORMAT.into(),
            name: "Town of Example".into(),
            schema: schema(),
            keys: vec![key],
            revoked: vec![],
        };
        Self {
            _place: place,
            wallet,
            issuer,
        }
    }

    fn issue(&mut self, holder: &HolderSecret) -> Result<Credential, IssueError> {
        let stated = attributes(&self.issuer.schema, &person())?;
        self.wallet
            .issue(&self.issuer, stated, holder.key(), day("2030-12-31"))
    }

    fn ask(&self, predicate: &str) -> Result<Challenge, IssueError> {
        let eu = ["FR", "DE", "AT", "DE"].map(|text| Value::Text(text.into()));
        ask(Question {
            verifier: "bar.example".into(),
            expires: 1_000,
            today: day("2026-11-28"),
            predicate: predicate.parse().map_err(CredentialError::from)?,
            sets: [("eu.json".to_owned(), eu.to_vec())].into(),
            issuer: self.issuer.clone(),
            pseudonym: false,
        })
    }
}

/// A holder's answer in honest company: the issuer's list is that of the challenge, and the day too.
fn answer(
    challenge: &Challenge,
    credential: &Credential,
    holder: HolderSecret,
) -> Result<Showing, CredentialError> {
    let known = Known {
        issuer: &challenge.issuer,
        today: challenge.today,
    };
    challenge.answer(&known, credential, holder)
}

/// Whether public inputs answer a challenge.
fn check(challenge: &Challenge, inputs: &CredentialInputs, now: u64) -> Result<(), AnswerError> {
    let inputs = PrivateInputs::Credential(inputs.clone());
    challenge.question().unwrap().check(&inputs, now)
}

fn alice() -> HolderSecret {
    MasterSeed::from_bytes([1; 32]).holder_secret(0)
}

#[test]
fn what_is_issued_answers_and_is_accepted() {
    let mut world = World::new();
    let credential = world.issue(&alice()).unwrap();
    // What a holder keeps is a file.
    let text = serde_json::to_string(&credential).unwrap();
    assert_eq!(
        serde_json::from_str::<Credential>(&text).unwrap(),
        credential
    );
    let text = "birth_date <= 2008-11-28 and country in eu.json and languages = \"fr\" and income >= 50000";
    let challenge = world.ask(text).unwrap();
    let asked = serde_json::to_string(&challenge).unwrap();
    let challenge: Challenge = serde_json::from_str(&asked).unwrap();
    let showing = answer(&challenge, &credential, alice()).unwrap();
    check(&challenge, &showing.inputs, 1_000).unwrap();

    // The witness is one: values at their places, the member in its set.
    let set = Value::Text("DE".into()).encoded();
    let (tree, place) = showing.members[1].clone().unwrap();
    let root = climb(tree.kind().tag(), place, member(set), &tree.siblings(place));
    assert_eq!(
        showing.inputs.predicates[1].test,
        Test::InSet(ValueSet {
            root: Root(root),
            levels: 4
        })
    );
    for predicate in &showing.inputs.predicates {
        let tree = &showing.credential.attributes;
        let leaf = tree.attributes[usize::from(predicate.place)]
            .unwrap()
            .leaf();
        let siblings = tree.siblings(predicate.place).unwrap();
        let root = climb(tag::ATTRIBUTE_NODE, predicate.place.into(), leaf, &siblings);
        assert_eq!(Root(root), showing.credential.attributes.root());
    }
    let tests: Vec<_> = showing
        .inputs
        .predicates
        .iter()
        .map(|one| one.test)
        .collect();
    assert_eq!(
        tests[0],
        Test::AtMost(u128::from(day("2008-11-28").number()))
    );
    assert_eq!(tests[3], Test::AtLeast((1 << 53) + 50_000));
    // Nothing of the values or of the credential's number is in what is published, but what was asked.
    let public = format!("{:?}", showing.inputs);
    for secret in [
        Value::Date(day("1990-05-17")).encoded(),
        Value::Integer(52_000).encoded(),
        set,
    ] {
        assert!(!public.contains(&secret.to_string()), "{public}");
    }
}

#[test]
fn what_does_not_hold_has_no_answer() {
    let mut world = World::new();
    let credential = world.issue(&alice()).unwrap();
    let answers = |world: &World, text: &str| {
        let challenge = world.ask(text).unwrap();
        answer(&challenge, &credential, alice()).map(|_| ())
    };
    answers(&world, "birth_date = 1990-05-17").unwrap();
    for text in [
        "birth_date < 1990-05-17",
        "birth_date > 1990-05-17",
        "income >= 52001",
        "country = \"de\"",
        "languages in {\"it\", \"es\"}",
    ] {
        let error = answers(&world, text).unwrap_err();
        assert!(
            matches!(error, CredentialError::NotSatisfied { missing: false, .. }),
            "{error}"
        );
    }
    let challenge = world.ask("income >= 5").unwrap();
    let bob = MasterSeed::from_bytes([2; 32]).holder_secret(0);
    let error = answer(&challenge, &credential, bob).unwrap_err();
    assert!(matches!(error, CredentialError::OtherHolder), "{error}");

    let later = Challenge {
        today: day("2031-01-01"),
        ..challenge.clone()
    };
    let error = answer(&later, &credential, alice()).unwrap_err();
    assert!(matches!(error, CredentialError::Expired { .. }), "{error}");
    let last = Challenge {
        today: day("2030-12-31"),
        ..challenge.clone()
    };
    answer(&last, &credential, alice()).unwrap();

    world.issuer.revoked.push(credential.number);
    let error = answers(&world, "income >= 5").unwrap_err();
    assert!(matches!(error, CredentialError::Revoked), "{error}");
    world.issuer.revoked[0] += 1;
    answers(&world, "income >= 5").unwrap();

    let mut changed = credential.clone();
    changed.attributes[0].value = Value::Date(day("1980-01-01"));
    let error = answer(&challenge, &changed, alice()).unwrap_err();
    assert!(matches!(error, CredentialError::Damaged { .. }), "{error}");
    let mut other = challenge;
    other.issuer.keys = vec![Root::ZERO];
    let error = answer(&other, &credential, alice()).unwrap_err();
    assert!(
        matches!(error, CredentialError::OtherIssuer { .. }),
        "{error}"
    );
}

#[test]
fn questions_that_nobody_can_answer_are_refused() {
    let world = World::new();
    let ask = |text: &str| match world.ask(text) {
        Err(IssueError::Credential(error)) => error,
        other => panic!("{text}: {other:?}"),
    };
    assert!(matches!(
        ask("age >= 18"),
        CredentialError::UnknownAttribute { .. }
    ));
    assert!(matches!(
        ask("income >= 2008-11-28"),
        CredentialError::WrongKind { .. }
    ));
    assert!(matches!(
        ask("birth_date in eu.json"),
        CredentialError::WrongKind { .. }
    ));
    assert!(matches!(
        ask("country in world.json"),
        CredentialError::NoSet { .. }
    ));
    assert!(matches!(
        ask("country <= \"x\""),
        CredentialError::Predicate(_)
    ));
}

#[test]
fn an_answer_counts_for_its_question_alone() {
    let mut world = World::new();
    let credential = world.issue(&alice()).unwrap();
    let text = "income >= 50000 and country in eu.json";
    let challenge = world.ask(text).unwrap();
    let inputs = answer(&challenge, &credential, alice()).unwrap().inputs;
    let expired = check(&challenge, &inputs, 1_007);
    let late = SessionError::Expired { late: 7 };
    assert_eq!(expired, Err(AnswerError::Session(late)));

    let other = |change: &dyn Fn(&mut Challenge)| {
        let mut other = challenge.clone();
        change(&mut other);
        check(&other, &inputs, 0).unwrap_err().to_string()
    };
    let again = world.ask(text).unwrap();
    assert_ne!(again.challenge, challenge.challenge);
    assert!(other(&|c| c.challenge = again.challenge).contains("another challenge"));
    assert!(other(&|c| c.verifier.push('x')).contains("another verifier"));
    assert!(other(&|c| c.expires += 1).contains("was asked for"));
    assert!(other(&|c| c.issuer.keys[0] = Root::ZERO).contains("another issuer"));
    assert!(other(&|c| c.today = day("2026-11-29")).contains("it is for day"));
    assert!(other(&|c| c.issuer.revoked.push(9)).contains("revoked"));
    assert!(other(&|c| c.pseudonym = true).contains("pseudonym"));
    let predicates = [
        "income >= 50001 and country in eu.json",
        "income >= 50000",
        "country in eu.json and income >= 50000",
        "birth_date >= 0001-02-03 and country in eu.json",
    ];
    for predicate in predicates {
        assert!(
            other(&|c| c.predicate = predicate.into()).contains("other predicates"),
            "{predicate}"
        );
    }
    let more = |c: &mut Challenge| {
        let set = c.sets.get_mut("eu.json").unwrap();
        set.push(Value::Text("XX".into()));
    };
    assert!(other(&more).contains("other predicates"));
    // A value of another attribute does not pass for the one that was asked for.
    let mut elsewhere = inputs.clone();
    elsewhere.predicates[0].place = world.issuer.schema.places("birth_date").unwrap().start;
    assert_eq!(
        check(&challenge, &elsewhere, 0),
        Err(AnswerError::Predicates)
    );
    let schema = |c: &mut Challenge| {
        let text = serde_json::to_string(&c.issuer.schema)
            .unwrap()
            .replace("identity", "identity2");
        c.issuer.schema = serde_json::from_str(&text).unwrap();
    };
    assert!(other(&schema).contains("another schema"));
}

#[test]
fn a_key_issues_what_it_can_and_each_credential_once() {
    let mut world = World::new();
    let mut numbers = std::collections::BTreeSet::new();
    for _ in 0..4 {
        let credential = world.issue(&alice()).unwrap();
        assert!(numbers.insert(credential.number));
    }
    let error = world.issue(&alice()).unwrap_err();
    assert!(
        matches!(error, IssueError::Wallet(WalletError::Key(_))),
        "{error}"
    );
    // Another key goes on, and numbers go on.
    let key = world.wallet.add_key(1, 1).unwrap();
    world.issuer.keys.push(key);
    let credential = world.issue(&alice()).unwrap();
    assert!(numbers.insert(credential.number));
    credential.checked().unwrap();
    assert_eq!(world.wallet.journal().len(), 5);
}

/// Of an account's key the last one-time key shows a balance, and what it signs gives parts of it away. The wallet does not know
/// whether the issuer's key is an account's, too.
#[test]
fn the_last_one_time_key_of_a_full_key_issues_nothing() {
    let mut world = World::new();
    let key = world.wallet.add_key(1, 10).unwrap();
    world.issuer.keys = vec![key];
    // As if those before the last two had signed.
    let signed = Signed {
        root: key,
        index: 1_021,
        nonce: Nonce::ZERO,
        bound: Digest::ZERO,
        rho: [1_u32, 2].map(BaseElement::from),
    };
    world.wallet.reserve(&[signed]).unwrap();
    let credential = world.issue(&alice()).unwrap();
    assert_eq!(credential.number, 1_022);
    let error = world.issue(&alice()).unwrap_err();
    let reserved = KeyError::Exhausted {
        index: 1_023,
        capacity: 1_023,
    };
    assert!(
        matches!(&error, IssueError::Wallet(WalletError::Key(found)) if *found == reserved),
        "{error}"
    );
    assert_eq!(world.wallet.journal().len(), 2);
}

#[test]
fn attributes_are_read_by_the_schema() {
    let wrong = |change: &dyn Fn(&mut serde_json::Map<String, serde_json::Value>)| {
        let mut person = person();
        change(&mut person);
        attributes(&schema(), &person).unwrap_err().to_string()
    };
    let set = |name: &'static str, value: serde_json::Value| {
        wrong(&|person| drop(person.insert(name.into(), value.clone())))
    };
    assert!(set("age", json!(3)).contains("has only birth_date, country"));
    assert!(set("income", json!(1.5)).contains("whole number"));
    assert!(set("income", json!("52000")).contains("is a text, and the schema says a number"));
    assert!(set("birth_date", json!("1990-13-01")).contains("no such day"));
    assert!(set("country", json!(["DE", "FR"])).contains("room for 1"));
    assert!(set("languages", json!(["a", "b", "c", "d", "e"])).contains("room for 4"));
    // Salts are fresh, and places drawn by lot.
    let draws: Vec<_> = (0..40)
        .map(|_| attributes(&schema(), &person()).unwrap())
        .collect();
    let places: std::collections::BTreeSet<_> = draws
        .iter()
        .map(|stated| stated.iter().map(|one| one.place).collect::<Vec<_>>())
        .collect();
    assert!(places.len() > 1, "{places:?}");
    let salts: std::collections::BTreeSet<_> = draws
        .iter()
        .flatten()
        .map(|one| one.salt.to_bytes())
        .collect();
    assert_eq!(salts.len(), 40 * 5);
    // What is not said is an empty list; what is forgotten is refused, by its name.
    for name in ["income", "languages"] {
        let said = wrong(&|person| drop(person.remove(name)));
        assert!(said.contains(name) && said.contains("missing"), "{said}");
    }
    let mut short = person();
    short.insert("income".into(), json!([]));
    assert_eq!(attributes(&schema(), &short).unwrap().len(), 4);
}
