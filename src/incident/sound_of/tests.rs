use super::*;
use crate::perceive::Loudness;

/// Half a second: the level of its windows, and what is heard in the stretch that ends with it.
type Half<'a> = (f64, &'a [(&'static str, f32)]);

const NOTHING: Half<'_> = (-50.0, &[]);

fn half<'a>(dbfs: f64, scores: &'a [(&'static str, f32)]) -> Half<'a> {
    (dbfs, scores)
}

fn play(kind: Kind, halves: &[Half<'_>], armed: bool) -> Vec<(f64, Sign)> {
    play_like(kind, halves, armed, (3000.0, 0.0))
}

/// The same with this brightness and this share of a tone while it is loud.
fn play_like(
    kind: Kind,
    halves: &[Half<'_>],
    armed: bool,
    (bright_hz, loud_tone): (f64, f64),
) -> Vec<(f64, Sign)> {
    let hold = if kind == Kind::AlarmSound { Duration::from_secs(3) } else { Duration::ZERO };
    let mut rule = SoundOf::new(kind, if kind == Kind::AlarmSound { 0.2 } else { 0.5 }, hold);
    let (mut now, mut signs) = (Now::default(), Vec::new());
    for (dbfs, scores) in [&[NOTHING; 20], halves, &[NOTHING; 20]].concat() {
        for _ in 0..5 {
            now = now.plus(Duration::from_millis(100));
            let sound = Loudness { dbfs, lufs: dbfs, speech: None, is_flat: false, window_ms: 100 };
            let sign = rule.observe(&Observation::Sound(sound), armed, now);
            signs.extend(sign.map(|sign| (now.mono.0.as_secs_f64(), sign)));
        }
        let tone = if dbfs > -40.0 { loud_tone } else { 0.0 };
        let brightness_hz = if kind == Kind::Scream { 0.0 } else { bright_hz };
        let heard = Heard { scores: scores.to_vec(), brightness_hz, tone, hop_ms: 500 };
        let sign = rule.observe(&Observation::Heard(heard), armed, now);
        signs.extend(sign.map(|sign| (now.mono.0.as_secs_f64(), sign)));
    }
    signs
}

fn count(kind: Kind, halves: &[Half<'_>]) -> usize {
    play(kind, halves, true).iter().filter(|(_, sign)| matches!(sign, Sign::Flagged { .. })).count()
}

#[test]
fn a_scream_is_flagged_at_once_and_dated_to_its_beginning() {
    let scream: [Half<'_>; 3] =
        [(-14.0, &[(sounds::SCREAM, 0.4)]), (-14.0, &[(sounds::SCREAM, 0.8)]), (-40.0, &[])];
    let signs = play(Kind::Scream, &scream, true);
    let Sign::Flagged { started_at, .. } = &signs[0].1 else { panic!("{signs:?}") };
    assert_eq!((signs[0].0, started_at.as_millis()), (11.0, 10_000));
    assert!(matches!(signs.last(), Some((_, Sign::Ended(_)))), "{signs:?}");
}

#[test]
fn two_moderate_stretches_confirm_each_other_and_one_alone_does_not_count() {
    assert_eq!(count(Kind::Scream, &[half(-14.0, &[(sounds::SCREAM, 0.35)]); 2]), 1);
    assert_eq!(count(Kind::Scream, &[(-14.0, &[(sounds::SCREAM, 0.35)])]), 0);
    let far = [&[half(-14.0, &[(sounds::SCREAM, 0.35)])][..], &[NOTHING; 4]].concat();
    assert_eq!(count(Kind::Scream, &far.repeat(4)), 0, "seconds apart");
}

#[test]
fn a_scream_on_a_television_far_away_does_not_stand_out() {
    assert_eq!(count(Kind::Scream, &[half(-48.0, &[(sounds::SCREAM, 0.9)]); 3]), 0);
}

#[test]
fn laughter_that_sounds_like_a_scream_is_laughter() {
    let laughter: Half<'_> = (-20.0, &[(sounds::SCREAM, 0.35), (sounds::LAUGHTER, 0.8)]);
    assert_eq!(count(Kind::Scream, &[laughter; 4]), 0);
}

#[test]
fn glass_breaks_sharply_and_is_bright() {
    let glass: &[(&str, f32)] = &[(sounds::GLASS, 0.7)];
    assert_eq!(count(Kind::BreakingGlass, &[(-15.0, glass), (-30.0, glass)]), 1);
    let swell: Vec<Half<'_>> = (0..16).map(|i| (-50.0 + 2.5 * f64::from(i), glass)).collect();
    assert_eq!(count(Kind::BreakingGlass, &swell), 0, "a fan that is switched on");
    let door = play_like(Kind::BreakingGlass, &[half(-15.0, glass), half(-30.0, glass)], true, (900.0, 0.0));
    assert_eq!(door, [], "a door that slams");
}

#[test]
fn a_door_with_a_pane_that_falls_shut_is_a_door() {
    let door: Half<'_> = (-15.0, &[(sounds::GLASS, 0.6), (sounds::DOOR, 0.8)]);
    assert_eq!(count(Kind::BreakingGlass, &[door; 2]), 0);
}

#[test]
fn a_siren_that_sounds_like_a_scream_is_a_siren() {
    let siren: Half<'_> = (-15.0, &[(sounds::SCREAM, 0.3), (sounds::ALARM, 0.9)]);
    assert_eq!(count(Kind::Scream, &[siren; 4]), 0);
}

#[test]
fn a_motorcycle_that_passes_is_no_alarm() {
    let passing: Half<'_> = (-20.0, &[(sounds::ALARM, 0.7), (sounds::ENGINE, 0.6)]);
    assert_eq!(count(Kind::AlarmSound, &[passing; 20]), 0);
    let humming: Half<'_> = (-20.0, &[(sounds::ALARM, 0.7)]);
    assert_eq!(play_like(Kind::AlarmSound, &[humming; 20], true, (600.0, 0.0)), []);
}

#[test]
fn a_bell_that_is_recognised_now_and_then_is_an_alarm() {
    let ringing: [Half<'_>; 3] = [(-20.0, &[(sounds::ALARM, 0.7)]), (-20.0, &[]), (-20.0, &[])];
    assert_eq!(count(Kind::AlarmSound, &ringing.repeat(8)), 1);
    let bell: &[(&str, f32)] = &[(sounds::ALARM, 0.7)];
    let seldom = [&[half(-20.0, bell)][..], &[half(-20.0, &[]); 5]].concat();
    assert_eq!(count(Kind::AlarmSound, &seldom.repeat(8)), 0);
    let faint: Half<'_> = (-20.0, &[(sounds::ALARM, 0.15)]);
    assert_eq!(count(Kind::AlarmSound, &[faint; 40]), 0);
}

#[test]
fn an_alarm_has_to_last_and_its_pauses_are_forgiven() {
    let on: Half<'_> = (-20.0, &[(sounds::ALARM, 0.7)]);
    assert_eq!(count(Kind::AlarmSound, &[on; 5]), 0, "a beep of 2.5 s");
    let pattern = [&[on; 4][..], &[NOTHING; 2]].concat();
    let signs = play(Kind::AlarmSound, &pattern.repeat(5), true);
    let Sign::Flagged { started_at, .. } = &signs[0].1 else { panic!("{signs:?}") };
    assert!((started_at.as_millis() - 10_000).abs() <= 500, "{started_at}");
    assert!((13.0..=14.5).contains(&signs[0].0), "{}", signs[0].0);
    assert_eq!(count(Kind::AlarmSound, &pattern.repeat(5)), 1, "once");
}

#[test]
fn a_telephone_is_no_alarm() {
    let ring: Half<'_> = (-20.0, &[(sounds::ALARM, 0.6), (sounds::TELEPHONE, 0.9)]);
    assert_eq!(count(Kind::AlarmSound, &[ring; 20]), 0);
}

#[test]
fn a_loud_tone_without_a_pause_is_an_alarm_and_one_with_pauses_is_a_telephone() {
    let horn = play_like(Kind::AlarmSound, &[half(-20.0, &[]); 16], true, (0.0, 1.0));
    let Sign::Flagged { started_at, .. } = &horn[0].1 else { panic!("{horn:?}") };
    assert!((started_at.as_millis() - 10_000).abs() <= 500 && horn[0].0 <= 15.5, "{horn:?}");
    assert!(matches!(horn[1].1, Sign::Ended(at) if at.as_millis() >= 17_500), "{horn:?}");
    let rings = [&[half(-20.0, &[]); 4][..], &[NOTHING; 4]].concat().repeat(8);
    assert_eq!(play_like(Kind::AlarmSound, &rings, true, (0.0, 1.0)), []);
    let music = [(-45.0, &[] as &[(&str, f32)]); 60];
    assert_eq!(play_like(Kind::AlarmSound, &music, true, (0.0, 1.0)), []);
}

#[test]
fn outside_its_schedule_nothing_is_flagged() {
    assert_eq!(play(Kind::Scream, &[half(-14.0, &[(sounds::SCREAM, 0.9)]); 4], false), []);
}
