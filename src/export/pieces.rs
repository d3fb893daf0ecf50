//! Which files a camera's part of a package has. Pure.

use crate::model::Wall;
use crate::play::Group;

/// What goes into one file: groups that follow each other, and the range of them that is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// The groups.
    pub groups: Vec<Group>,
    /// The first moment.
    pub from: Wall,
    /// The moment after the last.
    pub to: Wall,
}

/// Parts `groups` of `[from, to)` where they leap.
pub fn pieces(groups: &[Group], from: Wall, to: Wall) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    for group in groups {
        match pieces.last_mut() {
            Some(piece) if !group.leaps => {
                piece.groups.push(group.clone());
                piece.to = group.wall_end.min(to);
            }
            _ => pieces.push(Piece {
                groups: vec![group.clone()],
                from: group.wall.max(from),
                to: group.wall_end.min(to),
            }),
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(from_s: i64, to_s: i64, leaps: bool) -> Group {
        let at = |s: i64| Wall::from_millis(s * 1000);
        Group {
            recording: 0,
            fragments: 0..1,
            offset: 0,
            bytes: 1,
            start: from_s * 90_000,
            end: to_s * 90_000,
            wall: at(from_s),
            wall_end: at(to_s),
            sound: true,
            leaps,
            is_growing: false,
        }
    }

    fn seen(groups: &[Group], from_s: i64, to_s: i64) -> Vec<(i64, i64, usize)> {
        let pieces = pieces(groups, Wall::from_millis(from_s * 1000), Wall::from_millis(to_s * 1000));
        let s = |wall: Wall| wall.as_millis() / 1000;
        pieces.iter().map(|piece| (s(piece.from), s(piece.to), piece.groups.len())).collect()
    }

    #[test]
    fn a_file_ends_where_the_recording_breaks() {
        let groups = [group(0, 2, false), group(2, 4, false), group(9, 11, true)];
        assert_eq!(seen(&groups, 1, 10), [(1, 4, 2), (9, 10, 1)]);
        assert_eq!(seen(&[], 0, 10), []);
    }
}
