//! The retained status and its message: what the rest of the centre knows, and our backlog.

use bytes::Bytes;

use super::access::Access;
use super::sending::Source;
use crate::broker::Message;
use crate::model::{BootId, ClockState, Now};
use crate::wire::{Backlog, CameraStatus, DiskStatus, Presence, Status};

/// What the other stages bring to the status.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StatusInput {
    /// Each camera.
    pub cameras: Vec<CameraStatus>,
    /// The storage, where it is known.
    pub disk: Option<DiskStatus>,
    /// How far the clock can be believed.
    pub clock: ClockState,
}

impl StatusInput {
    /// Whether `other` is worth a status of its own; free space changes all the time and can wait
    /// for the next one.
    pub(super) fn differs(&self, other: &StatusInput) -> bool {
        let storage = |input: &StatusInput| input.disk.as_ref().map(|disk| disk.state.clone());
        self.cameras != other.cameras || self.clock != other.clock || storage(self) != storage(other)
    }
}

/// The message that says that this centre is here, and how it is.
pub(super) fn online(
    source: &Source,
    boot: BootId,
    input: StatusInput,
    backlog: Option<Backlog>,
    access: Option<&Access>,
    now: Now,
) -> Message {
    let status = Status {
        state: Presence::Online,
        boot,
        at: now.wall,
        version: Some(env!("CARGO_PKG_VERSION").to_owned()),
        clock: Some(input.clock),
        cameras: input.cameras,
        backlog,
        disk: input.disk,
        certificate_expires: access.and_then(Access::expires),
        certificate_request: access.and_then(|a| a.request(&source.centre, &source.signer, now.wall)),
    };
    retained(source, &status)
}

/// The message that says that it is gone: the will, and the last word.
pub(super) fn offline(source: &Source, boot: BootId, now: Now) -> Message {
    retained(source, &Status::offline(boot, now.wall))
}

fn retained(source: &Source, status: &Status) -> Message {
    let payload = status.to_bytes();
    let signature = Some(source.signer.sign(&payload));
    Message {
        topic: source.topics.status(&source.centre),
        payload: Bytes::from(payload),
        retain: true,
        signature,
    }
}
