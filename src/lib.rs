//! quaywatch: records a counter hall's cameras with sound, flags incidents and gets each event and
//! its clip to the province. The modules stand in the order in which data flows.

#![cfg_attr(
    test,
    allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_possible_wrap,
        reason = "a test that truncates a number fails by itself"
    )
)]

/// The words every stage shares: ids, times, kinds.
pub mod model;

/// What the technician meant.
pub mod config;

/// Cameras over RTSP.
pub mod ingest;

/// Segments on disk, with sound, and their index.
pub mod record;

/// What is seen and heard.
pub mod perceive;

/// Levels and counts for time lines.
pub mod curve;

/// When observations become an incident.
pub mod incident;

/// The camera's own perception and rules over a media file or its recordings.
pub mod replay;

/// What range, still and sound prove an incident.
pub mod evidence;

/// Outbox and link: what goes to the province, and when it is done.
pub mod forward;

/// Topics, messages and receipts: the one definition that both ends use.
pub mod wire;

/// What is new, a duplicate, a gap; stores, then receipts.
pub mod province;

/// What people ask of a centre, from the province and at its pages.
pub mod orders;

/// What is kept and for how long, who holds it, and what goes next.
pub mod keeping;

/// Any moment of what was recorded, and what is recorded now.
pub mod play;

/// Signed packages of what was recorded.
pub mod export;

/// Which rule cries wolf, and which threshold would not.
pub mod judging;

/// Who may sign in, what each may do, and the log of what was done.
pub mod people;

/// What a centre shows over HTTP.
pub mod web;

/// A centre: the wiring of all stages.
pub mod edge;

/// One camera stream, from its connection to the archive.
pub mod camera;

/// Puts incidents on record.
pub mod decide;

/// A whole centre and a province on this machine.
pub mod demo;

/// Load for the way to the province.
pub mod simulate;

/// What can be typed.
pub mod commands;

/// Both ends of the line in one small world.
#[cfg(test)]
mod world;

/// Named tasks with an owner.
pub mod supervise;

/// A runtime that looks for arrivals at a pace.
pub mod pace;

/// The only reader of clocks.
pub mod clock;

/// Whole files or none, the storage lock, free space.
pub mod disk;

/// Whether the disk that footage belongs on is there.
pub mod mounts;

/// Private keys on disk.
pub mod keys;

/// How a centre and its province come to know each other.
pub mod enrol;

/// Opens our SQLite files.
pub mod database;

/// The centre's database: incidents, outbox, pins.
pub mod centre_db;

/// The chain of everything that a centre signs to last.
pub mod ledger;

/// What both web servers share.
pub mod http;

/// One MQTT connection, whole or dropped.
pub mod broker;

/// How long to wait before the next try.
pub mod backoff;

/// Our one door to FFmpeg's libraries.
pub mod libav;
