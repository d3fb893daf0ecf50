//! Which rule cries wolf, and which threshold would not: by what people said of its incidents.
//!
//! Nothing is changed here. A threshold that looks better is tried over the recordings of the very incidents that
//! people judged (`trial`), by the same perception and rules, one at a time and behind everything that records; whoever
//! answers for the rules writes it into the configuration.

mod measure;

mod suggest;

mod judged;

mod trial;

mod trials;

pub use judged::{Judged, Outcome};
pub use measure::Measure;
pub use suggest::{Point, Suggestion, suggest};
pub use trial::{Window, with_threshold};
pub use trials::{Seen, State, Trial, Trials};
