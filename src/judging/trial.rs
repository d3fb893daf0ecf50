//! One incident's footage under another threshold: what is played, and whether that flags it. Pure, but for the playing.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::Judged;
use super::measure::changed;
use crate::config::{Camera, EdgeConfig, Rule};
use crate::incident::Incident;
use crate::model::Wall;
use crate::perceive::Models;
use crate::replay::{Reel, Replay};

/// A rule knows the room after so long.
const BEFORE: Duration = Duration::from_secs(90);

/// What holds for longer shows within this.
const BEHIND: Duration = Duration::from_secs(60);

/// No rule is given more footage than this before or behind.
const AT_MOST: Duration = Duration::from_secs(30 * 60);

/// A condition that begins a little earlier is the same one.
const EARLIER_MS: i64 = 30_000;

/// The footage that is played for an incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// The first moment.
    pub from: Wall,
    /// The moment after the last.
    pub to: Wall,
}

impl Window {
    /// What `rule` needs to see of an incident: the room before it, and as long behind as it has to hold.
    pub fn of(rule: &Rule, incident: &Judged) -> Self {
        let ms = |length: Duration| i64::try_from(length.min(AT_MOST).as_millis()).unwrap_or(0);
        let held = incident.started_at.plus_millis(ms(rule.hold));
        Self {
            from: incident.started_at.plus_millis(-ms(BEFORE.max(rule.hold))),
            to: incident.flagged_at.max(held).plus_millis(ms(BEHIND)),
        }
    }
}

/// The configuration of one camera and one rule, with another threshold; none if the rule does not take it.
pub fn with_threshold(config: &EdgeConfig, rule: &Rule, threshold: f64) -> Option<EdgeConfig> {
    let rule = changed(rule, threshold)?;
    Some(EdgeConfig { rules: vec![rule], box_rules: vec![], ..config.clone() })
}

/// Whether what was flagged in a trial is that incident.
pub(super) fn is_flagged(flagged: &[Incident], incident: &Judged) -> bool {
    flagged.iter().any(|one| {
        one.zone == incident.zone && one.flagged_at.millis_since(incident.started_at) >= -EARLIER_MS
    })
}

/// Plays the footage; none if `stop` came first. Takes the processor for as long as it lasts.
pub(super) fn play(
    config: &EdgeConfig,
    camera: &Camera,
    models: &Models,
    (mut reel, from): (Reel, Wall),
    stop: &CancellationToken,
) -> Option<Vec<Incident>> {
    let mut replay = Replay::new(config, camera, models, from, !reel.tells_states());
    while let Some((at, piece)) = reel.next_piece() {
        if stop.is_cancelled() {
            return None;
        }
        replay.take(at, piece);
    }
    Some(replay.finish().flagged)
}

#[cfg(test)]
pub(super) mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::{Secret, read_edge};
    use crate::model::{CameraId, IncidentId};

    pub(in crate::judging) fn rules() -> Vec<Rule> {
        let text = include_str!("../../config/edge.example.toml");
        read_edge("edge.toml", Path::new("/"), text, &|_| Ok(Secret::new(""))).unwrap().rules
    }

    fn incident() -> Judged {
        Judged {
            id: IncidentId("0193b3c4-0000-7000-8000-00000000000a".parse().unwrap()),
            rule: "x".into(),
            camera: CameraId::new("gate").ok(),
            zone: None,
            started_at: Wall::from_millis(10_000_000),
            flagged_at: Wall::from_millis(10_600_000),
            peak: Default::default(),
            outcome: None,
        }
    }

    #[test]
    fn a_rule_that_is_to_hold_for_longer_is_shown_what_came_later() {
        let rule = |hold_s: u64| Rule { hold: Duration::from_secs(hold_s), ..rules().remove(0) };
        let window = |hold_s| {
            let Window { from, to } = Window::of(&rule(hold_s), &incident());
            let s = |wall: Wall| wall.millis_since(incident().started_at) / 1000;
            (s(from), s(to))
        };
        assert_eq!(window(3), (-90, 660));
        assert_eq!(window(600), (-600, 660));
        assert_eq!(window(900), (-900, 960));
        assert_eq!(window(8 * 3600), (-1800, 1860), "half an hour is enough");
    }
}
