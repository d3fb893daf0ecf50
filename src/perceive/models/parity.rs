//! The networks against numbers that ONNX Runtime 1.32 gave for inputs made by a formula, and one
//! runtime against the other.

use super::files::{Folder, Kind};
use super::letterbox::Letterbox;
use super::network::{Network, Outline, Runtime};
use super::{people, sounds, speech, testing};

/// How far an answer may be from the known one.
const TOLERANCE: f32 = 1e-4;

/// What one output is known to be.
struct Wanted {
    name: &'static str,
    /// Its first values.
    first: &'static [f32],
    /// Its largest value, and where that is.
    most: (usize, f32),
    mean: f32,
}

#[rustfmt::skip]
const PEOPLE: &[Wanted] =
    &[
        Wanted { name: "scores_8", first: &[0.00932, 0.003056, 0.004096, 0.002367], most: (66593, 0.039413), mean: 0.002234 },
        Wanted { name: "scores_16", first: &[0.007452, 0.005054, 0.004713, 0.004863], most: (3877, 0.113439), mean: 0.007938 },
        Wanted { name: "scores_32", first: &[0.011104, 0.007751, 0.008563, 0.009986], most: (1965, 0.291934), mean: 0.021258 },
        Wanted { name: "boxes_8", first: &[2.50926, 2.105641, 0.570717, 0.053077], most: (39898, 6.814925), mean: 0.000001 },
        Wanted { name: "boxes_16", first: &[-0.332759, 0.091318, 0.23366, 0.476231], most: (9494, 4.92944), mean: -0.000013 },
        Wanted { name: "boxes_32", first: &[0.178827, 0.595454, 0.509707, 0.37387], most: (1546, 5.537529), mean: -0.000022 },
    ];

#[rustfmt::skip]
const SOUNDS: &[Wanted] =
    &[
        Wanted { name: "logits", first: &[-7.233351, -16.422045, -11.109432, -9.191601], most: (153, 2.137477), mean: -22.601239 },
    ];

#[rustfmt::skip]
const SPEECH: [&[Wanted]; 2] = [
    &[
        Wanted { name: "speech_probs", first: &[0.123035], most: (0, 0.123035), mean: 0.123035 },
        Wanted { name: "hn", first: &[-0.000025, 0.083227, 0.003725, 0.000002], most: (16, 0.761195), mean: -0.04227 },
        Wanted { name: "cn", first: &[-0.000365, 0.374674, 0.003725, 0.000002], most: (16, 1.0), mean: -0.050256 },
    ],
    &[
        Wanted { name: "speech_probs", first: &[0.068092], most: (0, 0.068092), mean: 0.068092 },
        Wanted { name: "hn", first: &[-0.002082, 0.035153, 0.004197, 0.0], most: (121, 0.962964), mean: -0.039743 },
        Wanted { name: "cn", first: &[-0.004896, 0.387694, 0.0042, 0.0], most: (16, 1.999091), mean: -0.020049 },
    ],
];

fn open(runtime: &Runtime, kind: Kind, outline: Outline) -> Network {
    let file = Folder::find(testing::settings().models.as_deref()).file(kind).unwrap();
    let opened = file.read().and_then(|bytes| runtime.open(&bytes, outline, 1));
    opened.unwrap_or_else(|e| panic!("{e}: `deploy/setup.sh test` makes the models"))
}

fn picture(height: usize, width: usize) -> Vec<f32> {
    let value = |c: usize, y: usize, x: usize| ((c * 7 + y * 3 + x) % 256) as f32;
    let cells = (0..3).flat_map(|c| (0..height).flat_map(move |y| (0..width).map(move |x| (c, y, x))));
    cells.map(|(c, y, x)| (value(c, y, x) - 128.0) / 64.0).collect()
}

fn sound() -> Vec<f32> {
    (0..96).flat_map(|y| (0..64).map(move |x| (((y * 3 + x) % 256) as f32 - 128.0) / 64.0)).collect()
}

fn samples() -> Vec<f32> {
    (0..576).map(|i| ((i % 256) as f32 - 128.0) / 256.0).collect()
}

/// Every network's answers to the known inputs, speech twice.
fn answers(runtime: &Runtime) -> [Vec<Vec<f32>>; 4] {
    let people = open(runtime, Kind::People, people::outline(&Letterbox::of(16, 9)));
    let sounds = open(runtime, Kind::Sounds, sounds::outline());
    let speech = open(runtime, Kind::Speech, speech::outline());
    let first = speech.run(&[&samples(), &[0.0; 128], &[0.0; 128]]).unwrap();
    let second = speech.run(&[&samples(), &first[1], &first[2]]).unwrap();
    [people.run(&[&picture(192, 320)]).unwrap(), sounds.run(&[&sound()]).unwrap(), first, second]
}

fn close(got: f32, wanted: f32, what: &str) {
    assert!((got - wanted).abs() <= TOLERANCE, "{what} is {got}, not {wanted}");
}

fn are_as_known(outputs: &[Vec<f32>], wanted: &[Wanted]) {
    assert_eq!(outputs.len(), wanted.len());
    for (output, wanted) in outputs.iter().zip(wanted) {
        let name = wanted.name;
        for (got, wanted) in output.iter().zip(wanted.first) {
            close(*got, *wanted, name);
        }
        close(output[wanted.most.0], wanted.most.1, name);
        close(output.iter().copied().fold(f32::MIN, f32::max), wanted.most.1, name);
        close(output.iter().sum::<f32>() / output.len() as f32, wanted.mean, name);
    }
}

#[test]
fn tract_answers_as_onnx_runtime_did() {
    let [people, sounds, first, second] = answers(&Runtime::Tract);
    are_as_known(&people, PEOPLE);
    are_as_known(&sounds, SOUNDS);
    are_as_known(&first, SPEECH[0]);
    are_as_known(&second, SPEECH[1]);
}

#[test]
fn onnx_runtime_answers_as_tract_does() {
    let tract = answers(&Runtime::Tract);
    let other = answers(&Runtime::begin(&testing::onnxruntime()).unwrap());
    for (ours, theirs) in tract.iter().flatten().zip(other.iter().flatten()) {
        assert_eq!(ours.len(), theirs.len());
        ours.iter().zip(theirs).for_each(|(ours, theirs)| close(*ours, *theirs, "one of the answers"));
    }
}
