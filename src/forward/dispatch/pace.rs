//! How fast the link carries, learned from the broker's acknowledgements, and what follows from it:
//! how large a chunk is and how many bytes of files may be unacknowledged.
//!
//! Nothing overtakes bytes that are in the socket already, so both are bounded by time: a chunk to
//! [`CHUNK_FOR`] on the wire, what is unacknowledged to [`QUEUED_FOR`] and one round trip.
//! A rate is what was acknowledged while a publish was on its way, by the time that took ("delivery
//! rate", draft-cheng-iccrg-delivery-rate-estimation-02); the highest of the last [`LOOK_BACK`]
//! counts. A connection begins small and, while it is never full, grows with each acknowledgement.

use std::collections::VecDeque;
use std::time::Duration;

use crate::model::Mono;

/// A chunk takes no longer than this on the wire.
const CHUNK_FOR: Duration = Duration::from_millis(200);

/// So much of files is unacknowledged, beside what one round trip takes.
const QUEUED_FOR: Duration = Duration::from_millis(250);

/// And at most, so that with the last chunk it stays below 0.4 s.
const MOST_QUEUED_FOR: Duration = Duration::from_millis(360);

/// A window for a little more than was measured: what we held low ourselves would look like a slow link.
const GAIN: f64 = 1.25;

/// So many chunks fill a window, so that the link is busy while one is acknowledged.
const CHUNKS_IN_WINDOW: u64 = 3;

/// How far back a rate counts.
const LOOK_BACK: Duration = Duration::from_secs(3);

/// Where nothing was measured yet.
const UNKNOWN_ROUND_TRIP: Duration = Duration::from_millis(100);

/// What looks like more is a broker that was slow to answer.
const LONGEST_ROUND_TRIP: Duration = Duration::from_secs(1);

/// No file needs more in the air than this, however fast the link.
const WIDEST: u64 = 2 * 1024 * 1024;

/// How large chunks may be, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chunks {
    /// At least, but for the end of a file.
    pub least: u64,
    /// At most.
    pub most: u64,
}

/// What is known of one connection's speed.
#[derive(Debug, Clone)]
pub(super) struct Pace {
    chunks: Chunks,
    delivered: u64,
    delivered_at: Mono,
    /// Bytes a second, newest last, each lower than the one before it.
    rates: VecDeque<(Mono, f64)>,
    round_trip: Option<Duration>,
}

/// What is to be remembered of a publish until it is acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sent {
    /// When.
    pub(super) at: Mono,
    /// How many bytes it takes on the wire.
    pub(super) size: u64,
    delivered: u64,
    delivered_at: Mono,
    /// Nothing else was on its way.
    alone: bool,
    /// The link had as much to carry as the pace allows.
    full: bool,
}

impl Pace {
    /// Of a connection that begins now; `round_trip` is what its first question took.
    pub(super) fn new(chunks: Chunks, round_trip: Option<Duration>, now: Mono) -> Self {
        Self { chunks, delivered: 0, delivered_at: now, rates: VecDeque::new(), round_trip }
    }

    /// `size` bytes go out now, behind `unacked` bytes.
    pub(super) fn sent(&self, size: u64, unacked: u64, now: Mono) -> Sent {
        let alone = unacked == 0;
        // An idle link's last acknowledgement was long ago; that says nothing of its speed.
        let delivered_at = if alone { now } else { self.delivered_at };
        let full = unacked.saturating_add(size) >= self.window() / 2;
        Sent { at: now, size, delivered: self.delivered, delivered_at, alone, full }
    }

    /// The broker has it.
    pub(super) fn acked(&mut self, sent: &Sent, now: Mono) {
        self.delivered = self.delivered.saturating_add(sent.size);
        self.delivered_at = now;
        if sent.alone {
            let took = now.since(sent.at);
            self.round_trip = Some(self.round_trip.map_or(took, |known| known.min(took)));
        }
        let bytes = self.delivered.saturating_sub(sent.delivered);
        let took = now.since(sent.delivered_at).max(Duration::from_millis(1));
        #[expect(clippy::cast_precision_loss, reason = "a rate need not be exact")]
        let rate = bytes as f64 / took.as_secs_f64();
        // A link that had little to carry has not become slower.
        if !sent.full && self.rate().is_some_and(|known| rate <= known) {
            return;
        }
        while self.rates.back().is_some_and(|(_, known)| *known <= rate) {
            self.rates.pop_back();
        }
        self.rates.push_back((now, rate));
        while self.rates.len() > 1 && self.rates.front().is_some_and(|(at, _)| at.plus(LOOK_BACK) < now) {
            self.rates.pop_front();
        }
    }

    /// Bytes a second, once something was acknowledged.
    pub(super) fn rate(&self) -> Option<f64> {
        self.rates.front().map(|(_, rate)| *rate)
    }

    /// How large a chunk is to be.
    pub(super) fn chunk(&self) -> u64 {
        let fitting = self.rate().map_or(0, |rate| bytes_in(rate, CHUNK_FOR));
        fitting.min(self.window() / CHUNKS_IN_WINDOW).clamp(self.chunks.least, self.chunks.most)
    }

    /// Whether one more chunk may go, behind `unacked` bytes of files. A little over the window is
    /// allowed, so that it need not be a whole number of chunks.
    pub(super) fn has_room(&self, unacked: u64, chunk: u64) -> bool {
        unacked == 0 || unacked.saturating_add(chunk) <= self.window().saturating_add(chunk / 4)
    }

    /// How many bytes of files may be unacknowledged.
    fn window(&self) -> u64 {
        let round_trip = self.round_trip.unwrap_or(UNKNOWN_ROUND_TRIP).min(LONGEST_ROUND_TRIP);
        let time = (QUEUED_FOR + round_trip).mul_f64(GAIN).min(MOST_QUEUED_FOR + round_trip);
        let fitting = self.rate().map_or(0, |rate| bytes_in(rate, time));
        // Two of the smallest chunks keep a link busy that answers soon, a distant one needs three.
        let least = if round_trip < Duration::from_millis(150) { 2 } else { 3 };
        fitting.min(WIDEST).max(least * self.chunks.least)
    }
}

/// Holds files to a rate that somebody chose. What goes before them counts, but is not held.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Meter {
    limit: Option<u64>,
    free_at: Mono,
}

impl Meter {
    /// Bytes a second from now on.
    pub(super) fn limit(&mut self, limit: Option<u64>, now: Mono) {
        *self = Self { limit: limit.map(|limit| limit.max(1)), free_at: self.free_at.min(now) };
    }

    /// `size` bytes go out.
    pub(super) fn sent(&mut self, size: u64, now: Mono) {
        let Some(limit) = self.limit else { return };
        #[expect(clippy::cast_precision_loss, reason = "a wait need not be exact")]
        let takes = Duration::from_secs_f64(size as f64 / limit as f64);
        self.free_at = self.free_at.max(now).plus(takes);
    }

    /// When the next piece of a file may go, if it may not now.
    pub(super) fn held_until(&self, now: Mono) -> Option<Mono> {
        (self.limit.is_some() && now < self.free_at).then_some(self.free_at)
    }

    /// The largest chunk that keeps to the rate.
    pub(super) fn chunk(&self) -> u64 {
        #[expect(clippy::cast_precision_loss, reason = "a chunk need not be exact")]
        self.limit.map_or(u64::MAX, |limit| bytes_in(limit as f64, CHUNK_FOR))
    }
}

fn bytes_in(rate: f64, time: Duration) -> u64 {
    let bytes = (rate * time.as_secs_f64()).clamp(0.0, 1e15);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it was clamped")]
    {
        bytes as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const CHUNKS: Chunks = Chunks { least: 8 * 1024, most: 256 * 1024 };

    /// A link of `rate` bytes a second and `round_trip_ms`, kept as full as the pace allows.
    struct Pipe {
        pace: Pace,
        now_ms: u64,
        on_the_way: VecDeque<(u64, Sent)>,
        busy_until_ms: f64,
        unacked: u64,
        most_queued_ms: f64,
        most_unacked: u64,
    }

    fn at(ms: u64) -> Mono {
        Mono(Duration::from_millis(ms))
    }

    impl Pipe {
        fn new(round_trip_ms: u64) -> Self {
            let pace = Pace::new(CHUNKS, Some(Duration::from_millis(round_trip_ms)), at(0));
            Self {
                pace,
                now_ms: 0,
                on_the_way: VecDeque::new(),
                busy_until_ms: 0.0,
                unacked: 0,
                most_queued_ms: 0.0,
                most_unacked: 0,
            }
        }

        fn run(&mut self, until_ms: u64, rate: f64, round_trip_ms: u64) -> u64 {
            let mut carried = 0;
            while self.now_ms < until_ms {
                while let Some((acked_at, sent)) = self.on_the_way.front().copied() {
                    if acked_at > self.now_ms {
                        break;
                    }
                    self.on_the_way.pop_front();
                    self.unacked -= sent.size;
                    carried += sent.size;
                    self.pace.acked(&sent, at(self.now_ms));
                }
                loop {
                    let chunk = self.pace.chunk();
                    if !self.pace.has_room(self.unacked, chunk) {
                        break;
                    }
                    let sent = self.pace.sent(chunk, self.unacked, at(self.now_ms));
                    self.unacked += chunk;
                    self.most_unacked = self.most_unacked.max(self.unacked);
                    self.busy_until_ms =
                        self.busy_until_ms.max(self.now_ms as f64) + chunk as f64 * 1000.0 / rate;
                    self.on_the_way.push_back((self.busy_until_ms as u64 + round_trip_ms, sent));
                }
                self.most_queued_ms = self.most_queued_ms.max(self.busy_until_ms - self.now_ms as f64);
                self.now_ms += 1;
            }
            carried
        }
    }

    proptest! {
        #[test]
        fn a_link_of_any_speed_is_kept_full_and_what_waits_in_it_is_bounded_by_time(
            kbit_s in (400u32..20_000).prop_map(f64::from),
            round_trip_ms in 5u64..600,
        ) {
            let rate = kbit_s * 125.0;
            let mut pipe = Pipe::new(round_trip_ms);
            pipe.run(10_000, rate, round_trip_ms);
            pipe.most_queued_ms = 0.0;
            pipe.most_unacked = 0;
            let carried = pipe.run(40_000, rate, round_trip_ms) as f64 / 30.0;
            // Where even the smallest chunk is long, the window is a coarse number of them.
            let share = if kbit_s < 1000.0 { 0.9 } else { 0.95 };
            prop_assert!(carried >= share * rate, "{carried} of {rate} bytes a second");
            prop_assert!(pipe.most_queued_ms <= 500.0, "{} ms wait", pipe.most_queued_ms);
            if pipe.pace.chunk() > CHUNKS.least {
                let bound = rate * (0.4 + round_trip_ms as f64 / 1000.0);
                prop_assert!(pipe.most_unacked as f64 <= bound * 1.03, "{} of {bound} bytes", pipe.most_unacked);
            }
            prop_assert!(pipe.pace.chunk() as f64 <= (0.25 * rate).max(8192.0));
        }

        #[test]
        fn a_link_that_becomes_slow_is_noticed(round_trip_ms in 5u64..300) {
            let mut pipe = Pipe::new(round_trip_ms);
            pipe.run(10_000, 1_250_000.0, round_trip_ms);
            pipe.run(25_000, 125_000.0, round_trip_ms);
            pipe.most_queued_ms = 0.0;
            pipe.run(30_000, 125_000.0, round_trip_ms);
            prop_assert!(pipe.most_queued_ms <= 500.0, "{} ms wait", pipe.most_queued_ms);
        }
    }

    #[test]
    fn a_connection_begins_small_and_an_idle_one_keeps_what_it_learned() {
        let mut pipe = Pipe::new(50);
        assert_eq!((pipe.pace.chunk(), pipe.pace.window()), (8 * 1024, 16 * 1024));
        pipe.run(5_000, 1_000_000.0, 50);
        let learned = pipe.pace.chunk();
        let event = pipe.pace.sent(600, 0, at(900_000));
        pipe.pace.acked(&event, at(900_050));
        assert_eq!(pipe.pace.chunk(), learned);
    }

    #[test]
    fn a_chosen_rate_is_kept_and_what_goes_before_files_counts() {
        let mut meter = Meter::default();
        assert_eq!(meter.held_until(at(0)), None);
        meter.limit(Some(100_000), at(0));
        assert_eq!(meter.chunk(), 20_000);
        meter.sent(20_000, at(1000));
        assert_eq!(meter.held_until(at(1000)), Some(at(1200)));
        meter.sent(10_000, at(1100));
        assert_eq!(meter.held_until(at(1200)), Some(at(1300)));
        assert_eq!(meter.held_until(at(1300)), None);
        meter.limit(None, at(1300));
        meter.sent(1 << 30, at(1300));
        assert_eq!((meter.held_until(at(1300)), meter.chunk()), (None, u64::MAX));
    }
}
