//! Playback: any moment of what was recorded, and what is recorded now, out of the files as they stand.
//!
//! Nothing is copied and nothing is coded anew. A playlist names ranges of the recorded files; one MP4 of a
//! range is a header made for it and then ranges of the recorded files; who watches live is given the
//! fragments as they are written.
//!
//! **Invariant:** reads only, beside the recording, and never makes it wait; what of a range is not there
//! is told, never passed over in silence.

mod files;

mod footage;

mod fragment;

mod groups;

mod live;

mod playlist;

mod still;

mod thumbs;

mod view;

pub use files::{Part, Sound, Unreadable, header_of, part};
pub use footage::{Recording, footage, footage_beside};
pub use groups::{BEHIND_MS, Group, Stretch, groups, groups_to_cut, stretches};
pub use live::{Bytes, FileRef, Hub, News, Watching};
pub use playlist::{Ending, playlist};
pub use still::{NoPicture, still};
pub use thumbs::{NoThumb, Thumbs};
pub use view::{Missing, View, ViewError};
