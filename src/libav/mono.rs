//! Decoded sound of any format to mono samples.

use ff::format::Sample;
use ff::format::sample::Type;
use ffmpeg_next as ff;

use super::LibavError;

/// Appends a frame's samples to `out`, all channels averaged, full scale ±1.
///
/// # Errors
/// If its samples are of a kind that nobody uses for sound.
pub(super) fn mix_down(frame: &ff::frame::Audio, out: &mut Vec<f32>) -> Result<(), LibavError> {
    let (channels, planes, count) = (usize::from(frame.channels()), frame.planes(), frame.samples());
    if planes == 0 || channels == 0 || count == 0 {
        return Ok(());
    }
    let share = 1.0 / f32::from(frame.channels());
    let start = out.len();
    out.resize(start.saturating_add(count), 0.0);
    let into = out.get_mut(start..).unwrap_or_default();
    let layout = match frame.format() {
        Sample::U8(layout)
        | Sample::I16(layout)
        | Sample::I32(layout)
        | Sample::I64(layout)
        | Sample::F32(layout)
        | Sample::F64(layout) => layout,
        Sample::None => return Err(LibavError::Unsupported("sound without a format".into())),
    };
    // Packed: the channels of a moment stand side by side; planar: one after the other.
    let side_by_side = if layout == Type::Packed { channels } else { 1 };
    for plane in 0..planes {
        let bytes = frame.data(plane);
        match frame.format() {
            Sample::U8(_) => {
                add(into, bytes, side_by_side, share, |[b]: [u8; 1]| (f32::from(b) - 128.0) / 128.0);
            }
            Sample::I16(_) => {
                add(into, bytes, side_by_side, share, |b| f32::from(i16::from_ne_bytes(b)) / 32768.0);
            }
            Sample::I32(_) => {
                add(into, bytes, side_by_side, share, |b| narrow(f64::from(i32::from_ne_bytes(b)) / I32));
            }
            Sample::I64(_) => add(into, bytes, side_by_side, share, |b| {
                #[expect(clippy::cast_precision_loss, reason = "53 bits are more than enough for sound")]
                let value = i64::from_ne_bytes(b) as f64;
                narrow(value / I64)
            }),
            Sample::F32(_) => add(into, bytes, side_by_side, share, f32::from_ne_bytes),
            Sample::F64(_) => add(into, bytes, side_by_side, share, |b| narrow(f64::from_ne_bytes(b))),
            Sample::None => {}
        }
    }
    Ok(())
}

const I32: f64 = 2_147_483_648.0;
const I64: f64 = 9_223_372_036_854_775_808.0;

#[expect(clippy::cast_possible_truncation, reason = "24 bits are what sound is measured with here")]
fn narrow(value: f64) -> f32 {
    value as f32
}

/// Adds `share` of each of a plane's values, `channels` of which belong to one sample.
fn add<const N: usize>(
    into: &mut [f32],
    bytes: &[u8],
    channels: usize,
    share: f32,
    value: impl Fn([u8; N]) -> f32,
) {
    let (values, _) = bytes.as_chunks::<N>();
    for (sum, moment) in into.iter_mut().zip(values.chunks_exact(channels.max(1))) {
        *sum += moment.iter().map(|bytes| value(*bytes)).sum::<f32>() * share;
    }
}
