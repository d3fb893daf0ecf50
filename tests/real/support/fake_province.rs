//! As much of a province as the link needs: it checks signatures, collects, and answers.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use quaywatch::broker::{Connection, Message, Notice, Options, Received};
use quaywatch::model::{CentreId, EventId, FileId, Wall};
use quaywatch::wire::{
    Event, FileInit, FromCentre, Outcome, Presence, Receipt, Receipts, Signer, Status, Subject, Topics,
    Trust, digest,
};

/// What arrived.
#[derive(Default)]
pub struct Heard {
    /// Every event, with how often it came.
    pub events: BTreeMap<EventId, (Event, usize)>,
    /// Announced files and their pieces by offset.
    pub files: HashMap<FileId, (FileInit, BTreeMap<u64, Vec<u8>>)>,
    /// Bytes of all pieces that came, also those that came twice.
    pub piece_bytes: usize,
    /// What kinds of file messages came, in order: `init`, `chunk`, `fin`.
    pub file_messages: Vec<&'static str>,
    /// The newest status.
    pub status: Option<Status>,
    /// Messages whose signature did not count.
    pub forged: usize,
}

impl Heard {
    /// The file, if all of it is there and its digest is right.
    pub fn whole(&self, file: FileId) -> Option<Vec<u8>> {
        let (init, pieces) = self.files.get(&file)?;
        let mut bytes = vec![];
        for (offset, piece) in pieces {
            let from = usize::try_from(*offset).unwrap();
            if from > bytes.len() {
                return None;
            }
            bytes.truncate(from);
            bytes.extend_from_slice(piece);
        }
        (digest(&bytes) == format!("sha256:{}", init.checksum)).then_some(bytes)
    }

    /// Whether the newest status says online.
    pub fn is_online(&self) -> bool {
        self.status.as_ref().is_some_and(|status| status.state == Presence::Online)
    }
}

/// A province that runs until its task is aborted.
pub struct FakeProvince {
    /// How to reach the broker.
    pub options: Options,
    /// Of which centre.
    pub centre: CentreId,
    /// The centre's keys.
    pub trust: Trust,
    /// Signs receipts.
    pub signer: Arc<Signer>,
    /// Where it keeps what arrives.
    pub heard: Arc<Mutex<Heard>>,
    /// Called with the number of pieces that have arrived, before the next message is read.
    pub at_piece: Box<dyn FnMut(usize) + Send>,
}

impl FakeProvince {
    /// Connects, again and again, and answers.
    pub async fn run(mut self) {
        loop {
            let mut connection = Connection::open(&self.options);
            while let Ok(notice) = connection.next().await {
                match notice {
                    Notice::Connected { .. } => {
                        connection.subscribe(&Topics::default().province_filters()).unwrap();
                    }
                    Notice::Received(received) => {
                        if let Some(receipt) = self.hear(&received) {
                            let message = signed_receipts(&self.signer, &self.centre, vec![receipt]);
                            let _ = connection.publish(1, message);
                        }
                    }
                    _ => {}
                }
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    fn hear(&mut self, received: &Received) -> Option<Receipt> {
        let heard = Arc::clone(&self.heard);
        let mut heard = heard.lock().unwrap();
        if self.trust.verify(&received.payload, received.signature.as_ref()).is_err() {
            heard.forged += 1;
            return None;
        }
        let (centre, message) = Topics::default().parse(&received.topic)?;
        assert_eq!(centre, self.centre);
        match message {
            FromCentre::Status | FromCentre::Reply => {
                heard.status = Some(Status::from_bytes(&received.payload).unwrap());
                None
            }
            FromCentre::Event => {
                let event = Event::from_bytes(&centre, &received.payload).unwrap();
                let id = event.id;
                heard.events.entry(id).or_insert((event, 0)).1 += 1;
                Some(Receipt::new(Subject::Event(id), Some(digest(&received.payload)), Outcome::Stored))
            }
            FromCentre::Init(file) => {
                heard.file_messages.push("init");
                let init = FileInit::from_bytes(&received.payload).unwrap();
                heard.files.entry(file).or_insert((init, BTreeMap::new()));
                None
            }
            FromCentre::Chunk { file, offset, sha256 } => {
                heard.file_messages.push("chunk");
                heard.piece_bytes += received.payload.len();
                assert_eq!(digest(&received.payload), format!("sha256:{sha256}"));
                heard.files.get_mut(&file).unwrap().1.insert(offset, received.payload.to_vec());
                let pieces = heard.file_messages.iter().filter(|kind| **kind == "chunk").count();
                drop(heard);
                (self.at_piece)(pieces);
                None
            }
            FromCentre::Fin { file, size, sha256 } => {
                heard.file_messages.push("fin");
                let subject = Subject::File(file);
                if heard.whole(file).is_some() {
                    return Some(Receipt::new(subject, Some(format!("sha256:{sha256}")), Outcome::Stored));
                }
                let missing = missing(&heard, file, size);
                Some(Receipt::new(subject, None, Outcome::Later { retry_after_s: 1, reason: None, missing }))
            }
        }
    }
}

fn missing(heard: &Heard, file: FileId, size: u64) -> Vec<(u64, u64)> {
    let (mut missing, mut at) = (vec![], 0);
    if let Some((_, pieces)) = heard.files.get(&file) {
        for (offset, piece) in pieces {
            if *offset > at {
                missing.push((at, *offset));
            }
            at = at.max(offset + piece.len() as u64);
        }
    }
    if at < size {
        missing.push((at, size));
    }
    missing
}

/// Receipts as `signer` would send them.
pub fn signed_receipts(signer: &Signer, centre: &CentreId, receipts: Vec<Receipt>) -> Message {
    let payload = Receipts { at: Wall::from_millis(1_795_400_107_120), receipts }.to_bytes();
    let signature = Some(signer.sign(&payload));
    Message { topic: Topics::default().receipt(centre), payload: payload.into(), retain: false, signature }
}
