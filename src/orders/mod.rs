//! What people ask of a centre: the province by signed commands, those at the centre by its pages.
//!
//! A command is done once however often it comes, and answered each time with the same reply: it
//! is in the book before it is done, and its answer before the reply goes. One that a stop cut off
//! is not done again, because nobody knows how far it had come; its reply says so.

mod book;

mod flag;

mod judge;

pub use flag::{Asked, FlagDesk, NotFlagged, manual};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::centre_db::CentreDb;
use crate::clock;
use crate::model::CentreId;
use crate::wire::{Answer, Command, Reply};
use judge::{Order, Verdict, judge};

/// Does what the province commands, one after the other.
pub struct Clerk {
    /// Whose clerk.
    pub centre: CentreId,
    /// Where commands are written down.
    pub db: CentreDb,
    /// Where moments are flagged.
    pub flags: FlagDesk,
}

impl Clerk {
    /// Does `commands` until told to stop; `replies` goes to the province.
    ///
    /// # Errors
    /// None so far: what cannot be done is answered.
    pub async fn run(
        self,
        mut commands: mpsc::Receiver<Command>,
        replies: mpsc::Sender<Reply>,
        stop: CancellationToken,
    ) -> anyhow::Result<()> {
        while let Some(Some(command)) = stop.run_until_cancelled(commands.recv()).await {
            let answer = self.answer(&command).await;
            tracing::info!(
                target: "orders", command = %command.id, action = command.action, actor = command.actor,
                ?answer, "a command of the province was answered"
            );
            let _ = replies.send(Reply { id: command.id, answer }).await;
        }
        stop.cancelled().await;
        Ok(())
    }

    async fn answer(&self, command: &Command) -> Answer {
        let unable =
            |e: sqlx::Error| Answer::Failed { reason: format!("it cannot be written down now: {e}") };
        let now = clock::now();
        let known = match self.db.command(command.id).await {
            Ok(known) => known,
            Err(e) => return unable(e),
        };
        let order = match judge(command, &self.centre, known, now.wall) {
            Verdict::Answer(answer) => return answer,
            Verdict::Do(order) => order,
        };
        if let Err(e) = self.db.begin_command(command, now.wall).await {
            return unable(e);
        }
        let answer = self.carry_out(order).await;
        if let Err(e) = self.db.end_command(command.id, &answer).await {
            tracing::error!(command = %command.id, "what became of a command cannot be written down: {e}");
        }
        answer
    }

    async fn carry_out(&self, order: Order) -> Answer {
        match order {
            Order::Flag(what) => match self.flags.flag(what).await {
                Ok(id) => {
                    let data = [("incident".to_owned(), id.to_string().into())];
                    Answer::Done { data: data.into_iter().collect() }
                }
                Err(NotFlagged::Refused(reason)) => Answer::Refused { reason },
                Err(NotFlagged::Later(reason)) => Answer::Failed { reason },
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forward::fixtures::{db, now};
    use crate::model::{CommandId, IncidentId};

    fn command(note: &str) -> Command {
        let args = serde_json::json!({ "note": note });
        let serde_json::Value::Object(args) = args else { panic!() };
        Command {
            id: "0193b3c4-0000-7000-8000-000000000001".parse().unwrap(),
            centre: CentreId::new("xuan-lung").ok(),
            action: "flag".into(),
            actor: "lan".into(),
            issued_at: clock::now().wall,
            expires_at: clock::now().wall.plus_millis(60_000),
            args,
        }
    }

    async fn clerk(folder: &std::path::Path) -> (Clerk, mpsc::Receiver<Asked>) {
        let (flags, asked) = FlagDesk::new();
        let centre = CentreId::new("xuan-lung").unwrap();
        (Clerk { centre, db: db(folder).await, flags }, asked)
    }

    /// The answer to `command`, and how often something was flagged for it; everything may be.
    async fn answer(clerk: &Clerk, asked: &mut mpsc::Receiver<Asked>, command: &Command) -> (Answer, u32) {
        let mut answering = std::pin::pin!(clerk.answer(command));
        let mut flagged = 0;
        loop {
            tokio::select! {
                answer = &mut answering => return (answer, flagged),
                Some(Asked { answer, .. }) = asked.recv() => {
                    flagged += 1;
                    let id = IncidentId("0193b3c4-0000-7000-8000-00000000000a".parse().unwrap());
                    answer.send(Ok(id)).unwrap();
                }
            }
        }
    }

    #[tokio::test]
    async fn a_command_that_comes_again_is_done_once_and_answered_alike() {
        let folder = tempfile::tempdir().unwrap();
        let (clerk, mut asked) = clerk(folder.path()).await;
        let (first, flagged) = answer(&clerk, &mut asked, &command("x")).await;
        assert!(matches!(&first, Answer::Done { data } if data["incident"].is_string()), "{first:?}");
        assert_eq!(flagged, 1);
        assert_eq!(answer(&clerk, &mut asked, &command("x")).await, (first, 0));
    }

    #[tokio::test]
    async fn a_command_that_a_stop_cut_off_is_not_done_again() {
        let folder = tempfile::tempdir().unwrap();
        let (clerk, mut asked) = clerk(folder.path()).await;
        clerk.db.begin_command(&command("x"), now().wall).await.unwrap();
        let (answer, flagged) = answer(&clerk, &mut asked, &command("x")).await;
        assert!(matches!(&answer, Answer::Failed { reason } if reason.contains("stopped")), "{answer:?}");
        assert_eq!(flagged, 0);
    }

    #[tokio::test]
    async fn the_book_forgets_commands_that_expired_long_ago() {
        let folder = tempfile::tempdir().unwrap();
        let (clerk, _asked) = clerk(folder.path()).await;
        let now = clock::now().wall;
        let old = Command { expires_at: now.plus_millis(-40 * 86_400_000), ..command("x") };
        clerk.db.begin_command(&old, now).await.unwrap();
        let new = CommandId("0193b3c4-0000-7000-8000-000000000002".parse().unwrap());
        clerk.db.begin_command(&Command { id: new, ..command("x") }, now).await.unwrap();
        assert!(clerk.db.command(old.id).await.unwrap().is_none());
        assert!(clerk.db.command(new).await.unwrap().is_some());
    }
}
