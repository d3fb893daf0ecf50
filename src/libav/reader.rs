//! Decoded pictures and sound of media files of any kind, in the order of time.
//!
//! Times are µs of the files' own time line, never running backwards ([`Steady`]). One thread each,
//! and nothing depends on how fast it is read: the same files give the same pieces every time.

use std::collections::VecDeque;

use ff::media::Type;
use ffmpeg_next as ff;

use super::media::{MediaFile, Next, Tracks};
use super::mono::mix_down;
use super::steady::Steady;
use super::{LibavError, MOST_PIXELS, TakenPicture, raw, tell};

/// Stamps of sound that are off by less, µs, are rounded, not a gap.
const ROUNDED_US: i64 = 50_000;

/// A picture, when it is shown (µs), and in which of the files it was, counted from 0.
pub struct Taken {
    /// When it is shown, in µs.
    pub at: i64,
    /// In which of the files it was, counted from 0.
    pub file: usize,
    /// The picture.
    pub picture: TakenPicture,
}

/// The pictures of files that follow each other.
pub struct PictureReader {
    tracks: Tracks,
    keyframes_only: bool,
    decoder: ff::decoder::Video,
    /// A decoder that still holds pictures of the file before.
    draining: Option<ff::decoder::Video>,
    is_over: bool,
    steady: Steady,
}

impl PictureReader {
    /// Opens files that share one time line; `None` if none has a picture. `keyframes_only` leaves
    /// the other pictures out.
    ///
    /// # Errors
    /// If not one of the files can be opened and decoded.
    pub fn open(files: Vec<MediaFile>, keyframes_only: bool) -> Result<Option<Self>, LibavError> {
        let Some(tracks) = Tracks::open(files, Type::Video)? else { return Ok(None) };
        let decoder = picture_decoder(&tracks)?;
        let (draining, is_over, steady) = (None, false, Steady::default());
        Ok(Some(Self { tracks, keyframes_only, decoder, draining, is_over, steady }))
    }

    /// How many places could not be read or decoded so far.
    pub fn damaged(&self) -> u64 {
        self.tracks.damaged
    }

    /// Gives the next picture, none at the end.
    pub fn next_picture(&mut self) -> Option<Taken> {
        loop {
            if let Some(old) = &mut self.draining {
                match receive_picture(old) {
                    Some(frame) => match self.taken(frame) {
                        Some(taken) => return Some(taken),
                        None => continue,
                    },
                    None => self.draining = None,
                }
            }
            if let Some(frame) = receive_picture(&mut self.decoder) {
                match self.taken(frame) {
                    Some(taken) => return Some(taken),
                    None => continue,
                }
            }
            if self.is_over {
                return None;
            }
            match self.tracks.next() {
                Next::Packet(packet) if self.keyframes_only && !packet.is_key() => {}
                Next::Packet(packet) => {
                    if self.decoder.send_packet(&packet).is_err() {
                        self.tracks.damaged = self.tracks.damaged.saturating_add(1);
                    }
                }
                Next::File => self.change_file(),
                Next::End => {
                    self.is_over = true;
                    let _ = self.decoder.send_eof();
                }
            }
        }
    }

    /// A decoder goes on from file to file; one that does not fit gives back what it holds first.
    fn change_file(&mut self) {
        if raw::decodes(&self.decoder, &self.tracks.open.parameters) {
            return;
        }
        match picture_decoder(&self.tracks) {
            Ok(new) => {
                let mut old = std::mem::replace(&mut self.decoder, new);
                let _ = old.send_eof();
                self.draining = Some(old);
            }
            Err(_) => self.tracks.damaged = self.tracks.damaged.saturating_add(1),
        }
    }

    fn taken(&mut self, frame: ff::frame::Video) -> Option<Taken> {
        let at = match frame.timestamp() {
            Some(stamp) => self.steady.place(self.tracks.open.micros(stamp))?,
            None => self.steady.after(self.tracks.open.step),
        };
        Some(Taken { at, file: self.tracks.at, picture: TakenPicture { frame } })
    }
}

fn picture_decoder(tracks: &Tracks) -> Result<ff::decoder::Video, LibavError> {
    let doing = "opening a video decoder";
    let mut context = tell(doing, ff::codec::Context::from_parameters(tracks.open.parameters.clone()))?;
    context.set_threading(ff::threading::Config {
        count: 1,
        ..ff::threading::Config::kind(ff::threading::Type::None)
    });
    raw::limit_pixels(&mut context, MOST_PIXELS);
    let mut decoder = context.decoder();
    decoder.set_packet_time_base(tracks.open.base());
    tell(doing, decoder.video())
}

fn receive_picture(decoder: &mut ff::decoder::Video) -> Option<ff::frame::Video> {
    let mut frame = ff::frame::Video::empty();
    let received = decoder.receive_frame(&mut frame).is_ok();
    // A frame without pixels is libav's way of saying that memory ran out.
    Some(frame).filter(|frame| received && frame.planes() > 0)
}

/// A piece of sound, at most a tenth of a second.
#[derive(Debug, Clone, PartialEq)]
pub struct Sounding {
    /// When its first sample is heard, in µs.
    pub at: i64,
    /// In which of the files it was, counted from 0.
    pub file: usize,
    /// Samples a second.
    pub rate: u32,
    /// All channels averaged, full scale ±1.
    pub samples: Vec<f32>,
}

impl Sounding {
    /// When it is over, in µs.
    pub fn end(&self) -> i64 {
        self.at.saturating_add(lasting(self.samples.len(), self.rate))
    }
}

/// The sound of files that follow each other.
pub struct SoundReader {
    tracks: Tracks,
    decoder: ff::decoder::Audio,
    is_over: bool,
    steady: Steady,
    /// Where the sound without a gap began (µs), how many samples it has by now, and their rate.
    running: Option<(i64, usize, u32)>,
    ready: VecDeque<Sounding>,
}

impl SoundReader {
    /// Opens files that share one time line; `None` if none has sound.
    ///
    /// # Errors
    /// If not one of the files can be opened and decoded.
    pub fn open(files: Vec<MediaFile>) -> Result<Option<Self>, LibavError> {
        let Some(tracks) = Tracks::open(files, Type::Audio)? else { return Ok(None) };
        let decoder = sound_decoder(&tracks)?;
        let (is_over, steady) = (false, Steady::default());
        Ok(Some(Self { tracks, decoder, is_over, steady, running: None, ready: VecDeque::new() }))
    }

    /// How many places could not be read or decoded so far.
    pub fn damaged(&self) -> u64 {
        self.tracks.damaged
    }

    /// Gives the next piece, none at the end.
    pub fn next_piece(&mut self) -> Option<Sounding> {
        loop {
            if let Some(piece) = self.ready.pop_front() {
                return Some(piece);
            }
            let mut frame = ff::frame::Audio::empty();
            if self.decoder.receive_frame(&mut frame).is_ok() {
                self.take(&frame);
                continue;
            }
            if self.is_over {
                return None;
            }
            match self.tracks.next() {
                Next::Packet(packet) => {
                    if self.decoder.send_packet(&packet).is_err() {
                        self.tracks.damaged = self.tracks.damaged.saturating_add(1);
                    }
                }
                // Sound decoders hold nothing back that is worth a wait.
                Next::File if raw::decodes(&self.decoder, &self.tracks.open.parameters) => {}
                Next::File => match sound_decoder(&self.tracks) {
                    Ok(decoder) => self.decoder = decoder,
                    Err(_) => self.tracks.damaged = self.tracks.damaged.saturating_add(1),
                },
                Next::End => {
                    self.is_over = true;
                    let _ = self.decoder.send_eof();
                }
            }
        }
    }

    fn take(&mut self, frame: &ff::frame::Audio) {
        let (mut samples, rate) = (Vec::new(), frame.rate());
        // Rates beyond these are not of sound; one of zero would divide by it.
        let is_sound = (1000..=768_000).contains(&rate) && mix_down(frame, &mut samples).is_ok();
        if !is_sound {
            self.tracks.damaged = self.tracks.damaged.saturating_add(1);
            return;
        }
        let stamped = match frame.timestamp() {
            Some(stamp) => match self.steady.place(self.tracks.open.micros(stamp)) {
                Some(at) => Some(at),
                None => return,
            },
            None => None,
        };
        let expected = self.running.map(|(began, count, rate)| began.saturating_add(lasting(count, rate)));
        let fits = self.running.is_some_and(|(_, _, running)| running == rate);
        let mut at = match (stamped, expected) {
            (Some(at), Some(expected)) if at.saturating_sub(expected) <= ROUNDED_US => expected,
            (Some(at), _) => at,
            (None, expected) => expected.unwrap_or(0),
        };
        if expected != Some(at) || !fits {
            self.running = Some((at, 0, rate));
        }
        if let Some((_, count, _)) = &mut self.running {
            *count = count.saturating_add(samples.len());
        }
        for piece in samples.chunks(usize::try_from(rate / 10).unwrap_or(4800).max(1)) {
            let file = self.tracks.at;
            self.ready.push_back(Sounding { at, file, rate, samples: piece.to_vec() });
            at = at.saturating_add(lasting(piece.len(), rate));
        }
    }
}

fn sound_decoder(tracks: &Tracks) -> Result<ff::decoder::Audio, LibavError> {
    let doing = "opening a sound decoder";
    let mut context = tell(doing, ff::codec::Context::from_parameters(tracks.open.parameters.clone()))?;
    context.set_threading(ff::threading::Config {
        count: 1,
        ..ff::threading::Config::kind(ff::threading::Type::None)
    });
    let mut decoder = context.decoder();
    decoder.set_packet_time_base(tracks.open.base());
    tell(doing, decoder.audio())
}

/// How long so many samples last, µs.
fn lasting(samples: usize, rate: u32) -> i64 {
    let micros = u128::try_from(samples).unwrap_or(0) * 1_000_000 / u128::from(rate.max(1));
    i64::try_from(micros).unwrap_or(i64::MAX)
}
