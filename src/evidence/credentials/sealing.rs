//! Puts content credentials into a film while it is written.

use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::ops::Range;

use c2pa::{Builder, Context};
use serde_json::{Value, json};

use super::{Credentials, FOOTAGE, Facts, LEAF_BYTES, LEAF_KIB, MP4, settings};

/// Of a manifest beside the hashes and the certificates.
const AROUND: u64 = 8192;

/// Of a hash in a manifest.
const OF_A_LEAF: u64 = 36;

/// The smallest box.
const BOX_HEADER: u64 = 8;

/// Why a film has no content credentials.
#[derive(Debug, thiserror::Error)]
pub enum NotSealed {
    /// It cannot have any: it stays as it is.
    #[error("{0}")]
    Unfit(String),
    /// Something could not be read or written.
    #[error("{0}")]
    Disk(#[from] io::Error),
}

impl From<c2pa::Error> for NotSealed {
    fn from(e: c2pa::Error) -> Self {
        match e {
            c2pa::Error::IoError(e) => Self::Disk(e),
            e => Self::Unfit(e.to_string()),
        }
    }
}

/// The content credentials of a film that is being written.
pub struct Sealing(Builder);

impl Sealing {
    /// Begins those of a film; `name` is the file's.
    ///
    /// # Errors
    /// [`NotSealed`] if the certificates do not fit.
    pub fn begin(facts: &Facts, name: &str, credentials: Credentials) -> Result<Self, NotSealed> {
        let context = Context::new().with_settings(settings(None)?)?.with_signer(credentials);
        let mut builder = Builder::from_context(context).with_definition(definition(facts, name))?;
        builder.placeholder(MP4)?;
        builder.set_bmff_hash_fixed_leaf_size(LEAF_KIB);
        Ok(Self(builder))
    }

    /// So much room is enough for the credentials of a film of so many bytes of media.
    pub fn room(media: u64, credentials: &Credentials) -> u64 {
        let chain = u64::try_from(credentials.chain_bytes()).unwrap_or(u64::MAX);
        let leaves = media.div_ceil(LEAF_BYTES);
        leaves.saturating_mul(OF_A_LEAF).saturating_add(chain).saturating_add(AROUND)
    }

    /// Takes the next bytes of the content of the film's one `mdat`, which has a 64-bit length.
    ///
    /// # Errors
    /// [`NotSealed`] if it cannot be hashed.
    pub fn media(&mut self, bytes: &[u8]) -> Result<(), NotSealed> {
        self.0.hash_bmff_mdat_bytes(0, bytes, true)?;
        Ok(())
    }

    /// Signs the film, all of which is written, and puts the manifest into its `free` box at `room`. Reads everything but
    /// the media; the caller syncs.
    ///
    /// # Errors
    /// [`NotSealed`]; the film is as it was if it is unfit.
    pub fn put(mut self, file: &mut File, room: &Range<u64>) -> Result<(), NotSealed> {
        self.0.update_hash_from_stream(MP4, file)?;
        let manifest = self.0.sign_embeddable(MP4)?;
        let bytes = u64::try_from(manifest.len()).unwrap_or(u64::MAX);
        let rest = room.end.saturating_sub(room.start).checked_sub(bytes);
        let rest = rest.filter(|rest| *rest == 0 || *rest >= BOX_HEADER);
        let rest = rest.and_then(|rest| u32::try_from(rest).ok());
        let rest = rest
            .ok_or_else(|| NotSealed::Unfit(format!("{bytes} bytes do not fit into the room at {room:?}")))?;
        if rest > 0 {
            file.seek(SeekFrom::Start(room.start.saturating_add(bytes)))?;
            file.write_all(&rest.to_be_bytes())?;
            file.write_all(b"free")?;
        }
        file.seek(SeekFrom::Start(room.start))?;
        Ok(file.write_all(&manifest)?)
    }
}

/// What the manifest says: made by a camera, by our software, and [`Facts`].
fn definition(facts: &Facts, title: &str) -> Value {
    json!({
        "claim_generator_info": [{ "name": "quaywatch", "version": env!("CARGO_PKG_VERSION") }],
        "title": title,
        "format": MP4,
        "assertions": [
            {
                "label": "c2pa.actions.v2",
                "created": true,
                "data": { "allActionsIncluded": true, "actions": [{
                    "action": "c2pa.created",
                    "when": facts.from,
                    "digitalSourceType": "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture",
                }] },
            },
            { "label": FOOTAGE, "created": true, "kind": "Json", "data": facts },
        ],
    })
}
