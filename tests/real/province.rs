//! The province is killed between storing and answering.

use crate::support::{CameraSpec, Hall};

#[test]
fn a_province_killed_between_store_and_receipt_stores_nothing_twice() {
    let mut hall = Hall::new(&[CameraSpec::new("counter-1")]);
    // What the province has stored is not answered: the broker takes its receipts and drops them.
    hall.broker.kill();
    let acl = hall.path("no-receipts.acl");
    std::fs::write(&acl, "topic deny quaywatch/v1/+/receipt\ntopic readwrite #\n").unwrap();
    hall.broker.restart_with(&format!("acl_file {}", acl.display()));
    let province = hall.start_province();
    let centre = hall.start_centre();
    let id = hall.wait_for_incident("raised-voices", 40)["id"].as_str().unwrap().to_owned();
    hall.wait_for_file(&id, "clip", 60);
    assert!(!centre.log().contains("\"what\":\"stored\""), "no receipt came through");
    let before = hall.incident(&id);
    province.kill();

    hall.broker.kill();
    hall.broker.restart_with("");
    let _province = hall.start_province();
    centre.wait_for_log("\"class\":\"clip\",\"what\":\"stored\"", 90);
    hall.wait_for_file(&id, "still", 60);
    let after = hall.incident(&id);
    hall.has_each_event_once(&after);
    for (kind, name) in [("events", "id"), ("files", "file_id")] {
        let ids = |incident: &serde_json::Value| -> Vec<String> {
            incident[kind].as_array().unwrap().iter().map(|item| item[name].to_string()).collect()
        };
        let (old, new) = (ids(&before), ids(&after));
        assert!(
            !old.is_empty() && old.iter().all(|id| new.contains(id)),
            "{kind} keep their ids: {old:?} {new:?}"
        );
    }
    let clips = after["files"].as_array().unwrap().iter().filter(|file| file["role"] == "clip").count();
    assert_eq!(clips, 1, "the clip is there once");
    assert!(centre.stop().success());
}
