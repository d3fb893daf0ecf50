//! What a package is to be of, why there is none, and what came of it.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::on_record::Whole;
use crate::evidence::export::Package;
use crate::model::{CameraId, StreamKind, Wall};

/// What somebody wants beside the films.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wishes {
    /// The sound of each film as a WAV file.
    pub wav: bool,
    /// The recorded files themselves, byte for byte.
    pub originals: bool,
    /// Content credentials (C2PA) in each film.
    pub c2pa: bool,
    /// A still of each of these moments, beside those that every package has.
    pub stills: Vec<Wall>,
}

/// What a package is to be of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// The cameras.
    pub cameras: Vec<CameraId>,
    /// Which of their streams.
    pub stream: StreamKind,
    /// The first moment.
    pub from: Wall,
    /// The moment after the last.
    pub to: Wall,
    /// Why: who asked for it, and by which document.
    pub reason: String,
    /// Who makes it.
    pub by: String,
    /// Where it goes: a folder that is not there yet.
    pub out: PathBuf,
    /// What goes into it beside the films.
    pub wishes: Wishes,
}

impl Order {
    /// The order as the audit log tells it.
    pub fn detail(&self) -> Value {
        json!({
            "cameras": self.cameras, "stream": self.stream, "from": self.from, "to": self.to, "reason": self.reason,
            "wav": self.wishes.wav, "originals": self.wishes.originals, "c2pa": self.wishes.c2pa,
            "stills": self.wishes.stills,
        })
    }
}

/// Why there is no package.
#[derive(Debug, thiserror::Error)]
pub enum NotMade {
    /// Something is there already.
    #[error("{0}: đã có sẵn, hãy chọn thư mục khác / is there already, choose another folder")]
    Exists(String),
    /// An earlier try was cut off.
    #[error(
        "{0}: còn lại từ một lần xuất dở dang, hãy xóa rồi chạy lại / is left of an export that was cut off: remove it \
         and run again"
    )]
    HalfMade(String),
    /// Nothing of any of the cameras.
    #[error("không có hình nào được ghi trong khoảng này / nothing is recorded in this range")]
    Nothing,
    /// It would fill the disk.
    #[error(
        "cần khoảng {} MB mà ổ đĩa chỉ còn {} MB / about {} MB are needed and only {} MB are free",
        .needed >> 20, .free >> 20, .needed >> 20, .free >> 20
    )]
    NoRoom {
        /// Bytes.
        needed: u64,
        /// Bytes.
        free: u64,
    },
    /// It is not wanted any more, or the service stops.
    #[error("đã dừng giữa chừng / it was stopped half way")]
    Stopped,
    /// The disk or the database refuses.
    #[error("{0:#}")]
    Failed(#[from] anyhow::Error),
}

/// A package that is whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packed {
    /// What its manifest says.
    pub package: Package,
    /// Its size without the manifest.
    pub bytes: u64,
    /// The SHA-256 of its manifest.
    pub manifest: String,
}

impl Packed {
    /// As it goes on record; the package is to be removed at `gone_at`.
    pub fn on_record(&self, gone_at: Option<Wall>) -> Whole {
        let files = u64::try_from(self.package.files.len()).unwrap_or(u64::MAX);
        Whole { manifest: self.manifest.clone(), bytes: self.bytes, files, gone_at }
    }
}
