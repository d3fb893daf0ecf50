//! The people of one database: their rows, and the log of what was changed about them, in one transaction each.

use std::collections::BTreeSet;

use serde_json::json;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection, SqlitePool};

use super::{Act, AuditLog, Change, Person, PersonName, Right, Role};
use crate::database::WRITING;
use crate::model::Wall;

/// Why somebody was not added or changed.
#[derive(Debug, thiserror::Error)]
pub enum NotAdded {
    /// The name is taken.
    #[error("there is somebody called {0} already")]
    Taken(PersonName),
    /// Nobody is called so.
    #[error("there is nobody called {0}")]
    Unknown(PersonName),
    /// Nobody could say any more who may do what.
    #[error("{0} is the last one who may add people: let somebody else do so first")]
    Last(PersonName),
    /// The database does not take it.
    #[error(transparent)]
    Failed(#[from] sqlx::Error),
}

/// The people of one database. Clones share it.
#[derive(Debug, Clone)]
pub struct Register {
    writer: SqlitePool,
    reader: SqlitePool,
}

/// Who changes something, and from where.
type By<'a> = (&'a str, &'a str);

impl Register {
    /// The people in the database that `writer` writes and `reader` reads.
    pub fn new(writer: SqlitePool, reader: SqlitePool) -> Self {
        Self { writer, reader }
    }

    /// Somebody by name.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn person(&self, name: &PersonName) -> Result<Option<Person>, sqlx::Error> {
        Ok(self.with_password(name).await?.map(|(person, _)| person))
    }

    /// Somebody by name, with the digest of the password.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn with_password(&self, name: &PersonName) -> Result<Option<(Person, String)>, sqlx::Error> {
        let row = sqlx::query("SELECT * FROM people WHERE name = ?").bind(name.as_str());
        let row = row.fetch_optional(&self.reader).await?;
        row.map(|row| Ok((person(&row)?, row.try_get("password")?))).transpose()
    }

    /// Everybody, by name.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn all(&self) -> Result<Vec<Person>, sqlx::Error> {
        let rows = sqlx::query("SELECT * FROM people ORDER BY name").fetch_all(&self.reader).await?;
        rows.iter().map(person).collect()
    }

    /// Whether there is nobody yet.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn is_empty(&self) -> Result<bool, sqlx::Error> {
        let any = sqlx::query("SELECT 1 FROM people LIMIT 1").fetch_optional(&self.reader).await?;
        Ok(any.is_none())
    }

    /// Adds somebody whose password was made for them, by its digest.
    ///
    /// # Errors
    /// [`NotAdded::Taken`] if the name is.
    pub async fn add(&self, new: &Person, digest: &str, (by, from): By<'_>) -> Result<(), NotAdded> {
        let mut transaction = self.writer.begin_with(WRITING).await?;
        let added = sqlx::query(
            "INSERT INTO people (name, full_name, role, own_rights, only_these, password, must_change, made_at)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        )
        .bind(new.name.as_str())
        .bind(&new.full_name)
        .bind(new.role.as_str())
        .bind(list(new.own_rights.as_ref())?)
        .bind(list(new.only.as_ref())?)
        .bind(digest)
        .bind(new.must_change)
        .bind(new.made_at.as_millis())
        .execute(&mut *transaction)
        .await?;
        if added.rows_affected() == 0 {
            return Err(NotAdded::Taken(new.name.clone()));
        }
        let act =
            Act { who: by, from, action: "user-added", subject: Some(new.name.as_str()), detail: facts(new) };
        AuditLog::add_in(&mut transaction, act, new.made_at).await?;
        Ok(transaction.commit().await?)
    }

    /// Changes somebody; gives them as they are after it.
    ///
    /// # Errors
    /// [`NotAdded::Unknown`], or [`NotAdded::Last`] if nobody would be left who may add people.
    pub async fn change(
        &self,
        name: &PersonName,
        change: Change,
        (by, from): By<'_>,
        at: Wall,
    ) -> Result<Person, NotAdded> {
        let mut transaction = self.writer.begin_with(WRITING).await?;
        let row = sqlx::query("SELECT * FROM people WHERE name = ?").bind(name.as_str());
        let row = row.fetch_optional(&mut *transaction).await?;
        let before = row.as_ref().map(person).transpose()?.ok_or_else(|| NotAdded::Unknown(name.clone()))?;
        let after = change.of(&before);
        let rules = |person: &Person| !person.disabled && person.may(Right::People);
        if rules(&before) && !rules(&after) && !others_rule(&mut transaction, name).await? {
            return Err(NotAdded::Last(name.clone()));
        }
        sqlx::query(
            "UPDATE people SET full_name = ?, role = ?, own_rights = ?, only_these = ?, disabled = ? WHERE name = ?",
        )
        .bind(&after.full_name)
        .bind(after.role.as_str())
        .bind(list(after.own_rights.as_ref())?)
        .bind(list(after.only.as_ref())?)
        .bind(after.disabled)
        .bind(name.as_str())
        .execute(&mut *transaction)
        .await?;
        let detail = json!({ "before": facts(&before), "after": facts(&after) });
        let act = Act { who: by, from, action: "user-changed", subject: Some(name.as_str()), detail };
        AuditLog::add_in(&mut transaction, act, at).await?;
        transaction.commit().await?;
        Ok(after)
    }

    /// Sets the password by its digest; `is_theirs` is whether they chose it themselves.
    ///
    /// # Errors
    /// [`NotAdded::Unknown`].
    pub async fn set_password(
        &self,
        name: &PersonName,
        digest: &str,
        is_theirs: bool,
        (by, from): By<'_>,
        at: Wall,
    ) -> Result<(), NotAdded> {
        let mut transaction = self.writer.begin_with(WRITING).await?;
        let set = sqlx::query("UPDATE people SET password = ?, must_change = ? WHERE name = ?")
            .bind(digest)
            .bind(!is_theirs)
            .bind(name.as_str())
            .execute(&mut *transaction)
            .await?;
        if set.rows_affected() == 0 {
            return Err(NotAdded::Unknown(name.clone()));
        }
        let action = if is_theirs { "password-changed" } else { "password-reset" };
        let act = Act { who: by, from, action, subject: Some(name.as_str()), detail: json!({}) };
        AuditLog::add_in(&mut transaction, act, at).await?;
        Ok(transaction.commit().await?)
    }

    /// Writes down that somebody signed in.
    ///
    /// # Errors
    /// If it cannot be written: then they are not.
    pub async fn signed_in(&self, name: &PersonName, from: &str, at: Wall) -> Result<(), sqlx::Error> {
        let mut transaction = self.writer.begin_with(WRITING).await?;
        sqlx::query("UPDATE people SET signed_in_at = ? WHERE name = ?")
            .bind(at.as_millis())
            .bind(name.as_str())
            .execute(&mut *transaction)
            .await?;
        let act = Act { who: name.as_str(), from, action: "sign-in", subject: None, detail: json!({}) };
        AuditLog::add_in(&mut transaction, act, at).await?;
        transaction.commit().await
    }
}

async fn others_rule(db: &mut SqliteConnection, but: &PersonName) -> Result<bool, sqlx::Error> {
    let rows = sqlx::query("SELECT * FROM people WHERE name != ? AND disabled = 0").bind(but.as_str());
    for row in rows.fetch_all(db).await? {
        if person(&row)?.may(Right::People) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What the log says of somebody.
fn facts(person: &Person) -> serde_json::Value {
    json!({
        "full_name": person.full_name, "role": person.role, "own_rights": person.own_rights, "only": person.only,
        "disabled": person.disabled,
    })
}

fn list<T: serde::Serialize>(set: Option<&BTreeSet<T>>) -> Result<Option<String>, sqlx::Error> {
    set.map(|set| serde_json::to_string(set).map_err(|e| sqlx::Error::Encode(e.into()))).transpose()
}

fn person(row: &SqliteRow) -> Result<Person, sqlx::Error> {
    let unreadable =
        |column: &str, why: String| sqlx::Error::ColumnDecode { index: column.into(), source: why.into() };
    let name: String = row.try_get("name")?;
    let role: String = row.try_get("role")?;
    let rights: Option<String> = row.try_get("own_rights")?;
    let only: Option<String> = row.try_get("only_these")?;
    let rights = rights.map(|text| serde_json::from_str(&text)).transpose();
    let only = only.map(|text| serde_json::from_str(&text)).transpose();
    Ok(Person {
        name: PersonName::new(&name).map_err(|why| unreadable("name", why))?,
        full_name: row.try_get("full_name")?,
        role: Role::parse(&role).ok_or_else(|| unreadable("role", role))?,
        own_rights: rights.map_err(|e| unreadable("own_rights", e.to_string()))?,
        only: only.map_err(|e| unreadable("only_these", e.to_string()))?,
        disabled: row.try_get("disabled")?,
        must_change: row.try_get("must_change")?,
        made_at: Wall::from_millis(row.try_get("made_at")?),
        signed_in_at: row.try_get::<Option<i64>, _>("signed_in_at")?.map(Wall::from_millis),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Ids, Now};

    async fn register(folder: &std::path::Path) -> (Register, AuditLog) {
        let db = crate::centre_db::open(folder, &mut Ids::new(1), Now::default()).await.unwrap();
        let pool = db.pool.clone();
        (Register::new(pool.clone(), pool.clone()), AuditLog::new(pool.clone(), pool))
    }

    fn new(name: &str, role: Role) -> Person {
        Person {
            name: PersonName::new(name).unwrap(),
            full_name: "Nguyễn Thị Lan".into(),
            role,
            own_rights: None,
            only: Some(BTreeSet::from(["counter-1".to_owned()])),
            disabled: false,
            must_change: true,
            made_at: Wall::from_millis(1_795_400_107_120),
            signed_in_at: None,
        }
    }

    const BY: By<'static> = ("admin", "10.0.0.7");

    #[tokio::test]
    async fn who_is_added_is_there_once_and_on_the_log() {
        let folder = tempfile::tempdir().unwrap();
        let (register, log) = register(folder.path()).await;
        assert!(register.is_empty().await.unwrap());
        let lan = new("lan", Role::Staff);
        register.add(&lan, "digest", BY).await.unwrap();
        assert!(matches!(register.add(&lan, "other", BY).await, Err(NotAdded::Taken(_))));
        assert_eq!(register.with_password(&lan.name).await.unwrap(), Some((lan.clone(), "digest".into())));
        register.set_password(&lan.name, "own", true, ("lan", "10.0.0.8"), lan.made_at).await.unwrap();
        register.signed_in(&lan.name, "10.0.0.8", lan.made_at).await.unwrap();
        let (after, digest) = register.with_password(&lan.name).await.unwrap().unwrap();
        assert!(!after.must_change && after.signed_in_at.is_some() && digest == "own");
        let told = log.following(0, 10).await.unwrap();
        let told: Vec<_> = told.iter().map(|one| (one.who.as_str(), one.action.as_str())).collect();
        assert_eq!(told, [("admin", "user-added"), ("lan", "password-changed"), ("lan", "sign-in")]);
        assert!(log.check().await.unwrap().problem.is_none());
    }

    #[tokio::test]
    async fn the_last_one_who_may_add_people_stays_so() {
        let folder = tempfile::tempdir().unwrap();
        let (register, _log) = register(folder.path()).await;
        let (admin, at) = (new("admin", Role::Admin), Wall::default());
        register.add(&admin, "digest", BY).await.unwrap();
        let demoted = || Change { role: Some(Role::Viewer), ..Change::default() };
        let disabled = || Change { disabled: Some(true), ..Change::default() };
        for change in [demoted(), disabled()] {
            assert!(matches!(register.change(&admin.name, change, BY, at).await, Err(NotAdded::Last(_))));
        }
        register.add(&new("minh", Role::Admin), "digest", BY).await.unwrap();
        assert_eq!(register.change(&admin.name, demoted(), BY, at).await.unwrap().role, Role::Viewer);
        let nobody = PersonName::new("nobody").unwrap();
        assert!(matches!(register.change(&nobody, disabled(), BY, at).await, Err(NotAdded::Unknown(_))));
    }
}
