//! Links at a real database: what the pages tell of a chain.

use tempfile::TempDir;

use super::super::Limits;
use super::*;
use crate::evidence::envelope::SignerFacts;
use crate::evidence::manifest::{self, FileFacts};
use crate::ledger::{BEGINNING, Link};
use crate::model::{EventId, FileId, IncidentId};
use crate::province::chain::ChainState;
use crate::province::store::chains::ChainBefore;
use crate::province::store::{Became, Wanted, read_back};
use crate::wire::{FileInit, Links, Outcome, Role, Signer, Trust, UserData};

fn at(s: i64) -> Wall {
    Wall::from_millis(1_795_400_000_000 + s * 1000)
}

fn centre() -> CentreId {
    CentreId::new("xuan-lung").unwrap()
}

fn epoch(n: u8) -> Epoch {
    uuid::Uuid::from_bytes([n; 16]).to_string().parse().unwrap()
}

fn digest(n: i64) -> String {
    if n == 0 { BEGINNING.to_owned() } else { format!("{n:064x}") }
}

fn fact(n: i64) -> LinkFact {
    let (previous, digest) = (digest(n - 1), digest(n));
    LinkFact { number: n, kind: "hour".into(), made_at: at(n), previous, digest, incident: None, epoch: None }
}

async fn storage() -> (TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), Limits { files: 10, bytes: 1 << 20, reserve: 0 }).await.unwrap();
    (folder, store)
}

async fn tell(store: &Store, of: u8, message: u8, links: Vec<LinkFact>) -> EventDecision {
    tell_all(store, of, message, links.into()).await
}

async fn tell_all(store: &Store, of: u8, message: u8, links: Links) -> EventDecision {
    let id = EventId(uuid::Uuid::from_bytes([message; 16]));
    let event = LinksEvent::new(id, &centre(), at(0), u64::from(message), epoch(of), links);
    let (body, signer) = (event.to_bytes(), Signer::from_secret([1; 32]));
    let signature = signer.sign(&body);
    let stored = StoredLinks { centre: &centre(), event: &event, body: &body, signature: &signature };
    store.take_links(&[stored]).await.unwrap().remove(0)
}

async fn standing(store: &Store) -> (ChainState, i64, bool) {
    let chain = store.chains("xuan-lung").await.unwrap().remove(0);
    (chain.state, chain.missing, chain.open_since.is_some())
}

#[tokio::test]
async fn what_is_missing_shows_with_the_time_it_covers_and_closes_when_it_comes() {
    let (_folder, store) = storage().await;
    assert_eq!(tell(&store, 9, 1, vec![fact(1), fact(2)]).await, EventDecision::Store);
    assert_eq!(standing(&store).await, (ChainState::Whole, 0, false));
    tell(&store, 9, 3, vec![fact(6)]).await;
    assert_eq!(standing(&store).await, (ChainState::Open, 3, true));
    let [gap] = &store.chain_gaps("xuan-lung").await.unwrap()[..] else { panic!("one gap") };
    assert_eq!((gap.from, gap.to, gap.after, gap.before), (3, 5, Some(at(2)), at(6)));
    assert_eq!(store.missing_events("xuan-lung").await.unwrap(), 1, "messages are numbered among the events");

    tell(&store, 9, 2, vec![fact(3), fact(4), fact(5)]).await;
    assert_eq!(standing(&store).await, (ChainState::Whole, 0, false));
    assert_eq!(store.chain_gaps("xuan-lung").await.unwrap(), []);
    assert_eq!(tell(&store, 9, 2, vec![fact(3), fact(4), fact(5)]).await, EventDecision::Duplicate);
    assert!(matches!(tell(&store, 9, 2, vec![fact(7)]).await, EventDecision::Refuse(_)));
    assert_eq!(store.chain_faults("xuan-lung").await.unwrap(), []);
}

#[tokio::test]
async fn a_restored_database_goes_on_from_the_last_document_of_its_copy_and_what_the_copy_lost_is_counted() {
    let (_folder, store) = storage().await;
    tell(&store, 9, 1, vec![fact(1), fact(2), fact(3), fact(4)]).await;
    let follows = Some(Follows { epoch: epoch(9), number: 2 });
    let first = LinkFact { digest: "ab".repeat(32), ..fact(3) };
    let links = vec![LinkFact { epoch: Some(epoch(9)), ..fact(2) }, first];
    tell_all(&store, 8, 2, Links { follows, links }).await;
    let [new, old] = &store.chains("xuan-lung").await.unwrap()[..] else { panic!("two chains") };
    assert_eq!((new.state, new.documents, new.missing, new.open_since), (ChainState::Whole, 1, 0, None));
    let before = ChainBefore { epoch: epoch(9).to_string(), number: 2, lost: 2 };
    assert_eq!((&new.follows, &old.follows, old.documents), (&Some(before), &None, 4));
    assert_eq!(store.chain_gaps("xuan-lung").await.unwrap(), []);
    assert_eq!(store.chain_faults("xuan-lung").await.unwrap(), []);
    // A gap behind it is one as ever.
    let links = vec![LinkFact { previous: "cd".repeat(32), ..fact(5) }];
    tell_all(&store, 8, 3, Links { follows, links }).await;
    assert_eq!(standing(&store).await, (ChainState::Open, 1, true));
    let [gap] = &store.chain_gaps("xuan-lung").await.unwrap()[..] else { panic!("one gap") };
    assert_eq!((gap.from, gap.to), (4, 4));
}

#[tokio::test]
async fn a_manifest_that_is_here_before_it_is_told_that_the_database_was_restored_is_open_only_until_then() {
    let (_folder, store) = storage().await;
    tell(&store, 9, 1, vec![fact(1), fact(2)]).await;
    tell(&store, 8, 2, vec![fact(3)]).await;
    assert_eq!(standing(&store).await, (ChainState::Open, 2, true));
    tell_all(&store, 8, 3, Links { follows: Some(Follows { epoch: epoch(9), number: 2 }), links: vec![] })
        .await;
    assert_eq!(standing(&store).await, (ChainState::Whole, 0, false));
}

#[tokio::test]
async fn a_chain_that_does_not_follow_the_one_that_it_names_is_broken() {
    let (_folder, store) = storage().await;
    tell(&store, 9, 1, vec![fact(1), fact(2)]).await;
    let links = vec![LinkFact { previous: "ab".repeat(32), ..fact(3) }];
    let follows = Some(Follows { epoch: epoch(9), number: 2 });
    tell_all(&store, 8, 2, Links { follows, links: links.clone() }).await;
    assert_eq!(standing(&store).await.0, ChainState::Broken);
    // What it says later does not change what it said.
    let other = Some(Follows { epoch: epoch(7), number: 900 });
    tell_all(&store, 8, 3, Links { follows: other, links }).await;
    let chain = store.chains("xuan-lung").await.unwrap().remove(0);
    assert_eq!((chain.missing, chain.follows.unwrap().number, chain.faults), (0, 2, 2));
}

#[tokio::test]
async fn whoever_says_that_it_was_restored_to_hide_what_is_missing_breaks_the_chain() {
    let before = |epoch, number| Some(Follows { epoch, number });
    for follows in [before(epoch(7), 4), before(epoch(9), 0), before(epoch(7), i64::MAX)] {
        let (_folder, store) = storage().await;
        tell(&store, 9, 1, vec![fact(1), fact(2), fact(5), fact(6)]).await;
        tell_all(&store, 9, 2, Links { follows, links: vec![] }).await;
        let chain = store.chains("xuan-lung").await.unwrap().remove(0);
        assert_eq!((chain.missing, chain.follows, chain.state), (2, None, ChainState::Broken), "{follows:?}");
        let fault = store.chain_faults("xuan-lung").await.unwrap().remove(0);
        assert_eq!((fault.number, fault.fault.as_str()), (0, "false-beginning"), "{follows:?}");
    }
}

#[tokio::test]
async fn a_broken_chain_stays_on_the_board_behind_any_number_of_others_and_lives_that_nobody_knows_are_not_taken()
 {
    let (_folder, store) = storage().await;
    tell(&store, 9, 1, vec![fact(1), fact(4)]).await;
    tell(&store, 9, 2, vec![LinkFact { digest: "ab".repeat(32), ..fact(1) }]).await;
    let invented = (20..80u8).map(|n| LinkFact { epoch: Some(epoch(n)), ..fact(1) }).collect();
    tell(&store, 9, 3, invented).await;
    assert_eq!(store.chains("xuan-lung").await.unwrap().len(), 1);
    for n in 20..80 {
        tell(&store, n, n, vec![fact(1)]).await;
    }
    let sums = store.chain_sums("xuan-lung").await.unwrap();
    assert_eq!((sums.faults, sums.missing, sums.open_since.is_some()), (1, 2, true));
}

#[tokio::test]
async fn a_centre_that_signs_its_past_anew_is_found_out_and_what_came_first_stays() {
    let (_folder, store) = storage().await;
    tell(&store, 9, 1, vec![fact(1), fact(2), fact(3)]).await;
    let other = LinkFact { digest: "ab".repeat(32), ..fact(2) };
    assert_eq!(tell(&store, 9, 2, vec![other]).await, EventDecision::Store, "its word is kept");
    let [fault] = &store.chain_faults("xuan-lung").await.unwrap()[..] else { panic!("one fault") };
    assert_eq!((fault.number, fault.fault.as_str(), fault.made_at), (2, "two-documents", Some(at(2))));
    assert_eq!(standing(&store).await.0, ChainState::Broken);
    tell(&store, 9, 3, vec![fact(4)]).await;
    assert_eq!(store.chain_faults("xuan-lung").await.unwrap().len(), 1, "it goes on where it was");
}

#[tokio::test]
async fn a_new_life_of_the_database_has_a_chain_of_its_own() {
    let (_folder, store) = storage().await;
    tell(&store, 9, 1, vec![fact(1), fact(2)]).await;
    tell(&store, 8, 2, vec![LinkFact { digest: "cd".repeat(32), ..fact(1) }]).await;
    let chains = store.chains("xuan-lung").await.unwrap();
    let told: Vec<_> = chains.iter().map(|chain| (chain.state, chain.documents)).collect();
    assert_eq!(told.len(), 2);
    assert!(told.contains(&(ChainState::Whole, 2)) && told.contains(&(ChainState::Whole, 1)), "{told:?}");
}

fn init(incident: IncidentId, role: Role, bytes: &[u8]) -> FileInit {
    let media_type = "application/octet-stream".to_owned();
    let user_data = UserData { incident, role, camera: None, from: at(0), to: at(1), media_type };
    FileInit {
        name: role.as_str().into(),
        size: bytes.len() as u64,
        checksum: hex::encode(<sha2::Sha256 as sha2::Digest>::digest(bytes)),
        user_data,
    }
}

/// Sends a whole file; gives what is answered.
async fn send(store: &Store, n: u8, init: &FileInit, bytes: &[u8], trust: &Trust) -> Outcome {
    let (body, signer) = (init.to_bytes(), Signer::from_secret([1; 32]));
    let (signature, file) = (signer.sign(&body), FileId(uuid::Uuid::from_bytes([n; 16])));
    let payload = bytes::Bytes::copy_from_slice(bytes);
    let wanted = [
        Wanted::Init { init, body: &body, signature: &signature },
        Wanted::Chunk { offset: 0, sha256: &init.checksum, payload: &payload },
        Wanted::Fin { size: init.size, sha256: &init.checksum },
    ];
    let messages: Vec<_> = wanted.into_iter().map(|wanted| (centre(), file, wanted)).collect();
    let mut became = store.take_files(&messages, &Default::default(), at(0)).await.unwrap();
    let Some(Became::Whole(whole)) = became.pop() else { panic!("{became:?}") };
    store.settle(&whole, &read_back(&whole, trust).unwrap(), at(2)).await.unwrap()
}

#[tokio::test]
async fn an_urgent_manifest_may_come_before_its_predecessors_and_names_the_files_that_count() {
    let (_folder, store) = storage().await;
    let signer = Signer::from_secret([1; 32]);
    let mut trust = Trust::default();
    trust.add(signer.public());
    let mut manifest = manifest::tests::manifest(&signer, vec![]);
    let incident = manifest.incident.id;
    let listed = init(incident, Role::Still, b"listed");
    manifest.files = vec![FileFacts {
        name: "still.jpg".into(),
        role: Role::Still,
        media_type: "image/jpeg".into(),
        size: listed.size,
        sha256: listed.checksum.clone(),
        from: at(0),
        to: at(1),
        duration_ms: 0,
        cut_short: None,
    }];
    manifest.link = Some(Link { epoch: epoch(9), number: 4, previous: digest(3) });
    manifest.signer = SignerFacts::of(&signer).unwrap();
    let sealed = manifest.seal(&signer);
    let sent = send(&store, 1, &init(incident, Role::Manifest, &sealed), &sealed, &trust).await;
    assert_eq!(sent, Outcome::Stored);
    assert_eq!(standing(&store).await, (ChainState::Open, 3, true));

    tell(&store, 9, 1, vec![fact(1), fact(2), fact(3)]).await;
    assert_eq!(standing(&store).await, (ChainState::Whole, 0, false));
    let own = hex::encode(<sha2::Sha256 as sha2::Digest>::digest(&sealed));
    let kind = "manifest".to_owned();
    let same = LinkFact { digest: own, kind, incident: Some(incident), ..fact(4) };
    tell(&store, 9, 2, vec![same]).await;
    assert_eq!(store.chain_faults("xuan-lung").await.unwrap(), [], "told twice, the same");

    let is_unlisted = |n: u8, bytes: &'static [u8]| {
        let (store, trust) = (store.clone(), trust.clone());
        async move {
            send(&store, n, &init(incident, Role::Still, bytes), bytes, &trust).await;
            let count = "SELECT count(*) FROM files WHERE role = 'still' AND checksum NOT IN
                         (SELECT sha256 FROM manifest_files)";
            sqlx::query_scalar::<_, i64>(count).fetch_one(&store.pool).await.unwrap()
        }
    };
    assert_eq!(is_unlisted(2, b"listed").await, 0);
    assert_eq!(is_unlisted(3, b"another picture").await, 1);
}
