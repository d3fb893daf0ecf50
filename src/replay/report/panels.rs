//! Which curves belong together, with the values at which the rules decide. Pure.

use super::Report;
use super::plot::{Line, Mark, Panel, Shape, Threshold};
use crate::config::{Condition, Rule, Sense};
use crate::incident::{GaugeName, Incident};
use crate::model::Kind;
use crate::perceive::sounds;
use crate::replay::flags::seconds;
use crate::replay::trace::{Curve, Measure};
use crate::replay::words;

const COLOURS: [&str; 8] =
    ["#0b6e99", "#b4552d", "#4f7a28", "#7a3f98", "#a8326b", "#1f8a70", "#8a6d1f", "#44546a"];
const FAINT: &str = "#9aa7b4";

/// A panel under its title.
pub(super) struct Titled<'r> {
    pub vi: &'static str,
    pub en: &'static str,
    pub unit: &'static str,
    pub sense: Sense,
    pub panel: Panel<'r>,
}

/// All panels for which something was measured.
pub(super) fn panels<'r>(report: &'r Report) -> Vec<Titled<'r>> {
    let all = [
        level(report),
        speech(report),
        sounds(report),
        people(report),
        moved(report),
        view(report),
        light(report),
    ];
    all.into_iter().flatten().filter(|titled| !titled.panel.lines.is_empty()).collect()
}

/// What stands behind the curves: from its beginning to its flagging, and from there to its end.
pub(super) fn marks(incident: &Incident, report: &Report) -> [Mark; 2] {
    let at = |wall| seconds(wall, report.start);
    let (began, flagged) = (at(incident.started_at), at(incident.flagged_at));
    let end = incident.ended_at.map_or(report.lasted, at).max(flagged);
    let (vi, en) = incident.kind.in_words();
    let name = format!("{vi} / {en}: {} – {}", words::clock(began), words::clock(end));
    [
        Mark { from: began, to: flagged, class: "onset", name: name.clone() },
        Mark { from: flagged, to: end, class: "flag", name },
    ]
}

fn curve<'r>(report: &'r Report, measure: &Measure) -> Option<&'r Curve> {
    report.trace.curves.get(measure)
}

fn line<'r>(
    report: &'r Report,
    measure: &Measure,
    colour: &'static str,
    shape: Shape,
    name: impl Into<String>,
) -> Option<Line<'r>> {
    let name = name.into();
    curve(report, measure).map(|curve| Line { curve, colour, shape, name })
}

fn titled<'r>(
    (vi, en, unit): (&'static str, &'static str, &'static str),
    sense: Sense,
    (low, high): (f64, f64),
    lines: Vec<Line<'r>>,
    thresholds: Vec<Threshold>,
) -> Option<Titled<'r>> {
    let panel = Panel { low, high, height: 110.0, lines, thresholds };
    Some(Titled { vi, en, unit, sense, panel })
}

fn level(report: &Report) -> Option<Titled<'_>> {
    let mut lines: Vec<_> = [
        line(report, &Measure::Level, FAINT, Shape::Line, "mức âm / level (dBFS)"),
        line(report, &Measure::Loudness, "#0b6e99", Shape::Line, "độ lớn / loudness (LUFS)"),
    ]
    .into_iter()
    .flatten()
    .collect();
    for (measure, curve) in &report.trace.curves {
        let Measure::Gauge(rule, gauge) = measure else { continue };
        let (colour, name) = match gauge {
            GaugeName::UsualLoudness => ("#4f7a28", "mức thường của phòng / usual here"),
            GaugeName::LoudFrom => ("#c02b2b", "to từ mức này / loud from here"),
            GaugeName::DeadBelow => ("#44546a", "dưới mức này là micrô hỏng / a dead microphone is below"),
            _ => continue,
        };
        lines.push(Line { curve, colour, shape: Shape::Steps, name: format!("{rule}: {name}") });
    }
    let limits = report.rules.iter().filter_map(|rule| match rule.condition {
        Condition::RaisedVoices { min_level_dbfs, .. } | Condition::Scream { min_level_dbfs, .. } => {
            Some(Threshold {
                value: min_level_dbfs,
                name: format!("{}: ≥ {} dBFS", rule.name, words::number(min_level_dbfs)),
            })
        }
        _ => None,
    });
    titled(("Âm thanh", "sound", "dBFS, LUFS"), Sense::Level, (-80.0, 0.0), lines, limits.collect())
}

fn speech(report: &Report) -> Option<Titled<'_>> {
    let lines = line(report, &Measure::Speech, "#7a3f98", Shape::Line, "tiếng nói / speech");
    titled(
        ("Khả năng là tiếng nói", "how likely it is speech", "0–1"),
        Sense::Level,
        (0.0, 1.0),
        lines.into_iter().collect(),
        vec![],
    )
}

/// A sound that was never likelier than this is not drawn, unless a rule listens for it.
const UNLIKELY: f32 = 0.2;

fn sounds(report: &Report) -> Option<Titled<'_>> {
    let listened = report.rules.iter().filter_map(|rule| match rule.condition {
        Condition::Scream { min_score, .. } => Some((rule, sounds::SCREAM, min_score)),
        Condition::SoundOf { sound, min_score } => Some((rule, group(sound)?, min_score)),
        _ => None,
    });
    let listened: Vec<_> = listened.collect();
    let heard = report.trace.curves.iter().filter_map(|(measure, curve)| match measure {
        Measure::Sound(name) => Some((name.as_str(), curve)),
        _ => None,
    });
    let matters = |(name, curve): &(&str, &Curve)| {
        listened.iter().any(|(_, group, _)| group == name)
            || curve.iter().any(|(_, score)| *score >= UNLIKELY)
    };
    let lines = heard.filter(matters).zip(COLOURS.iter().cycle()).map(|((name, curve), colour)| Line {
        curve,
        colour,
        shape: Shape::Line,
        name: words::sound(name),
    });
    let worked_out = report.trace.curves.iter().filter_map(|(measure, curve)| {
        let (colour, shape, name) = match measure {
            Measure::Shrill => (FAINT, Shape::Line, "phần chói tai / share that is shrill"),
            Measure::Gauge(_, GaugeName::ScreamScore) => {
                ("#c02b2b", Shape::Steps, "la hét, trung bình 1 giây / scream, mean of 1 s")
            }
            Measure::Gauge(_, GaugeName::AlarmScore) => {
                ("#0b6e99", Shape::Steps, "báo động, trung bình / alarm, mean over twice the hold")
            }
            _ => return None,
        };
        Some(Line { curve, colour, shape, name: name.to_owned() })
    });
    let lines = lines.chain(worked_out).collect();
    let mut limits: Vec<Threshold> = Vec::new();
    for (rule, _, value) in &listened {
        // Rules that go by the same score share a line.
        match limits.iter_mut().find(|limit| limit.value == *value) {
            Some(limit) => limit.name = format!("{}, {}", rule.name, limit.name),
            None => {
                let name = format!("{}: ≥ {}", rule.name, words::number(*value));
                limits.push(Threshold { value: *value, name });
            }
        }
    }
    titled(("Loại âm thanh", "kinds of sound", "0–1"), Sense::Sounds, (0.0, 1.0), lines, limits)
}

/// What a kind is called among sounds.
fn group(kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::BreakingGlass => Some(sounds::GLASS),
        Kind::AlarmSound => Some(sounds::ALARM),
        _ => None,
    }
}

fn people(report: &Report) -> Option<Titled<'_>> {
    let whole = line(report, &Measure::People(None), FAINT, Shape::Steps, "cả hình / whole picture");
    let zones = report.camera.zones.iter().zip(COLOURS.iter().cycle());
    let zones = zones.filter_map(|(zone, colour)| {
        line(report, &Measure::People(Some(zone.name.clone())), colour, Shape::Steps, zone.name.clone())
    });
    let lines: Vec<_> = whole.into_iter().chain(zones).collect();
    let most = lines.iter().flat_map(|line| line.curve).map(|(_, count)| f64::from(*count));
    let most = most.fold(3.0, f64::max);
    let limits = report.rules.iter().filter_map(|rule| match rule.condition {
        Condition::Crowding { min_people } => {
            Some(Threshold { value: f64::from(min_people), name: format!("{}: ≥ {min_people}", rule.name) })
        }
        _ => None,
    });
    let limits: Vec<_> = limits.collect();
    let high = limits.iter().map(|limit| limit.value).fold(most, f64::max) + 1.0;
    titled(("Số người", "people", ""), Sense::People, (0.0, high), lines, limits)
}

fn moved(report: &Report) -> Option<Titled<'_>> {
    let lines = line(report, &Measure::Moved, "#1f8a70", Shape::Line, "chuyển động / motion");
    let most = lines.iter().flat_map(|line| line.curve).fold(0.0, |most: f32, (_, share)| most.max(*share));
    titled(
        ("Phần hình chuyển động", "share of the picture that moves", "%"),
        Sense::People,
        (0.0, if most > 20.0 { 100.0 } else { 20.0 }),
        lines.into_iter().collect(),
        vec![],
    )
}

fn view(report: &Report) -> Option<Titled<'_>> {
    let measured = [
        line(report, &Measure::Sharpness, "#0b6e99", Shape::Line, "độ nét / sharpness"),
        line(
            report,
            &Measure::Returned,
            "#7a3f98",
            Shape::Line,
            "hình cũ lặp lại / former picture comes back",
        ),
    ];
    let learned = report.trace.curves.iter().filter_map(|(measure, curve)| {
        let (colour, name) = match measure {
            Measure::Gauge(_, GaugeName::BlurredBelow) => ("#c02b2b", "mờ nếu dưới mức này / blurred below"),
            Measure::Gauge(_, GaugeName::ViewKept) => ("#4f7a28", "cảnh quen còn nguyên / usual view kept"),
            Measure::Gauge(_, GaugeName::ViewLost) => ("#b4552d", "phần cảnh quen bị mất / usual view lost"),
            _ => return None,
        };
        Some(Line { curve, colour, shape: Shape::Steps, name: name.to_owned() })
    });
    let lines = measured.into_iter().flatten().chain(learned).collect();
    let title = ("Tình trạng hình", "condition of the picture", "0–1");
    titled(title, Sense::View, (0.0, 1.0), lines, vec![])
}

fn light(report: &Report) -> Option<Titled<'_>> {
    let lines = [
        line(report, &Measure::Brightness, "#8a6d1f", Shape::Line, "độ sáng / brightness"),
        line(report, &Measure::Spread, FAINT, Shape::Line, "độ tương phản / spread"),
    ];
    titled(
        ("Ánh sáng", "light", "0–255"),
        Sense::View,
        (0.0, 255.0),
        lines.into_iter().flatten().collect(),
        vec![],
    )
}

/// The rule that flagged an incident.
pub(super) fn rule_of<'r>(report: &'r Report, incident: &Incident) -> Option<&'r Rule> {
    report.rules.iter().find(|rule| rule.name == incident.rule)
}

/// What the rule of an incident goes by.
pub(super) fn sense_of(report: &Report, incident: &Incident) -> Option<Sense> {
    rule_of(report, incident).map(|rule| rule.condition.sense())
}

/// Whether a panel shows what a rule with this sense goes by.
pub(super) fn belongs(titled: &Titled<'_>, sense: Option<Sense>) -> bool {
    match sense {
        Some(Sense::Level | Sense::Sounds) => matches!(titled.sense, Sense::Level | Sense::Sounds),
        Some(Sense::Stream) | None => true,
        Some(sense) => titled.sense == sense,
    }
}
