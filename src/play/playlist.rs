//! The HLS playlist of a stretch (RFC 8216): byte ranges of the recorded files. Pure.
//!
//! One segment a keyframe group; `EXT-X-MAP` and `EXT-X-PROGRAM-DATE-TIME` for each file; a discontinuity
//! only where the time line or the coding leaps, so that borders of files play through. A gap has no
//! segment: it is known from the dates. A playlist has one set of tracks; where that changes it ends and
//! says in a line of our own where the next one begins, which other players pass over:
//!
//! ```text
//! #EXT-X-QUAYWATCH-NEXT:2026-11-27T02:10:00.000Z
//! ```

use std::fmt::Write;

use super::{Group, Recording, Stretch};
use crate::model::Wall;

/// How a playlist ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// This is all there is of the range.
    Complete,
    /// It goes on in another playlist, which begins at that moment.
    Next(Wall),
    /// More will come: it is to be asked for again.
    Growing,
}

/// The least target duration of a playlist that grows: it may not change while it does.
const GROWING_TARGET_S: i64 = 4;

/// The text of a playlist that begins to play at `from`.
pub fn playlist(recordings: &[Recording], stretch: &Stretch, from: Wall, ending: Ending) -> String {
    let is_growing = ending == Ending::Growing;
    // What is still being written has no length yet.
    let groups: Vec<&Group> = stretch.groups.iter().filter(|g| !(is_growing && g.is_growing)).collect();
    let longest = groups.iter().map(|g| (g.end - g.start + 45_000) / 90_000).max().unwrap_or(1).max(1);
    let target = if is_growing { longest.max(GROWING_TARGET_S) } else { longest };
    let mut text = format!("#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:{target}\n");
    text += "#EXT-X-MEDIA-SEQUENCE:0\n#EXT-X-INDEPENDENT-SEGMENTS\n";
    text += if is_growing { "#EXT-X-PLAYLIST-TYPE:EVENT\n" } else { "#EXT-X-PLAYLIST-TYPE:VOD\n" };
    let into_ms = groups.first().map_or(0, |first| from.millis_since(first.wall));
    if into_ms > 0 {
        let _ = writeln!(text, "#EXT-X-START:TIME-OFFSET={},PRECISE=YES", seconds(into_ms * 90));
    }
    if let Ending::Next(next) = ending {
        let _ = writeln!(text, "#EXT-X-QUAYWATCH-NEXT:{next}");
    }
    let folder = if stretch.sound { "segments" } else { "silent" };
    let mut file = None;
    for group in groups {
        let Some(recording) = recordings.get(group.recording) else { continue };
        let uri = format!("{folder}/{}.mp4", recording.row.counter);
        if group.leaps {
            text += "#EXT-X-DISCONTINUITY\n";
        }
        let is_new = file.replace(group.recording) != Some(group.recording);
        if is_new {
            let bytes = recording.header_bytes();
            let _ = writeln!(text, "#EXT-X-MAP:URI=\"{uri}\",BYTERANGE=\"{bytes}@0\"");
        }
        if is_new || group.leaps {
            let _ = writeln!(text, "#EXT-X-PROGRAM-DATE-TIME:{}", group.wall);
        }
        let _ = writeln!(
            text,
            "#EXTINF:{},\n#EXT-X-BYTERANGE:{}@{}\n{uri}",
            seconds(group.end - group.start),
            group.bytes,
            group.offset
        );
    }
    if !is_growing {
        text += "#EXT-X-ENDLIST\n";
    }
    text
}

/// Ticks of 1/90000 s as seconds, to the microsecond.
fn seconds(ticks: i64) -> String {
    let micros = i128::from(ticks.max(0)) * 1_000_000 / 90_000;
    format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::super::groups::{stretches, tests::recording};
    use super::*;

    fn at(s: i64) -> Wall {
        Wall::from_millis(1_795_400_000_000 + s * 1000)
    }

    fn files() -> Vec<Recording> {
        let mut files = vec![
            recording(1, 1, 0, 4, |_| true),
            recording(1, 2, 4, 4, |_| true),
            recording(2, 1, 20, 4, |_| true),
            recording(2, 2, 24, 2, |_| false),
        ];
        for file in &mut files {
            file.start = at(file.row.media_start / 90_000);
        }
        files
    }

    #[test]
    fn a_playlist_is_as_players_read_it() {
        let files = files();
        let found = stretches(&files, at(3), at(60));
        insta::assert_snapshot!(playlist(&files, &found[0], at(3), Ending::Next(found[1].groups[0].wall)));
    }

    #[test]
    fn a_silent_stretch_is_read_from_files_without_their_sound_track() {
        let files = files();
        let found = stretches(&files, at(24), at(60));
        let text = playlist(&files, &found[0], at(24), Ending::Complete);
        assert!(text.contains("URI=\"silent/202.mp4\"") && !text.contains("START"), "{text}");
    }

    #[test]
    fn a_playlist_that_grows_leaves_out_what_is_being_written_and_does_not_end() {
        let files = [Recording { is_growing: true, start: at(0), ..recording(1, 1, 0, 6, |_| true) }];
        let found = stretches(&files, at(0), at(60));
        let text = playlist(&files, &found[0], at(0), Ending::Growing);
        assert_eq!(text.matches("#EXTINF:2.000000,").count(), 2);
        assert!(
            text.contains("EVENT") && !text.contains("ENDLIST") && text.contains("DURATION:4\n"),
            "{text}"
        );
    }
}
