//! A centre's way to the province: the broker, who we are there, what leaves and how fast.

use std::path::PathBuf;
use std::time::Duration;

use super::Context;
use super::address::{BrokerAddress, broker, topic_root};
use super::hours::Hours;
use super::rate::{RatePlan, rate_plan};
use super::reader::Table;
use super::value::Value;
use crate::forward::Bounds;
use crate::model::StreamKind;
use crate::wire::Action;

/// The way to the province.
#[derive(Debug, Clone, PartialEq)]
pub struct ProvinceLink {
    /// The broker.
    pub broker: BrokerAddress,
    /// The topic below which everything is.
    pub root: String,
    /// The file of the centre's evidence key; made at the first start.
    pub identity: PathBuf,
    /// The file of the province's public keys, PEM; without it they are in the papers.
    pub trust: Option<PathBuf>,
    /// The folder of the TLS key and the papers that the province signed; a secure broker needs it.
    pub enrolment: Option<PathBuf>,
    /// Which stream clips are cut from; of a camera without a sub stream always main.
    pub clip_stream: StreamKind,
    /// What leaves the centre besides the event.
    pub send: Send,
    /// How fast files may go, by the hour.
    pub rate: RatePlan,
    /// What may wait for the province.
    pub outbox: Bounds,
    /// What the province may ask for.
    pub commands: Vec<String>,
    /// Whether footage that the province asks for goes with its sound.
    pub asked_sound: bool,
}

/// What leaves the centre besides the event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Send {
    /// The still.
    pub still: bool,
    /// The sound excerpt, where the rule lets sound leave.
    pub sound: bool,
    /// The clip.
    pub clip: bool,
}

const DAY: Duration = Duration::from_secs(86_400);

/// What a province may ask for where the file says nothing: all but to look in.
const USUAL_COMMANDS: [&str; 6] = ["acknowledge", "comment", "close", "flag", "clip", "still"];

fn commands(value: &Value<'_>) -> Option<Vec<String>> {
    let known = Action::NAMES.map(|name| (name, name.to_owned()));
    Some(value.list()?.iter().filter_map(|item| item.word(&known)).collect())
}

/// Reads the table `[province]`.
pub(super) fn link(mut table: Table<'_>, hours: &Hours, context: &Context<'_>) -> Option<ProvinceLink> {
    let broker = broker(&mut table, context);
    let root = topic_root(&mut table);
    let identity = table.required("identity", "\"identity.pem\"", |value| value.path(context));
    let enrolment = match table.value("enrolment") {
        None => Some(None),
        Some(value) => value.path(context).map(Some),
    };
    if enrolment == Some(None) && broker.as_ref().is_some_and(|broker| broker.secure) {
        table.amiss(
            "mqtts:// needs a certificate of this centre: write enrolment = \"enrolment\", then run \
             quaywatch enrol request",
        );
    }
    let trust = match table.value("trust") {
        None if enrolment == Some(None) => {
            table.amiss("trust is missing: write for example trust = \"province.pub.pem\"");
            None
        }
        None => Some(None),
        Some(value) => value.path(context).and_then(|trust| {
            if Some(&trust) == identity.as_ref() {
                return value
                    .wrong("is the same file as identity: one holds our key, the other the province's");
            }
            Some(Some(trust))
        }),
    };
    let streams = [StreamKind::Main, StreamKind::Sub].map(|kind| (kind.as_str(), kind));
    let clip_stream = table.or("clip_stream", StreamKind::Main, |value| value.word(&streams));
    let all = Send { still: true, sound: true, clip: true };
    let send = table.or("send", all, |value| what_leaves(&value));
    let rate = table.or("rate", RatePlan::default(), |value| rate_plan(&value, hours));
    let bytes = table.or("outbox", 20_000_000_000, |value| value.size(10_000_000..=1_000_000_000_000_000));
    let keep = table.or("outbox_keep", 30 * DAY, |value| value.duration(DAY..=3650 * DAY));
    let usual = || USUAL_COMMANDS.map(str::to_owned).to_vec();
    let commands = table.or("commands", usual(), |value| commands(&value));
    let asked_sound = table.or("asked_sound", false, |value| value.truth());
    table.finish();
    Some(ProvinceLink {
        broker: broker?,
        root: root?,
        identity: identity?,
        trust: trust?,
        enrolment: enrolment?,
        clip_stream: clip_stream?,
        send: send?,
        rate: rate?,
        outbox: Bounds { bytes: bytes?, keep: keep? },
        commands: commands?,
        asked_sound: asked_sound?,
    })
}

fn what_leaves(value: &Value<'_>) -> Option<Send> {
    let mut send = Send::default();
    for item in value.list()? {
        match item.word(&[("still", "still"), ("sound", "sound"), ("clip", "clip")]) {
            Some("still") => send.still = true,
            Some("sound") => send.sound = true,
            Some(_) => send.clip = true,
            None => {}
        }
    }
    Some(send)
}
