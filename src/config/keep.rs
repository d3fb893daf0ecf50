//! How long footage is kept: of the storage, and of a camera with words of its own.

use std::time::Duration;

use super::reader::Table;
use super::units::show_duration;
use super::value::Value;

const HOUR: Duration = Duration::from_secs(3600);
const TEN_YEARS: Duration = Duration::from_secs(3650 * 86_400);
const DEFAULT_SUB_KEEP: Duration = Duration::from_secs(7 * 86_400);

/// How long both streams are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Keeps {
    /// The main stream.
    pub(super) keep: Duration,
    /// The sub stream; not longer.
    pub(super) sub_keep: Duration,
}

/// Reads `keep` and `sub_keep`. Without `usual`, which a camera takes from the storage, `keep` must
/// be there.
pub(super) fn keeps(table: &mut Table<'_>, usual: Option<Keeps>) -> Option<Keeps> {
    let read = |value: Value<'_>| value.duration(HOUR..=TEN_YEARS);
    let keep = match usual {
        None => table.required("keep", "\"30d\"", read),
        Some(usual) => table.or("keep", usual.keep, read),
    };
    let sub_keep = match table.value("sub_keep") {
        None => {
            let usual = usual.map_or(DEFAULT_SUB_KEEP, |usual| usual.sub_keep);
            Some(keep.map_or(usual, |keep| keep.min(usual)))
        }
        Some(value) => read(value.clone()).and_then(|sub_keep| match keep {
            Some(keep) if sub_keep > keep => {
                value.amiss(format!("must not be longer than keep, which is {}", show_duration(keep)))
            }
            _ => Some(sub_keep),
        }),
    };
    Some(Keeps { keep: keep?, sub_keep: sub_keep? })
}

/// Reads the most bytes that a camera's files may take.
pub(super) fn keep_size(value: &Value<'_>) -> Option<u64> {
    value.size(100_000_000..=1_000_000_000_000_000)
}
