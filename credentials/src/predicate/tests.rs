use std::{format, string::ToString, vec, vec::Vec};

use proptest::prelude::*;

use super::{parser::step, *};
use crate::{Day, Kind, MAX_INTEGER};

fn read(text: &str) -> Predicate {
    text.parse()
        .unwrap_or_else(|error: PredicateError| panic!("{}", error.pointing()))
}

/// The mistake, and the text that it points at.
#[track_caller]
fn mistake(text: &str) -> (Mistake, &str) {
    let error = text.parse::<Predicate>().unwrap_err();
    assert_eq!(error.column(), 1 + text[..error.at().start].chars().count());
    (error.mistake().clone(), &text[error.at()])
}

fn range(low: &str, high: &str) -> Condition {
    let [low, high] = [low, high].map(|text| Value::Date(text.parse().unwrap()));
    Condition::Range { low, high }
}

#[test]
fn the_examples_of_the_page() {
    let predicate = read("birth_date <= 2008-11-28 and country in eu.json");
    let expected = [
        ("birth_date", range("0001-01-01", "2008-11-28")),
        ("country", Condition::File("eu.json".into())),
    ];
    let expected = expected.map(|(attribute, condition)| Requirement {
        attribute: attribute.into(),
        condition,
    });
    assert_eq!(predicate.requirements(), expected);
    assert_eq!(predicate.files().collect::<Vec<_>>(), ["eu.json"]);

    let location = read("47310000 <= latitude <= 47440000 AND 8620000>=longitude>=8450000");
    let bounds: Vec<_> = location
        .requirements()
        .iter()
        .map(|one| one.condition.clone())
        .collect();
    let integers = |low, high| Condition::Range {
        low: Value::Integer(low),
        high: Value::Integer(high),
    };
    assert_eq!(
        bounds,
        [
            integers(47_310_000, 47_440_000),
            integers(8_450_000, 8_620_000)
        ]
    );
    assert_eq!(
        read(r#"grade in {"B", "A", "B"}"#).requirements()[0].condition,
        Condition::Listed(vec![Value::Text("A".into()), Value::Text("B".into())])
    );
    assert_eq!(
        read(r#"name = "O \"x\" \\""#).requirements()[0].condition,
        Condition::Text(r#"O "x" \"#.into())
    );
}

#[test]
fn strict_signs_are_one_step_and_conditions_on_one_attribute_meet() {
    for (written, means) in [
        ("a < 5", "a <= 4"),
        ("a > -5", "a >= -4"),
        ("5 > a", "a <= 4"),
        ("5 <= a", "a >= 5"),
        ("a = 5", "a = 5"),
        ("a == 2008-02-29", "a = 2008-02-29"),
        ("d < 2008-03-01", "d <= 2008-02-29"),
        ("a ≥ 3 and a ≤ 9 and 4 < a", "5 <= a <= 9"),
        ("a >= 3 and b = 1 and a <= 3", "a = 3 and b = 1"),
        ("a = \"x\" and a = \"x\"", "a = \"x\""),
        ("a in \"my file.json\"", "a in \"my file.json\""),
        ("a in \"and\"", "a in \"and\""),
        ("a in \"./eu.json\"", "a in ./eu.json"),
        (
            "a<=9007199254740991",
            "-9007199254740991 <= a <= 9007199254740991",
        ),
    ] {
        assert_eq!(read(written).to_string(), means, "{written}");
        assert_eq!(read(means), read(written));
    }
}

#[test]
fn mistakes_are_named_and_pointed_at() {
    use Mistake as M;
    let expected = |text: &str| matches!(mistake(text).0, M::Expected { .. });
    assert_eq!(mistake(" "), (M::Empty, ""));
    assert_eq!(mistake("a <= 2008-13-28"), (M::NoSuchDay, "2008-13-28"));
    assert_eq!(mistake("a <= 2.5"), (M::Fraction, "2.5"));
    assert_eq!(
        mistake("a <= 9007199254740992"),
        (M::Number, "9007199254740992")
    );
    assert_eq!(mistake("a = \"x"), (M::OpenText, "\"x"));
    assert_eq!(mistake("a = \"\\n\""), (M::Escape, "\"\\n"));
    assert_eq!(mistake("a ! 5"), (M::Character { character: '!' }, "!"));
    assert_eq!(mistake("country = DE"), (M::Sides, "DE"));
    assert_eq!(mistake("3 <= 5"), (M::Sides, "<= 5"));
    assert_eq!(mistake("a <= 3 <= 5"), (M::Sides, "<="));
    assert_eq!(mistake("1 <= a >= 2"), (M::Directions, ">="));
    assert_eq!(mistake("1 = a = 2"), (M::Directions, "="));
    assert_eq!(
        mistake("a = 1 or b = 2"),
        (M::Connective { word: "or".into() }, "or")
    );
    assert_eq!(
        mistake("not a = 1"),
        (M::Connective { word: "not".into() }, "not")
    );
    assert_eq!(mistake("a >= \"x\""), (M::TextOrder, "a >= \"x\""));
    assert_eq!(mistake("a in {}"), (M::MixedSet, "{}"));
    assert_eq!(mistake("a in {1, \"x\"}"), (M::MixedSet, "{1, \"x\"}"));
    let kinds = M::Kinds {
        attribute: "a".into(),
        before: Kind::Integer,
        now: Kind::Date,
    };
    assert_eq!(
        mistake("a >= 5 and a <= 2008-11-28"),
        (kinds, "a <= 2008-11-28")
    );
    let contradiction = M::Contradiction {
        attribute: "a".into(),
    };
    assert_eq!(
        mistake("a >= 5 and a < 5"),
        (contradiction.clone(), "a < 5")
    );
    assert_eq!(mistake("5 <= a <= 4"), (contradiction.clone(), "a <= 4"));
    assert_eq!(
        mistake("a > 9007199254740991"),
        (contradiction.clone(), "a > 9007199254740991")
    );
    assert_eq!(
        mistake("a < 0001-01-01"),
        (contradiction.clone(), "a < 0001-01-01")
    );
    assert_eq!(
        mistake("a = \"x\" and a = \"y\""),
        (contradiction, "a = \"y\"")
    );
    let more = M::SetAndMore {
        attribute: "a".into(),
    };
    assert_eq!(mistake("a in s.json and a >= 5"), (more.clone(), "a >= 5"));
    assert_eq!(mistake("a >= 5 and a in s.json"), (more, "a in s.json"));
    assert_eq!(
        mistake("a=1 and b=1 and c=1 and d=1 and e=1"),
        (M::TooMany { most: 4 }, "e=1")
    );
    for text in [
        "a",
        "a <=",
        "a in",
        "a in 5",
        "a in {1",
        "a in {1,",
        "a in {1 2}",
        "a in {x}",
        "a = 1 b = 2",
        "a = 1 and",
        "<= 5",
        "and = 1",
        "a in and",
        "-",
        "5x <= a",
        "a <= 2008-1-1",
        "a = 1 2",
        "a <= ,",
    ] {
        assert!(expected(text), "{text}: {:?}", mistake(text));
    }
    let error = "ä <= 2008-13-28".parse::<Predicate>().unwrap_err();
    assert_eq!(
        error.pointing().to_string(),
        "ä <= 2008-13-28\n     ^^^^^^^^^^ the calendar has no such day"
    );
    let error = "a\t<=\n".parse::<Predicate>().unwrap_err();
    assert!(error.pointing().to_string().starts_with("a <= \n     ^ "));
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        (-MAX_INTEGER..=MAX_INTEGER).prop_map(Value::Integer),
        (0..=Day::LAST.number()).prop_map(|day| Value::Date(Day::from_number(day).unwrap())),
        ".{0,9}".prop_map(Value::Text),
    ]
}

fn condition() -> impl Strategy<Value = Condition> {
    let ordered = value().prop_filter("has an order", |value| value.kind() != Kind::Text);
    prop_oneof![
        (ordered, 0..9u32).prop_map(|(low, steps)| {
            let high = (0..steps).fold(low.clone(), |value, _| step(&value, true).unwrap_or(value));
            Condition::Range { low, high }
        }),
        "[^0-9]{0,9}".prop_map(Condition::Text),
        "[^0-9]{1,9}".prop_map(Condition::File),
        proptest::collection::btree_set(-9..9i64, 1..5)
            .prop_map(|set| Condition::Listed(set.into_iter().map(Value::Integer).collect())),
    ]
}

proptest! {
    #[test]
    fn what_is_shown_is_read_again(conditions in proptest::collection::vec(condition(), 1..=4)) {
        let requirements = conditions.into_iter().enumerate().map(|(index, condition)| Requirement {
            attribute: format!("name_{index}"),
            condition,
        });
        let predicate = Predicate { requirements: requirements.collect() };
        let shown = predicate.to_string();
        let again: Predicate = shown.parse().map_err(|error: PredicateError| {
            TestCaseError::fail(error.pointing().to_string())
        })?;
        prop_assert_eq!(again, predicate);
    }

    #[test]
    fn no_text_panics(text in "([a-z]{1,3}| |<=|=|>|in|and|\\{|\\}|,|[0-9]{1,3}|2008-1[0-3]-2|8|\"|\\\\|é|\\PC){0,24}") {
        if let Err(error) = text.parse::<Predicate>() {
            prop_assert!(text.get(error.at()).is_some());
            let _ = error.pointing().to_string();
        }
    }
}
