//! The archive against a disk that does what disks do: many seeded worlds of recording, faults at
//! every call site, kills and power cuts.
//!
//! After each of them the next process recovers, and then must hold:
//!
//! 1. A row means a playable file: it is there, whole, and holds what the row says.
//! 2. Every file has a row.
//! 3. Nothing pinned was removed.
//! 4. A kill costs at most the fragment that was gathered, a power cut at most `sync_every` more:
//!    judged where the disk had no fault of its own.
//! 5. Counters rise in the order of recording, whatever happened; a connection's first file says why
//!    there is nothing before it.

mod disk;

mod world;

use world::World;

/// Which seeds: `QUAYWATCH_WORLDS=2000` for more than in every run, `QUAYWATCH_WORLDS=17-17` for one.
fn worlds() -> std::ops::RangeInclusive<u64> {
    let wanted = std::env::var("QUAYWATCH_WORLDS").unwrap_or_else(|_| "120".into());
    let (first, last) = wanted.split_once('-').unwrap_or(("1", &wanted));
    first.parse().unwrap()..=last.parse().unwrap()
}

#[test]
fn whatever_the_disk_does_rows_and_files_agree_and_nothing_pinned_goes() {
    let footage = world::Script::new();
    for seed in worlds() {
        World::run(seed, &footage);
    }
}
