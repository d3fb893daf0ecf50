//! Whether the link to the province is up, and since when it is so.

use crate::model::Now;

/// How the link is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Connected {
    /// Whether the broker takes what we say.
    pub is_up: bool,
    /// Since when it is, or is not.
    pub since: Now,
}

impl Connected {
    /// Not yet.
    pub fn not_yet(now: Now) -> Self {
        Self { is_up: false, since: now }
    }

    /// Takes what was seen; gives whether that is news.
    pub(super) fn turn(&mut self, is_up: bool, now: Now) -> bool {
        let is_news = self.is_up != is_up;
        if is_news {
            *self = Self { is_up, since: now };
        }
        is_news
    }
}
