use super::super::Verdict;
use super::super::made::{Making, trust};
use super::super::verify;
use crate::evidence::credentials::made::{facts, film};
use crate::evidence::credentials::{Credentials, Facts};
use crate::evidence::export::PackedKind;
use crate::model::CameraId;
use crate::wire::Signer;

/// A package with one film, which carries what `facts` say, signed by the key of this secret.
fn package(secret: u8, facts: &Facts) -> Making {
    let folder = tempfile::tempdir().unwrap();
    let signer = Signer::from_secret([secret; 32]);
    let credentials =
        Credentials::of(&signer, None, &facts.centre, crate::clock::now().wall.plus_millis(-60_000)).unwrap();
    let path = film((folder.path(), "a.mp4"), facts, Some(&credentials));
    with_film(&std::fs::read(path).unwrap())
}

/// A package that says of this film that it has credentials.
fn with_film(bytes: &[u8]) -> Making {
    let mut making = Making::new(1);
    making.file(("a.mp4", "gate"), PackedKind::Film, bytes, vec![]);
    let stated = facts();
    making.package.id = stated.package;
    let film = &mut making.package.files[0];
    (film.from, film.to, film.c2pa) = (stated.from, stated.to, true);
    making
}

fn found(making: Making) -> Verdict {
    verify(making.sealed().path(), Some(&trust(1)))
}

fn says(verdict: &Verdict, words: &str) -> bool {
    verdict.lines.iter().any(|line| line.contains(words))
}

#[test]
fn content_credentials_that_say_what_the_package_says_hold() {
    let verdict = found(package(1, &facts()));
    assert!(verdict.holds() && says(&verdict, "(C2PA) of 1 films fit"), "{verdict:?}");
}

#[test]
fn content_credentials_of_another_key_are_found_though_they_fit_the_film() {
    let verdict = found(package(2, &facts()));
    assert!(!verdict.holds() && says(&verdict, "signed by another key than the package"), "{verdict:?}");
}

#[test]
fn content_credentials_of_another_film_are_found() {
    let others = [
        Facts { camera: CameraId::new("counter-1").unwrap(), ..facts() },
        Facts { package: "another".into(), ..facts() },
    ];
    for other in others {
        let verdict = found(package(1, &other));
        assert!(!verdict.holds() && says(&verdict, "of another film than the package says"), "{verdict:?}");
    }
}

#[test]
fn a_film_that_lacks_the_credentials_which_the_package_promises_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let path = film((folder.path(), "a.mp4"), &facts(), None);
    let without = with_film(&std::fs::read(path).unwrap());
    for (making, words) in
        [(without, "there are none, and the package says"), (with_film(b"no film at all"), "(C2PA): the")]
    {
        let verdict = found(making);
        assert!(!verdict.holds() && says(&verdict, words), "{verdict:?}");
    }
}

#[test]
fn a_changed_film_is_told_once_by_its_digest() {
    let making = package(1, &facts());
    let mut bytes = making.read("a.mp4");
    *bytes.last_mut().unwrap() ^= 1;
    super::super::made::put(&making.path().join("a.mp4"), &bytes);
    let verdict = found(making);
    assert!(!verdict.holds() && says(&verdict, "its content was changed"), "{verdict:?}");
    assert!(!says(&verdict, "C2PA"), "{verdict:?}");
}
