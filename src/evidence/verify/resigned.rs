//! Packages that were signed anew, all of them or in part, by whoever has another key: none of them passes for the
//! centre's.

use super::made::{Making, papers, papers_by};
use super::tests::all_kinds_by;
use super::{CERTIFICATE_NAME, Verdict, verify_by};
use crate::enrol::{Authority, Believed};
use crate::evidence::export::PackedKind;
use crate::model::Wall;
use crate::wire::Signer;

/// The centre's key, and that of whoever forges.
const OURS: u8 = 1;
const THEIRS: u8 = 2;

/// The province's authority, and who believes it and the key of its receipts.
struct Province {
    authority: Authority,
    believed: Believed,
}

fn province() -> Province {
    let folder = tempfile::tempdir().unwrap();
    let now = Wall::from_millis(1_795_300_000_000);
    let authority = Authority::open_or_make(folder.path(), "Phú Thọ", now).unwrap();
    let pem = std::fs::read_to_string(folder.path().join("ca.pem")).unwrap();
    let receipts = Signer::from_secret([9; 32]).public().to_pem().unwrap();
    Province { authority, believed: Believed::from_pem(&format!("{pem}{receipts}")).unwrap() }
}

/// The package as the centre made it, with receipts and this certificate, or the same with another film by another key.
fn package(secret: u8, certificate: &str) -> Making {
    let mut making = all_kinds_by(secret);
    making.text(CERTIFICATE_NAME, certificate.as_bytes());
    if secret != OURS {
        making.replace("counter-1_1.mp4", b"another film");
    }
    making.receipted();
    making
}

fn found(making: Making, province: &Province) -> Verdict {
    verify_by(making.sealed().path(), &province.believed)
}

fn says(verdict: &Verdict, words: &str) -> bool {
    verdict.lines.iter().any(|line| line.contains(words))
}

#[test]
fn a_package_signed_anew_as_a_whole_is_not_the_centre_s_whatever_certificate_lies_in_it() {
    let province = province();
    let ours = papers_by(&province.authority, OURS, "xuan-lung");
    let genuine = found(package(OURS, &ours), &province);
    assert!(genuine.holds(), "{genuine:?}");

    let (own, _) = papers(THEIRS, "xuan-lung");
    let neighbour = papers_by(&province.authority, THEIRS, "van-phu");
    let forgeries = [
        (own, "an authority of their own says that they are the centre"),
        (ours, "the centre's own certificate lies in it"),
        (neighbour, "the province knows them, as another centre"),
        ("no certificate".to_owned(), "nobody knows them"),
    ];
    for (certificate, why) in forgeries {
        let verdict = found(package(THEIRS, &certificate), &province);
        assert!(verdict.is_intact && !verdict.is_trusted, "{why}: {verdict:?}");
        let key = Signer::from_secret([THEIRS; 32]).public().kid();
        assert!(says(&verdict, "intact, signer not confirmed") && says(&verdict, &key), "{why}: {verdict:?}");
        assert!(says(&verdict, "certificate.pem: "), "{why}: {verdict:?}");
    }
}

#[test]
fn a_package_of_which_only_the_list_was_signed_anew_is_not_the_centre_s() {
    let province = province();
    let ours = papers_by(&province.authority, OURS, "xuan-lung");
    let mut making = package(OURS, &ours);
    making.replace("counter-1_1.mp4", b"another film");
    making.sign_as(THEIRS);
    let verdict = found(making, &province);
    assert!(!verdict.is_trusted, "{verdict:?}");
}

#[test]
fn documents_signed_anew_do_not_get_the_receipts_of_those_that_were() {
    let province = province();
    let (ours, theirs) = (package(OURS, "none"), package(THEIRS, "none"));
    let receipt = ours.read("receipts/receipt-1.json");
    let mut forged = theirs;
    forged.replace("receipts/receipt-1.json", &receipt);
    let verdict = found(forged, &province);
    assert!(!verdict.is_intact && !verdict.is_trusted, "{verdict:?}");
    assert!(says(&verdict, "receipts/told-1.json: there is no receipt for it"), "{verdict:?}");
}

#[test]
fn a_film_is_not_the_centre_s_by_a_key_that_somebody_adds_to_it() {
    // What a package says its key is, is not what signed it.
    let province = province();
    let ours = papers_by(&province.authority, OURS, "xuan-lung");
    let mut making = package(OURS, &ours);
    making.file(("more.mp4", "counter-1"), PackedKind::Film, b"another film", vec![]);
    making.sign_only_as(THEIRS);
    let verdict = found(making, &province);
    assert!(!verdict.holds(), "{verdict:?}");
    assert!(says(&verdict, "it is not signed by the key that it names"), "{verdict:?}");
}
