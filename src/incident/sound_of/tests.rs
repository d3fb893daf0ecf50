use super::*;
use crate::model::Kind;
use crate::perceive::Loudness;

/// Half a second: the level of its windows, and what is heard in the stretch that ends with it.
type Half<'a> = (f64, &'a [(&'static str, f32)]);

const NOTHING: Half<'_> = (-50.0, &[]);

fn half<'a>(dbfs: f64, scores: &'a [(&'static str, f32)]) -> Half<'a> {
    (dbfs, scores)
}

fn play(kind: Kind, halves: &[Half<'_>], armed: bool) -> Vec<(f64, Sign)> {
    play_bright(kind, halves, armed, 3000.0)
}

/// The same as bright as this.
fn play_bright(kind: Kind, halves: &[Half<'_>], armed: bool, bright_hz: f64) -> Vec<(f64, Sign)> {
    let mut rule = match kind {
        Kind::Scream => SoundOf::scream(0.5, Duration::ZERO),
        _ => SoundOf::breaking_glass(0.5, Duration::ZERO),
    };
    listen(&mut rule, halves, armed, bright_hz)
}

fn listen(rule: &mut SoundOf, halves: &[Half<'_>], armed: bool, brightness_hz: f64) -> Vec<(f64, Sign)> {
    let (mut now, mut signs) = (Now::default(), Vec::new());
    for (dbfs, scores) in [&[NOTHING; 20], halves, &[NOTHING; 20]].concat() {
        for _ in 0..5 {
            now = now.plus(Duration::from_millis(100));
            let sound = Loudness { dbfs, lufs: dbfs, speech: None, is_flat: false, window_ms: 100 };
            let sign = rule.observe(&Observation::Sound(sound), armed, now);
            signs.extend(sign.map(|sign| (now.mono.0.as_secs_f64(), sign)));
        }
        let heard = Heard { scores: scores.to_vec(), brightness_hz, tone: 0.0, hop_ms: 500 };
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
    let door = play_bright(Kind::BreakingGlass, &[half(-15.0, glass), half(-30.0, glass)], true, 900.0);
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
fn with_a_hold_a_scream_has_to_last_and_may_take_breath() {
    let scream: &[(&str, f32)] = &[(sounds::SCREAM, 0.7)];
    let screams = [&[half(-14.0, scream); 2][..], &[half(-40.0, &[]); 2]].concat().repeat(4);
    let mut rule = SoundOf::scream(0.5, Duration::from_secs(3));
    let flagged = listen(&mut rule, &screams, true, 0.0);
    assert!(matches!(flagged.first(), Some((at, Sign::Flagged { .. })) if *at >= 13.0), "{flagged:?}");
    let mut rule = SoundOf::scream(0.5, Duration::from_secs(3));
    assert_eq!(listen(&mut rule, &[half(-14.0, scream); 2], true, 0.0), []);
}

#[test]
fn outside_its_schedule_nothing_is_flagged() {
    assert_eq!(play(Kind::Scream, &[half(-14.0, &[(sounds::SCREAM, 0.9)]); 4], false), []);
}
