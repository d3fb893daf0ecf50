//! What people ask of a centre: the province by signed commands, those at the centre by its pages.
//!
//! A command is done once however often it comes, and answered each time with the same reply: it
//! is in the book before it is done, and its answer before the reply goes. One that a stop cut off
//! is not done again, because nobody knows how far it had come; its reply says so. A look-in is answered
//! when it begins; its pictures follow as replies of their own, and none is kept.

mod book;

mod casebook;

mod flag;

mod footage;

mod handling;

mod judge;

mod shown;

mod work;

pub use casebook::{Casebook, Deed, NotPut};
pub use flag::{Asked, FlagDesk, Footage, NotFlagged, What, manual};
pub use handling::{Handled, Place};
pub use judge::Rights;
pub use shown::{Case, CaseFilter, Counts, Delivery, WorkFilter};
pub use work::{Conflict, Doing};

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use serde_json::{Map, Value};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::centre_db::CentreDb;
use crate::clock;
use crate::enrol::Folder;
use crate::model::{CentreId, CommandId, IncidentId};
use crate::record::Archive;
use crate::wire::{Action, Answer, Command, LookInArgs, PublicKey, Reply};
use footage::{Size, picture_now};
use judge::{Verdict, judge};

/// How long lies between two pictures of a look-in.
const LOOK_EVERY: Duration = Duration::from_secs(3);

/// So many look-ins may go on at once.
const LOOK_INS: usize = 2;

/// Does what the province commands, one after the other.
pub struct Clerk {
    /// Whose clerk.
    pub centre: CentreId,
    /// Where commands are written down.
    pub db: CentreDb,
    /// Where what is said about incidents is put on record.
    pub cases: Casebook,
    /// Where moments are flagged and footage is asked for.
    pub flags: FlagDesk,
    /// What the province may ask for.
    pub rights: Rights,
    /// Where pictures of now come from.
    pub archive: Arc<Archive>,
    /// Where the papers for the link are, and the key that they must be for.
    pub papers: Option<(Folder, PublicKey)>,
}

/// Look-ins that go on.
type Looking<'a> = FuturesUnordered<BoxFuture<'a, ()>>;

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
        let mut looking = Looking::new();
        loop {
            let command = tokio::select! {
                () = stop.cancelled() => return Ok(()),
                Some(()) = looking.next() => continue,
                Some(command) = commands.recv() => command,
            };
            let (answer, look_in) = self.answer(&command, looking.len()).await;
            tracing::info!(
                target: "orders", command = %command.id, action = command.action, actor = command.actor,
                answer = answer.as_str(), reason = answer.reason(),
                "a command of the province was answered"
            );
            let _ = replies.send(Reply { id: command.id, answer }).await;
            if let Some(args) = look_in {
                looking.push(Box::pin(self.look_in(command.id, args, replies.clone())));
            }
        }
    }

    /// The answer, and the look-in that begins with it, if one does; `looking` go on already.
    async fn answer(&self, command: &Command, looking: usize) -> (Answer, Option<LookInArgs>) {
        let unable =
            |e: sqlx::Error| (Answer::Failed { reason: format!("it cannot be written down now: {e}") }, None);
        let now = clock::now();
        let known = match self.db.command(command.id).await {
            Ok(known) => known,
            Err(e) => return unable(e),
        };
        let action = match judge(command, &self.centre, &self.rights, known, now.wall) {
            Verdict::Answer(answer) => return (answer, None),
            Verdict::Do(action) => action,
        };
        if let Err(e) = self.db.begin_command(command, now.wall).await {
            return unable(e);
        }
        let look_in = match &action {
            Action::LookIn(args) if looking < LOOK_INS => Some(args.clone()),
            _ => None,
        };
        let answer = self.carry_out(action, &command.actor, command, look_in.is_some()).await;
        if let Err(e) = self.db.end_command(command.id, &answer).await {
            tracing::error!(command = %command.id, "what became of a command cannot be written down: {e}");
        }
        (answer, look_in)
    }

    async fn carry_out(&self, action: Action, actor: &str, command: &Command, has_room: bool) -> Answer {
        match action {
            Action::Flag(args) => match manual(args, actor, Some(command.issued_at)) {
                Ok(what) => flagged(self.flags.ask(What::Moment(what)).await),
                Err(reason) => Answer::Refused { reason },
            },
            Action::Clip(args) => flagged(self.flags.ask(What::footage(args, actor)).await),
            Action::Still(args) => match picture_now(&self.archive, &args.camera, Size::ONE).await {
                Ok(data) => Answer::Done { data },
                Err(reason) => Answer::Failed { reason },
            },
            Action::LookIn(_) if !has_room => {
                Answer::Failed { reason: format!("{LOOK_INS} look-ins go on already") }
            }
            Action::LookIn(args) => {
                let until = clock::now().wall.plus_millis(60_000 * i64::from(args.minutes));
                Answer::Done { data: one("until", until.to_string()) }
            }
            Action::Acknowledge(args) => {
                self.handle(args.incident, actor, Doing::Acknowledge, args.note).await
            }
            Action::Comment(args) => self.handle(args.incident, actor, Doing::Comment, args.text).await,
            Action::Close(args) => {
                self.handle(args.incident, actor, Doing::Close(args.outcome), args.note).await
            }
            Action::Certificate(args) => self.take_papers(&args.papers),
        }
    }

    async fn handle(&self, incident: IncidentId, who: &str, doing: Doing, note: String) -> Answer {
        let (place, from) = (Place::Province, "province".to_owned());
        let deed = Deed { incident, place, who: who.to_owned(), from, doing, note, seen: None };
        match self.cases.put(&deed, clock::now()).await {
            Ok(()) => Answer::Done { data: one("incident", incident.to_string()) },
            Err(e @ NotPut::Failed(_)) => Answer::Failed { reason: e.to_string() },
            Err(e) => Answer::Refused { reason: e.to_string() },
        }
    }

    /// New papers are put in the place of the old ones; the link takes them up by itself.
    fn take_papers(&self, text: &str) -> Answer {
        let Some((folder, key)) = &self.papers else {
            return Answer::Refused { reason: "this centre has no papers".to_owned() };
        };
        match folder.renew(text, &self.centre, key) {
            Ok(papers) => Answer::Done { data: one("until", papers.validity.to.to_string()) },
            Err(e) => Answer::Refused { reason: format!("{e:#}") },
        }
    }

    /// Sends pictures until the minutes are over.
    async fn look_in(&self, id: CommandId, args: LookInArgs, replies: mpsc::Sender<Reply>) {
        let end = clock::now().mono.plus(Duration::from_secs(60 * u64::from(args.minutes)));
        while clock::now().mono < end {
            match picture_now(&self.archive, &args.camera, Size::OF_MANY).await {
                Ok(data) => {
                    let _ = replies.send(Reply { id, answer: Answer::Picture { data } }).await;
                }
                Err(why) => {
                    tracing::warn!(target: "orders", command = %id, "no picture for a look-in: {why}")
                }
            }
            clock::sleep_until(clock::now().mono.plus(LOOK_EVERY)).await;
        }
    }
}

fn one(key: &str, value: String) -> Map<String, Value> {
    [(key.to_owned(), value.into())].into_iter().collect()
}

fn flagged(outcome: Result<IncidentId, NotFlagged>) -> Answer {
    match outcome {
        Ok(id) => Answer::Done { data: one("incident", id.to_string()) },
        Err(NotFlagged::Refused(reason)) => Answer::Refused { reason },
        Err(NotFlagged::Later(reason)) => Answer::Failed { reason },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forward::fixtures::{db, event, incident, now, signer};
    use crate::model::{CommandId, EventId, Ids, IncidentId, Severity};
    use crate::record::{Index, Keep, Policy};
    use crate::wire::ClosedAs;

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
        let rights = Rights { actions: Action::NAMES.map(str::to_owned).to_vec(), ..Rights::default() };
        let usual = Keep { main: Duration::MAX, sub: Duration::MAX, most_bytes: None };
        let policy = Policy { usual, cameras: Default::default(), reserve_bytes: 0, pin_share: 0.3 };
        let archive = Arc::new(Archive::new(folder, policy, Index::open(folder).await.unwrap()));
        let db = db(folder).await;
        let (nudge, _) = mpsc::channel(1);
        let cases = Casebook::new(centre.clone(), db.clone(), Arc::new(signer()), Ids::new(7), nudge);
        (Clerk { centre, db, cases, flags, rights, archive, papers: None }, asked)
    }

    /// The answer to `command`, and how often something was flagged for it; everything may be.
    async fn answer(clerk: &Clerk, asked: &mut mpsc::Receiver<Asked>, command: &Command) -> (Answer, u32) {
        let mut answering = std::pin::pin!(clerk.answer(command, 0));
        let mut flagged = 0;
        loop {
            tokio::select! {
                (answer, _) = &mut answering => return (answer, flagged),
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

    #[tokio::test]
    async fn what_the_province_says_of_an_incident_is_in_its_history_and_of_an_unknown_one_refused() {
        let folder = tempfile::tempdir().unwrap();
        let (clerk, _asked) = clerk(folder.path()).await;
        let mut ids = Ids::new(9);
        let row = incident(&mut ids, Severity::Warning);
        let id = EventId(ids.next(now()));
        clerk.db.record_event(&row, &signer(), now(), |n, epoch| event(id, &row, n, epoch)).await.unwrap();
        let mut said = |action: &str, args: Value| {
            let Value::Object(args) = args else { panic!() };
            Command { id: CommandId(ids.next(now())), action: action.into(), args, ..command("") }
        };
        let incident = row.id.to_string();
        for command in [
            said("acknowledge", serde_json::json!({ "incident": incident })),
            said("comment", serde_json::json!({ "incident": incident, "text": "Đã gọi điện" })),
            said(
                "close",
                serde_json::json!({ "incident": incident, "outcome": "false-alarm", "note": "Tivi" }),
            ),
        ] {
            let (answer, _) = clerk.answer(&command, 0).await;
            assert!(matches!(answer, Answer::Done { .. }), "{answer:?}");
        }
        let history = clerk.db.history(row.id).await.unwrap();
        let told: Vec<_> = history.iter().map(|one| (one.action.as_str(), one.note.as_str())).collect();
        assert_eq!(told, [("acknowledge", ""), ("comment", "Đã gọi điện"), ("close", "Tivi")]);
        assert_eq!((history[2].outcome, history[2].place), (Some(ClosedAs::FalseAlarm), Place::Province));
        let nobody = "0193b3c4-0000-7000-8000-00000000000f";
        let unknown = said("comment", serde_json::json!({ "incident": nobody, "text": "x" }));
        let (answer, _) = clerk.answer(&unknown, 0).await;
        assert!(matches!(&answer, Answer::Refused { reason } if reason.contains(nobody)), "{answer:?}");
    }
}
