//! A centre: the wiring of all stages, the only place that knows them all.
//!
//! Started from the end of the line to its beginning, stopped from the beginning to the end: first
//! the cameras (their files are closed), then the rules, the evidence, and last the link. What is
//! not done by then is on the disk and goes on at the next start.

mod house;

mod link;

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::sync::{Mutex, Semaphore, mpsc, watch};
use tokio_util::sync::CancellationToken;

use crate::camera::StreamTask;
use crate::centre_db::{self, CentreDb};
use crate::config::{AudioUse, Camera, EdgeConfig, Sense};
use crate::curve::{self, CurveDb};
use crate::decide::{Desk, Observations};
use crate::evidence::{Maker, forget_outdated};
use crate::export::Exports;
use crate::forward::{Access, Bounds, Connected, Keeper};
use crate::http::{Gate, House};
use crate::incident::{BoxObservation, Tracker};
use crate::ingest::{CameraState, StreamAddress};
use crate::judging::Trials;
use crate::ledger::{Hourly, Sealer};
use crate::model::{CameraId, ClockState, Ids, Mono, Now, StreamKind};
use crate::orders::{Casebook, FlagDesk};
use crate::pace::Paced;
use crate::perceive::models::{Models, Wanted};
use crate::perceive::{Counters, Hearing, Look, Lookers, Observed, Seeing, Tap, What};
use crate::play::{Hub, Thumbs};
use crate::record::{Archive, Cutting, Doubt, StreamName};
use crate::supervise::Group;
use crate::wire::Signer;
use crate::{clock, http, keeping, keys, web};
use house::{ClockWatch, GapWatch, watch_place};
use link::start_link;

const CAMERAS_STOP_WITHIN: Duration = Duration::from_secs(8);
const STAGE_STOPS_WITHIN: Duration = Duration::from_secs(5);
const HOUSEKEEPING_EVERY: Duration = Duration::from_secs(30);
/// How fast the archive grows is measured once in so many passes of housekeeping.
const MEASURED_EVERY: u32 = 10;
const PINS_LAPSE_AFTER: Duration = Duration::from_secs(7 * 86_400);

/// How often it is seen to that no more waits for the province than may.
const BOUNDS_EVERY: Duration = Duration::from_secs(60);
/// A province that asked to wait is taken to be full for so long.
const FULL_FOR: Duration = Duration::from_secs(2 * 3600);

/// How long between two tries of a disk that refuses.
const RETRY_DISK: Duration = Duration::from_secs(1);

/// Small pictures that are kept in memory, about 2000.
const THUMBS_BYTES: usize = 16 << 20;

/// Pages that may show live pictures at once.
const MOST_VIEWERS: usize = 64;

/// Longer than this nobody waits for models before the recording begins.
const MODELS_LOAD_WITHIN: Duration = Duration::from_secs(20);

/// How the cameras' main streams are.
type CameraStates = BTreeMap<CameraId, (CameraState, Now)>;

/// What all stages share.
struct Shared {
    config: EdgeConfig,
    archive: Arc<Archive>,
    db: CentreDb,
    signer: Arc<Signer>,
    clock: watch::Sender<ClockState>,
    doubts: watch::Sender<Option<Doubt>>,
    curves: CurveDb,
    cameras: watch::Sender<CameraStates>,
    /// When the province last asked to wait.
    asked_to_wait: watch::Sender<Option<Mono>>,
    /// Whether the link to the province is up.
    connected: watch::Sender<Connected>,
    models: Models,
    /// Who looks for people, if the model for it works.
    lookers: Option<Lookers>,
    /// What became of the work of perceiving each camera.
    perception: Arc<BTreeMap<CameraId, Counters>>,
}

/// Runs a centre until `stop`. The storage must be locked by the caller, who knows whether the
/// process before this one died over it.
///
/// # Errors
/// If the storage cannot be used, or a stage ends that must not.
pub async fn run(config: EdgeConfig, predecessor_died: bool, stop: CancellationToken) -> anyhow::Result<()> {
    let (shared, clock_watch) = open(config).await?;
    let root = CancellationToken::new();
    let (nudge, nudges) = mpsc::channel(1);
    let (jobs, wanted) = mpsc::channel(1024);
    let (observed, seen) = mpsc::channel(4096);
    let (states, told) = mpsc::channel(4096);
    let (noticed, of_box) = mpsc::channel(256);
    if predecessor_died {
        let last_recorded = shared.archive.index.newest_end().await?;
        let _ = noticed.try_send(BoxObservation::Restarted { last_recorded });
    }

    let mut link = Group::new("link", &root);
    let (flags, by_hand) = FlagDesk::new();
    let cases = casebook(&shared, nudge.clone())?;
    let access = start_link(&shared, &mut link, nudges, &flags, &cases)?;

    let mut evidence = Group::new("evidence", &root);
    let maker = maker(&shared, nudge.clone())?;
    let evidence_stop = evidence.token();
    evidence.spawn("evidence", maker.run(wanted, evidence_stop));

    let mut house = Group::new("housekeeping", &root);
    let (tap, mut samples) = curve::Tap::new();
    let (curves, house_stop) = (shared.curves.clone(), house.token());
    house.spawn("curves", async move { curve::collect(curves, &mut samples, house_stop).await });

    let mut rules = Group::new("rules", &root);
    let desk = Desk {
        centre: shared.config.centre.id.clone(),
        tracker: Tracker::new(&shared.config, clock::id_seed()?),
        db: shared.db.clone(),
        archive: shared.archive.clone(),
        signer: shared.signer.clone(),
        ids: Ids::new(clock::id_seed()?),
        clock: shared.clock.subscribe(),
        jobs,
        nudge: nudge.clone(),
        cameras: shared.cameras.clone(),
        doubts: shared.doubts.subscribe(),
        asked_sound: shared.config.province.as_ref().is_some_and(|province| province.asked_sound),
        curves: tap,
        stop: rules.token(),
        joined: BTreeMap::new(),
    };
    rules.spawn("rules", desk.run(Observations { seen, states: told, of_box, by_hand }));

    let exports = start_exports(&shared, &mut house)?;
    start_housekeeping(&shared, &mut house, exports.clone());
    start_hourly(&shared, &nudge, &mut house);
    house.spawn("how far the database is", house::note_how_far(shared.db.clone(), house.token()));
    if let Some(province) = &shared.config.province {
        start_bounds(&shared, province.outbox, nudge.clone(), &mut house)?;
    }
    let (archive, house_stop) = (shared.archive.clone(), house.token());
    house.spawn("files and index", async move {
        archive.keep_in_order(house_stop).await;
        Ok(())
    });
    house.spawn("clock", clock_watch.run(noticed.clone(), house.token()));
    let gap_watch = GapWatch::begin(shared.archive.clone(), streams(&shared.config)).await?;
    house.spawn("gaps", gap_watch.run(noticed, house.token()));

    let mut pages = Group::new("pages", &root);
    start_pages(&shared, &mut pages, flags, cases, access, exports).await?;

    let mut cameras = Group::new("cameras", &root);
    let paced = Paced::start("streams").context("a thread for the streams")?;
    for camera in &shared.config.cameras {
        start_camera(&shared, camera, &mut cameras, &paced, &observed, &states);
    }
    tracing::info!(cameras = shared.config.cameras.len(), "the centre runs");

    let has_link = shared.config.province.is_some();
    // Without one of these nothing more is flagged, proven or delivered: better a restart.
    let must_not_end = |name: Option<String>| match name {
        None => Ok(()),
        Some(name) => Err(anyhow::anyhow!("the task {name} ended, which must not be; see the log")),
    };
    let outcome = tokio::select! {
        () = stop.cancelled() => Ok(()),
        ended = rules.ended() => must_not_end(ended),
        ended = evidence.ended() => must_not_end(ended),
        ended = link.ended(), if has_link => must_not_end(ended),
        elsewhere = watch_place(&shared.archive) => elsewhere,
    };
    tracing::info!("the centre stops");
    cameras.stop(CAMERAS_STOP_WITHIN).await;
    drop(paced);
    rules.stop(STAGE_STOPS_WITHIN).await;
    evidence.stop(STAGE_STOPS_WITHIN).await;
    house.stop(STAGE_STOPS_WITHIN).await;
    link.stop(STAGE_STOPS_WITHIN).await;
    pages.stop(STAGE_STOPS_WITHIN).await;
    shared.archive.index.close().await;
    house::note(&shared.db).await;
    shared.db.close().await;
    outcome
}

/// Every stream that is recorded.
fn streams(config: &EdgeConfig) -> Vec<StreamName> {
    let of = |camera: &Camera, stream| StreamName { camera: camera.id.clone(), stream };
    let main = config.cameras.iter().map(|camera| of(camera, StreamKind::Main));
    let with_sub = config.cameras.iter().filter(|camera| camera.sub.is_some());
    main.chain(with_sub.map(|camera| of(camera, StreamKind::Sub))).collect()
}

async fn open(config: EdgeConfig) -> anyhow::Result<(Shared, ClockWatch)> {
    let storage = config.storage.path.clone();
    let identity = config.province.as_ref().map(|province| province.identity.clone());
    let signer = keys::load_or_make(&identity.unwrap_or_else(|| storage.join("keys/evidence.pem")))?;
    let mut ids = Ids::new(clock::id_seed()?);
    let mut db = centre_db::open(&storage, &mut ids, clock::now()).await?;
    let taken_up = db.take_up(&mut ids, clock::now()).await?;
    let archive = Archive::open(&storage, keeping::policy(&config), clock::now().wall).await?;
    if let Some(since) = taken_up.signs_since {
        archive.index.unseal_since(since).await?;
    }
    let archive = Arc::new(archive);
    // Before anything can be deleted, it is known what must stay.
    keeping::guard(&archive, &db);
    archive.renew_protection().await?;
    let (clock, doubts) = (watch::Sender::new(ClockState::default()), watch::Sender::new(None));
    let clock_watch = ClockWatch::begin(archive.clone(), clock.clone(), doubts.clone()).await?;
    let states: CameraStates =
        config.cameras.iter().map(|c| (c.id.clone(), (CameraState::Connecting, clock::now()))).collect();
    let cameras = watch::Sender::new(states);
    let models = models(&config).await;
    let lookers = lookers(&config, &models)?;
    let perception = config.cameras.iter().map(|camera| (camera.id.clone(), Counters::default()));
    let perception = Arc::new(perception.collect());
    let signer = Arc::new(signer);
    let asked_to_wait = watch::Sender::default();
    let curves = CurveDb::open(&storage).await?;
    let shared = Shared {
        config,
        archive,
        db,
        signer,
        clock,
        doubts,
        curves,
        cameras,
        asked_to_wait,
        connected: watch::Sender::new(Connected::not_yet(clock::now())),
        models,
        lookers,
        perception,
    };
    Ok((shared, clock_watch))
}

/// The models that the rules need. What does not work is told, and everything else runs.
async fn models(config: &EdgeConfig) -> Models {
    let wanted = Wanted::by(config.rules.iter().map(|rule| &rule.condition));
    let settings = config.perceive.clone();
    let loading = tokio::task::spawn_blocking(move || Models::load(&settings, wanted));
    let models = match tokio::time::timeout(MODELS_LOAD_WITHIN, loading).await {
        Ok(Ok(models)) => models,
        // A fault in a runtime, which is not ours, is no reason not to record.
        Ok(Err(fault)) => Models::unusable(wanted, &format!("it failed: {fault}")),
        Err(_) => Models::unusable(wanted, "it does not come to an end"),
    };
    models.faults().iter().for_each(|fault| tracing::error!("{fault}"));
    models
}

fn lookers(config: &EdgeConfig, models: &Models) -> anyhow::Result<Option<Lookers>> {
    let Some(people) = models.people().cloned() else { return Ok(None) };
    let find = move |look: &Look| look.find(&people).map_err(|e| e.to_string());
    let lookers = Lookers::start(Arc::new(find), config.perceive.threads);
    lookers.context("threads to look for people").map(Some)
}

fn casebook(shared: &Shared, nudge: mpsc::Sender<()>) -> anyhow::Result<Casebook> {
    let (centre, ids) = (shared.config.centre.id.clone(), Ids::new(clock::id_seed()?));
    Ok(Casebook::new(centre, shared.db.clone(), shared.signer.clone(), ids, nudge))
}

fn maker(shared: &Shared, nudge: mpsc::Sender<()>) -> anyhow::Result<Maker> {
    let province = shared.config.province.as_ref();
    Ok(Maker {
        centre: shared.config.centre.id.clone(),
        archive: shared.archive.clone(),
        db: shared.db.clone(),
        signer: shared.signer.clone(),
        send: province.map_or(crate::config::Send { still: false, sound: false, clip: false }, |p| p.send),
        small_clips: match province.map(|p| p.clip_stream) {
            Some(StreamKind::Sub) => {
                let with_sub = shared.config.cameras.iter().filter(|camera| camera.sub.is_some());
                with_sub.map(|camera| camera.id.clone()).collect()
            }
            _ => HashSet::new(),
        },
        ids: Mutex::new(Ids::new(clock::id_seed()?)),
        clock: shared.clock.subscribe(),
        nudge,
        cutting: Mutex::new(()),
    })
}

/// Serves the centre's pages, if the config asks for them. They have database connections of their own.
async fn start_pages(
    shared: &Shared,
    group: &mut Group,
    flags: FlagDesk,
    cases: Casebook,
    access: watch::Receiver<Option<Access>>,
    exports: Exports,
) -> anyhow::Result<()> {
    let Some(web) = shared.config.web.clone() else { return Ok(()) };
    let storage = &shared.config.storage.path;
    let db = centre_db::open_beside(storage).await?;
    let house = House {
        server: http::Server::Centre,
        name: shared.config.centre.name.clone(),
        zone: shared.config.centre.hours.time_zone().clone(),
        is_secure: web.is_secure(),
        is_behind_proxy: web.behind_proxy,
    };
    let gate = Gate::new(house, shared.db.pool.clone(), db.pool.clone(), web.idle)?;
    if let Some(password) = http::begin(&gate).await? {
        http::tell_first_password(&password);
    }
    let pages = web::Pages {
        gate,
        config: Arc::new(shared.config.clone()),
        archive: shared.archive.clone(),
        db,
        news: shared.db.clone(),
        curves: shared.curves.clone(),
        hub: Hub::new(shared.archive.clone()),
        thumbs: Thumbs::new(shared.archive.clone(), THUMBS_BYTES),
        views: web::Views::default(),
        paths: web::Paths::default(),
        viewings: web::Viewings::default(),
        viewers: Arc::new(Semaphore::new(MOST_VIEWERS)),
        stop: group.token(),
        health: shared.archive.health(),
        clock: shared.clock.subscribe(),
        cameras: shared.cameras.subscribe(),
        flags,
        cases,
        access,
        perception: shared.perception.clone(),
        models: shared.models.clone(),
        exports,
        trials: start_trials(shared, group),
        connected: shared.connected.subscribe(),
        wellness: web::Known::default(),
    };
    let stop = group.token();
    group.keep_running("pages", move || web::run(web.clone(), pages.clone(), stop.clone()));
    Ok(())
}

/// Makes the packages that pages ask for, one at a time.
fn start_exports(shared: &Shared, group: &mut Group) -> anyhow::Result<Exports> {
    let exports = Exports::new(
        shared.config.clone(),
        shared.db.clone(),
        shared.archive.clone(),
        shared.signer.clone(),
        shared.clock.subscribe(),
        Ids::new(clock::id_seed()?),
    );
    let (made, stop) = (exports.clone(), group.token());
    group.keep_running("exports", move || {
        let (made, stop) = (made.clone(), stop.clone());
        async move { made.run(stop).await }
    });
    Ok(exports)
}

/// Tries other thresholds over what is recorded, one trial at a time.
fn start_trials(shared: &Shared, group: &mut Group) -> Trials {
    let trials = Trials::new(shared.config.clone(), shared.archive.clone());
    let (tried, stop) = (trials.clone(), group.token());
    group.keep_running("trials", move || {
        let (tried, stop) = (tried.clone(), stop.clone());
        async move { tried.run(stop).await }
    });
    trials
}

/// Makes room, lets old pins, evidence and packages go.
fn start_housekeeping(shared: &Shared, group: &mut Group, exports: Exports) {
    let has_province = shared.config.province.is_some();
    let (archive, db, stop) = (shared.archive.clone(), shared.db.clone(), group.token());
    let curves = shared.curves.clone();
    let sealer = sealer(shared);
    group.keep_running("housekeeping", move || {
        let (archive, db, stop) = (archive.clone(), db.clone(), stop.clone());
        let (curves, exports) = (curves.clone(), exports.clone());
        let sealer = sealer.clone();
        async move {
            let mut passes = 0u32;
            loop {
                // While the disk is away there is nothing to keep in order, and nothing may go.
                if archive.in_place().is_ok() {
                    let is_measured = passes.is_multiple_of(MEASURED_EVERY);
                    let kept = keep_house(&archive, &db, &sealer, has_province, is_measured);
                    kept.await.inspect_err(|e| {
                        e.downcast_ref().into_iter().for_each(|e| archive.suspect(e));
                    })?;
                    let now = clock::now();
                    exports.keep_house(archive.believes(now).then_some(now.wall)).await?;
                    if let Some(before) = keeping::oldest_wanted(archive.policy(), now.wall)
                        && archive.believes(now)
                    {
                        curves.forget(before).await?;
                    }
                }
                passes = passes.wrapping_add(1);
                if stop.run_until_cancelled(tokio::time::sleep(HOUSEKEEPING_EVERY)).await.is_none() {
                    return Ok(());
                }
            }
        }
    });
}

fn sealer(shared: &Shared) -> Sealer {
    let (centre, signer) = (shared.config.centre.id.clone(), shared.signer.clone());
    Sealer { centre, signer, clock: shared.clock.subscribe() }
}

/// Signs what was recorded and what went, and has the province told.
fn start_hourly(shared: &Shared, nudge: &mpsc::Sender<()>, group: &mut Group) {
    let (archive, db) = (shared.archive.clone(), shared.db.clone());
    let tells = shared.config.province.is_some().then(|| nudge.clone());
    let every = shared.config.storage.seal_every;
    let hourly = Hourly { archive, db, sealer: sealer(shared), every, tells };
    let stop = group.token();
    group.keep_running("ledger", move || {
        let (hourly, stop) = (hourly.clone(), stop.clone());
        async move {
            hourly.run(stop).await;
            Ok(())
        }
    });
}

/// Keeps the outbox within its bounds.
fn start_bounds(
    shared: &Shared,
    bounds: Bounds,
    nudge: mpsc::Sender<()>,
    group: &mut Group,
) -> anyhow::Result<()> {
    let (archive, db, sealer) = (shared.archive.clone(), shared.db.clone(), sealer(shared));
    let (waits, stop) = (shared.asked_to_wait.subscribe(), group.token());
    let mut ids = Ids::new(clock::id_seed()?);
    group.spawn("outbox bounds", async move {
        loop {
            if stop.run_until_cancelled(tokio::time::sleep(BOUNDS_EVERY)).await.is_none() {
                return Ok(());
            }
            let now = clock::now();
            let is_full = waits.borrow().is_some_and(|at| now.mono.since(at) < FULL_FOR);
            let dated = (archive.believes(now) && !is_full).then_some(now.wall);
            let keeper = Keeper { bounds, sealer: &sealer };
            match db.keep_within_bounds(&keeper, dated, &mut ids, now).await {
                Ok(given_up) if given_up.files > 0 => drop(nudge.try_send(())),
                Ok(_) => {}
                Err(e) => tracing::warn!("whether the outbox is within its bounds cannot be seen now: {e}"),
            }
        }
    });
    Ok(())
}

async fn keep_house(
    archive: &Archive,
    db: &CentreDb,
    sealer: &Sealer,
    has_province: bool,
    is_measured: bool,
) -> anyhow::Result<()> {
    let now = clock::now();
    let is_trusted = archive.believes(now);
    if is_trusted {
        // Deletion asks what is still pinned, and so sees what lapses here.
        db.lapse_pins(PINS_LAPSE_AFTER, has_province, now).await?;
        let outdated = keeping::outdated(archive.policy(), now.wall);
        forget_outdated(archive.storage(), db, &outdated, has_province, (sealer, now)).await?;
    }
    archive.make_room(0, is_trusted.then_some(now.wall)).await?;
    if is_measured || archive.days_left(0).is_none() {
        archive.measure(now.wall).await?;
    }
    Ok(())
}

fn start_camera(
    shared: &Shared,
    camera: &Camera,
    group: &mut Group,
    paced: &Paced,
    observed: &mpsc::Sender<Observed>,
    states: &mpsc::Sender<(StreamName, CameraState)>,
) {
    let needs = |sense: Sense| {
        let over_it = shared.config.rules.iter().filter(|rule| rule.cameras.contains(&camera.id));
        over_it.into_iter().any(|rule| rule.condition.sense() == sense)
    };
    let is_heard = camera.audio != AudioUse::Off && (needs(Sense::Level) || needs(Sense::Sounds));
    let is_seen = needs(Sense::People) || needs(Sense::View);
    let counters = shared.perception.get(&camera.id).cloned().unwrap_or_default();
    let (mut main_taps, mut sub_taps) = (Vec::new(), Vec::new());
    if is_heard {
        let name = format!("{}/hearing", camera.id);
        let (tap, units) = Tap::new(&name, What::Sound, &counters);
        main_taps.push(tap);
        let models = shared.models.clone();
        let hearing = Hearing::new(camera.id.clone(), models, counters.clone(), observed.clone());
        let units = Arc::new(Mutex::new(units));
        group.keep_running(name, move || hearing.clone().run(units.clone()));
    }
    if is_seen {
        let name = format!("{}/seeing", camera.id);
        let keyframes_only = camera.sub.is_none();
        let what = if keyframes_only { What::Keyframes } else { What::Pictures };
        let (tap, units) = Tap::new(&name, what, &counters);
        if keyframes_only { &mut main_taps } else { &mut sub_taps }.push(tap);
        let units = Arc::new(Mutex::new(units));
        let lookers = shared.lookers.clone().filter(|_| needs(Sense::People));
        let (camera, told) = (camera.id.clone(), observed.clone());
        let seeing = Seeing { camera, keyframes_only, lookers, counters, told };
        group.keep_running(name, move || seeing.clone().run(units.clone()));
    }
    let streams =
        [(StreamKind::Main, Some(&camera.main), main_taps), (StreamKind::Sub, camera.sub.as_ref(), sub_taps)];
    for (stream, url, taps) in streams {
        let Some(url) = url else { continue };
        let name = StreamName { camera: camera.id.clone(), stream };
        let task = StreamTask {
            name: name.clone(),
            address: StreamAddress {
                url: url.clone(),
                user: camera.user.clone(),
                password: camera.password.clone(),
                wants_sound: camera.audio != AudioUse::Off,
            },
            records_sound: camera.audio == AudioUse::Record,
            cutting: Cutting {
                segment: shared.config.storage.segment,
                sync_every: shared.config.storage.sync_every,
                retry: RETRY_DISK,
            },
            archive: shared.archive.clone(),
            taps,
            states: states.clone(),
            stop: group.token(),
        };
        group.keep_running_on(paced.handle(), name.to_string(), move || task.clone().run());
    }
}
