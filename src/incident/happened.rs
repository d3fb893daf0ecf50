//! `restarted` and `recording-gap`: what has happened and is over when it is noticed.

use super::spans::span;
use super::{BoxObservation, BoxWatch, Peak, Sign};
use crate::model::{CameraId, Now};

/// The service had died, or the power had failed.
pub(super) struct Restarted;

impl BoxWatch for Restarted {
    fn observe(&mut self, observation: &BoxObservation, now: Now) -> Vec<(Option<CameraId>, Sign)> {
        let BoxObservation::Restarted { last_recorded } = observation else { return vec![] };
        // Only where the clock has gone on since then does it tell how long the service was away.
        let since = last_recorded.filter(|last| *last <= now.wall);
        let reason = "dịch vụ đã dừng đột ngột (mất điện hoặc lỗi) và đã chạy lại / \
                      the service had ended without being told to (power cut or fault) and runs again";
        let mut peak: Peak = [("reason".to_owned(), reason.into())].into_iter().collect();
        if let Some(since) = since {
            peak.insert("away_ms".to_owned(), now.wall.millis_since(since).into());
        }
        let started_at = since.unwrap_or(now.wall);
        vec![(None, Sign::Flagged { started_at, peak }), (None, Sign::Ended(now.wall))]
    }
}

/// Footage is missing without a known reason.
pub(super) struct RecordingGap;

impl BoxWatch for RecordingGap {
    fn observe(&mut self, observation: &BoxObservation, _now: Now) -> Vec<(Option<CameraId>, Sign)> {
        let BoxObservation::Gap { stream, from, to } = observation else { return vec![] };
        let ms = to.millis_since(*from);
        let (vi, en) = span(ms);
        let reason = format!(
            "thiếu {vi} hình của {stream} mà không rõ lý do / {en} of {stream} are missing without a known reason"
        );
        let peak = [("missing_ms".to_owned(), ms.into()), ("reason".to_owned(), reason.into())];
        let camera = Some(stream.camera.clone());
        let flagged = Sign::Flagged { started_at: *from, peak: peak.into_iter().collect() };
        vec![(camera.clone(), flagged), (camera, Sign::Ended(*to))]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{StreamKind, Wall};
    use crate::record::StreamName;

    #[test]
    fn a_restart_begins_where_the_recording_had_ended_if_the_clock_can_tell() {
        let now = Now { wall: Wall::from_millis(100_000), ..Now::default() };
        for (last, started, away) in [(40_000, 40_000, true), (900_000, 100_000, false)] {
            let last_recorded = Some(Wall::from_millis(last));
            let told = Restarted.observe(&BoxObservation::Restarted { last_recorded }, now);
            let (None, Sign::Flagged { started_at, peak }) = &told[0] else { panic!("{told:?}") };
            assert_eq!((started_at.as_millis(), peak.contains_key("away_ms")), (started, away));
        }
    }

    #[test]
    fn a_gap_without_a_reason_is_an_incident_of_its_camera() {
        let camera = CameraId::new("gate").unwrap();
        let stream = StreamName { camera: camera.clone(), stream: StreamKind::Main };
        let (from, to) = (Wall::from_millis(0), Wall::from_millis(90_000));
        let told = RecordingGap.observe(&BoxObservation::Gap { stream, from, to }, Now::default());
        assert!(told.iter().all(|(of, _)| *of == Some(camera.clone())));
        let Sign::Flagged { peak, .. } = &told[0].1 else { panic!("{told:?}") };
        assert_eq!(peak["missing_ms"], 90_000);
    }
}
