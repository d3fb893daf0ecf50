//! Cameras over RTSP: access units in, as they come.
//!
//! **Invariant:** one camera never blocks or disturbs another, and no camera's account is locked by
//! trying a refused password again and again.

mod decode_order;

mod keyframe;

mod link;

mod measure;

mod reorder;

mod rtsp;

mod unit;

pub use decode_order::DecodeOrder;
pub use keyframe::Keyframe;
pub use link::{Action, CameraState, Failure, Input, Link};
pub use measure::{CameraClock, Measure, Measured};
pub use rtsp::{OpenError, Session, StreamAddress, open};
pub use unit::{SenderReport, SoundFormat, SoundUnit, Tracks, Unit, VideoUnit};
