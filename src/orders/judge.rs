//! Whether a command is to be done. Pure.

use std::collections::BTreeMap;

use crate::model::{CameraId, CentreId, Wall};
use crate::wire::{Action, Answer, Command};

/// A command that can still be done later than this is no command.
const FAR_AHEAD_MS: i64 = 7 * 86_400_000;

/// Who asked for a picture of now longer ago than this did not mean this now, however long the command counts.
const NOW_LASTS_MS: i64 = 600_000;

/// What the centre lets the province ask for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rights {
    /// The actions, by name.
    pub actions: Vec<String>,
    /// Each camera, and whether its footage may be asked for.
    pub cameras: BTreeMap<CameraId, bool>,
}

/// What a command comes to.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Verdict {
    /// It is answered without being done.
    Answer(Answer),
    /// It is to be done.
    Do(Action),
}

/// What the book knows of a command that is in it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Known {
    /// How it was answered; `None` if it was begun only.
    pub(super) answer: Option<Answer>,
}

/// Judges `command`, of which the book knows `known`.
pub(super) fn judge(
    command: &Command,
    centre: &CentreId,
    rights: &Rights,
    known: Option<Known>,
    now: Wall,
) -> Verdict {
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
    let action = match Action::read(&command.action, command.args.clone()) {
        Ok(Some(action)) => action,
        Ok(None) => {
            let other: String = command.action.chars().take(60).collect();
            return refused(format!(
                "action {other:?} is not known here: use one of {}",
                Action::NAMES.join(", ")
            ));
        }
        Err(why) => return refused(why.0),
    };
    let camera = match &action {
        // It is the link's own, not a person's.
        Action::Certificate(_) => return Verdict::Do(action),
        Action::Still(args) => Some((&args.camera, true)),
        Action::LookIn(args) => Some((&args.camera, true)),
        Action::Clip(args) => Some((&args.camera, false)),
        _ => None,
    };
    if !rights.actions.contains(&command.action) {
        return refused(format!("this centre does not let the province {}", command.action));
    }
    let Some((camera, is_of_now)) = camera else { return Verdict::Do(action) };
    match rights.cameras.get(camera) {
        None => return refused(format!("there is no camera \"{camera}\" here")),
        Some(false) => {
            return refused(format!("this centre does not show camera \"{camera}\" to the province"));
        }
        Some(true) => {}
    }
    let late_ms = now.millis_since(command.issued_at);
    if is_of_now && late_ms > NOW_LASTS_MS {
        let reason = format!("it asked for now at {}, and it is {now} here", command.issued_at);
        return Verdict::Answer(Answer::Expired { reason });
    }
    Verdict::Do(action)
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

    fn rights() -> Rights {
        let camera = |name: &str| CameraId::new(name).unwrap();
        let actions = ["flag", "still", "clip"].map(str::to_owned).to_vec();
        Rights { actions, cameras: BTreeMap::from([(camera("gate"), true), (camera("counter-1"), false)]) }
    }

    fn judged(command: &Command, known: Option<Known>, now: Wall) -> Verdict {
        judge(command, &CentreId::new("xuan-lung").unwrap(), &rights(), known, now)
    }

    fn told(command: &Command, known: Option<Known>, now: Wall) -> Answer {
        match judged(command, known, now) {
            Verdict::Answer(answer) => answer,
            Verdict::Do(order) => panic!("{order:?}"),
        }
    }

    fn asking(action: &str, args: serde_json::Value) -> Command {
        let serde_json::Value::Object(args) = args else { panic!() };
        Command { action: action.into(), args, ..command() }
    }

    #[test]
    fn what_is_allowed_in_time_is_done_and_what_is_unknown_in_it_is_ignored() {
        let verdict = judged(&command(), None, at(60_000));
        assert!(matches!(&verdict, Verdict::Do(Action::Flag(args)) if args.note == "x"), "{verdict:?}");
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
    fn the_centres_own_rules_say_what_may_be_asked_for_and_of_which_camera() {
        let still = |camera: &str| asking("still", serde_json::json!({ "camera": camera, "reason": "x" }));
        assert!(matches!(judged(&still("gate"), None, at(0)), Verdict::Do(Action::Still(_))));
        let look_in = asking("look-in", serde_json::json!({ "camera": "gate", "minutes": 5, "reason": "x" }));
        for (command, word) in [
            (still("counter-1"), "does not show"),
            (still("nowhere"), "no camera"),
            (look_in, "does not let"),
        ] {
            let answer = told(&command, None, at(0));
            assert!(matches!(&answer, Answer::Refused { reason } if reason.contains(word)), "{answer:?}");
        }
    }

    #[test]
    fn a_picture_of_now_that_was_asked_for_long_ago_is_not_taken_however_long_the_command_counts() {
        let days = 3 * 86_400_000;
        let args = serde_json::json!({ "camera": "gate", "reason": "x" });
        let still = Command { expires_at: at(days + 60_000), ..asking("still", args) };
        let answer = told(&still, None, at(days));
        assert!(matches!(answer, Answer::Expired { .. }), "{answer:?}");
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
