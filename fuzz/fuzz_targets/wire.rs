//! Every message that a broker can bring, to either end: the first byte chooses which.

#![no_main]

use libfuzzer_sys::fuzz_target;
use quaywatch::model::CentreId;
use quaywatch::wire::{
    Action, Command, Event, FileInit, PublicKey, Receipts, Reply, Signature, Signer, Status, Topics, Trust,
};

fuzz_target!(|data: &[u8]| {
    let Some((which, bytes)) = data.split_first() else { return };
    let centre = CentreId::new("xuan-lung").expect("an id");
    match which % 9 {
        0 => {
            let _ = Event::peek_id(bytes);
            if let Ok(event) = Event::from_bytes(&centre, bytes) {
                assert_eq!(Event::from_bytes(&centre, &event.to_bytes()).as_ref(), Ok(&event));
            }
        }
        1 => {
            if let Ok(init) = FileInit::from_bytes(bytes) {
                assert_eq!(FileInit::from_bytes(&init.to_bytes()), Ok(init));
            }
        }
        2 => {
            if let Ok(receipts) = Receipts::from_bytes(bytes) {
                receipts.receipts.iter().for_each(|receipt| drop(receipt.subject()));
                assert_eq!(Receipts::from_bytes(&receipts.to_bytes()), Ok(receipts));
            }
        }
        3 => {
            if let Ok(status) = Status::from_bytes(bytes) {
                assert_eq!(Status::from_bytes(&status.to_bytes()).map(|read| read.boot), Ok(status.boot));
            }
        }
        4 => {
            let _ = Command::peek_id(bytes);
            if let Ok(command) = Command::from_bytes(bytes) {
                let _ = Action::read(&command.action, command.args);
            }
        }
        5 => drop(Reply::from_bytes(bytes)),
        6 => drop(std::str::from_utf8(bytes).map(|topic| Topics::default().parse(topic))),
        7 => drop(std::str::from_utf8(bytes).map(|text| (Trust::from_pem(text), PublicKey::from_pem(text)))),
        _ => {
            let mut trust = Trust::default();
            let signer = Signer::from_secret([1; 32]);
            trust.add(signer.public());
            let (sig, payload) = bytes.split_at(bytes.len().min(90));
            let sig = String::from_utf8_lossy(sig).into_owned();
            let signature = Signature { sig, kid: signer.public().kid() };
            assert!(trust.verify(payload, Some(&signature)).is_err(), "nobody signed this");
        }
    }
});
