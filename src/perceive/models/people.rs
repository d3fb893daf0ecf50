//! Who is in a picture: NanoDet-g.
//!
//! A network is optimised for one size. Cameras of one shape share it; other sizes are made when they
//! are first seen, which takes a tenth of a second, and of more than a few the one that was not used
//! for longest goes.

use std::sync::{Arc, Mutex, PoisonError};

use super::ModelError;
use super::boxes::{self, BOX, Found, Grid, KINDS, STRIDES};
use super::files::ModelFile;
use super::letterbox::{Letterbox, to_usize};
use super::network::{Network, Outline, Runtime};

/// How many sizes are kept: 16:9, 4:3 and 5:4, and one that is odd. Each takes about 30 MB.
const MOST_SIZES: usize = 4;

/// What the network was trained to take off and divide by, blue, green and red.
const NORMAL: [(f32, f32); 3] = [(103.53, 57.375), (116.28, 57.12), (123.675, 58.395)];

/// Finds people. A clone is the same network.
#[derive(Clone)]
pub struct PeopleNet {
    inner: Arc<Inner>,
}

struct Inner {
    /// The model, for sizes that come later: its file may be another one by then.
    bytes: Vec<u8>,
    runtime: Runtime,
    lanes: usize,
    /// What each byte becomes, for each colour.
    tables: [Vec<f32>; 3],
    /// By size, the one that was used last at the end.
    sizes: Mutex<Vec<((u32, u32), Network)>>,
}

impl PeopleNet {
    /// Loads it for the usual size, 16:9.
    pub(super) fn load(file: ModelFile, runtime: Runtime, lanes: usize) -> Result<Self, ModelError> {
        let tables = NORMAL
            .map(|(mean, spread)| (0..=u8::MAX).map(|value| (f32::from(value) - mean) / spread).collect());
        let inner = Inner { bytes: file.read()?, runtime, lanes, tables, sizes: Mutex::default() };
        inner.network(&Letterbox::of(16, 9))?;
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The letterbox for a picture of this size; see [`Letterbox::of`].
    pub fn size_for(width: u32, height: u32) -> Letterbox {
        Letterbox::of(width, height)
    }

    /// Everyone whose score is at least `min_score`, the surest first, in 0..1 of the whole picture.
    ///
    /// `pixels` are blue, green, red, row by row, as large as the letterbox; what is not content is 0.
    ///
    /// # Errors
    /// If `pixels` are not of the letterbox, or the network does not answer.
    pub fn find(
        &self,
        pixels: &[u8],
        letterbox: &Letterbox,
        min_score: f32,
    ) -> Result<Vec<Found>, ModelError> {
        if pixels.len() != letterbox.bytes() || !letterbox.is_sound() {
            let wanted = letterbox.bytes();
            return Err(ModelError::Input { what: "a picture", got: pixels.len(), wanted });
        }
        let network = self.inner.network(letterbox)?;
        let outputs = network.run(&[&self.inner.normalised(pixels)])?;
        let (scores, edges) = outputs.split_at(STRIDES.len());
        let grids: Vec<_> = STRIDES
            .iter()
            .zip(scores.iter().zip(edges))
            .map(|(stride, (scores, boxes))| Grid { stride: *stride, scores, boxes })
            .collect();
        Ok(boxes::people(&grids, letterbox, min_score))
    }
}

impl Inner {
    /// The network for this size, made if there is none.
    fn network(&self, letterbox: &Letterbox) -> Result<Network, ModelError> {
        let size = (letterbox.width, letterbox.height);
        let mut sizes = self.sizes.lock().unwrap_or_else(PoisonError::into_inner);
        let network = match sizes.iter().position(|(known, _)| *known == size) {
            Some(at) => sizes.remove(at).1,
            None => {
                if sizes.len() >= MOST_SIZES {
                    sizes.remove(0);
                }
                self.runtime.open(&self.bytes, outline(letterbox), self.lanes)?
            }
        };
        sizes.push((size, network.clone()));
        Ok(network)
    }

    /// Plane by plane, as the network takes it.
    fn normalised(&self, pixels: &[u8]) -> Vec<f32> {
        let plane = |(colour, table): (usize, &Vec<f32>)| {
            let values = pixels.iter().skip(colour).step_by(NORMAL.len());
            values
                .map(|value| table.get(usize::from(*value)).copied().unwrap_or_default())
                .collect::<Vec<_>>()
        };
        self.tables.iter().enumerate().flat_map(plane).collect()
    }
}

/// What goes into the network and comes out of it at this size.
pub(super) fn outline(letterbox: &Letterbox) -> Outline {
    let cells = |stride: u32| to_usize(letterbox.width / stride) * to_usize(letterbox.height / stride);
    let port = |name: &'static str, stride: u32, numbers: usize| (name, vec![1, cells(stride), numbers]);
    let [fine, middle, coarse] = STRIDES;
    Outline {
        inputs: vec![("image", vec![1, 3, to_usize(letterbox.height), to_usize(letterbox.width)])],
        outputs: vec![
            port("scores_8", fine, KINDS),
            port("scores_16", middle, KINDS),
            port("scores_32", coarse, KINDS),
            port("boxes_8", fine, BOX),
            port("boxes_16", middle, BOX),
            port("boxes_32", coarse, BOX),
        ],
    }
}
