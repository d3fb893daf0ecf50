//! What range, still and sound prove an incident; signing and checking.
//!
//! **Invariant:** every byte of evidence is named by a digest in a manifest that is signed, and
//! evidence is made from what was recorded, never from what passes by.

/// Cuts a clip out of recorded segments.
pub mod clip;

/// What an exported film says of itself to tools that know nothing of us (C2PA).
pub mod credentials;

/// Signed JSON.
pub mod envelope;

/// The signed list of what a package of footage holds.
pub mod export;

/// Decodes a whole file to prove that it plays.
pub mod inspect;

mod keeping;

mod maker;

/// The signed list of what proves an incident.
pub mod manifest;

mod range;

/// A part of a clip's sound as a WAV file.
pub mod sound;

/// The picture shown at a moment of a clip.
pub mod still;

/// What the province's receipts prove.
pub mod receipted;

mod shelf;

mod verify;

pub use keeping::forget_outdated;
pub use maker::{Job, Maker, Part};
pub use range::{Range, closing_clip, first_clip};
pub use shelf::{EVIDENCE_FILES, Found, folder_of, found, interrupted};
pub use verify::{CERTIFICATE_NAME, Verdict, is_plain, verify, verify_by};
