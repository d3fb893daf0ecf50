//! How well everything is, from the facts. Pure.
//!
//! A part says what it is by a stable `code` with its values; people read the page's words for it. What needs nobody is
//! good, what somebody should see to in the next days is attention, what loses something now is bad.

use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use crate::ingest::CameraState;
use crate::model::{CameraId, ClockState, ClockTrust, Wall};
use crate::record::Health;
use crate::wire::Backlog;

/// A certificate that runs out within this is to be renewed.
const SOON_MS: i64 = 30 * 86_400_000;

/// Within this nobody can be sure of getting a new one any more.
const URGENT_MS: i64 = 7 * 86_400_000;

/// What is flagged reaches the province within seconds; what waits for longer waits for something.
const PROMPT_MS: i64 = 10 * 60_000;

/// A line that is away for longer than this does not come back by itself.
const PATIENCE_MS: i64 = 60 * 60_000;

/// A few pictures are passed over wherever something else begins at that moment.
const FEW: u64 = 10;

/// One in so many may be passed over.
const ONE_IN: u64 = 10;

/// How well something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Wellness {
    /// Nobody need do anything.
    Good,
    /// Somebody should look at it.
    Attention,
    /// Something is lost now.
    Bad,
}

/// One part and how it is.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Item {
    /// Which part.
    pub part: &'static str,
    /// How well it is.
    pub state: Wellness,
    /// How it is.
    pub code: &'static str,
    /// Which camera, where it is one's.
    pub camera: Option<CameraId>,
    /// The figures that belong to the code.
    #[schema(value_type = Object)]
    pub values: Map<String, Value>,
}

/// What is known of the link to the province.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Whether it is up, and since when it is so.
    pub is_up: bool,
    /// Since when.
    pub since: Wall,
    /// What waits.
    pub waiting: Backlog,
    /// When the province last receipted something.
    pub last_at: Option<Wall>,
}

/// The disk, in bytes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Disk {
    /// Free.
    pub free_bytes: u64,
    /// All of it.
    pub total_bytes: u64,
    /// For how many days of recording it is large enough.
    pub days_left: Option<f64>,
    /// For how many days footage is to be kept.
    pub keep_days: f64,
    /// Whether nothing is left that may be deleted for new footage.
    pub is_stuck: bool,
}

/// Until when a certificate counts; or why that cannot be read.
pub type Expiry = Result<Wall, String>;

/// What became of looking and listening lately.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Seeing {
    /// What was done.
    pub done: u64,
    /// What was passed over.
    pub dropped: u64,
}

/// Everything that is known.
#[derive(Debug, Clone, PartialEq)]
pub struct Facts {
    /// When.
    pub now: Wall,
    /// The cameras' main streams, and since when they are so.
    pub cameras: Vec<(CameraId, CameraState, Wall)>,
    /// Whether the storage takes what is recorded.
    pub recording: Health,
    /// The disk; none if it is away.
    pub disk: Option<Disk>,
    /// The link, if there is a province.
    pub link: Option<Link>,
    /// What is in quarantine.
    pub quarantined: u64,
    /// Files that were given up, and their bytes.
    pub given_up: (u64, u64),
    /// The clock.
    pub clock: ClockState,
    /// Our certificate for the link, where it needs one.
    pub certificate: Option<Expiry>,
    /// The certificate of these pages, where they have one.
    pub web_certificate: Option<Expiry>,
    /// What is wrong with the models: which, and what.
    pub faults: Vec<(String, String)>,
    /// What became of each camera's pictures and sound lately.
    pub seeing: Vec<(CameraId, Seeing)>,
    /// Threads in which a model does not answer.
    pub hanging: u64,
    /// Whether both databases answer.
    pub databases: bool,
}

/// How each part is, in the order in which people look at them.
pub fn judge(facts: &Facts) -> Vec<Item> {
    let mut items: Vec<Item> = facts.cameras.iter().map(camera).collect();
    items.extend([
        recording(&facts.recording),
        disk(facts.disk.as_ref()),
        province(facts.link.as_ref(), facts.now),
        undelivered(facts.quarantined, facts.given_up),
        clock(facts.clock),
        certificate("certificate", facts.certificate.as_ref(), facts.now),
        certificate("web-certificate", facts.web_certificate.as_ref(), facts.now),
    ]);
    items.extend(models(&facts.faults));
    items.extend(seeing(&facts.seeing, facts.hanging));
    items.push(match facts.databases {
        true => item("database", Wellness::Good, "well", json!({})),
        false => item("database", Wellness::Bad, "silent", json!({})),
    });
    items
}

/// As well as the worst of them.
pub fn worst(items: &[Item]) -> Wellness {
    items.iter().map(|item| item.state).max().unwrap_or(Wellness::Good)
}

fn item(part: &'static str, state: Wellness, code: &'static str, values: Value) -> Item {
    let values = match values {
        Value::Object(values) => values,
        _ => Map::new(),
    };
    Item { part, state, code, camera: None, values }
}

fn camera((camera, state, since): &(CameraId, CameraState, Wall)) -> Item {
    let wellness = match state {
        CameraState::Streaming => Wellness::Good,
        CameraState::Connecting | CameraState::Stalled => Wellness::Attention,
        CameraState::Lost | CameraState::Refused => Wellness::Bad,
    };
    let camera = Some(camera.clone());
    Item { camera, ..item("camera", wellness, state.as_str(), json!({ "since": since })) }
}

fn recording(health: &Health) -> Item {
    match health {
        Health::Well => item("recording", Wellness::Good, "well", json!({})),
        Health::Full => item("recording", Wellness::Bad, "failing", json!({ "why": "the disk is full" })),
        Health::Failed { why } => item("recording", Wellness::Bad, "failing", json!({ "why": why })),
    }
}

fn disk(disk: Option<&Disk>) -> Item {
    let Some(disk) = disk else { return item("disk", Wellness::Bad, "away", json!({})) };
    let values = json!({
        "days_left": disk.days_left, "free_bytes": disk.free_bytes, "total_bytes": disk.total_bytes,
    });
    // Footage that goes before its time is what the technician has to know of, before it happens.
    let is_small = disk.days_left.is_some_and(|days| days < disk.keep_days);
    match (disk.is_stuck, is_small) {
        (true, _) => item("disk", Wellness::Bad, "stuck", values),
        (false, true) => item("disk", Wellness::Attention, "low", values),
        (false, false) => item("disk", Wellness::Good, "room", values),
    }
}

fn province(link: Option<&Link>, now: Wall) -> Item {
    let Some(link) = link else { return item("province", Wellness::Good, "none", json!({})) };
    let Backlog { events, files, bytes, oldest } = &link.waiting;
    let mut values = json!({ "events": events, "files": files, "bytes": bytes, "oldest": oldest });
    let is_late = oldest.is_some_and(|oldest| now.millis_since(oldest) > PROMPT_MS);
    if !link.is_up {
        let is_long = now.millis_since(link.since) > PATIENCE_MS;
        if let Some(values) = values.as_object_mut() {
            values.insert("since".to_owned(), json!(link.since));
        }
        let wellness = if is_long { Wellness::Bad } else { Wellness::Attention };
        return item("province", wellness, "disconnected", values);
    }
    match (oldest.is_some(), is_late) {
        (false, _) => item("province", Wellness::Good, "delivered", json!({ "last_at": link.last_at })),
        (true, false) => item("province", Wellness::Good, "backlog", values),
        (true, true) => item("province", Wellness::Attention, "backlog", values),
    }
}

fn undelivered(quarantined: u64, (files, bytes): (u64, u64)) -> Item {
    if quarantined == 0 && files == 0 {
        return item("undelivered", Wellness::Good, "none", json!({}));
    }
    let values = json!({ "quarantined": quarantined, "given_up_files": files, "given_up_bytes": bytes });
    item("undelivered", Wellness::Attention, "some", values)
}

fn clock(clock: ClockState) -> Item {
    let offset = json!({ "offset_ms": clock.offset_ms });
    match clock.state {
        ClockTrust::Synchronised => item("clock", Wellness::Good, "synchronised", offset),
        ClockTrust::Offset => item("clock", Wellness::Bad, "off", offset),
        ClockTrust::Unknown => item("clock", Wellness::Attention, "unknown", json!({})),
    }
}

fn certificate(part: &'static str, expiry: Option<&Expiry>, now: Wall) -> Item {
    let expires = match expiry {
        None => return item(part, Wellness::Good, "none", json!({})),
        Some(Err(why)) if part == "web-certificate" => {
            return item(part, Wellness::Bad, "unreadable", json!({ "why": why }));
        }
        // The papers are not there yet: the link says the rest.
        Some(Err(why)) => return item(part, Wellness::Attention, "missing", json!({ "why": why })),
        Some(Ok(expires)) => *expires,
    };
    let left_ms = expires.millis_since(now);
    let values = json!({ "expires": expires, "days": left_ms.div_euclid(86_400_000) });
    if left_ms <= 0 {
        return item(part, Wellness::Bad, "expired", json!({ "expires": expires }));
    }
    match left_ms {
        left if left < URGENT_MS => item(part, Wellness::Bad, "soon", values),
        left if left < SOON_MS => item(part, Wellness::Attention, "soon", values),
        _ => item(part, Wellness::Good, "good", values),
    }
}

fn models(faults: &[(String, String)]) -> Vec<Item> {
    if faults.is_empty() {
        return vec![item("models", Wellness::Good, "good", json!({}))];
    }
    let fault = |(part, detail): &(String, String)| {
        item("models", Wellness::Bad, "fault", json!({ "part": part, "detail": detail }))
    };
    faults.iter().map(fault).collect()
}

fn seeing(cameras: &[(CameraId, Seeing)], hanging: u64) -> Vec<Item> {
    let is_behind = |seen: &Seeing| {
        seen.dropped > FEW && seen.dropped.saturating_mul(ONE_IN) > seen.done.saturating_add(seen.dropped)
    };
    let behind = cameras.iter().filter(|(_, seen)| is_behind(seen)).map(|(camera, seen)| Item {
        camera: Some(camera.clone()),
        ..item("seeing", Wellness::Attention, "behind", json!({ "camera": camera, "dropped": seen.dropped }))
    });
    let mut items: Vec<Item> = behind.collect();
    if hanging > 0 {
        items.push(item("seeing", Wellness::Attention, "hanging", json!({ "threads": hanging })));
    }
    if items.is_empty() {
        items.push(item("seeing", Wellness::Good, "good", json!({})));
    }
    items
}

#[cfg(test)]
#[path = "judge_tests.rs"]
mod tests;
