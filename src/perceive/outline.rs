//! Where the edges of a picture lie and which way they run, whatever the light. Pure.
//!
//! Brightness is averaged over a grid of 96 × 54 cells and taken as a logarithm, so that twice the
//! light is the same picture plus a constant. An edge is a cell whose gradient (Sobel) is steep
//! enough; of it only the direction is kept, without its sign: under infrared light, dark cloth can
//! turn out bright.

/// Columns of the outline's grid.
pub const OUTLINE_COLUMNS: usize = 96;

/// Rows of the outline's grid.
pub const OUTLINE_ROWS: usize = 54;

/// How many directions are told apart, over 180°.
pub const DIRECTIONS: u8 = 8;

/// What is added to the light above black (16), so that noise in the dark makes no edges.
const DARK: f32 = 14.0;

/// The gradient of an edge, in logarithmic brightness from a cell to the next: about 15 %.
const STEEP: f32 = 0.07;

/// The edges of one picture.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outline(Vec<u8>);

impl Outline {
    /// The edges among the mean brightness (0 to 255) of each cell, row by row.
    pub fn of(means: &[f32]) -> Self {
        let light: Vec<f32> = means.iter().map(|mean| ((mean - 16.0).max(0.0) + DARK).ln()).collect();
        let mut codes = vec![0; means.len()];
        let rows: Vec<&[f32]> = light.chunks_exact(OUTLINE_COLUMNS).collect();
        for (row, three) in rows.windows(3).enumerate() {
            let [above, middle, below] = three else { continue };
            let start = (row + 1) * OUTLINE_COLUMNS + 1;
            let Some(into) = codes.get_mut(start..start + OUTLINE_COLUMNS - 2) else { continue };
            let around = above.windows(3).zip(middle.windows(3)).zip(below.windows(3));
            for (code, ((a, m), b)) in into.iter_mut().zip(around) {
                if let ([a0, a1, a2], [m0, _, m2], [b0, b1, b2]) = (a, m, b) {
                    let across = (a2 + 2.0 * m2 + b2 - a0 - 2.0 * m0 - b0) / 8.0;
                    let down = (b0 + 2.0 * b1 + b2 - a0 - 2.0 * a1 - a2) / 8.0;
                    *code = direction(across, down);
                }
            }
        }
        Self(codes)
    }

    /// Each cell, row by row: 0 without an edge, else its direction, 1 to [`DIRECTIONS`].
    pub fn cells(&self) -> &[u8] {
        &self.0
    }

    /// The share of cells with an edge, 0 to 1.
    #[expect(clippy::cast_precision_loss, reason = "a grid has few cells")]
    pub fn density(&self) -> f32 {
        let edges = self.0.iter().filter(|code| **code != 0).count();
        edges as f32 / self.0.len().max(1) as f32
    }
}

/// The direction of a gradient, 0 where it is too flat.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 8")]
fn direction(across: f32, down: f32) -> u8 {
    if across.hypot(down) < STEEP {
        return 0;
    }
    let half_turn = std::f32::consts::PI;
    let angle = down.atan2(across).rem_euclid(half_turn);
    1 + ((angle / half_turn * f32::from(DIRECTIONS)).round() as u8) % DIRECTIONS
}

#[cfg(test)]
mod tests {
    use super::*;

    fn means(light: impl Fn(usize, usize) -> f32) -> Vec<f32> {
        (0..OUTLINE_ROWS)
            .flat_map(|y| (0..OUTLINE_COLUMNS).map(move |x| (x, y)))
            .map(|(x, y)| light(x, y))
            .collect()
    }

    #[test]
    fn a_door_has_upright_and_level_edges_and_a_bare_wall_has_none() {
        let door = |x: usize, y: usize| if (40..60).contains(&x) && y > 20 { 60.0 } else { 150.0 };
        let outline = Outline::of(&means(door));
        assert_eq!(outline.cells()[30 * OUTLINE_COLUMNS + 40], 1, "its left side");
        assert_eq!(outline.cells()[20 * OUTLINE_COLUMNS + 50], 5, "its top");
        assert_eq!(outline.cells()[30 * OUTLINE_COLUMNS + 50], 0);
        assert_eq!(Outline::of(&means(|_, _| 150.0)).density(), 0.0);
    }

    #[test]
    fn half_the_light_has_nearly_the_same_edges() {
        let scene = |x: usize, y: usize| 16.0 + 60.0 + 50.0 * (((x / 7 + y / 5) % 3) as f32);
        let (day, dusk) =
            (Outline::of(&means(scene)), Outline::of(&means(|x, y| 16.0 + (scene(x, y) - 16.0) / 2.0)));
        let same = day.cells().iter().zip(dusk.cells()).filter(|(a, b)| a == b).count();
        assert!(same * 100 >= day.cells().len() * 97, "{same}");
    }
}
