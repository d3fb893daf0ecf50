//! Who signs for a centre, and what it knows of the clock.

use std::sync::Arc;

use tokio::sync::watch;

use super::{Link, Stated};
use crate::evidence::envelope::SignerFacts;
use crate::model::{CentreId, ClockState, Now};
use crate::wire::{Malformed, Signer};

/// The software and its version, as documents state it.
pub const SOFTWARE: &str = concat!("quaywatch ", env!("CARGO_PKG_VERSION"));

/// Signs documents. Clones share the key.
#[derive(Debug, Clone)]
pub struct Sealer {
    /// The centre.
    pub centre: CentreId,
    /// Its key.
    pub signer: Arc<Signer>,
    /// How far the clock can be believed.
    pub clock: watch::Receiver<ClockState>,
}

impl Sealer {
    /// What a document at this place states.
    ///
    /// # Errors
    /// [`Malformed`] if the key cannot be written.
    pub fn stated(&self, link: Link, now: Now) -> Result<Stated, Malformed> {
        Ok(Stated {
            link,
            centre: self.centre.clone(),
            made_at: now.wall,
            running_ms: running_ms(now),
            clock: *self.clock.borrow(),
            software: SOFTWARE.to_owned(),
            signer: SignerFacts::of(&self.signer)?,
        })
    }
}

/// Milliseconds since the service began.
pub fn running_ms(now: Now) -> u64 {
    u64::try_from(now.mono.0.as_millis()).unwrap_or(u64::MAX)
}
