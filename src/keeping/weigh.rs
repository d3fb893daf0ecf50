//! What a decision on one more hold, or one more package, stands on: gathered.

use super::fit::Footing;
use super::{held_by, protected};
use crate::centre_db::CentreDb;
use crate::config::EdgeConfig;
use crate::disk;
use crate::model::Wall;
use crate::record::{Index, LegalHold, Ranges, Rate};

/// How things would be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Weighed {
    /// With the new hold.
    pub footing: Footing,
    /// What it would keep alone.
    pub alone: u64,
}

/// Weighs holding `new` besides what is held already. `trusted_now` is the moment now if the clock is believed.
///
/// # Errors
/// If index, database or disk cannot be read.
pub async fn weigh(
    config: &EdgeConfig,
    (index, db): (&Index, &CentreDb),
    new: LegalHold,
    trusted_now: Option<Wall>,
    now: Wall,
) -> anyhow::Result<Weighed> {
    let space = disk::space(&config.storage.path)?;
    let rate = Rate::measure(index, now).await?;
    let mut holds = protected(db, trusted_now).await?.holds;
    let held = held_by(index, &Ranges::new(&[], &holds), &rate, now).await?;
    let alone = held_by(index, &Ranges::new(&[], std::slice::from_ref(&new)), &rate, now).await?;
    holds.push(new);
    let held_then = held_by(index, &Ranges::new(&[], &holds), &rate, now).await?;
    let recorded = index.tallies().iter().fold(0u64, |sum, (_, tally)| sum.saturating_add(tally.bytes));
    let footing = Footing {
        free: space.free,
        recorded,
        reserve: config.storage.reserve_bytes,
        per_day: rate.bytes_per_day(),
        held,
        held_then,
    };
    Ok(Weighed { footing, alone })
}
