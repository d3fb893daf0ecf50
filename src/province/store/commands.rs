//! The commands on record: what was asked of whom, by whom, and what came of it.

use serde::Serialize;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;
use utoipa::ToSchema;

use super::words::{acknowledge, incident_of, work_here};
use super::{Store, StoreError, What};
use crate::database::WRITING;
use crate::model::{CentreId, CommandId, Wall};
use crate::people::{Act, AuditLog};
use crate::wire::{Answer, Command, Reply, Signature};

/// So many of a centre are listed.
const LISTED: i64 = 200;

/// A command as people see it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct CommandRow {
    /// Its id.
    #[schema(value_type = CommandId)]
    pub id: String,
    /// What was asked.
    pub action: String,
    /// Who asked.
    pub actor: String,
    /// When.
    pub issued_at: Wall,
    /// After this it is not done any more.
    pub expires_at: Wall,
    /// `waiting`, `replied` or `expired`.
    pub state: String,
    /// The centre's reply, without a picture in it.
    #[schema(value_type = Option<Object>)]
    pub reply: Option<serde_json::Value>,
    /// When the reply came.
    pub replied_at: Option<Wall>,
    /// When the newest picture came.
    pub picture_at: Option<Wall>,
}

/// A command that has no reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unanswered {
    /// Which.
    pub id: CommandId,
    /// Whose.
    pub centre: CentreId,
    /// After this it is not done any more.
    pub expires_at: Wall,
}

/// A command that somebody gives.
#[derive(Debug)]
pub struct Given<'a> {
    /// To whom.
    pub centre: &'a CentreId,
    /// What it says.
    pub command: &'a Command,
    /// The exact bytes.
    pub body: &'a [u8],
    /// By the province's key.
    pub signature: &'a Signature,
    /// The reply, of one that is not sent because it is about an incident that the province itself made.
    pub done_here: Option<&'a Reply>,
    /// What the audit log says of it.
    pub act: Act<'a>,
}

impl Store {
    /// Puts a command on record, and on the audit log, before it goes.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database does not take it.
    pub async fn add_command(&self, given: Given<'_>) -> Result<(), StoreError> {
        let Given { centre, command, body, signature, done_here, act } = given;
        let incident = incident_of(command);
        let mut tx = self.pool.begin_with(WRITING).await?;
        AuditLog::add_in(&mut tx, act, command.issued_at).await?;
        sqlx::query(
            "INSERT INTO commands (id, centre, action, actor, issued_ms, expires_ms, body, sig, kid, incident, state,
                 reply, reply_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(command.id.to_string())
        .bind(centre.as_str())
        .bind(&command.action)
        .bind(&command.actor)
        .bind(command.issued_at.as_millis())
        .bind(command.expires_at.as_millis())
        .bind(body)
        .bind(&signature.sig)
        .bind(&signature.kid)
        .bind(incident.map(|incident| incident.to_string()))
        .bind(if done_here.is_some() { "replied" } else { "waiting" })
        .bind(done_here.map(Reply::to_bytes))
        .bind(done_here.map(|_| command.issued_at.as_millis()))
        .execute(&mut *tx)
        .await?;
        if let Some(incident) = incident {
            if command.action == "acknowledge" {
                acknowledge(&mut tx, centre, incident, command).await?;
            }
            if done_here.is_some() {
                work_here(&mut tx, centre, incident, command).await?;
            }
        }
        tx.commit().await?;
        if let Some(incident) = incident {
            self.tell(incident, What::Handled);
        }
        Ok(())
    }

    /// Every command that has no reply and has not expired.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database does not answer.
    pub async fn unanswered(&self) -> Result<Vec<Unanswered>, StoreError> {
        let rows =
            sqlx::query("SELECT id, centre, expires_ms FROM commands WHERE state = 'waiting' ORDER BY id")
                .fetch_all(&self.pool)
                .await?;
        let read = |row: &SqliteRow| {
            Some(Unanswered {
                id: row.get::<&str, _>("id").parse().ok()?,
                centre: CentreId::new(row.get("centre")).ok()?,
                expires_at: Wall::from_millis(row.get("expires_ms")),
            })
        };
        Ok(rows.iter().filter_map(read).collect())
    }

    /// The exact bytes of a command, its signature, and whose it is.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database does not answer.
    pub async fn command_body(
        &self,
        id: CommandId,
    ) -> Result<Option<(CentreId, Vec<u8>, Signature)>, StoreError> {
        let row = sqlx::query("SELECT centre, body, sig, kid FROM commands WHERE id = ?")
            .bind(id.to_string())
            .fetch_optional(&self.pool)
            .await?;
        Ok(row.and_then(|row| {
            let signature = Signature { sig: row.get("sig"), kid: row.get("kid") };
            Some((CentreId::new(row.get("centre")).ok()?, row.get("body"), signature))
        }))
    }

    /// Takes a reply of `centre`: true if it ends a command of that centre that waited. A picture of a
    /// look-in takes the place of the one before it.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database does not take it.
    pub async fn take_reply(
        &self,
        centre: &CentreId,
        reply: &Reply,
        body: &[u8],
        now: Wall,
    ) -> Result<bool, StoreError> {
        let is_picture = matches!(reply.answer, Answer::Picture { .. });
        let query = if is_picture {
            "UPDATE commands SET picture = ?1, picture_ms = ?2 WHERE id = ?3 AND centre = ?4 AND action = 'look-in'
             RETURNING incident"
        } else {
            "UPDATE commands SET state = 'replied', reply = ?1, reply_ms = ?2
             WHERE id = ?3 AND centre = ?4 AND reply IS NULL RETURNING incident"
        };
        let taken: Vec<Option<String>> = sqlx::query_scalar(query)
            .bind(body)
            .bind(now.as_millis())
            .bind(reply.id.to_string())
            .bind(centre.as_str())
            .fetch_all(&self.pool)
            .await?;
        self.tell_handled(&taken);
        Ok(!taken.is_empty() && !is_picture)
    }

    /// Writes down that nobody answered in time.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database does not take it.
    pub async fn expire_command(&self, id: CommandId) -> Result<(), StoreError> {
        let query =
            "UPDATE commands SET state = 'expired' WHERE id = ? AND state = 'waiting' RETURNING incident";
        let expired: Vec<Option<String>> =
            sqlx::query_scalar(query).bind(id.to_string()).fetch_all(&self.pool).await?;
        self.tell_handled(&expired);
        Ok(())
    }

    fn tell_handled(&self, incidents: &[Option<String>]) {
        let incidents = incidents.iter().flatten().filter_map(|id| id.parse().ok());
        incidents.for_each(|incident| self.tell(incident, What::Handled));
    }

    /// The commands of a centre, the newest first.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database does not answer.
    pub async fn commands(&self, centre: &CentreId) -> Result<Vec<CommandRow>, StoreError> {
        let rows =
            sqlx::query("SELECT * FROM commands WHERE centre = ? ORDER BY issued_ms DESC, id DESC LIMIT ?")
                .bind(centre.as_str())
                .bind(LISTED)
                .fetch_all(&self.readers)
                .await?;
        Ok(rows.iter().map(row).collect())
    }

    /// One command of a centre, and its newest picture, JPEG in base64.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database does not answer.
    pub async fn command(
        &self,
        centre: &CentreId,
        id: CommandId,
    ) -> Result<Option<(CommandRow, Option<String>)>, StoreError> {
        let found = sqlx::query("SELECT * FROM commands WHERE centre = ? AND id = ?")
            .bind(centre.as_str())
            .bind(id.to_string())
            .fetch_optional(&self.readers)
            .await?;
        let jpeg = |row: &SqliteRow, column: &str| {
            let body: Option<Vec<u8>> = row.get(column);
            match Reply::from_bytes(&body?).ok()?.answer {
                Answer::Done { data } | Answer::Picture { data } => {
                    data.get("jpeg").and_then(|jpeg| jpeg.as_str()).map(str::to_owned)
                }
                _ => None,
            }
        };
        Ok(found.map(|found| (row(&found), jpeg(&found, "picture").or_else(|| jpeg(&found, "reply")))))
    }

    /// Whether new papers were sent to a centre since `since`.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database does not answer.
    pub async fn was_renewed(&self, centre: &CentreId, since: Wall) -> Result<bool, StoreError> {
        let found = sqlx::query(
            "SELECT 1 FROM commands WHERE centre = ? AND action = 'certificate' AND issued_ms > ?",
        )
        .bind(centre.as_str())
        .bind(since.as_millis())
        .fetch_optional(&self.pool)
        .await?;
        Ok(found.is_some())
    }
}

fn row(row: &SqliteRow) -> CommandRow {
    let moment = |column: &str| row.get::<Option<i64>, _>(column).map(Wall::from_millis);
    let reply: Option<Vec<u8>> = row.get("reply");
    let reply = reply.and_then(|body| serde_json::from_slice::<serde_json::Value>(&body).ok());
    CommandRow {
        id: row.get("id"),
        action: row.get("action"),
        actor: row.get("actor"),
        issued_at: moment("issued_ms").unwrap_or_default(),
        expires_at: moment("expires_ms").unwrap_or_default(),
        state: row.get("state"),
        reply: reply.map(without_picture),
        replied_at: moment("reply_ms"),
        picture_at: moment("picture_ms"),
    }
}

fn without_picture(mut reply: serde_json::Value) -> serde_json::Value {
    if let Some(data) = reply.get_mut("data").and_then(|data| data.as_object_mut()) {
        data.remove("jpeg");
    }
    reply
}
