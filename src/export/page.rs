//! The page in a package that says what it is and how to check it, in Vietnamese and English. It opens on any office
//! PC by a double click, shows the films and needs nothing else.

use jiff::tz::TimeZone;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::evidence::export::{BesideFile, Package};
use crate::keeping::{gap_reason, instant};

/// Its name.
pub(super) const PAGE_NAME: &str = "index.html";

/// No script, nothing from elsewhere: it must be safe to open and must not call home.
const POLICY: &str = "default-src 'none'; media-src 'self' file:; style-src 'unsafe-inline'";

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;\
    color:#16202b}h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem}.en{color:#52606d}\
    table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:.3rem .6rem .3rem 0;\
    border-bottom:1px solid #d8dee4}video{width:100%;max-height:60vh;background:#0c1015}\
    code{overflow-wrap:anywhere;font-size:.9em}figure{margin:0 0 1.5rem}";

/// The page of `package`, whose times are told by the clock of `zone`. `name` is what people call the centre.
pub(super) fn page(package: &Package, name: &str, zone: &TimeZone, has_certificate: bool) -> String {
    let at = |wall| instant(wall, zone);
    let title = format!("Gói bằng chứng: {name}, {}", at(package.from));
    let cameras: Vec<&str> = package.cameras.iter().map(|camera| camera.as_str()).collect();
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
                    "Hình và tiếng do máy ghi của trung tâm lấy ra từ bản ghi gốc, không nén lại, không chỉnh sửa. Mọi tệp \
                     trong gói đều có mã kiểm tra nằm trong tệp đã ký " code { "manifest.json" } "."
                }
                p.en lang="en" {
                    "Picture and sound, taken by the centre's recorder from the original recordings, neither compressed \
                     again nor edited. Every file has its digest in the signed file " code { "manifest.json" } "."
                }
                table {
                    (row("Trung tâm", "Centre", html! { (name) " (" code { (package.centre) } ")" }))
                    (row("Camera", "Cameras", html! { (cameras.join(", ")) }))
                    (row("Từ", "From", html! { (at(package.from)) }))
                    (row("Đến", "To", html! { (at(package.to)) }))
                    (row("Lý do", "Reason", html! { (package.reason) }))
                    (row("Người lấy", "Taken by", html! { (package.by) }))
                    (row("Lúc lấy", "Taken at", html! { (at(package.made_at)) }))
                    (row("Đồng hồ máy ghi lúc đó", "The recorder's clock then", clock(package)))
                    (row("Mã gói", "Package", html! { code { (package.id) } }))
                    (row("Khóa ký", "Signed by key", html! { code { (package.signer.kid) } }))
                }
                (films(package, &at))
                (gaps(package, &at))
                (checking(package, has_certificate))
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

fn films(package: &Package, at: &impl Fn(crate::model::Wall) -> String) -> Markup {
    html! {
        h2 { "Hình " span.en { "/ Films" } }
        @for file in &package.files {
            figure {
                figcaption {
                    strong { (file.camera) } " " (at(file.from)) " – " (at(file.to)) ", "
                    (if file.sound { "có tiếng / with sound" } else { "không tiếng / no sound" })
                    br; code { (file.name) }
                }
                video controls preload="none" src=(file.name) {}
            }
        }
    }
}

fn gaps(package: &Package, at: &impl Fn(crate::model::Wall) -> String) -> Markup {
    html! {
        @if !package.gaps.is_empty() {
            h2 { "Không có hình " span.en { "/ No pictures" } }
            table {
                @for gap in &package.gaps {
                    tr {
                        th { (gap.camera) }
                        td { (at(gap.from)) " – " (at(gap.to)) }
                        td { (gap_reason(Some(&gap.reason))) }
                    }
                }
            }
        }
    }
}

fn checking(package: &Package, has_certificate: bool) -> Markup {
    let files = package.files.iter().map(|file| (&file.name, &file.sha256));
    let first = package.files.first().map_or("", |file| file.name.as_str());
    html! {
        h2 { "Kiểm tra " span.en { "/ How to check" } }
        p {
            "Cách chắc chắn nhất, kiểm tra cả chữ ký và mọi tệp, trên máy nào cũng được, không cần mạng:"
            br; span.en { "The surest way, which checks the signature and every file, on any machine, without a network:" }
        }
        p { code { "quaywatch verify THƯ_MỤC_NÀY --trust " (if has_certificate { "ca.pem" } else { "evidence.pub.pem" }) } }
        @if has_certificate {
            p {
                code { "ca.pem" } " là chứng thư gốc của tỉnh, phải lấy từ chính tỉnh, không lấy từ người đưa gói này. "
                code { "certificate.pem" } " trong gói cho biết tỉnh đã xác nhận khóa của trung tâm."
                br; span.en {
                    "ca.pem is the province's own certificate: get it from the province, not from whoever gave you this \
                     package. certificate.pem says that the province has certified the centre's key."
                }
            }
        } @else {
            p {
                code { "evidence.pub.pem" } " là khóa công khai của trung tâm, phải lấy từ chính trung tâm hoặc tỉnh."
                br; span.en { "evidence.pub.pem is the centre's public key: get it from the centre or the province." }
            }
        }
        p {
            "Không có chương trình đó, so mã SHA-256 của từng tệp với bảng dưới đây: trên Windows gõ "
            code { "certutil -hashfile \"" (first) "\" SHA256" } ", trên Linux gõ "
            code { "sha256sum \"" (first) "\"" } ". Cách này cho biết tệp hình còn nguyên so với trang này, nhưng không \
            kiểm tra chữ ký: chính trang này cũng được ghi trong " code { "manifest.json" } "."
            br; span.en {
                "Without that program, compare the SHA-256 of each file with this table (certutil on Windows, sha256sum on \
                 Linux). That shows whether a film is as this page has it; it does not check the signature, and this page \
                 itself is named in manifest.json."
            }
        }
        table { @for (name, digest) in files { tr { td { code { (name) } } td { code { (digest) } } } } }
    }
}

/// What the manifest says of a file that is no footage.
pub(super) fn beside(name: &str, media_type: &str, bytes: &[u8]) -> BesideFile {
    use sha2::{Digest, Sha256};
    BesideFile {
        name: name.to_owned(),
        media_type: media_type.to_owned(),
        size: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
        sha256: hex::encode(Sha256::digest(bytes)),
    }
}

#[cfg(test)]
mod tests;
