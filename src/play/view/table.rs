//! The sample tables of one track of a view, made sample by sample. Pure.
//!
//! Times are the view's own: ticks of the track, zero where the view's zero is. What is kept grows by four
//! bytes a sample and some twenty a chunk, so that six hours need a few megabytes.

use mp4_atom::{Ctts, CttsEntry, Stsc, StscEntry, Stss, Stsz, StszSamples, Stts, SttsEntry};

use crate::record::samples::MediaSample;

/// Samples that stand one behind the other in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Chunk {
    /// Which file.
    pub(super) file: usize,
    /// Where in it.
    pub(super) offset: u64,
    /// How many bytes.
    pub(super) bytes: u64,
    /// How many samples.
    pub(super) samples: u32,
}

/// One track's tables.
#[derive(Debug, Clone, Default)]
pub(super) struct Table {
    /// When the first sample is decoded.
    pub(super) first: i64,
    /// When the last one is.
    pub(super) last: i64,
    /// How long the last one lasts.
    last_duration: u32,
    times: Vec<SttsEntry>,
    shifts: Vec<CttsEntry>,
    sizes: Vec<u32>,
    keys: Vec<u32>,
    pub(super) chunks: Vec<Chunk>,
}

impl Table {
    pub(super) fn is_empty(&self) -> bool {
        self.sizes.is_empty()
    }

    /// When the last sample is over.
    pub(super) fn end(&self) -> i64 {
        self.last.saturating_add(i64::from(self.last_duration))
    }

    /// Adds a sample of `file` that is decoded at `dts`, which must be later than the one before.
    pub(super) fn push(&mut self, file: usize, dts: i64, sample: &MediaSample) {
        if self.sizes.is_empty() {
            self.first = dts;
        } else {
            // From the distance, so that a real pause between two samples stays one.
            let apart = u32::try_from(dts.saturating_sub(self.last)).unwrap_or(self.last_duration);
            self.lasts(apart);
        }
        (self.last, self.last_duration) = (dts, sample.duration);
        let shift = i64::from(sample.shown_after);
        match self.shifts.last_mut().filter(|run| run.sample_offset == shift) {
            Some(run) => run.sample_count = run.sample_count.saturating_add(1),
            None => self.shifts.push(CttsEntry { sample_count: 1, sample_offset: shift }),
        }
        self.sizes.push(sample.size);
        if sample.is_key {
            self.keys.push(u32::try_from(self.sizes.len()).unwrap_or(u32::MAX));
        }
        let follows = |chunk: &&mut Chunk| chunk.file == file && chunk.offset + chunk.bytes == sample.offset;
        match self.chunks.last_mut().filter(follows) {
            Some(chunk) => {
                chunk.bytes = chunk.bytes.saturating_add(sample.size.into());
                chunk.samples = chunk.samples.saturating_add(1);
            }
            None => {
                let bytes = sample.size.into();
                self.chunks.push(Chunk { file, offset: sample.offset, bytes, samples: 1 });
            }
        }
    }

    fn lasts(&mut self, ticks: u32) {
        match self.times.last_mut().filter(|run| run.sample_delta == ticks) {
            Some(run) => run.sample_count = run.sample_count.saturating_add(1),
            None => self.times.push(SttsEntry { sample_count: 1, sample_delta: ticks }),
        }
    }

    /// Ends the table: the last sample lasts as long as it says of itself.
    pub(super) fn close(&mut self) {
        if !self.sizes.is_empty() {
            self.lasts(self.last_duration);
        }
    }

    pub(super) fn stts(&mut self) -> Stts {
        Stts { entries: std::mem::take(&mut self.times) }
    }

    /// None where everything is shown when it is decoded.
    pub(super) fn ctts(&mut self) -> Option<Ctts> {
        let is_needed = self.shifts.iter().any(|run| run.sample_offset != 0);
        is_needed.then(|| Ctts { entries: std::mem::take(&mut self.shifts) })
    }

    pub(super) fn stss(&mut self) -> Stss {
        Stss { entries: std::mem::take(&mut self.keys) }
    }

    pub(super) fn stsz(&mut self) -> Stsz {
        Stsz { samples: StszSamples::Different { sizes: std::mem::take(&mut self.sizes) } }
    }

    pub(super) fn stsc(&self) -> Stsc {
        let mut entries: Vec<StscEntry> = Vec::new();
        for (n, chunk) in (1u32..).zip(&self.chunks) {
            if entries.last().is_none_or(|last| last.samples_per_chunk != chunk.samples) {
                let samples_per_chunk = chunk.samples;
                entries.push(StscEntry { first_chunk: n, samples_per_chunk, sample_description_index: 1 });
            }
        }
        Stsc { entries }
    }
}
