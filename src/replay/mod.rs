//! The camera's own perception and rules over a media file or over its recordings: faster than real
//! time, and the same result every time.
//!
//! The time of the media takes the place of both clocks: `mono` is the time since the first frame,
//! `wall` begins where the command line says. Pictures, sound and seconds are taken one after the
//! other in their order, on one thread; nothing is dropped, because nobody waits. **Invariant:**
//! what is decided here is decided by the same eye, ear and rules as in the live service.
//!
//! A media file stands for the stream that is looked at: up to 5 pictures a second, as of a sub
//! stream. Of recordings, the sub stream is looked at where there is one, else the keyframes of
//! main, as the live service does; sound is of main. The rules are the camera's own; those about
//! the box itself are not run. A rule that has to learn the room does so from the beginning.

mod boxes;

mod flags;

mod lane;

mod recordings;

mod report;

mod reel;

mod run;

mod senses;

mod trace;

mod words;

pub use boxes::Boxes;
pub use flags::in_json;
pub use recordings::{Recordings, gather};
pub use reel::{Piece, Reel};
pub use report::{Folder, Report};
pub use run::{Replay, Replayed, first_open_minute};
pub use trace::Trace;
pub use words::table;
