use super::super::made::{self, Making, digest, hour_of, incident_id, trust};
use super::super::tests::all_kinds;
use super::super::{Verdict, verify_by};
use crate::centre_db::LostLife;
use crate::enrol::Believed;
use crate::model::{Epoch, Wall};
use crate::wire::Signer;

/// Who believes the centre's key and the province's.
fn both() -> Believed {
    let mut both = trust(1);
    both.add(Signer::from_secret([9; 32]).public());
    both.into()
}

fn found(making: Making, believed: &Believed) -> Verdict {
    verify_by(making.sealed().path(), believed)
}

fn has(verdict: &Verdict, words: &str) -> bool {
    verdict.lines.iter().any(|line| line.contains(words))
}

fn receipted() -> Making {
    let mut making = all_kinds();
    making.receipted();
    making
}

#[test]
fn receipts_tell_what_the_province_had_and_when() {
    let verdict = found(receipted(), &both());
    assert!(verdict.holds(), "{verdict:?}");
    let told = "the province had 8 files of incidents and the documents of 2 hours, the last at 2026-11-23T";
    assert!(has(&verdict, told), "{verdict:?}");
}

#[test]
fn receipts_of_a_key_that_is_not_trusted_are_told_to_prove_nothing() {
    let verdict = found(receipted(), &trust(1).into());
    assert!(verdict.holds() && has(&verdict, "they prove nothing here"), "{verdict:?}");
    assert!(!has(&verdict, "the province had"), "{verdict:?}");
}

#[test]
fn an_old_receipt_that_is_replayed_is_found_though_the_centre_signed_the_package_with_it() {
    let mut making = receipted();
    making.message("receipts/receipt-2.json", 9, Making::receipt_for(&["ab".repeat(32)], 99_999));
    let verdict = found(making, &both());
    assert!(!verdict.is_intact, "{verdict:?}");
    assert!(has(&verdict, "receipts/receipt-2.json: it is a receipt for something else"), "{verdict:?}");
}

#[test]
fn a_receipt_that_was_changed_or_that_the_province_did_not_sign_is_found() {
    let mut making = receipted();
    let mut changed = making.read("receipts/receipt-1.json");
    let place = changed.windows(9).position(|part| part == b"\"payload\"").unwrap() + 20;
    changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
    making.replace("receipts/receipt-1.json", &changed);
    let verdict = found(making, &both());
    assert!(!verdict.is_intact && has(&verdict, "receipts/receipt-1.json: "), "{verdict:?}");
    let mut making = receipted();
    making.text("receipts/letter.txt", b"The province has it all.");
    let verdict = found(making, &both());
    assert!(has(&verdict, "receipts/letter.txt: it is no receipt"), "{verdict:?}");
}

#[test]
fn of_a_revoked_key_only_what_the_province_had_before_is_told_and_the_package_is_not_trusted() {
    let kid = Signer::from_secret([1; 32]).public().kid();
    let since = |time: &str| {
        let mut believed = both();
        believed.revoke(&format!("{kid} {time}")).unwrap();
        found(receipted(), &believed)
    };
    let verdict = since("2030-01-01T00:00:00Z");
    assert!(
        verdict.is_intact && !verdict.is_trusted && has(&verdict, "is revoked since 2030"),
        "{verdict:?}"
    );
    assert!(has(&verdict, "before 2030-01-01T00:00:00.000Z the province had 8 files"), "{verdict:?}");
    let verdict = since("2020-01-01T00:00:00Z");
    assert!(has(&verdict, "the province had nothing of it before 2020"), "{verdict:?}");
}

#[test]
fn neighbours_in_the_chain_that_do_not_follow_each_other_are_told_with_the_time_between() {
    let hours = || {
        let mut making = Making::new(1);
        let files = |path: &'static str| [("counter-1", path, b"film".as_slice())];
        making.hours = vec![hour_of(7, &files("video/a.mp4")), hour_of(8, &files("video/b.mp4"))];
        making.film("counter-1_1.mp4", "counter-1", &["video/a.mp4", "video/b.mp4"]);
        making
    };
    let verdict = found(hours(), &both());
    assert!(verdict.holds() && has(&verdict, "93 documents before it, since number 6 of"), "{verdict:?}");
    // The seventh hour was signed anew, after the eighth had been signed.
    let mut making = hours();
    making.write_hours();
    let mut other = making.hours[0].clone();
    other.previous = "11".repeat(32);
    let document = making.sealed_hour(&other, 1, "xuan-lung");
    making.write_chain(&[]);
    making.text("sources/hour-7.json", &document);
    let verdict = found(making, &both());
    assert!(!verdict.is_intact, "{verdict:?}");
    let another = "sources/hour-7.json: it is another document than number 7 of the centre's chain";
    assert!(has(&verdict, another), "{verdict:?}");
    // And the chain was made to fit.
    let mut making = hours();
    making.write_hours();
    making.text("sources/hour-7.json", &document);
    let verdict = found(making, &both());
    assert!(!verdict.is_intact, "{verdict:?}");
    assert!(has(&verdict, "hour-8.json: the link between documents 7 and 8 is broken"), "{verdict:?}");
}

#[test]
fn what_is_missing_of_the_chain_between_the_documents_of_a_package_and_behind_them_is_told() {
    let without = |numbers: &[i64]| {
        let mut making = receipted();
        making.write_chain(numbers);
        found(making, &both())
    };
    assert!(without(&[]).holds());
    let verdict = without(&[40, 41]);
    assert!(!verdict.is_intact, "{verdict:?}");
    assert!(
        has(&verdict, "sources/chain.json: documents 40 to 41 are missing: signed between"),
        "{verdict:?}"
    );
    let verdict = without(&[97, 98]);
    assert!(!verdict.is_intact, "{verdict:?}");
    assert!(has(&verdict, "the documents of the chain from 97 to 98 are missing"), "{verdict:?}");
    // A document of the package that the chain does not have.
    let verdict = without(&[7]);
    assert!(has(&verdict, "sources/hour-7.json: sources/chain.json has no document 7"), "{verdict:?}");
}

#[test]
fn a_chain_that_begins_only_within_the_range_lacks_its_beginning() {
    let mut making = receipted();
    making.package.from = making.package.from.plus_millis(-40 * 86_400_000);
    let verdict = found(making, &both());
    assert!(!verdict.is_intact, "{verdict:?}");
    assert!(has(&verdict, "what was signed before document 6 is missing"), "{verdict:?}");
}

fn other() -> Epoch {
    "0193b3c4-0000-7000-8000-00000000e001".parse().unwrap()
}

fn lost(epoch: Epoch, after: i64) -> Vec<LostLife> {
    vec![LostLife { epoch, after, found_at: Wall::from_millis(1_795_400_000_000) }]
}

#[test]
fn evidence_of_a_life_that_was_lost_with_its_database_is_told_and_is_no_forgery() {
    let name = format!("incidents/{}/closing/manifest.json", incident_id(2));
    let with = |lost: Vec<LostLife>| {
        let mut making = all_kinds();
        making.of_another_life(&name, other());
        making.receipted();
        making.write_chain_of(&[], lost);
        found(making, &both())
    };
    for unknown in [vec![], lost(other(), 25)] {
        let verdict = with(unknown);
        assert!(!verdict.is_intact && has(&verdict, "has no document 25 of the chain"), "{verdict:?}");
    }
    let verdict = with(lost(other(), 20));
    assert!(verdict.holds(), "{verdict:?}");
    assert!(has(&verdict, "closing/manifest.json: it was signed in a database that was lost"), "{verdict:?}");
    let told = "the centre says, at 2026-11-23T02:13:20.000Z, that the database of its chain \
                0193b3c4-0000-7000-8000-00000000e001 was lost: what was signed in it behind document 20 has no place";
    assert!(has(&verdict, told), "{verdict:?}");
}

#[test]
fn what_the_province_was_told_of_in_a_life_that_was_lost_is_no_other_document() {
    let with = |lost: Vec<LostLife>| {
        let mut making = receipted();
        let told = making.told_in(other(), &[9]);
        making.message("receipts/told-2.json", 1, told.clone());
        making.message("receipts/receipt-2.json", 9, Making::receipt_for(&[digest(&told)], 3600));
        making.write_chain_of(&[], lost);
        found(making, &both())
    };
    let verdict = with(vec![]);
    let told = "receipts/told-2.json: the province was told of another document 9 than";
    assert!(!verdict.is_intact && has(&verdict, told), "{verdict:?}");
    let verdict = with(lost(other(), 0));
    assert!(verdict.holds() && has(&verdict, "was lost: what was signed in it has no place"), "{verdict:?}");
}

#[test]
fn a_life_that_is_called_lost_has_no_documents_behind_the_last_that_is_left_of_it() {
    let with = |after| {
        let mut making = receipted();
        making.write_chain_of(&[], lost(made::epoch(), after));
        found(making, &both())
    };
    let verdict = with(50);
    assert!(!verdict.is_intact && has(&verdict, "is called lost, and document 98 is here"), "{verdict:?}");
    let verdict = with(98);
    let told = "manifest.json: it is document 99 of 0193b3c4-0000-7000-8000-00000000e000, of which";
    assert!(!verdict.is_intact && has(&verdict, told), "{verdict:?}");
}

#[test]
fn neighbours_in_a_package_of_before_the_chain_was_put_in_are_checked_all_the_same() {
    let mut making = Making::new(1);
    let files = |path: &'static str| [("counter-1", path, b"film".as_slice())];
    making.hours = vec![hour_of(7, &files("video/a.mp4")), hour_of(8, &files("video/b.mp4"))];
    making.film("counter-1_1.mp4", "counter-1", &["video/a.mp4", "video/b.mp4"]);
    making.write_hours();
    let other = making.sealed_hour(&making.hours[1].clone(), 1, "xuan-lung");
    making.text("sources/hour-8.json", &other);
    making.write_chain(&[]);
    making.drop_file("sources/chain.json");
    let verdict = found(making, &both());
    assert!(!verdict.is_intact, "{verdict:?}");
    assert!(has(&verdict, "the link between documents 7 and 8 is broken, signed between"), "{verdict:?}");
}

#[test]
fn a_chain_with_another_document_than_the_province_was_told_of_is_told() {
    let mut making = receipted();
    let told = making.told_of(&[7]);
    let other = String::from_utf8(told).unwrap().replace("\"number\":7", "\"number\":50").into_bytes();
    making.message("receipts/told-2.json", 1, other.clone());
    making.message("receipts/receipt-2.json", 9, Making::receipt_for(&[digest(&other)], 3600));
    let verdict = found(making, &both());
    assert!(!verdict.is_intact, "{verdict:?}");
    assert!(
        has(
            &verdict,
            "receipts/told-2.json: the province was told of another document 50 than sources/chain"
        ),
        "{verdict:?}"
    );
}

#[test]
fn a_package_of_before_the_chain_was_put_in_says_so_and_holds() {
    let mut making = receipted();
    making.write_chain(&[]);
    making.drop_file("sources/chain.json");
    let verdict = found(making, &both());
    assert!(verdict.holds(), "{verdict:?}");
    assert!(has(&verdict, "does not say what lies between its documents"), "{verdict:?}");
}
