//! The models as set-up makes them: that they see and hear, and what is told when they cannot be had.

use super::*;
use crate::disk;

#[test]
fn an_empty_picture_has_nobody_in_it_and_any_shape_is_looked_at() {
    let models = testing::models(Wanted { people: true, ..Wanted::default() });
    let people = models.people().unwrap();
    for (width, height) in [(640, 360), (704, 576), (360, 640), (1, 1), (4000, 100), (640, 480), (640, 360)] {
        let letterbox = PeopleNet::size_for(width, height);
        assert_eq!(people.find(&vec![0; letterbox.bytes()], &letterbox, 0.4).unwrap(), []);
    }
    assert!(models.speech().is_none() && models.sounds().is_none(), "nobody wanted them");
}

#[test]
fn a_size_that_comes_up_after_the_file_has_gone_is_looked_at_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let name = "nanodet-g.onnx";
    std::fs::copy(testing::settings().models.unwrap().join(name), folder.path().join(name)).unwrap();
    let settings = config::Perceive { models: Some(folder.path().to_owned()), ..testing::settings() };
    let models = Models::load(&settings, Wanted { people: true, ..Wanted::default() });
    std::fs::remove_file(folder.path().join(name)).unwrap();
    let letterbox = PeopleNet::size_for(640, 480);
    assert_eq!(models.people().unwrap().find(&vec![0; letterbox.bytes()], &letterbox, 0.4).unwrap(), []);
}

#[test]
fn pixels_that_are_not_of_the_letterbox_are_refused() {
    let models = testing::models(Wanted { people: true, ..Wanted::default() });
    let people = models.people().unwrap();
    let letterbox = PeopleNet::size_for(640, 360);
    let short = people.find(&[0; 100], &letterbox, 0.4).unwrap_err();
    assert!(matches!(short, ModelError::Input { got: 100, .. }), "{short}");
    let hostile = Letterbox { width: u32::MAX, height: u32::MAX, content_width: 1, content_height: 1 };
    assert!(people.find(&[], &hostile, 0.4).is_err());
}

#[test]
fn silence_is_called_silence_and_is_no_speech() {
    let models = testing::models(Wanted { speech: true, sounds: true, people: false });
    let sounds = models.sounds().unwrap();
    let scores = sounds.scores(&[0.0; SOUND_SAMPLES]).unwrap();
    let surest = (0..scores.len()).max_by(|a, b| scores[*a].total_cmp(&scores[*b])).unwrap();
    assert_eq!(sounds.class_names()[surest], "Silence");
    assert_eq!(sounds.class("Screaming"), Some(11));
    assert_eq!(sounds.class("Breaking a leg"), None);
    let mut listener = models.speech().unwrap().listener();
    for _ in 0..10 {
        assert!(listener.probability(&[0.0; SPEECH_CHUNK]).unwrap() < 0.1);
    }
}

#[test]
fn samples_that_are_no_numbers_are_heard_as_silence_or_full_scale() {
    let models = testing::models(Wanted { speech: true, sounds: true, people: false });
    for sample in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX] {
        let scores = models.sounds().unwrap().scores(&[sample; SOUND_SAMPLES]).unwrap();
        assert!(scores.iter().all(|score| (0.0..=1.0).contains(score)));
        let mut listener = models.speech().unwrap().listener();
        assert!((0.0..=1.0).contains(&listener.probability(&[sample; SPEECH_CHUNK]).unwrap()));
    }
    assert!(models.sounds().unwrap().scores(&[0.0; 3]).is_err());
    assert!(models.speech().unwrap().listener().probability(&[0.0; 3]).is_err());
}

#[test]
fn a_damaged_and_a_missing_model_are_told_and_the_others_work() {
    let folder = tempfile::tempdir().unwrap();
    let from = testing::settings().models.unwrap();
    for name in ["yamnet.onnx", "yamnet_class_map.csv"] {
        std::fs::copy(from.join(name), folder.path().join(name)).unwrap();
    }
    let mut bytes = std::fs::read(from.join("nanodet-g.onnx")).unwrap();
    bytes[5_000_000] ^= 1;
    disk::write_atomically(&folder.path().join("nanodet-g.onnx"), &bytes).unwrap();
    let settings = config::Perceive { models: Some(folder.path().to_owned()), ..testing::settings() };
    let models = Models::load(&settings, Wanted::ALL);
    assert!(models.sounds().is_some() && models.people().is_none() && models.speech().is_none());
    let told: Vec<_> = models.faults().iter().map(|fault| (fault.part, fault.to_string())).collect();
    assert_eq!((told[0].0, told[1].0, told.len()), (Part::People, Part::Speech, 2));
    let states: Vec<_> = models.states().iter().map(|(part, fault)| (*part, fault.is_none())).collect();
    assert_eq!(states, [(Part::People, false), (Part::Speech, false), (Part::Sounds, true)]);
    assert!(told[0].1.contains("nanodet-g.onnx: its digest is not the expected one"), "{}", told[0].1);
    assert!(told[1].1.contains("silero_vad_16k.onnx: No such file"), "{}", told[1].1);
}

#[test]
fn a_library_that_is_not_onnx_runtime_is_told_and_the_built_in_runtime_sees() {
    let library = "/nonexistent/libonnxruntime.so".into();
    let runtime = config::Runtime::OnnxRuntime { library };
    let settings = config::Perceive { runtime, ..testing::settings() };
    let models = Models::load(&settings, Wanted { speech: true, ..Wanted::default() });
    assert!(models.speech().is_some());
    let [fault] = models.faults() else { panic!("{:?}", models.faults()) };
    assert_eq!(models.states(), [(Part::Runtime, Some(fault)), (Part::Speech, None)]);
    assert!(fault.part == Part::Runtime && fault.to_string().contains("/nonexistent"), "{fault}");
}

#[test]
fn rules_want_the_models_that_they_go_by_and_no_other() {
    let wanted = |conditions: &[Condition]| Wanted::by(conditions);
    let loud = Condition::RaisedVoices { over_baseline_db: 12.0, min_level_dbfs: -35.0 };
    assert_eq!(wanted(&[Condition::CameraLost, Condition::AudioLost]), Wanted::default());
    assert_eq!(wanted(&[loud]), Wanted { people: false, ..Wanted::ALL });
    assert_eq!(wanted(&[Condition::LongWait]), Wanted { people: true, ..Wanted::default() });
}

#[test]
fn a_fault_is_told_in_both_languages_with_what_to_do() {
    let error = ModelError::Damaged { file: "/srv/models/nanodet-g.onnx".into() };
    insta::assert_snapshot!(ModelFault { part: Part::People, error });
    let error = ModelError::NoFolder { looked_in: vec!["/opt/models".into(), "/usr/share/models".into()] };
    insta::assert_snapshot!(ModelFault { part: Part::Sounds, error });
    let error = ModelError::Library { why: "libonnxruntime.so: not found".into() };
    insta::assert_snapshot!(ModelFault { part: Part::Runtime, error });
}

#[test]
fn nothing_is_loaded_for_nobody() {
    let settings = config::Perceive { models: Some("/nonexistent".into()), ..testing::settings() };
    let models = Models::load(&settings, Wanted::default());
    assert!(models.faults().is_empty() && models.people().is_none());
}

#[test]
fn loading_that_fails_as_a_whole_is_a_fault_of_every_model_that_was_wanted_and_of_no_other() {
    let wanted = Wanted { people: true, sounds: true, speech: false };
    let models = Models::unusable(wanted, "it takes longer than 20 s");
    let faulty: Vec<_> = models.states().iter().map(|(part, fault)| (*part, fault.is_some())).collect();
    assert_eq!(faulty, [(Part::People, true), (Part::Sounds, true)]);
    assert!(models.faults().iter().all(|fault| fault.to_string().contains("longer than 20 s")));
    assert!(models.people().is_none() && models.sounds().is_none());
}
