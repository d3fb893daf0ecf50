//! How a picture is laid out for the people model. Pure.
//!
//! The content keeps its ratio and stands at the top left; both sides are padded with black up to
//! multiples of 32, the network's largest step. A letterbox that follows the picture's shape costs a
//! third less than a square one and finds as much; stretching would lose those who stand near.

/// The longer side of the content, in pixels.
const LONGER_SIDE: u32 = 320;

/// Sides of a letterbox are multiples of this.
const STEP: u32 = 32;

/// The longest side that is ever looked at.
const LONGEST: u32 = 640;

/// How a picture is laid out for the people model, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Letterbox {
    /// The width with its padding, a multiple of 32.
    pub width: u32,
    /// The height with its padding, a multiple of 32.
    pub height: u32,
    /// The width of the picture itself, from the left edge.
    pub content_width: u32,
    /// The height of the picture itself, from the upper edge.
    pub content_height: u32,
}

impl Letterbox {
    /// For a picture of `width` × `height`: its longer side becomes 320, so that 16:9 is 320 × 180
    /// in 320 × 192 and 4:3 is 320 × 240 in 320 × 256. Any size has an answer.
    pub fn of(width: u32, height: u32) -> Self {
        let (width, height) = (width.max(1), height.max(1));
        let longer = width.max(height);
        let content_width = scaled(width, longer);
        let content_height = scaled(height, longer);
        let padded = |side: u32| side.next_multiple_of(STEP);
        Self { width: padded(content_width), height: padded(content_height), content_width, content_height }
    }

    /// How many bytes its pixels take: three a pixel.
    pub fn bytes(&self) -> usize {
        self.pixels().saturating_mul(3)
    }

    /// How many pixels it has.
    pub(super) fn pixels(&self) -> usize {
        to_usize(self.width).saturating_mul(to_usize(self.height))
    }

    /// Whether the network takes it.
    pub(super) fn is_sound(&self) -> bool {
        let side = |padded: u32, content: u32| {
            padded.is_multiple_of(STEP) && (1..=LONGEST).contains(&padded) && (1..=padded).contains(&content)
        };
        side(self.width, self.content_width) && side(self.height, self.content_height)
    }
}

/// `side` where the longer one becomes 320, to the nearest pixel.
fn scaled(side: u32, longer: u32) -> u32 {
    let (side, longer) = (u64::from(side), u64::from(longer));
    let scaled = (side * u64::from(LONGER_SIDE) + longer / 2) / longer;
    u32::try_from(scaled).unwrap_or(LONGER_SIDE).clamp(1, LONGER_SIDE)
}

/// A side or a count of the network as an index.
pub(super) fn to_usize(n: u32) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sides(width: u32, height: u32) -> (u32, u32, u32, u32) {
        let it = Letterbox::of(width, height);
        assert!(it.is_sound(), "{it:?}");
        (it.width, it.height, it.content_width, it.content_height)
    }

    #[test]
    fn the_ratio_is_kept_and_sides_are_padded_to_multiples_of_32() {
        assert_eq!(sides(640, 360), (320, 192, 320, 180));
        assert_eq!(sides(1920, 1080), (320, 192, 320, 180));
        assert_eq!(sides(768, 576), (320, 256, 320, 240));
        assert_eq!(sides(704, 576), (320, 288, 320, 262));
        assert_eq!(sides(1080, 1920), (192, 320, 180, 320));
    }

    #[test]
    fn no_size_of_picture_is_without_a_letterbox() {
        assert_eq!(sides(0, 0), (320, 320, 320, 320));
        assert_eq!(sides(u32::MAX, 1), (320, 32, 320, 1));
        assert_eq!(sides(1, u32::MAX), (32, 320, 1, 320));
        assert_eq!(sides(u32::MAX, u32::MAX), (320, 320, 320, 320));
    }

    #[test]
    fn a_letterbox_that_the_network_cannot_take_is_known() {
        let good = Letterbox::of(640, 360);
        for bad in [
            Letterbox { width: 321, ..good },
            Letterbox { height: 0, ..good },
            Letterbox { width: 1 << 20, ..good },
            Letterbox { content_height: 193, ..good },
            Letterbox { content_width: 0, ..good },
        ] {
            assert!(!bad.is_sound(), "{bad:?}");
        }
    }
}
