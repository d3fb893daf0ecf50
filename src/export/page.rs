//! The page in a package that says what it is and how to check it, in Vietnamese and English. It opens on any office
//! PC by a double click, shows films, stills and incidents, and needs nothing else.

mod checking;

mod evidence;

mod footage;

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::evidence::export::Package;
use crate::keeping::instant;
use crate::model::{CameraId, Wall};

/// Its name.
pub(super) const PAGE_NAME: &str = "index.html";

/// No script, nothing from elsewhere: it must be safe to open and must not call home.
const POLICY: &str =
    "default-src 'none'; media-src 'self' file:; img-src 'self' file:; style-src 'unsafe-inline'";

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;\
    color:#16202b}h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem}.en{color:#52606d}\
    table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:.3rem .6rem .3rem 0;\
    border-bottom:1px solid #d8dee4}video{width:100%;max-height:60vh;background:#0c1015}\
    code{overflow-wrap:anywhere;font-size:.9em}figure{margin:0 0 1.5rem}.stills{display:grid;gap:1rem;\
    grid-template-columns:repeat(auto-fill,minmax(14rem,1fr))}.stills figure{margin:0}img{width:100%}";

/// What the page shows.
pub(super) struct Shown<'a> {
    pub(super) package: &'a Package,
    /// What people call the centre.
    pub(super) name: &'a str,
    /// What people call its cameras.
    pub(super) cameras: &'a BTreeMap<CameraId, String>,
    /// By whose clock times are told.
    pub(super) zone: &'a TimeZone,
    /// Whether the certificate of the key is in the package.
    pub(super) has_certificate: bool,
}

impl Shown<'_> {
    fn at(&self, wall: Wall) -> String {
        instant(wall, self.zone)
    }

    /// A camera as people call it, and its id.
    fn camera(&self, id: &CameraId) -> Markup {
        match self.cameras.get(id) {
            Some(name) => html! { (name) " (" code { (id) } ")" },
            None => html! { code { (id) } },
        }
    }
}

/// The page.
pub(super) fn page(shown: &Shown<'_>) -> String {
    let (package, name) = (shown.package, shown.name);
    let at = |wall| shown.at(wall);
    let title = format!("Gói bằng chứng: {name}, {}", at(package.from));
    html! {
        (DOCTYPE)
        html lang="vi" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                h1 { "Gói bằng chứng " span.en { "/ Evidence package" } }
                p {
                    "Hình và tiếng do máy ghi của trung tâm lấy ra từ bản ghi gốc, không nén lại, không chỉnh sửa; ảnh và tệp WAV được giải mã từ chính các phim đó. Mọi tệp \
                     trong gói đều có mã kiểm tra nằm trong tệp đã ký " code { "manifest.json" } "."
                }
                p.en lang="en" {
                    "Picture and sound, taken by the centre's recorder from the original recordings, neither compressed \
                     again nor edited; stills and WAV files are decoded from these films. Every file has its digest in the signed file " code { "manifest.json" } "."
                }
                table {
                    (row("Trung tâm", "Centre", html! { (name) " (" code { (package.centre) } ")" }))
                    (row("Camera", "Cameras", html! {
                        @for (n, camera) in package.cameras.iter().enumerate() {
                            @if n > 0 { ", " } (shown.camera(camera))
                        }
                    }))
                    (row("Từ", "From", html! { (at(package.from)) }))
                    (row("Đến", "To", html! { (at(package.to)) }))
                    (row("Lý do", "Reason", html! { (package.reason) }))
                    (row("Người lấy", "Taken by", html! { (package.by) }))
                    (row("Lúc lấy", "Taken at", html! { (at(package.made_at)) }))
                    (row("Đồng hồ máy ghi lúc đó", "The recorder's clock then", clock(package)))
                    (row("Mã gói", "Package", html! { code { (package.id) } }))
                    (row("Khóa ký", "Signed by key", html! { code { (package.signer.kid) } }))
                }
                (footage::films(shown))
                (footage::stills(shown))
                (evidence::incidents(shown))
                (footage::gaps(shown))
                (evidence::left_out(shown))
                (evidence::sources(shown))
                (evidence::receipts(shown))
                (evidence::credentials(shown))
                (checking::checking(shown))
            }
        }
    }
    .into_string()
}

fn row(vi: &str, en: &str, value: Markup) -> Markup {
    html! { tr { th { (vi) " " span.en { "/ " (en) } } td { (value) } } }
}

fn clock(package: &Package) -> Markup {
    use crate::model::ClockTrust;
    let words = match package.clock.state {
        ClockTrust::Synchronised => "đúng giờ chuẩn / synchronised",
        ClockTrust::Offset => "lệch giờ chuẩn / off",
        ClockTrust::Unknown => "không có gì xác nhận / nobody vouched for it",
    };
    html! { (words) @if let Some(ms) = package.clock.offset_ms { " (" (ms) " ms)" } }
}

#[cfg(test)]
mod tests;
