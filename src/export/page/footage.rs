//! Films, stills and sound on the page of a package, and of which times there is nothing.

use maud::{Markup, html};

use super::Shown;
use crate::evidence::export::{PackedFile, PackedKind};
use crate::keeping::gap_reason;

/// The films, each with its first picture and its sound file, if it has one.
pub(super) fn films(shown: &Shown<'_>) -> Markup {
    html! {
        h2 { "Hình " span.en { "/ Films" } }
        @if of_kind(shown, PackedKind::Film).any(|film| film.h265) {
            p {
                "Phim nén theo chuẩn H.265. Nếu trang này chỉ có tiếng hoặc màn hình đen, hãy mở tệp phim bằng VLC, hoặc bằng Edge \
                 hay Chrome bản mới trên máy có hỗ trợ H.265."
                br; span.en {
                    "The films are H.265. If only sound or a black picture comes here, open the files with VLC, or with a \
                     recent Edge or Chrome on a machine that supports H.265."
                }
            }
        }
        @for film in of_kind(shown, PackedKind::Film) {
            figure {
                figcaption {
                    strong { (shown.camera(&film.camera)) } " " (shown.at(film.from)) " – " (shown.at(film.to)) ", "
                    (if film.sound { "có tiếng / with sound" } else { "không tiếng / no sound" })
                    br; code { (film.name) }
                    @if let Some(sound) = sound_of(shown, film) {
                        br; "Riêng tiếng (WAV) " span.en { "/ The sound alone" } ": "
                        a href=(sound.name) { (sound.name) }
                    }
                }
                video controls preload="none" poster=[first_still(shown, film)] src=(film.name) {}
            }
        }
    }
}

/// All stills, in the order of their moments.
pub(super) fn stills(shown: &Shown<'_>) -> Markup {
    let mut stills: Vec<&PackedFile> = of_kind(shown, PackedKind::Still).collect();
    stills.sort_by_key(|still| still.from);
    html! {
        @if !stills.is_empty() {
            h2 { "Ảnh " span.en { "/ Stills" } }
            p {
                "Hình đầu tiên của mỗi phim, hình lúc có sự việc được ghi nhận, và những lúc người lấy yêu cầu."
                br; span.en { "The first picture of each film, that of each flagged moment, and those that were asked for." }
            }
            div.stills {
                @for still in stills {
                    figure {
                        a href=(still.name) { img loading="lazy" src=(still.name) alt=(still.name); }
                        figcaption { (shown.camera(&still.camera)) " " (shown.at(still.from)) }
                    }
                }
            }
        }
    }
}

/// Of which times there is nothing, and why.
pub(super) fn gaps(shown: &Shown<'_>) -> Markup {
    let gaps = &shown.package.gaps;
    html! {
        @if !gaps.is_empty() {
            h2 { "Không có hình " span.en { "/ No pictures" } }
            table {
                @for gap in gaps {
                    tr {
                        th { (shown.camera(&gap.camera)) }
                        td { (shown.at(gap.from)) " – " (shown.at(gap.to)) }
                        td { (gap_reason(Some(&gap.reason))) }
                    }
                }
            }
        }
    }
}

pub(super) fn of_kind<'a>(shown: &'a Shown<'_>, kind: PackedKind) -> impl Iterator<Item = &'a PackedFile> {
    shown.package.files.iter().filter(move |file| file.kind == kind)
}

fn first_still<'a>(shown: &'a Shown<'_>, film: &PackedFile) -> Option<&'a str> {
    let mut stills = of_kind(shown, PackedKind::Still);
    stills
        .find(|still| still.camera == film.camera && still.from == film.from)
        .map(|still| still.name.as_str())
}

fn sound_of<'a>(shown: &'a Shown<'_>, film: &PackedFile) -> Option<&'a PackedFile> {
    let stem = film.name.strip_suffix("mp4")?;
    of_kind(shown, PackedKind::Sound).find(|sound| sound.name.strip_suffix("wav") == Some(stem))
}
