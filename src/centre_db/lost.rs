//! Lives of the database that ended because a copy of some time ago, or a new one, took its place. Evidence that was signed
//! in them is still on the disk, and no document of the chain that goes on names it: that this is no forgery, whoever checks
//! a package has to be told.

use serde::{Deserialize, Serialize};
use sqlx::{Row, SqliteConnection};

use super::{CentreDb, Mark};
use crate::model::{Epoch, Wall};

/// A life whose end was lost, or all of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LostLife {
    /// The life.
    pub epoch: Epoch,
    /// The chain goes on without what was signed in it behind the document with this number; without all of it, if that
    /// is 0.
    pub after: i64,
    /// When another database was found in its place, by the centre's clock.
    pub found_at: Wall,
}

impl CentreDb {
    /// The lives whose end was lost.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn lost_lives(&self) -> anyhow::Result<Vec<LostLife>> {
        of(&mut *self.pool.acquire().await?).await
    }
}

/// The lives whose end was lost, as the database has them.
pub(super) async fn of(db: &mut SqliteConnection) -> anyhow::Result<Vec<LostLife>> {
    let rows =
        sqlx::query("SELECT epoch, after, found_at FROM lost_lives ORDER BY epoch").fetch_all(db).await?;
    let lives = rows.into_iter().map(|row| {
        let (epoch, found_at): (String, i64) = (row.try_get("epoch")?, row.try_get("found_at")?);
        let (after, found_at) = (row.try_get("after")?, Wall::from_millis(found_at));
        Ok(LostLife { epoch: epoch.parse()?, after, found_at })
    });
    lives.collect()
}

/// The lives that end now, at a moment, because the database that is `from` so far took their place.
pub(super) struct Ending {
    /// The one that was noted last, if it ends.
    pub(super) noted: Option<Epoch>,
    /// Whether the database is a copy: its own life goes on in another, too.
    pub(super) is_copy: bool,
    pub(super) from: Mark,
    pub(super) at: Wall,
}

/// Adds lives that the note beside the database names, and those that end now. How much is left of a life, only the
/// database that is here can say: it names its own earlier lives, its own goes on to its last document, and of others it
/// has nothing.
pub(super) async fn take(
    db: &mut SqliteConnection,
    noted: &[LostLife],
    ending: &Ending,
) -> Result<(), sqlx::Error> {
    let Ending { noted: ended, is_copy, from, at } = ending;
    let now = ended.iter().copied().chain(is_copy.then_some(from.epoch));
    let lives = noted.iter().map(|life| (life.epoch, life.found_at)).chain(now.map(|epoch| (epoch, *at)));
    // What the note says of a life that goes on is not so.
    for (epoch, found_at) in lives.filter(|(epoch, _)| *is_copy || *epoch != from.epoch) {
        let after = if epoch == from.epoch { from.document } else { 0 };
        sqlx::query(
            "INSERT INTO lost_lives (epoch, after, found_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        )
        .bind(epoch.to_string())
        .bind(after)
        .bind(found_at.as_millis())
        .execute(&mut *db)
        .await?;
    }
    Ok(())
}
