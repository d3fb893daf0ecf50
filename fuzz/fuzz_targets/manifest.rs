//! A manifest that anyone may have written.

#![no_main]

use libfuzzer_sys::fuzz_target;
use quaywatch::evidence::manifest;

fuzz_target!(|data: &[u8]| {
    let _ = manifest::open(data);
});
