use super::super::Watch;
use super::*;
use crate::ingest::CameraState;
use crate::perceive::{Loudness, Observation};

/// Half a second: the level of its windows, and how surely it is an alarm.
type Half = (f64, f32);

const NOTHING: Half = (-50.0, 0.0);
const RINGING: Half = (-20.0, 0.7);

/// How a sound is while it is loud.
#[derive(Clone, Copy)]
struct Like {
    bright_hz: f64,
    tone: f64,
    other: (&'static str, f32),
}

const BELL: Like = Like { bright_hz: 1500.0, tone: 0.0, other: (sounds::SPEECH, 0.0) };

/// An ear at a rule, and the time.
struct Hall {
    rule: AlarmSound,
    now: Now,
}

impl Hall {
    /// One in which nothing was heard for a minute.
    fn quiet(hold: Duration) -> Self {
        let mut hall = Self { rule: AlarmSound::new(0.2, hold), now: Now::default() };
        assert_eq!(hall.play_like(&[NOTHING; 125], BELL), []);
        hall
    }

    /// Gives each sign with its second.
    fn play_like(&mut self, halves: &[Half], like: Like) -> Vec<(f64, Sign)> {
        let mut signs = Vec::new();
        for (dbfs, alarm) in halves {
            for _ in 0..5 {
                self.now = self.now.plus(Duration::from_millis(96));
                let sound =
                    Loudness { dbfs: *dbfs, lufs: *dbfs, speech: None, is_flat: false, window_ms: 96 };
                signs.extend(self.take(Observation::Sound(sound)));
            }
            let tone = if *dbfs > -40.0 { like.tone } else { 0.0 };
            let scores = vec![(sounds::ALARM, *alarm), like.other];
            let heard = Heard { scores, brightness_hz: like.bright_hz, tone, shrill: 0.0, hop_ms: 480 };
            signs.extend(self.take(Observation::Heard(heard)));
        }
        signs
    }

    fn take(&mut self, observation: Observation) -> Option<(f64, Sign)> {
        let sign = self.rule.observe(&observation, true, self.now)?;
        Some((self.now.mono.0.as_secs_f64(), sign))
    }
}

const HOLD: Duration = Duration::from_secs(3);

/// What is flagged of these and 10 s of nothing after them.
fn play_like(halves: &[Half], like: Like) -> Vec<(f64, Sign)> {
    Hall::quiet(HOLD).play_like(&[halves, &[NOTHING; 20]].concat(), like)
}

fn count(halves: &[Half], like: Like) -> usize {
    play_like(halves, like).iter().filter(|(_, sign)| matches!(sign, Sign::Flagged { .. })).count()
}

#[test]
fn an_alarm_has_to_last_and_its_pauses_are_forgiven() {
    assert_eq!(count(&[RINGING; 5], BELL), 0, "a beep of 2.4 s");
    let pattern = [&[RINGING; 4][..], &[NOTHING; 2]].concat();
    let signs = play_like(&pattern.repeat(5), BELL);
    let Sign::Flagged { started_at, .. } = &signs[0].1 else { panic!("{signs:?}") };
    assert!((started_at.as_millis() - 60_000).abs() <= 500, "{started_at}");
    assert!((63.0..=64.5).contains(&signs[0].0), "{}", signs[0].0);
    assert_eq!(count(&pattern.repeat(5), BELL), 1, "once");
}

#[test]
fn a_bell_that_is_recognised_now_and_then_is_an_alarm_and_what_hardly_scores_is_none() {
    assert_eq!(count(&[RINGING, (-20.0, 0.0), (-20.0, 0.0)].repeat(8), BELL), 1);
    assert_eq!(count(&[&[RINGING][..], &[(-20.0, 0.0); 5]].concat().repeat(8), BELL), 0);
    assert_eq!(count(&[(-20.0, 0.15); 40], BELL), 0);
}

#[test]
fn the_score_that_is_told_is_the_mean_that_flagged_it() {
    let signs = play_like(&[(-20.0, 0.25); 20], BELL);
    let Sign::Flagged { peak, .. } = &signs[0].1 else { panic!("{signs:?}") };
    assert!((0.2..=0.25).contains(&peak["score"].as_f64().unwrap()), "{peak:?}");
}

#[test]
fn what_hardly_scored_for_long_is_not_its_beginning() {
    let faint = [(-20.0, 0.06), (-20.0, 0.0)].repeat(30);
    let signs = play_like(&[&faint[..], &[RINGING; 8]].concat(), BELL);
    let Sign::Flagged { started_at, .. } = &signs[0].1 else { panic!("{signs:?}") };
    assert!(started_at.as_millis() >= 60_000 + 28_800 - 6000, "{started_at}");
}

#[test]
fn it_is_over_when_it_stops_however_often_something_hardly_scores() {
    let faint = [(-20.0, 0.06), (-20.0, 0.0)].repeat(30);
    let signs = play_like(&[&[RINGING; 20][..], &faint].concat(), BELL);
    assert!(matches!(signs.last(), Some((at, Sign::Ended(_))) if *at < 60.0 + 26.4), "{signs:?}");
}

#[test]
fn a_telephone_or_a_motorcycle_that_passes_is_no_alarm() {
    for (other, score) in [(sounds::TELEPHONE, 0.9), (sounds::ENGINE, 0.6)] {
        assert_eq!(count(&[RINGING; 20], Like { other: (other, score), ..BELL }), 0, "{other}");
    }
    assert_eq!(count(&[RINGING; 20], Like { bright_hz: 600.0, ..BELL }), 0, "it hums");
}

#[test]
fn what_is_softer_than_speech_is_no_alarm_of_this_hall() {
    let mut hall = Hall { rule: AlarmSound::new(0.2, HOLD), now: Now::default() };
    let signs = hall.play_like(&[&[(-70.0, 0.0); 125][..], &[(-40.0, 0.7); 20]].concat(), BELL);
    assert_eq!(signs, []);
}

#[test]
fn people_who_speak_louder_than_the_bell_do_not_make_it_a_motor() {
    assert_eq!(count(&[RINGING; 20], Like { bright_hz: 600.0, other: (sounds::SPEECH, 0.8), ..BELL }), 1);
}

#[test]
fn a_loud_tone_without_a_pause_is_an_alarm_and_one_with_pauses_is_a_telephone() {
    let horn_like = Like { tone: 1.0, ..BELL };
    let horn = play_like(&[(-20.0, 0.0); 16], horn_like);
    let Sign::Flagged { started_at, peak } = &horn[0].1 else { panic!("{horn:?}") };
    assert!((started_at.as_millis() - 60_000).abs() <= 500 && horn[0].0 <= 64.6, "{horn:?}");
    assert!(!peak.contains_key("score"), "{peak:?}");
    assert!(matches!(horn[1].1, Sign::Ended(at) if at.as_millis() >= 66_900), "{horn:?}");
    let rings = [&[(-20.0, 0.0); 4][..], &[NOTHING; 4]].concat().repeat(8);
    assert_eq!(play_like(&rings, horn_like), []);
    assert_eq!(play_like(&[(-45.0, 0.0); 60], horn_like), [], "music");
}

#[test]
fn a_tone_does_not_go_on_through_what_was_not_heard() {
    let horn_like = Like { tone: 1.0, ..BELL };
    let mut hall = Hall::quiet(HOLD);
    assert_eq!(hall.play_like(&[(-20.0, 0.0); 4], horn_like), []);
    hall.now = hall.now.plus(Duration::from_secs(60));
    assert_eq!(hall.play_like(&[(-20.0, 0.0); 4], horn_like), []);
    hall.take(Observation::Camera(CameraState::Lost));
    assert_eq!(hall.play_like(&[(-20.0, 0.0); 8], horn_like), []);
}

#[test]
fn any_hold_is_held() {
    for (seconds, halves) in [(0, 3), (1, 4), (10, 24), (20, 46)] {
        let mut hall = Hall::quiet(Duration::from_secs(seconds));
        let signs = hall.play_like(&vec![RINGING; halves], BELL);
        let Some((at, Sign::Flagged { .. })) = signs.first() else { panic!("{seconds}: {signs:?}") };
        assert!((0.0..=1.5).contains(&(at - 60.0 - seconds as f64)), "{seconds}: {at}");
    }
}

#[test]
fn outside_its_schedule_nothing_is_flagged() {
    let mut hall = Hall::quiet(HOLD);
    let heard = Heard { scores: vec![(sounds::ALARM, 0.9)], tone: 1.0, ..Heard::default() };
    let mut take = |armed| {
        hall.now = hall.now.plus(Duration::from_millis(480));
        hall.rule.observe(&Observation::Heard(heard.clone()), armed, hall.now)
    };
    assert!((0..40).all(|_| take(false).is_none()));
}
