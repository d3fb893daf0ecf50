//! Mono samples of any rate to one rate, as they stream in.
//!
//! The resampler compensates its own delay: the first sample out belongs to the time of the first one
//! in. What it holds back until more comes is [`Resampler::pending`], so that whoever dates windows of its
//! output can tell how far behind they end. A rate that changes on the way gives out what the old one
//! still held.

use ff::format::Sample;
use ff::format::sample::Type;
use ff::software::resampling;
use ffmpeg_next as ff;

use super::{LibavError, quiet, tell};

const FORMAT: Sample = Sample::F32(Type::Planar);
const DOING: &str = "resampling sound";

/// The most samples that are taken in one call of libav: a second and a half at 48 kHz.
const PIECE: usize = 1 << 16;

/// A stream of samples on its way to another rate.
pub struct Resampler {
    to: u32,
    from: u32,
    /// `None` before anything came, and where nothing is to be done.
    context: Option<resampling::Context>,
}

impl Resampler {
    /// To `to` samples a second.
    pub fn new(to: u32) -> Self {
        quiet();
        Self { to, from: to, context: None }
    }

    /// Appends to `out` what `samples`, of `rate` a second, become.
    ///
    /// # Errors
    /// If libav knows no way from that rate; nothing is appended then.
    pub fn push(&mut self, samples: &[f32], rate: u32, out: &mut Vec<f32>) -> Result<(), LibavError> {
        if rate != self.from {
            self.finish(out)?;
            let mono = ff::ChannelLayout::MONO;
            if rate == 0 || i32::try_from(rate).is_err() {
                return Err(LibavError::Unsupported(format!("sound of {rate} samples a second")));
            }
            if rate != self.to {
                let context = resampling::Context::get(FORMAT, mono, rate, FORMAT, mono, self.to);
                self.context = Some(tell(DOING, context)?);
            }
            self.from = rate;
        }
        let Some(context) = &mut self.context else {
            out.extend_from_slice(samples);
            return Ok(());
        };
        for piece in samples.chunks(PIECE) {
            let input = filled(piece, rate)?;
            let (ratio, rest) = (u64::from(self.to), u64::from(rate));
            let most = u64::try_from(piece.len()).unwrap_or(0).saturating_mul(ratio).div_ceil(rest);
            let room =
                usize::try_from(most).unwrap_or(PIECE).saturating_add(held(context)).saturating_add(32);
            let mut output = ff::frame::Audio::new(FORMAT, room, ff::ChannelLayout::MONO);
            tell(DOING, context.run(&input, &mut output))?;
            take(&output, out);
        }
        Ok(())
    }

    /// How many samples, of the rate that comes out, are still to come of what was pushed.
    pub fn pending(&self) -> usize {
        self.context.as_ref().map_or(0, held)
    }

    /// Appends what was held back. What is pushed next begins anew.
    ///
    /// # Errors
    /// As libav says.
    pub fn finish(&mut self, out: &mut Vec<f32>) -> Result<(), LibavError> {
        self.from = self.to;
        let Some(mut context) = self.context.take() else { return Ok(()) };
        let room = held(&context).saturating_add(32);
        let mut output = ff::frame::Audio::new(FORMAT, room, ff::ChannelLayout::MONO);
        tell(DOING, context.flush(&mut output))?;
        take(&output, out);
        Ok(())
    }
}

fn held(context: &resampling::Context) -> usize {
    context.delay().map_or(0, |delay| usize::try_from(delay.output).unwrap_or(0))
}

fn filled(samples: &[f32], rate: u32) -> Result<ff::frame::Audio, LibavError> {
    let mut frame = ff::frame::Audio::new(FORMAT, samples.len(), ff::ChannelLayout::MONO);
    if frame.planes() == 0 {
        return Err(LibavError::Failed { doing: DOING, cause: "no memory".into() });
    }
    frame.set_rate(rate);
    frame.plane_mut::<f32>(0).iter_mut().zip(samples).for_each(|(to, from)| *to = *from);
    Ok(frame)
}

fn take(frame: &ff::frame::Audio, out: &mut Vec<f32>) {
    if frame.planes() > 0 && frame.samples() > 0 {
        out.extend_from_slice(frame.plane::<f32>(0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(hz: f32, rate: u32, samples: usize) -> Vec<f32> {
        let step = 2.0 * std::f32::consts::PI * hz / rate as f32;
        (0..samples).map(|i| 0.5 * (step * i as f32).sin()).collect()
    }

    fn resampled(sound: &[f32], rate: u32, packet: usize) -> Vec<f32> {
        let (mut resampler, mut out) = (Resampler::new(16_000), Vec::new());
        for piece in sound.chunks(packet) {
            resampler.push(piece, rate, &mut out).unwrap();
        }
        resampler.finish(&mut out).unwrap();
        out
    }

    #[test]
    fn a_tone_of_any_rate_comes_out_whole_and_at_its_own_time() {
        for (rate, packet) in [(8000, 160), (11_025, 333), (44_100, 1024), (48_000, 1024), (16_000, 320)] {
            let out = resampled(&tone(440.0, rate, rate as usize * 2), rate, packet);
            assert!(out.len().abs_diff(32_000) <= 1, "{rate}: {} samples", out.len());
            let expected = tone(440.0, 16_000, 32_000);
            // The filter rings at the ends.
            let worst = (200..31_800).map(|i| (out[i] - expected[i]).abs()).fold(0.0, f32::max);
            assert!(worst < 0.02, "{rate}: off by {worst}");
        }
    }

    #[test]
    fn what_comes_out_and_what_is_pending_add_up_to_what_went_in() {
        let (mut resampler, mut out) = (Resampler::new(16_000), Vec::new());
        for packets in 1..50 {
            resampler.push(&[0.1; 160], 8000, &mut out).unwrap();
            let whole = out.len() + resampler.pending();
            assert!(whole.abs_diff(packets * 320) <= 2, "{whole} after {packets} packets");
            assert!(resampler.pending() < 160, "{} are held back", resampler.pending());
        }
    }

    #[test]
    fn a_rate_that_changes_on_the_way_loses_nothing() {
        let (mut resampler, mut out) = (Resampler::new(16_000), Vec::new());
        resampler.push(&tone(440.0, 8000, 8000), 8000, &mut out).unwrap();
        resampler.push(&tone(440.0, 48_000, 48_000), 48_000, &mut out).unwrap();
        resampler.push(&tone(440.0, 16_000, 16_000), 16_000, &mut out).unwrap();
        assert!(out.len().abs_diff(48_000) <= 2, "{} samples of three seconds", out.len());
    }

    #[test]
    fn a_rate_that_cannot_be_is_refused_and_the_next_is_taken() {
        let (mut resampler, mut out) = (Resampler::new(16_000), Vec::new());
        assert!(resampler.push(&[0.0; 100], 0, &mut out).is_err());
        resampler.push(&[0.0; 100], 16_000, &mut out).unwrap();
        assert_eq!(out.len(), 100);
    }
}
