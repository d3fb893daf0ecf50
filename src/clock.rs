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

/// Reads both clocks.
pub fn now() -> Now {
    let started = process_start();
    let (mono, wall) = at_one_moment(instant, wall_clock);
    let since_epoch = wall.duration_since(UNIX_EPOCH).unwrap_or_default();
    let ms = i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX);
    Now { mono: Mono(mono.saturating_duration_since(started)), wall: Wall::from_millis(ms) }
}

/// Both readings of one moment: a process that is held up between the two, as on a machine that is
/// out of memory, would take the wait for a clock that was set.
fn at_one_moment(
    mut mono: impl FnMut() -> Instant,
    mut wall: impl FnMut() -> SystemTime,
) -> (Instant, SystemTime) {
    let mut before = mono();
    // Bounded, so that no machine is slow enough to hold us here.
    for _ in 0..10 {
        let (read, after) = (wall(), mono());
        if after.saturating_duration_since(before) <= ONE_MOMENT {
            return (after, read);
        }
        before = after;
    }
    (before, wall())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_is_held_up_between_the_readings_reads_again() {
        let (start, since) = (instant(), wall_clock());
        let ms = Duration::from_millis;
        // Held up for 9 s between the first reading of the wall clock and the next of the other.
        let mut monos = [ms(0), ms(9000), ms(9001), ms(9002)].into_iter();
        let mut walls = [ms(0), ms(9001), ms(9002)].into_iter();
        let read = at_one_moment(|| start + monos.next().unwrap(), || since + walls.next().unwrap());
        assert_eq!(read, (start + ms(9001), since + ms(9001)));
    }
}
