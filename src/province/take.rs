//! Takes a batch of messages: checks signatures, stores events before files, and says what is to
//! be answered. Whatever storing fails is answered `later`, so that nothing is lost by a full disk.

use std::collections::{BTreeMap, HashSet};

use super::intake::{self, Check, EventDecision, RETRY_ENROLMENT_S, RETRY_TROUBLE_S, Turned, later};
use super::store::{Became, Rejection, Store, StoreError, StoredEvent, StoredLinks, Wanted, WholeFile};
use crate::broker::Received;
use crate::model::{CentreId, CommandId, FileId, Now, Wall};
use crate::wire::{
    self, Event, FileInit, FromCentre, LinksEvent, Outcome, Presence, Receipt, Reply, Signature, Status,
    Subject, Told, Topics, Trust,
};

/// Who may send, and where to put it.
#[derive(Debug)]
pub struct Taker {
    /// The storage.
    pub store: Store,
    /// The topics of this installation.
    pub topics: Topics,
    /// Each known centre's keys.
    pub trust: BTreeMap<CentreId, Trust>,
}

/// What came of a batch.
#[derive(Debug, Default)]
pub struct Taken {
    /// What to answer to whom.
    pub receipts: Vec<(CentreId, Receipt)>,
    /// Files to be read back.
    pub whole: Vec<WholeFile>,
    /// Commands that have their reply now.
    pub replied: Vec<CommandId>,
    /// Centres that said how they are.
    pub heard: Vec<(CentreId, Presence)>,
    /// Requests for new papers.
    pub requests: Vec<(CentreId, String)>,
    /// What went wrong on our side, if anything.
    pub trouble: Option<StoreError>,
}

/// The good messages of a batch, apart.
#[derive(Default)]
struct Sorted<'a> {
    events: Vec<(CentreId, Event, &'a Received, &'a Signature)>,
    links: Vec<(CentreId, LinksEvent, &'a Received, &'a Signature)>,
    files: Vec<(CentreId, FileId, FileMessage<'a>)>,
    statuses: Vec<(CentreId, Status, &'a Received)>,
    replies: Vec<(CentreId, Reply, &'a Received)>,
    rejections: Vec<Rejection>,
}

enum FileMessage<'a> {
    Init { init: Box<FileInit>, received: &'a Received, signature: &'a Signature },
    Chunk { offset: u64, sha256: String, received: &'a Received },
    Fin { size: u64, sha256: String },
}

impl Taker {
    /// Stores what of `batch` is good. When this returns, what is receipted `stored` is committed.
    pub async fn take(&self, batch: &[Received], busy: &HashSet<(CentreId, FileId)>, now: Now) -> Taken {
        let (mut taken, mut sorted) = (Taken::default(), Sorted::default());
        for received in batch {
            self.sort(received, &mut sorted, &mut taken);
        }
        self.take_events(&sorted, &mut taken, now.wall).await;
        self.take_links(&sorted, &mut taken).await;
        for (centre, status, received) in &sorted.statuses {
            let stored = self.store.take_status(centre, status, &received.payload, received.retain, now.wall);
            match stored.await {
                Ok(true) => {
                    taken.heard.push((centre.clone(), status.state));
                    let request = status.certificate_request.clone();
                    taken.requests.extend(request.map(|request| (centre.clone(), request)));
                }
                Ok(false) => {}
                Err(error) => taken.trouble = Some(error),
            }
        }
        for (centre, reply, received) in &sorted.replies {
            match self.store.take_reply(centre, reply, &received.payload, now.wall).await {
                Ok(true) => taken.replied.push(reply.id),
                Ok(false) => {}
                Err(error) => taken.trouble = Some(error),
            }
        }
        self.take_files(&mut sorted, busy, &mut taken, now.wall).await;
        for rejection in &sorted.rejections {
            let Rejection { centre, topic, reason, size } = rejection;
            let centre = centre.as_ref().map_or("", CentreId::as_str);
            tracing::warn!(centre, topic, reason, size, "something was rejected");
        }
        if let Err(error) = self.store.reject(&sorted.rejections, now.wall).await {
            taken.trouble = Some(error);
        }
        taken
    }

    fn sort<'a>(&self, received: &'a Received, sorted: &mut Sorted<'a>, taken: &mut Taken) {
        let Some((centre, message)) = self.topics.parse(&received.topic) else {
            sorted.rejections.push(self.rejection(None, received, "the topic is not one of ours"));
            return;
        };
        let trust = self.trust.get(&centre);
        let checked = || intake::check(trust, &received.payload, received.signature.as_ref());
        match message {
            FromCentre::Event => {
                let check = checked();
                match (intake::read_event(&centre, &received.payload, &check), &received.signature) {
                    (Ok(Told::Incident(event)), Some(signature)) => {
                        sorted.events.push((centre, *event, received, signature));
                    }
                    (Ok(Told::Links(links)), Some(signature)) => {
                        sorted.links.push((centre, *links, received, signature));
                    }
                    (Ok(_), None) => {}
                    (Err(Turned::Away(receipt)), _) => {
                        tracing::warn!(%centre, outcome = ?receipt.outcome, "an event was not taken");
                        if trust.is_some() && check != Check::Good {
                            let reason = check.reason().unwrap_or_default();
                            sorted.rejections.push(self.rejection(Some(&centre), received, reason));
                        }
                        taken.receipts.push((centre, receipt));
                    }
                    (Err(Turned::Down(reason)), _) => {
                        sorted.rejections.push(self.rejection(Some(&centre), received, &reason));
                    }
                }
            }
            FromCentre::Status => {
                let read = match checked().reason() {
                    Some(reason) => Err(reason.to_owned()),
                    None => Status::from_bytes(&received.payload).map_err(|malformed| malformed.0),
                };
                match read {
                    Ok(status) => sorted.statuses.push((centre, status, received)),
                    Err(reason) => sorted.rejections.push(self.rejection(Some(&centre), received, &reason)),
                }
            }
            FromCentre::Reply => {
                let read = match checked().reason() {
                    Some(reason) => Err(reason.to_owned()),
                    None => Reply::from_bytes(&received.payload).map_err(|malformed| malformed.0),
                };
                match read {
                    Ok(reply) => sorted.replies.push((centre, reply, received)),
                    Err(reason) => sorted.rejections.push(self.rejection(Some(&centre), received, &reason)),
                }
            }
            FromCentre::Chunk { .. } | FromCentre::Fin { .. }
                if trust.is_some() && !matches!(checked(), Check::Good) =>
            {
                let reason = checked().reason().unwrap_or_default().to_owned();
                sorted.rejections.push(self.rejection(Some(&centre), received, &reason));
            }
            FromCentre::Init(file) => self.sort_init(centre, file, received, &checked(), sorted, taken),
            FromCentre::Chunk { file, offset, sha256 } => match checked() {
                Check::Good => {
                    sorted.files.push((centre, file, FileMessage::Chunk { offset, sha256, received }));
                }
                // Nobody waits for an answer to a piece: the end will say what is missing.
                Check::NotEnrolled(reason) | Check::Bad(reason) => {
                    sorted.rejections.push(self.rejection(Some(&centre), received, &reason));
                }
            },
            FromCentre::Fin { file, size, sha256 } => match checked() {
                Check::Good => sorted.files.push((centre, file, FileMessage::Fin { size, sha256 })),
                Check::NotEnrolled(reason) => {
                    let missing = vec![(0, size)];
                    let outcome =
                        Outcome::Later { retry_after_s: RETRY_ENROLMENT_S, reason: Some(reason), missing };
                    let digest = Some(format!("sha256:{sha256}"));
                    taken.receipts.push((centre, Receipt::new(Subject::File(file), digest, outcome)));
                }
                // Not answered: whoever forged it must not be able to end a genuine file.
                Check::Bad(reason) => {
                    sorted.rejections.push(self.rejection(Some(&centre), received, &reason));
                }
            },
        }
    }

    /// A bad announcement is answered with the digest of its own bytes, which a forger cannot make
    /// the same as the centre's.
    fn sort_init<'a>(
        &self,
        centre: CentreId,
        file: FileId,
        received: &'a Received,
        check: &Check,
        sorted: &mut Sorted<'a>,
        taken: &mut Taken,
    ) {
        let answer =
            |outcome| Receipt::new(Subject::File(file), Some(wire::digest(&received.payload)), outcome);
        if let Some(outcome) = check.outcome() {
            if matches!(check, Check::Bad(_)) {
                let reason = check.reason().unwrap_or_default();
                sorted.rejections.push(self.rejection(Some(&centre), received, reason));
            }
            taken.receipts.push((centre, answer(outcome)));
            return;
        }
        match (FileInit::from_bytes(&received.payload), &received.signature) {
            (Ok(init), Some(signature)) => {
                let init = Box::new(init);
                sorted.files.push((centre, file, FileMessage::Init { init, received, signature }));
            }
            (Ok(_), None) => {}
            (Err(malformed), _) => {
                taken.receipts.push((centre, answer(Outcome::Refused { reason: malformed.0 })));
            }
        }
    }

    async fn take_events(&self, sorted: &Sorted<'_>, taken: &mut Taken, now: Wall) {
        let events: Vec<StoredEvent<'_>> = sorted
            .events
            .iter()
            .map(|(centre, event, received, signature)| StoredEvent {
                centre,
                event,
                body: &received.payload,
                signature,
            })
            .collect();
        if events.is_empty() {
            return;
        }
        let decided = self.store.take_events(&events, now).await;
        let outcomes = outcomes(decided, events.len(), taken);
        for (stored, outcome) in events.iter().zip(outcomes) {
            let event = stored.event;
            tracing::info!(centre = %stored.centre, incident = %event.subject, event = event.event_type.short(),
                sequence = event.sequence, ?outcome, "an event came");
            let digest = Some(wire::digest(stored.body));
            let receipt = Receipt::new(Subject::Event(event.id), digest, outcome);
            taken.receipts.push((stored.centre.clone(), receipt));
        }
    }

    /// Links go by themselves: one that does not fit must not hold up an event.
    async fn take_links(&self, sorted: &Sorted<'_>, taken: &mut Taken) {
        let links: Vec<StoredLinks<'_>> = sorted
            .links
            .iter()
            .map(|(centre, event, received, signature)| StoredLinks {
                centre,
                event,
                body: &received.payload,
                signature,
            })
            .collect();
        if links.is_empty() {
            return;
        }
        let decided = self.store.take_links(&links).await;
        for (stored, outcome) in links.iter().zip(outcomes(decided, links.len(), taken)) {
            let StoredLinks { centre, event, body, .. } = stored;
            tracing::info!(%centre, links = event.data.links.len(), sequence = event.sequence, ?outcome, "links came");
            let receipt = Receipt::new(Subject::Event(event.id), Some(wire::digest(body)), outcome);
            taken.receipts.push(((*centre).clone(), receipt));
        }
    }

    async fn take_files(
        &self,
        sorted: &mut Sorted<'_>,
        busy: &HashSet<(CentreId, FileId)>,
        taken: &mut Taken,
        now: Wall,
    ) {
        if sorted.files.is_empty() {
            return;
        }
        let messages: Vec<(CentreId, FileId, Wanted<'_>)> = sorted
            .files
            .iter()
            .map(|(centre, file, message)| {
                let wanted = match message {
                    FileMessage::Init { init, received, signature } => {
                        Wanted::Init { init, body: &received.payload, signature }
                    }
                    FileMessage::Chunk { offset, sha256, received } => {
                        Wanted::Chunk { offset: *offset, sha256, payload: &received.payload }
                    }
                    FileMessage::Fin { size, sha256 } => Wanted::Fin { size: *size, sha256 },
                };
                (centre.clone(), *file, wanted)
            })
            .collect();
        let became = match self.store.take_files(&messages, busy, now).await {
            Ok(became) => became,
            Err(error) => {
                taken.trouble = Some(error);
                messages.iter().map(|(_, _, wanted)| while_in_trouble(wanted)).collect()
            }
        };
        for ((centre, file, wanted), became) in messages.iter().zip(became) {
            match became {
                Became::Taken => {}
                Became::Whole(whole) => taken.whole.push(*whole),
                Became::Answer(outcome) => {
                    tracing::info!(%centre, %file, ?outcome, "a file was answered");
                    let receipt = Receipt::new(Subject::File(*file), digest_of(wanted), outcome);
                    taken.receipts.push((centre.clone(), receipt));
                }
                Became::Rejected(reason) => {
                    let size = if let Wanted::Chunk { payload, .. } = wanted { payload.len() } else { 0 };
                    let (centre, topic) = (Some(centre.clone()), format!("file/{file}"));
                    sorted.rejections.push(Rejection { centre, topic, reason: reason.into(), size });
                }
            }
        }
    }

    fn rejection(&self, centre: Option<&CentreId>, received: &Received, reason: &str) -> Rejection {
        Rejection {
            centre: centre.filter(|centre| self.trust.contains_key(*centre)).cloned(),
            topic: received.topic.clone(),
            reason: reason.to_owned(),
            size: received.payload.len(),
        }
    }
}

/// What is answered to each of so many.
fn outcomes(decided: Result<Vec<EventDecision>, StoreError>, many: usize, taken: &mut Taken) -> Vec<Outcome> {
    match decided {
        Ok(decisions) => decisions
            .into_iter()
            .map(|decision| match decision {
                EventDecision::Store | EventDecision::Duplicate => Outcome::Stored,
                EventDecision::Refuse(reason) => Outcome::Refused { reason },
            })
            .collect(),
        Err(error) => {
            taken.trouble = Some(error);
            vec![later(RETRY_TROUBLE_S, "the province cannot store it now"); many]
        }
    }
}

fn while_in_trouble(wanted: &Wanted<'_>) -> Became {
    match wanted {
        // The end of the file will be asked for again, and will say what is missing.
        Wanted::Init { .. } | Wanted::Chunk { .. } => Became::Taken,
        Wanted::Fin { .. } => Became::Answer(later(RETRY_TROUBLE_S, "the province cannot store it now")),
    }
}

/// The digest that the receipt of a good message names: that of the file.
fn digest_of(wanted: &Wanted<'_>) -> Option<String> {
    match wanted {
        Wanted::Init { init, .. } => Some(format!("sha256:{}", init.checksum)),
        Wanted::Fin { sha256, .. } => Some(format!("sha256:{sha256}")),
        Wanted::Chunk { .. } => None,
    }
}
