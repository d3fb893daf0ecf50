//! One stream of one camera, from its connection to the archive: the shell around
//! [`crate::ingest::Link`] and [`crate::record::Recorder`].
//!
//! Each stream is one supervised task, so that a bad camera never disturbs another. Recording comes
//! first; perception is offered what was recorded and may drop it.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::clock;
use crate::ingest::{
    self, Action, CameraState, Failure, Input, Link, OpenError, Session, StreamAddress, Unit,
};
use crate::perceive::Tap;
use crate::record::{Archive, Cutting, GapReason, Recorder, StreamName};

/// How long a camera may take to answer the TEARDOWN.
const TEARDOWN_WITHIN: Duration = Duration::from_secs(2);

/// What a stream's task needs.
#[derive(Clone)]
pub struct StreamTask {
    /// Which stream.
    pub name: StreamName,
    /// Where it is.
    pub address: StreamAddress,
    /// Whether its sound is recorded, not only measured.
    pub records_sound: bool,
    /// How files are made.
    pub cutting: Cutting,
    /// Where it is recorded.
    pub archive: Arc<Archive>,
    /// Who perceives it.
    pub taps: Vec<Tap>,
    /// Who is told of its state.
    pub states: mpsc::Sender<(StreamName, CameraState)>,
    /// When to end.
    pub stop: CancellationToken,
}

type Attempt = Pin<Box<dyn Future<Output = Result<Session, OpenError>> + Send>>;

/// Something that happened to a stream.
enum Event {
    Stop,
    Attempted(Result<Session, OpenError>),
    Arrived(Unit),
    Broke(String),
    Tick,
}

/// A connection and what is made of it.
struct Connected {
    session: Session,
    recorder: Recorder,
}

impl StreamTask {
    /// Keeps the stream connected and recorded until told to stop.
    ///
    /// # Errors
    /// If the index of the archive cannot be read; the supervisor starts the task again.
    pub async fn run(self) -> anyhow::Result<()> {
        let mut gap = self.archive.gap_at_start(&self.name.camera, self.name.stream).await?;
        let mut link = Link::new(self.name.to_string(), clock::now());
        let mut attempt: Option<Attempt> = None;
        let mut connected: Option<Connected> = None;
        loop {
            let event = self.next_event(&link, &mut attempt, &mut connected).await;
            let input = match event {
                Event::Stop => break,
                Event::Tick => Input::Tick,
                Event::Attempted(result) => {
                    attempt = None;
                    match result {
                        Ok(session) => {
                            connected = Some(self.begin(session, gap).await?);
                            Input::Opened
                        }
                        Err(e) => {
                            tracing::warn!(stream = %self.name, "{e}");
                            Input::Failed(e.failure())
                        }
                    }
                }
                Event::Arrived(unit) => match self.take(&mut connected, &unit).await {
                    // A report is a word about time, not a sign that pictures come.
                    Ok(()) if matches!(unit, Unit::Report(_)) => Input::Tick,
                    Ok(()) => Input::Arrived,
                    Err(why) => {
                        tracing::error!(stream = %self.name, "{why}");
                        gap = self.end(connected.take()).await;
                        Input::Failed(Failure::Passing)
                    }
                },
                Event::Broke(why) => {
                    tracing::warn!(stream = %self.name, "the connection ended: {why}");
                    gap = self.end(connected.take()).await;
                    Input::Failed(Failure::Passing)
                }
            };
            for action in link.handle(input, clock::now()) {
                match action {
                    Action::Open => {
                        let address = self.address.clone();
                        attempt = Some(Box::pin(async move { ingest::open(&address).await }));
                    }
                    Action::Close => {
                        tracing::warn!(stream = %self.name, "nothing came for 8 s");
                        attempt = None;
                        if connected.is_some() {
                            gap = self.end(connected.take()).await;
                        }
                    }
                    Action::Changed(state) => {
                        tracing::info!(stream = %self.name, state = state.as_str(), "camera");
                        // Never waits: the state is told again with the next change, recording is not.
                        if self.states.try_send((self.name.clone(), state)).is_err() {
                            tracing::warn!(stream = %self.name, "its state could not be told");
                        }
                    }
                }
            }
        }
        self.end(connected.take()).await;
        Ok(())
    }

    async fn next_event(
        &self,
        link: &Link,
        attempt: &mut Option<Attempt>,
        connected: &mut Option<Connected>,
    ) -> Event {
        let attempted = async {
            match attempt {
                Some(attempt) => attempt.await,
                None => std::future::pending().await,
            }
        };
        let unit = async {
            match connected {
                Some(connected) => connected.session.next().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = self.stop.cancelled() => Event::Stop,
            result = attempted => Event::Attempted(result),
            unit = unit => match unit {
                Some(Ok(unit)) => Event::Arrived(unit),
                Some(Err(why)) => Event::Broke(why),
                None => Event::Broke("the camera closed it".into()),
            },
            () = clock::sleep_until(link.next_wakeup()) => Event::Tick,
        }
    }

    async fn begin(&self, session: Session, gap: GapReason) -> anyhow::Result<Connected> {
        let tracks = session.tracks();
        for left_out in &tracks.left_out {
            tracing::warn!(stream = %self.name, "not recorded: {left_out}");
        }
        let sound = tracks.sound.as_deref().filter(|_| self.records_sound);
        let recorder = Recorder::begin(
            self.archive.clone(),
            self.name.clone(),
            sound,
            gap,
            self.cutting,
            self.stop.clone(),
        )
        .await?;
        Ok(Connected { session, recorder })
    }

    async fn take(&self, connected: &mut Option<Connected>, unit: &Unit) -> Result<(), String> {
        let Some(connected) = connected else { return Ok(()) };
        connected.recorder.handle(unit).await.map_err(|e| e.to_string())?;
        self.taps.iter().for_each(|tap| tap.offer(unit));
        Ok(())
    }

    /// Ends a connection; gives why there is nothing between it and the next.
    async fn end(&self, connected: Option<Connected>) -> GapReason {
        let Some(Connected { session, recorder }) = connected else { return GapReason::CameraAway };
        let gap = recorder.finish().await.unwrap_or(GapReason::CameraAway);
        if tokio::time::timeout(TEARDOWN_WITHIN, session.close()).await.is_err() {
            tracing::debug!(stream = %self.name, "the camera did not answer the TEARDOWN");
        }
        gap
    }
}
