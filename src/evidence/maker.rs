//! Makes the evidence of an incident once its last second is on the disk: the shell.
//!
//! The folder `evidence/{incident}/` holds the clip, a still, for what is heard a WAV, and the
//! signed manifest; a long incident's closing clip has a folder of its own in it. What is made is
//! entered in one transaction with the event that lists it. A job that a stop or a kill cut off is
//! done at the next start, under the same incident.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use tokio::sync::{Mutex, mpsc};
use tokio_util::sync::CancellationToken;

use super::clip::{Clip, ClipError, ClipPart, cut, cut_silent};
use super::envelope::SignerFacts;
use super::manifest::{FileFacts, IncidentFacts, MANIFEST_NAME, Manifest};
use super::range::{self, Range};
use super::shelf;
use super::sound::excerpt;
use super::still::still;
use crate::centre_db::CentreDb;
use crate::config::Send;
use crate::forward::{IncidentRow, OutgoingFile};
use crate::ledger::{LinkKind, SOFTWARE, running_ms};
use crate::model::{CameraId, CentreId, ClockState, EventId, FileId, Ids, IncidentId, StreamKind, Wall};
use crate::record::{Archive, Coverage};
use crate::wire::{Event, EventType, FileInit, FileRef, Role, Signer, UserData};
use crate::{clock, disk};

/// How long after its end a clip waits for a recording that lags behind.
const LAG: Duration = Duration::from_secs(12);

/// How long between two tries when the disk refuses.
const RETRY: Duration = Duration::from_secs(30);

/// Which evidence of which incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Job {
    /// The incident.
    pub incident: IncidentId,
    /// The part of it.
    pub part: Part,
}

/// The pieces of evidence an incident can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Part {
    /// Its beginning.
    First,
    /// How it looked at that moment, while it went on.
    Later(Wall),
    /// Its end, where it outlasted the first clip.
    Closing,
}

/// What making evidence needs.
pub struct Maker {
    /// The centre.
    pub centre: CentreId,
    /// Where it is cut from.
    pub archive: Arc<Archive>,
    /// Where it is entered.
    pub db: CentreDb,
    /// Who signs.
    pub signer: Arc<Signer>,
    /// What may leave.
    pub send: Send,
    /// The cameras whose clips leave as their sub stream shows them.
    pub small_clips: HashSet<CameraId>,
    /// Where new ids come from.
    pub ids: Mutex<Ids>,
    /// How far the clock can be believed.
    pub clock: tokio::sync::watch::Receiver<ClockState>,
    /// Tells the link that something waits.
    pub nudge: mpsc::Sender<()>,
    /// One at a time cuts and decodes: the box is small.
    pub cutting: Mutex<()>,
}

/// One file that was made.
struct Made {
    facts: FileFacts,
    leaves: bool,
}

impl Maker {
    /// Makes what `jobs` ask for until told to stop.
    ///
    /// # Errors
    /// None so far: a job that fails is logged and tried again.
    pub async fn run(self, mut jobs: mpsc::Receiver<Job>, stop: CancellationToken) -> anyhow::Result<()> {
        let mut working = FuturesUnordered::new();
        loop {
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                Some(job) = jobs.recv() => working.push(self.work(job)),
                Some(()) = working.next() => {}
            }
        }
    }

    async fn work(&self, job: Job) {
        while let Err(e) = self.make(job).await {
            tracing::error!(
                incident = %job.incident,
                "its evidence could not be made, and is tried again in {} s: {e:#}", RETRY.as_secs()
            );
            tokio::time::sleep(RETRY).await;
        }
    }

    async fn make(&self, job: Job) -> anyhow::Result<()> {
        let row = self.db.incident(job.incident).await?.context("the incident is not recorded")?;
        let Some(camera) = row.camera.clone() else { return Ok(()) };
        let range = match (job.part, row.ended_at) {
            (Part::First, _) => row.clip.map(|(from, to)| Range { from, to }),
            (Part::Closing, Some(ended_at)) => range::closing_clip(row.started_at, row.flagged_at, ended_at),
            (Part::Closing, None) => None,
            (Part::Later(at), _) => Some(range::later_still(at)),
        };
        let Some(range) = range else { return Ok(()) };
        if job.part != Part::First && self.is_entered(&row, job.part).await? {
            return Ok(());
        }
        self.wait_for(&camera, range.to).await;
        let _one_at_a_time = self.cutting.lock().await;
        let made = self.make_files(&row, &camera, range, job.part).await;
        if made.is_err() {
            discard(&self.folder(job.incident, job.part), job.part);
        }
        match made {
            Ok(made) => self.enter(&row, job.part, made).await,
            // What cannot be found while the disk is away is found again when it is back.
            Err(e) if self.archive.in_place().is_err() => Err(e),
            Err(e) if !matches!(e.downcast_ref(), Some(ClipError::Nothing { .. })) => Err(e),
            // What else there is of the incident stands.
            Err(e) if job.part != Part::First => {
                tracing::warn!(incident = %job.incident, "there is no more evidence: {e:#}");
                Ok(())
            }
            Err(e) => self.give_up(job.incident, &format!("no clip could be made: {e:#}")).await,
        }
    }

    /// Whether a later part was made and entered before, as a restart may ask for it again.
    async fn is_entered(&self, row: &IncidentRow, part: Part) -> anyhow::Result<bool> {
        let folder = self.folder(row.id, part);
        if !row.leaves() {
            return Ok(folder.join(MANIFEST_NAME).exists());
        }
        Ok(self.db.has_files_below(&relative(&self.archive, &folder)).await?)
    }

    /// Waits until the recording has passed `to`, or should have by far.
    async fn wait_for(&self, camera: &CameraId, to: Wall) {
        let mut coverage = self.archive.coverage();
        let now = clock::now();
        // A wall clock that was set back meanwhile is no reason to wait for years.
        let left_ms = to.millis_since(now.wall).clamp(0, range::LONGEST_MS);
        let left = Duration::from_millis(u64::try_from(left_ms).unwrap_or(0));
        let mut streams = vec![(camera.clone(), StreamKind::Main)];
        if self.small_clips.contains(camera) {
            streams.push((camera.clone(), StreamKind::Sub));
        }
        let is_passed = |all: &Coverage| streams.iter().all(|s| all.get(s).is_some_and(|until| *until >= to));
        let passed = coverage.wait_for(is_passed);
        let _ = tokio::time::timeout(left + LAG, passed).await;
    }

    async fn make_files(
        &self,
        row: &IncidentRow,
        camera: &CameraId,
        range: Range,
        part: Part,
    ) -> anyhow::Result<Vec<Made>> {
        let folder = self.folder(row.id, part);
        self.archive.in_place()?;
        disk::make_folder(&folder)?;
        let main = self.parts(camera, StreamKind::Main, range).await?;
        let sub = match self.small_clips.contains(camera) {
            true => Some(self.parts(camera, StreamKind::Sub, range).await?),
            false => None,
        };
        let plan = Plan {
            folder,
            range,
            shown_at: match part {
                Part::First => row.flagged_at,
                Part::Later(at) => at,
                Part::Closing => row.ended_at.unwrap_or(row.flagged_at),
            },
            excerpt: (row.kind.is_heard() && part == Part::First)
                .then(|| range::sound(row.started_at, row.flagged_at, range)),
            sound_may_leave: row.sound_may_leave,
            send: if row.asked { Send { still: true, sound: true, clip: true } } else { self.send },
            still_only: matches!(part, Part::Later(_)),
            main,
            sub,
        };
        let made = tokio::task::spawn_blocking(move || plan.carry_out()).await??;
        Ok(made)
    }

    async fn parts(
        &self,
        camera: &CameraId,
        stream: StreamKind,
        range: Range,
    ) -> anyhow::Result<Vec<ClipPart>> {
        let rows = self.archive.index.covering(camera, stream, range.from, range.to).await?;
        let part = |row: &crate::record::SegmentRow| ClipPart {
            path: self.archive.path_of(row),
            run: u64::try_from(row.run).unwrap_or(0),
            start: row.start,
            media_start: row.media_start,
        };
        Ok(rows.iter().map(part).collect())
    }

    /// Signs the list and enters all of it with the event that names it.
    async fn enter(&self, row: &IncidentRow, part: Part, made: Vec<Made>) -> anyhow::Result<()> {
        let now = clock::now();
        let folder = self.folder(row.id, part);
        let row = self.db.incident(row.id).await?.context("the incident is not recorded")?;
        let manifest = Manifest {
            link: None,
            centre: self.centre.clone(),
            incident: incident_facts(&row),
            made_at: now.wall,
            running_ms: Some(running_ms(now)),
            clock: *self.clock.borrow(),
            software: SOFTWARE.to_owned(),
            signer: SignerFacts::of(&self.signer)?,
            files: made.iter().map(|made| made.facts.clone()).collect(),
        };
        let manifest_path = folder.join(MANIFEST_NAME);
        // In the chain first: a document of ours that the chain does not know looks like a forgery, one that was cut
        // off here is followed by another of the same folder.
        let subject = folder_name(row.id, part);
        let sealed = self.db.link((LinkKind::Manifest, Some(&subject)), now.wall, |link| {
            Ok(Manifest { link: Some(link), ..manifest }.seal(&self.signer))
        });
        let (sealed, written) = (sealed.await?.envelope, manifest_path.clone());
        tokio::task::spawn_blocking(move || disk::write_atomically(&written, &sealed)).await??;
        let listed = manifest_facts(&manifest_path, made.first().map(|made| &made.facts))?;

        let mut ids = self.ids.lock().await;
        let leaving = made.iter().filter(|made| made.leaves).map(|made| &made.facts).chain([&listed]);
        let files: Vec<OutgoingFile> = leaving
            .map(|facts| OutgoingFile {
                id: FileId(ids.next(now)),
                path: relative(&self.archive, &folder.join(&facts.name)),
                init: init(&row, facts),
            })
            .collect();
        let event_id = EventId(ids.next(now));
        let references: Vec<FileRef> = files.iter().map(OutgoingFile::reference).collect();
        let centre = self.centre.clone();
        self.db
            .add_files(row.id, part == Part::First, &files, &self.signer, now, |row, sequence, epoch| {
                let (kind, data) = (EventType::Updated, row.data(references));
                Event::new(event_id, &centre, kind, row.id, now.wall, sequence, epoch, data)
            })
            .await?;
        tracing::info!(target: "incident", incident = %row.id, what = "evidence", "its evidence is made");
        let _ = self.nudge.try_send(());
        Ok(())
    }

    async fn give_up(&self, incident: IncidentId, reason: &str) -> anyhow::Result<()> {
        tracing::error!(%incident, "{reason}");
        let now = clock::now();
        let event_id = EventId(self.ids.lock().await.next(now));
        let centre = self.centre.clone();
        self.db
            .give_up_evidence(incident, reason, &self.signer, now, |row, sequence, epoch| {
                let (kind, data) = (EventType::Updated, row.data(vec![]));
                Event::new(event_id, &centre, kind, row.id, now.wall, sequence, epoch, data)
            })
            .await?;
        let _ = self.nudge.try_send(());
        Ok(())
    }

    fn folder(&self, incident: IncidentId, part: Part) -> PathBuf {
        self.archive.storage().join("evidence").join(folder_name(incident, part))
    }
}

/// The folder of a part, below `evidence/`.
fn folder_name(incident: IncidentId, part: Part) -> String {
    match part {
        Part::First => incident.to_string(),
        Part::Closing => format!("{incident}/closing"),
        Part::Later(at) => format!("{incident}/{}", shelf::later_name(at)),
    }
}

/// What is to be cut, away from the database: it runs where it may block.
struct Plan {
    folder: PathBuf,
    range: Range,
    shown_at: Wall,
    excerpt: Option<Range>,
    sound_may_leave: bool,
    send: Send,
    still_only: bool,
    main: Vec<ClipPart>,
    /// Where the clip that leaves is cut from, if not from main.
    sub: Option<Vec<ClipPart>>,
}

impl Plan {
    fn carry_out(self) -> anyhow::Result<Vec<Made>> {
        let (clip_path, mut made) = (self.folder.join("clip.mp4"), Vec::new());
        let clip = cut(&self.main, self.range.from, self.range.to, &clip_path)?;
        if self.still_only {
            made.push(self.still(&clip_path, &clip)?);
            std::fs::remove_file(&clip_path)?;
            return Ok(made);
        }
        let outgoing = self.other_clip(&clip)?;
        let listed = facts(&clip_path, Role::Clip, "video/mp4", range_of(&clip), clip.duration_ms)?;
        made.push(Made {
            leaves: self.send.clip && self.sub.is_none() && (self.sound_may_leave || !clip.has_sound),
            facts: FileFacts { cut_short: clip.cut_short.clone(), ..listed },
        });
        made.extend(outgoing);
        // A picture or sound that cannot be decoded does not hold back the clip that can be seen.
        let still = self.still(&clip_path, &clip);
        let sound =
            self.excerpt.filter(|_| clip.has_sound).map(|wanted| self.sound(&clip_path, &clip, wanted));
        for made_or_not in [Some(still), sound].into_iter().flatten() {
            match made_or_not {
                Ok(one) => made.push(one),
                Err(e) => tracing::warn!("{}: {e:#}", self.folder.display()),
            }
        }
        Ok(made)
    }

    /// What leaves in place of the clip itself: smaller, or without the sound.
    fn other_clip(&self, clip: &Clip) -> anyhow::Result<Option<Made>> {
        let (name, parts, with_sound) = if !self.send.clip {
            return Ok(None);
        } else if let Some(sub) = &self.sub {
            ("clip-sub.mp4", sub, self.sound_may_leave)
        } else if clip.has_sound && !self.sound_may_leave {
            ("clip-silent.mp4", &self.main, false)
        } else {
            return Ok(None);
        };
        let path = self.folder.join(name);
        let cutter = if with_sound { cut } else { cut_silent };
        let other: Clip = match cutter(parts, self.range.from, self.range.to, &path) {
            Ok(other) => other,
            // Larger than was allowed to leave, or with its sound, it does not.
            Err(e @ ClipError::Nothing { .. }) => {
                tracing::error!("{}: no clip leaves the centre: {e}", path.display());
                return Ok(None);
            }
            Err(e) => return Err(e.into()),
        };
        let listed = facts(&path, Role::Clip, "video/mp4", range_of(&other), other.duration_ms)?;
        Ok(Some(Made { facts: FileFacts { cut_short: other.cut_short, ..listed }, leaves: true }))
    }

    fn still(&self, clip_path: &Path, clip: &Clip) -> anyhow::Result<Made> {
        let shown_at = self.shown_at.max(clip.from).min(clip.to);
        let path = self.folder.join("still.jpg");
        disk::write_atomically(&path, &still(clip_path, shown_at.millis_since(clip.from))?)?;
        let moment = Range { from: shown_at, to: shown_at };
        Ok(Made { facts: facts(&path, Role::Still, "image/jpeg", moment, 0)?, leaves: self.send.still })
    }

    fn sound(&self, clip_path: &Path, clip: &Clip, wanted: Range) -> anyhow::Result<Made> {
        let path = self.folder.join("sound.wav");
        let (from, to) = (wanted.from.millis_since(clip.from), wanted.to.millis_since(clip.from));
        let report = excerpt(clip_path, from.max(0), to, &path)?;
        let range =
            Range { from: clip.from.plus_millis(report.from_ms), to: clip.from.plus_millis(report.to_ms) };
        let listed = facts(&path, Role::Sound, "audio/wav", range, report.to_ms - report.from_ms)?;
        Ok(Made { facts: listed, leaves: self.send.sound && self.sound_may_leave })
    }
}

/// What a failed try leaves behind belongs to no manifest. Evidence that came later has folders of
/// its own below the first, and they stay.
fn discard(folder: &Path, part: Part) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_file()) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
    if part != Part::First {
        let _ = std::fs::remove_dir(folder);
    }
}

fn range_of(clip: &Clip) -> Range {
    Range { from: clip.from, to: clip.to }
}

fn facts(
    path: &Path,
    role: Role,
    media_type: &str,
    range: Range,
    duration_ms: i64,
) -> std::io::Result<FileFacts> {
    let (size, digest) = disk::measure(path)?;
    Ok(FileFacts {
        name: path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
        role,
        media_type: media_type.into(),
        size,
        sha256: hex::encode(digest),
        from: range.from,
        to: range.to,
        duration_ms,
        cut_short: None,
    })
}

fn manifest_facts(path: &Path, clip: Option<&FileFacts>) -> std::io::Result<FileFacts> {
    let range = clip.map_or(Range { from: Wall::default(), to: Wall::default() }, |clip| Range {
        from: clip.from,
        to: clip.to,
    });
    facts(path, Role::Manifest, "application/json", range, 0)
}

fn init(row: &IncidentRow, facts: &FileFacts) -> FileInit {
    FileInit {
        name: facts.name.clone(),
        size: facts.size,
        checksum: facts.sha256.clone(),
        user_data: UserData {
            incident: row.id,
            role: facts.role,
            camera: row.camera.clone(),
            from: facts.from,
            to: facts.to,
            media_type: facts.media_type.clone(),
        },
    }
}

fn incident_facts(row: &IncidentRow) -> IncidentFacts {
    IncidentFacts {
        id: row.id,
        kind: row.kind,
        severity: row.severity,
        rule: row.rule.clone(),
        camera: row.camera.clone(),
        zone: row.zone.clone(),
        started_at: row.started_at,
        flagged_at: row.flagged_at,
        ended_at: row.ended_at,
        peak: row.peak.clone(),
    }
}

fn relative(archive: &Archive, path: &Path) -> PathBuf {
    path.strip_prefix(archive.storage()).unwrap_or(path).to_owned()
}
