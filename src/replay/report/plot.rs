//! Curves as SVG, never more than a few points for each pixel. Pure.

use std::fmt::Write;

use super::super::trace::Curve;

/// Where the plot begins, left of it are the values.
pub(super) const LEFT: f64 = 52.0;

/// Points further apart than this, s, are not joined.
const APART_S: f64 = 15.0;

/// A stretch of time, in s.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Window {
    pub from: f64,
    pub to: f64,
}

/// How wide a plot is, and which time it shows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Axis {
    pub window: Window,
    /// In pixels, values and plot.
    pub width: f64,
}

impl Axis {
    /// The pixel of a moment.
    pub(super) fn x(&self, at: f64) -> f64 {
        let span = (self.window.to - self.window.from).max(0.001);
        LEFT + (at - self.window.from) / span * (self.width - LEFT)
    }

    /// A moment, or the end that is nearer.
    pub(super) fn clamp(&self, at: f64) -> f64 {
        at.clamp(self.window.from, self.window.to)
    }
}

/// How a curve is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// From point to point.
    Line,
    /// Each value holds until the next.
    Steps,
}

/// One curve of a panel.
pub(super) struct Line<'a> {
    pub curve: &'a Curve,
    pub colour: &'static str,
    pub shape: Shape,
    /// What it is, for a reader who points at it.
    pub name: String,
}

/// A value at which a rule decides.
pub(super) struct Threshold {
    pub value: f64,
    pub name: String,
}

/// Curves that share a scale.
pub(super) struct Panel<'a> {
    pub low: f64,
    pub high: f64,
    pub height: f64,
    pub lines: Vec<Line<'a>>,
    pub thresholds: Vec<Threshold>,
}

/// A marked stretch of time behind the curves.
pub(super) struct Mark {
    pub from: f64,
    pub to: f64,
    pub class: &'static str,
    pub name: String,
}

/// Draws a panel; `marks` stand behind the curves.
pub(super) fn svg(panel: &Panel<'_>, axis: &Axis, marks: &[Mark]) -> String {
    let (width, height) = (axis.width, panel.height);
    let mut out = format!("<svg class=\"panel\" viewBox=\"0 0 {width:.0} {height:.0}\">");
    let y = |value: f64| {
        let share = (value - panel.low) / (panel.high - panel.low).max(1e-6);
        height - 4.0 - share.clamp(0.0, 1.0) * (height - 8.0)
    };
    let _ = write!(
        out,
        "<rect class=\"field\" x=\"{LEFT}\" y=\"0\" width=\"{:.0}\" height=\"{height:.0}\"/>",
        width - LEFT
    );
    for mark in marks.iter().filter(|mark| mark.to > axis.window.from && mark.from < axis.window.to) {
        let (left, right) = (axis.x(axis.clamp(mark.from)), axis.x(axis.clamp(mark.to)));
        let _ = write!(
            out,
            "<rect class=\"{}\" x=\"{left:.1}\" y=\"0\" width=\"{:.1}\" height=\"{height:.0}\"><title>{}</title></rect>",
            mark.class,
            (right - left).max(1.0),
            escape(&mark.name)
        );
    }
    for value in [panel.low, (panel.low + panel.high) / 2.0, panel.high] {
        let at = y(value);
        let text = at.clamp(9.0, height - 2.0) + if at < height / 2.0 { 2.0 } else { 0.0 };
        let _ = write!(
            out,
            "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{width:.0}\" y1=\"{at:.1}\" y2=\"{at:.1}\"/>\
             <text class=\"value\" x=\"{:.0}\" y=\"{text:.1}\">{}</text>",
            LEFT - 5.0,
            short(value)
        );
    }
    for line in &panel.lines {
        let _ = write!(
            out,
            "<path class=\"curve\" stroke=\"{}\" d=\"{}\"><title>{}</title></path>",
            line.colour,
            path(line, axis, &y),
            escape(&line.name)
        );
    }
    for threshold in &panel.thresholds {
        let at = y(threshold.value);
        let _ = write!(
            out,
            "<line class=\"limit\" x1=\"{LEFT}\" x2=\"{width:.0}\" y1=\"{at:.1}\" y2=\"{at:.1}\">\
             <title>{0}</title></line><text class=\"limit-name\" x=\"{1:.0}\" y=\"{2:.1}\">{0}</text>",
            escape(&threshold.name),
            width - 4.0,
            if at < 14.0 { at + 11.0 } else { at - 3.0 }
        );
    }
    out.push_str("</svg>");
    out
}

/// The scale of time below panels.
pub(super) fn time_scale(axis: &Axis) -> String {
    let span = axis.window.to - axis.window.from;
    let most = (axis.width / 90.0).max(2.0);
    let steps = [1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0, 7200.0];
    let step = steps.into_iter().find(|step| span / step <= most).unwrap_or(14_400.0);
    let mut out = format!("<svg class=\"scale\" viewBox=\"0 0 {:.0} 16\">", axis.width);
    let mut at = (axis.window.from / step).ceil() * step;
    while at <= axis.window.to {
        let x = axis.x(at);
        let place = if x > axis.width - 24.0 { "end" } else { "middle" };
        let label = super::super::words::clock(at);
        let label = label.strip_suffix(".0").unwrap_or(&label).to_owned();
        let _ =
            write!(out, "<text class=\"time\" text-anchor=\"{place}\" x=\"{x:.1}\" y=\"12\">{label}</text>");
        at += step;
    }
    out.push_str("</svg>");
    out
}

/// The path of a curve: where more points than pixels lie, the least and the greatest of each pixel.
fn path(line: &Line<'_>, axis: &Axis, y: &impl Fn(f64) -> f64) -> String {
    let mut out = String::new();
    let mut before: Option<(f64, f64)> = None;
    for column in columns(line.curve, axis) {
        let (at, x) = (column.at, axis.x(column.at));
        let (first, least, greatest, last) =
            (y(column.first), y(column.least), y(column.greatest), y(column.last));
        match before.filter(|(then, _)| at - then <= APART_S) {
            None => {
                let _ = write!(out, "M{x:.1} {first:.1}");
            }
            Some(_) if line.shape == Shape::Steps => {
                let _ = write!(out, "H{x:.1}V{first:.1}");
            }
            Some(_) => {
                let _ = write!(out, "L{x:.1} {first:.1}");
            }
        }
        if least != greatest {
            let _ = write!(out, "V{least:.1}V{greatest:.1}");
        }
        if last != greatest {
            let _ = write!(out, "V{last:.1}");
        }
        before = Some((column.until, column.last));
    }
    out
}

/// All points that lie on one pixel.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Column {
    at: f64,
    until: f64,
    first: f64,
    least: f64,
    greatest: f64,
    last: f64,
}

fn columns(curve: &Curve, axis: &Axis) -> Vec<Column> {
    let mut columns: Vec<Column> = Vec::new();
    let mut of_pixel = f64::NAN;
    // A point on each side, so that what goes on outside is seen to.
    let from = curve.partition_point(|(at, _)| f64::from(*at) < axis.window.from);
    let to = curve.partition_point(|(at, _)| f64::from(*at) <= axis.window.to);
    for (at, value) in curve.get(from..to).unwrap_or_default() {
        let (at, value) = (f64::from(*at), f64::from(*value));
        let pixel = axis.x(at).floor();
        match columns.last_mut().filter(|_| pixel == of_pixel) {
            Some(column) => {
                column.until = at;
                column.least = column.least.min(value);
                column.greatest = column.greatest.max(value);
                column.last = value;
            }
            None => {
                of_pixel = pixel;
                let (first, least, greatest, last) = (value, value, value, value);
                columns.push(Column { at, until: at, first, least, greatest, last });
            }
        }
    }
    columns
}

/// A number as a scale shows it.
fn short(value: f64) -> String {
    if value.abs() >= 10.0 || value.fract() == 0.0 { format!("{value:.0}") } else { format!("{value:.1}") }
}

/// Text as it may stand in HTML, also within quotes.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const AXIS: Axis = Axis { window: Window { from: 0.0, to: 1000.0 }, width: 52.0 + 100.0 };

    #[test]
    fn of_many_points_each_pixel_keeps_its_extremes() {
        let mut curve: Curve = (0..100_000u32).map(|i| (i as f32 / 100.0, 0.5)).collect();
        (curve[55_555].1, curve[55_560].1) = (9.0, -9.0);
        let columns = columns(&curve, &AXIS);
        assert_eq!(columns.len(), 100);
        assert_eq!(columns.iter().map(|c| c.greatest).fold(0.0, f64::max), 9.0);
        assert_eq!(columns.iter().map(|c| c.least).fold(0.0, f64::min), -9.0);
        let line = Line { curve: &curve, colour: "red", shape: Shape::Line, name: "x".into() };
        let panel = Panel { low: -10.0, high: 10.0, height: 60.0, lines: vec![line], thresholds: vec![] };
        assert!(svg(&panel, &AXIS, &[]).len() < 5000);
    }

    #[test]
    fn a_gap_is_not_bridged() {
        let curve: Curve = vec![(1.0, 1.0), (2.0, 1.0), (500.0, 1.0)];
        let line = Line { curve: &curve, colour: "red", shape: Shape::Line, name: String::new() };
        let drawn = path(&line, &Axis { width: 2000.0, ..AXIS }, &|value| value);
        assert_eq!(drawn.matches('M').count(), 2, "{drawn}");
    }

    #[test]
    fn nothing_that_a_technician_typed_can_become_markup() {
        assert_eq!(escape("<b title=\"a'b\">&"), "&lt;b title=&quot;a&#39;b&quot;&gt;&amp;");
    }
}
