//! The only reader of clocks.
//!
//! Everything else is given a [`Now`]. Whether the wall clock can be believed is asked of what the
//! time services leave behind; a box without one says `unknown` and still works.

use std::path::Path;
use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::model::{ClockState, ClockTrust, Mono, Now, Wall};

/// Reads both clocks.
pub fn now() -> Now {
    let since_epoch = wall_clock().duration_since(UNIX_EPOCH).unwrap_or_default();
    let ms = i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX);
    let started = process_start();
    Now { mono: Mono(instant().saturating_duration_since(started)), wall: Wall::from_millis(ms) }
}

/// Waits until the monotonic clock shows `when`; at once if it has passed.
pub async fn sleep_until(when: Mono) {
    let deadline = process_start() + when.0;
    tokio::time::sleep_until(deadline.into()).await;
}

/// What the system's time service says of the wall clock.
///
/// `systemd-timesyncd` leaves a mark while it follows a server (systemd-timesyncd.service(8));
/// other services are not asked yet, so their boxes say `unknown`.
pub fn state() -> ClockState {
    if Path::new("/run/systemd/timesync/synchronized").exists() {
        ClockState { state: ClockTrust::Synchronised, offset_ms: None }
    } else {
        ClockState::default()
    }
}

/// A seed for [`crate::model::Ids`] that no other process has.
///
/// # Errors
/// If the system gives no randomness.
pub fn id_seed() -> std::io::Result<u64> {
    getrandom::u64().map_err(std::io::Error::other)
}

fn process_start() -> Instant {
    static START: OnceLock<Instant> = OnceLock::new();
    // Some room before the start, so that a moment a little before it still has a name.
    *START.get_or_init(|| {
        let now = instant();
        now.checked_sub(Duration::from_secs(1)).unwrap_or(now)
    })
}

#[expect(clippy::disallowed_methods, reason = "this module is the one that reads clocks")]
fn instant() -> Instant {
    Instant::now()
}

#[expect(clippy::disallowed_methods, reason = "this module is the one that reads clocks")]
fn wall_clock() -> SystemTime {
    SystemTime::now()
}
