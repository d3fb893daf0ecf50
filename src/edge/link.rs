//! The wiring of the link: its access, its status, who does the province's commands.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::sync::{mpsc, watch};

use super::{CameraStates, Shared};
use crate::enrol::Folder;
use crate::forward::{self, Access, Orders};
use crate::model::{BootId, CameraId, ClockState, Ids};
use crate::orders::{Casebook, Clerk, FlagDesk, Rights};
use crate::record::Archive;
use crate::supervise::Group;
use crate::wire::{CameraStatus, DiskStatus};
use crate::{clock, disk};

const STATUS_EVERY: Duration = Duration::from_secs(5);

/// So many commands of the province wait to be done; those past it come again.
const COMMANDS: usize = 64;

/// Starts the link, if the config has a province; gives what its connection goes by.
pub(super) fn start_link(
    shared: &Shared,
    group: &mut Group,
    nudges: mpsc::Receiver<()>,
    flags: &FlagDesk,
    cases: &Casebook,
) -> anyhow::Result<watch::Receiver<Option<Access>>> {
    let (given, access) = watch::channel(None);
    let Some(province) = shared.config.province.clone() else {
        tracing::warn!("there is no [province] in the config: incidents stay at the centre");
        return Ok(access);
    };
    let (centre, signer, db) = (shared.config.centre.id.clone(), shared.signer.clone(), shared.db.clone());
    let (commands, ordered) = mpsc::channel(COMMANDS);
    let (replied, replies) = mpsc::channel(COMMANDS);
    let clerk = Clerk {
        centre: centre.clone(),
        db: db.clone(),
        cases: cases.clone(),
        flags: flags.clone(),
        rights: Rights {
            actions: province.commands.clone(),
            cameras: shared.config.cameras.iter().map(|camera| (camera.id.clone(), camera.asked)).collect(),
        },
        archive: shared.archive.clone(),
        papers: province.enrolment.clone().map(|folder| (Folder(folder), signer.public())),
    };
    group.spawn("orders", clerk.run(ordered, replied, group.token()));
    let keeping =
        forward::keep_access(province.clone(), centre.clone(), signer.clone(), given, group.token());
    group.spawn("access", keeping);
    let settings = forward::Settings {
        address: (&province.broker).into(),
        root: province.root,
        centre,
        signer,
        access: access.clone(),
        db,
        boot: BootId(Ids::new(clock::id_seed()?).next(clock::now())),
        rate: province.rate,
        asked_to_wait: shared.asked_to_wait.clone(),
        connected: shared.connected.clone(),
    };
    let statuses = start_status(shared, group);
    let orders = Orders { commands, replies };
    group.spawn("link", forward::run(settings, nudges, statuses, orders, group.token()));
    Ok(access)
}

fn start_status(shared: &Shared, group: &mut Group) -> watch::Receiver<forward::StatusInput> {
    let (status, statuses) = watch::channel(forward::StatusInput::default());
    let (archive, cameras, clock) =
        (shared.archive.clone(), shared.cameras.subscribe(), shared.clock.subscribe());
    let names: BTreeMap<_, _> =
        shared.config.cameras.iter().map(|camera| (camera.id.clone(), camera.name.clone())).collect();
    let stop = group.token();
    group.spawn("status", async move {
        let mut health = archive.health();
        loop {
            status.send_replace(status_input(&archive, &names, &cameras.borrow(), *clock.borrow()));
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                Ok(()) = health.changed() => {}
                () = tokio::time::sleep(STATUS_EVERY) => {}
            }
        }
    });
    statuses
}

fn status_input(
    archive: &Archive,
    names: &BTreeMap<CameraId, String>,
    cameras: &CameraStates,
    clock: ClockState,
) -> forward::StatusInput {
    let cameras = cameras.iter().map(|(id, (state, since))| CameraStatus {
        id: id.clone(),
        name: names.get(id).cloned(),
        state: state.as_str().to_owned(),
        since: since.wall,
    });
    let health = archive.health().borrow().clone();
    // What is free below an empty mount point is not free for us.
    let free = archive.in_place().and_then(|()| disk::space(archive.storage())).map(|space| space.free);
    let free_bytes = free.unwrap_or(0);
    let disk = DiskStatus {
        free_bytes,
        days_left: archive.days_left(free_bytes),
        state: Some(health.as_str().to_owned()),
        reason: health.why().map(str::to_owned),
    };
    forward::StatusInput { cameras: cameras.collect(), disk: Some(disk), clock }
}
