//! Incidents on the page of a package, what the films were cut from, and what is not in it.

use std::collections::BTreeSet;

use maud::{Markup, html};

use super::Shown;
use super::footage::of_kind;
use crate::evidence::export::{
    CHAIN, INCIDENTS, ORIGINALS, PackedIncident, PackedKind, RECEIPT, RECEIPTS, SOURCES,
};

/// What of an incident's evidence people open.
const OPENED: [(&str, &str); 3] =
    [("clip.mp4", "đoạn phim / clip"), ("still.jpg", "ảnh / still"), ("sound.wav", "tiếng / sound")];

/// The incidents whose evidence is in it.
pub(super) fn incidents(shown: &Shown<'_>) -> Markup {
    let incidents = &shown.package.incidents;
    html! {
        @if !incidents.is_empty() {
            h2 { "Sự việc " span.en { "/ Incidents" } }
            p {
                "Bằng chứng của từng sự việc, như máy ghi đã lập và ký lúc đó."
                br; span.en { "The evidence of each, as the recorder made and signed it then." }
            }
            table {
                @for incident in incidents {
                    @let (vi, en) = incident.kind.in_words();
                    tr {
                        th { (vi) " " span.en { "/ " (en) } }
                        td { (shown.camera(&incident.camera)) " " (shown.at(incident.flagged_at)) }
                        td { (opened(shown, incident)) }
                    }
                }
            }
        }
    }
}

fn opened(shown: &Shown<'_>, incident: &PackedIncident) -> Markup {
    let file = |(file, words): (&str, &'static str)| (format!("{INCIDENTS}/{}/{file}", incident.id), words);
    let is_there = |(name, _): &(String, _)| shown.package.beside.iter().any(|file| file.name == *name);
    html! {
        @for (name, words) in OPENED.into_iter().map(file).filter(is_there) {
            a href=(name) { (words) } br;
        }
    }
}

/// What should be in it and is not.
pub(super) fn left_out(shown: &Shown<'_>) -> Markup {
    let left_out = &shown.package.left_out;
    html! {
        @if !left_out.is_empty() {
            h2 { "Cần lưu ý " span.en { "/ To be noted" } }
            table { @for one in left_out { tr { td { code { (one.name) } } td { (one.why) } } } }
        }
    }
}

/// What the films were cut from, and how that shows.
pub(super) fn sources(shown: &Shown<'_>) -> Markup {
    let all: BTreeSet<_> =
        shown.package.files.iter().flat_map(|file| &file.sources).map(|one| &one.path).collect();
    let signed = shown.package.files.iter().flat_map(|file| &file.sources).filter(|one| one.hour.is_some());
    let signed: BTreeSet<_> = signed.map(|one| &one.path).collect();
    let has_originals = of_kind(shown, PackedKind::Original).next().is_some();
    html! {
        @if !all.is_empty() {
            h2 { "Nguồn gốc " span.en { "/ Where it comes from" } }
            p {
                "Các phim được cắt từ " (all.len()) " tệp do máy ghi lưu lại; tệp " code { "manifest.json" } " ghi phim nào từ tệp \
                 nào. Mỗi giờ, máy ghi ký danh sách mã kiểm tra của những tệp vừa ghi xong. "
                @if signed.is_empty() {
                    "Các tệp này được ghi ngay trước lúc lấy nên chưa đến giờ ký."
                } @else {
                    (signed.len()) " tệp đã có trong các danh sách đó, kèm theo ở thư mục " code { (SOURCES) } "."
                }
                br; span.en {
                    "The films were cut from " (all.len()) " recorded files; manifest.json says which from which. Each hour the \
                     recorder signs lists with the digests of what it has recorded. "
                    @if signed.is_empty() {
                        "These files were recorded just before the package was made, and were not signed yet."
                    } @else {
                        (signed.len()) " of the files are in those lists, which are in the folder " (SOURCES) "."
                    }
                }
            }
        }
        @if !all.is_empty() {
            p {
                "Tệp " code { (CHAIN) } " liệt kê mọi văn bản mà máy ghi đã ký, từ trước khoảng thời gian này cho đến chính gói \
                 này. Nếu có ai lấy bớt một giờ ghi hay một sự việc ra khỏi máy ghi thì chương trình kiểm tra báo chỗ thiếu."
                br; span.en {
                    "The file " (CHAIN) " names every document that the recorder signed, from before this time to this very \
                     package. If somebody took an hour of recordings or an incident out of the recorder, the check tells where \
                     something is missing."
                }
            }
        }
        @if has_originals && signed.is_empty() {
            p {
                "Bản thân các tệp gốc nằm ở thư mục " code { (ORIGINALS) } "."
                br; span.en { "The recorded files themselves are in the folder " (ORIGINALS) "." }
            }
        } @else if has_originals {
            p {
                "Bản thân các tệp gốc nằm ở thư mục " code { (ORIGINALS) } ". Trên Linux, vào thư mục đó và so từng danh sách: "
                code { "sha256sum --ignore-missing -c ../sources/hour-….sha256" } "."
                br; span.en {
                    "The recorded files themselves are in the folder " (ORIGINALS) ". On Linux, in that folder, compare them \
                     with each list by the command above."
                }
            }
        }
    }
}

/// That tools of others show where the films come from.
pub(super) fn credentials(shown: &Shown<'_>) -> Markup {
    let count = of_kind(shown, PackedKind::Film).filter(|film| film.c2pa).count();
    html! {
        @if count > 0 {
            h2 { "Thông tin nguồn gốc C2PA " span.en { "/ Content credentials (C2PA)" } }
            p {
                (count) " phim có sẵn thông tin nguồn gốc theo chuẩn C2PA: camera nào, của trung tâm nào, từ lúc nào đến lúc nào, ký \
                 bằng khóa của máy ghi. Chương trình nào đọc được C2PA cũng cho thấy điều đó và cho biết phim có bị sửa hay không. "
                @if shown.has_certificate {
                    "Nếu chương trình báo “người ký chưa được tin cậy” thì đó là vì nó chưa biết chứng thư gốc của tỉnh: hãy \
                     thêm " code { "ca.pem" } " vào danh sách tin cậy của nó. "
                } @else {
                    "Tỉnh chưa xác nhận khóa này, nên chương trình sẽ báo “người ký chưa được tin cậy”. "
                }
                "Phim gửi qua mạng xã hội hoặc chuyển sang định dạng khác sẽ mất thông tin này; phim trong gói vẫn còn."
                br; span.en {
                    "Films with content credentials (C2PA): " (count) ". They say of which camera of which centre the film is, \
                     from when to when, and are signed by the recorder's key. Any tool that reads C2PA shows this, and \
                     whether the film was changed. "
                    @if shown.has_certificate {
                        "It calls the signer untrusted until the province's certificate (ca.pem) is on its own list of trust. "
                    } @else {
                        "It will call the signer untrusted: the province has not certified this key. "
                    }
                    "A copy that went through a social network or was converted has lost them; the films here have not."
                }
            }
        }
    }
}

/// That the province had some of it, and when that shows.
pub(super) fn receipts(shown: &Shown<'_>) -> Markup {
    let count = shown.package.beside.iter().filter(|file| file.name.starts_with(RECEIPT)).count();
    html! {
        @if count > 0 {
            h2 { "Biên nhận của tỉnh " span.en { "/ Receipts of the province" } }
            p {
                "Thư mục " code { (RECEIPTS) } " có " (count) " biên nhận do trung tâm giám sát của tỉnh ký: tỉnh đã có những tệp \
                 của sự việc và danh sách bản ghi nào, từ lúc nào. Muốn kiểm tra, ghi thêm khóa công khai của tỉnh vào tệp dùng \
                 với " code { "--trust" } "."
                br; span.en {
                    "The folder " (RECEIPTS) " has " (count) " receipts that the province's monitoring centre signed: which \
                     files of incidents and which lists of recordings it had, and since when. To check them, add the \
                     province's public key to the file given by --trust."
                }
            }
        }
    }
}
