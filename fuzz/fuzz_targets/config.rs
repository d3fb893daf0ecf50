//! A configuration as anyone may type it: read, or every problem told.

#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use quaywatch::config::{Secret, SecretSource, read_edge, read_province, summary};

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let secrets = |_: &SecretSource| Ok(Secret::new("x"));
    if let Ok(edge) = read_edge("edge.toml", Path::new("/etc/quaywatch"), text, &secrets) {
        let _ = summary(&edge);
    }
    let _ = read_province("province.toml", Path::new("/etc/quaywatch"), text, &secrets);
});
