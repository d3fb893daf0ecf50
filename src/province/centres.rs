//! Whether a centre is alive, slow, late or silent, from its last status and its age. Pure.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use crate::model::{CentreId, Wall};
use crate::wire::Presence;

/// A centre writes its status about once a minute; two may be lost.
const ALIVE_MS: i64 = 150_000;
const LATE_MS: i64 = 300_000;

/// How a centre stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// Its status is fresh.
    Alive,
    /// Its status is fresh, and what waits there has waited long: the link is slow, or was away.
    Slow,
    /// Its status is overdue.
    Late,
    /// Nothing is known of it, or it said that it went.
    Silent,
}

/// How each centre stands.
pub type Standings = BTreeMap<CentreId, Standing>;

/// The last word of a centre.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heard {
    /// What it said.
    pub presence: Presence,
    /// When, by our clock.
    pub at: Wall,
}

/// What has waited there for longer than this makes a centre slow.
const SLOW_MS: i64 = 15 * 60_000;

/// How a centre stands at `now`, and since when it was not heard of if it is silent. `oldest` is since when
/// something waits there, as it says itself.
pub fn standing(heard: Option<Heard>, oldest: Option<Wall>, now: Wall) -> (Standing, Option<Wall>) {
    let Some(heard) = heard else { return (Standing::Silent, None) };
    let age_ms = now.millis_since(heard.at);
    match heard.presence {
        Presence::Offline => (Standing::Silent, Some(heard.at)),
        Presence::Online if age_ms < ALIVE_MS => {
            let is_slow = oldest.is_some_and(|oldest| now.millis_since(oldest) > SLOW_MS);
            (if is_slow { Standing::Slow } else { Standing::Alive }, None)
        }
        Presence::Online if age_ms < LATE_MS => (Standing::Late, None),
        Presence::Online => (Standing::Silent, Some(heard.at)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_centre_is_alive_then_late_then_silent() {
        let at = Wall::from_millis(1_795_400_000_000);
        let now = |seconds: i64| at.plus_millis(seconds * 1000);
        let heard = Some(Heard { presence: Presence::Online, at });
        assert_eq!(standing(heard, None, now(149)), (Standing::Alive, None));
        assert_eq!(standing(heard, None, now(150)), (Standing::Late, None));
        assert_eq!(standing(heard, None, now(300)), (Standing::Silent, Some(at)));
        assert_eq!(standing(heard, None, now(-5)), (Standing::Alive, None), "our clock was set back");
        assert_eq!(
            standing(heard, Some(now(-800)), now(101)),
            (Standing::Slow, None),
            "it waits for 15 minutes"
        );
        assert_eq!(standing(heard, Some(now(-800)), now(99)), (Standing::Alive, None));
        assert_eq!(standing(None, None, at), (Standing::Silent, None));
        let gone = Some(Heard { presence: Presence::Offline, at });
        assert_eq!(standing(gone, None, now(1)), (Standing::Silent, Some(at)));
    }
}
