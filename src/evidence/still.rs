//! The picture shown at a moment of a clip, as a JPEG.

use std::path::Path;

use crate::libav::{Demuxer, LibavError, PictureDecoder, Sample, Track, VIDEO_TICKS};

/// A keyframe is found by when it is decoded, and shown at most so much later.
const SEEK_BEFORE_MS: i64 = 1000;

/// JPEG bytes of the picture on the screen `at_ms` after the clip's beginning: the last one that
/// began by then, else the first.
///
/// Reads and decodes from about the keyframe before it only.
///
/// # Errors
/// [`LibavError`] if the file cannot be read or holds no picture that decodes.
pub fn still(clip: &Path, at_ms: i64) -> Result<Vec<u8>, LibavError> {
    read_from(Demuxer::open_at(clip, at_ms.saturating_sub(SEEK_BEFORE_MS))?, clip, at_ms)
}

fn read_from(mut demuxer: Demuxer, clip: &Path, at_ms: i64) -> Result<Vec<u8>, LibavError> {
    let at = at_ms.saturating_mul(VIDEO_TICKS / 1000);
    let nothing = || LibavError::Unsupported(format!("{} without a picture", clip.display()));
    let format = demuxer.video().cloned().ok_or_else(nothing)?;
    // The packets from the last keyframe by then: one group of pictures, a few MB at most.
    let mut group: Vec<Sample> = Vec::new();
    while let Some(sample) = demuxer.read()? {
        if sample.track != Track::Video || (group.is_empty() && !sample.key) {
            continue;
        }
        // What is decoded later is shown later.
        if sample.dts > at && !group.is_empty() {
            break;
        }
        if sample.key && sample.pts <= at {
            group.clear();
        }
        group.push(sample);
    }
    let by_then = group.iter().map(|sample| sample.pts).filter(|pts| *pts <= at).max();
    let wanted = by_then.or(group.first().map(|sample| sample.pts)).ok_or_else(nothing)?;
    drop(demuxer);
    let units = group.iter().map(|sample| Ok::<_, LibavError>((sample.pts, sample.data())));
    // Only the picture asked for is compressed; of a damaged one the decoder shows the nearest.
    let found = PictureDecoder::new(&format)?.find(units, wanted)?;
    found.ok_or_else(nothing)?.into_jpeg()
}

/// As [`still`], of the last keyframe of a recording that is perhaps being written, at most `width` pixels
/// wide and, as far as JPEG goes, of at most `bytes` bytes.
///
/// # Errors
/// As [`still`].
pub fn small_still(recording: &Path, width: u32, bytes: usize) -> Result<Vec<u8>, LibavError> {
    let mut demuxer = Demuxer::open(recording)?;
    let nothing = || LibavError::Unsupported(format!("{} without a picture", recording.display()));
    let format = demuxer.video().cloned().ok_or_else(nothing)?;
    let mut newest = None;
    // What is torn at the end is what is being written.
    while let Ok(Some(sample)) = demuxer.read() {
        if sample.track == Track::Video && sample.key {
            newest = Some(sample);
        }
    }
    let key = newest.ok_or_else(nothing)?;
    let mut decoder = PictureDecoder::new(&format)?;
    let mut jpeg = None;
    let mut keep = |picture: &crate::libav::Picture<'_>| {
        jpeg.get_or_insert_with(|| picture.jpeg_within(width, bytes));
    };
    decoder.decode(key.pts, key.data(), &mut keep)?;
    decoder.finish(&mut keep)?;
    jpeg.ok_or_else(nothing)?
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::clip::{ClipPart, cut};
    use crate::libav::testing;
    use crate::model::Wall;

    #[test]
    fn a_moment_that_is_looked_up_shows_what_reading_up_to_it_shows() {
        for footage in [testing::footage("libx264", 8), testing::b_frame_footage("libx264", 8)] {
            let folder = tempfile::tempdir().unwrap();
            let start = Wall::from_millis(1_795_400_100_000);
            let parts: Vec<ClipPart> = testing::record(&footage, folder.path(), "a", 99, true)
                .into_iter()
                .map(|(path, media_start)| ClipPart { path, run: 1, start, media_start })
                .collect();
            let clip = folder.path().join("clip.mp4");
            cut(&parts, start, start.plus_millis(8000), &clip).unwrap();
            for path in [&clip, &parts[0].path] {
                for at_ms in [0, 900, 1001, 2000, 2039, 3500, 5990, 6000, 7900, 20_000] {
                    let read = read_from(Demuxer::open(path).unwrap(), path, at_ms).unwrap();
                    assert!(still(path, at_ms).unwrap() == read, "{} ms of {}", at_ms, path.display());
                }
            }
        }
    }
}
