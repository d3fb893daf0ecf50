//! Sound to samples and samples to AAC, so that every recording has one kind of sound.
//!
//! **Sync.** An AAC encoder needs one frame before the first to prime its transform. libav stamps
//! that frame 1024 samples before the first sample given and all others accordingly, and its decoder
//! puts out exactly the samples of a packet's time, so stamps are kept as they come: no shift is
//! needed and none is made. A priming frame that would lie before zero is dropped (a file cannot
//! hold it); the first real frame then fades in.
//!
//! **Gaps.** Positions come from the camera's clock. Up to a second that is missing is filled with
//! silence and as much that overlaps is dropped; over a longer leap the encoder jumps.

use bytes::Bytes;
use ff::format::Sample;
use ff::format::sample::Type;
use ffmpeg_next as ff;

use super::mono::mix_down;
use super::{AudioFormat, LibavError, quiet, raw, tell};

/// Samples in an AAC frame.
pub const AAC_FRAME: i64 = 1024;

/// How sound reaches us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SoundCodec {
    /// AAC, one raw frame a packet.
    Aac {
        /// The AudioSpecificConfig.
        extradata: Bytes,
    },
    /// G.711 A-law.
    Pcma,
    /// G.711 µ-law.
    Pcmu,
}

/// Packets to mono samples.
pub struct SoundDecoder {
    decoder: ff::decoder::Audio,
    frame: ff::frame::Audio,
    sample_rate: u32,
}

impl SoundDecoder {
    /// A decoder for `channels` channels of `sample_rate` (for AAC its config has the last word).
    ///
    /// # Errors
    /// [`LibavError::Failed`] if libav cannot decode it.
    pub fn new(codec: &SoundCodec, sample_rate: u32, channels: u16) -> Result<Self, LibavError> {
        quiet();
        let (id, extradata) = match codec {
            SoundCodec::Aac { extradata } => (ff::codec::Id::AAC, extradata.clone()),
            SoundCodec::Pcma => (ff::codec::Id::PCM_ALAW, Bytes::new()),
            SoundCodec::Pcmu => (ff::codec::Id::PCM_MULAW, Bytes::new()),
        };
        let parameters = raw::audio_parameters(id, &AudioFormat { sample_rate, channels, extradata })?;
        let context = tell("opening a sound decoder", ff::codec::Context::from_parameters(parameters))?;
        let decoder = tell("opening a sound decoder", context.decoder().audio())?;
        Ok(Self { decoder, frame: ff::frame::Audio::empty(), sample_rate })
    }

    /// The rate of the samples that come out.
    pub fn sample_rate(&self) -> u32 {
        self.sample_rate
    }

    /// Appends the samples of one packet to `out`, all channels averaged, full scale ±1.
    ///
    /// # Errors
    /// If the packet is damaged; the next may be decoded.
    pub fn decode(&mut self, data: &[u8], out: &mut Vec<f32>) -> Result<(), LibavError> {
        if data.is_empty() {
            return Ok(());
        }
        // libav copies a borrowed packet, with the padding that its readers need.
        tell("decoding sound", self.decoder.send_packet(&ff::Packet::borrow(data)))?;
        while self.decoder.receive_frame(&mut self.frame).is_ok() {
            self.sample_rate = self.frame.rate();
            mix_down(&self.frame, out)?;
        }
        Ok(())
    }
}

/// One AAC frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AacPacket {
    /// Position of its first sample.
    pub pts: i64,
    /// Samples, always [`AAC_FRAME`].
    pub duration: i64,
    /// The raw frame.
    pub data: Vec<u8>,
}

/// Mono or stereo samples to AAC packets.
pub struct AacEncoder {
    encoder: ff::encoder::audio::Encoder,
    format: AudioFormat,
    waiting: Vec<f32>,
    /// Position of the first waiting sample, once there was one.
    at: Option<i64>,
}

impl AacEncoder {
    /// An encoder of mono sound (`channels` 1; more is not needed for G.711 and refused).
    ///
    /// # Errors
    /// [`LibavError`] if AAC has no such rate.
    pub fn new(sample_rate: u32, channels: u16) -> Result<Self, LibavError> {
        quiet();
        let unsupported = |what: String| LibavError::Unsupported(what);
        if channels != 1 {
            return Err(unsupported(format!("encoding {channels} channels")));
        }
        let rate = i32::try_from(sample_rate).map_err(|e| unsupported(e.to_string()))?;
        let codec = ff::encoder::find(ff::codec::Id::AAC).ok_or_else(|| unsupported("AAC".into()))?;
        let doing = "opening the AAC encoder";
        let mut setup = tell(doing, ff::codec::Context::new_with_codec(codec).encoder().audio())?;
        setup.set_rate(rate);
        setup.set_channel_layout(ff::ChannelLayout::MONO);
        setup.set_format(Sample::F32(Type::Planar));
        // 3 bits a sample: nothing of G.711's telephone band is lost.
        setup.set_bit_rate(usize::try_from(sample_rate).unwrap_or(8000).saturating_mul(3).min(96_000));
        setup.set_time_base((1, rate));
        setup.set_flags(ff::codec::Flags::GLOBAL_HEADER);
        let encoder = tell(doing, setup.open_as(codec))?;
        let extradata = raw::encoder_extradata(&encoder);
        let format = AudioFormat { sample_rate, channels, extradata };
        Ok(Self { encoder, format, waiting: Vec::new(), at: None })
    }

    /// What a file's sound track must be told.
    pub fn format(&self) -> &AudioFormat {
        &self.format
    }

    /// Encodes `samples`, the first of which is at `position` (samples from the connection's zero);
    /// answers the packets that became ready.
    ///
    /// # Errors
    /// As libav says.
    pub fn push(&mut self, position: i64, samples: &[f32]) -> Result<Vec<AacPacket>, LibavError> {
        let waiting = i64::try_from(self.waiting.len()).unwrap_or(0);
        let second = i64::from(self.format.sample_rate);
        let expected = self.at.map(|at| at.saturating_add(waiting));
        let leap = expected.map_or(0, |expected| position.saturating_sub(expected));
        let mut packets = Vec::new();
        let mut samples = samples;
        if leap.abs() > second {
            self.encode_rest(&mut packets)?;
            self.at = Some(position);
        } else if leap >= 0 {
            self.at.get_or_insert(position);
            let silent = self.waiting.len().saturating_add(usize::try_from(leap).unwrap_or(0));
            self.waiting.resize(silent, 0.0);
        } else {
            let overlap = usize::try_from(leap.unsigned_abs()).unwrap_or(usize::MAX);
            samples = samples.get(overlap..).unwrap_or_default();
        }
        self.waiting.extend_from_slice(samples);
        let frame = usize::try_from(AAC_FRAME).unwrap_or(1024);
        while self.waiting.len() >= frame {
            let rest = self.waiting.split_off(frame);
            let full = std::mem::replace(&mut self.waiting, rest);
            self.encode(&full, &mut packets)?;
        }
        Ok(packets)
    }

    /// Encodes what is left, the last frame filled up with silence.
    ///
    /// # Errors
    /// As libav says.
    pub fn finish(mut self) -> Result<Vec<AacPacket>, LibavError> {
        let mut packets = Vec::new();
        self.encode_rest(&mut packets)?;
        tell("encoding sound", self.encoder.send_eof())?;
        self.drain(&mut packets);
        Ok(packets)
    }

    fn encode_rest(&mut self, packets: &mut Vec<AacPacket>) -> Result<(), LibavError> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let mut last = std::mem::take(&mut self.waiting);
        last.resize(usize::try_from(AAC_FRAME).unwrap_or(1024), 0.0);
        self.encode(&last, packets)
    }

    /// Encodes exactly one frame's worth of samples.
    fn encode(&mut self, samples: &[f32], packets: &mut Vec<AacPacket>) -> Result<(), LibavError> {
        let at = self.at.unwrap_or(0);
        let planar = Sample::F32(Type::Planar);
        let mut frame = ff::frame::Audio::new(planar, samples.len(), ff::ChannelLayout::MONO);
        frame.set_rate(self.format.sample_rate);
        if frame.planes() == 0 {
            return Err(LibavError::Failed { doing: "encoding sound", cause: "no memory".into() });
        }
        frame.plane_mut::<f32>(0).iter_mut().zip(samples).for_each(|(to, from)| *to = *from);
        frame.set_pts(Some(at));
        self.at = Some(at.saturating_add(AAC_FRAME));
        tell("encoding sound", self.encoder.send_frame(&frame))?;
        self.drain(packets);
        Ok(())
    }

    fn drain(&mut self, packets: &mut Vec<AacPacket>) {
        let mut packet = ff::Packet::empty();
        while self.encoder.receive_packet(&mut packet).is_ok() {
            if let (Some(pts @ 0..), Some(data)) = (packet.pts(), packet.data()) {
                packets.push(AacPacket { pts, duration: AAC_FRAME, data: data.to_vec() });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A-law of a loud and a soft level: 0xAA is +32256, 0x55 xor nothing is about zero.
    const LOUD: u8 = 0xAA;
    const QUIET: u8 = 0xD5;

    fn decoded(codec: &SoundCodec, packets: &[AacPacket], rate: u32) -> Vec<f32> {
        let mut decoder = SoundDecoder::new(codec, rate, 1).unwrap();
        let mut out = Vec::new();
        for packet in packets {
            let at = out.len() as i64;
            assert_eq!(packet.pts - packets[0].pts, at, "packets follow each other");
            decoder.decode(&packet.data, &mut out).unwrap();
        }
        out
    }

    fn aac(encoder: &AacEncoder) -> SoundCodec {
        SoundCodec::Aac { extradata: encoder.format().extradata.clone() }
    }

    #[test]
    fn g711_becomes_samples() {
        for (codec, loud) in [(SoundCodec::Pcma, LOUD), (SoundCodec::Pcmu, 0x80)] {
            let mut decoder = SoundDecoder::new(&codec, 8000, 1).unwrap();
            let mut samples = Vec::new();
            decoder.decode(&[loud; 160], &mut samples).unwrap();
            assert_eq!((samples.len(), decoder.sample_rate()), (160, 8000));
            assert!(samples.iter().all(|s| *s > 0.95), "{codec:?}: {}", samples[0]);
        }
    }

    #[test]
    fn g711_through_aac_is_heard_at_its_own_time() {
        let mut g711 = SoundDecoder::new(&SoundCodec::Pcma, 8000, 1).unwrap();
        let mut encoder = AacEncoder::new(8000, 1).unwrap();
        let codec = aac(&encoder);
        let (mut packets, mut samples) = (Vec::new(), Vec::new());
        // A second of silence, then a square tone of 500 Hz for half a second, in 20 ms packets; the
        // connection's clock stands at 5 s.
        for packet in 0..100i64 {
            let tone = (0..160).map(|i| if (i / 8) % 2 == 0 { LOUD } else { LOUD ^ 0x80 });
            let sent: Vec<u8> = if (50..75).contains(&packet) { tone.collect() } else { vec![QUIET; 160] };
            samples.clear();
            g711.decode(&sent, &mut samples).unwrap();
            packets.extend(encoder.push(40_000 + packet * 160, &samples).unwrap());
        }
        packets.extend(encoder.finish().unwrap());
        let heard = decoded(&codec, &packets, 8000);
        let onset = heard.iter().position(|s| s.abs() > 0.3).unwrap() as i64 + packets[0].pts;
        let end = heard.iter().rposition(|s| s.abs() > 0.3).unwrap() as i64 + packets[0].pts;
        assert!((onset - 48_000).abs() <= 40 && (end - 52_000).abs() <= 40, "{onset} to {end}");
        let last = packets.last().unwrap();
        assert!(last.pts + last.duration >= 56_000, "nothing is left in the encoder");
    }

    #[test]
    fn nothing_comes_before_zero() {
        let mut encoder = AacEncoder::new(16_000, 1).unwrap();
        let mut packets = encoder.push(0, &[0.0; 5000]).unwrap();
        packets.extend(encoder.finish().unwrap());
        assert_eq!(packets[0].pts, 0);
        assert_eq!(packets.iter().map(|p| p.pts).collect::<Vec<_>>(), [0, 1024, 2048, 3072, 4096]);
    }

    #[test]
    fn lost_samples_are_silence_and_a_long_leap_moves_the_clock() {
        let mut encoder = AacEncoder::new(8000, 1).unwrap();
        let mut packets = encoder.push(0, &[0.5; 1000]).unwrap();
        packets.extend(encoder.push(2000, &[0.5; 1000]).unwrap());
        // What comes twice is taken once.
        packets.extend(encoder.push(2000, &[0.5; 2000]).unwrap());
        packets.extend(encoder.push(800_000, &[0.5; 1024]).unwrap());
        packets.extend(encoder.finish().unwrap());
        let times: Vec<i64> = packets.iter().map(|p| p.pts).collect();
        assert!(times.starts_with(&[0, 1024, 2048, 3072]) && times.is_sorted(), "{times:?}");
        assert!(times.contains(&800_000), "{times:?}");
    }

    #[test]
    fn rates_that_aac_does_not_have_are_refused() {
        assert!(AacEncoder::new(12_345, 1).is_err());
        assert!(AacEncoder::new(0, 1).is_err());
        assert!(AacEncoder::new(8000, 2).is_err());
    }
}
