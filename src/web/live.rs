//! All live pictures of a page over one connection, so that a browser's limit of six to a server is never
//! reached.
//!
//! The page says which streams it shows, as text: `{"watch":[{"camera":"counter-1","stream":"sub"}]}`, the
//! whole list each time. It is answered in binary messages: the length of a JSON head (32 bits, big endian),
//! the head, and what it announces:
//!
//! ```text
//! {"camera","stream","kind":"init","mime","run","sound","video"}                    ftyp and moov
//! {"camera","stream","kind":"fragment","key","run","start_s","duration_s","wall"}   moof and mdat
//! {"camera","stream","kind":"away","state","since"}                                 nothing
//! ```
//!
//! Every 8 s comes a text, so that a page whose cameras are all away knows that the connection is not.
//!
//! `skipped` in a fragment says that this viewer could not keep up and missed what was before it.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use axum::extract::State;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use futures::stream::{FuturesUnordered, SplitSink};
use futures::{SinkExt, StreamExt};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::Pages;
use crate::http::{Caller, Problem};
use crate::ingest::CameraState;
use crate::model::{CameraId, Now, StreamKind};
use crate::play::{Bytes, News, Watching};
use crate::record::Growing;

/// A page shows no more at once.
const MOST_STREAMS: usize = 64;

/// A list of streams is no longer.
const MOST_MESSAGE_BYTES: usize = 16 << 10;

/// A viewer that takes nothing for so long is gone.
const PATIENCE: Duration = Duration::from_secs(20);

/// How often a viewer hears that we are there, and is asked the same.
const ASKED_EVERY: Duration = Duration::from_secs(8);

/// A viewer that has not answered so often is gone.
const MOST_UNHEARD: u32 = 4;

#[derive(Debug, Deserialize)]
struct Wish {
    watch: Vec<Wished>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
struct Wished {
    camera: String,
    stream: String,
}

type Name = (CameraId, StreamKind);

/// Live pictures, over a WebSocket.
#[utoipa::path(get, path = "/api/live", tag = "live", responses((status = 101), (status = 400), (status = 426)))]
pub(super) async fn socket(
    State(pages): State<Pages>,
    caller: Caller,
    upgrade: WebSocketUpgrade,
) -> Result<Response, Problem> {
    let turn = pages.viewers.clone().try_acquire_owned();
    let turn = turn.map_err(|_| Problem::unavailable("too many are watching at once"))?;
    let upgrade = upgrade.max_message_size(MOST_MESSAGE_BYTES).max_frame_size(MOST_MESSAGE_BYTES);
    Ok(upgrade.on_upgrade(move |socket| async move {
        Viewer::new(pages, caller).serve(socket).await;
        drop(turn);
    }))
}

/// One stream of a viewer.
struct Follow {
    name: Name,
    /// Told apart from an earlier wish for the same stream.
    wish: u64,
    growing: watch::Receiver<Growing>,
    watching: Watching,
}

impl Follow {
    async fn grown(mut self) -> Option<Self> {
        self.growing.changed().await.ok().map(|()| self)
    }
}

struct Viewer {
    pages: Pages,
    caller: Caller,
    cameras: watch::Receiver<BTreeMap<CameraId, (CameraState, Now)>>,
    wished: HashMap<Name, u64>,
    wishes: u64,
    told: HashMap<CameraId, CameraState>,
}

impl Viewer {
    fn new(pages: Pages, caller: Caller) -> Self {
        let cameras = pages.cameras.clone();
        Self { pages, caller, cameras, wished: HashMap::new(), wishes: 0, told: HashMap::new() }
    }

    async fn serve(mut self, socket: WebSocket) {
        let (mut out, mut from) = socket.split();
        let mut streams = FuturesUnordered::new();
        let mut ask = tokio::time::interval(ASKED_EVERY);
        let mut unheard = 0;
        let (stop, gate, caller) = (self.pages.stop.clone(), self.pages.gate.clone(), self.caller.clone());
        let mut session = std::pin::pin!(gate.session_ends(&caller));
        loop {
            let sent = tokio::select! {
                () = stop.cancelled() => break,
                () = &mut session => break,
                message = from.next() => {
                    unheard = 0;
                    match message {
                        Some(Ok(Message::Text(text))) => {
                            let new = self.wish(text.as_str()).await;
                            new.into_iter().for_each(|follow| streams.push(follow.grown()));
                            self.tell_away(&mut out).await
                        }
                        Some(Ok(Message::Close(_)) | Err(_)) | None => break,
                        Some(Ok(_)) => true,
                    }
                }
                Some(grown) = streams.next(), if !streams.is_empty() => {
                    match grown.filter(|follow: &Follow| self.wished.get(&follow.name) == Some(&follow.wish)) {
                        Some(mut follow) => {
                            let sent = self.give(&mut follow, &mut out).await;
                            streams.push(follow.grown());
                            sent
                        }
                        None => true,
                    }
                }
                Ok(()) = self.cameras.changed() => self.tell_away(&mut out).await,
                _ = ask.tick() => {
                    unheard += 1;
                    if unheard > MOST_UNHEARD {
                        break;
                    }
                    // Browsers do not tell a page of pings: it hears by this that the connection is alive.
                    send(&mut out, Message::text(r#"{"kind":"here"}"#)).await
                        && send(&mut out, Message::Ping(bytes::Bytes::new())).await
                }
            };
            if !sent {
                break;
            }
        }
        let _ = tokio::time::timeout(Duration::from_secs(1), out.close()).await;
    }

    /// Takes a list of wishes; gives the streams that are new in it. What is not a list changes nothing.
    async fn wish(&mut self, text: &str) -> Vec<Follow> {
        let Ok(wish) = serde_json::from_str::<Wish>(text) else { return Vec::new() };
        let known = |wished: &Wished| {
            let camera = self.pages.config.cameras.iter().find(|c| c.id.as_str() == wished.camera)?;
            self.caller.person.sees(camera.id.as_str()).then_some(())?;
            let stream = StreamKind::parse(&wished.stream)?;
            (stream == StreamKind::Main || camera.sub.is_some()).then(|| (camera.id.clone(), stream))
        };
        let names: Vec<Name> = wish.watch.iter().filter_map(known).take(MOST_STREAMS).collect();
        self.wished.retain(|name, _| names.contains(name));
        let mut new = Vec::new();
        for name in names {
            if self.wished.contains_key(&name) {
                continue;
            }
            self.wishes = self.wishes.saturating_add(1);
            if self.pages.note_viewing(&self.caller, (&name.0, name.1), "live", None).await.is_err() {
                continue;
            }
            self.wished.insert(name.clone(), self.wishes);
            self.told.remove(&name.0);
            let mut growing = self.pages.archive.growing(&name.0, name.1);
            // What is there already is news to this viewer.
            growing.mark_changed();
            new.push(Follow { name, wish: self.wishes, growing, watching: Watching::default() });
        }
        new
    }

    async fn give(&self, follow: &mut Follow, out: &mut SplitSink<WebSocket, Message>) -> bool {
        let news = {
            let growing = follow.growing.borrow_and_update();
            follow.watching.next(&growing)
        };
        for one in news {
            let Some(read) = self.pages.hub.read(&one).await else { continue };
            if !send(out, message(&head(&follow.name, &one, &read), &read.bytes)).await {
                return false;
            }
        }
        true
    }

    /// Says which cameras send nothing now, where that is new.
    async fn tell_away(&mut self, out: &mut SplitSink<WebSocket, Message>) -> bool {
        let states = self.cameras.borrow_and_update().clone();
        for name in self.wished.keys() {
            let Some((state, since)) = states.get(&name.0) else { continue };
            if self.told.insert(name.0.clone(), *state) == Some(*state) || *state == CameraState::Streaming {
                continue;
            }
            let (state, since) = (state.as_str(), since.wall);
            let head = json!({
                "camera": name.0, "stream": name.1, "kind": "away", "state": state, "since": since,
            });
            if !send(out, message(&head, &[])).await {
                return false;
            }
        }
        true
    }
}

fn head((camera, stream): &Name, news: &News, read: &Bytes) -> Value {
    match news {
        News::Init { file, sound, .. } => json!({
            "camera": camera, "stream": stream, "kind": "init",
            "mime": format!("video/mp4; codecs=\"{}\"", read.codecs.as_deref().unwrap_or_default()),
            "run": file.run, "sound": sound, "video": file.video,
        }),
        News::Fragment { file, fragment, start, wall, skipped, .. } => {
            let mut head = json!({
                "camera": camera, "stream": stream, "kind": "fragment", "key": fragment.keyframe,
                "run": file.run, "start_s": seconds(*start),
                "duration_s": seconds(fragment.video_duration), "wall": wall,
            });
            if let (true, Some(members)) = (skipped, head.as_object_mut()) {
                members.insert("skipped".to_owned(), json!(skipped));
            }
            head
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "times stay far below 2^53")]
fn seconds(ticks: i64) -> f64 {
    ticks as f64 / 90_000.0
}

fn message(head: &Value, payload: &[u8]) -> Message {
    let head = head.to_string();
    let length = u32::try_from(head.len()).unwrap_or(u32::MAX);
    Message::Binary([&length.to_be_bytes()[..], head.as_bytes(), payload].concat().into())
}

/// Whether a message went out; a viewer that takes nothing does not hold us.
async fn send(out: &mut SplitSink<WebSocket, Message>, message: Message) -> bool {
    matches!(tokio::time::timeout(PATIENCE, out.send(message)).await, Ok(Ok(())))
}
