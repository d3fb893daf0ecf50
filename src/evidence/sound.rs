//! The sound of a clip, or a part of it, as a WAV file: mono, 16 bits, at the recording's own rate. It is written as it is
//! decoded: how long the clip is does not matter to memory.

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

use crate::disk;
use crate::libav::{Demuxer, LibavError, SoundCodec, SoundDecoder, Track};

/// The bytes of a sample of 16 bits.
const SAMPLE_BYTES: usize = 2;

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WavReport {
    /// Samples in a second.
    pub sample_rate: u32,
    /// Samples in the file.
    pub samples: u64,
    /// Where the first sample lies in the clip, milliseconds.
    pub from_ms: i64,
    /// Where the last sample ends in the clip, milliseconds.
    pub to_ms: i64,
}

/// Why there is no excerpt.
#[derive(Debug, thiserror::Error)]
pub enum ExcerptError {
    /// The clip has no sound in that part.
    #[error("the clip has no sound from {from_ms} to {to_ms} ms")]
    Silent {
        /// Asked from.
        from_ms: i64,
        /// Asked to.
        to_ms: i64,
    },
    /// The clip cannot be read.
    #[error(transparent)]
    Clip(#[from] LibavError),
    /// The excerpt cannot be written; another try may succeed.
    #[error("the sound cannot be written: {0}")]
    Write(#[from] std::io::Error),
    /// As [`ExcerptError::Write`].
    #[error("the sound cannot be written: {0}")]
    Wav(#[from] hound::Error),
}

/// Writes the sound of `[from_ms, to_ms)` of the clip to `out`, which is there whole or not at all.
/// Where the recording has a gap there is silence, so that times in it stay right.
///
/// # Errors
/// [`ExcerptError`].
pub fn excerpt(clip: &Path, from_ms: i64, to_ms: i64, out: &Path) -> Result<WavReport, ExcerptError> {
    whole_or_not_there((clip, from_ms, to_ms), out, &mut |_| Ok(()))
}

/// Writes all the sound of the clip to `out`, likewise. `wrote` is told each number of bytes that are written, and ends
/// the work by an error. A WAV file has less than 4 GiB, so that the clip must be shorter than 12 h at 48 kHz.
///
/// # Errors
/// [`ExcerptError`].
pub fn whole(
    clip: &Path,
    out: &Path,
    wrote: &mut dyn FnMut(usize) -> std::io::Result<()>,
) -> Result<WavReport, ExcerptError> {
    whole_or_not_there((clip, 0, i64::MAX), out, wrote)
}

/// A part of a clip: its file, from and to in milliseconds.
type Wanted<'a> = (&'a Path, i64, i64);

fn whole_or_not_there(
    wanted: Wanted<'_>,
    out: &Path,
    wrote: &mut dyn FnMut(usize) -> std::io::Result<()>,
) -> Result<WavReport, ExcerptError> {
    let part = disk::beside(out, "part");
    let done = write(wanted, &part, wrote).and_then(|report| {
        disk::publish(&part, out)?;
        Ok(report)
    });
    if done.is_err() {
        // What is left of a failed try is of no use to anybody.
        let _ = std::fs::remove_file(&part);
    }
    done
}

fn write(
    (clip, from_ms, to_ms): Wanted<'_>,
    part: &Path,
    wrote: &mut dyn FnMut(usize) -> std::io::Result<()>,
) -> Result<WavReport, ExcerptError> {
    let silent = || ExcerptError::Silent { from_ms, to_ms };
    let mut demuxer = Demuxer::open(clip)?;
    let format = demuxer.audio().cloned().ok_or_else(silent)?;
    let codec = SoundCodec::Aac { extradata: format.extradata.clone() };
    let mut decoder = SoundDecoder::new(&codec, format.sample_rate, format.channels)?;
    let ticks = i64::from(format.sample_rate);
    let (from, to) = (from_ms.saturating_mul(ticks) / 1000, to_ms.saturating_mul(ticks) / 1000);
    let mut wav: Option<Wav> = None;
    let mut samples = Vec::new();
    while let Some(packet) = demuxer.read()? {
        if packet.track != Track::Audio || packet.pts >= to {
            continue;
        }
        samples.clear();
        // Packets before the part are decoded too: each needs the one before it. A damaged one
        // becomes silence.
        let _ = decoder.decode(packet.data(), &mut samples);
        // HE-AAC plays at twice the rate of its track.
        let times = i64::from(decoder.sample_rate()).checked_div(ticks).unwrap_or(1).max(1);
        let (start, from, to) =
            (packet.pts.saturating_mul(times), from.saturating_mul(times), to.saturating_mul(times));
        let skip = usize::try_from(from.saturating_sub(start).max(0)).unwrap_or(usize::MAX);
        let take = usize::try_from(to.saturating_sub(start)).unwrap_or(0).min(samples.len());
        let Some(wanted) = samples.get(skip..take).filter(|wanted| !wanted.is_empty()) else { continue };
        let first = start.max(from);
        let wav = match &mut wav {
            Some(wav) => wav,
            None => wav.insert(Wav::create(part, decoder.sample_rate(), first)?),
        };
        wav.add(first, wanted)?;
        wrote(wanted.len().saturating_mul(SAMPLE_BYTES))?;
    }
    wav.ok_or_else(silent)?.finish()
}

struct Wav {
    writer: hound::WavWriter<BufWriter<File>>,
    rate: u32,
    first: i64,
    next: i64,
}

impl Wav {
    fn create(path: &Path, rate: u32, first: i64) -> Result<Self, ExcerptError> {
        let spec = hound::WavSpec {
            channels: 1,
            sample_rate: rate,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let writer = hound::WavWriter::create(path, spec)?;
        Ok(Self { writer, rate, first, next: first })
    }

    fn add(&mut self, at: i64, samples: &[f32]) -> Result<(), ExcerptError> {
        while self.next < at {
            self.writer.write_sample(0i16)?;
            self.next = self.next.saturating_add(1);
        }
        let overlap = usize::try_from(self.next.saturating_sub(at)).unwrap_or(0);
        for sample in samples.get(overlap..).unwrap_or_default() {
            self.writer.write_sample(to_i16(*sample))?;
            self.next = self.next.saturating_add(1);
        }
        Ok(())
    }

    fn finish(self) -> Result<WavReport, ExcerptError> {
        self.writer.finalize()?;
        let ms = |at: i64| at.saturating_mul(1000) / i64::from(self.rate.max(1));
        let samples = u64::try_from(self.next.saturating_sub(self.first)).unwrap_or(0);
        Ok(WavReport { sample_rate: self.rate, samples, from_ms: ms(self.first), to_ms: ms(self.next) })
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a float cast saturates, and is clamped before")]
fn to_i16(sample: f32) -> i16 {
    (sample.clamp(-1.0, 1.0) * 32767.0).round() as i16
}
