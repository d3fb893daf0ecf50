//! A request or papers that came by whatever way.

#![no_main]

use libfuzzer_sys::fuzz_target;
use quaywatch::enrol::{Papers, Request, Validity};
use quaywatch::model::CentreId;
use quaywatch::wire::Signer;

fuzz_target!(|data: &[u8]| {
    let _ = Validity::of(data);
    let Ok(text) = std::str::from_utf8(data) else { return };
    let _ = Request::read(text);
    let centre = CentreId::new("xuan-lung").expect("an id");
    let _ = Papers::read(text, &centre, &[1, 2, 3], &Signer::from_secret([1; 32]).public());
});
