//! Writes the links of the centres' chains: what was signed, and what of it does not fit.

use sqlx::{Row, SqliteConnection};

use super::events::note_sequence;
use super::{Store, StoreError};
use crate::clock;
use crate::database::WRITING;
use crate::model::{CentreId, Epoch, Wall};
use crate::province::chain::{self, Around, Known, Placed};
use crate::province::intake::{self, EventDecision};
use crate::wire::{self, LinkFact, LinksEvent, Signature};

/// A good message about links as it came.
#[derive(Debug, Clone)]
pub struct StoredLinks<'a> {
    /// Whose.
    pub centre: &'a CentreId,
    /// What it says.
    pub event: &'a LinksEvent,
    /// The exact bytes.
    pub body: &'a [u8],
    /// Who signed them.
    pub signature: &'a Signature,
}

impl Store {
    /// Stores what is new of `messages` and says of each, in order, what was decided. When this returns they are
    /// committed.
    ///
    /// # Errors
    /// [`StoreError::Database`]: then none of them is stored.
    pub async fn take_links(&self, messages: &[StoredLinks<'_>]) -> Result<Vec<EventDecision>, StoreError> {
        let mut tx = self.pool.begin_with(WRITING).await?;
        let mut decisions = Vec::with_capacity(messages.len());
        for message in messages {
            decisions.push(take_message(&mut tx, message).await?);
        }
        tx.commit().await?;
        Ok(decisions)
    }
}

async fn take_message(
    db: &mut SqliteConnection,
    stored: &StoredLinks<'_>,
) -> Result<EventDecision, sqlx::Error> {
    let StoredLinks { centre, event, body, signature } = stored;
    let (id, digest, now) = (event.id.to_string(), wire::digest(body), clock::now().wall);
    let known: Option<String> =
        sqlx::query_scalar("SELECT digest FROM link_messages WHERE centre = ? AND id = ?")
            .bind(centre.as_str())
            .bind(&id)
            .fetch_optional(&mut *db)
            .await?;
    let decision = intake::judge_event(centre, &digest, known.as_deref(), None);
    if decision != EventDecision::Store {
        return Ok(decision);
    }
    let (epoch, sequence) = (event.epoch.to_string(), event.sequence_number().unwrap_or(0));
    sqlx::query("INSERT INTO link_messages VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
        .bind(centre.as_str())
        .bind(&id)
        .bind(&epoch)
        .bind(sequence)
        .bind(event.time.as_millis())
        .bind(*body)
        .bind(&signature.sig)
        .bind(&signature.kid)
        .bind(&digest)
        .bind(now.as_millis())
        .execute(&mut *db)
        .await?;
    note_sequence(db, centre, &epoch, sequence, now).await?;
    for fact in &event.data.links {
        take_link(db, centre, &placed(event.epoch, fact), now).await?;
    }
    Ok(decision)
}

fn placed(epoch: Epoch, fact: &LinkFact) -> Placed {
    Placed {
        epoch,
        number: fact.number,
        kind: fact.kind.clone(),
        incident: fact.incident,
        made_at: fact.made_at,
        previous: fact.previous.clone(),
        digest: fact.digest.clone(),
    }
}

/// Takes one link, from a message or from the document itself, as part of a transaction.
pub(super) async fn take_link(
    db: &mut SqliteConnection,
    centre: &CentreId,
    link: &Placed,
    now: Wall,
) -> Result<(), sqlx::Error> {
    let epoch = link.epoch.to_string();
    let judged = chain::judge(link, &around(db, centre, &epoch, link.number).await?);
    for (number, fault) in &judged.faults {
        tracing::error!(target: "audit", %centre, epoch, number, fault = fault.as_str(), digest = link.digest,
            "the chain of what this centre signed is broken");
        sqlx::query("INSERT INTO chain_faults VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING")
            .bind(centre.as_str())
            .bind(&epoch)
            .bind(number)
            .bind(fault.as_str())
            .bind(&link.digest)
            .bind(now.as_millis())
            .execute(&mut *db)
            .await?;
    }
    if !judged.is_new {
        return Ok(());
    }
    sqlx::query("INSERT INTO links VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)")
        .bind(centre.as_str())
        .bind(&epoch)
        .bind(link.number)
        .bind(&link.kind)
        .bind(link.incident.map(|incident| incident.to_string()))
        .bind(link.made_at.as_millis())
        .bind(&link.previous)
        .bind(&link.digest)
        .bind(now.as_millis())
        .execute(&mut *db)
        .await?;
    sqlx::query(
        "INSERT INTO chains (centre, epoch, documents, highest, open_since_ms, last_ms)
         VALUES (?1, ?2, 1, ?3, iif(?3 > 1, ?4, NULL), ?4)
         ON CONFLICT (centre, epoch) DO UPDATE SET
             documents = documents + 1, highest = max(highest, ?3), last_ms = ?4,
             open_since_ms = iif(documents + 1 < max(highest, ?3), coalesce(open_since_ms, ?4), NULL)",
    )
    .bind(centre.as_str())
    .bind(&epoch)
    .bind(link.number)
    .bind(now.as_millis())
    .execute(db)
    .await?;
    Ok(())
}

async fn around(
    db: &mut SqliteConnection,
    centre: &CentreId,
    epoch: &str,
    number: i64,
) -> Result<Around, sqlx::Error> {
    let rows = sqlx::query(
        "SELECT number, previous, digest FROM links WHERE centre = ? AND epoch = ? AND number BETWEEN ? AND ?",
    )
    .bind(centre.as_str())
    .bind(epoch)
    .bind(number.saturating_sub(1))
    .bind(number.saturating_add(1))
    .fetch_all(db)
    .await?;
    let mut around = Around::default();
    for row in rows {
        let known = Some(Known { previous: row.try_get("previous")?, digest: row.try_get("digest")? });
        match row.try_get::<i64, _>("number")?.cmp(&number) {
            std::cmp::Ordering::Less => around.before = known,
            std::cmp::Ordering::Equal => around.same = known,
            std::cmp::Ordering::Greater => around.after = known,
        }
    }
    Ok(around)
}

#[cfg(test)]
mod tests;
