//! From the people network's answers to people. Pure.
//!
//! Each cell of three grids (8, 16 and 32 pixels a cell) has a score for a person and, for each of
//! the four edges, 11 logits: their softmax is a distribution over 0 to 10 steps, and its mean, times
//! the cell's size, how far the edge is from the cell's middle.

use super::letterbox::{Letterbox, to_usize};
use crate::perceive::Frame;

/// Pixels a cell of each grid.
pub(super) const STRIDES: [u32; 3] = [8, 16, 32];

/// Scores of a cell: one for each kind of thing; people are the first.
pub(super) const KINDS: usize = 80;

/// Numbers that an edge has.
const BINS: usize = 11;

/// Numbers that a cell's box has.
pub(super) const BOX: usize = 4 * BINS;

/// How fast a box loses its score where it overlaps a surer one: by exp(-overlap² / this). A box over the
/// same person loses most of it; somebody who stands half behind another keeps theirs, whom a limit on the
/// overlap would take away or count twice.
const SPREAD: f32 = 0.8;

/// The most that are compared: more than stand in any hall.
const MOST: usize = 300;

/// Somebody in a picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Found {
    /// Where, in 0..1 of the whole picture.
    pub frame: Frame,
    /// How sure the network is, 0 to 1.
    pub score: f32,
}

/// One grid's answers: `scores` has 80 and `boxes` 44 numbers a cell, row by row.
pub(super) struct Grid<'a> {
    pub(super) stride: u32,
    pub(super) scores: &'a [f32],
    pub(super) boxes: &'a [f32],
}

/// Everyone in the grids whose score is at least `min_score`, the surest first, each once (soft
/// suppression, <https://arxiv.org/abs/1704.04503>).
pub(super) fn people(grids: &[Grid<'_>], letterbox: &Letterbox, min_score: f32) -> Vec<Found> {
    let mut found: Vec<Found> = grids.iter().flat_map(|grid| of_grid(grid, letterbox, min_score)).collect();
    found.sort_by(|a, b| b.score.total_cmp(&a.score));
    found.truncate(MOST);
    let mut kept: Vec<Found> = Vec::new();
    while let Some(surest) = take_surest(&mut found) {
        for other in &mut found {
            let overlap = overlap(&surest.frame, &other.frame);
            other.score *= (-overlap * overlap / SPREAD).exp();
        }
        found.retain(|other| other.score >= min_score);
        kept.push(surest);
    }
    kept
}

fn take_surest(found: &mut Vec<Found>) -> Option<Found> {
    let (at, _) = found.iter().enumerate().max_by(|(_, a), (_, b)| a.score.total_cmp(&b.score))?;
    Some(found.swap_remove(at))
}

fn of_grid<'a>(
    grid: &Grid<'a>,
    letterbox: &'a Letterbox,
    min_score: f32,
) -> impl Iterator<Item = Found> + use<'a> {
    let (stride, columns) = (grid.stride, to_usize(letterbox.width / grid.stride).max(1));
    let cells = grid.scores.chunks_exact(KINDS).zip(grid.boxes.chunks_exact(BOX)).enumerate();
    cells.filter_map(move |(cell, (scores, edges))| {
        let score = scores.first().copied().filter(|score| *score >= min_score)?;
        // The network counts from the middle of a pixel to the middle of a pixel; a picture begins half a
        // pixel before its first one's.
        let middle = |index: usize| as_f32(index) * step(stride) + step(stride) / 2.0;
        let (x, y) = (middle(cell % columns), middle(cell / columns));
        let mut reach = edges.chunks_exact(BINS).map(|logits| mean(logits) * step(stride));
        let (left, top, right, bottom) = (reach.next()?, reach.next()?, reach.next()?, reach.next()?);
        let across = |x: f32| (x / step(letterbox.content_width)).clamp(0.0, 1.0);
        let down = |y: f32| (y / step(letterbox.content_height)).clamp(0.0, 1.0);
        let frame = Frame {
            left: across(x - left),
            top: down(y - top),
            right: across(x + right),
            bottom: down(y + bottom),
        };
        // Also false for what is no number.
        (area(&frame) > 0.0).then_some(Found { frame, score })
    })
}

/// The mean of 0 to 10 under the softmax of `logits`.
fn mean(logits: &[f32]) -> f32 {
    let most = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let (mut sum, mut weighted) = (0.0, 0.0);
    for (bin, logit) in logits.iter().enumerate() {
        let weight = (logit - most).exp();
        sum += weight;
        weighted += weight * as_f32(bin);
    }
    weighted / sum
}

fn area(frame: &Frame) -> f32 {
    (frame.right - frame.left).max(0.0) * (frame.bottom - frame.top).max(0.0)
}

/// Intersection over union, 0 to 1.
fn overlap(a: &Frame, b: &Frame) -> f32 {
    let both = area(&Frame {
        left: a.left.max(b.left),
        top: a.top.max(b.top),
        right: a.right.min(b.right),
        bottom: a.bottom.min(b.bottom),
    });
    let either = area(a) + area(b) - both;
    if either > 0.0 { both / either } else { 0.0 }
}

#[expect(clippy::cast_precision_loss, reason = "cells and sides of a small picture")]
fn as_f32(n: usize) -> f32 {
    n as f32
}

fn step(n: u32) -> f32 {
    as_f32(to_usize(n))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOX_320X192: Letterbox =
        Letterbox { width: 320, height: 192, content_width: 320, content_height: 180 };

    /// A grid of 32-pixel cells in which each of `sure` is a cell with its score; every edge is 2 cells away.
    fn found(sure: &[(usize, f32)], min_score: f32) -> Vec<Found> {
        let mut scores = vec![0.0; 60 * KINDS];
        sure.iter().for_each(|(cell, score)| scores[cell * KINDS] = *score);
        let mut boxes = vec![-40.0; 60 * BOX];
        boxes.chunks_exact_mut(BINS).for_each(|edge| edge[2] = 40.0);
        people(&[Grid { stride: 32, scores: &scores, boxes: &boxes }], &BOX_320X192, min_score)
    }

    #[test]
    fn edges_are_counted_from_the_middle_of_the_cell_in_the_whole_picture() {
        // Cell 24 is row 2, column 4: its middle is 144, 80, and edges are 64 pixels away.
        let [one] = found(&[(24, 0.8)], 0.5).try_into().unwrap();
        let Frame { left, top, right, bottom } = one.frame;
        let close = |a: f32, b: f32| (a - b).abs() < 1e-5;
        assert!(close(left, 80.0 / 320.0) && close(right, 208.0 / 320.0), "{one:?}");
        assert!(close(top, 16.0 / 180.0) && close(bottom, 144.0 / 180.0), "{one:?}");
        assert_eq!(one.score, 0.8);
    }

    #[test]
    fn a_box_ends_where_the_picture_ends() {
        let [one] = found(&[(0, 0.8)], 0.5).try_into().unwrap();
        assert_eq!((one.frame.left, one.frame.top), (0.0, 0.0));
        let [one] = found(&[(59, 0.8)], 0.5).try_into().unwrap();
        assert_eq!((one.frame.right, one.frame.bottom), (1.0, 1.0));
    }

    #[test]
    fn a_second_box_over_one_person_loses_its_score_and_the_surer_stays() {
        let people = found(&[(24, 0.6), (25, 0.9), (29, 0.7)], 0.4);
        let scores: Vec<_> = people.iter().map(|one| one.score).collect();
        assert_eq!(scores, [0.9, 0.7], "neighbours overlap by 0.6, four cells away they do not");
    }

    #[test]
    fn somebody_half_behind_another_is_a_person_too() {
        let people = found(&[(24, 0.8), (26, 0.7)], 0.5);
        assert_eq!(people.len(), 2, "two cells away they overlap by a third");
    }

    #[test]
    fn what_is_not_sure_enough_or_no_number_is_nobody() {
        assert!(found(&[(24, 0.49)], 0.5).is_empty());
        assert!(found(&[(24, f32::NAN)], 0.5).is_empty());
        assert!(found(&[(24, 0.9)], f32::NAN).is_empty());
        let (scores, boxes) = (vec![1.0; 60 * KINDS], vec![f32::NAN; 60 * BOX]);
        let grid = Grid { stride: 32, scores: &scores, boxes: &boxes };
        assert!(people(&[grid], &BOX_320X192, 0.5).is_empty());
        assert!(people(&[Grid { stride: 32, scores: &[], boxes: &[] }], &BOX_320X192, 0.5).is_empty());
    }
}
