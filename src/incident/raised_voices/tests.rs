use super::*;
use crate::model::Wall;

/// A stretch of sound: how long, how loud, how surely it is speech, what else is heard in it.
type Stretch = (f64, f64, Option<f32>, &'static str);

/// What is heard of people who quarrel while music plays, and of people who applaud.
const OVER_MUSIC: &str = "over music";
const IN_APPLAUSE: &str = "in applause";

/// Plays stretches in windows of 100 ms; gives each sign with its second.
fn play(stretches: &[Stretch], armed: bool) -> Vec<(f64, Sign)> {
    let mut rule = RaisedVoices::new(12.0, -35.0, Duration::from_secs(3));
    let (mut now, mut signs) = (Now::default(), Vec::new());
    for (seconds, dbfs, speech, other) in stretches {
        for i in 0..(seconds * 10.0) as usize {
            now = now.plus(Duration::from_millis(100));
            let sound =
                Loudness { dbfs: *dbfs, lufs: *dbfs, speech: *speech, is_flat: false, window_ms: 100 };
            if i % 5 == 0 && !other.is_empty() {
                let (score, speech) = match *other {
                    OVER_MUSIC => (0.3, 0.8),
                    IN_APPLAUSE => (0.25, 0.3),
                    _ => (0.8, 0.2),
                };
                let other = if *other == OVER_MUSIC { sounds::MUSIC } else { other };
                let other = if other == IN_APPLAUSE { sounds::CROWD } else { other };
                let scores = vec![(other, score), (sounds::SPEECH, speech)];
                let heard = Heard { scores, ..Heard::default() };
                assert_eq!(rule.observe(&Observation::Heard(heard), armed, now), None);
            }
            if let Some(sign) = rule.observe(&Observation::Sound(sound), armed, now) {
                signs.push((now.mono.0.as_secs_f64(), sign));
            }
        }
    }
    signs
}

const NOISE: Stretch = (3.0, -55.0, Some(0.02), "");

/// A minute at the counter: people speak at −32 with pauses.
fn calm() -> Vec<Stretch> {
    [(3.0, -32.0, Some(0.95), ""), (2.0, -55.0, Some(0.1), "")].repeat(12)
}

fn after_calm(then: &[Stretch]) -> Vec<(f64, Sign)> {
    play(&[calm(), then.to_vec(), vec![NOISE]].concat(), true)
}

/// The same without a model that tells speech.
fn by_level(stretches: &[(f64, f64)], armed: bool) -> Vec<(f64, Sign)> {
    play(&stretches.iter().map(|(seconds, dbfs)| (*seconds, *dbfs, None, "")).collect::<Vec<_>>(), armed)
}

#[test]
fn a_quarrel_is_flagged_after_the_hold_and_dated_to_its_first_word() {
    let signs = after_calm(&[(5.0, -15.0, Some(0.9), ""), (10.0, -40.0, Some(0.1), "")]);
    let Sign::Flagged { started_at, peak } = &signs[0].1 else { panic!("{signs:?}") };
    assert!((signs[0].0 - 63.0).abs() < 0.11, "flagged at {}", signs[0].0);
    assert_eq!(*started_at, Wall::from_millis(60_000));
    assert_eq!(peak["level_dbfs"], -15.0);
    assert!(peak["over_baseline_db"].as_f64().unwrap() > 14.0, "{peak:?}");
    assert!(matches!(signs[1].1, Sign::Ended(at) if (at.as_millis() - 65_000).abs() <= 400), "{signs:?}");
}

#[test]
fn people_who_shout_pause_for_breath() {
    let shouted = [(1.2, -14.0, Some(0.9), ""), (0.7, -50.0, Some(0.1), "")].repeat(4);
    assert_eq!(after_calm(&shouted).len(), 2);
}

#[test]
fn a_loud_word_now_and_then_is_no_quarrel() {
    let words = [(0.6, -15.0, Some(0.9), ""), (2.0, -34.0, Some(0.9), "")].repeat(10);
    assert_eq!(after_calm(&words), []);
}

#[test]
fn what_is_as_loud_but_is_not_speech_is_not_a_quarrel() {
    for noise in [(10.0, -12.0, Some(0.1), ""), (0.3, -5.0, Some(0.2), "")] {
        assert_eq!(after_calm(&[noise]), [], "chairs, rain, a door");
    }
    for other in [sounds::LAUGHTER, sounds::CROWD, sounds::MUSIC, sounds::TELEPHONE, sounds::CRYING] {
        assert_eq!(after_calm(&[(10.0, -12.0, Some(0.9), other)]), [], "{other}");
    }
}

#[test]
fn laughter_that_the_speech_model_half_believes_is_none() {
    let laughter = [(0.3, -12.0, Some(0.95), ""), (0.3, -12.0, Some(0.5), "")].repeat(10);
    assert_eq!(after_calm(&laughter), [], "0.73 in the mean");
    assert_eq!(after_calm(&[(6.0, -12.0, Some(0.9), "")]).len(), 2);
}

#[test]
fn a_quarrel_over_music_is_one_and_applause_is_not() {
    assert_eq!(after_calm(&[(5.0, -15.0, Some(0.9), OVER_MUSIC), (10.0, -40.0, Some(0.1), "")]).len(), 2);
    assert_eq!(after_calm(&[(5.0, -15.0, Some(0.9), IN_APPLAUSE), (10.0, -40.0, Some(0.1), "")]), []);
}

#[test]
fn a_lively_hall_is_not_loud_for_itself() {
    let lively = [(4.0, -22.0, Some(0.9), ""), (1.0, -34.0, Some(0.4), "")].repeat(30);
    let livelier = [(10.0, -14.0, Some(0.9), ""), (10.0, -22.0, Some(0.9), "")];
    assert_eq!(play(&[lively, livelier.to_vec()].concat(), true), []);
}

#[test]
fn people_who_come_to_an_empty_hall_may_speak() {
    let night: Stretch = (600.0, -60.0, Some(0.01), "");
    assert_eq!(play(&[&[night][..], &calm()].concat(), true), []);
}

#[test]
fn a_hall_is_not_forgotten_over_night() {
    let night: Stretch = (1200.0, -60.0, Some(0.01), "");
    let signs = play(&[calm(), vec![night, (5.0, -15.0, Some(0.9), "")]].concat(), true);
    let over = |sign: &Sign| match sign {
        Sign::Flagged { peak, .. } => peak["over_baseline_db"].as_f64(),
        _ => None,
    };
    assert!(over(&signs[0].1).is_some_and(|over| (14.0..20.0).contains(&over)), "{signs:?}");
}

#[test]
fn quiet_words_in_a_quieter_room_are_not_loud() {
    let whispered = [(3.0, -60.0, Some(0.8), "")].repeat(20);
    assert_eq!(play(&[&whispered[..], &[(10.0, -42.0, Some(0.9), "")]].concat(), true), []);
}

#[test]
fn outside_its_schedule_the_rule_learns_but_does_not_flag() {
    assert_eq!(play(&[calm(), vec![(5.0, -15.0, Some(0.9), "")]].concat(), false), []);
}

#[test]
fn without_a_model_that_tells_speech_the_level_decides() {
    let signs = by_level(&[(20.0, -40.0), (5.0, -15.0), (10.0, -40.0)], true);
    assert!(matches!(signs[0].1, Sign::Flagged { started_at, .. } if started_at.as_millis() == 20_000));
    assert_eq!(signs[1], (28.0, Sign::Ended(Wall::from_millis(25_000))));
    assert_eq!(by_level(&[(20.0, -40.0), (0.3, -5.0), (10.0, -40.0)], true), [], "a door that slams");
    assert_eq!(by_level(&[(60.0, -25.0), (10.0, -18.0), (10.0, -25.0)], true), [], "a lively hall");
    assert_eq!(by_level(&[(60.0, -80.0), (10.0, -42.0)], true), [], "a whisper in a silent room");
    assert_eq!(by_level(&[(20.0, -40.0), (5.0, -15.0)], false), [], "outside its schedule");
}
