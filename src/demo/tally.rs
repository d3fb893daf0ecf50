//! What the demo has shown, in figures, from what is really there: the province's rows and files,
//! the centre's archive, the cameras' own log.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::Value;

use super::hall::Hall;
use super::story::Story;
use crate::evidence::inspect::inspect;
use crate::evidence::manifest::{self, FileFacts};
use crate::model::Wall;
use crate::record::{Index, SegmentRow, gaps};
use crate::wire::{Role, Trust};
use crate::{disk, keys};

/// The hold of the demo's `raised-voices` rule, which is not the program's delay.
const HOLD_MS: i64 = 1000;

/// An incident belongs to a loud passage that began at most this long before or after its start.
const SAME_MS: i64 = 3000;

/// What the last line says.
#[derive(Debug, Clone, Serialize)]
pub struct Tally {
    /// Incidents flagged at the centre.
    pub incidents: usize,
    /// Incident events in the province's rows.
    pub events_stored: usize,
    /// Clips at the province whose digest fits the signed manifest and that decode for its length.
    pub clips_verified: usize,
    /// Incidents flagged at the centre and not stored at the province.
    pub lost: usize,
    /// Seconds recorded, all streams together.
    pub recorded_s: i64,
    /// Holes in the recording whose reason is known.
    pub gaps_explained: usize,
    /// Holes in the recording without a reason.
    pub gaps_unexplained: usize,
    /// From the first loud sample at the camera to the row at the province, less the hold; the
    /// median, or nothing if there was none.
    pub onset_to_stored_ms_p50: Option<i64>,
}

impl Tally {
    /// Whether the main job was done: an incident's event and clip are there, and nothing is lost.
    pub fn is_good(&self) -> bool {
        self.events_stored > 0 && self.clips_verified > 0 && self.lost == 0 && self.gaps_unexplained == 0
    }
}

pub(super) async fn count(hall: &Hall, story: &Story) -> anyhow::Result<Tally> {
    let mut stored = BTreeMap::new();
    let mut path = "/api/incidents?limit=100".to_owned();
    loop {
        let page = hall.ask_province(&path).await?;
        for incident in page.get("incidents").and_then(Value::as_array).into_iter().flatten() {
            stored.insert(text(incident, "id"), incident.clone());
        }
        match page.get("next").and_then(Value::as_str) {
            Some(next) => path = format!("/api/incidents?limit=100&cursor={next}"),
            None => break,
        }
    }
    let mut events_stored = 0;
    for id in stored.keys() {
        let incident = hall.ask_province(&format!("/api/incidents/{id}")).await?;
        events_stored += incident.get("events").and_then(Value::as_array).map_or(0, Vec::len);
    }
    let trust = keys::load_trust(&hall.centre_public_key())?;
    let files = hall.province_storage().join("files/xuan-lung");
    let clips_verified = tokio::task::spawn_blocking(move || verified_clips(&files, &trust)).await?;

    let index = Index::open(&hall.storage()).await?;
    let rows = index.all().await?;
    index.close().await;
    let (gaps_explained, gaps_unexplained) = holes(&rows);
    Ok(Tally {
        incidents: story.incidents.len(),
        events_stored,
        clips_verified,
        lost: story.incidents.keys().filter(|id| !stored.contains_key(*id)).count(),
        recorded_s: rows.iter().map(|row| row.duration_ms).sum::<i64>() / 1000,
        gaps_explained,
        gaps_unexplained,
        onset_to_stored_ms_p50: median(delays(&hall.camera_log(), stored.values())),
    })
}

fn text(value: &Value, name: &str) -> String {
    value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn holes(rows: &[SegmentRow]) -> (usize, usize) {
    let mut streams: BTreeMap<_, Vec<&SegmentRow>> = BTreeMap::new();
    for row in rows {
        streams.entry((row.camera.clone(), row.stream)).or_default().push(row);
    }
    let found: Vec<_> = streams.into_values().flat_map(gaps).collect();
    let explained = found.iter().filter(|gap| gap.reason.is_some()).count();
    (explained, found.len() - explained)
}

/// Clips in the province's folders that fit the manifest beside them and really play.
fn verified_clips(centre: &Path, trust: &Trust) -> usize {
    let mut verified = 0;
    for incident in folders(centre) {
        let files = folders(&incident);
        let manifests = files.iter().filter(|path| path.extension().is_some_and(|ending| ending == "json"));
        let listed: Vec<FileFacts> = manifests
            .filter_map(|path| manifest::open(&std::fs::read(path).ok()?).ok())
            .filter(|opened| trust.knows(&opened.key))
            .flat_map(|opened| opened.manifest.files)
            .collect();
        let clips = files.iter().filter(|path| path.extension().is_some_and(|ending| ending == "mp4"));
        verified += clips.filter(|clip| is_verified(clip, &listed)).count();
    }
    verified
}

fn is_verified(clip: &Path, listed: &[FileFacts]) -> bool {
    let Ok((_, digest)) = disk::measure(clip) else { return false };
    let digest = hex::encode(digest);
    let Some(facts) = listed.iter().find(|facts| facts.role == Role::Clip && facts.sha256 == digest) else {
        return false;
    };
    let Ok(seen) = inspect(clip) else { return false };
    // The clip of a rule whose sound may not leave has a picture only.
    let needs_sound = facts.name != "clip-silent.mp4";
    let lasts = |ms: i64| (ms - facts.duration_ms).abs() <= 500;
    let is_good = lasts(seen.picture_ms) && (!needs_sound || lasts(seen.sound_ms));
    if !is_good {
        tracing::warn!(
            "{}: the manifest says {} ms, decoded were {seen:?}",
            clip.display(),
            facts.duration_ms
        );
    }
    is_good
}

fn folders(path: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}

/// From each loud passage's first sample to the row of its incident, less the hold.
fn delays<'a>(camera_log: &Path, stored: impl Iterator<Item = &'a Value>) -> Vec<i64> {
    let log = std::fs::read_to_string(camera_log).unwrap_or_default();
    let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let onsets: Vec<(String, i64)> = lines
        .filter(|line| text(line, "e") == "sound-mark")
        .filter_map(|line| Some((text(&line, "mount"), milliseconds(line.get("at_ms")?)?)))
        .collect();
    let mut delays = Vec::new();
    for incident in stored.filter(|incident| text(incident, "kind") == "raised-voices") {
        let (Ok(started), Ok(stored_at)) =
            (text(incident, "started_at").parse::<Wall>(), text(incident, "stored_at").parse::<Wall>())
        else {
            continue;
        };
        let mount = format!("/{}/main", text(incident, "camera"));
        let onset = onsets
            .iter()
            .filter(|(at, _)| *at == mount)
            .map(|(_, ms)| *ms)
            .min_by_key(|ms| (started.as_millis() - ms).abs())
            .filter(|ms| (started.as_millis() - ms).abs() <= SAME_MS);
        delays.extend(onset.map(|ms| stored_at.as_millis() - ms - HOLD_MS));
    }
    delays
}

/// A time in ms that may have decimals.
fn milliseconds(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.to_string().split('.').next()?.parse().ok())
}

fn median(mut values: Vec<i64>) -> Option<i64> {
    values.sort_unstable();
    values.get(values.len() / 2).copied()
}
