//! Signs, each hour, what was recorded and what went: the shell.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use sqlx::{Row, SqliteConnection};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::lists::{self, Listed};
use super::{AuditHead, Hour, LinkKind, Sealed, Sealer, link_in};
use crate::centre_db::CentreDb;
use crate::database::WRITING;
use crate::model::{Now, Wall};
use crate::people::{Act, AuditLog};
use crate::record::{Archive, Complete, GoneBatch, WentFor};
use crate::{clock, disk};

/// So many files are in one document at most: more make another at once.
const MOST_FILES: i64 = 20_000;

/// After a failure it is tried again by then.
const AGAIN: Duration = Duration::from_secs(60);

/// Signs what an archive does. What is not signed when the service ends is by the next one.
#[derive(Debug, Clone)]
pub struct Hourly {
    /// The archive.
    pub archive: Arc<Archive>,
    /// Where the chain is.
    pub db: CentreDb,
    /// Who signs.
    pub sealer: Sealer,
    /// How often, an hour.
    pub every: Duration,
    /// Where there is a province, it is told of all that was signed; this tells the link that something waits.
    pub tells: Option<mpsc::Sender<()>>,
}

/// What of one document came of which files.
struct Signed {
    is_all: bool,
}

impl Hourly {
    /// Signs until `stop`, first at once: what the service before this one has left.
    pub async fn run(self, stop: CancellationToken) {
        loop {
            // While the disk is away, what cannot be found is not gone.
            let wait = match self.archive.in_place() {
                Err(_) => AGAIN,
                Ok(()) => match self.seal(clock::now()).await {
                    Ok(()) => self.every,
                    Err(e) => {
                        tracing::error!("what was recorded cannot be signed, tried again in a minute: {e:#}");
                        AGAIN
                    }
                },
            };
            if stop.run_until_cancelled(tokio::time::sleep(wait)).await.is_none() {
                return;
            }
        }
    }

    /// Signs all that there is now.
    ///
    /// # Errors
    /// If a database or a file cannot be read or written: what was signed by then stays so.
    pub async fn seal(&self, now: Now) -> anyhow::Result<()> {
        let mut behind = 0;
        loop {
            let signed = self.seal_some(&mut behind, now).await?;
            // Not only at the end: where much has to be read, that may be hours away.
            if let Some(nudge) = &self.tells
                && self.db.tell_links(&self.sealer, now).await? > 0
            {
                let _ = nudge.try_send(());
            }
            if signed.is_all {
                return Ok(());
            }
        }
    }

    async fn seal_some(&self, behind: &mut i64, now: Now) -> anyhow::Result<Signed> {
        let gone = self.archive.gone(&uuid::Uuid::now_v7().to_string()).await?;
        let complete = self.archive.index.unsealed(*behind, MOST_FILES).await?;
        let is_all = i64::try_from(complete.len()).is_ok_and(|found| found < MOST_FILES)
            && gone
                .as_ref()
                .is_none_or(|batch| i64::try_from(batch.files.len()).is_ok_and(|n| n < MOST_FILES));
        *behind = complete.last().map_or(*behind, |last| last.counter);
        let recorded = self.with_digests(complete).await?;
        let begun = clock::now().mono;
        let sealed = self.write(&recorded, gone.as_ref(), now).await?;
        let took_us = u64::try_from(clock::now().mono.since(begun).as_micros()).unwrap_or(u64::MAX);
        tracing::info!(target: "audit", number = sealed.number, digest = sealed.digest, files = recorded.len(),
            took_us, gone = gone.as_ref().map_or(0, |batch| batch.files.len()), "what was recorded is signed");
        let counters: Vec<i64> = recorded.iter().map(|(file, _)| file.counter).collect();
        self.archive.index.sealed(&counters).await?;
        if let Some(batch) = &gone {
            self.archive.told_gone(&batch.name).await?;
            let done = sqlx::query("DELETE FROM told_deletions WHERE batch = ?").bind(&batch.name);
            done.execute(&self.db.pool).await?;
        }
        Ok(Signed { is_all })
    }

    /// Each file with its digest. A file that was cut back, or found without a row, is read for it; one that is not
    /// there any more is left to whoever looks for missing files.
    async fn with_digests(&self, complete: Vec<Complete>) -> anyhow::Result<Vec<(Complete, String)>> {
        let mut all = Vec::with_capacity(complete.len());
        for file in complete {
            let digest = match file.sha256 {
                Some(known) => Some(hex::encode(known)),
                None => read_digest(self.archive.storage().join(&file.path)).await?,
            };
            all.extend(digest.map(|digest| (file, digest)));
        }
        Ok(all)
    }

    async fn write(
        &self,
        recorded: &[(Complete, String)],
        gone: Option<&GoneBatch>,
        now: Now,
    ) -> anyhow::Result<Sealed> {
        let mut transaction = self.db.pool.begin_with(WRITING).await?;
        let gone = match gone {
            Some(batch) if is_news(&mut transaction, batch).await? => lists::gone(&batch.files),
            _ => Vec::new(),
        };
        for listed in &gone {
            tell(&mut transaction, listed, now.wall).await?;
        }
        let recorded = lists::recorded(recorded);
        let audit = audit_head(&mut transaction).await?;
        let of = |listed: &[Listed]| listed.iter().map(|listed| listed.list.clone()).collect();
        let sealed = link_in(&mut transaction, (LinkKind::Hour, None), now.wall, |link| {
            let stated = self.sealer.stated(link, now)?;
            let hour = Hour { stated, recorded: of(&recorded), gone: of(&gone), audit };
            Ok(hour.seal(&self.sealer.signer))
        });
        let sealed = sealed.await?;
        for one in &recorded {
            keep(&mut transaction, sealed.number, "recorded", one).await?;
        }
        for one in &gone {
            let what = if is_missing(one) { "missing" } else { "gone" };
            keep(&mut transaction, sealed.number, what, one).await?;
        }
        transaction.commit().await?;
        Ok(sealed)
    }
}

async fn read_digest(path: PathBuf) -> anyhow::Result<Option<String>> {
    let shown = path.clone();
    match tokio::task::spawn_blocking(move || disk::measure(&path)).await? {
        Ok((_, digest)) => Ok(Some(hex::encode(digest))),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        // It stays unsigned, and is read again with the next hour: the others need not wait for it.
        Err(e) => {
            tracing::error!("{}: it cannot be read, and is not signed: {e}", shown.display());
            Ok(None)
        }
    }
}

/// Whether a batch is on record for the first time: a sudden end may have come between the record and the index.
async fn is_news(db: &mut SqliteConnection, batch: &GoneBatch) -> Result<bool, sqlx::Error> {
    let mark = sqlx::query("INSERT INTO told_deletions (batch) VALUES (?) ON CONFLICT DO NOTHING");
    Ok(mark.bind(&batch.name).execute(db).await?.rows_affected() > 0)
}

/// What went is on the audit log, too: in sums, because an entry for each file would bury what people did.
async fn tell(db: &mut SqliteConnection, listed: &Listed, now: Wall) -> Result<(), sqlx::Error> {
    let list = &listed.list;
    let detail = json!({
        "reason": list.reason, "camera": list.camera, "stream": list.stream, "files": list.files,
        "bytes": list.bytes, "from": list.from, "to": list.to, "list": list.sha256,
    });
    let action = if is_missing(listed) { "footage-missing" } else { "deleted" };
    let subject = Some(list.camera.as_str());
    AuditLog::add_in(db, Act { who: "quaywatch", from: "service", action, subject, detail }, now).await?;
    Ok(())
}

/// Whether nobody here let these files go: that they were found missing excuses nothing.
fn is_missing(listed: &Listed) -> bool {
    listed.list.reason.as_deref() == Some(WentFor::Missing.as_str())
}

async fn audit_head(db: &mut SqliteConnection) -> Result<Option<AuditHead>, sqlx::Error> {
    let last = sqlx::query("SELECT number, hash FROM audit ORDER BY number DESC LIMIT 1");
    let head = |row: sqlx::sqlite::SqliteRow| {
        Ok::<_, sqlx::Error>(AuditHead { number: row.try_get(0)?, hash: row.try_get(1)? })
    };
    last.fetch_optional(db).await?.map(head).transpose()
}

async fn keep(db: &mut SqliteConnection, link: i64, what: &str, listed: &Listed) -> Result<(), sqlx::Error> {
    let list = &listed.list;
    sqlx::query(
        "INSERT INTO ledger_lists (sha256, link, what, camera, stream, from_ms, to_ms, text)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(&list.sha256)
    .bind(link)
    .bind(what)
    .bind(list.camera.as_str())
    .bind(list.stream.as_str())
    .bind(list.from.as_millis())
    .bind(list.to.as_millis())
    .bind(&listed.text)
    .execute(db)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests;
