//! A recording that is torn, damaged, or never was one: it is read and cut, and what is left reads the same.

#![no_main]

use std::io::Write;

use libfuzzer_sys::fuzz_target;
use quaywatch::record::files::RealFiles;
use quaywatch::record::salvage::{salvage, scan};

fuzz_target!(|data: &[u8]| {
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(data).expect("written");
    let before = scan(file.path()).expect("read");
    let _ = salvage(&RealFiles, file.path()).expect("salvaged");
    if before.is_some() && file.path().exists() {
        let after = scan(file.path()).expect("read");
        let again = salvage(&RealFiles, file.path()).expect("salvaged again");
        assert_eq!(scan(file.path()).expect("read"), after, "a second salvage changes nothing: {again:?}");
    }
});
