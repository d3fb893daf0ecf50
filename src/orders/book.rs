//! The book of commands, in the centre's database.

use serde_json::{Value, json};
use sqlx::Row;

use super::judge::Known;
use crate::centre_db::{CentreDb, unreadable};
use crate::database::WRITING;
use crate::model::{CommandId, Wall};
use crate::people::{Act, AuditLog};
use crate::wire::{Answer, Command};

/// So long after it expired a command is forgotten: if it comes then, it is answered as expired.
const KEPT_MS: i64 = 30 * 86_400_000;

impl CentreDb {
    /// What is known of a command; `None` if it never came.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub(super) async fn command(&self, id: CommandId) -> Result<Option<Known>, sqlx::Error> {
        let row = sqlx::query("SELECT reply FROM commands WHERE id = ?")
            .bind(id.to_string())
            .fetch_optional(&self.pool)
            .await?;
        let Some(row) = row else { return Ok(None) };
        let reply: Option<String> = row.try_get("reply")?;
        let answer = reply.map(|reply| serde_json::from_str(&reply)).transpose();
        Ok(Some(Known { answer: answer.map_err(|e| unreadable("reply", Box::new(e)))? }))
    }

    /// Writes down that a command is about to be done.
    ///
    /// # Errors
    /// If the row cannot be written, or is there already.
    pub(super) async fn begin_command(&self, command: &Command, now: Wall) -> Result<(), sqlx::Error> {
        sqlx::query("DELETE FROM commands WHERE expires_at < ?")
            .bind(now.plus_millis(-KEPT_MS).as_millis())
            .execute(&self.pool)
            .await?;
        let text = |text: &str| text.chars().take(200).collect::<String>();
        let mut transaction = self.pool.begin_with(WRITING).await?;
        sqlx::query(
            "INSERT INTO commands (id, action, actor, taken_at, expires_at, args) VALUES (?, ?, ?, ?, ?, ?)",
        )
        .bind(command.id.to_string())
        .bind(text(&command.action))
        .bind(text(&command.actor))
        .bind(now.as_millis())
        .bind(command.expires_at.as_millis())
        .bind(serde_json::to_string(&command.args).unwrap_or_default())
        .execute(&mut *transaction)
        .await?;
        // What is said about an incident is on the log as what was done about it.
        if matches!(command.action.as_str(), "clip" | "still" | "look-in" | "flag") {
            let act = Act {
                who: &text(&command.actor),
                from: "province",
                action: "asked",
                subject: command.args.get("camera").and_then(Value::as_str),
                detail: json!({ "action": command.action, "args": command.args }),
            };
            AuditLog::add_in(&mut transaction, act, now).await?;
        }
        transaction.commit().await
    }

    /// Writes down how a command was answered.
    ///
    /// # Errors
    /// If the row cannot be written.
    pub(super) async fn end_command(&self, id: CommandId, answer: &Answer) -> Result<(), sqlx::Error> {
        let reply = serde_json::to_string(answer).map_err(|e| sqlx::Error::Encode(e.into()))?;
        sqlx::query("UPDATE commands SET reply = ? WHERE id = ?")
            .bind(reply)
            .bind(id.to_string())
            .execute(&self.pool)
            .await?;
        Ok(())
    }
}
