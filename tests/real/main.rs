//! The whole line on the real parts: simulated cameras over RTSP, mosquitto, our own binary.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_possible_wrap,
    clippy::disallowed_methods,
    missing_docs,
    dead_code,
    reason = "a test fails by panicking"
)]

mod support;

mod archive;

mod bad_config;

mod bad_messages;

mod broker;

mod cameras;

mod centre;

mod chaos;

mod clock;

mod codecs;

mod commands;

mod disk;

mod export;

mod keeping;

mod ledger;

mod line;

mod link;

mod manual;

mod models;

mod mqtt_connection;

mod people;

mod play;

mod probe;

mod province;

mod receiver;

mod replay;

mod secure;

mod soak;

mod starved;

mod storage;

mod streams;
