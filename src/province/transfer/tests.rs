//! A model of a province that keeps a file in memory, driven through any order, repetition and loss
//! of a file's messages.

use proptest::prelude::*;

use super::*;
use crate::model::{IncidentId, Wall};
use crate::wire::{Role, UserData};

const ROOMY: Capacity =
    Capacity { files: 0, bytes: 0, most_files: 10, most_bytes: 1 << 30, free: u64::MAX, reserve: 0 };

fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

fn init_of(bytes: &[u8]) -> FileInit {
    FileInit {
        name: "../../etc/passwd".into(),
        size: bytes.len() as u64,
        checksum: sha256(bytes),
        user_data: UserData {
            incident: IncidentId(uuid::Uuid::nil()),
            role: Role::Clip,
            camera: None,
            from: Wall::default(),
            to: Wall::default(),
            media_type: "video/mp4".into(),
        },
    }
}

fn announced(init: &FileInit) -> KnownFile {
    let (size, checksum) = (init.size, init.checksum.clone());
    KnownFile { size, checksum, state: State::Receiving, have: Ranges::default(), failures: 0 }
}

/// What the shell does, in memory.
#[derive(Default)]
struct Province {
    known: Option<KnownFile>,
    part: Vec<u8>,
    stored: Vec<Vec<u8>>,
}

impl Province {
    fn init(&mut self, init: &FileInit) {
        if judge_init(init, self.known.as_ref(), &ROOMY) == InitDecision::Take {
            self.known = Some(announced(init));
            self.part = vec![0; init.size as usize];
        }
    }

    fn chunk(&mut self, offset: u64, digest: &str, payload: &[u8]) -> ChunkDecision {
        let decision = judge_chunk(self.known.as_ref(), offset, digest, payload);
        if let (ChunkDecision::Write { to }, Some(known)) = (&decision, &mut self.known) {
            self.part[offset as usize..*to as usize].copy_from_slice(payload);
            known.have.insert(offset, *to);
        }
        decision
    }

    fn fin(&mut self, size: u64, digest: &str) -> Outcome {
        match (judge_fin(self.known.as_ref(), size, digest, &ROOMY), &mut self.known) {
            (FinDecision::Answer(outcome), _) => outcome,
            (FinDecision::Verify, None) => panic!("a file that is not known was whole"),
            (FinDecision::Verify, Some(known)) => {
                let found = Found { size: self.part.len() as u64, sha256: sha256(&self.part) };
                match judge_whole(known, Some(&found)) {
                    Verified::Store => {
                        known.state = State::Stored;
                        self.stored.push(self.part.clone());
                        Outcome::Stored
                    }
                    Verified::Again { outcome, failures } => {
                        known.failures = failures;
                        known.have = Ranges::default();
                        outcome
                    }
                    Verified::Refuse(reason) => {
                        known.state = State::Refused(reason.clone());
                        Outcome::Refused { reason }
                    }
                }
            }
        }
    }
}

#[derive(Debug, Clone)]
enum Step {
    Init,
    Piece { from: usize, len: usize },
    Corrupt { from: usize, len: usize },
    Fin,
    PowerCut { at: usize },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => Just(Step::Init),
        8 => (0usize..200, 0usize..80).prop_map(|(from, len)| Step::Piece { from, len }),
        1 => (0usize..200, 0usize..80).prop_map(|(from, len)| Step::Corrupt { from, len }),
        2 => Just(Step::Fin),
        1 => (0usize..200).prop_map(|at| Step::PowerCut { at }),
    ]
}

proptest! {
    #[test]
    fn any_order_repetition_and_loss_ends_in_the_right_bytes_stored_once(
        bytes in proptest::collection::vec(any::<u8>(), 1..200),
        steps in proptest::collection::vec(step(), 0..60),
        chunk in 1usize..70,
    ) {
        let (init, digest, size) = (init_of(&bytes), sha256(&bytes), bytes.len() as u64);
        let mut province = Province::default();
        let mut lost = 0;
        for step in steps {
            match step {
                Step::Init => province.init(&init),
                Step::Piece { from, len } => {
                    let from = from.min(bytes.len());
                    let piece = &bytes[from..(from + len).min(bytes.len())];
                    province.chunk(from as u64, &sha256(piece), piece);
                }
                Step::Corrupt { from, len } => {
                    let piece = vec![7; len];
                    let decision = province.chunk(from as u64, &digest, &piece);
                    let written = matches!(decision, ChunkDecision::Write { .. });
                    prop_assert!(!written);
                }
                Step::Fin => {
                    province.fin(size, &digest);
                }
                // A block that was written but not synced; more than one makes it hopeless.
                Step::PowerCut { at } if lost == 0 && province.stored.is_empty() => {
                    if let Some(byte) = province.part.get_mut(at) {
                        lost += 1;
                        *byte ^= 0xff;
                    }
                }
                Step::PowerCut { .. } => {}
            }
        }
        // Then the centre does as the receipts say.
        let mut rounds = 0;
        let end = loop {
            rounds += 1;
            prop_assert!(rounds < 10, "never ends");
            match province.fin(size, &digest) {
                Outcome::Later { missing, .. } => {
                    province.init(&init);
                    for (from, to) in missing {
                        for from in (from..to).step_by(chunk) {
                            let to = to.min(from + chunk as u64);
                            let piece = &bytes[from as usize..to as usize];
                            province.chunk(from, &sha256(piece), piece);
                        }
                    }
                }
                end => break end,
            }
        };
        prop_assert_eq!(end, Outcome::Stored);
        prop_assert_eq!(province.stored, vec![bytes]);
    }
}

#[test]
fn a_file_never_heard_of_is_missing_as_a_whole() {
    let FinDecision::Answer(Outcome::Later { missing, .. }) = judge_fin(None, 9, "x", &ROOMY) else {
        panic!("not later")
    };
    assert_eq!(missing, [(0, 9)]);
}

#[test]
fn whole_but_wrong_is_asked_for_again_and_refused_the_third_time() {
    let mut known = announced(&init_of(b"hello"));
    let wrong = Found { size: 5, sha256: sha256(b"hellp") };
    for failures in 0..2 {
        known.failures = failures;
        let again = judge_whole(&known, Some(&wrong));
        let Verified::Again { outcome: Outcome::Later { missing, .. }, failures: counted } = again else {
            panic!("not asked for again after {failures}")
        };
        assert_eq!((missing, counted), (vec![(0, 5)], failures + 1));
    }
    known.failures = 2;
    assert!(matches!(judge_whole(&known, Some(&wrong)), Verified::Refuse(_)));
    let nothing = judge_whole(&known, None);
    assert!(matches!(nothing, Verified::Again { failures: 2, .. }), "nothing there is not wrong bytes");
}

#[test]
fn a_full_province_says_later_and_never_refuses() {
    let init = init_of(b"hello");
    for full in [
        Capacity { files: 10, ..ROOMY },
        Capacity { bytes: (1 << 30) - 1, ..ROOMY },
        Capacity { free: 1_000, reserve: 999, ..ROOMY },
    ] {
        let decision = judge_init(&init, None, &full);
        assert!(matches!(decision, InitDecision::Answer(Outcome::Later { reason: Some(_), .. })));
        let FinDecision::Answer(Outcome::Later { missing, retry_after_s, .. }) =
            judge_fin(None, 5, &init.checksum, &full)
        else {
            panic!("refused")
        };
        assert_eq!((missing, retry_after_s), (vec![(0, 5)], RETRY_TROUBLE_S));
        let known = announced(&init);
        assert_eq!(judge_init(&init, Some(&known), &full), InitDecision::Known, "it had its room");
    }
}

#[test]
fn the_same_file_id_with_other_content_is_refused() {
    let known = announced(&init_of(b"hello"));
    let other = init_of(b"other");
    let decision = judge_init(&other, Some(&known), &ROOMY);
    assert!(matches!(decision, InitDecision::Answer(Outcome::Refused { .. })));
    assert!(matches!(
        judge_fin(Some(&known), 5, &other.checksum, &ROOMY),
        FinDecision::Answer(Outcome::Refused { .. })
    ));
}

#[test]
fn a_piece_outside_the_announced_length_is_rejected() {
    let known = announced(&init_of(b"hello"));
    for offset in [5, 2, u64::MAX] {
        let decision = judge_chunk(Some(&known), offset, &sha256(b"hell"), b"hell");
        assert!(matches!(decision, ChunkDecision::Reject(_)), "{offset}: {decision:?}");
    }
    assert!(matches!(judge_chunk(None, 0, &sha256(b"h"), b"h"), ChunkDecision::Ignore(_)));
}
