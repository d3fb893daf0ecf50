//! Pictures out of recorded files as they stand: the one that was on the screen at a moment. May block.
//!
//! Only what that picture needs is read and decoded, from the keyframe before it on.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::files::{Unreadable, header_of};
use super::fragment::{read_samples, read_table};
use super::{Group, Recording};
use crate::libav::{LibavError, Picture, PictureDecoder, VideoFormat};
use crate::model::Wall;
use crate::record::salvage::Fragment;
use crate::record::samples::MediaSample;

/// Why there is no picture.
#[derive(Debug, thiserror::Error)]
pub enum NoPicture {
    /// The recorded file cannot be read.
    #[error(transparent)]
    File(#[from] Unreadable),
    /// The disk refuses.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// It cannot be decoded.
    #[error(transparent)]
    Media(#[from] LibavError),
    /// There is none.
    #[error("no picture of that moment can be decoded")]
    Nothing,
}

/// A picture that is not decoded yet.
struct Coded {
    file: usize,
    sample: MediaSample,
    shown: Wall,
}

/// The pictures of a time line that one decoder takes, in the order of decoding.
#[derive(Default)]
struct Line {
    files: Vec<(PathBuf, File)>,
    format: Option<VideoFormat>,
    pictures: Vec<Coded>,
}

/// A JPEG, in its full size, of what was on the screen at `at`: the last picture that began by then, else the first.
/// `groups` of `recordings`, which lie below `storage`, are one time line.
///
/// # Errors
/// [`NoPicture`].
pub fn still(
    storage: &Path,
    recordings: &[Recording],
    groups: &[Group],
    at: Wall,
) -> Result<Vec<u8>, NoPicture> {
    let line = line(storage, recordings, groups, at)?;
    let first = line.pictures.first().ok_or(NoPicture::Nothing)?;
    let by_then = line.pictures.iter().enumerate().filter(|(_, picture)| picture.shown <= at);
    let (wanted, _) = by_then.max_by_key(|(_, picture)| picture.shown).unwrap_or((0, first));
    // What is decoded is named by its place in the order of showing.
    let places = places(&line.pictures);
    let wanted = places.get(wanted).copied().ok_or(NoPicture::Nothing)?;
    let units = line.pictures.iter().zip(&places).map(|(picture, place)| {
        let (_, file) = line.files.get(picture.file).ok_or(NoPicture::Nothing)?;
        let mut data = vec![0; usize::try_from(picture.sample.size).map_err(|_| NoPicture::Nothing)?];
        file.read_exact_at(&mut data, picture.sample.offset)?;
        Ok::<_, NoPicture>((*place, data))
    });
    let decoder = PictureDecoder::new(line.format.as_ref().ok_or(NoPicture::Nothing)?)?;
    // Of a damaged one the decoder shows the nearest.
    let found = decoder.find(units, wanted)?.ok_or(NoPicture::Nothing)?;
    Ok(found.into_jpeg()?)
}

/// Of each picture its place in the order of showing.
fn places(pictures: &[Coded]) -> Vec<i64> {
    let mut order: Vec<usize> = (0..pictures.len()).collect();
    order.sort_by_key(|at| pictures.get(*at).map(|picture| picture.shown));
    let mut places = vec![0; pictures.len()];
    for (place, at) in (0..).zip(order) {
        if let Some(of) = places.get_mut(at) {
            *of = place;
        }
    }
    places
}

/// The pictures from the last keyframe that is shown by `at` to the last that is decoded by then.
fn line(storage: &Path, recordings: &[Recording], groups: &[Group], at: Wall) -> Result<Line, NoPicture> {
    let first = groups.iter().rposition(|group| group.wall <= at).unwrap_or(0);
    // Pictures that are shown before the next keyframe may be sent behind it.
    let next = groups.get(first.saturating_add(1)).filter(|next| !next.leaps);
    let mut line = Line::default();
    for group in groups.get(first).into_iter().chain(next) {
        let recording = recordings.get(group.recording).ok_or(NoPicture::Nothing)?;
        match line.take(storage.join(&recording.row.path), recording, group, at) {
            // What is damaged behind a picture costs what is behind it.
            Err(e) if line.pictures.is_empty() => return Err(e),
            Err(_) => break,
            Ok(()) => {}
        }
    }
    Ok(line)
}

impl Line {
    /// Takes the pictures of a group that are decoded by `at`; the first one in any case.
    fn take(
        &mut self,
        path: PathBuf,
        recording: &Recording,
        group: &Group,
        at: Wall,
    ) -> Result<(), NoPicture> {
        let header = header_of(&path)?;
        if self.files.last().is_none_or(|(known, _)| *known != path) {
            let file = File::open(&path)?;
            self.files.push((path, file));
        }
        let of_file = self.files.len().saturating_sub(1);
        let Some((_, file)) = self.files.last() else { return Err(NoPicture::Nothing) };
        self.format.get_or_insert_with(|| header.format.clone());
        let table = if recording.is_growing { None } else { read_table(file, &recording.fragments) };
        for n in group.fragments.clone() {
            let known = table.as_ref().and_then(|table| table.get(n)).map(|(pictures, _)| pictures.clone());
            let pictures = match (known, recording.fragments.get(n)) {
                (Some(pictures), _) => pictures,
                (None, Some(fragment)) => read_samples(file, fragment, &header).ok_or(Unreadable::Damaged)?.0,
                (None, None) => break,
            };
            for sample in pictures {
                // What is decoded later is shown later.
                if recording.wall(sample.dts) > at && !self.pictures.is_empty() {
                    return Ok(());
                }
                let shown = recording.wall(sample.dts.saturating_add(sample.shown_after.into()));
                self.pictures.push(Coded { file: of_file, sample, shown });
            }
        }
        Ok(())
    }
}

/// The first picture of a fragment, which begins with a keyframe, at most `width` pixels wide and, as far as JPEG goes, of
/// at most `bytes` bytes.
///
/// # Errors
/// [`NoPicture`].
pub(super) fn small(
    path: &Path,
    fragment: &Fragment,
    width: u32,
    bytes: usize,
) -> Result<Vec<u8>, NoPicture> {
    let header = header_of(path)?;
    let file = File::open(path)?;
    let (pictures, _) = read_samples(&file, fragment, &header).ok_or(Unreadable::Damaged)?;
    let key = pictures.first().ok_or(NoPicture::Nothing)?;
    let mut data = vec![0; usize::try_from(key.size).map_err(|_| NoPicture::Nothing)?];
    file.read_exact_at(&mut data, key.offset)?;
    let mut decoder = PictureDecoder::new(&header.format)?;
    let mut jpeg = None;
    let mut keep = |picture: &Picture<'_>| {
        jpeg.get_or_insert_with(|| picture.jpeg_within(width, bytes));
    };
    decoder.decode(key.dts, &data, &mut keep)?;
    decoder.finish(&mut keep)?;
    Ok(jpeg.ok_or(NoPicture::Nothing)??)
}
