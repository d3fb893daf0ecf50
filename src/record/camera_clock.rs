//! Whether a camera's own clock can be trusted, and what it says. Pure.
//!
//! A sender report (RFC 3550, 6.4.1) pairs a moment of the stream with the camera's wall clock: free
//! of the link's jitter, and the same for picture and sound. But real cameras are off by hours, or
//! count from their start. So it is trusted only while it agrees with ours: each of two reports in a
//! row came between 0.25 s before and 1.5 s after the moment that it names (what a link and two
//! disciplined clocks can make of it), and not a quarter of a second apart from the one before. The
//! first report that does not agree ends the trust.

use super::timeline::{as_f64, ticks_to_ms};
use crate::model::Wall;

const EARLIEST_MS: f64 = -250.0;
const LATEST_MS: f64 = 1500.0;
const APART_MS: f64 = 250.0;
const AGREEING: u32 = 2;

/// How fast the zero follows what the reports say: the stream's time and the camera's wall clock
/// come from one crystal, what is left is rounding.
const FOLLOW: f64 = 0.25;

/// What is known of one connection's camera clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct CameraClock {
    agreeing: u32,
    late_ms: f64,
    zero_ms: Option<f64>,
}

impl CameraClock {
    /// Learns that the camera's clock showed `camera` at media time `pts` (1/90000 s), by a report
    /// that arrived at `arrived`.
    pub fn report(&mut self, camera: Wall, pts: i64, arrived: Wall) {
        let late_ms = as_f64(arrived.as_millis()) - as_f64(camera.as_millis());
        let agrees = (EARLIEST_MS..=LATEST_MS).contains(&late_ms)
            && (self.agreeing == 0 || (late_ms - self.late_ms).abs() <= APART_MS);
        self.late_ms = late_ms;
        if !agrees {
            (self.agreeing, self.zero_ms) = (0, None);
            return;
        }
        self.agreeing = self.agreeing.saturating_add(1);
        let zero_ms = as_f64(camera.as_millis()) - ticks_to_ms(pts);
        self.zero_ms = Some(self.zero_ms.map_or(zero_ms, |known| known + FOLLOW * (zero_ms - known)));
    }

    /// The wall clock of the connection's zero, ms since 1970, while the camera is trusted.
    pub fn zero_ms(&self) -> Option<f64> {
        self.zero_ms.filter(|_| self.agreeing >= AGREEING)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reports every 5 s of a camera whose clock is `off_ms` from ours, over a link that takes
    /// `link_ms`.
    fn after(reports: &[(i64, i64)]) -> CameraClock {
        let mut clock = CameraClock::default();
        for (n, (off_ms, link_ms)) in (0i64..).zip(reports) {
            let sent = 1_000_000 + n * 5000;
            clock.report(Wall::from_millis(sent + off_ms), n * 450_000, Wall::from_millis(sent + link_ms));
        }
        clock
    }

    #[test]
    fn a_clock_that_agrees_twice_is_trusted_and_names_the_moment_of_sending() {
        assert_eq!(after(&[(0, 40)]).zero_ms(), None);
        assert_eq!(after(&[(0, 40), (0, 130)]).zero_ms(), Some(1_000_000.0));
        assert_eq!(after(&[(80, 40), (80, 130)]).zero_ms(), Some(1_000_080.0));
    }

    #[test]
    fn a_clock_that_is_hours_off_is_not_trusted() {
        assert_eq!(after(&[(-7 * 3_600_000, 40); 10]).zero_ms(), None);
        assert_eq!(after(&[(-1_000_000, 40); 10]).zero_ms(), None);
    }

    #[test]
    fn a_clock_that_is_set_is_not_trusted_until_it_agrees_again() {
        assert_eq!(after(&[(0, 40), (0, 40), (9000, 40)]).zero_ms(), None);
        assert_eq!(after(&[(0, 40), (0, 40), (9000, 40), (0, 40)]).zero_ms(), None);
        assert!(after(&[(0, 40), (0, 40), (9000, 40), (0, 40), (0, 40)]).zero_ms().is_some());
        // A step within what would be allowed, but not from one report to the next.
        assert_eq!(after(&[(0, 0), (0, 0), (-900, 0)]).zero_ms(), None);
    }
}
