//! The only reader of clocks.
//!
//! Everything else is given a `Now`. Whether the wall clock can be believed is asked of what the
//! time services leave behind; a box without one says `unknown` and still works.

use std::path::Path;
use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::model::{ClockState, ClockTrust, Mono, Now, Wall};

/// Two readings this close are of one moment.
const ONE_MOMENT: Duration = Duration::from_millis(20);

/// Reads both clocks, at one moment: a process that is held up between the two readings, as on a
/// machine that is out of memory, would take the wait for a clock that was set.
pub fn now() -> Now {
    let started = process_start();
    let mut tries = 0;
    loop {
        let before = instant();
        let since_epoch = wall_clock().duration_since(UNIX_EPOCH).unwrap_or_default();
        let after = instant();
        tries += 1;
        if after.saturating_duration_since(before) <= ONE_MOMENT || tries == 10 {
            let ms = i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX);
            return Now { mono: Mono(after.saturating_duration_since(started)), wall: Wall::from_millis(ms) };
        }
    }
}

/// Waits until the monotonic clock shows `when`; at once if it has passed.
pub async fn sleep_until(when: Mono) {
    let deadline = process_start() + when.0;
    tokio::time::sleep_until(deadline.into()).await;
}

/// What the system's time service says of the wall clock.
///
/// `timedatectl` passes on what the kernel was told by whichever service runs (timesyncd, chrony,
/// ntpd: adjtimex(2), STA_UNSYNC); where it is missing, the mark of timesyncd is looked for
/// (systemd-timesyncd.service(8)). A box where neither answers says `unknown`.
pub async fn ask_state() -> ClockState {
    let ask = tokio::process::Command::new("timedatectl")
        .args(["show", "--property=NTPSynchronized", "--value"])
        .stdin(std::process::Stdio::null())
        .kill_on_drop(true)
        .output();
    let answer = match tokio::time::timeout(Duration::from_secs(2), ask).await {
        Ok(Ok(output)) if output.status.success() => {
            String::from_utf8_lossy(&output.stdout).trim().to_owned()
        }
        _ => String::new(),
    };
    let followed = answer == "yes" || Path::new("/run/systemd/timesync/synchronized").exists();
    let state = if followed { ClockTrust::Synchronised } else { ClockTrust::Unknown };
    ClockState { state, offset_ms: None }
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
