//! What was measured in a replay, over time, and a picture of each moment at which something was
//! flagged: what the report draws. Pure.

use std::collections::BTreeMap;

use crate::config::Zone;
use crate::incident::{Gauge, GaugeName};
use crate::ingest::CameraState;
use crate::model::IncidentId;
use crate::perceive::{Observation, People, Person, View, contains};

/// Stills beyond these are not kept: a page with more is read by nobody.
const MOST_STILLS: usize = 300;

/// A look for people says something for so long, in s.
const LOOK_HOLDS_S: f64 = 5.0;

/// Something that is measured over time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Measure {
    /// The level of sound, dBFS.
    Level,
    /// Its loudness, LUFS.
    Loudness,
    /// How likely it is speech, 0 to 1.
    Speech,
    /// How likely a sound is, 0 to 1.
    Sound(String),
    /// People in a zone, or in the whole picture (`None`).
    People(Option<String>),
    /// The share of the picture that moved, in percent.
    Moved,
    /// The mean brightness, 0 to 255.
    Brightness,
    /// How much brightness differs over the picture.
    Spread,
    /// How much of an edge its steepest step takes, 0 to 1.
    Sharpness,
    /// How much of a former picture came back bit by bit, 0 to 1.
    Returned,
    /// Which share of what is heard is shrill, 0 to 1.
    Shrill,
    /// What a rule has worked out and goes by.
    Gauge(String, GaugeName),
}

/// Points `(s, value)` in the order of time.
pub(super) type Curve = Vec<(f32, f32)>;

/// The picture of a moment at which something was flagged.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Still {
    /// The picture.
    pub jpeg: Vec<u8>,
    /// Its width and height in pixels.
    pub size: (u32, u32),
    /// Who was seen in it.
    pub persons: Vec<Person>,
}

/// Everything that a report draws.
#[derive(Debug, Clone, Default)]
pub struct Trace {
    zones: Vec<Zone>,
    pub(super) curves: BTreeMap<Measure, Curve>,
    /// How the camera's stream was, and since when (s).
    pub(super) states: Vec<(f64, CameraState)>,
    pub(super) stills: BTreeMap<IncidentId, Still>,
    people: Option<(f64, People)>,
}

impl Trace {
    /// For a camera with these zones.
    pub fn new(zones: &[Zone]) -> Self {
        Self { zones: zones.to_vec(), ..Self::default() }
    }

    /// Takes what was observed at `at` (s).
    pub(super) fn observe(&mut self, observation: &Observation, at: f64) {
        match observation {
            Observation::Sound(sound) => {
                self.add(Measure::Level, at, sound.dbfs);
                self.add(Measure::Loudness, at, sound.lufs);
                if let Some(speech) = sound.speech {
                    self.add(Measure::Speech, at, f64::from(speech));
                }
            }
            Observation::Heard(heard) => {
                for (name, score) in &heard.scores {
                    self.add(Measure::Sound((*name).to_owned()), at, f64::from(*score));
                }
                self.add(Measure::Shrill, at, heard.shrill);
            }
            // A recording is listened to whole.
            Observation::Unheard => {}
            Observation::Motion(moved) => {
                let cells = crate::perceive::GRID_COLUMNS.saturating_mul(crate::perceive::GRID_ROWS);
                let all = u32::try_from(cells).unwrap_or(1).max(1);
                self.add(Measure::Moved, at, f64::from(moved.count()) * 100.0 / f64::from(all));
            }
            Observation::People(people) => {
                self.count(people, at);
                self.people = Some((at, people.clone()));
            }
            Observation::View(view) => self.view(view, at),
            Observation::Camera(state) => {
                if self.states.last().is_none_or(|(_, last)| last != state) {
                    self.states.push((at, *state));
                }
            }
        }
    }

    /// Takes what a rule goes by at `at` (s).
    pub(super) fn gauge(&mut self, rule: &str, gauge: Gauge, at: f64) {
        self.add(Measure::Gauge(rule.to_owned(), gauge.name), at, gauge.value);
    }

    /// Whether a still of one more incident is wanted.
    pub(super) fn wants_still(&self) -> bool {
        self.stills.len() < MOST_STILLS
    }

    /// Takes the picture of the moment at which an incident was flagged; `is_look` if it is the one in which
    /// people were looked for last.
    pub(super) fn still(
        &mut self,
        incident: IncidentId,
        at: f64,
        size: (u32, u32),
        jpeg: Vec<u8>,
        is_look: bool,
    ) {
        let seen = self.people.as_ref().filter(|(looked, _)| is_look && at - looked <= LOOK_HOLDS_S);
        let persons = seen.map(|(_, people)| people.persons.clone()).unwrap_or_default();
        self.stills.insert(incident, Still { jpeg, size, persons });
    }

    fn count(&mut self, people: &People, at: f64) {
        let mut counts: Vec<(Option<String>, u32)> = vec![(None, 0)];
        counts.extend(self.zones.iter().map(|zone| (Some(zone.name.clone()), 0)));
        for person in &people.persons {
            let (x, y) = person.frame.foot();
            let stands_in = |zone: &Zone| contains(&zone.polygon, x, y);
            let places = std::iter::once(true).chain(self.zones.iter().map(stands_in));
            for ((_, count), _) in counts.iter_mut().zip(places).filter(|(_, is_in)| *is_in) {
                *count += 1;
            }
        }
        for (place, count) in counts {
            self.add(Measure::People(place), at, f64::from(count));
        }
    }

    fn view(&mut self, view: &View, at: f64) {
        self.add(Measure::Brightness, at, f64::from(view.brightness));
        self.add(Measure::Spread, at, f64::from(view.spread));
        if let Some(sharpness) = view.sharpness {
            self.add(Measure::Sharpness, at, f64::from(sharpness));
        }
        let returned = view.repeat.as_ref().map_or(0.0, |repeat| repeat.share);
        self.add(Measure::Returned, at, f64::from(returned));
    }

    fn add(&mut self, measure: Measure, at: f64, value: f64) {
        #[expect(clippy::cast_possible_truncation, reason = "a pixel is far wider than the rest")]
        let point = (at as f32, value as f32);
        self.curves.entry(measure).or_default().push(point);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ZonePurpose;
    use crate::perceive::Frame;

    #[test]
    fn people_are_counted_where_they_stand() {
        let zone = Zone {
            name: "Quầy".into(),
            purpose: ZonePurpose::Staff,
            polygon: vec![(0.0, 0.5), (0.5, 0.5), (0.5, 1.0), (0.0, 1.0)],
        };
        let mut trace = Trace::new(&[zone]);
        let at = |left: f32| Person {
            track: 1,
            frame: Frame { left, top: 0.1, right: left + 0.1, bottom: 0.8 },
            score: 0.9,
        };
        let people = People { persons: vec![at(0.1), at(0.7)] };
        trace.observe(&Observation::People(people), 2.0);
        assert_eq!(trace.curves[&Measure::People(None)], [(2.0, 2.0)]);
        assert_eq!(trace.curves[&Measure::People(Some("Quầy".into()))], [(2.0, 1.0)]);
        // The still shows who was seen just before, and not who was seen long ago.
        let id = |n| IncidentId(uuid::Uuid::from_u128(n));
        trace.still(id(1), 3.0, (64, 48), vec![], true);
        trace.still(id(2), 30.0, (64, 48), vec![], true);
        trace.still(id(3), 3.0, (64, 48), vec![], false);
        let shown = |n| trace.stills[&id(n)].persons.len();
        assert_eq!([shown(1), shown(2), shown(3)], [2, 0, 0], "in another picture they may be elsewhere");
    }
}
