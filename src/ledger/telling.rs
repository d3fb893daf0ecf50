//! Tells the province what was signed: the place and the digest of each document, as events in the outbox.

use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

use super::chain::epoch_of;
use super::{LinkKind, Sealer};
use crate::centre_db::{CentreDb, unreadable};
use crate::database::WRITING;
use crate::forward::{OutboxError, add_links};
use crate::model::{Epoch, EventId, IncidentId, Now, Wall};
use crate::wire::{Follows, LinkFact, Links, LinksEvent, MOST_LINKS};

impl CentreDb {
    /// Puts all documents that the province was not told of into the outbox; gives how many events that made.
    ///
    /// # Errors
    /// If something is not committed: what was by then stays so.
    pub async fn tell_links(&self, sealer: &Sealer, now: Now) -> Result<u64, OutboxError> {
        let mut events = 0_u64;
        loop {
            let mut transaction = self.pool.begin_with(WRITING).await?;
            let follows = follows(&mut transaction).await?;
            let links = untold(&mut transaction, follows.map(|_| self.epoch())).await?;
            if links.is_empty() {
                return Ok(events);
            }
            let (numbers, id) = (numbers(&links), EventId(uuid::Uuid::now_v7()));
            let data = Links { follows, links };
            let build =
                |sequence| LinksEvent::new(id, &sealer.centre, now.wall, sequence, self.epoch(), data);
            add_links(&mut transaction, &sealer.signer, now, build).await?;
            sqlx::query("INSERT INTO told_links (number, event) SELECT value, ? FROM json_each(?)")
                .bind(id.to_string())
                .bind(numbers)
                .execute(&mut *transaction)
                .await?;
            transaction.commit().await?;
            events = events.saturating_add(1);
        }
    }
}

fn numbers(links: &[LinkFact]) -> String {
    serde_json::json!(links.iter().map(|link| link.number).collect::<Vec<_>>()).to_string()
}

/// Where this life goes on from, if the database was restored.
async fn follows(db: &mut SqliteConnection) -> Result<Option<Follows>, sqlx::Error> {
    let row = sqlx::query("SELECT follows_epoch, follows_number FROM meta").fetch_one(db).await?;
    let (epoch, number): (Option<String>, Option<i64>) = (row.try_get(0)?, row.try_get(1)?);
    let Some((epoch, number)) = epoch.zip(number) else { return Ok(None) };
    let epoch = epoch.parse().map_err(|e| unreadable("follows_epoch", Box::new(e)))?;
    Ok(Some(Follows { epoch, number }))
}

/// The next documents, as many as one event tells; `epoch` is that of the event, where some may be of an earlier one.
async fn untold(db: &mut SqliteConnection, epoch: Option<Epoch>) -> Result<Vec<LinkFact>, sqlx::Error> {
    sqlx::query(
        "SELECT number, kind, subject, made_at, previous, digest, envelope FROM ledger
         WHERE number > (SELECT coalesce(max(number), 0) FROM told_links) ORDER BY number LIMIT ?",
    )
    .bind(i64::try_from(MOST_LINKS).unwrap_or(i64::MAX))
    .try_map(|row| fact(row, epoch))
    .fetch_all(db)
    .await
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that try_map asks for")]
fn fact(row: SqliteRow, epoch: Option<Epoch>) -> Result<LinkFact, sqlx::Error> {
    let (kind, subject): (String, Option<String>) = (row.try_get("kind")?, row.try_get("subject")?);
    // What was signed before the database was restored, and not told by then.
    let signed_in = epoch.and_then(|_| epoch_of(LinkKind::parse(&kind)?, row.get("envelope")));
    // A manifest's subject is the folder below `evidence/`, which begins with the incident.
    let incident = subject.as_deref().and_then(|subject| subject.split('/').next());
    let incident: Option<IncidentId> = match kind.as_str() {
        "manifest" | "tombstone" => {
            incident.map(str::parse).transpose().map_err(|e| unreadable("subject", Box::new(e)))?
        }
        _ => None,
    };
    Ok(LinkFact {
        number: row.try_get("number")?,
        kind,
        made_at: Wall::from_millis(row.try_get("made_at")?),
        previous: row.try_get("previous")?,
        digest: row.try_get("digest")?,
        incident,
        epoch: signed_in.filter(|signed_in| Some(*signed_in) != epoch),
    })
}

#[cfg(test)]
mod tests {
    use crate::forward::Class;
    use crate::ledger::fixtures::{at, open, record, sealer};
    use crate::ledger::{LinkKind, Tombstone};
    use crate::model::{CentreId, IncidentId};
    use crate::wire::Told;

    const INCIDENT: &str = "0193b3c4-0000-7000-8000-000000000002";

    #[tokio::test]
    async fn the_province_is_told_of_every_document_once_and_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let hourly = open(folder.path(), 1).await;
        let db = &hourly.db;
        record(&hourly, "gate", 1).await;
        hourly.seal(at(2)).await.unwrap();
        let incident: IncidentId = INCIDENT.parse().unwrap();
        for _ in 0..120 {
            let sealed = db.link((LinkKind::Tombstone, Some(INCIDENT)), at(3).wall, |link| {
                Ok(Tombstone::of_evidence(sealer(1).stated(link, at(3))?, incident).seal(&sealer(1).signer))
            });
            sealed.await.unwrap();
        }
        assert_eq!(db.tell_links(&hourly.sealer, at(4)).await.unwrap(), 2);
        assert_eq!(db.tell_links(&hourly.sealer, at(5)).await.unwrap(), 0, "nothing is told twice");
        hourly.seal(at(6)).await.unwrap();
        assert_eq!(db.tell_links(&hourly.sealer, at(6)).await.unwrap(), 1);

        let (mut links, centre) = (vec![], CentreId::new("xuan-lung").unwrap());
        for item in db.waiting().await.unwrap() {
            assert_eq!((item.class, item.incident), (Class::Event, None));
            let payload = db.payload(item.id).await.unwrap().unwrap();
            let Told::Links(event) = Told::from_bytes(&centre, &payload.bytes).unwrap() else { panic!() };
            assert_eq!(event.epoch, db.epoch());
            links.extend(event.data.links);
        }
        let numbers: Vec<i64> = links.iter().map(|link| link.number).collect();
        assert_eq!(numbers, (1..=122).collect::<Vec<_>>());
        assert!(links.windows(2).all(|two| two[1].previous == two[0].digest));
        assert_eq!((links[0].kind.as_str(), links[0].incident), ("hour", None));
        assert_eq!((links[1].kind.as_str(), links[1].incident), ("tombstone", Some(incident)));
    }
}
