//! What range, still and sound prove an incident.

/// Cuts a clip out of recorded segments.
pub mod clip;

/// The picture shown at a moment of a clip.
pub mod still;

/// A part of a clip's sound as a WAV file.
pub mod sound;

/// Decodes a whole file to prove that it plays.
pub mod inspect;
