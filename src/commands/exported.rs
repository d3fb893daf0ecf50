//! What `quaywatch export` says of the package that it has made. Pure.

use jiff::tz::TimeZone;

use crate::evidence::export::{Package, PackedFile, PackedKind};
use crate::export::{Order, Packed};
use crate::keeping::instant;

/// A line for each film, sound file, incident, gap, and thing that should be in it and is not; then one for all of it.
pub(super) fn told(order: &Order, packed: &Packed, zone: &TimeZone) -> Vec<String> {
    let package = &packed.package;
    let films = of_kind(package, PackedKind::Film).map(|file| film(file, zone));
    let sounds = of_kind(package, PackedKind::Sound).map(|file| format!("{}: tiếng / sound", file.name));
    let incidents = package.incidents.iter().map(|incident| {
        let (vi, en) = incident.kind.in_words();
        let (camera, at) = (&incident.camera, instant(incident.flagged_at, zone));
        format!("sự việc / incident {}: {vi} / {en}, {camera}, {at}", incident.id)
    });
    let gaps = package.gaps.iter().map(|gap| {
        let (from, to) = (instant(gap.from, zone), instant(gap.to, zone));
        format!("thiếu / missing {}: {from} – {to}, {}", gap.camera, gap.reason)
    });
    let left_out = package.left_out.iter().map(|one| format!("lưu ý / note: {}: {}", one.name, one.why));
    let count = |kind| of_kind(package, kind).count();
    let whole = format!(
        "Đã xuất / Exported {}: {} phim / films, {} ảnh / stills, {} tệp gốc / originals, {} sự việc / incidents, {} MB, \
         {}; kiểm tra bằng / check with: quaywatch verify",
        package.id,
        count(PackedKind::Film),
        count(PackedKind::Still),
        count(PackedKind::Original),
        package.incidents.len(),
        packed.bytes / 1_000_000,
        order.out.display()
    );
    films.chain(sounds).chain(incidents).chain(gaps).chain(left_out).chain([whole]).collect()
}

fn of_kind(package: &Package, kind: PackedKind) -> impl Iterator<Item = &PackedFile> {
    package.files.iter().filter(move |file| file.kind == kind)
}

fn film(file: &PackedFile, zone: &TimeZone) -> String {
    let sound = if file.sound { "có tiếng / with sound" } else { "không tiếng / no sound" };
    let credentials = if file.c2pa { ", C2PA" } else { "" };
    let (from, to) = (instant(file.from, zone), instant(file.to, zone));
    format!("{}: {from} – {to}, {sound}{credentials}", file.name)
}
