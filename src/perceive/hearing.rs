//! One camera's sound to observations: the shell around [`Ear`], in a thread of its own, because the
//! models take the processor and not the network.
//!
//! A model that never answers would hold that thread for good: it is given up after a while and replaced.
//! Sound that comes and is not listened to, for this or because the machine is too slow, is told as such,
//! so that nobody takes it for a microphone that is dead.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, mpsc};

use super::catching_up::CatchingUp;
use super::models::Models;
use super::seldom::Seldom;
use super::shift::Shift;
use super::{Counters, Ear, Observation, Observed, aside};
use crate::clock;
use crate::ingest::{SoundFormat, SoundUnit, Unit};
use crate::libav::{LibavError, SoundDecoder};
use crate::model::{CameraId, Mono, Now};

/// How long a piece of sound may take before its thread is given up: a thousand times what it should.
const PATIENCE: Duration = Duration::from_secs(30);

/// How often it is looked whether the thread comes back; sound that waits for longer is told as unheard.
const WATCHED_EVERY: Duration = Duration::from_secs(1);

/// How many threads of a camera may hang before no new one is started in their place.
const MOST_HANGING: u64 = 3;

/// How much sound is listened to before it is told what it took.
const TOLD_EVERY_S: u32 = 10;

/// What is heard of one camera, and who is told.
#[derive(Clone)]
pub struct Hearing {
    camera: CameraId,
    models: Models,
    counters: Counters,
    told: mpsc::Sender<Observed>,
    patience: Duration,
    watched_every: Duration,
}

/// Where sound waits to be listened to: whoever listens takes one piece at a time.
type Units = Arc<Mutex<mpsc::Receiver<Unit>>>;

impl Hearing {
    /// Of `camera`; what was done and dropped goes to `counters`, what is heard to `told`.
    pub fn new(camera: CameraId, models: Models, counters: Counters, told: mpsc::Sender<Observed>) -> Self {
        Self { camera, models, counters, told, patience: PATIENCE, watched_every: WATCHED_EVERY }
    }

    /// Decodes the sound among `units` and tells what is heard in it, until the units end or nobody
    /// listens.
    ///
    /// # Errors
    /// If the system gives no thread, or the program has a fault.
    pub async fn run(self, units: Units) -> anyhow::Result<()> {
        while !self.listen_watched(&units).await? {
            tracing::error!(
                camera = %self.camera,
                "mô hình âm thanh không trả lời, luồng xử lý bị bỏ / \
                 a model of sounds does not answer, its thread is given up"
            );
            if self.counters.listening_hangs() >= MOST_HANGING {
                tracing::error!(
                    camera = %self.camera,
                    "quá nhiều luồng bị treo, tạm thời không nghe âm thanh (ghi hình không bị ảnh hưởng) / \
                     too many threads hang, nothing is listened to until one ends (recording is not affected)"
                );
            }
            while self.counters.listening_hangs() >= MOST_HANGING {
                if self.pass_over(&mut *units.lock().await) {
                    return Ok(());
                }
                tokio::time::sleep(self.watched_every).await;
            }
        }
        Ok(())
    }

    /// Takes what has come while nobody can listen; whether that was the last.
    fn pass_over(&self, units: &mut mpsc::Receiver<Unit>) -> bool {
        let mut has_come = false;
        while let Ok(unit) = units.try_recv() {
            if matches!(unit, Unit::Sound(_)) {
                self.counters.sound_dropped();
                has_come = true;
            }
        }
        if has_come {
            self.tell_unheard(clock::now());
        }
        units.is_closed()
    }

    /// Listens in a thread until the end; `false` if it does not come back.
    async fn listen_watched(&self, units: &Units) -> anyhow::Result<bool> {
        let shift = Shift::new(&self.counters);
        let thread = (self.clone(), shift.clone(), units.clone());
        let listening = aside("hearing", move || {
            let (hearing, shift, units) = thread;
            hearing.listen(&clock::now, &shift, &units);
        });
        tokio::pin!(listening);
        let mut watch = tokio::time::interval(self.watched_every);
        loop {
            tokio::select! {
                ended = &mut listening => return ended.map(|()| true),
                _ = watch.tick() => {
                    let now = clock::now();
                    // Who is at work holds no sound.
                    let waiting = units.try_lock().ok().filter(|_| shift.lasts(now.mono) >= self.watched_every);
                    match waiting {
                        Some(units) if units.is_closed() => return Ok(true),
                        Some(units) if !units.is_empty() => self.tell_unheard(now),
                        _ => {}
                    }
                    if shift.give_up(self.patience, now.mono) {
                        return Ok(false);
                    }
                }
            }
        }
    }

    /// Never waits: it is told again.
    fn tell_unheard(&self, at: Now) {
        let _ = self.told.try_send(self.observed(Observation::Unheard, at));
    }

    fn observed(&self, observation: Observation, at: Now) -> Observed {
        Observed { camera: self.camera.clone(), observation, at }
    }

    /// The thread.
    fn listen(&self, time: &dyn Fn() -> Now, shift: &Shift, units: &Units) {
        let mut sound = Sound { decoder: None, samples: Vec::new(), ear: Ear::new(&self.models) };
        let mut effort = Effort::default();
        let (mut catching_up, mut passed_over) = (CatchingUp::default(), PassedOver::default());
        let mut heard = Vec::new();
        loop {
            // Taken only for as long as it waits: a thread that hangs must not keep the sound.
            let Some(unit) = units.blocking_lock().blocking_recv() else { return };
            let Unit::Sound(unit) = unit else { continue };
            let began = time();
            if !catching_up.decodes(true, began.mono.since(unit.arrived.mono)) {
                self.counters.sound_dropped();
                if passed_over.happened(&self.camera, began.mono) {
                    self.tell_unheard(began);
                }
                continue;
            }
            let work = shift.begin(began.mono);
            let result = sound.listen(&unit, &mut |observation, at| heard.push((observation, at)));
            if !work.done() {
                return;
            }
            if let Err(e) = result {
                tracing::debug!(camera = %self.camera, "a piece of sound cannot be decoded: {e}");
            }
            effort.add(&unit, time().mono.since(began.mono), &self.counters);
            for (observation, at) in heard.drain(..) {
                // Waits for the rules if they are behind.
                if self.told.blocking_send(self.observed(observation, at)).is_err() {
                    return;
                }
            }
        }
    }
}

/// Sound that is passed over: written to the log once a minute, told to the rules once a second.
#[derive(Default)]
struct PassedOver {
    logged: Seldom,
    told: Option<Mono>,
}

impl PassedOver {
    /// Whether to tell the rules now.
    fn happened(&mut self, camera: &CameraId, at: Mono) -> bool {
        if let Some(dropped) = self.logged.happened(at) {
            tracing::warn!(
                %camera, dropped,
                "máy quá chậm, một số âm thanh không được nghe (ghi hình không bị ảnh hưởng) / \
                 the machine is too slow, some sound is not listened to (recording is not affected)"
            );
        }
        let is_due = self.told.is_none_or(|told| at.since(told) >= WATCHED_EVERY);
        if is_due {
            self.told = Some(at);
        }
        is_due
    }
}

/// What it takes to listen.
#[derive(Default)]
struct Effort {
    heard: Duration,
    took: Duration,
}

impl Effort {
    fn add(&mut self, unit: &SoundUnit, took: Duration, counters: &Counters) {
        let per_second = f64::from(unit.format.sample_rate.max(1));
        self.heard += Duration::from_secs_f64(f64::from(unit.samples) / per_second);
        self.took += took;
        if self.heard >= Duration::from_secs(u64::from(TOLD_EVERY_S)) {
            counters.heard(self.took / TOLD_EVERY_S);
            *self = Self::default();
        }
    }
}

/// A camera's decoder, which is another one for sound of another kind, and its ear.
struct Sound {
    decoder: Option<(Arc<SoundFormat>, SoundDecoder)>,
    samples: Vec<f32>,
    ear: Ear,
}

impl Sound {
    fn listen(&mut self, unit: &SoundUnit, told: &mut dyn FnMut(Observation, Now)) -> Result<(), LibavError> {
        let decoder = match &mut self.decoder {
            Some((format, decoder)) if *format == unit.format => decoder,
            other => {
                let format = &unit.format;
                let decoder = SoundDecoder::new(&format.codec, format.sample_rate, format.channels)?;
                &mut other.insert((format.clone(), decoder)).1
            }
        };
        self.samples.clear();
        decoder.decode(&unit.data, &mut self.samples)?;
        // The decoder knows better than the camera's description how fast samples are.
        self.ear.hear(&self.samples, decoder.sample_rate(), unit.arrived, told);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;
    use std::sync::mpsc::channel;

    use super::super::models::testing;
    use super::*;
    use crate::libav::SoundCodec;

    const WITHIN: Duration = Duration::from_secs(20);

    fn camera() -> CameraId {
        CameraId::new("c").unwrap()
    }

    /// 20 ms of it.
    fn sound(arrived: Now) -> Unit {
        let format = Arc::new(SoundFormat { codec: SoundCodec::Pcma, sample_rate: 8000, channels: 1 });
        let data = vec![0xD5; 160].into();
        Unit::Sound(SoundUnit { pts: 0, samples: 160, lost_packets: 0, data, arrived, format })
    }

    #[test]
    fn sound_that_waited_too_long_is_passed_over_and_told_as_unheard_up_to_what_has_just_come() {
        let (queue, units) = mpsc::channel(1000);
        let (told, mut observed) = mpsc::channel(1000);
        let now = Now::default().plus(Duration::from_secs(100));
        // A second each, 20 ms at a time.
        for waited_s in [10, 2, 0] {
            let arrived = now.minus(Duration::from_secs(waited_s));
            (0..50).for_each(|_| queue.try_send(sound(arrived)).unwrap());
        }
        drop(queue);
        let counters = Counters::default();
        let hearing = Hearing::new(camera(), Models::default(), counters.clone(), told);
        hearing.listen(&|| now, &Shift::new(&counters), &Arc::new(Mutex::new(units)));
        assert_eq!(counters.now().sounds_dropped, 100);
        assert_eq!(observed.try_recv().unwrap().observation, Observation::Unheard);
        let first = observed.try_recv().unwrap();
        assert!(matches!(first.observation, Observation::Sound(_)), "it is told once a second: {first:?}");
        assert!(now.mono.since(first.at.mono) < Duration::from_secs(1), "{first:?}");
    }

    /// A camera whose sound is listened to by a model that hangs.
    struct Hung {
        queue: mpsc::Sender<Unit>,
        observed: mpsc::Receiver<Observed>,
        counters: Counters,
        running: std::pin::Pin<Box<dyn Future<Output = anyhow::Result<()>>>>,
    }

    impl Hung {
        fn new(models: Models) -> Self {
            let (queue, units) = mpsc::channel(1000);
            let (told, observed) = mpsc::channel(1000);
            let counters = Counters::default();
            let hearing = Hearing {
                patience: Duration::from_millis(300),
                watched_every: Duration::from_millis(20),
                ..Hearing::new(camera(), models, counters.clone(), told)
            };
            let running = Box::pin(hearing.run(Arc::new(Mutex::new(units))));
            Self { queue, observed, counters, running }
        }

        /// Sends sound until `is_done`, which is asked with each thing that is told, and in between, and with how
        /// many threads hang.
        async fn send_until(&mut self, is_done: impl Fn(Option<&Observation>, u64) -> bool) {
            let sent = async {
                let mut every = tokio::time::interval(Duration::from_millis(20));
                loop {
                    tokio::select! {
                        ended = &mut self.running => panic!("it ends: {ended:?}"),
                        _ = every.tick() => {
                            // A queue that is full while nobody listens loses, as a tap does.
                            let _ = self.queue.try_send(sound(clock::now()));
                            if is_done(None, self.counters.hanging()) { return }
                        }
                        Some(told) = self.observed.recv() => {
                            if is_done(Some(&told.observation), self.counters.hanging()) { return }
                        }
                    }
                }
            };
            tokio::time::timeout(WITHIN, sent).await.unwrap();
        }
    }

    fn is_sound(observation: Option<&Observation>) -> bool {
        matches!(observation, Some(Observation::Sound(sound)) if sound.speech.is_some())
    }

    #[tokio::test]
    async fn a_model_that_hangs_costs_its_thread_and_another_listens_on() {
        let (hangs, for_ever) = channel();
        let mut hung = Hung::new(testing::speech_that_hangs(1, for_ever).0);
        hung.send_until(|told, _| told == Some(&Observation::Unheard)).await;
        hung.send_until(|told, hanging| is_sound(told) && hanging == 1).await;
        assert_eq!(hung.counters.now().hanging, 1, "and it is shown");
        drop(hangs);
        hung.send_until(|told, hanging| is_sound(told) && hanging == 0).await;
        drop(hung.queue);
        tokio::time::timeout(WITHIN, hung.running).await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn where_every_thread_hangs_nothing_is_heard_until_one_comes_back() {
        let (hangs, for_ever) = channel();
        let (models, runs) = testing::speech_that_hangs(usize::MAX, for_ever);
        let mut hung = Hung::new(models);
        // Looks that hang are none of these.
        (0..MOST_HANGING).for_each(|_| hung.counters.look_is_given_up(true));
        hung.send_until(|_, hanging| hanging == 2 * MOST_HANGING).await;
        let told = std::cell::Cell::new(0);
        hung.send_until(|observation, _| {
            told.set(told.get() + u32::from(observation == Some(&Observation::Unheard)));
            // More than a second: long enough for three more to be given up.
            told.get() == 60
        })
        .await;
        assert_eq!(runs.load(Ordering::SeqCst), 3, "no more are started");
        drop(hangs);
        hung.send_until(|told, hanging| is_sound(told) && hanging == MOST_HANGING).await;
    }

    #[tokio::test]
    async fn nothing_is_told_as_unheard_where_no_sound_comes() {
        let (_hangs, for_ever) = channel();
        let mut hung = Hung::new(testing::speech_that_hangs(usize::MAX, for_ever).0);
        hung.send_until(|_, hanging| hanging == MOST_HANGING).await;
        while hung.observed.try_recv().is_ok() {}
        let ended = tokio::time::timeout(Duration::from_millis(200), &mut hung.running).await;
        assert!(ended.is_err(), "it waits");
        let left: Vec<_> = std::iter::from_fn(|| hung.observed.try_recv().ok()).collect();
        assert!(left.len() <= 1, "of what was sent before: {left:?}");
        drop(hung.queue);
        tokio::time::timeout(WITHIN, hung.running).await.unwrap().unwrap();
    }
}
