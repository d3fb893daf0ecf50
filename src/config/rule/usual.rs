//! What each kind has where the file says nothing: how much it matters, how long it must last, when.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::HOUR;
use crate::model::{Kind, Severity};

/// The defaults of a kind.
pub(super) struct Usual {
    /// How much it matters.
    pub(super) severity: Severity,
    /// How long it must last.
    pub(super) hold: Duration,
    /// Within which range that may be set.
    pub(super) holds: RangeInclusive<Duration>,
    /// When it is watched for.
    pub(super) schedule: When,
}

/// When a kind is watched for by default.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    /// At all times.
    Always,
    /// While the centre is open.
    Open,
    /// While nobody has business in the centre.
    Deserted,
}

/// The defaults of `kind`. They are a choice between what is missed and what is flagged wrongly:
/// a hall has about 200 camera-hours for each wrong flag that a province can bear.
pub(super) fn usual(kind: Kind) -> Usual {
    use Severity::{Notice, Urgent, Warning};
    let (severity, hold_s, schedule) = match kind {
        // Staff may fetch a paper or a colleague.
        Kind::CounterUnattended => (Warning, 600, When::Open),
        Kind::LongWait => (Notice, 1200, When::Open),
        // A group that walks through is no crowd.
        Kind::Crowding => (Warning, 30, When::Always),
        // Staff come early, stay late and eat there.
        Kind::AfterHours => (Urgent, 2, When::Deserted),
        // One loud word, or a laugh, is no quarrel.
        Kind::RaisedVoices => (Warning, 3, When::Always),
        Kind::Scream | Kind::BreakingGlass => (Urgent, 0, When::Always),
        Kind::AlarmSound => (Urgent, 3, When::Always),
        Kind::AudioLost => (Warning, 60, When::Always),
        // Somebody may stand before the lens for a moment.
        Kind::CameraCovered => (Warning, 10, When::Always),
        Kind::CameraMoved => (Warning, 30, When::Always),
        // It takes an encoder up to that long to show that its source repeats.
        Kind::PictureFrozen => (Warning, 60, When::Always),
        Kind::CameraBlurred => (Notice, 60, When::Always),
        _ => (Warning, 0, When::Always),
    };
    let holds = match kind {
        Kind::CounterUnattended | Kind::LongWait => Duration::from_secs(1)..=8 * HOUR,
        _ => Duration::ZERO..=HOUR,
    };
    Usual { severity, hold: Duration::from_secs(hold_s), holds, schedule }
}
