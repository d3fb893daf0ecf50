//! Whether one more legal hold fits. Pure.
//!
//! A hold never lapses by itself, so the sum of them could stop the recording. The rule: whatever is
//! held, the archive must still have room for its reserve and one day of recording at today's rate,
//! or a quarter of all its room where a whole day does not fit into that. A hold that would leave
//! less is refused, with the figures. Pins of incidents are not counted: they have a share of their
//! own and lapse.

use super::words::gigabytes;

/// What a decision on a hold stands on, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Footing {
    /// Free on the disk.
    pub free: u64,
    /// What all recordings take.
    pub recorded: u64,
    /// The reserve of free space.
    pub reserve: u64,
    /// A day of recording at today's rate.
    pub per_day: u64,
    /// What the holds in force keep already.
    pub held: u64,
    /// What they and the new one would keep, footage to come included.
    pub held_then: u64,
}

/// Why a hold is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{vietnamese} / {english}")]
pub struct Refused {
    vietnamese: String,
    english: String,
}

impl Footing {
    /// All that recordings can ever take on this disk.
    fn room(&self) -> u64 {
        self.free.saturating_add(self.recorded)
    }

    /// What must be left for recording.
    pub fn needed(&self) -> u64 {
        self.reserve.saturating_add(self.per_day.min(self.room() / 4))
    }

    /// What would be left for recording.
    pub fn left(&self) -> u64 {
        self.room().saturating_sub(self.held_then)
    }

    /// The same where `bytes` more are taken by something else than recordings.
    #[must_use]
    pub fn with_taken(self, bytes: u64) -> Self {
        Self { held_then: self.held_then.saturating_add(bytes), ..self }
    }

    /// Whether the new hold fits.
    ///
    /// # Errors
    /// [`Refused`] with the rule and the figures.
    pub fn allows(&self) -> Result<(), Refused> {
        let left = self.left();
        if left >= self.needed() {
            return Ok(());
        }
        let [room, held, more, left, needed, reserve, day] = [
            self.room(),
            self.held,
            self.held_then.saturating_sub(self.held),
            left,
            self.needed(),
            self.reserve,
            self.needed().saturating_sub(self.reserve),
        ]
        .map(gigabytes);
        Err(Refused {
            vietnamese: format!(
                "Không thể giữ thêm: ổ đĩa chứa được {room} hình ghi, các lệnh giữ hiện có chiếm {held}, lệnh này \
                 thêm {more}, chỉ còn {left} để ghi tiếp, trong khi cần ít nhất {needed} (mức dự trữ {reserve} và \
                 {day} cho một ngày ghi, tối đa một phần tư ổ đĩa). Hãy giữ khoảng thời gian ngắn hơn hoặc ít máy \
                 quay hơn, hủy một lệnh giữ cũ, hoặc lắp ổ đĩa lớn hơn."
            ),
            english: format!(
                "The hold is refused: the disk has room for {room} of footage, holds in force take {held}, this one \
                 {more} more, which leaves {left} for recording; at least {needed} must be left (the reserve of \
                 {reserve}, and {day} for a day of recording, a quarter of the disk at most). Hold a shorter range \
                 or fewer cameras, release an old hold, or fit a larger disk."
            ),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DISK: Footing = Footing {
        free: 20_000_000_000,
        recorded: 380_000_000_000,
        reserve: 10_000_000_000,
        per_day: 40_000_000_000,
        held: 100_000_000_000,
        held_then: 350_000_000_000,
    };

    #[test]
    fn a_hold_fits_as_long_as_the_reserve_and_a_day_of_recording_are_left() {
        assert_eq!(DISK.allows(), Ok(()), "exactly enough is left");
        assert!(Footing { held_then: DISK.held_then + 1, ..DISK }.allows().is_err());
        let small = Footing { per_day: u64::MAX, held_then: 290_000_000_000, ..DISK };
        assert_eq!(small.allows(), Ok(()), "where no day fits, a quarter of the disk is enough");
        assert!(Footing { held_then: small.held_then + 1, ..small }.allows().is_err());
    }

    #[test]
    fn a_refusal_states_the_rule_and_the_figures() {
        let refused = Footing { held_then: 375_500_000_000, ..DISK }.allows().unwrap_err();
        insta::assert_snapshot!(refused);
    }
}
