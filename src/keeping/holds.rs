//! Legal holds in the centre's database: made, released, read.

use serde_json::json;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use crate::centre_db::{CentreDb, unreadable};
use crate::database::WRITING;
use crate::model::{CameraId, Wall};
use crate::people::{Act, AuditLog};
use crate::record::LegalHold;

/// A range of recordings that a person has forbidden to delete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// Its id, a UUID.
    pub id: String,
    /// What was asked for.
    pub asked: NewHold,
    /// When it was made.
    pub made_at: Wall,
    /// When, by whom and why it was released, if it was.
    pub released: Option<(Wall, String, String)>,
}

/// What a person asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewHold {
    /// Which cameras; both streams of each.
    pub cameras: Vec<CameraId>,
    /// The first moment held.
    pub from: Wall,
    /// The moment after the last.
    pub to: Wall,
    /// Why.
    pub reason: String,
    /// Who.
    pub by: String,
    /// The end that was chosen, if any: nothing else lets it lapse.
    pub until: Option<Wall>,
}

/// Who lets a hold go, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Release<'a> {
    /// Why.
    pub reason: &'a str,
    /// Who, for people.
    pub by: &'a str,
    /// Who, as they signed in.
    pub who: &'a str,
    /// From which address.
    pub from: &'a str,
}

impl Hold {
    /// Whether it counts. Its chosen end is reached only by a trusted clock.
    pub fn is_in_force(&self, trusted_now: Option<Wall>) -> bool {
        let is_over = self.asked.until.zip(trusted_now).is_some_and(|(until, now)| now >= until);
        self.released.is_none() && !is_over
    }

    /// As the archive needs it.
    pub fn for_the_archive(self) -> LegalHold {
        LegalHold { id: self.id, cameras: self.asked.cameras, from: self.asked.from, to: self.asked.to }
    }
}

impl CentreDb {
    /// Records a hold, with who makes it on the audit log.
    ///
    /// # Errors
    /// If it cannot be written.
    pub async fn add_hold(
        &self,
        id: &str,
        hold: &NewHold,
        from: &str,
        who: &str,
        now: Wall,
    ) -> Result<(), sqlx::Error> {
        let mut transaction = self.pool.begin_with(WRITING).await?;
        sqlx::query(
            "INSERT INTO holds (id, cameras, from_ms, to_ms, reason, made_by, made_at, until_ms)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(id)
        .bind(serde_json::to_string(&hold.cameras).unwrap_or_default())
        .bind(hold.from.as_millis())
        .bind(hold.to.as_millis())
        .bind(&hold.reason)
        .bind(&hold.by)
        .bind(now.as_millis())
        .bind(hold.until.map(Wall::as_millis))
        .execute(&mut *transaction)
        .await?;
        let detail = json!({
            "cameras": hold.cameras, "from": hold.from, "to": hold.to, "reason": hold.reason, "until": hold.until,
        });
        let act = Act { who, from, action: "held", subject: Some(id), detail };
        AuditLog::add_in(&mut transaction, act, now).await?;
        transaction.commit().await
    }

    /// Releases a hold, with who does it on the audit log; `false` if there is none of this id that was not released
    /// before.
    ///
    /// # Errors
    /// If it cannot be written.
    pub async fn release_hold(&self, id: &str, release: Release<'_>, now: Wall) -> Result<bool, sqlx::Error> {
        let mut transaction = self.pool.begin_with(WRITING).await?;
        let released = sqlx::query(
            "UPDATE holds SET released_at = ?, released_by = ?, release_reason = ?
             WHERE id = ? AND released_at IS NULL",
        )
        .bind(now.as_millis())
        .bind(release.by)
        .bind(release.reason)
        .bind(id)
        .execute(&mut *transaction)
        .await?;
        if released.rows_affected() == 0 {
            return Ok(false);
        }
        let Release { reason, who, from, .. } = release;
        let detail = json!({ "reason": reason });
        let act = Act { who, from, action: "released", subject: Some(id), detail };
        AuditLog::add_in(&mut transaction, act, now).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Every hold that was not released, the oldest first.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn holds(&self) -> Result<Vec<Hold>, sqlx::Error> {
        sqlx::query("SELECT * FROM holds WHERE released_at IS NULL ORDER BY made_at, id")
            .try_map(read)
            .fetch_all(&self.pool)
            .await
    }

    /// Every hold there ever was, the oldest first.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn all_holds(&self) -> Result<Vec<Hold>, sqlx::Error> {
        sqlx::query("SELECT * FROM holds ORDER BY made_at, id").try_map(read).fetch_all(&self.pool).await
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that try_map asks for")]
fn read(row: SqliteRow) -> Result<Hold, sqlx::Error> {
    let wall = |name: &str| Ok::<_, sqlx::Error>(row.try_get::<Option<i64>, _>(name)?.map(Wall::from_millis));
    let cameras: &str = row.try_get("cameras")?;
    let released = match wall("released_at")? {
        Some(at) => Some((at, row.try_get("released_by")?, row.try_get("release_reason")?)),
        None => None,
    };
    Ok(Hold {
        id: row.try_get("id")?,
        asked: NewHold {
            cameras: serde_json::from_str(cameras).map_err(|e| unreadable("cameras", e))?,
            from: wall("from_ms")?.unwrap_or_default(),
            to: wall("to_ms")?.unwrap_or_default(),
            reason: row.try_get("reason")?,
            by: row.try_get("made_by")?,
            until: wall("until_ms")?,
        },
        made_at: wall("made_at")?.unwrap_or_default(),
        released,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keeping::protected;
    use crate::model::{Ids, Now};

    fn at(s: i64) -> Wall {
        Wall::from_millis(s * 1000)
    }

    fn wanted(until: Option<i64>) -> NewHold {
        NewHold {
            cameras: vec![CameraId::new("gate").unwrap(), CameraId::new("hall").unwrap()],
            from: at(10),
            to: at(20),
            reason: "Công văn 12/CA".into(),
            by: "lan".into(),
            until: until.map(at),
        }
    }

    #[tokio::test]
    async fn a_hold_counts_until_a_person_releases_it_or_its_chosen_end_by_a_trusted_clock() {
        let folder = tempfile::tempdir().unwrap();
        let db = crate::centre_db::open(folder.path(), &mut Ids::new(1), Now::default()).await.unwrap();
        db.add_hold("a", &wanted(None), "console", "lan", at(30)).await.unwrap();
        db.add_hold("b", &wanted(Some(100)), "console", "lan", at(31)).await.unwrap();
        let in_force = async |now: Option<i64>| -> Vec<String> {
            let all = protected(&db, now.map(at)).await.unwrap().holds;
            all.into_iter().map(|hold| hold.id).collect()
        };
        assert_eq!(in_force(Some(99)).await, ["a", "b"]);
        assert_eq!(in_force(None).await, ["a", "b"], "nobody knows whether its end has come");
        assert_eq!(in_force(Some(100)).await, ["a"]);
        let release = Release { reason: "xong vụ việc", by: "minh", who: "minh", from: "10.0.0.7" };
        assert!(db.release_hold("a", release, at(50)).await.unwrap());
        assert!(!db.release_hold("a", release, at(51)).await.unwrap(), "it is released already");
        assert!(!db.release_hold("c", release, at(51)).await.unwrap(), "there is no such hold");
        assert_eq!(in_force(None).await, ["b"]);
        let all = db.all_holds().await.unwrap();
        assert_eq!(all[0].asked, wanted(None));
        assert_eq!(all[0].released, Some((at(50), "minh".into(), "xong vụ việc".into())));
        let log = AuditLog::new(db.pool.clone(), db.pool.clone()).following(0, 10).await.unwrap();
        let told: Vec<_> = log.iter().map(|e| (e.action.as_str(), e.subject.as_deref())).collect();
        assert_eq!(told, [("held", Some("a")), ("held", Some("b")), ("released", Some("a"))]);
    }
}
