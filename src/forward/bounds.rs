//! Keeps the outbox within its bounds: what [`super::sacrifice`] chooses is given up and told in one
//! transaction, as an `evidence-given-up` incident, which rolls on for a day.

use std::collections::BTreeMap;

use serde_json::json;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::incidents::{Evidence, IncidentRow};
use super::outbox::OutboxError;
use super::queue::severity_of;
use super::sacrifice::{Bounds, Candidate, sacrifice};
use crate::centre_db::{CentreDb, unreadable};
use crate::database::WRITING;
use crate::ledger::{LinkKind, Sealer, Tombstone, link_in};
use crate::model::{EventId, FileId, Ids, IncidentId, Kind, Now, Severity, Wall};
use crate::people::{Act, AuditLog};
use crate::wire::{Event, EventType, Role};

/// For so long what is given up is told as one incident.
const ROLLS_FOR_MS: i64 = 86_400_000;

/// Who gives up, and how it is told.
pub struct Keeper<'a> {
    /// What it may hold.
    pub bounds: Bounds,
    /// Who signs what is told.
    pub sealer: &'a Sealer,
}

/// What was given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct GivenUp {
    /// Files.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl CentreDb {
    /// Gives up what the outbox may not hold. `dated` is the moment now, where age counts.
    ///
    /// # Errors
    /// If it is not committed; then nothing is given up.
    pub async fn keep_within_bounds(
        &self,
        keeper: &Keeper<'_>,
        dated: Option<Wall>,
        ids: &mut Ids,
        now: Now,
    ) -> Result<GivenUp, OutboxError> {
        let backlog = self.backlog().await?;
        let keep_ms = i64::try_from(keeper.bounds.keep.as_millis()).unwrap_or(i64::MAX);
        let is_old = |now: Wall| backlog.oldest.is_some_and(|oldest| now.millis_since(oldest) > keep_ms);
        if backlog.bytes <= keeper.bounds.bytes && !dated.is_some_and(is_old) {
            return Ok(GivenUp::default());
        }
        let chosen = sacrifice(self.candidates().await?, &keeper.bounds, dated);
        if chosen.is_empty() {
            return Ok(GivenUp::default());
        }
        let given_up =
            GivenUp { files: chosen.len() as u64, bytes: chosen.iter().map(|file| file.size).sum() };
        let (row, is_new) = self.rolling(keeper, &chosen, &given_up, ids, now).await?;
        let mut transaction = self.pool.begin_with(WRITING).await?;
        for file in &chosen {
            let reason = format!("given up at {}: the outbox is over its bounds", now.wall);
            sqlx::query(
                "UPDATE outbox SET state = 'given-up', reason = ? WHERE id = ? AND state = 'waiting'",
            )
            .bind(reason)
            .bind(file.id.to_string())
            .execute(&mut *transaction)
            .await?;
        }
        for (incident, unsent) in by_incident(&chosen) {
            let subject = incident.to_string();
            link_in(&mut transaction, (LinkKind::Tombstone, Some(&subject)), now.wall, |link| {
                let stated = keeper.sealer.stated(link, now)?;
                Ok(Tombstone::of_delivery(stated, incident, unsent).seal(&keeper.sealer.signer))
            })
            .await?;
        }
        super::incidents::write(&mut transaction, &row).await?;
        let (subject, detail) = (
            row.id.to_string(),
            json!({
                "reason": "outbox-bounds", "what": "evidence-for-the-province", "files": given_up.files,
                "bytes": given_up.bytes,
            }),
        );
        let who = ("quaywatch", "service");
        let act = Act { who: who.0, from: who.1, action: "deleted", subject: Some(&subject), detail };
        AuditLog::add_in(&mut transaction, act, now.wall).await?;
        // It is over as soon as it is told; what is added later does not open it again.
        let kinds: &[_] =
            if is_new { &[EventType::Opened, EventType::Closed] } else { &[EventType::Updated] };
        for kind in kinds {
            let id = EventId(ids.next(now));
            let build = |sequence| {
                Event::new(
                    id,
                    &keeper.sealer.centre,
                    *kind,
                    row.id,
                    now.wall,
                    sequence,
                    self.epoch(),
                    row.data(vec![]),
                )
            };
            super::outbox::add_event(&mut transaction, &row, &keeper.sealer.signer, now, build).await?;
        }
        transaction.commit().await?;
        tracing::error!(target: "audit", files = given_up.files, bytes = given_up.bytes,
            "more waits for the province than the outbox may hold: evidence is not sent any more, and stays here");
        Ok(given_up)
    }

    /// How many files were given up, and their bytes.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn given_up(&self) -> Result<(i64, i64), sqlx::Error> {
        sqlx::query_as("SELECT count(*), coalesce(sum(size), 0) FROM outbox WHERE state = 'given-up'")
            .fetch_one(&self.pool)
            .await
    }

    /// Every file that waits.
    async fn candidates(&self) -> Result<Vec<Candidate>, sqlx::Error> {
        let rows = sqlx::query(
            "SELECT outbox.id, outbox.incident, outbox.digest, outbox.severity, made_at, size, json_extract(payload, '$.user_data.role') AS role,
                    incidents.ended_at IS NOT NULL AS is_closed
             FROM outbox JOIN incidents ON incidents.id = outbox.incident
             WHERE outbox.state = 'waiting' AND outbox.kind = 'file'",
        )
        .fetch_all(&self.pool)
        .await?;
        let candidate = |row: &SqliteRow| {
            let (id, role): (String, String) = (row.try_get("id")?, row.try_get("role")?);
            let incident: String = row.try_get("incident")?;
            Ok(Candidate {
                incident: incident.parse().map_err(|e: uuid::Error| unreadable("incident", Box::new(e)))?,
                digest: row.try_get("digest")?,
                id: FileId(id.parse().map_err(|e: uuid::Error| unreadable("id", Box::new(e)))?),
                role: Role::parse(&role).ok_or_else(|| unreadable("role", role))?,
                severity: severity_of(row.try_get("severity")?)?,
                is_closed: row.try_get("is_closed")?,
                made_at: Wall::from_millis(row.try_get("made_at")?),
                size: u64::try_from(row.try_get::<i64, _>("size")?).unwrap_or(0),
            })
        };
        rows.iter().map(candidate).collect()
    }

    /// The incident that tells it: that of the last day goes on, else a new one begins.
    async fn rolling(
        &self,
        keeper: &Keeper<'_>,
        chosen: &[Candidate],
        given_up: &GivenUp,
        ids: &mut Ids,
        now: Now,
    ) -> Result<(IncidentRow, bool), sqlx::Error> {
        let known: Option<String> = sqlx::query_scalar(
            "SELECT id FROM incidents WHERE kind = ? AND started_at > ? ORDER BY started_at DESC",
        )
        .bind(Kind::EvidenceGivenUp.as_str())
        .bind(now.wall.plus_millis(-ROLLS_FOR_MS).as_millis())
        .fetch_optional(&self.pool)
        .await?;
        let known = match known.and_then(|id| id.parse().ok()) {
            Some(id) => self.incident(id).await?,
            None => None,
        };
        let is_new = known.is_none();
        let mut row = known.unwrap_or_else(|| IncidentRow {
            id: IncidentId(ids.next(now)),
            kind: Kind::EvidenceGivenUp,
            severity: Severity::Warning,
            camera: None,
            also: vec![],
            zone: None,
            started_at: now.wall,
            flagged_at: now.wall,
            ended_at: None,
            peak: serde_json::Map::new(),
            count: 0,
            rule: Kind::EvidenceGivenUp.as_str().to_owned(),
            clip: None,
            evidence: Evidence::None,
            clock: *keeper.sealer.clock.borrow(),
            sound_may_leave: false,
            asked: false,
        });
        // It is over as soon as it is told, so that a stop does not find it open.
        (row.ended_at, row.count) = (Some(now.wall), row.count.saturating_add(1));
        let mut add = |key: &str, more: u64| {
            let had = row.peak.get(key).and_then(serde_json::Value::as_u64).unwrap_or(0);
            row.peak.insert(key.to_owned(), (had + more).into());
        };
        add("files", given_up.files);
        add("bytes", given_up.bytes);
        let urgent = chosen.iter().filter(|file| file.severity == Severity::Urgent).count();
        add("urgent_files", urgent as u64);
        let oldest = chosen.iter().map(|file| file.made_at).min().unwrap_or(now.wall);
        row.peak.entry("oldest").or_insert_with(|| oldest.to_string().into());
        Ok((row, is_new))
    }
}

/// The digests of what was chosen, for each incident.
fn by_incident(chosen: &[Candidate]) -> BTreeMap<IncidentId, Vec<String>> {
    let mut all: BTreeMap<_, Vec<String>> = BTreeMap::new();
    for file in chosen {
        all.entry(file.incident).or_default().push(file.digest.clone());
    }
    all
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::forward::fixtures::{db, event, file, incident, now, signer};
    use crate::wire::{Role, Subject};

    #[tokio::test]
    async fn what_is_given_up_is_told_in_the_same_breath_and_nothing_else_goes() {
        let folder = tempfile::tempdir().unwrap();
        let (db, mut ids) = (db(folder.path()).await, Ids::new(4));
        let mut made = vec![];
        for severity in [Severity::Urgent, Severity::Warning, Severity::Warning] {
            let row = IncidentRow { ended_at: Some(now().wall), ..incident(&mut ids, severity) };
            let (one, two) = (EventId(ids.next(now())), EventId(ids.next(now())));
            db.record_event(&row, &signer(), now(), |n, epoch| event(one, &row, n, epoch)).await.unwrap();
            let clip = file(&mut ids, folder.path(), row.id, Role::Clip, &[7; 1000]);
            let files = [clip.clone()];
            let build = |row: &IncidentRow, n, epoch| event(two, row, n, epoch);
            db.add_files(row.id, true, &files, &signer(), now(), build).await.unwrap();
            made.push(clip.id);
        }
        let sealer = crate::ledger::fixtures::sealer(1);
        let keeper =
            |bytes| Keeper { bounds: Bounds { bytes, keep: Duration::from_secs(3600) }, sealer: &sealer };
        let nothing = db.keep_within_bounds(&keeper(3000), Some(now().wall), &mut ids, now()).await.unwrap();
        assert_eq!((nothing, db.waiting().await.unwrap().len()), (GivenUp::default(), 9));

        let gone = db.keep_within_bounds(&keeper(2500), Some(now().wall), &mut ids, now()).await.unwrap();
        assert_eq!(gone, GivenUp { files: 1, bytes: 1000 });
        let waiting = db.waiting().await.unwrap();
        let waits = |id: &FileId| waiting.iter().any(|item| item.id == Subject::File(*id));
        assert_eq!(
            made.iter().map(waits).collect::<Vec<_>>(),
            [true, false, true],
            "the oldest that is not urgent"
        );
        assert_eq!(waiting.len(), 10, "two events tell it");

        let sealed: Vec<u8> =
            sqlx::query_scalar("SELECT envelope FROM ledger").fetch_one(&db.pool).await.unwrap();
        let (tombstone, _) = Tombstone::open(&sealed).unwrap();
        assert_eq!((tombstone.is_deletion(), tombstone.unsent.len()), (false, 1), "it is signed which");

        // The province is away for longer than files are kept: the same incident goes on.
        let later = now().plus(Duration::from_secs(3700));
        db.keep_within_bounds(&keeper(2500), None, &mut ids, later).await.unwrap();
        assert_eq!(db.waiting().await.unwrap().len(), 10, "nothing goes by a clock that is not believed");
        let gone = db.keep_within_bounds(&keeper(2500), Some(later.wall), &mut ids, later).await.unwrap();
        assert_eq!(gone.files, 2);
        let told: (i64, i64, String) = sqlx::query_as(
            "SELECT count(*), max(count), max(peak) FROM incidents WHERE kind = 'evidence-given-up'",
        )
        .fetch_one(&db.pool)
        .await
        .unwrap();
        assert_eq!((told.0, told.1), (1, 2));
        assert!(told.2.contains("\"files\":3") && told.2.contains("\"urgent_files\":1"), "{}", told.2);
    }
}
