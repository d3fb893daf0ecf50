use super::super::Watch;
use super::*;
use crate::perceive::{Loudness, Observation};

/// Half a second: the level of its windows, and what is heard in the stretch that ends with it.
type Half<'a> = (f64, &'a [(&'static str, f32)]);

const NOTHING: Half<'_> = (-50.0, &[]);
const GLASS: &[(&str, f32)] = &[(sounds::GLASS, 0.3)];

fn play(rule: &mut BreakingGlass, halves: &[Half<'_>], armed: bool, brightness_hz: f64) -> Vec<(f64, Sign)> {
    let (mut now, mut signs) = (Now::default(), Vec::new());
    for (dbfs, scores) in [&[NOTHING; 20], halves, &[NOTHING; 20]].concat() {
        for _ in 0..5 {
            now = now.plus(Duration::from_millis(100));
            let sound = Loudness { dbfs, lufs: dbfs, speech: None, is_flat: false, window_ms: 100 };
            let sign = rule.observe(&Observation::Sound(sound), armed, now);
            signs.extend(sign.map(|sign| (now.mono.0.as_secs_f64(), sign)));
        }
        let heard = Heard { scores: scores.to_vec(), brightness_hz, tone: 0.0, shrill: 0.0, hop_ms: 500 };
        let sign = rule.observe(&Observation::Heard(heard), armed, now);
        signs.extend(sign.map(|sign| (now.mono.0.as_secs_f64(), sign)));
    }
    signs
}

fn count(halves: &[Half<'_>], bright_hz: f64) -> usize {
    let signs = play(&mut BreakingGlass::new(0.2, Duration::ZERO), halves, true, bright_hz);
    signs.iter().filter(|(_, sign)| matches!(sign, Sign::Flagged { .. })).count()
}

#[test]
fn a_pane_is_flagged_at_once_and_dated_to_its_beginning() {
    let mut rule = BreakingGlass::new(0.2, Duration::ZERO);
    let signs = play(&mut rule, &[(-15.0, GLASS), (-30.0, &[])], true, 3000.0);
    let Sign::Flagged { started_at, .. } = &signs[0].1 else { panic!("{signs:?}") };
    assert_eq!((signs[0].0, started_at.as_millis()), (10.5, 10_000));
    assert!(matches!(signs.last(), Some((_, Sign::Ended(_)))), "{signs:?}");
}

#[test]
fn two_moderate_stretches_confirm_each_other_and_one_alone_does_not_count() {
    let moderate: Half<'_> = (-15.0, &[(sounds::GLASS, 0.15)]);
    assert_eq!(count(&[moderate; 2], 3000.0), 1);
    assert_eq!(count(&[moderate], 3000.0), 0);
    let far = [&[moderate][..], &[NOTHING; 4]].concat();
    assert_eq!(count(&far.repeat(4), 3000.0), 0, "seconds apart");
}

#[test]
fn what_is_told_more_surely_need_not_stand_out_as_far() {
    assert_eq!(count(&[(-28.0, GLASS)], 3000.0), 0, "22 dB over the room");
    assert_eq!(count(&[(-28.0, &[(sounds::GLASS, 0.5)])], 3000.0), 1);
    assert_eq!(count(&[(-32.0, &[(sounds::GLASS, 0.9)])], 3000.0), 0, "18 dB");
}

#[test]
fn a_fan_that_is_switched_on_swells_and_is_none() {
    let swell: Vec<Half<'_>> = (0..40).map(|i| (-50.0 + 1.0 * f64::from(i), GLASS)).collect();
    assert_eq!(count(&swell, 3000.0), 0);
}

#[test]
fn a_door_that_slams_is_dull() {
    assert_eq!(count(&[(-15.0, GLASS), (-30.0, GLASS)], 900.0), 0);
}

#[test]
fn a_door_with_a_pane_that_falls_shut_is_a_door() {
    let door: Half<'_> = (-15.0, &[(sounds::GLASS, 0.3), (sounds::DOOR, 0.8)]);
    assert_eq!(count(&[door; 2], 3000.0), 0);
}

#[test]
fn with_a_hold_it_has_to_go_on() {
    let mut rule = BreakingGlass::new(0.2, Duration::from_secs(2));
    assert_eq!(play(&mut rule, &[(-15.0, GLASS)], true, 3000.0), []);
    let mut rule = BreakingGlass::new(0.2, Duration::from_secs(2));
    let shards = [(-15.0, GLASS), (-50.0, &[])].repeat(3);
    let flagged = play(&mut rule, &shards, true, 3000.0);
    assert!(matches!(flagged.first(), Some((at, Sign::Flagged { .. })) if *at >= 12.0), "{flagged:?}");
}

#[test]
fn outside_its_schedule_nothing_is_flagged() {
    let mut rule = BreakingGlass::new(0.2, Duration::ZERO);
    assert_eq!(play(&mut rule, &[(-15.0, GLASS); 2], false, 3000.0), []);
}
