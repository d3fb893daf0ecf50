//! Follows the fragments of a file while it is made. Pure.
//!
//! Is given the muxer's bytes piece by piece, each of whole boxes, and knows where each fragment
//! begins and what is in it.

use super::boxes::{self, Tracks};
use super::salvage::Fragment;
use super::sample_table::{Both, TableMaker};
use super::samples::samples;

/// What of a growing file is whole.
#[derive(Default)]
pub(super) struct Growing {
    tracks: Option<Tracks>,
    offset: u64,
    /// A `moof` whose `mdat` has not come.
    open: Option<(u64, boxes::Moof, Vec<u8>)>,
    table: TableMaker,
    is_lossy: bool,
    fragments: Vec<Fragment>,
}

impl Growing {
    /// Takes the next bytes of the file.
    pub(super) fn take(&mut self, mut bytes: &[u8]) {
        while let Some((kind, head, Some(body))) = boxes::header(bytes) {
            let total = head.saturating_add(body);
            let (Ok(head), Ok(end)) = (usize::try_from(head), usize::try_from(total)) else { break };
            let (Some(content), Some(rest)) = (bytes.get(head..end), bytes.get(end..)) else { break };
            match (&kind, &self.tracks) {
                (b"moov", None) => self.tracks = boxes::tracks(content),
                (b"moof", Some(tracks)) => {
                    let moof = boxes::moof(content, tracks);
                    self.open = moof.map(|moof| (self.offset, moof, content.to_vec()));
                }
                (b"mdat", _) => {
                    if let Some((offset, moof, listed)) = self.open.take() {
                        let end = self.offset.saturating_add(total);
                        let both = self
                            .tracks
                            .as_ref()
                            .and_then(|tracks| both(&listed, offset, self.offset..end, tracks));
                        self.table.add(offset, both.as_ref());
                        let bytes = self.offset.saturating_add(total).saturating_sub(offset);
                        self.fragments.push(Fragment {
                            offset,
                            bytes,
                            video_start: moof.video_start,
                            video_duration: moof.video_duration,
                            frames: moof.frames,
                            keyframe: moof.keyframe,
                            has_sound: moof.has_sound,
                            is_lossy: std::mem::take(&mut self.is_lossy),
                        });
                    }
                }
                _ => {}
            }
            self.offset = self.offset.saturating_add(total);
            bytes = rest;
        }
        // What is not a whole box counts all the same, so that places stay right.
        self.offset = self.offset.saturating_add(bytes.len() as u64);
    }

    /// The samples of all fragments as a box, if there are any.
    pub(super) fn table(&self) -> Option<Vec<u8>> {
        self.table.to_box().filter(|_| !self.fragments.is_empty())
    }

    /// Packets were lost in the fragment that is being gathered.
    pub(super) fn lost(&mut self) {
        self.is_lossy = true;
    }

    /// The whole fragments that end at or before `bytes`, which is how far the file is written.
    pub(super) fn until(&self, bytes: u64) -> &[Fragment] {
        let whole = self.fragments.partition_point(|f| f.offset.saturating_add(f.bytes) <= bytes);
        self.fragments.get(..whole).unwrap_or_default()
    }
}

/// The pictures and the sounds of a fragment.
fn both(moof: &[u8], offset: u64, mdat: std::ops::Range<u64>, tracks: &Tracks) -> Option<Both> {
    let (mut pictures, mut sounds) = (Vec::new(), Vec::new());
    samples(moof, offset, &mdat, |track, sample| {
        if track == tracks.video {
            pictures.push(sample);
        } else if Some(track) == tracks.audio {
            sounds.push(sample);
        }
    })?;
    Some((pictures, sounds))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::libav::testing;
    use crate::record::salvage;

    #[test]
    fn a_growing_file_is_known_as_a_scan_of_the_whole_finds_it() {
        let folder = tempfile::tempdir().unwrap();
        let files = testing::record(&testing::footage("libx264", 2), folder.path(), "a", 2, true);
        let bytes = std::fs::read(&files[0].0).unwrap();
        let scan = salvage::scan(&files[0].0).unwrap().unwrap();
        let mut growing = Growing::default();
        // In the pieces in which the muxer gives it: the header, then fragment by fragment.
        let mut at = 0;
        for end in scan.fragments.iter().map(|f| f.offset as usize).chain([bytes.len()]) {
            growing.take(&bytes[at..end]);
            at = end;
        }
        assert_eq!(growing.until(u64::MAX), scan.fragments);
        let second_end = scan.fragments[1].offset + scan.fragments[1].bytes;
        assert_eq!(growing.until(second_end), &scan.fragments[..2]);
        assert_eq!(growing.until(second_end - 1), &scan.fragments[..1]);
    }
}
