//! What is kept, for how long and why; who holds it against deletion; what goes next.
//!
//! Deletion itself is the archive's (`record`); here are the facts that people decide by, the same
//! for the command line and for the centre's pages, and the legal holds.

mod facts;

mod fit;

mod forecast;

mod gather;

mod holds;

mod reason;

mod report;

mod spans;

mod weigh;

mod words;

use std::sync::Arc;

use crate::centre_db::CentreDb;
use crate::clock;
use crate::config::EdgeConfig;
use crate::forward::Outdated;
use crate::model::Wall;
use crate::record::{Archive, Keep, LegalHold, Pin, Policy, Protected};

pub use facts::{DiskFacts, GapFact, HoldFact, NextFact, PinFact, RateFact, StorageReport, StreamFacts};
pub use fit::{Footing, Refused};
pub use gather::timeline;
pub use holds::{Hold, NewHold, Release};
pub use reason::reason;
pub use report::{held_by, report};
pub use spans::{Span, Spans, Stretch};
pub use weigh::{Weighed, weigh};
pub use words::{gap_reason, instant, show, show_hold};

/// What the configuration says of keeping.
pub fn policy(config: &EdgeConfig) -> Policy {
    let storage = &config.storage;
    let own = config.cameras.iter().map(|camera| {
        let keep = Keep { main: camera.keep, sub: camera.sub_keep, most_bytes: camera.keep_size };
        (camera.id.clone(), keep)
    });
    Policy {
        usual: Keep { main: storage.keep, sub: storage.sub_keep, most_bytes: None },
        cameras: own.collect(),
        reserve_bytes: storage.reserve_bytes,
        pin_share: storage.pin_share,
    }
}

/// Lets the archive ask the centre's database what must stay, before every deletion.
pub fn guard(archive: &Arc<Archive>, db: &CentreDb) {
    // The archive owns the question; it must not own itself through it.
    let (asked_by, db) = (Arc::downgrade(archive), db.clone());
    archive.ask_before_deleting(move || {
        let (asked_by, db) = (asked_by.clone(), db.clone());
        Box::pin(async move {
            let now = clock::now();
            let is_trusted = asked_by.upgrade().is_some_and(|archive| archive.believes(now));
            protected(&db, is_trusted.then_some(now.wall)).await
        })
    });
}

/// What incidents and people hold, and what is still to be exported. A hold's chosen end counts only by a trusted clock.
///
/// # Errors
/// If the database cannot be read.
pub async fn protected(db: &CentreDb, trusted_now: Option<Wall>) -> anyhow::Result<Protected> {
    let pins = db.pins().await?.into_iter();
    let holds = db.holds().await?.into_iter().filter(|hold| hold.is_in_force(trusted_now));
    let holds = holds.map(Hold::for_the_archive);
    // Room that is made for a package must not be made of what goes into it.
    let to_come = db.exports_to_come().await?.into_iter().map(|export| LegalHold {
        id: export.id,
        cameras: export.cameras,
        from: export.from,
        to: export.to,
    });
    Ok(Protected {
        pins: pins.map(|pin| Pin { camera: pin.camera, from: pin.from, to: pin.to }).collect(),
        holds: holds.chain(to_come).collect(),
    })
}

/// Before that moment no footage is wanted any more, by the longest of all periods; none if that is for ever.
pub fn oldest_wanted(policy: &Policy, now: Wall) -> Option<Wall> {
    let all = policy.cameras.values().chain([&policy.usual]);
    let longest = all.flat_map(|keep| [keep.main, keep.sub]).max()?;
    Some(now.plus_millis(i64::try_from(longest.as_millis()).ok()?.checked_neg()?))
}

/// Up to when evidence is outdated: it is kept as long as the footage it was cut from.
pub fn outdated(policy: &Policy, now: Wall) -> Outdated {
    let before = |keep: &Keep| {
        now.plus_millis(i64::try_from(keep.main.as_millis()).unwrap_or(i64::MAX).saturating_neg())
    };
    let cameras = policy.cameras.iter().map(|(camera, keep)| (camera.clone(), before(keep)));
    Outdated { now, usual: before(&policy.usual), cameras: cameras.collect() }
}
