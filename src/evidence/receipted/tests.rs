use proptest::prelude::*;

use super::*;
use crate::model::{EventId, FileId};
use crate::wire::{LinkFact, Receipt, Signer, Subject, Trust};

fn at(s: i64) -> Wall {
    Wall::from_millis(1_795_400_000_000 + s * 1000)
}

fn hex(n: u8) -> String {
    hex::encode([n; 32])
}

fn centre() -> CentreId {
    CentreId::new("xuan-lung").unwrap()
}

fn signed(signer: &Signer, payload: Vec<u8>) -> Vec<u8> {
    let signature = signer.sign(&payload);
    SignedMessage { payload, signature }.to_bytes()
}

struct Case {
    centre: Signer,
    province: Signer,
    content: Content,
    receipts: Vec<(String, Vec<u8>)>,
    told: Vec<(String, Vec<u8>)>,
}

fn links(hours: &[u8]) -> Vec<u8> {
    let fact = |n: &u8| LinkFact {
        number: i64::from(*n),
        kind: "hour".into(),
        made_at: at(0),
        previous: hex(0),
        digest: hex(*n),
        incident: None,
        epoch: None,
    };
    let (id, epoch) = (EventId(uuid::Uuid::nil()), uuid::Uuid::nil().to_string().parse().unwrap());
    LinksEvent::new(id, &centre(), at(0), 1, epoch, hours.iter().map(fact).collect::<Vec<_>>()).to_bytes()
}

fn receipts(at: Wall, digests: &[String], outcome: &Outcome) -> Vec<u8> {
    let one = |digest: &String| {
        Receipt::new(Subject::File(FileId(uuid::Uuid::nil())), Some(digest.clone()), outcome.clone())
    };
    Receipts { at, receipts: digests.iter().map(one).collect() }.to_bytes()
}

/// A file 1 of an incident and the hours 2 and 3, all receipted.
fn case() -> Case {
    let (ours, province) = (Signer::from_secret([1; 32]), Signer::from_secret([9; 32]));
    let told = links(&[2, 3, 4]);
    let digests = [format!("sha256:{}", hex(1)), digest(&told)];
    let receipt = receipts(at(7), &digests, &Outcome::Stored);
    Case {
        content: Content { files: [hex(1)].into(), hours: [hex(2), hex(3)].into() },
        receipts: vec![("receipt-1.json".into(), signed(&province, receipt))],
        told: vec![("told-1.json".into(), signed(&ours, told))],
        centre: ours,
        province,
    }
}

impl Case {
    fn judge(&self) -> Proven {
        let mut trust = Trust::default();
        trust.add(self.province.public());
        self.judge_by(&trust.into())
    }

    fn judge_by(&self, believed: &Believed) -> Proven {
        let signers = Signers { centre: &centre(), key: &self.centre.public(), believed };
        judge(&self.receipts, &self.told, &self.content, signers)
    }

    fn problem(&self) -> String {
        let proven = self.judge();
        assert_eq!(proven.problems.len(), 1, "{proven:?}");
        proven.problems[0].clone()
    }
}

#[test]
fn receipts_prove_files_of_incidents_and_the_hours_that_the_province_was_told_of() {
    let proven = case().judge();
    let expected: BTreeMap<String, Wall> = [1, 2, 3].map(|n| (hex(n), at(7))).into();
    let told: Vec<i64> = proven.told.iter().map(|told| told.number).collect();
    assert_eq!(told, [2, 3, 4]);
    assert_eq!(Proven { told: vec![], ..proven }, Proven { at: expected, ..Proven::default() });
}

#[test]
fn of_two_receipts_the_first_counts() {
    let mut case = case();
    let later = receipts(at(9), &[format!("sha256:{}", hex(1))], &Outcome::Stored);
    case.receipts.push(("receipt-2.json".into(), signed(&case.province, later)));
    assert_eq!(case.judge().at[&hex(1)], at(7));
}

#[test]
fn a_receipt_by_a_key_that_is_not_trusted_proves_nothing_and_is_told() {
    let case = case();
    let proven = case.judge_by(&Believed::default());
    assert_eq!((proven.at.len(), proven.problems.len()), (0, 0));
    assert_eq!(proven.unknown, [case.province.public().kid()].into());
}

#[test]
fn an_old_receipt_for_something_else_is_found() {
    let mut case = case();
    let old = receipts(at(1), &[format!("sha256:{}", hex(8))], &Outcome::Stored);
    case.receipts.push(("receipt-0.json".into(), signed(&case.province, old)));
    assert_eq!(case.problem(), "receipt-0.json: it is a receipt for something else, not for what is in here");
}

#[test]
fn a_refusal_is_no_receipt() {
    let mut case = case();
    let refused = Outcome::Refused { reason: "no".into() };
    let refusal = receipts(at(1), &[format!("sha256:{}", hex(1))], &refused);
    case.receipts.push(("receipt-0.json".into(), signed(&case.province, refusal)));
    assert!(case.problem().contains("for something else"));
}

#[test]
fn a_message_that_another_signed_or_that_tells_of_other_hours_is_found() {
    let mut forged = case();
    forged.told[0].1 = signed(&Signer::from_secret([5; 32]), links(&[2, 3, 4]));
    assert!(forged.judge().problems[0].contains("not signed by the centre"));
    let mut other = case();
    other.told.push(("told-2.json".into(), signed(&other.centre, links(&[7]))));
    assert!(other.problem().contains("tells of other documents"));
    let mut alone = case();
    alone.told.push(("told-2.json".into(), signed(&alone.centre, links(&[3]))));
    assert_eq!(alone.problem(), "told-2.json: there is no receipt for it");
}

proptest! {
    #[test]
    fn a_changed_receipt_proves_no_more_than_before(place in any::<prop::sample::Index>(), to in any::<u8>()) {
        let mut case = case();
        let good = case.judge();
        let bytes = &mut case.receipts[0].1;
        let place = place.index(bytes.len());
        bytes[place] = to;
        let proven = case.judge();
        // White space and the name of the key aside, a change is a problem; and it never proves anything.
        prop_assert!(proven == good || !proven.problems.is_empty() || !proven.unknown.is_empty());
        prop_assert!(proven.at.iter().all(|(digest, at)| good.at.get(digest) == Some(at)));
    }
}

#[test]
fn a_receipt_that_the_centre_signed_itself_proves_nothing_whoever_trusts_its_key() {
    let mut case = case();
    let forged = receipts(at(-999), &[format!("sha256:{}", hex(1))], &Outcome::Stored);
    case.receipts.push(("receipt-2.json".into(), signed(&case.centre, forged)));
    let mut both = Trust::default();
    both.add(case.province.public());
    both.add(case.centre.public());
    let proven = case.judge_by(&both.into());
    assert_eq!(
        proven.problems,
        ["receipt-2.json: it is signed by the centre's own key, and not by the province"]
    );
    assert_eq!(proven.at[&hex(1)], at(7));
}
