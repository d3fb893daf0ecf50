//! The lists of files that an hour's document names. Pure.

use std::collections::BTreeMap;
use std::fmt::Write;

use sha2::{Digest, Sha256};

use super::List;
use crate::model::{CameraId, StreamKind, Wall};
use crate::record::{Complete, GoneFile};

/// A list and its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Listed {
    pub list: List,
    pub text: String,
}

/// What was recorded: `<digest>  <path>` a line, as `sha256sum` writes it, a list a stream.
pub(super) fn recorded(files: &[(Complete, String)]) -> Vec<Listed> {
    let mut lists = Lists::default();
    for (file, digest) in files {
        let key = (file.camera.clone(), file.stream, None);
        lists.add(key, (file.from, file.to), file.bytes, format_args!("{digest}  {}", file.path));
    }
    lists.finish()
}

/// What went: a path a line, a list a stream and reason.
pub(super) fn gone(files: &[GoneFile]) -> Vec<Listed> {
    let mut lists = Lists::default();
    for file in files {
        let key = (file.camera.clone(), file.stream, Some(file.reason.clone()));
        lists.add(key, (file.from, file.to), file.bytes, format_args!("{}", file.path));
    }
    lists.finish()
}

/// SHA-256 of a list's text, hexadecimal.
pub(super) fn digest(text: &str) -> String {
    hex::encode(Sha256::digest(text.as_bytes()))
}

type Key = (CameraId, StreamKind, Option<String>);

#[derive(Default)]
struct Lists(BTreeMap<Key, (Wall, Wall, u64, u64, String)>);

impl Lists {
    fn add(&mut self, key: Key, (from, to): (Wall, Wall), bytes: u64, line: std::fmt::Arguments<'_>) {
        let (first, last, files, sum, text) = self.0.entry(key).or_insert((from, to, 0, 0, String::new()));
        *first = (*first).min(from);
        *last = (*last).max(to);
        *files = files.saturating_add(1);
        *sum = sum.saturating_add(bytes);
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{line}");
    }

    fn finish(self) -> Vec<Listed> {
        let listed = |((camera, stream, reason), (from, to, files, bytes, text)): (Key, _)| {
            let text: String = text;
            let list = List { camera, stream, reason, from, to, files, bytes, sha256: digest(&text) };
            Listed { list, text }
        };
        self.0.into_iter().map(listed).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> Wall {
        Wall::from_millis(minute * 60_000)
    }

    fn complete(camera: &str, minute: i64) -> (Complete, String) {
        let file = Complete {
            counter: minute,
            camera: CameraId::new(camera).unwrap(),
            stream: StreamKind::Main,
            path: format!("video/{camera}/{minute}.mp4"),
            from: at(minute),
            to: at(minute + 1),
            bytes: 10,
            sha256: None,
        };
        (file, "ab".repeat(32))
    }

    #[test]
    fn what_was_recorded_is_a_list_a_stream_that_sha256sum_reads() {
        let lists = recorded(&[complete("hall", 3), complete("gate", 1), complete("gate", 2)]);
        let [gate, hall] = &lists[..] else { panic!("{lists:?}") };
        let digest_of = "ab".repeat(32);
        assert_eq!(gate.text, format!("{digest_of}  video/gate/1.mp4\n{digest_of}  video/gate/2.mp4\n"));
        assert_eq!((gate.list.files, gate.list.bytes, gate.list.from, gate.list.to), (2, 20, at(1), at(3)));
        assert_eq!(gate.list.sha256, hex::encode(Sha256::digest(&gate.text)));
        assert_eq!((hall.list.camera.as_str(), hall.list.files), ("hall", 1));
    }

    #[test]
    fn what_went_is_a_list_a_stream_and_reason() {
        let went = |minute, reason: &str| {
            let (file, _) = complete("gate", minute);
            GoneFile {
                camera: file.camera,
                stream: file.stream,
                path: file.path,
                from: file.from,
                to: file.to,
                bytes: file.bytes,
                reason: reason.to_owned(),
            }
        };
        let lists = gone(&[went(1, "age"), went(2, "space"), went(3, "age")]);
        let reasons: Vec<_> =
            lists.iter().map(|one| (one.list.reason.as_deref(), one.text.as_str())).collect();
        let expected =
            [(Some("age"), "video/gate/1.mp4\nvideo/gate/3.mp4\n"), (Some("space"), "video/gate/2.mp4\n")];
        assert_eq!(reasons, expected);
    }
}
