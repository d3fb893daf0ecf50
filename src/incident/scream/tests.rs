use super::super::Watch;
use super::*;
use crate::ingest::CameraState;
use crate::perceive::{Loudness, Observation};

/// A stretch that begins a quarter of a second after the one before: the level of its windows, and what
/// is heard in the second that ends with it.
type Stretch<'a> = (f64, &'a [(&'static str, f32)]);

const NOTHING: Stretch<'_> = (-50.0, &[]);
const SCREAM: &[(&str, f32)] = &[(sounds::SCREAM, 0.2)];

/// A stretch as loud as this in which that is heard.
fn stretch<'a>(dbfs: f64, scores: &'a [(&'static str, f32)]) -> Stretch<'a> {
    (dbfs, scores)
}

fn play(rule: &mut Scream, stretches: &[Stretch<'_>], armed: bool) -> Vec<(f64, Sign)> {
    play_as(rule, stretches, armed, 0.5)
}

/// What is heard, and which share of it is shrill.
fn play_as(rule: &mut Scream, stretches: &[Stretch<'_>], armed: bool, shrill: f64) -> Vec<(f64, Sign)> {
    let (mut now, mut signs) = (Now::default(), Vec::new());
    for (dbfs, scores) in [&[NOTHING; 40], stretches, &[NOTHING; 40]].concat() {
        for _ in 0..5 {
            now = now.plus(Duration::from_millis(50));
            let sound = Loudness { dbfs, lufs: dbfs, speech: None, is_flat: false, window_ms: 50 };
            let sign = rule.observe(&Observation::Sound(sound), armed, now);
            signs.extend(sign.map(|sign| (now.mono.0.as_secs_f64(), sign)));
        }
        let heard = Heard { scores: scores.to_vec(), shrill, hop_ms: 250, ..Heard::default() };
        let sign = rule.observe(&Observation::Heard(heard), armed, now);
        signs.extend(sign.map(|sign| (now.mono.0.as_secs_f64(), sign)));
    }
    signs
}

fn heard(stretches: &[Stretch<'_>]) -> Vec<(f64, Sign)> {
    play(&mut Scream::new(0.1, -25.0, Duration::ZERO), stretches, true)
}

fn count(stretches: &[Stretch<'_>]) -> usize {
    heard(stretches).iter().filter(|(_, sign)| matches!(sign, Sign::Flagged { .. })).count()
}

#[test]
fn a_scream_is_flagged_within_the_second_and_dated_to_its_beginning() {
    let signs = heard(&[(-14.0, SCREAM); 4]);
    let Sign::Flagged { started_at, peak } = &signs[0].1 else { panic!("{signs:?}") };
    assert!(signs[0].0 <= 10.75, "{signs:?}");
    assert_eq!(started_at.as_millis(), 10_000);
    assert_eq!(peak["level_dbfs"], -14.0);
    assert!(matches!(signs.last(), Some((_, Sign::Ended(_)))), "{signs:?}");
}

#[test]
fn a_chair_that_squeaks_scores_once_and_is_none() {
    assert_eq!(count(&[(-14.0, SCREAM)]), 0);
    let squeaks = [&[(-14.0, SCREAM)][..], &[NOTHING; 6]].concat();
    assert_eq!(count(&squeaks.repeat(4)), 0, "and again");
    let howl = [stretch(-14.0, &[]); 4];
    let howl = [&howl[..], &[(-14.0, SCREAM)], &howl[..]].concat();
    assert_eq!(count(&howl), 0, "nor in a sound that lasts");
}

#[test]
fn applause_and_doors_are_not_shrill_whatever_they_score() {
    let rule = || Scream::new(0.1, -25.0, Duration::ZERO);
    assert_eq!(play_as(&mut rule(), &[(-14.0, SCREAM); 8], true, 0.2), []);
    assert_ne!(play_as(&mut rule(), &[(-14.0, SCREAM); 8], true, 0.3), []);
}

#[test]
fn who_screams_and_is_taken_for_crying_screams() {
    let crying = [(sounds::SCREAM, 0.08), (sounds::CRYING, 0.4)];
    assert_eq!(count(&[stretch(-14.0, &crying[..1]); 4]), 0);
    assert_eq!(count(&[stretch(-14.0, &crying); 4]), 1);
}

#[test]
fn a_child_that_only_cries_does_not_scream() {
    let mut rule = Scream::new(0.02, -25.0, Duration::ZERO);
    let crying = [(sounds::SCREAM, 0.005), (sounds::CRYING, 0.95)];
    assert_eq!(play(&mut rule, &[stretch(-14.0, &crying); 8], true), []);
}

#[test]
fn one_stretch_that_is_certain_is_enough_of_a_sound_that_lasts() {
    let certain = stretch(-14.0, &[(sounds::SCREAM, 0.9)]);
    assert_eq!(count(&[(-14.0, &[]), (-14.0, &[]), certain]), 1);
}

#[test]
fn a_hinge_that_creaks_in_jerks_does_not_last() {
    let jerks = [(-14.0, SCREAM), (-24.0, SCREAM), (-24.0, SCREAM)];
    assert_eq!(count(&jerks.repeat(6)), 0);
}

#[test]
fn what_is_soft_in_a_silent_room_is_none() {
    assert_eq!(count(&[stretch(-26.0, &[(sounds::SCREAM, 0.9)]); 8]), 0);
    assert_eq!(count(&[stretch(-25.0, &[(sounds::SCREAM, 0.9)]); 8]), 1);
}

#[test]
fn a_scream_on_a_television_far_away_does_not_stand_out() {
    let rule = || Scream::new(0.1, -90.0, Duration::ZERO);
    assert_eq!(play(&mut rule(), &[stretch(-33.0, &[(sounds::SCREAM, 0.9)]); 8], true), []);
    assert_ne!(play(&mut rule(), &[stretch(-28.0, &[(sounds::SCREAM, 0.9)]); 8], true), []);
}

#[test]
fn laughter_that_sounds_like_a_scream_is_laughter() {
    let scores = [(sounds::SCREAM, 0.35), (sounds::LAUGHTER, 0.8)];
    assert_eq!(count(&[stretch(-20.0, &scores); 8]), 0);
    let murmur = [stretch(-20.0, &[(sounds::SCREAM, 0.35), (sounds::CROWD, 0.5)]); 8];
    assert_ne!(
        play_as(&mut Scream::new(0.1, -25.0, Duration::ZERO), &murmur, true, 0.4),
        [],
        "people murmur"
    );
}

#[test]
fn who_screams_and_is_heard_as_cheering_screams_if_it_is_shrill() {
    let cheering = [stretch(-14.0, &[(sounds::SCREAM, 0.15), (sounds::CROWD, 0.4)]); 4];
    let rule = || Scream::new(0.1, -25.0, Duration::ZERO);
    assert_eq!(play_as(&mut rule(), &cheering, true, 0.4), [], "a crowd cheers");
    assert_ne!(play_as(&mut rule(), &cheering, true, 0.5), []);
}

#[test]
fn a_siren_that_wails_like_a_throat_is_a_siren() {
    let siren: [Stretch<'_>; 3] = [(-15.0, &[(sounds::ALARM, 0.6)]), (-15.0, SCREAM), (-15.0, SCREAM)];
    assert_eq!(count(&siren.repeat(6)), 0);
    let later = [&siren[..1], &[NOTHING; 12], &[(-15.0, SCREAM); 4]].concat();
    assert_eq!(count(&later), 1, "once the alarm is over");
}

#[test]
fn with_a_hold_a_scream_has_to_last_and_may_take_breath() {
    let screams = [&[(-14.0, SCREAM); 4][..], &[stretch(-40.0, &[]); 4]].concat().repeat(4);
    let flagged = play(&mut Scream::new(0.1, -25.0, Duration::from_secs(3)), &screams, true);
    assert!(matches!(flagged.first(), Some((at, Sign::Flagged { .. })) if *at >= 13.0), "{flagged:?}");
    assert_eq!(play(&mut Scream::new(0.1, -25.0, Duration::from_secs(3)), &[(-14.0, SCREAM); 4], true), []);
}

#[test]
fn outside_its_schedule_nothing_is_flagged() {
    assert_eq!(play(&mut Scream::new(0.1, -25.0, Duration::ZERO), &[(-14.0, SCREAM); 8], false), []);
}

#[test]
fn when_the_camera_is_lost_nobody_can_be_heard_to_scream_on() {
    let mut rule = Scream::new(0.1, -25.0, Duration::ZERO);
    let mut now = Now::default();
    for (dbfs, score) in [[(-50.0, 0.0); 40].as_slice(), &[(-14.0, 0.5); 4]].concat() {
        now = now.plus(Duration::from_millis(250));
        let sound = Loudness { dbfs, lufs: dbfs, speech: None, is_flat: false, window_ms: 250 };
        rule.observe(&Observation::Sound(sound), true, now);
        let scores = vec![(sounds::SCREAM, score)];
        let heard = Heard { scores, shrill: 0.5, hop_ms: 250, ..Heard::default() };
        rule.observe(&Observation::Heard(heard), true, now);
    }
    let lost = rule.observe(&Observation::Camera(CameraState::Lost), true, now);
    assert!(matches!(lost, Some(Sign::Ended(_))), "{lost:?}");
}
