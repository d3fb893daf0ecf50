//! Whether a command is to be done. Pure.

use super::flag::manual;
use crate::incident::Manual;
use crate::model::{CentreId, Wall};
use crate::wire::{Answer, Command, FlagArgs};

/// A command that can still be done later than this is no command.
const FAR_AHEAD_MS: i64 = 7 * 86_400_000;

/// What is to be done.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Order {
    /// Flag a moment.
    Flag(Manual),
}

/// What a command comes to.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Verdict {
    /// It is answered without being done.
    Answer(Answer),
    /// It is to be done.
    Do(Order),
}

/// What the book knows of a command that is in it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Known {
    /// How it was answered; `None` if it was begun only.
    pub(super) answer: Option<Answer>,
}

/// Judges `command`, of which the book knows `known`.
pub(super) fn judge(command: &Command, centre: &CentreId, known: Option<Known>, now: Wall) -> Verdict {
    match &command.centre {
        Some(named) if named == centre => {}
        Some(other) => return refused(format!("it is for centre {other}, and this is {centre}")),
        // The signature does not cover the topic: without a name it could be played to every centre.
        None => return refused(format!("it names no centre: this is {centre}")),
    }
    if let Some(known) = known {
        let reason = "the service stopped while it was being done: see the incidents of that time";
        return Verdict::Answer(known.answer.unwrap_or_else(|| Answer::Failed { reason: reason.into() }));
    }
    if now > command.expires_at {
        let reason = format!("it was to be done by {}, and it is {now} here", command.expires_at);
        return Verdict::Answer(Answer::Expired { reason });
    }
    if command.expires_at.millis_since(now) > FAR_AHEAD_MS {
        return refused("expires_at is more than 7 days ahead".to_owned());
    }
    match command.action.as_str() {
        "flag" => {
            let args = FlagArgs::read(command.args.clone()).map_err(|e| e.to_string());
            match args.and_then(|args| manual(args, &command.actor, Some(command.issued_at))) {
                Ok(what) => Verdict::Do(Order::Flag(what)),
                Err(why) => refused(why),
            }
        }
        other => {
            let other: String = other.chars().take(60).collect();
            refused(format!("action {other:?} is not known here: use \"flag\""))
        }
    }
}

fn refused(reason: String) -> Verdict {
    Verdict::Answer(Answer::Refused { reason })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Wall {
        Wall::from_millis(1_795_400_000_000 + ms)
    }

    fn command() -> Command {
        let serde_json::Value::Object(args) = serde_json::json!({ "note": "x", "mood": "tense" }) else {
            panic!()
        };
        Command {
            id: "0193b3c4-0000-7000-8000-000000000001".parse().unwrap(),
            centre: CentreId::new("xuan-lung").ok(),
            action: "flag".into(),
            actor: "lan".into(),
            issued_at: at(0),
            expires_at: at(60_000),
            args,
        }
    }

    fn told(command: &Command, known: Option<Known>, now: Wall) -> Answer {
        match judge(command, &CentreId::new("xuan-lung").unwrap(), known, now) {
            Verdict::Answer(answer) => answer,
            Verdict::Do(order) => panic!("{order:?}"),
        }
    }

    #[test]
    fn a_flag_in_time_is_done_in_the_name_of_who_gave_it_and_what_is_unknown_is_ignored() {
        let verdict = judge(&command(), &CentreId::new("xuan-lung").unwrap(), None, at(60_000));
        let Verdict::Do(Order::Flag(what)) = verdict else { panic!("{verdict:?}") };
        assert_eq!((what.by.as_str(), what.note.as_str(), what.at), ("lan", "x", Some(at(0))));
    }

    #[test]
    fn what_is_late_for_another_centre_unknown_or_wrong_is_told_why() {
        let expired = told(&command(), None, at(60_001));
        assert!(matches!(expired, Answer::Expired { .. }), "{expired:?}");
        let elsewhere = Command { centre: CentreId::new("phu-tho").ok(), ..command() };
        let anywhere = told(&Command { centre: None, ..command() }, None, at(0));
        assert!(matches!(anywhere, Answer::Refused { .. }), "{anywhere:?}");
        let unknown = Command { action: "reboot".into(), ..command() };
        let empty = Command { args: serde_json::Map::new(), ..command() };
        let endless = Command { expires_at: at(8 * 86_400_000), ..command() };
        for (command, word) in
            [(elsewhere, "phu-tho"), (unknown, "reboot"), (empty, "note"), (endless, "7 days")]
        {
            let answer = told(&command, None, at(0));
            assert!(matches!(&answer, Answer::Refused { reason } if reason.contains(word)), "{answer:?}");
        }
    }

    #[test]
    fn what_is_in_the_book_is_answered_as_it_was_also_when_it_is_late() {
        let done = Answer::Done { data: serde_json::Map::new() };
        let known = Some(Known { answer: Some(done.clone()) });
        assert_eq!(told(&command(), known, at(600_000)), done);
        let cut_off = told(&command(), Some(Known { answer: None }), at(0));
        assert!(matches!(cut_off, Answer::Failed { .. }), "{cut_off:?}");
    }
}
