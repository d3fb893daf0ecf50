//! How to check a package: with our program, and without it.

use maud::{Markup, html};

use super::Shown;
use super::footage::of_kind;
use crate::evidence::export::PackedKind;

/// How to check it, and the digest of every file but this page, the chain, which is written behind it, and the manifest.
pub(super) fn checking(shown: &Shown<'_>) -> Markup {
    let (package, has_certificate) = (shown.package, shown.has_certificate);
    let files = package.files.iter().map(|file| (&file.name, &file.sha256));
    let files = files.chain(package.beside.iter().map(|file| (&file.name, &file.sha256)));
    let first = of_kind(shown, PackedKind::Film).next().map_or("", |film| film.name.as_str());
    html! {
        h2 { "Kiểm tra " span.en { "/ How to check" } }
        p {
            "Cách chắc chắn nhất, kiểm tra cả chữ ký và mọi tệp, trên máy Linux, không cần mạng:"
            br; span.en { "The surest way, which checks the signature and every file, on a Linux machine, without a network:" }
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
