//! Pictures to the few pixels that a model looks at: scaled down, blue-green-red, on a dark canvas.
//!
//! The filter is libav's bilinear one, which takes every pixel of the picture into account when it
//! makes it smaller. Setting it up costs more than using it, so it is kept for the next picture of
//! the same kind.

use ff::format::Pixel;
use ff::software::scaling::Flags;
use ffmpeg_next as ff;

use super::{LibavError, Picture, raw, tell};

/// Bytes a pixel.
const DEPTH: usize = 3;

/// Where the scaled picture goes: the top left of a canvas that is at least as large.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Canvas {
    /// Pixels across, of the whole canvas.
    pub width: u32,
    /// Pixels down, of the whole canvas.
    pub height: u32,
    /// Pixels across, of the picture on it.
    pub content_width: u32,
    /// Pixels down, of the picture on it.
    pub content_height: u32,
}

/// Scales pictures, and remembers how for the next one.
#[derive(Default)]
pub struct Scaler {
    known: Option<Known>,
}

struct Known {
    from: (Pixel, u32, u32),
    to: (u32, u32),
    scaling: raw::Scaling,
    scaled: ff::frame::Video,
}

impl Scaler {
    /// The picture on the canvas, row by row from the top left, 3 bytes a pixel: blue, green, red in
    /// their full range. What the picture does not cover is 0.
    ///
    /// # Errors
    /// If the picture's pixels are of a kind that cannot be converted, or it does not fit on the canvas.
    pub fn bgr(&mut self, picture: &Picture<'_>, canvas: Canvas) -> Result<Vec<u8>, LibavError> {
        let to = (canvas.content_width, canvas.content_height);
        let is_wrong = to.0 == 0 || to.1 == 0 || to.0 > canvas.width || to.1 > canvas.height;
        if is_wrong || canvas.width.max(canvas.height) > 4096 {
            return Err(LibavError::Unsupported(format!("a picture scaled to {canvas:?}")));
        }
        let known = self.known_for(picture, to)?;
        tell("scaling a picture", known.scaling.run(picture.frame, &mut known.scaled))?;
        Ok(laid_out(known.scaled.data(0), known.scaled.stride(0), canvas))
    }

    fn known_for(&mut self, picture: &Picture<'_>, to: (u32, u32)) -> Result<&mut Known, LibavError> {
        let from = (picture.frame.format(), picture.width(), picture.height());
        let fits = self.known.as_ref().is_some_and(|known| known.from == from && known.to == to);
        match &mut self.known {
            Some(_) if fits => {}
            known => {
                let scaling = raw::Scaling::new(from, (Pixel::BGR24, to.0, to.1), Flags::BILINEAR)?;
                let scaled = ff::frame::Video::new(Pixel::BGR24, to.0, to.1);
                *known = Some(Known { from, to, scaling, scaled });
            }
        }
        let no_memory = || LibavError::Failed { doing: "scaling a picture", cause: "no memory".into() };
        self.known.as_mut().filter(|known| known.scaled.planes() > 0).ok_or_else(no_memory)
    }
}

/// Rows of `stride` bytes, of which the content's width counts, on a canvas without gaps.
fn laid_out(rows: &[u8], stride: usize, canvas: Canvas) -> Vec<u8> {
    let bytes = |pixels: u32| usize::try_from(pixels).unwrap_or(0) * DEPTH;
    let (line, content) = (bytes(canvas.width), bytes(canvas.content_width));
    let height = usize::try_from(canvas.height).unwrap_or(0);
    let mut laid = vec![0; line * height];
    let content_height = usize::try_from(canvas.content_height).unwrap_or(0);
    let lines = laid.chunks_exact_mut(line.max(1)).zip(rows.chunks(stride.max(1)));
    for (into, row) in lines.take(content_height) {
        if let (Some(into), Some(row)) = (into.get_mut(..content), row.get(..content)) {
            into.copy_from_slice(row);
        }
    }
    laid
}

#[cfg(test)]
mod tests {
    use super::super::testing::sized_footage;
    use super::super::{PictureDecoder, Track};
    use super::*;

    const WIDE: Canvas = Canvas { width: 320, height: 192, content_width: 320, content_height: 180 };

    fn first_picture(size: &str, mut look: impl FnMut(&Picture<'_>)) {
        let made = sized_footage("libx264", 1, size);
        let mut decoder = PictureDecoder::new(&made.video).unwrap();
        let first = made.samples.iter().find(|sample| sample.track == Track::Video).unwrap();
        decoder.decode_alone(first.pts, first.data(), |picture| look(picture)).unwrap();
    }

    fn pixel(pixels: &[u8], x: usize, y: usize) -> [u8; 3] {
        let at = (y * 320 + x) * 3;
        [pixels[at], pixels[at + 1], pixels[at + 2]]
    }

    #[test]
    fn a_picture_stands_at_the_top_left_with_its_colours_and_nothing_below_it() {
        first_picture("640x360", |picture| {
            let mut scaler = Scaler::default();
            let pixels = scaler.bgr(picture, WIDE).unwrap();
            assert_eq!(pixels.len(), 320 * 192 * 3);
            // Where the test picture has its blue, yellow and green bars.
            let near = |got: [u8; 3], want: [u8; 3]| got.iter().zip(want).all(|(a, b)| a.abs_diff(b) < 40);
            assert!(near(pixel(&pixels, 140, 60), [255, 0, 0]), "blue: {:?}", pixel(&pixels, 140, 60));
            assert!(near(pixel(&pixels, 180, 60), [0, 255, 255]), "yellow: {:?}", pixel(&pixels, 180, 60));
            assert!(near(pixel(&pixels, 220, 60), [0, 255, 0]), "green: {:?}", pixel(&pixels, 220, 60));
            assert!(pixels[320 * 180 * 3..].iter().all(|byte| *byte == 0), "padding");
            assert_ne!(pixel(&pixels, 300, 179), [0; 3], "the picture's last row");
            assert_eq!(scaler.bgr(picture, WIDE).unwrap(), pixels, "what is kept gives the same again");
        });
    }

    #[test]
    fn one_scaler_takes_pictures_of_other_sizes_too() {
        let mut scaler = Scaler::default();
        for size in ["320x240", "640x480", "318x238"] {
            let canvas = Canvas { height: 256, content_height: 240, ..WIDE };
            first_picture(size, |picture| {
                let pixels = scaler.bgr(picture, canvas).unwrap();
                assert_eq!(pixels.len(), 320 * 256 * 3);
                assert_eq!(pixel(&pixels, 200, 240), [0; 3]);
            });
        }
    }

    #[test]
    fn what_does_not_fit_on_the_canvas_is_refused() {
        first_picture("320x180", |picture| {
            let too_high = Canvas { content_height: 200, ..WIDE };
            assert!(Scaler::default().bgr(picture, too_high).is_err());
            let nothing = Canvas { content_width: 0, ..WIDE };
            assert!(Scaler::default().bgr(picture, nothing).is_err());
        });
    }
}
