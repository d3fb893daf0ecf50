//! How sharp a picture is, whatever the light and whatever it shows. Pure.
//!
//! Along a row, in pieces of a fortieth of the width, the steepest step is compared with the whole
//! range of the piece. A sharp edge takes most of its range in one step; out of focus it spreads
//! over the piece. Only pieces with a real edge count, so neither light nor noise nor the number of
//! edges matters much.

use crate::libav::Luma;

/// Pieces across a row.
const PIECES: usize = 40;

/// Steps across a row: a step is 2 pixels of a picture 640 wide.
const STEPS: usize = 320;

/// Rows that are looked at.
const ROWS: u32 = 90;

/// The range of brightness of an edge that counts: above noise and what the codec adds.
const EDGE: u8 = 32;

/// How many edges it takes to say anything.
const FEWEST: u32 = 40;

/// The mean share, 0 to 1, of an edge's range that its steepest step takes: about 0.7 in focus and
/// 0.3 when blurred; `None` where there are too few edges.
#[expect(clippy::cast_precision_loss, reason = "sums of bytes of one picture")]
pub(super) fn sharpness(luma: &Luma<'_>) -> Option<f32> {
    let width = usize::try_from(luma.width).ok()?;
    let (piece, step) = (width / PIECES, (width / STEPS).max(1));
    if piece <= step {
        return None;
    }
    let (mut steps, mut ranges, mut edges) = (0u32, 0u32, 0u32);
    for y in (0..luma.height).step_by(usize::try_from((luma.height / ROWS).max(1)).ok()?) {
        for pixels in luma.row(y)?.chunks_exact(piece) {
            let (least, most) = pixels.iter().fold((u8::MAX, u8::MIN), |(l, m), p| (l.min(*p), m.max(*p)));
            let range = most - least;
            if range >= EDGE {
                let ahead = pixels.get(step..).unwrap_or_default();
                let steepest = pixels.iter().zip(ahead).map(|(a, b)| a.abs_diff(*b)).max();
                steps += u32::from(steepest.unwrap_or(0));
                ranges += u32::from(range);
                edges += 1;
            }
        }
    }
    (edges >= FEWEST).then(|| steps as f32 / ranges as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Stripes 40 pixels wide, their edges spread over `blur` pixels.
    fn stripes(blur: f32, low: f32, high: f32) -> Option<f32> {
        let light = |x: usize| {
            let across = (x % 80) as f32;
            let rise = ((across - 20.0) / blur + 0.5).clamp(0.0, 1.0);
            let fall = ((across - 60.0) / blur + 0.5).clamp(0.0, 1.0);
            (low + (high - low) * (rise - fall)) as u8
        };
        let data: Vec<u8> = (0..640 * 90).map(|i| light(i % 640)).collect();
        sharpness(&Luma { width: 640, height: 90, stride: 640, data: data.into() })
    }

    #[test]
    fn focus_counts_and_light_does_not() {
        let (sharp, dim, blurred) =
            (stripes(2.0, 40.0, 200.0), stripes(2.0, 30.0, 90.0), stripes(12.0, 40.0, 200.0));
        assert!(sharp.unwrap() > 0.9 && dim.unwrap() > 0.9, "{sharp:?} {dim:?}");
        assert!(blurred.unwrap() < 0.4, "{blurred:?}");
    }

    #[test]
    fn nothing_is_said_of_a_picture_without_edges() {
        assert_eq!(stripes(2.0, 100.0, 110.0), None);
    }
}
