//! What a viewer of a live stream is given next. Pure but for [`Hub::read`], which reads the files.
//!
//! The recorder says which fragments are written ([`crate::record::OpenFile`]); a viewer gets them as they
//! stand in the file: first the header, then the keyframe group that is being recorded from its beginning,
//! then fragment after fragment. A new header comes with each file, and where the set of tracks changes,
//! which is at a keyframe: a player that expects sound waits for it, so a group that begins without sound
//! is given without its sound track. A viewer that cannot keep up misses what it cannot take, up to a
//! keyframe; nobody waits for it.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::watch;

use super::files::{Sound, header_of, part};
use crate::model::{CameraId, StreamKind, Wall};
use crate::record::salvage::Fragment;
use crate::record::{Archive, Growing, OpenFile};

/// A viewer that is this many fragments behind, about six seconds, goes on at the newest keyframe.
const MOST_BEHIND: usize = 12;

/// Where one viewer stands in one stream.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Watching {
    /// The file that was given last.
    counter: Option<i64>,
    /// How many of its fragments were given, or passed over.
    given: usize,
    /// Whether what is given has sound; none before anything was.
    sound: Option<bool>,
}

/// What is to be given to a viewer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// A header: what follows is of this file, with these tracks.
    Init {
        /// The file.
        file: FileRef,
        /// How long its header is.
        bytes: u64,
        /// Whether it is with the sound track.
        sound: bool,
    },
    /// A fragment.
    Fragment {
        /// The file it is in.
        file: FileRef,
        /// Where, and what it holds.
        fragment: Fragment,
        /// When its first picture is shown, or where its pictures would be if it has none, 1/90000 s since the
        /// connection's zero.
        start: i64,
        /// The wall clock at its first picture.
        wall: Wall,
        /// Whether it is with its sound.
        sound: bool,
        /// Whether the viewer missed what was before it.
        skipped: bool,
    },
}

/// A file that is read for viewers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileRef {
    /// Below the storage path.
    pub path: String,
    /// The camera's connection: times run on within one.
    pub run: i64,
    /// Such as `h264 640x360`.
    pub video: String,
}

impl Watching {
    /// What comes next, given what is written by now; nothing if that was given already.
    pub fn next(&mut self, growing: &Growing) -> Vec<News> {
        let mut news = Vec::new();
        // What the file before still had when it ended.
        if let Some(before) =
            growing.before.as_ref().filter(|before| self.counter == Some(before.row.counter))
        {
            self.take(before, &mut news);
        }
        if let Some(open) = &growing.open {
            self.take(open, &mut news);
        }
        news
    }

    fn take(&mut self, file: &OpenFile, news: &mut Vec<News>) {
        let fragments = &file.fragments;
        let newest_key = fragments.iter().rposition(|fragment| fragment.keyframe);
        let is_new_file = self.counter != Some(file.row.counter);
        let mut skipped = false;
        if is_new_file {
            // A file begins with a keyframe; who comes new begins with the newest one.
            self.given = if self.counter.is_none() { newest_key.unwrap_or(0) } else { 0 };
            self.counter = Some(file.row.counter);
        }
        if let Some(key) = newest_key.filter(|key| *key > self.given)
            && fragments.len().saturating_sub(self.given) > MOST_BEHIND
        {
            (self.given, skipped) = (key, true);
        }
        let mut needs_header = is_new_file;
        let header_bytes = fragments.first().map_or(0, |first| first.offset);
        let source =
            FileRef { path: file.row.path.clone(), run: file.row.run, video: file.row.video.clone() };
        let passed = fragments.get(..self.given).unwrap_or_default();
        let mut start = passed.iter().rev().find_map(end_of).unwrap_or(file.row.media_start);
        for fragment in fragments.get(self.given..).unwrap_or_default() {
            start = fragment.video_start.unwrap_or(start);
            if fragment.keyframe && self.sound != Some(fragment.has_sound) {
                (self.sound, needs_header) = (Some(fragment.has_sound), true);
            }
            let Some(sound) = self.sound else { continue };
            if std::mem::take(&mut needs_header) {
                news.push(News::Init { file: source.clone(), bytes: header_bytes, sound });
            }
            news.push(News::Fragment {
                file: source.clone(),
                wall: wall(file, start),
                fragment: fragment.clone(),
                start,
                sound,
                skipped: std::mem::take(&mut skipped),
            });
            start = start.saturating_add(fragment.video_duration);
        }
        self.given = fragments.len();
    }
}

/// Where a fragment's pictures end.
fn end_of(fragment: &Fragment) -> Option<i64> {
    Some(fragment.video_start?.saturating_add(fragment.video_duration))
}

fn wall(file: &OpenFile, start: i64) -> Wall {
    file.start.plus_millis(start.saturating_sub(file.row.media_start).div_euclid(90))
}

/// Where viewers find what is recorded now.
#[derive(Debug, Clone)]
pub struct Hub {
    archive: Arc<Archive>,
}

/// What one piece of news is in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bytes {
    /// The codecs, for a header: `avc1.64001f,mp4a.40.2`.
    pub codecs: Option<String>,
    /// The boxes.
    pub bytes: Vec<u8>,
}

impl Hub {
    /// Over the archive.
    pub fn new(archive: Arc<Archive>) -> Self {
        Self { archive }
    }

    /// What is being written of a stream, now and as it grows.
    pub fn growing(&self, camera: &CameraId, stream: StreamKind) -> watch::Receiver<Growing> {
        self.archive.growing(camera, stream)
    }

    /// The bytes of some news, read from the file; none where it cannot be read any more, or is damaged.
    pub async fn read(&self, news: &News) -> Option<Bytes> {
        let (file, range, sound) = match news {
            News::Init { file, bytes, sound } => (file, 0..*bytes, *sound),
            News::Fragment { file, fragment, sound, .. } => {
                let end = fragment.offset.saturating_add(fragment.bytes);
                (file, fragment.offset..end, *sound)
            }
        };
        let path: PathBuf = self.archive.storage().join(&file.path);
        let is_header = matches!(news, News::Init { .. });
        let read = tokio::task::spawn_blocking(move || {
            let part = part(&path, range, if sound { Sound::Kept } else { Sound::Left })?;
            let codecs = if is_header { Some(header_of(&path)?.codecs(sound)) } else { None };
            Ok::<_, super::Unreadable>(Bytes { codecs, bytes: part.bytes })
        });
        match read.await {
            Ok(Ok(bytes)) => Some(bytes),
            Ok(Err(e)) => {
                tracing::warn!(path = file.path, "a viewer cannot be given a fragment: {e}");
                None
            }
            Err(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{SegmentRow, test_row};

    fn file(n: i64, halves: i64, sound: fn(i64) -> bool) -> OpenFile {
        let row = SegmentRow { counter: n, ..test_row(n) };
        let fragments = (0..halves).map(|half| Fragment {
            offset: 1000 + half.unsigned_abs() * 100,
            bytes: 100,
            video_start: Some(row.media_start + half * 45_000),
            video_duration: 45_000,
            frames: 5,
            keyframe: half % 4 == 0,
            has_sound: sound(half),
            is_lossy: false,
        });
        OpenFile { fragments: fragments.collect(), start: row.start, row: Arc::new(row) }
    }

    fn open(file: OpenFile) -> Growing {
        Growing { open: Some(file), before: None }
    }

    /// `i` a header without sound, `I` one with it, fragments by their half second, `!` what was missed.
    fn told(news: &[News]) -> String {
        let each = news.iter().map(|news| match news {
            News::Init { sound, .. } => if *sound { "I" } else { "i" }.to_owned(),
            News::Fragment { fragment, skipped, .. } => {
                format!("{}{}", if *skipped { "!" } else { "" }, (fragment.offset - 1000) / 100)
            }
        });
        each.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_viewer_begins_with_the_group_that_is_recorded_and_gets_each_fragment_once() {
        let mut watching = Watching::default();
        assert_eq!(told(&watching.next(&Growing::default())), "");
        assert_eq!(told(&watching.next(&open(file(1, 7, |_| true)))), "I 4 5 6");
        assert_eq!(told(&watching.next(&open(file(1, 7, |_| true)))), "");
        let news = watching.next(&open(file(1, 9, |_| true)));
        assert_eq!(told(&news), "7 8");
        let News::Fragment { wall, .. } = &news[0] else { panic!() };
        assert_eq!(wall.millis_since(test_row(1).start), 3500);
    }

    #[test]
    fn what_a_file_still_had_when_the_next_began_is_given_first() {
        let mut watching = Watching::default();
        watching.next(&open(file(1, 7, |_| true)));
        let growing = Growing { open: Some(file(2, 2, |_| true)), before: Some(file(1, 9, |_| true)) };
        assert_eq!(told(&watching.next(&growing)), "7 8 I 0 1");
        // Who comes new is not given what is over.
        assert_eq!(told(&Watching::default().next(&growing)), "I 0 1");
        let between = Growing { open: None, before: growing.open };
        assert_eq!(told(&watching.next(&between)), "");
    }

    #[test]
    fn sound_that_begins_or_ends_is_told_by_a_header_at_the_next_keyframe() {
        let mut watching = Watching::default();
        let sounds = |half| !(2..6).contains(&half);
        assert_eq!(told(&watching.next(&open(file(1, 12, sounds)))), "I 8 9 10 11");
        let mut watching = Watching { counter: Some(1), given: 0, sound: Some(true) };
        assert_eq!(told(&watching.next(&open(file(1, 10, sounds)))), "0 1 2 3 i 4 5 6 7 I 8 9");
    }

    #[test]
    fn a_viewer_that_is_far_behind_goes_on_at_the_newest_keyframe() {
        let mut watching = Watching::default();
        watching.next(&open(file(1, 2, |_| true)));
        assert_eq!(told(&watching.next(&open(file(1, 30, |_| true)))), "!28 29");
        // With keyframes far apart there is nothing nearer to go on with.
        let mut long = file(1, 30, |_| true);
        long.fragments.iter_mut().skip(1).for_each(|fragment| fragment.keyframe = false);
        let mut watching = Watching { counter: Some(1), given: 10, sound: Some(true) };
        assert_eq!(watching.next(&open(long)).len(), 20);
    }
}
