//! The sound of a recording: AAC as it comes, G.711 made into AAC, which MP4 can hold.

use crate::ingest::{SoundFormat, SoundUnit};
use crate::libav::{AacEncoder, AacPacket, AudioFormat, LibavError, SoundCodec, SoundDecoder};

/// What happens to a connection's sound on its way to the file.
pub(super) enum SoundPath {
    /// There is none.
    None,
    /// AAC frames are copied.
    Copy(AudioFormat),
    /// G.711 is decoded and encoded again.
    Transcode(Box<Transcoder>),
}

pub(super) struct Transcoder {
    decoder: SoundDecoder,
    encoder: AacEncoder,
    format: AudioFormat,
    samples: Vec<f32>,
}

impl SoundPath {
    pub fn new(sound: Option<&SoundFormat>) -> Result<Self, LibavError> {
        let Some(sound) = sound else { return Ok(SoundPath::None) };
        let SoundFormat { codec, sample_rate, channels } = sound;
        if let SoundCodec::Aac { extradata } = codec {
            let (sample_rate, channels, extradata) = (*sample_rate, *channels, extradata.clone());
            return Ok(SoundPath::Copy(AudioFormat { sample_rate, channels, extradata }));
        }
        let encoder = AacEncoder::new(*sample_rate, 1)?;
        Ok(SoundPath::Transcode(Box::new(Transcoder {
            decoder: SoundDecoder::new(codec, *sample_rate, *channels)?,
            format: encoder.format().clone(),
            encoder,
            samples: Vec::new(),
        })))
    }

    /// How the sound is in the file.
    pub fn format(&self) -> Option<&AudioFormat> {
        match self {
            SoundPath::None => None,
            SoundPath::Copy(format) => Some(format),
            SoundPath::Transcode(transcoder) => Some(&transcoder.format),
        }
    }

    /// Passes one unit on to `sink` as AAC frames: position, length (both in samples), bytes.
    pub fn take(
        &mut self,
        unit: &SoundUnit,
        mut sink: impl FnMut(i64, i64, &[u8]) -> Result<(), LibavError>,
    ) -> Result<(), LibavError> {
        match self {
            SoundPath::None => Ok(()),
            SoundPath::Copy(_) => sink(unit.pts, i64::from(unit.samples), &unit.data),
            SoundPath::Transcode(transcoder) => {
                transcoder.samples.clear();
                transcoder.decoder.decode(&unit.data, &mut transcoder.samples)?;
                pass_on(&transcoder.encoder.push(unit.pts, &transcoder.samples)?, sink)
            }
        }
    }

    /// Passes on what an encoder still holds. More sound may follow: it begins a new encoder.
    pub fn flush(
        &mut self,
        sink: impl FnMut(i64, i64, &[u8]) -> Result<(), LibavError>,
    ) -> Result<(), LibavError> {
        let SoundPath::Transcode(transcoder) = self else { return Ok(()) };
        let fresh = AacEncoder::new(transcoder.format.sample_rate, 1)?;
        pass_on(&std::mem::replace(&mut transcoder.encoder, fresh).finish()?, sink)
    }
}

fn pass_on(
    packets: &[AacPacket],
    mut sink: impl FnMut(i64, i64, &[u8]) -> Result<(), LibavError>,
) -> Result<(), LibavError> {
    packets.iter().try_for_each(|packet| sink(packet.pts, packet.duration, &packet.data))
}
