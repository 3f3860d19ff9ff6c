//! What an answer, or a log, shows of a credential: no more than was asked.

use super::*;

#[test]
fn a_credential_in_a_log_shows_nothing() {
    let credential = World::new().issue(&alice()).unwrap();
    let [stated, ..] = &credential.attributes[..] else {
        panic!("it says something");
    };
    for shown in [format!("{credential:?}"), format!("{credential:#?}")] {
        assert_eq!(shown, "Credential(..)");
    }
    for shown in [format!("{stated:?}"), format!("{stated:#?}")] {
        assert_eq!(shown, "Stated(..)");
    }
}

/// A verifier who makes up what the issuer published, or the day, would learn the credential's number or last day
/// from who answers and who does not.
#[test]
fn a_question_that_finds_out_more_than_it_says_is_refused() {
    let mut world = World::new();
    let credential = world.issue(&alice()).unwrap();
    let honest = world.issuer.clone();
    let challenge = world.ask("income >= 5").unwrap();
    let today = challenge.today;
    let known = Known {
        issuer: &honest,
        today,
    };
    let refusal = |challenge: &Challenge| {
        let error = challenge.answer(&known, &credential, alice()).unwrap_err();
        error.to_string()
    };
    // Whether the holder's own number is in the list or not: the refusal is the same.
    let revoking = |number| {
        let mut made_up = challenge.clone();
        made_up.issuer.revoked = vec![number];
        refusal(&made_up)
    };
    let number = credential.number;
    assert_eq!(revoking(number), revoking(number + 1));
    assert!(revoking(number).contains("did not publish"));
    // Whether it would still be valid or not: the same, too, but for the day that was asked.
    let on = |text: &str| {
        let day = day(text);
        refusal(&Challenge {
            today: day,
            ..challenge.clone()
        })
        .replace(text, "DAY")
    };
    assert_eq!(on("2030-12-31"), on("2031-01-01"));
    assert!(on("2030-12-31").contains("how long yours is valid"));

    // A key or a schema that was made for one holder tells who answers, whoever has it in a challenge.
    let marked = |change: &dyn Fn(&mut Issuer)| {
        let mut issuer = honest.clone();
        change(&mut issuer);
        let known = Known {
            issuer: &issuer,
            today,
        };
        let error = challenge.answer(&known, &credential, alice()).unwrap_err();
        assert!(matches!(error, CredentialError::Marked), "{error}");
    };
    marked(&|issuer| issuer.keys = vec![Root::ZERO]);
    marked(&|issuer| {
        let text = serde_json::to_string(&issuer.schema).unwrap();
        issuer.schema = serde_json::from_str(&text.replace("identity", "identity2")).unwrap();
    });

    // An older list, and tomorrow in the east, are what they seem.
    let mut newer = honest.clone();
    newer.revoked = vec![number + 1, number + 2];
    let known = Known {
        issuer: &newer,
        today,
    };
    let mut older = challenge.clone();
    older.issuer.revoked = vec![number + 2];
    older.today = today.plus(1).unwrap();
    older.answer(&known, &credential, alice()).unwrap();
    // What is known of somebody who answers is public.
    let shown = format!("{:?}", older.answer(&known, &credential, alice()));
    let salt = credential.attributes[0].salt.to_string();
    assert!(
        !shown.contains(&salt) && !shown.contains("attributes"),
        "{shown}"
    );
}

/// Parts of the issuer's list, and days that are past, would find out by halves the number and the last day of a credential that
/// counts no more: whether there is an answer would depend on what was asked.
#[test]
fn a_credential_that_counts_no_more_answers_nothing() {
    let mut world = World::new();
    let credential = world.issue(&alice()).unwrap();
    let challenge = world.ask("income >= 5").unwrap();
    let number = credential.number;
    let mut published = world.issuer.clone();
    published.revoked = vec![number, number + 1, number + 2];
    let known = Known {
        issuer: &published,
        today: challenge.today,
    };
    for list in [
        vec![],
        vec![number + 1],
        vec![number + 1, number + 2],
        vec![number],
        published.revoked.clone(),
    ] {
        let mut asked = challenge.clone();
        asked.issuer.revoked = list;
        let refused = asked.answer(&known, &credential, alice());
        assert!(
            matches!(refused, Err(CredentialError::Revoked)),
            "{refused:?}"
        );
    }

    let on = |now: &str, asked: &str| {
        let known = Known {
            issuer: &world.issuer,
            today: day(now),
        };
        let asked = Challenge {
            today: day(asked),
            ..challenge.clone()
        };
        asked.answer(&known, &credential, alice())
    };
    // Whether it was valid on the day that is asked about or not: the refusal is the same.
    for asked in ["2026-11-28", "2030-12-31", "2031-01-01", "2031-06-01"] {
        let refused = on("2031-06-01", asked);
        let Err(CredentialError::Expired { last_day, today }) = refused else {
            panic!("{asked}: {refused:?}");
        };
        assert_eq!((last_day, today), (day("2030-12-31"), day("2031-06-01")));
    }
    // One that counts answers about a day that is past; and on the day after its last one, somewhere it is still the last.
    on("2030-12-31", "2026-11-28").unwrap();
    on("2031-01-01", "2030-12-31").unwrap();
    let refused = on("2031-01-02", "2030-12-31");
    assert!(
        matches!(refused, Err(CredentialError::Expired { .. })),
        "{refused:?}"
    );
}

/// A proof shows the place of a value. If it were the first that fits, it would say of each place before it that the value
/// there does not.
#[test]
fn the_place_that_is_shown_says_nothing_of_the_other_values() {
    let mut world = World::new();
    let either = world.ask("languages in {\"de\", \"fr\"}").unwrap();
    for least in [0, 1] {
        let mut stated = attributes(&world.issuer.schema, &person()).unwrap();
        let languages = stated.iter_mut().filter(|one| one.name == "languages");
        let mut languages: Vec<_> = languages.collect();
        languages[least].salt = Digest::ZERO;
        let places = [languages[0].place, languages[1].place];
        let values = [languages[0].value.clone(), languages[1].value.clone()];
        assert!(places[0] < places[1]);
        let credential =
            world
                .wallet
                .issue(&world.issuer, stated, alice().key(), day("2030-12-31"));
        let credential = credential.unwrap();
        let shown = |challenge: &Challenge| {
            let showing = answer(challenge, &credential, alice()).unwrap();
            check(challenge, &showing.inputs, 1_000).unwrap();
            showing.inputs.predicates[0].place
        };
        // the same each time
        assert_eq!([shown(&either), shown(&either)], [places[least]; 2]);
        // and who is asked for the other value shows that
        let other = 1 - least;
        let asked = world
            .ask(&format!("languages = {}", values[other]))
            .unwrap();
        assert_eq!(shown(&asked), places[other]);
    }
}

#[test]
fn pseudonyms_are_for_one_verifier() {
    let mut world = World::new();
    let credential = world.issue(&alice()).unwrap();
    let ask = |verifier: &str| {
        let mut challenge = world.ask("income >= 1").unwrap();
        challenge.verifier = verifier.into();
        challenge.pseudonym = true;
        answer(&challenge, &credential, alice())
            .unwrap()
            .inputs
            .pseudonym
            .unwrap()
    };
    assert_eq!(ask("a"), ask("a"));
    assert_ne!(ask("a"), ask("b"));
}
