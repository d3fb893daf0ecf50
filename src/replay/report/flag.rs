//! One flag in a report: its picture with zones and people over it, its figures, its rule, and the
//! measurements around it. Pure.

use std::fmt::Write;

use super::panels::{Titled, belongs, marks, panels, rule_of, sense_of};
use super::plot::{Axis, Window, escape, svg, time_scale};
use super::{Report, still_name};
use crate::config::Zone;
use crate::incident::Incident;
use crate::replay::flags::seconds;
use crate::replay::trace::Still;
use crate::replay::words;

/// What is shown before and after a flag, at least, in s.
const AROUND_S: f64 = 30.0;

const WIDTH: f64 = 620.0;

/// One flag, the `number`-th, counted from 0.
pub(super) fn flag(report: &Report, number: usize, incident: &Incident) -> String {
    let (vi, en) = incident.kind.in_words();
    let zone = incident.zone.as_deref().map(|zone| format!(" · {}", escape(zone))).unwrap_or_default();
    let mut out = format!(
        "<section id=\"flag-{0}\"><h2>{0}. {vi}{zone}<small>{en} · {1}</small></h2>",
        number + 1,
        incident.kind
    );
    let at = |wall| words::clock(seconds(wall, report.start));
    let end = incident.ended_at.map_or("… (chưa hết / not over)".to_owned(), at);
    let _ = write!(
        out,
        "<p class=\"times\">bắt đầu / start <b>{}</b> · gắn cờ / flagged <b>{}</b> · kết thúc / end <b>{end}</b></p>",
        at(incident.started_at),
        at(incident.flagged_at)
    );
    out.push_str("<div class=\"pair\"><div>");
    match report.trace.stills.get(&incident.id) {
        Some(still) => out.push_str(&picture(report, number, incident, still)),
        None => out.push_str("<p class=\"none\">Không có hình<small>no picture</small></p>"),
    }
    out.push_str(&figures(report, incident));
    out.push_str("</div><div>");
    out.push_str(&around(report, incident));
    out.push_str("</div></div></section>");
    out
}

fn picture(report: &Report, number: usize, incident: &Incident, still: &Still) -> String {
    let (width, height) = (f64::from(still.size.0.max(1)), f64::from(still.size.1.max(1)));
    let mut out = format!(
        "<figure><img src=\"{}\" width=\"{width}\" height=\"{height}\" alt=\"\">\
         <svg viewBox=\"0 0 {width} {height}\" preserveAspectRatio=\"none\">",
        still_name(number)
    );
    for zone in &report.camera.zones {
        let is_its = incident.zone.as_ref() == Some(&zone.name);
        out.push_str(&outline(zone, is_its, (width, height)));
    }
    for person in &still.persons {
        let frame = person.frame;
        let (left, top) = (f64::from(frame.left) * width, f64::from(frame.top) * height);
        let (right, bottom) = (f64::from(frame.right) * width, f64::from(frame.bottom) * height);
        let size = height / 34.0;
        let _ = write!(
            out,
            "<rect class=\"person\" x=\"{left:.1}\" y=\"{top:.1}\" width=\"{:.1}\" height=\"{:.1}\"/>\
             <circle class=\"foot\" cx=\"{:.1}\" cy=\"{bottom:.1}\" r=\"{:.1}\"/>\
             <text class=\"score\" font-size=\"{size:.1}\" x=\"{left:.1}\" y=\"{:.1}\">{:.0} %</text>",
            right - left,
            bottom - top,
            (left + right) / 2.0,
            height / 120.0,
            (top - size * 0.25).max(size),
            person.score * 100.0
        );
    }
    out.push_str("</svg></figure>");
    out
}

fn outline(zone: &Zone, is_its: bool, (width, height): (f64, f64)) -> String {
    let corners = zone.polygon.iter().map(|(x, y)| format!("{:.1},{:.1}", x * width, y * height));
    let corners = corners.collect::<Vec<_>>().join(" ");
    let class = if is_its { "zone its" } else { "zone" };
    let (x, y) = zone.polygon.first().copied().unwrap_or_default();
    let size = height / 26.0;
    format!(
        "<polygon class=\"{class}\" points=\"{corners}\"/>\
         <text class=\"zone-name\" font-size=\"{size:.1}\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
        x * width + size * 0.3,
        y * height + size * 1.1,
        escape(&zone.name)
    )
}

fn figures(report: &Report, incident: &Incident) -> String {
    let mut out = String::new();
    let list = |out: &mut String, (vi, en): (&str, &str), items: Vec<words::Both>| {
        let _ = write!(out, "<h3>{vi}<small>{en}</small></h3><ul>");
        for (vi, en) in items {
            let (vi, en) = (escape(&vi), escape(&en));
            let _ = match vi == en {
                true => write!(out, "<li>{vi}</li>"),
                false => write!(out, "<li>{vi}<small>{en}</small></li>"),
            };
        }
        out.push_str("</ul>");
    };
    let peak = words::peak(incident);
    if !peak.is_empty() {
        list(&mut out, ("Đo được", "measured, the strongest"), peak);
    }
    if incident.count > 1 {
        let count = incident.count;
        let _ = write!(
            out,
            "<p>{count} lần trong cùng sự kiện<small>{count} times in the same incident</small></p>"
        );
    }
    if let Some(rule) = rule_of(report, incident) {
        let _ = write!(out, "<p class=\"rule\">{}</p>", escape(&rule.name));
        list(&mut out, ("Quy tắc", "the rule"), words::settings(rule));
    }
    out
}

/// The measurements that the rule goes by, around the flag.
fn around(report: &Report, incident: &Incident) -> String {
    let at = |wall| seconds(wall, report.start);
    let (began, flagged) = (at(incident.started_at), at(incident.flagged_at));
    let end = incident.ended_at.map_or(flagged, at).max(flagged);
    let room = AROUND_S.max((end - began) * 0.25).min(600.0);
    let window = Window {
        from: (began - room).max(0.0),
        to: (end.min(flagged + 1800.0) + room).min(report.lasted.max(flagged + 1.0)),
    };
    let axis = Axis { window, width: WIDTH };
    let sense = sense_of(report, incident);
    let marks = marks(incident, report);
    let mut out = String::new();
    for titled in panels(report).iter().filter(|titled| belongs(titled, sense)) {
        out.push_str(&heading(titled));
        out.push_str(&svg(&titled.panel, &axis, &marks));
    }
    out.push_str(&time_scale(&axis));
    out
}

/// The title of a panel, with what each colour is.
pub(super) fn heading(titled: &Titled<'_>) -> String {
    let unit = if titled.unit.is_empty() { String::new() } else { format!(" ({})", titled.unit) };
    let mut out = format!("<h4>{}{unit}<small>{}</small>", titled.vi, titled.en);
    for line in &titled.panel.lines {
        let _ =
            write!(out, "<span><i style=\"background:{}\"></i>{}</span>", line.colour, escape(&line.name));
    }
    out.push_str("</h4>");
    out
}
