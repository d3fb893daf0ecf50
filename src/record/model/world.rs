//! One seeded world: what is recorded, what goes wrong, and what must hold afterwards.

use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::disk::{Dice, Fault, FaultyDisk};
use crate::ingest::{SoundFormat, SoundUnit, Unit, VideoUnit};
use crate::libav::{SoundCodec, Track, testing};
use crate::model::{CameraId, Mono, Now, StreamKind, Wall};
use crate::record::files::Files;
use crate::record::{
    Archive, Cutting, GapReason, Index, Keep, Pin, Policy, Protected, Recorder, SegmentRow, SegmentState,
    StreamName, salvage,
};

const CUTTING: Cutting = Cutting {
    segment: Duration::from_secs(3),
    sync_every: Duration::from_secs(2),
    retry: Duration::from_millis(1),
};

/// A fragment, the picture that closes it, and rounding.
const GATHERED_MS: i64 = 600;

const DAY: Duration = Duration::from_secs(86_400);

/// Room for about half a minute of this footage in two streams.
const CAPACITY: u64 = 4_000_000;

/// The units of a camera, looped.
pub struct Script {
    units: Vec<Unit>,
    length: i64,
    sound: Arc<SoundFormat>,
}

impl Script {
    pub fn new() -> Self {
        let footage = testing::footage("libx264", 2);
        let extradata = footage.audio.extradata.clone();
        let sound =
            Arc::new(SoundFormat { codec: SoundCodec::Aac { extradata }, sample_rate: 48_000, channels: 1 });
        let format = Arc::new(footage.video.clone());
        let units = footage.samples.iter().map(|sample| match sample.track {
            Track::Video => Unit::Video(VideoUnit {
                pts: sample.pts,
                dts: sample.pts,
                is_key: sample.key,
                lost_packets: 0,
                data: sample.data().to_vec().into(),
                format: format.clone(),
                arrived: Now::default(),
            }),
            Track::Audio => Unit::Sound(SoundUnit {
                pts: sample.pts,
                samples: 1024,
                lost_packets: 0,
                data: sample.data().to_vec().into(),
                format: sound.clone(),
                arrived: Now::default(),
            }),
        });
        Self { units: units.collect(), length: 180_000, sound }
    }
}

/// One camera connection as it is fed.
struct Feed {
    recorder: Recorder,
    at: usize,
    /// The wall clock at the connection's zero.
    zero: Wall,
    /// The end of what was handed over, by the wall clock.
    handed: Wall,
    /// Whether the disk had a fault of its own since the last whole file.
    was_hurt: bool,
}

pub struct World<'s> {
    seed: u64,
    dice: Dice,
    script: &'s Script,
    disk: FaultyDisk,
    _folder: tempfile::TempDir,
    storage: PathBuf,
    now_ms: i64,
    pins: Vec<Pin>,
}

impl<'s> World<'s> {
    pub fn run(seed: u64, script: &'s Script) {
        let folder = tempfile::tempdir().unwrap();
        let mut world = World {
            seed,
            dice: Dice(seed.wrapping_mul(7919)),
            script,
            disk: FaultyDisk::new(seed, CAPACITY),
            storage: folder.path().to_owned(),
            _folder: folder,
            now_ms: 1_795_400_000_000,
            pins: Vec::new(),
        };
        // One thread for what may block: what was begun is done in its order, and a world is the same
        // in every run.
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .max_blocking_threads(1)
            .build()
            .unwrap();
        let lives = 1 + world.dice.below(4);
        for _ in 0..lives {
            let outcome = std::panic::catch_unwind(AssertUnwindSafe(|| runtime.block_on(world.life())));
            outcome.unwrap_or_else(|panic| {
                eprintln!("in the world of seed {seed}");
                std::panic::resume_unwind(panic)
            });
        }
        runtime.block_on(world.check_after_recovery(&[]));
    }

    async fn open(&self) -> Archive {
        let policy = Policy {
            usual: Keep { main: DAY, sub: DAY, most_bytes: None },
            cameras: Default::default(),
            reserve_bytes: 0,
            pin_share: 0.4,
        };
        let index = Index::open(&self.storage).await.unwrap();
        Archive::on(Arc::new(self.disk.clone()), &self.storage, policy, index)
    }

    /// A process, from its start to its end, however it ends.
    async fn life(&mut self) {
        let archive = Arc::new(self.open().await);
        archive.recover().await.unwrap();
        archive.protect(self.protected()).await.unwrap();
        let stop = CancellationToken::new();
        let mut feeds = Vec::new();
        for stream in [StreamKind::Main, StreamKind::Sub] {
            feeds.push(self.connect(&archive, stream, GapReason::ProcessStopped, &stop).await);
        }
        for _ in 0..self.dice.below(24) {
            let n = usize::try_from(self.dice.below(2)).unwrap();
            match self.dice.below(10) {
                0 => {
                    let (after, fault) = (self.dice.below(12), self.any_fault());
                    let count = 1 + self.dice.below(6);
                    self.disk.trouble(after, count, fault);
                }
                1 => {
                    let feed = feeds.swap_remove(n);
                    let stream = feed.recorder.name.stream;
                    let _ = feed.recorder.finish().await;
                    feeds.push(self.connect(&archive, stream, GapReason::CameraAway, &stop).await);
                    feeds.sort_by_key(|feed| feed.recorder.name.stream);
                }
                2 => self.pin_something(&archive).await,
                3 => self.delete_and_look(&archive).await,
                4 => drop(archive.take_stock(Duration::ZERO).await),
                _ => self.feed(&mut feeds).await,
            }
        }
        // How it ends.
        match self.dice.below(4) {
            0 => {
                self.disk.heal();
                for feed in feeds {
                    let _ = feed.recorder.finish().await;
                }
                archive.index.close().await;
                self.check_after_recovery(&[]).await;
            }
            1 => {
                // A disk that refuses for good: the service is told to stop and gives up what waits.
                self.disk.trouble(0, u64::MAX / 2, self.fault_now());
                let feeding = async { self.feed(&mut feeds).await };
                let stopping = async {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    stop.cancel();
                };
                tokio::join!(feeding, stopping);
                for feed in feeds {
                    let _ = feed.recorder.finish().await;
                }
                archive.index.close().await;
                self.disk = self.disk.killed();
                self.check_after_recovery(&[]).await;
            }
            how => {
                // What was begun is done: a sync that runs beside the writing ends by itself.
                tokio::task::spawn_blocking(|| ()).await.unwrap();
                let is_power_cut = how == 2;
                self.disk = if is_power_cut { self.disk.power_cut() } else { self.disk.killed() };
                archive.index.close().await;
                let sync_ms = if is_power_cut { 2000 } else { 0 };
                let bounds: Vec<_> = feeds
                    .iter()
                    .filter(|feed| !feed.was_hurt)
                    .map(|feed| (feed, feed.handed.plus_millis(-GATHERED_MS - sync_ms)))
                    // Less than that handed over is nothing that must be there.
                    .filter(|(feed, least)| *least > feed.zero)
                    .map(|(feed, least)| (feed.recorder.name.clone(), least))
                    .collect();
                drop(feeds);
                self.check_after_recovery(&bounds).await;
            }
        }
    }

    fn any_fault(&mut self) -> Fault {
        [Fault::Full, Fault::Broken, Fault::ReadOnly][usize::try_from(self.dice.below(3)).unwrap()]
    }

    fn fault_now(&self) -> Fault {
        if self.seed.is_multiple_of(2) { Fault::Broken } else { Fault::ReadOnly }
    }

    async fn connect(
        &mut self,
        archive: &Arc<Archive>,
        stream: StreamKind,
        gap: GapReason,
        stop: &CancellationToken,
    ) -> Feed {
        let name = StreamName { camera: CameraId::new("gate").unwrap(), stream };
        let sound = (stream == StreamKind::Main).then_some(&*self.script.sound);
        self.now_ms += 1000;
        let zero = Wall::from_millis(self.now_ms);
        let recorder =
            Recorder::begin(archive.clone(), name, sound, gap, CUTTING, stop.clone()).await.unwrap();
        Feed { recorder, at: 0, zero, handed: zero, was_hurt: false }
    }

    /// Half a second to three of both streams.
    async fn feed(&mut self, feeds: &mut [Feed]) {
        let until_ms = self.now_ms + 500 + i64::try_from(self.dice.below(2500)).unwrap();
        for feed in feeds {
            loop {
                let round = i64::try_from(feed.at / self.script.units.len()).unwrap() * self.script.length;
                let mut unit = self.script.units[feed.at % self.script.units.len()].clone();
                let pts_ms = match &unit {
                    Unit::Video(video) => (video.pts + round) / 90,
                    Unit::Sound(sound) => sound.pts / 48 + round / 90,
                    Unit::Report(_) => unreachable!("the script has none"),
                };
                let at = feed.zero.plus_millis(pts_ms);
                if at.as_millis() > until_ms {
                    break;
                }
                let mono = Mono(Duration::from_millis(at.as_millis().cast_unsigned() - 1_795_000_000_000));
                let arrived = Now { mono, wall: at };
                match &mut unit {
                    Unit::Video(video) => {
                        (video.pts, video.dts) = (video.pts + round, video.dts + round);
                        video.arrived = arrived;
                    }
                    Unit::Sound(sound) => {
                        (sound.pts, sound.arrived) = (sound.pts + round * 48 / 90, arrived);
                    }
                    Unit::Report(_) => {}
                }
                let was_in_trouble = self.disk.is_in_trouble();
                feed.recorder.handle(&unit).await.unwrap();
                feed.was_hurt |= was_in_trouble;
                feed.at += 1;
                if matches!(unit, Unit::Video(_)) {
                    feed.handed = at.plus_millis(40);
                }
            }
        }
        self.now_ms = until_ms;
    }

    fn protected(&self) -> Protected {
        Protected { pins: self.pins.clone(), holds: Vec::new() }
    }

    async fn pin_something(&mut self, archive: &Archive) {
        let from = self.now_ms - i64::try_from(self.dice.below(20_000)).unwrap();
        let camera = CameraId::new("gate").unwrap();
        self.pins.push(Pin { camera, from: Wall::from_millis(from), to: Wall::from_millis(from + 3000) });
        archive.protect(self.protected()).await.unwrap();
    }

    async fn delete_and_look(&mut self, archive: &Archive) {
        // Pins beyond their share of the disk have lapsed.
        let ranges = archive.protection.now().0;
        let pinned = |row: &SegmentRow| {
            ranges.holding(&row.camera, row.start, row.end()).is_some() && row.state != SegmentState::Open
        };
        let before: Vec<_> = archive.index.all().await.unwrap().into_iter().filter(pinned).collect();
        let _ = archive.make_room(CAPACITY / 8, None).await;
        for row in before {
            assert!(self.disk.exists(&archive.path_of(&row)).unwrap(), "{} was pinned", row.path);
        }
    }

    /// The next process starts; then all of it must hold.
    async fn check_after_recovery(&mut self, bounds: &[(StreamName, Wall)]) {
        self.disk.heal();
        let archive = self.open().await;
        archive.recover().await.unwrap();
        archive.take_stock(Duration::ZERO).await.unwrap();
        let rows = archive.index.all().await.unwrap();
        for row in &rows {
            let path = archive.path_of(row);
            let scan = salvage::scan_on(&self.disk, &path);
            let scan = scan.unwrap_or_else(|e| panic!("{}: {e}", row.path));
            let scan = scan.unwrap_or_else(|| panic!("{row:?} cannot be played"));
            assert!(!scan.torn, "{} is torn", row.path);
            assert_ne!(row.state, SegmentState::Open, "{}", row.path);
            assert_eq!(u64::try_from(row.bytes).unwrap(), scan.file_bytes, "{}", row.path);
            assert_eq!(row.duration_ms, scan.video_duration / 90, "{}", row.path);
            let known = archive.index.fragments(row.counter).await.unwrap().unwrap();
            assert_eq!(known.len(), scan.fragments.len(), "{}", row.path);
            assert!(
                row.n > 1 || row.gap_before.is_some(),
                "{} does not say why nothing is before it",
                row.path
            );
        }
        let known: BTreeSet<PathBuf> = rows.iter().map(|row| archive.path_of(row)).collect();
        let files: BTreeSet<PathBuf> = self.disk.paths().into_iter().collect();
        assert_eq!(known, files);
        for stream in [StreamKind::Main, StreamKind::Sub] {
            let of_stream: Vec<&SegmentRow> = rows.iter().filter(|row| row.stream == stream).collect();
            for two in of_stream.windows(2) {
                let end = two[0].media_start + two[0].duration_ms * 90;
                let runs_on = two[0].run == two[1].run && two[1].media_start - end < 90_000;
                // What was deleted between them, or forgotten with its row, is not the recorder's.
                let are_neighbours = two[0].run == two[1].run && two[0].n + 1 == two[1].n;
                assert!(
                    runs_on || !are_neighbours || two[1].gap_before.is_some(),
                    "{} does not say what is missing before it",
                    two[1].path
                );
            }
            let places: Vec<_> =
                rows.iter().filter(|row| row.stream == stream).map(|row| (row.run, row.n)).collect();
            assert!(places.is_sorted(), "{stream}: {places:?}");
        }
        for (name, least) in bounds {
            let of_stream = rows.iter().filter(|row| row.stream == name.stream);
            let end = of_stream.map(SegmentRow::end).max().unwrap_or(Wall::from_millis(0));
            assert!(end >= *least, "{name}: recorded until {end}, must be {least} at least");
        }
        archive.index.close().await;
    }
}
