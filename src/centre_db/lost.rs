//! Lives of the database that ended because a copy of some time ago, or a new one, took its place. Evidence that was signed
//! in them is still on the disk, and no document of the chain that goes on names it: that this is no forgery, whoever checks
//! a package has to be told.

use serde::{Deserialize, Serialize};
use sqlx::{Row, SqliteConnection};

use super::CentreDb;
use crate::model::Epoch;

/// A life whose end was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LostLife {
    /// The life.
    pub epoch: Epoch,
    /// The chain goes on without what was signed in it behind the document with this number; all of it, if that is 0.
    pub after: i64,
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
    let rows = sqlx::query("SELECT epoch, after FROM lost_lives ORDER BY epoch").fetch_all(db).await?;
    let lives = rows.into_iter().map(|row| {
        let epoch: String = row.try_get("epoch")?;
        Ok(LostLife { epoch: epoch.parse()?, after: row.try_get("after")? })
    });
    lives.collect()
}

/// Adds what was noted beside the database, and the life that `ended` now, with the number of the document from which the
/// chain goes on: nothing behind that is left of any life.
pub(super) async fn take(
    db: &mut SqliteConnection,
    noted: &[LostLife],
    ended: Option<(Epoch, i64)>,
) -> Result<(), sqlx::Error> {
    let ending = ended.map(|(epoch, after)| LostLife { epoch, after });
    for life in noted.iter().copied().chain(ending) {
        sqlx::query(
            "INSERT INTO lost_lives (epoch, after) VALUES (?, ?)
             ON CONFLICT DO UPDATE SET after = min(after, excluded.after)",
        )
        .bind(life.epoch.to_string())
        .bind(life.after)
        .execute(&mut *db)
        .await?;
    }
    if let Some((_, after)) = ended {
        sqlx::query("UPDATE lost_lives SET after = min(after, ?)").bind(after).execute(db).await?;
    }
    Ok(())
}
