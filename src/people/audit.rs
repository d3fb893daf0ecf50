//! The audit log: every sign-in, viewing, export, change and deletion. Only added to (the table refuses anything
//! else), and each entry has the SHA-256 of the one before it, so that a changed or removed entry shows.
//!
//! What is hashed is one line of JSON with the members in the order of [`Line`], without `hash`; the log as it is
//! downloaded has the same lines with `hash` at the end, and can be checked without us: cut off `,"hash":"…"`, close
//! the brace, hash. The first entry's `previous` is 64 zeros. That entries at the end are missing shows only beside
//! the database, which remembers the highest number it ever gave.

use std::io::BufRead;

use futures::TryStreamExt;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection, SqlitePool};

use crate::database::WRITING;
use crate::model::Wall;

/// Before the first entry.
const BEGINNING: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// Something that somebody did.
#[derive(Debug, Clone, PartialEq)]
pub struct Act<'a> {
    /// Who: a name, or `quaywatch` for what it did by itself.
    pub who: &'a str,
    /// From which address, or `console` and `service`.
    pub from: &'a str,
    /// What: `viewed`, `export-begun` and so on; stable words.
    pub action: &'a str,
    /// To whom or what, where there is one.
    pub subject: Option<&'a str>,
    /// What else there is to say: an object.
    pub detail: Value,
}

/// An entry as it is hashed.
#[derive(Debug, Serialize, Deserialize)]
struct Line<'a> {
    number: i64,
    at: Wall,
    who: &'a str,
    from: &'a str,
    action: &'a str,
    subject: Option<&'a str>,
    #[serde(borrow)]
    detail: &'a RawValue,
    previous: &'a str,
}

impl Line<'_> {
    fn text(&self) -> Result<String, sqlx::Error> {
        serde_json::to_string(self).map_err(|e| sqlx::Error::Encode(e.into()))
    }
}

/// An entry of the log.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct AuditEntry {
    /// Its number, which rises by one.
    pub number: i64,
    /// When.
    pub at: Wall,
    /// Who.
    pub who: String,
    /// From where.
    pub from: String,
    /// What.
    pub action: String,
    /// To what.
    pub subject: Option<String>,
    /// What else.
    #[schema(value_type = Object)]
    pub detail: Box<RawValue>,
    /// The digest of the entry before it.
    pub previous: String,
    /// Its own digest.
    pub hash: String,
}

impl AuditEntry {
    fn line(&self) -> Line<'_> {
        Line {
            number: self.number,
            at: self.at,
            who: &self.who,
            from: &self.from,
            action: &self.action,
            subject: self.subject.as_deref(),
            detail: &self.detail,
            previous: &self.previous,
        }
    }

    /// The entry as the downloaded log has it.
    ///
    /// # Errors
    /// If it cannot be written as JSON, which would be a fault of ours.
    pub fn in_one_line(&self) -> Result<String, sqlx::Error> {
        let line = self.line().text()?;
        let open = line.strip_suffix('}').unwrap_or(&line);
        Ok(format!("{open},\"hash\":\"{}\"}}", self.hash))
    }
}

/// Which entries are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Of this person alone.
    pub who: Option<String>,
    /// Of this action alone.
    pub action: Option<String>,
    /// From this moment on.
    pub from: Option<Wall>,
    /// Before this moment.
    pub to: Option<Wall>,
    /// With a number below this.
    pub before: Option<i64>,
    /// So many, the newest first.
    pub limit: u32,
}

/// What a check of the log found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Chain {
    /// How many entries there are.
    pub entries: u64,
    /// The digest of the last one.
    pub last: Option<String>,
    /// The first thing that is wrong.
    pub problem: Option<String>,
}

impl Chain {
    /// Takes the next entry; false once something is wrong.
    fn take(&mut self, number: i64, previous: &str, line: &str, hash: &str) -> bool {
        let expected = i64::try_from(self.entries).unwrap_or(i64::MAX).saturating_add(1);
        let before = self.last.as_deref().unwrap_or(BEGINNING);
        self.problem = if number != expected {
            Some(format!("entry {expected} is missing: after {} comes {number}", expected - 1))
        } else if previous != before {
            Some(format!("entry {number} does not follow the one before it, which was changed or replaced"))
        } else if sha256(line) != hash {
            Some(format!("entry {number} was changed"))
        } else {
            None
        };
        self.entries = self.entries.saturating_add(1);
        self.last = Some(hash.to_owned());
        self.problem.is_none()
    }
}

/// The log of one database. Clones share it.
#[derive(Debug, Clone)]
pub struct AuditLog {
    writer: SqlitePool,
    reader: SqlitePool,
}

impl AuditLog {
    /// The log in the database that `writer` writes and `reader` reads.
    pub fn new(writer: SqlitePool, reader: SqlitePool) -> Self {
        Self { writer, reader }
    }

    /// Adds an entry; when this returns it is on the disk.
    ///
    /// # Errors
    /// If it cannot be written: then what it says must not happen.
    pub async fn add(&self, act: Act<'_>, at: Wall) -> Result<i64, sqlx::Error> {
        // Another process may add at the same time: the last entry is read under the write lock.
        let mut transaction = self.writer.begin_with(WRITING).await?;
        let number = Self::add_in(&mut transaction, act, at).await?;
        transaction.commit().await?;
        Ok(number)
    }

    /// Adds an entry as part of a transaction that has the write lock.
    ///
    /// # Errors
    /// If it cannot be written.
    pub async fn add_in(db: &mut SqliteConnection, act: Act<'_>, at: Wall) -> Result<i64, sqlx::Error> {
        let last = sqlx::query("SELECT number, hash FROM audit ORDER BY number DESC LIMIT 1");
        let last = last.fetch_optional(&mut *db).await?;
        let (number, previous) = match last {
            Some(row) => (row.try_get::<i64, _>(0)?.saturating_add(1), row.try_get(1)?),
            None => (1, BEGINNING.to_owned()),
        };
        let detail =
            serde_json::value::to_raw_value(&act.detail).map_err(|e| sqlx::Error::Encode(e.into()))?;
        let Act { who, from, action, subject, .. } = act;
        let line = Line { number, at, who, from, action, subject, detail: &detail, previous: &previous };
        let hash = sha256(&line.text()?);
        sqlx::query(
            "INSERT INTO audit (number, at, who, address, action, subject, detail, previous, hash)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(number)
        .bind(at.as_millis())
        .bind(who)
        .bind(from)
        .bind(action)
        .bind(subject)
        .bind(detail.get())
        .bind(&previous)
        .bind(hash)
        .execute(&mut *db)
        .await?;
        Ok(number)
    }

    /// Entries, the newest first.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn entries(&self, asked: &AuditFilter) -> Result<Vec<AuditEntry>, sqlx::Error> {
        let rows = sqlx::query(
            "SELECT * FROM audit WHERE (?1 IS NULL OR who = ?1) AND (?2 IS NULL OR action = ?2)
                 AND (?3 IS NULL OR at >= ?3) AND (?4 IS NULL OR at < ?4) AND (?5 IS NULL OR number < ?5)
             ORDER BY number DESC LIMIT ?6",
        )
        .bind(asked.who.as_deref())
        .bind(asked.action.as_deref())
        .bind(asked.from.map(Wall::as_millis))
        .bind(asked.to.map(Wall::as_millis))
        .bind(asked.before)
        .bind(asked.limit)
        .fetch_all(&self.reader)
        .await?;
        rows.iter().map(entry).collect()
    }

    /// Entries with a number above `after`, in their order, at most `most`.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn following(&self, after: i64, most: u32) -> Result<Vec<AuditEntry>, sqlx::Error> {
        let rows = sqlx::query("SELECT * FROM audit WHERE number > ? ORDER BY number LIMIT ?")
            .bind(after)
            .bind(most)
            .fetch_all(&self.reader)
            .await?;
        rows.iter().map(entry).collect()
    }

    /// Whether all entries are there and as they were written.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn check(&self) -> Result<Chain, sqlx::Error> {
        check_chain(&self.reader).await
    }
}

/// Whether all entries of the log in a database are there and as they were written.
///
/// # Errors
/// If the database cannot be read.
pub async fn check_chain(pool: &SqlitePool) -> Result<Chain, sqlx::Error> {
    let mut chain = Chain::default();
    // Before the entries: one that is added meanwhile is no fault.
    let highest = sqlx::query_scalar::<_, i64>("SELECT seq FROM sqlite_sequence WHERE name = 'audit'");
    let highest = highest.fetch_optional(pool).await?.unwrap_or(0);
    {
        let mut rows = sqlx::query("SELECT * FROM audit ORDER BY number").fetch(pool);
        while let Some(row) = rows.try_next().await? {
            let entry = entry(&row)?;
            if !chain.take(entry.number, &entry.previous, &entry.line().text()?, &entry.hash) {
                return Ok(chain);
            }
        }
    }
    let missing = highest.saturating_sub(i64::try_from(chain.entries).unwrap_or(i64::MAX));
    if missing > 0 {
        chain.problem = Some(format!("the last {missing} entries are missing: {highest} were written"));
    }
    Ok(chain)
}

/// Whether a downloaded log is whole from its first entry on, and as it was written.
///
/// # Errors
/// If it cannot be read.
pub fn check_lines(lines: impl BufRead) -> std::io::Result<Chain> {
    #[derive(Deserialize)]
    struct Hashed<'a> {
        #[serde(borrow, flatten)]
        rest: std::collections::HashMap<&'a str, &'a RawValue>,
    }
    let mut chain = Chain::default();
    for (at, line) in lines.lines().enumerate() {
        let line = line?;
        let broken = |chain: Chain| Chain { problem: Some(format!("line {} is no entry", at + 1)), ..chain };
        // The hashed text is what stands before the last member, closed.
        let Some((text, end)) = line.rsplit_once(",\"hash\":\"") else { return Ok(broken(chain)) };
        let (text, hash) = (format!("{text}}}"), end.trim_end_matches("\"}"));
        let Ok(read) = serde_json::from_str::<Line<'_>>(&text) else { return Ok(broken(chain)) };
        if serde_json::from_str::<Hashed<'_>>(&line).is_ok_and(|all| all.rest.len() != 9) {
            return Ok(broken(chain));
        }
        if !chain.take(read.number, read.previous, &text, hash) {
            return Ok(chain);
        }
    }
    Ok(chain)
}

fn entry(row: &SqliteRow) -> Result<AuditEntry, sqlx::Error> {
    let detail: String = row.try_get("detail")?;
    let unreadable =
        |e: serde_json::Error| sqlx::Error::ColumnDecode { index: "detail".into(), source: e.into() };
    Ok(AuditEntry {
        number: row.try_get("number")?,
        at: Wall::from_millis(row.try_get("at")?),
        who: row.try_get("who")?,
        from: row.try_get("address")?,
        action: row.try_get("action")?,
        subject: row.try_get("subject")?,
        detail: RawValue::from_string(detail).map_err(unreadable)?,
        previous: row.try_get("previous")?,
        hash: row.try_get("hash")?,
    })
}

fn sha256(text: &str) -> String {
    hex::encode(Sha256::digest(text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Ids, Now};
    use serde_json::json;

    async fn log(folder: &std::path::Path, entries: i64) -> (AuditLog, SqlitePool) {
        let db = crate::centre_db::open(folder, &mut Ids::new(1), Now::default()).await.unwrap();
        let log = AuditLog::new(db.pool.clone(), db.pool.clone());
        for n in 1..=entries {
            let act = Act {
                who: "lan",
                from: "10.0.0.7",
                action: "viewed",
                subject: (n % 2 == 0).then_some("counter-1"),
                detail: json!({ "n": n, "what": { "in": "}\"hash\":\"" } }),
            };
            assert_eq!(log.add(act, Wall::from_millis(1_795_400_107_120 + n)).await.unwrap(), n);
        }
        (log, db.pool)
    }

    async fn downloaded(log: &AuditLog) -> Vec<String> {
        let entries = log.following(0, 1000).await.unwrap();
        entries.iter().map(|entry| entry.in_one_line().unwrap()).collect()
    }

    #[tokio::test]
    async fn a_log_as_it_was_written_is_whole_here_and_downloaded() {
        let folder = tempfile::tempdir().unwrap();
        let (log, _pool) = log(folder.path(), 5).await;
        let chain = log.check().await.unwrap();
        assert_eq!((chain.entries, chain.problem.as_deref()), (5, None));
        let lines = downloaded(&log).await.join("\n");
        let checked = check_lines(lines.as_bytes()).unwrap();
        assert_eq!(checked, chain);
    }

    #[tokio::test]
    async fn the_table_refuses_to_forget_or_to_change() {
        let folder = tempfile::tempdir().unwrap();
        let (_log, pool) = log(folder.path(), 3).await;
        for sql in [
            "DELETE FROM audit WHERE number = 3",
            "UPDATE audit SET who = 'minh' WHERE number = 2",
            "INSERT OR REPLACE INTO audit SELECT number, at, 'minh', address, action, subject, detail, previous, hash
             FROM audit WHERE number = 2",
        ] {
            let refused = sqlx::query(sql).execute(&pool).await;
            assert!(refused.is_err(), "{sql}");
        }
    }

    #[tokio::test]
    async fn each_way_to_falsify_the_database_shows() {
        for (sql, told) in [
            ("UPDATE audit SET who = 'minh' WHERE number = 2", "entry 2 was changed"),
            ("UPDATE audit SET detail = '{}' WHERE number = 3", "entry 3 was changed"),
            ("DELETE FROM audit WHERE number = 2", "entry 2 is missing"),
            ("DELETE FROM audit WHERE number = 4", "the last 1 entries are missing"),
            ("DELETE FROM audit", "the last 4 entries are missing"),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let (log, pool) = log(folder.path(), 4).await;
            for drop in ["DROP TRIGGER audit_is_not_changed", "DROP TRIGGER audit_is_not_forgotten", sql] {
                sqlx::query(drop).execute(&pool).await.unwrap();
            }
            let problem = log.check().await.unwrap().problem.unwrap_or_default();
            assert!(problem.starts_with(told), "{sql}: {problem}");
        }
    }

    #[tokio::test]
    async fn each_way_to_falsify_a_downloaded_log_shows() {
        let folder = tempfile::tempdir().unwrap();
        let (log, _pool) = log(folder.path(), 4).await;
        let whole = downloaded(&log).await;
        let check = |lines: &[String]| check_lines(lines.join("\n").as_bytes()).unwrap().problem;
        for at in 0..whole.len() {
            let mut changed = whole.clone();
            changed[at] = changed[at].replace("lan", "minh");
            assert!(check(&changed).is_some(), "line {at} changed");
        }
        for at in 0..whole.len() - 1 {
            let mut without = whole.clone();
            without.remove(at);
            assert!(check(&without).is_some(), "line {at} removed");
        }
        let mut added = whole.clone();
        added[1] = added[1].replacen('{', "{\"note\":1,", 1);
        assert!(check(&added).is_some(), "a member added");
        let mut swapped = whole.clone();
        swapped.swap(1, 2);
        assert!(check(&swapped).is_some());
        assert!(check(&["nonsense".to_owned()]).is_some());
    }
}
