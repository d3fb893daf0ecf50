//! Which pictures and sounds are not decoded where decoding cannot keep up. Pure.
//!
//! What is seen or heard late is of no use: an incident would be flagged minutes after it began. So whoever
//! is too far behind passes over everything up to a keyframe, or a sound, that has just come.

use std::time::Duration;

/// Further behind than this, everything is passed over.
const TOO_FAR: Duration = Duration::from_secs(3);

/// As close as this, it is decoded again, pictures from a keyframe on.
const CLOSE: Duration = Duration::from_secs(1);

/// Decides for one stream.
#[derive(Debug, Clone, Default)]
pub(super) struct CatchingUp {
    passes_over: bool,
}

impl CatchingUp {
    /// Whether to decode what came `behind` ago; `is_key`: it can be decoded without what was before it.
    pub fn decodes(&mut self, is_key: bool, behind: Duration) -> bool {
        if behind > TOO_FAR {
            self.passes_over = true;
        } else if is_key && behind <= CLOSE {
            self.passes_over = false;
        }
        !self.passes_over
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_is_too_far_behind_goes_on_at_a_keyframe_that_just_came() {
        let mut stream = CatchingUp::default();
        let mut decodes = |is_key, behind_ms| stream.decodes(is_key, Duration::from_millis(behind_ms));
        assert!(decodes(true, 0) && decodes(false, 2900), "a little late is not too late");
        assert!(!decodes(false, 3100));
        assert!(!decodes(true, 2000), "this keyframe is old, a newer one waits behind it");
        assert!(!decodes(false, 400), "without its keyframe it cannot be decoded");
        assert!(decodes(true, 300) && decodes(false, 300));
    }
}
