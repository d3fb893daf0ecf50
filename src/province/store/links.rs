//! Writes the links of the centres' chains: what was signed, and what of it does not fit.

use sqlx::{Row, SqliteConnection};

use super::events::note_sequence;
use super::{Store, StoreError};
use crate::clock;
use crate::database::WRITING;
use crate::model::{CentreId, Epoch, Wall};
use crate::province::chain::{self, Around, Fault, Known, Placed};
use crate::province::intake::{self, EventDecision};
use crate::wire::{self, Follows, LinkFact, LinksEvent, Signature};

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
        // An earlier life is one that is known, or the one that this message goes on from.
        let epoch = fact.epoch.unwrap_or(event.epoch);
        let is_named = epoch == event.epoch || event.data.follows.is_some_and(|before| before.epoch == epoch);
        if is_named || knows_chain(db, centre, epoch).await? {
            take_link(db, centre, &placed(epoch, fact), now).await?;
        } else {
            tracing::error!(target: "audit", %centre, %epoch, number = fact.number,
                "a document of a life that nobody knows was told, and is not taken");
        }
    }
    if let Some(follows) = event.data.follows {
        take_follows(db, centre, event.epoch, follows, now).await?;
    }
    Ok(decision)
}

async fn knows_chain(
    db: &mut SqliteConnection,
    centre: &CentreId,
    epoch: Epoch,
) -> Result<bool, sqlx::Error> {
    let known = sqlx::query_scalar::<_, i64>("SELECT count(*) FROM chains WHERE centre = ? AND epoch = ?");
    Ok(known.bind(centre.as_str()).bind(epoch.to_string()).fetch_one(db).await? > 0)
}

/// The centre's database was restored: this chain goes on from another. Said once, it stays; whoever has documents below
/// its beginning, says something else later, or goes on from itself, wants to hide something.
async fn take_follows(
    db: &mut SqliteConnection,
    centre: &CentreId,
    epoch: Epoch,
    follows: Follows,
    now: Wall,
) -> Result<(), sqlx::Error> {
    let begins = follows.number.saturating_add(1);
    let is_of_itself = epoch == follows.epoch;
    let (epoch, earlier) = (epoch.to_string(), follows.epoch.to_string());
    let refused = sqlx::query_scalar::<_, i64>(
        "SELECT (SELECT count(*) FROM links WHERE centre = ?1 AND epoch = ?2 AND number < ?4)
              + (SELECT count(*) FROM chains
                 WHERE centre = ?1 AND epoch = ?2 AND follows IS NOT NULL AND (follows != ?3 OR begins != ?4))",
    );
    let refused = refused.bind(centre.as_str()).bind(&epoch).bind(&earlier).bind(begins);
    if refused.fetch_one(&mut *db).await? > 0 || is_of_itself {
        // The number is the centre's word: what it claims to follow is what tells one such word from another.
        return fault(db, centre, &epoch, (0, Fault::FalseBeginning, &earlier), now).await;
    }
    let said = sqlx::query(
        "UPDATE chains SET follows = ?3, begins = ?4,
             open_since_ms = iif(documents < highest - ?4 + 1, open_since_ms, NULL)
         WHERE centre = ?1 AND epoch = ?2 AND follows IS NULL",
    );
    let said = said.bind(centre.as_str()).bind(&epoch).bind(&earlier).bind(begins);
    if said.execute(&mut *db).await?.rows_affected() > 0 {
        tracing::warn!(target: "audit", %centre, epoch, earlier, document = follows.number,
            "the centre's database was restored from a copy of some time ago");
    }
    let known = |epoch: &str, number: i64| {
        sqlx::query_as::<_, (String, String)>(
            "SELECT previous, digest FROM links WHERE centre = ? AND epoch = ? AND number = ?",
        )
        .bind(centre.as_str().to_owned())
        .bind(epoch.to_owned())
        .bind(number)
    };
    let before = known(&earlier, follows.number).fetch_optional(&mut *db).await?;
    let first = known(&epoch, begins).fetch_optional(&mut *db).await?;
    if let (Some((_, before)), Some((previous, digest))) = (before, first)
        && before != previous
    {
        fault(db, centre, &epoch, (begins, Fault::DoesNotFollow, &digest), now).await?;
    }
    Ok(())
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
    for (number, what) in &judged.faults {
        fault(db, centre, &epoch, (*number, *what, &link.digest), now).await?;
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
             open_since_ms =
                 iif(documents + 1 < max(highest, ?3) - begins + 1, coalesce(open_since_ms, ?4), NULL)",
    )
    .bind(centre.as_str())
    .bind(&epoch)
    .bind(link.number)
    .bind(now.as_millis())
    .execute(db)
    .await?;
    Ok(())
}

/// Keeps in mind what does not fit: the number, and the digest of the document that does not.
async fn fault(
    db: &mut SqliteConnection,
    centre: &CentreId,
    epoch: &str,
    (number, fault, digest): (i64, Fault, &str),
    now: Wall,
) -> Result<(), sqlx::Error> {
    let kept = sqlx::query("INSERT INTO chain_faults VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING")
        .bind(centre.as_str())
        .bind(epoch)
        .bind(number)
        .bind(fault.as_str())
        .bind(digest)
        .bind(now.as_millis())
        .execute(db)
        .await?;
    if kept.rows_affected() > 0 {
        tracing::error!(target: "audit", %centre, epoch, number, fault = fault.as_str(), digest,
            "the chain of what this centre signed is broken");
    }
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
