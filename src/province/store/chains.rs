//! How the chain of what a centre signed stands, for the pages.

use serde::Serialize;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;
use utoipa::ToSchema;

use super::read::{moment, moment_if_any};
use super::{Store, StoreError};
use crate::model::{Epoch, Wall};
use crate::province::chain::{self, ChainState};

/// So many of what is missing or does not fit are told; more help nobody.
const TOLD: i64 = 50;

/// How a chain stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ChainRow {
    /// The life of the centre's database.
    #[schema(value_type = Epoch)]
    pub epoch: String,
    /// How it stands.
    pub state: ChainState,
    /// How many documents are known.
    pub documents: i64,
    /// How many are missing below the highest number.
    pub missing: i64,
    /// Where it goes on from, if the centre's database was restored from a copy.
    pub follows: Option<ChainBefore>,
    /// Since when something is missing, by our clock.
    pub open_since: Option<Wall>,
    /// How many do not fit.
    pub faults: i64,
    /// When the newest came.
    pub last_at: Wall,
}

/// The chain that another goes on from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ChainBefore {
    /// The life of the centre's database before.
    #[schema(value_type = Epoch)]
    pub epoch: String,
    /// The number of its last document that the copy has.
    pub number: i64,
    /// How many later ones of it are known here alone: the copy has lost them.
    pub lost: i64,
}

/// What is amiss in all chains of a centre.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChainSums {
    /// How many documents do not fit.
    pub faults: i64,
    /// How many are missing.
    pub missing: i64,
    /// Since when something is missing.
    pub open_since: Option<Wall>,
}

/// Documents that are missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ChainGap {
    /// The life of the centre's database.
    #[schema(value_type = Epoch)]
    pub epoch: String,
    /// The number of the first.
    pub from: i64,
    /// The number of the last.
    pub to: i64,
    /// When the one before them was signed, by the centre's clock.
    pub after: Option<Wall>,
    /// When the one behind them was signed.
    pub before: Wall,
}

/// A document that does not fit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ChainFault {
    /// The life of the centre's database.
    #[schema(value_type = Epoch)]
    pub epoch: String,
    /// The number of the document; 0 of a false beginning.
    pub number: i64,
    /// `two-documents`, `does-not-follow` or `false-beginning`.
    pub fault: String,
    /// SHA-256 of the document that does not fit, hexadecimal; of a false beginning the life that it claims to follow.
    pub digest: String,
    /// When it was found.
    pub at: Wall,
    /// When the document of this number that is kept was signed, by the centre's clock.
    pub made_at: Option<Wall>,
}

impl Store {
    /// How the chains of a centre stand, the newest first.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database does not answer.
    pub async fn chains(&self, centre: &str) -> Result<Vec<ChainRow>, StoreError> {
        let rows = sqlx::query(
            "SELECT *, (SELECT count(*) FROM chain_faults
                        WHERE chain_faults.centre = chains.centre AND chain_faults.epoch = chains.epoch) AS faults,
                    (SELECT count(*) FROM links
                     WHERE links.centre = chains.centre AND links.epoch = chains.follows
                           AND links.number >= chains.begins) AS lost
             FROM chains WHERE centre = ?
             ORDER BY last_ms DESC, follows IS NOT NULL DESC, rowid DESC LIMIT ?",
        )
        .bind(centre)
        .bind(TOLD)
        .fetch_all(&self.readers)
        .await?;
        Ok(rows.iter().map(chain_row).collect())
    }

    /// What is amiss in all chains of a centre, however many there are.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database does not answer.
    pub async fn chain_sums(&self, centre: &str) -> Result<ChainSums, StoreError> {
        let row = sqlx::query(
            "SELECT (SELECT count(*) FROM chain_faults WHERE centre = ?1) AS faults,
                    (SELECT coalesce(sum(max(0, highest - begins + 1 - documents)), 0)
                     FROM chains WHERE centre = ?1) AS missing,
                    (SELECT min(open_since_ms) FROM chains WHERE centre = ?1) AS open_since_ms",
        );
        let row = row.bind(centre).fetch_one(&self.readers).await?;
        Ok(ChainSums {
            faults: row.get("faults"),
            missing: row.get("missing"),
            open_since: moment_if_any(&row, "open_since_ms"),
        })
    }

    /// Which documents of a centre are missing, the newest first.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database does not answer.
    pub async fn chain_gaps(&self, centre: &str) -> Result<Vec<ChainGap>, StoreError> {
        let rows = sqlx::query(
            "SELECT * FROM (
                 SELECT epoch, number, made_ms,
                        coalesce(lag(number) OVER places, begins - 1) AS last,
                        lag(made_ms) OVER places AS last_made_ms
                 FROM links JOIN chains USING (centre, epoch) WHERE centre = ?1
                 WINDOW places AS (PARTITION BY epoch ORDER BY number))
             WHERE number > last + 1 ORDER BY made_ms DESC LIMIT ?2",
        )
        .bind(centre)
        .bind(TOLD)
        .fetch_all(&self.readers)
        .await?;
        let gap = |row: &SqliteRow| ChainGap {
            epoch: row.get("epoch"),
            from: row.get::<i64, _>("last").saturating_add(1),
            to: row.get::<i64, _>("number").saturating_sub(1),
            after: moment_if_any(row, "last_made_ms"),
            before: moment(row, "made_ms"),
        };
        Ok(rows.iter().map(gap).collect())
    }

    /// Which documents of a centre do not fit, the newest first.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database does not answer.
    pub async fn chain_faults(&self, centre: &str) -> Result<Vec<ChainFault>, StoreError> {
        let rows = sqlx::query(
            "SELECT chain_faults.*, links.made_ms FROM chain_faults LEFT JOIN links USING (centre, epoch, number)
             WHERE centre = ? ORDER BY at_ms DESC LIMIT ?",
        )
        .bind(centre)
        .bind(TOLD)
        .fetch_all(&self.readers)
        .await?;
        let fault = |row: &SqliteRow| ChainFault {
            epoch: row.get("epoch"),
            number: row.get("number"),
            fault: row.get("fault"),
            digest: row.get("digest"),
            at: moment(row, "at_ms"),
            made_at: moment_if_any(row, "made_ms"),
        };
        Ok(rows.iter().map(fault).collect())
    }
}

fn chain_row(row: &SqliteRow) -> ChainRow {
    let (documents, begins, faults) = (row.get("documents"), row.get::<i64, _>("begins"), row.get("faults"));
    let missing = chain::missing(documents, begins, row.get("highest"));
    let follows = row.get::<Option<String>, _>("follows").map(|epoch| ChainBefore {
        epoch,
        number: begins.saturating_sub(1),
        lost: row.get("lost"),
    });
    ChainRow {
        epoch: row.get("epoch"),
        state: chain::state(missing, faults),
        documents,
        missing,
        follows,
        open_since: moment_if_any(row, "open_since_ms"),
        faults,
        last_at: moment(row, "last_ms"),
    }
}
