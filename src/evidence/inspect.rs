//! Decodes a whole file to prove that it plays: what a stored clip is checked with.

use std::path::Path;

use crate::libav::{Demuxer, LibavError, PictureDecoder, SoundCodec, SoundDecoder, Track, VIDEO_TICKS};

/// What decoding a file gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Inspection {
    /// From the file's zero to the end of its last picture or sound.
    pub duration_ms: i64,
    /// Pictures that decoded.
    pub video_frames: u64,
    /// Samples that decoded, of one channel.
    pub audio_samples: u64,
    /// Samples in a second, 0 without sound.
    pub sample_rate: u32,
    /// For how long there is a picture: the durations of those that decoded.
    pub picture_ms: i64,
    /// For how long there is sound: the samples that decoded.
    pub sound_ms: i64,
}

/// Decodes every packet of the file. A packet that does not decode is not counted; its neighbours
/// are.
///
/// # Errors
/// [`LibavError`] if the file cannot be read to its end.
pub fn inspect(path: &Path) -> Result<Inspection, LibavError> {
    let mut demuxer = Demuxer::open(path)?;
    let mut pictures = demuxer.video().map(PictureDecoder::new).transpose()?;
    let mut sounds = demuxer
        .audio()
        .map(|format| {
            let codec = SoundCodec::Aac { extradata: format.extradata.clone() };
            SoundDecoder::new(&codec, format.sample_rate, format.channels)
        })
        .transpose()?;
    let ticks = demuxer.audio().map_or(1, |format| i64::from(format.sample_rate.max(1)));
    let mut found = Inspection::default();
    let (mut sent, mut shown, mut samples) = (Vec::new(), Vec::new(), Vec::new());
    while let Some(sample) = demuxer.read()? {
        let end = sample.pts.saturating_add(sample.duration);
        let rate = if sample.track == Track::Video { VIDEO_TICKS } else { ticks };
        match (sample.track, &mut pictures, &mut sounds) {
            (Track::Video, Some(decoder), _) => {
                sent.push((sample.pts, sample.duration));
                // What does not decode shows in the count.
                let _ = decoder.decode(sample.pts, sample.data(), |picture| shown.push(picture.pts()));
            }
            (Track::Audio, _, Some(decoder)) => {
                samples.clear();
                let _ = decoder.decode(sample.data(), &mut samples);
                let new = u64::try_from(samples.len()).unwrap_or(0);
                found.audio_samples = found.audio_samples.saturating_add(new);
            }
            _ => {}
        }
        found.duration_ms = found.duration_ms.max(end.saturating_mul(1000) / rate);
    }
    if let Some(decoder) = pictures.take() {
        decoder.finish(|picture| shown.push(picture.pts()))?;
    }
    found.sample_rate = sounds.map_or(0, |decoder| decoder.sample_rate());
    found.video_frames = u64::try_from(shown.len()).unwrap_or(0);
    found.picture_ms = shown_for(&mut sent, &mut shown).saturating_mul(1000) / VIDEO_TICKS;
    let played = i64::try_from(found.audio_samples).unwrap_or(i64::MAX).saturating_mul(1000);
    found.sound_ms = played.checked_div(i64::from(found.sample_rate)).unwrap_or(0);
    Ok(found)
}

/// For how long pictures are shown: each that decoded until the next that was sent, the last for its own
/// duration. A decode time says little of that where there are B-frames.
fn shown_for(sent: &mut [(i64, i64)], shown: &mut [i64]) -> i64 {
    sent.sort_unstable();
    shown.sort_unstable();
    let next = sent.iter().skip(1).map(|(pts, _)| Some(*pts)).chain(std::iter::once(None));
    let pictures = sent.iter().zip(next).filter(|((pts, _), _)| shown.binary_search(pts).is_ok());
    pictures.fold(0i64, |sum, ((pts, duration), next)| {
        sum.saturating_add(next.map_or(*duration, |next| next.saturating_sub(*pts)))
    })
}
