//! The page of a report. Pure.

use std::fmt::Write;

use jiff::tz::TimeZone;

use super::Report;
use super::flag::{flag, heading};
use super::panels::{belongs, marks, panels, sense_of};
use super::plot::{Axis, Mark, Window, escape, svg, time_scale};
use crate::ingest::CameraState;
use crate::model::Wall;
use crate::replay::flags::seconds;
use crate::replay::words;

const WIDTH: f64 = 1240.0;
const ROW: f64 = 18.0;

/// A moment on the centre's own clock.
fn instant(at: Wall, zone: &TimeZone) -> String {
    zone.to_datetime(at.timestamp()).strftime("%d-%m-%Y %H:%M:%S").to_string()
}

/// The style of the page.
const STYLE: &str = include_str!("style.css");

/// The whole page.
pub(super) fn page(report: &Report) -> String {
    let name = escape(&report.camera.name);
    let mut out = format!(
        "<!DOCTYPE html><html lang=\"vi\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>{name} – xem lại / replay</title><style>{STYLE}</style></head><body><main>"
    );
    out.push_str(&head(report));
    out.push_str(&summary(report));
    out.push_str(&timeline(report));
    for (number, incident) in report.flagged.iter().enumerate() {
        out.push_str(&flag(report, number, incident));
    }
    out.push_str("</main></body></html>\n");
    out
}

fn head(report: &Report) -> String {
    let camera = &report.camera;
    let mut out = format!("<h1>{} <code>{}</code></h1>", escape(&camera.name), camera.id);
    #[expect(clippy::cast_possible_truncation, reason = "a replay is far shorter")]
    let end = report.start.plus_millis((report.lasted * 1000.0) as i64);
    let _ = write!(
        out,
        "<p>Xem lại {source}, {from} – {to}, dài {lasted}<small>replay of {source}, {lasted} long</small></p>",
        source = escape(&report.source),
        from = escape(&instant(report.start, &report.zone)),
        to = escape(&instant(end, &report.zone)),
        lasted = words::clock(report.lasted),
    );
    for warning in &report.warnings {
        let _ = write!(out, "<p class=\"warning\">{}</p>", escape(warning));
    }
    out
}

fn summary(report: &Report) -> String {
    let count = report.flagged.len();
    if count == 0 {
        return "<p class=\"calm\">Không có gì được gắn cờ<small>nothing was flagged</small></p>".to_owned();
    }
    let mut out = format!(
        "<table><caption>{count} lần gắn cờ<small>{count} flagged</small></caption><thead><tr><th>\
         <th>bắt đầu<small>start</small><th>gắn cờ<small>flagged</small><th>kết thúc<small>end</small>\
         <th>loại<small>kind</small><th>vùng<small>zone</small><th>đo được<small>measured</small></thead><tbody>"
    );
    for (number, incident) in report.flagged.iter().enumerate() {
        let at = |wall| words::clock(seconds(wall, report.start));
        let (vi, en) = incident.kind.in_words();
        let peak: Vec<_> = words::peak(incident).into_iter().map(|(vi, _)| escape(&vi)).collect();
        let _ = write!(
            out,
            "<tr><td><a href=\"#flag-{0}\">{0}</a><td>{1}<td>{2}<td>{3}<td>{vi}<small>{en}</small><td>{4}<td>{5}",
            number + 1,
            at(incident.started_at),
            at(incident.flagged_at),
            incident.ended_at.map_or("…".to_owned(), at),
            escape(incident.zone.as_deref().unwrap_or("–")),
            peak.join("<br>")
        );
    }
    out.push_str("</tbody></table>");
    out
}

fn timeline(report: &Report) -> String {
    let axis = Axis { window: Window { from: 0.0, to: report.lasted.max(1.0) }, width: WIDTH };
    let mut out = "<section><h2>Toàn bộ thời gian<small>the whole time</small></h2>".to_owned();
    out.push_str(&flags(report, &axis));
    out.push_str(&states(report, &axis));
    for titled in panels(report) {
        let its = report.flagged.iter().filter(|incident| belongs(&titled, sense_of(report, incident)));
        let its: Vec<Mark> = its.flat_map(|incident| marks(incident, report)).collect();
        out.push_str(&heading(&titled));
        out.push_str(&svg(&titled.panel, &axis, &its));
    }
    out.push_str(&time_scale(&axis));
    out.push_str("</section>");
    out
}

/// A row for each rule and zone that flagged, with a bar for each flag that leads to it.
fn flags(report: &Report, axis: &Axis) -> String {
    let mut rows: Vec<(&str, Option<&str>)> = Vec::new();
    for incident in &report.flagged {
        let row = (incident.rule.as_str(), incident.zone.as_deref());
        if !rows.contains(&row) {
            rows.push(row);
        }
    }
    if rows.is_empty() {
        return String::new();
    }
    let mut out =
        "<h4>Gắn cờ<small>flags: pale from the beginning, full from the flagging</small></h4>".to_owned();
    for (rule, zone) in rows {
        let zone_name = zone.map(|zone| format!(" · {zone}")).unwrap_or_default();
        let _ = write!(
            out,
            "<p class=\"row\">{}</p><svg class=\"panel\" viewBox=\"0 0 {WIDTH} {ROW}\">\
             <rect class=\"field\" x=\"{}\" y=\"0\" width=\"{:.0}\" height=\"{ROW}\"/>",
            escape(&format!("{rule}{zone_name}")),
            super::plot::LEFT,
            WIDTH - super::plot::LEFT
        );
        let its = report.flagged.iter().enumerate();
        for (number, incident) in
            its.filter(|(_, incident)| incident.rule == rule && incident.zone.as_deref() == zone)
        {
            let _ = write!(out, "<a href=\"#flag-{}\">", number + 1);
            for mark in marks(incident, report) {
                let (left, right) = (axis.x(axis.clamp(mark.from)), axis.x(axis.clamp(mark.to)));
                let _ = write!(
                    out,
                    "<rect class=\"{} bar\" x=\"{left:.1}\" y=\"2\" width=\"{:.1}\" height=\"{:.0}\"><title>{}</title></rect>",
                    mark.class,
                    (right - left).max(2.0),
                    ROW - 4.0,
                    escape(&mark.name)
                );
            }
            out.push_str("</a>");
        }
        out.push_str("</svg>");
    }
    out
}

/// When the camera was away, if it was.
fn states(report: &Report, axis: &Axis) -> String {
    let states = &report.trace.states;
    if states.iter().all(|(_, state)| *state == CameraState::Streaming) {
        return String::new();
    }
    let mut out = format!(
        "<h4>Tín hiệu máy quay<small>the camera's stream</small></h4><svg class=\"panel\" viewBox=\"0 0 {WIDTH} {ROW}\">"
    );
    let ends = states.iter().skip(1).map(|(at, _)| *at).chain([report.lasted]);
    for ((at, state), end) in states.iter().zip(ends) {
        let (left, right) = (axis.x(axis.clamp(*at)), axis.x(axis.clamp(end)));
        let class = if *state == CameraState::Streaming { "well" } else { "away" };
        let _ = write!(
            out,
            "<rect class=\"{class}\" x=\"{left:.1}\" y=\"0\" width=\"{:.1}\" height=\"{ROW}\"><title>{}</title></rect>",
            (right - left).max(1.0),
            state.as_str()
        );
    }
    out.push_str("</svg>");
    out
}
