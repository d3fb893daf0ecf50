use proptest::prelude::*;

use super::*;
use crate::ledger::fixtures::{at, open, record, sealer};
use crate::ledger::{Hourly, LinkKind, Tombstone};
use crate::model::IncidentId;

const INCIDENT: &str = "0193b3c4-0000-7000-8000-000000000002";

fn epoch(n: u8) -> Epoch {
    format!("0193b3c4-0000-7000-8000-0000000000e{n}").parse().unwrap()
}

fn digest(number: i64) -> String {
    hex::encode(Sha256::digest(number.to_le_bytes()))
}

fn place(number: i64) -> Place {
    let previous = if number == 1 { BEGINNING.to_owned() } else { digest(number - 1) };
    let made_at = at(number.unsigned_abs()).wall;
    Place { number, kind: "hour".into(), made_at, previous: Some(previous), digest: digest(number) }
}

/// Documents with these numbers, the first `of_first` of them of the first life.
fn stretch(numbers: impl IntoIterator<Item = i64>, of_first: i64) -> Stretch {
    let mut stretch = Stretch::default();
    for number in numbers {
        stretch.add(epoch(if number <= of_first { 1 } else { 2 }), place(number));
    }
    stretch
}

/// A centre that signed an hour in each of the first six minutes.
async fn signed(folder: &std::path::Path) -> Hourly {
    let hourly = open(folder, 1).await;
    for minute in 1..=6 {
        record(&hourly, "gate", minute).await;
        hourly.seal(at(minute.unsigned_abs())).await.unwrap();
    }
    hourly
}

/// As somebody would who has the database open and stops at nothing.
async fn forge(db: &CentreDb, change: &str) {
    for trigger in ["ledger_is_not_changed", "ledger_is_not_forgotten"] {
        sqlx::query(sqlx::AssertSqlSafe(format!("DROP TRIGGER IF EXISTS {trigger}")))
            .execute(&db.pool)
            .await
            .unwrap();
    }
    sqlx::query("PRAGMA foreign_keys = off").execute(&db.pool).await.unwrap();
    sqlx::query(sqlx::AssertSqlSafe(change.to_owned())).execute(&db.pool).await.unwrap();
}

fn numbers(stretch: &Stretch) -> Vec<i64> {
    stretch.places().map(|(_, place)| place.number).collect()
}

#[tokio::test]
async fn a_stretch_begins_with_the_last_document_before_the_range_and_goes_on_to_the_last() {
    let folder = tempfile::tempdir().unwrap();
    let hourly = signed(folder.path()).await;
    let db = &hourly.db;
    let (mut stretch, last) = db.stretch(at(4).wall, None).await.unwrap();
    assert_eq!((numbers(&stretch), stretch.problems()), (vec![4, 5, 6], vec![]));
    assert_eq!(numbers(&db.stretch(at(4).wall, Some(3)).await.unwrap().0), [2, 3, 4, 5, 6]);
    assert_eq!(numbers(&db.stretch(at(0).wall, None).await.unwrap().0), [1, 2, 3, 4, 5, 6]);
    assert_eq!(numbers(&db.stretch(at(99).wall, None).await.unwrap().0), [6]);

    let incident: IncidentId = INCIDENT.parse().unwrap();
    let subject = format!("{INCIDENT}/closing");
    let sealed = db.link((LinkKind::Tombstone, Some(&subject)), at(7).wall, |link| {
        Ok(Tombstone::of_evidence(sealer(1).stated(link, at(7))?, incident).seal(&sealer(1).signer))
    });
    let digest = sealed.await.unwrap().digest;
    assert_eq!(db.go_on(&mut stretch, last).await.unwrap(), 7);
    assert_eq!((numbers(&stretch), stretch.next_number()), (vec![4, 5, 6, 7], 8));
    assert_eq!(stretch.before(8), Some(digest.as_str()));
    assert_eq!(stretch.get(db.epoch(), 7).map(|place| place.kind.as_str()), Some("tombstone"));
    assert_eq!(Stretch::from_bytes(&stretch.to_bytes()).unwrap(), stretch);
    assert_eq!(db.first_of(&[INCIDENT.to_owned()]).await.unwrap(), Some(7));
    assert_eq!(db.first_of(&[]).await.unwrap(), None);
}

#[tokio::test]
async fn what_was_taken_out_of_the_database_shows_with_the_time_that_it_covers() {
    let folder = tempfile::tempdir().unwrap();
    let hourly = signed(folder.path()).await;
    forge(&hourly.db, "DELETE FROM ledger WHERE number IN (3, 4)").await;
    // Also where it is the very first of the range.
    for minute in [1, 2, 3] {
        let (stretch, _) = hourly.db.stretch(at(minute).wall, None).await.unwrap();
        assert_eq!(
            stretch.problems(),
            [
                "documents 3 to 4 are missing: signed between 1970-01-01T00:02:00.000Z and 1970-01-01T00:05:00.000Z"
            ]
        );
    }
}

#[tokio::test]
async fn what_was_changed_in_the_database_breaks_the_link_behind_it() {
    let folder = tempfile::tempdir().unwrap();
    let hourly = signed(folder.path()).await;
    forge(&hourly.db, "UPDATE ledger SET envelope = x'7b7d' WHERE number = 3").await;
    let stretch = hourly.db.stretch(at(0).wall, None).await.unwrap().0;
    assert_eq!(numbers(&stretch), [1, 2, 3, 4, 5, 6]);
    assert_eq!(
        stretch.problems(),
        ["the link between documents 3 and 4 is broken, signed between 1970-01-01T00:03:00.000Z and \
          1970-01-01T00:04:00.000Z"]
    );
}

#[tokio::test]
async fn numbers_given_anew_in_the_database_hide_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let hourly = signed(folder.path()).await;
    forge(&hourly.db, "DELETE FROM ledger WHERE number = 3").await;
    forge(
        &hourly.db,
        "UPDATE ledger SET previous = (SELECT digest FROM ledger WHERE number = 2) WHERE number = 4",
    )
    .await;
    forge(&hourly.db, "UPDATE ledger SET number = number - 1, made_at = 0 WHERE number > 3").await;
    let (stretch, last) = hourly.db.stretch(at(0).wall, None).await.unwrap();
    assert_eq!((numbers(&stretch), last), (vec![1, 2, 4, 5, 6], 5));
    assert!(stretch.problems()[0].starts_with("document 3 is missing: signed between 1970-01-01T00:02"));
}

#[test]
fn a_restored_copy_goes_on_in_another_life_and_what_it_lacks_is_known_as_such() {
    let stretch = stretch(1..=6, 3);
    assert_eq!(stretch.problems(), Vec::<String>::new());
    assert_eq!((stretch.get(epoch(1), 4), stretch.get(epoch(2), 4)), (None, Some(&place_in(&stretch, 4))));
    assert!(stretch.is_of_a_lost_end(epoch(1), 4) && stretch.is_of_a_lost_end(epoch(1), 9));
    assert!(!stretch.is_of_a_lost_end(epoch(1), 3) && !stretch.is_of_a_lost_end(epoch(2), 7));
    assert!(!stretch.is_of_a_lost_end(epoch(3), 4));
}

#[test]
fn lives_that_were_lost_with_their_database_stand_in_it() {
    let lost = |life, after| LostLife { epoch: epoch(life), after, found_at: at(9).wall };
    let mut stretch = Stretch::without(vec![lost(3, 2), lost(1, 3)]);
    (1..=6).for_each(|number| stretch.add(epoch(if number <= 3 { 1 } else { 2 }), place(number)));
    assert_eq!(stretch.problems(), Vec::<String>::new());
    assert!(stretch.is_of_a_lost_end(epoch(3), 3) && !stretch.is_of_a_lost_end(epoch(3), 2));
    assert!(stretch.is_of_a_lost_end(epoch(1), 4) && !stretch.is_of_a_lost_end(epoch(1), 3));
    assert_eq!(stretch.lost().map(|life| life.epoch).collect::<Vec<_>>(), [epoch(3)]);
    assert_eq!(Stretch::from_bytes(&stretch.to_bytes()).unwrap(), stretch);

    stretch.lost.push(lost(2, 5));
    assert!(stretch.problems()[0].contains("is called lost, and document 6 is here"));
    let many = Stretch::without(vec![lost(4, 0); 1001]);
    let told = Stretch::from_bytes(&many.to_bytes()).unwrap_err().0;
    assert_eq!(told, "it tells of 1001 lives of one database");
}

fn place_in(stretch: &Stretch, number: i64) -> Place {
    stretch.places().find(|(_, place)| place.number == number).unwrap().1.clone()
}

#[test]
fn a_first_document_that_names_one_before_it_is_none() {
    let first = Place { previous: Some("ab".repeat(32)), ..place(1) };
    let mut stretch = Stretch::default();
    stretch.add(epoch(1), first);
    assert_eq!(stretch.problems(), ["document 1 is not the first: it names one before it"]);
}

#[test]
fn what_was_made_to_keep_a_check_busy_is_refused() {
    let mut stretch = Stretch::default();
    for number in 1..=1001 {
        stretch.add(epoch(if number % 2 == 0 { 1 } else { 2 }), place(number));
    }
    let told = Stretch::from_bytes(&stretch.to_bytes()).unwrap_err().0;
    assert_eq!(told, "it tells of 1001 lives of one database");
}

#[test]
fn an_unknown_form_is_told() {
    let told = Stretch::from_bytes(br#"{"schema":"quaywatch:chain:2","lives":[]}"#).unwrap_err().0;
    assert_eq!(told, r#"it has form "quaywatch:chain:2", and "quaywatch:chain:1" is known"#);
}

proptest! {
    #[test]
    fn documents_taken_out_show(from in 2i64..19, more in 0i64..5, lives in 0i64..20) {
        let to = (from + more).min(19);
        let stretch = stretch((1..=20).filter(|number| !(from..=to).contains(number)), lives);
        let problems = stretch.problems();
        prop_assert_eq!(problems.len(), 1);
        prop_assert!(problems[0].contains("missing: signed between"), "{}", problems[0]);
    }

    #[test]
    fn documents_in_another_order_show(one in 1i64..20, other in 1i64..20) {
        prop_assume!(one != other);
        let mut numbers: Vec<i64> = (1..20).collect();
        numbers.swap(one.unsigned_abs() as usize - 1, other.unsigned_abs() as usize - 1);
        prop_assert!(!stretch(numbers, 9).problems().is_empty());
    }

    #[test]
    fn any_bytes_give_an_answer(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = Stretch::from_bytes(&bytes).map(|stretch| stretch.problems());
    }
}
