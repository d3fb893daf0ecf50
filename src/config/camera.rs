//! The cameras of a centre, their streams and the zones drawn in their pictures.

use std::time::Duration;

use serde::Serialize;
use url::Url;
use utoipa::ToSchema;

use super::Context;
use super::address::{same_stream_key, stream_url};
use super::keep::{Keeps, keep_size, keeps};
use super::reader::Table;
use super::secret::{Secret, login};
use super::value::{Taken, Value, quoted};
use crate::model::CameraId;

/// No zone needs more corners than this.
const MAX_CORNERS: usize = 64;
/// The smallest zone, as a share of the picture.
const MIN_AREA: f64 = 1e-4;

/// A camera.
#[derive(Debug, Clone, PartialEq)]
pub struct Camera {
    /// Its id within the centre.
    pub id: CameraId,
    /// What people call it.
    pub name: String,
    /// The full picture. Has no user or password in it.
    pub main: Url,
    /// The small picture, if the camera has one. Has no user or password in it.
    pub sub: Option<Url>,
    /// The user name at the camera; has a password whenever it is there.
    pub user: Option<String>,
    /// The password of that user.
    pub password: Option<Secret>,
    /// What is done with its sound.
    pub audio: AudioUse,
    /// Whether the province may ask for its footage.
    pub asked: bool,
    /// How long its main stream is kept.
    pub keep: Duration,
    /// How long its sub stream is kept; not longer than `keep`.
    pub sub_keep: Duration,
    /// The most bytes that both of its streams may take.
    pub keep_size: Option<u64>,
    /// The zones drawn in its picture.
    pub zones: Vec<Zone>,
}

/// What is done with a camera's sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AudioUse {
    /// It is recorded and listened to.
    Record,
    /// It is listened to for loudness and not kept.
    Level,
    /// It is neither kept nor listened to.
    Off,
}

/// A part of a camera's picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Zone {
    /// What people call it; no other zone of the camera has this name.
    pub name: String,
    /// Who belongs there.
    pub purpose: ZonePurpose,
    /// At least three corners `(x, y)`, each 0 to 1 of the whole picture, origin top left.
    pub polygon: Vec<(f64, f64)>,
}

impl Zone {
    /// The middle of its corners, `(x, y)` in 0..1 of the whole picture.
    pub fn middle(&self) -> (f64, f64) {
        let (mut x, mut y, mut corners) = (0.0, 0.0, 0.0);
        for corner in &self.polygon {
            (x, y, corners) = (x + corner.0, y + corner.1, corners + 1.0);
        }
        (x / f64::max(corners, 1.0), y / f64::max(corners, 1.0))
    }
}

/// Who belongs in a zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ZonePurpose {
    /// Staff, behind the counter.
    Staff,
    /// The citizen who is served.
    Citizen,
    /// Citizens who wait.
    Waiting,
    /// Nobody without a task there.
    Restricted,
    /// Citizens at a kiosk.
    SelfService,
}

/// A camera as far as it could be read, so that rules can be checked against what was meant.
pub(super) struct Listed {
    /// The id as typed.
    pub(super) id: String,
    /// What is done with its sound.
    pub(super) audio: AudioUse,
    /// The names of its zones as typed, and who belongs there, if that could be read.
    pub(super) zones: Vec<(String, Option<ZonePurpose>)>,
    /// The camera, if nothing is wrong with it.
    pub(super) camera: Option<Camera>,
}

/// Reads every `[[camera]]`.
pub(super) fn cameras(root: &mut Table<'_>, usual: Option<Keeps>, context: &Context<'_>) -> Vec<Listed> {
    let (mut ids, mut streams) = (Taken::new(), Taken::new());
    let tables = root.tables("camera", "camera");
    if tables.is_empty() {
        root.amiss("there is no camera: write at least one [[camera]]");
    }
    tables.into_iter().map(|table| camera(table, usual, &mut ids, &mut streams, context)).collect()
}

fn camera(
    mut table: Table<'_>,
    usual: Option<Keeps>,
    ids: &mut Taken,
    streams: &mut Taken,
    context: &Context<'_>,
) -> Listed {
    let mut typed = String::new();
    let id = table.required("id", "\"counter-1\"", |value| {
        typed = value.text()?.to_owned();
        let id = CameraId::new(&typed).map_err(|why| value.wrong::<()>(format!("= {why}"))).ok()?;
        match value.take(ids, &typed) {
            Ok(()) => Some(id),
            Err((_, line)) => {
                let who = format!("camera id {}", quoted(&typed));
                value.called(who).wrong(format!("is already used on line {line}"))
            }
        }
    });
    if !typed.is_empty() {
        table.call(format!("camera {}", quoted(&typed)));
    }
    let name = table.value("name").map_or_else(|| Some(typed.clone()), |value| value.name());
    let main = table.required("main", "\"rtsp://192.168.1.20/stream1\"", |value| stream(&value, streams));
    let sub = table.value("sub").and_then(|value| stream(&value, streams));
    let (user, password) = login(&mut table, context);
    let audio = [("record", AudioUse::Record), ("level", AudioUse::Level), ("off", AudioUse::Off)];
    let audio = table.or("audio", AudioUse::Record, |value| value.word(&audio));
    let asked = table.or("asked", true, |value| value.truth());
    let kept = keeps(&mut table, usual);
    let most = table.value("keep_size").map(|value| keep_size(&value));
    let mut names = Taken::new();
    let tables = table.tables("zone", "camera.zone");
    let (mut listed, mut zones) = (vec![], vec![]);
    for inner in tables {
        zones.push(zone(inner, table.who(), &mut names, &mut listed));
    }
    table.finish();
    let camera = (|| {
        let zones = zones.into_iter().collect::<Option<_>>()?;
        let Keeps { keep, sub_keep } = kept?;
        let keep_size = match most {
            Some(most) => Some(most?),
            None => None,
        };
        let (id, name, main, audio, asked) = (id?, name?, main?, audio?, asked?);
        Some(Camera { id, name, main, sub, user, password, audio, asked, keep, sub_keep, keep_size, zones })
    })();
    let audio = audio.unwrap_or(AudioUse::Record);
    Listed { id: typed, audio, zones: listed, camera }
}

fn stream(value: &Value<'_>, streams: &mut Taken) -> Option<Url> {
    let url = stream_url(value)?;
    match value.take(streams, &same_stream_key(&url)) {
        Ok(()) => Some(url),
        Err((first, line)) => value.wrong(format!(
            "is the same stream as {first} on line {line}: give each its own address or take one out"
        )),
    }
}

fn zone(
    mut table: Table<'_>,
    camera: &str,
    names: &mut Taken,
    listed: &mut Vec<(String, Option<ZonePurpose>)>,
) -> Option<Zone> {
    table.call(format!("{} of {camera}", table.who()));
    let name = table.required("name", "\"Quầy 1\"", |value| {
        let name = value.name()?;
        match value.take(names, &name) {
            Ok(()) => Some(name),
            Err((_, line)) => {
                value.wrong(format!("{} is already used by this camera on line {line}", quoted(&name)))
            }
        }
    });
    let purpose = table.required("purpose", "\"staff\"", |value| {
        value.word(&[
            ("staff", ZonePurpose::Staff),
            ("citizen", ZonePurpose::Citizen),
            ("waiting", ZonePurpose::Waiting),
            ("restricted", ZonePurpose::Restricted),
            ("self-service", ZonePurpose::SelfService),
        ])
    });
    let example = "[[0.1, 0.5], [0.4, 0.5], [0.4, 1.0], [0.1, 1.0]]";
    let polygon = table.required("polygon", example, |value| polygon(&value));
    table.finish();
    listed.push((name.clone().unwrap_or_default(), purpose));
    Some(Zone { name: name?, purpose: purpose?, polygon: polygon? })
}

fn polygon(value: &Value<'_>) -> Option<Vec<(f64, f64)>> {
    let corners: Vec<_> = value.list()?.iter().map(corner).collect();
    let corners = corners.into_iter().collect::<Option<Vec<_>>>()?;
    if !(3..=MAX_CORNERS).contains(&corners.len()) {
        return value.wrong(format!("has {} corners: draw 3 to {MAX_CORNERS}", corners.len()));
    }
    if area(&corners) < MIN_AREA {
        return value.wrong("encloses nothing: its corners lie on a line, or its sides cross");
    }
    Some(corners)
}

fn corner(value: &Value<'_>) -> Option<(f64, f64)> {
    match value.list()?.as_slice() {
        [x, y] => x.number(0.0..=1.0).zip(y.number(0.0..=1.0)),
        _ => value.wrong("has a corner that is not [x, y], both 0 to 1 of the picture"),
    }
}

/// The shoelace formula.
fn area(corners: &[(f64, f64)]) -> f64 {
    let next = corners.iter().cycle().skip(1);
    let twice: f64 = corners.iter().zip(next).map(|((x1, y1), (x2, y2))| x1 * y2 - x2 * y1).sum();
    (twice / 2.0).abs()
}
