//! Whether a room is quiet just now, nothing standing out of its own noise, or louder than it mostly is. Pure.

use super::Loudness;

/// What is no more than this above the room's noise does not stand out of it.
const MARGIN_DB: f64 = 4.0;

/// Below this nothing could be told anyway.
const FAINT_DBFS: f64 = -72.0;

/// More likely than this, a window may be speech.
const SPEECH: f32 = 0.3;

/// So many windows are a stretch, and a little more.
const STRETCH: u32 = 12;

/// How fast the noise is taken to rise and to fall, in dB a second: it is what is left between sounds.
const RISE: f64 = 0.1;
const FALL: f64 = 2.0;

/// What is this much above what the room is mostly like is an event.
const EVENT_DB: f64 = 8.0;

/// How fast the usual level is followed, in dB a second; it settles where 70 % of the time is quieter.
const FOLLOW: f64 = 1.0;
const QUIETER: f64 = 0.7;

/// The noise of one room, what it is mostly like, and whether anything was louder of late.
#[derive(Debug, Clone, Default)]
pub(super) struct Quiet {
    noise_dbfs: Option<f64>,
    quiet_for: u32,
    usual_dbfs: Option<f64>,
    since_event: Option<u32>,
}

impl Quiet {
    /// Takes a window.
    pub fn take(&mut self, loudness: &Loudness) {
        let level = loudness.dbfs;
        let noise = self.noise_dbfs.get_or_insert(level);
        let stands_out = level > FAINT_DBFS && level > *noise + MARGIN_DB;
        let may_be_speech = loudness.speech.is_some_and(|speech| speech > SPEECH);
        self.quiet_for = if stands_out || may_be_speech { 0 } else { self.quiet_for.saturating_add(1) };
        let step = f64::from(loudness.window_ms) / 1000.0;
        let usual = self.usual_dbfs.get_or_insert(level);
        let is_event = level > FAINT_DBFS && level > *usual + EVENT_DB;
        self.since_event =
            if is_event { Some(0) } else { self.since_event.map(|since| since.saturating_add(1)) };
        *usual += FOLLOW * step * if level > *usual { QUIETER } else { QUIETER - 1.0 };
        *noise = if level > *noise {
            (*noise + RISE * step).min(level)
        } else {
            (*noise - FALL * step).max(level)
        };
    }

    /// Whether something in the last stretch was much louder than the room mostly is.
    pub fn is_event(&self) -> bool {
        self.since_event.is_some_and(|since| since < STRETCH)
    }

    /// Whether nothing stood out for a whole stretch.
    pub fn is_quiet(&self) -> bool {
        self.quiet_for >= STRETCH
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hear(quiet: &mut Quiet, seconds: u32, dbfs: f64, speech: f32) {
        let loudness = Loudness { dbfs, lufs: dbfs, speech: Some(speech), is_flat: false, window_ms: 100 };
        (0..seconds * 10).for_each(|_| quiet.take(&loudness));
    }

    #[test]
    fn a_room_that_only_hums_is_quiet_and_any_sound_wakes_the_ear() {
        let mut quiet = Quiet::default();
        hear(&mut quiet, 5, -50.0, 0.0);
        assert!(quiet.is_quiet());
        hear(&mut quiet, 1, -40.0, 0.0);
        assert!(!quiet.is_quiet());
        hear(&mut quiet, 1, -50.0, 0.0);
        assert!(!quiet.is_quiet(), "what was heard is still in the stretch");
        hear(&mut quiet, 1, -50.0, 0.0);
        assert!(quiet.is_quiet());
        hear(&mut quiet, 1, -50.0, 0.6);
        assert!(!quiet.is_quiet(), "a whisper");
    }

    #[test]
    fn what_is_louder_than_the_room_mostly_is_is_an_event_until_the_room_is_so() {
        let mut quiet = Quiet::default();
        for _ in 0..30 {
            hear(&mut quiet, 3, -32.0, 0.9);
            hear(&mut quiet, 1, -50.0, 0.1);
        }
        assert!(!quiet.is_event());
        hear(&mut quiet, 1, -20.0, 0.1);
        assert!(quiet.is_event());
        hear(&mut quiet, 30, -20.0, 0.1);
        assert!(!quiet.is_event());
    }

    #[test]
    fn a_lively_room_is_not_quiet_for_a_long_time() {
        let mut quiet = Quiet::default();
        for _ in 0..300 {
            hear(&mut quiet, 1, -30.0, 0.9);
            hear(&mut quiet, 1, -48.0, 0.1);
            assert!(!quiet.is_quiet());
        }
    }
}
