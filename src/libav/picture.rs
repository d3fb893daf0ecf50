//! Access units to pictures: brightness for perception, JPEG for people.
//!
//! One thread a decoder, and pictures come out as soon as they can (B-frames when it is their turn), so
//! a stream costs what it must and no more.

use std::borrow::Cow;

use ff::format::Pixel;
use ff::software::scaling;
use ffmpeg_next as ff;

use super::{LibavError, MOST_PIXELS, VideoFormat, quiet, raw, tell};

/// The brightness of a picture, 8 bits a pixel.
#[derive(Debug, Clone)]
pub struct Luma<'a> {
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// Bytes from a row to the next, at least `width`.
    pub stride: usize,
    /// The rows; limited range (16 to 235) unless the camera says otherwise.
    pub data: Cow<'a, [u8]>,
}

impl Luma<'_> {
    /// The pixels of row `y`, none below the picture.
    pub fn row(&self, y: u32) -> Option<&[u8]> {
        let start = usize::try_from(y).ok().filter(|_| y < self.height)?.checked_mul(self.stride)?;
        self.data.get(start..start.checked_add(usize::try_from(self.width).ok()?)?)
    }
}

/// A still is evidence: close to the best quality there is (1 to 31, the lower the better), at least and at most.
const BEST: (i32, i32) = (2, 3);

/// A picture with JPEG's own levels as a JPEG.
fn jpeg_of(full: &ff::frame::Video, (least, most): (i32, i32)) -> Result<Vec<u8>, LibavError> {
    let missing = || LibavError::Unsupported("JPEG".into());
    let codec = ff::encoder::find(ff::codec::Id::MJPEG).ok_or_else(missing)?;
    let doing = "making a JPEG";
    let mut setup = tell(doing, ff::codec::Context::new_with_codec(codec).encoder().video())?;
    setup.set_width(full.width());
    setup.set_height(full.height());
    setup.set_format(Pixel::YUVJ420P);
    setup.set_color_range(ff::color::Range::JPEG);
    setup.set_time_base((1, 25));
    setup.set_qmin(least);
    setup.set_qmax(most);
    let mut encoder = tell(doing, setup.open_as(codec))?;
    tell(doing, encoder.send_frame(full))?;
    tell(doing, encoder.send_eof())?;
    let mut packet = ff::Packet::empty();
    tell(doing, encoder.receive_packet(&mut packet))?;
    Ok(packet.data().unwrap_or_default().to_vec())
}

/// One decoded picture.
pub struct Picture<'a> {
    pub(super) frame: &'a ff::frame::Video,
}

impl Picture<'_> {
    /// The time given with its packet.
    pub fn pts(&self) -> i64 {
        self.frame.pts().unwrap_or(0)
    }

    /// Pixels across.
    pub fn width(&self) -> u32 {
        self.frame.width()
    }

    /// Pixels down.
    pub fn height(&self) -> u32 {
        self.frame.height()
    }

    /// Its brightness, without a copy for the usual 8-bit pictures.
    ///
    /// # Errors
    /// If its pixels are of a kind that cannot be converted.
    pub fn luma(&self) -> Result<Luma<'_>, LibavError> {
        let (width, height) = (self.width(), self.height());
        match self.frame.format() {
            Pixel::YUV420P
            | Pixel::YUVJ420P
            | Pixel::YUV422P
            | Pixel::YUVJ422P
            | Pixel::YUV444P
            | Pixel::YUVJ444P
            | Pixel::NV12
            | Pixel::GRAY8
                // Some decoders turn a picture upside down by a negative stride.
                if self.frame.planes() > 0 && i32::try_from(self.frame.stride(0)).is_ok() =>
            {
                let data = Cow::Borrowed(self.frame.data(0));
                Ok(Luma { width, height, stride: self.frame.stride(0), data })
            }
            _ => {
                let gray = self.converted(Pixel::GRAY8)?;
                let data = Cow::Owned(gray.data(0).to_vec());
                Ok(Luma { width, height, stride: gray.stride(0), data })
            }
        }
    }

    /// The picture as a JPEG in its full size; video levels are stretched to the full range of JPEG.
    ///
    /// # Errors
    /// If its pixels are of a kind that cannot be converted.
    pub fn jpeg(&self) -> Result<Vec<u8>, LibavError> {
        self.compressed((self.width(), self.height()), BEST)
    }

    /// The picture as a JPEG of at most `width` pixels, in the best quality that needs no more than `bytes`
    /// bytes, if one does.
    ///
    /// # Errors
    /// If its pixels are of a kind that cannot be converted.
    pub fn jpeg_within(&self, width: u32, bytes: usize) -> Result<Vec<u8>, LibavError> {
        let narrow = self.width().min(width.max(16));
        let height = u64::from(self.height()) * u64::from(narrow) / u64::from(self.width().max(1));
        let even = |n: u32| (n & !1).max(2);
        let size = (even(narrow), even(u32::try_from(height).unwrap_or(u32::MAX)));
        let mut made = self.compressed(size, (3, 5))?;
        for quality in [(7, 9), (12, 14), (20, 22), (31, 31)] {
            if made.len() <= bytes {
                break;
            }
            made = self.compressed(size, quality)?;
        }
        Ok(made)
    }

    fn compressed(&self, (width, height): (u32, u32), quality: (i32, i32)) -> Result<Vec<u8>, LibavError> {
        jpeg_of(&self.scaled(Pixel::YUVJ420P, width, height)?, quality)
    }

    fn converted(&self, to: Pixel) -> Result<ff::frame::Video, LibavError> {
        self.scaled(to, self.width(), self.height())
    }

    fn scaled(&self, to: Pixel, width: u32, height: u32) -> Result<ff::frame::Video, LibavError> {
        let (from, own_width, own_height) = (self.frame.format(), self.width(), self.height());
        let flags = scaling::Flags::BILINEAR;
        let doing = "converting a picture";
        let mut scaler =
            tell(doing, scaling::Context::get(from, own_width, own_height, to, width, height, flags))?;
        let mut out = ff::frame::Video::empty();
        tell(doing, scaler.run(self.frame, &mut out))?;
        if out.planes() == 0 {
            return Err(LibavError::Failed { doing, cause: "no memory".into() });
        }
        out.set_pts(Some(0));
        Ok(out)
    }
}

/// A decoded picture taken from its decoder, to be looked at later.
pub struct TakenPicture {
    pub(super) frame: ff::frame::Video,
}

impl TakenPicture {
    /// The picture, to be looked at.
    pub fn look(&self) -> Picture<'_> {
        Picture { frame: &self.frame }
    }

    /// As [`Picture::jpeg`], and the picture itself goes before that is made: one of them less in memory.
    ///
    /// # Errors
    /// As [`Picture::jpeg`].
    pub fn into_jpeg(self) -> Result<Vec<u8>, LibavError> {
        let full = self.look().converted(Pixel::YUVJ420P)?;
        drop(self);
        jpeg_of(&full, BEST)
    }
}

/// An access unit as libav takes it; none of one that holds nothing, or more than it can count.
fn packet(pts: i64, data: &[u8]) -> Option<ff::Packet> {
    if data.is_empty() || i32::try_from(data.len()).is_err() {
        return None;
    }
    let mut packet = ff::Packet::copy(data);
    packet.set_pts(Some(pts));
    packet.set_dts(Some(pts));
    Some(packet)
}

/// Access units of one stream to pictures.
pub struct PictureDecoder {
    decoder: ff::decoder::Video,
    frame: ff::frame::Video,
}

impl PictureDecoder {
    /// A decoder for length-prefixed units of `format`.
    ///
    /// # Errors
    /// If libav cannot decode it.
    pub fn new(format: &VideoFormat) -> Result<Self, LibavError> {
        quiet();
        let doing = "opening a video decoder";
        let parameters = raw::video_parameters(format)?;
        let mut context = tell(doing, ff::codec::Context::from_parameters(parameters))?;
        let one =
            ff::threading::Config { count: 1, ..ff::threading::Config::kind(ff::threading::Type::None) };
        context.set_threading(one);
        raw::limit_pixels(&mut context, MOST_PIXELS);
        context.set_flags(ff::codec::Flags::LOW_DELAY);
        let decoder = tell(doing, context.decoder().video())?;
        Ok(Self { decoder, frame: ff::frame::Video::empty() })
    }

    /// Decodes one access unit and shows each picture that becomes ready to `each`. Begin with a
    /// keyframe.
    ///
    /// # Errors
    /// If the unit is damaged; after the next keyframe all is well again.
    pub fn decode(
        &mut self,
        pts: i64,
        data: &[u8],
        each: impl FnMut(&Picture<'_>),
    ) -> Result<(), LibavError> {
        let Some(packet) = packet(pts, data) else { return Ok(()) };
        let sent = tell("decoding a picture", self.decoder.send_packet(&packet));
        self.show(each);
        sent
    }

    /// Decodes access units, each with its time, until a picture of `wanted` or later comes out, and gives that; none if
    /// none does. A damaged unit costs its own picture. The decoder is gone then, and what it holds.
    pub fn find<D: AsRef<[u8]>, E>(
        mut self,
        units: impl IntoIterator<Item = Result<(i64, D), E>>,
        wanted: i64,
    ) -> Result<Option<TakenPicture>, E> {
        for unit in units {
            let (pts, data) = unit?;
            let Some(packet) = packet(pts, data.as_ref()) else { continue };
            let _ = self.decoder.send_packet(&packet);
            if let Some(found) = self.next_from(wanted) {
                return Ok(Some(found));
            }
        }
        let _ = self.decoder.send_eof();
        Ok(self.next_from(wanted))
    }

    fn next_from(&mut self, wanted: i64) -> Option<TakenPicture> {
        loop {
            let mut frame = ff::frame::Video::empty();
            self.decoder.receive_frame(&mut frame).ok()?;
            if frame.pts().unwrap_or(0) >= wanted {
                return Some(TakenPicture { frame });
            }
        }
    }

    /// Decodes a keyframe of which no neighbour is decoded, and shows it at once: in a stream with
    /// B-frames a decoder otherwise waits for those that are shown before it.
    ///
    /// # Errors
    /// As [`PictureDecoder::decode`].
    pub fn decode_alone(
        &mut self,
        pts: i64,
        data: &[u8],
        mut each: impl FnMut(&Picture<'_>),
    ) -> Result<(), LibavError> {
        self.decode(pts, data, &mut each)?;
        tell("decoding a picture", self.decoder.send_eof())?;
        self.show(each);
        self.decoder.flush();
        Ok(())
    }

    /// Shows the pictures that the decoder still holds; it takes no more units after this.
    ///
    /// # Errors
    /// As libav says.
    pub fn finish(mut self, each: impl FnMut(&Picture<'_>)) -> Result<(), LibavError> {
        tell("decoding a picture", self.decoder.send_eof())?;
        self.show(each);
        Ok(())
    }

    fn show(&mut self, mut each: impl FnMut(&Picture<'_>)) {
        while self.decoder.receive_frame(&mut self.frame).is_ok() {
            each(&Picture { frame: &self.frame });
        }
    }
}
