use super::*;
use crate::evidence::envelope::SignerFacts;
use crate::evidence::export::{PackedFile, PackedGap, PackedKind};
use crate::model::{CameraId, CentreId, ClockState, StreamKind, Wall};
use crate::wire::Signer;

fn package(reason: &str) -> Package {
    let (at, camera) = (Wall::from_millis(1_795_400_100_000), CameraId::new("counter-2").unwrap());
    Package {
        link: None,
        id: "0193b3c4-0000-7000-8000-000000000001".into(),
        centre: CentreId::new("xuan-lung").unwrap(),
        cameras: vec![camera.clone()],
        stream: StreamKind::Main,
        from: at,
        to: at.plus_millis(60_000),
        reason: reason.into(),
        by: "lan".into(),
        made_at: at.plus_millis(90_000),
        running_ms: None,
        clock: ClockState::default(),
        software: "quaywatch 0.1.0".into(),
        signer: SignerFacts::of(&Signer::from_secret([1; 32])).unwrap(),
        files: vec![PackedFile {
            name: "counter-2_2026-11-23_09-15-00.mp4".into(),
            kind: PackedKind::Film,
            camera: camera.clone(),
            media_type: "video/mp4".into(),
            size: 7,
            sha256: "ab".repeat(32),
            from: at,
            to: at.plus_millis(50_000),
            duration_ms: 50_000,
            sound: true,
            sources: vec![],
        }],
        gaps: vec![PackedGap {
            camera,
            from: at.plus_millis(50_000),
            to: at.plus_millis(60_000),
            reason: "camera-away".into(),
        }],
        incidents: vec![],
        left_out: vec![],
        beside: vec![],
    }
}

fn shown(reason: &str, has_certificate: bool) -> String {
    let zone = TimeZone::get("Asia/Ho_Chi_Minh").unwrap();
    page(&package(reason), "Trung tâm xã Xuân Lũng", &zone, has_certificate)
}

#[test]
fn the_page_shows_the_films_with_their_digests_the_gaps_and_why_it_was_made() {
    let page = shown("Công văn 12/UBND", false);
    for part in [
        "<video controls preload=\"none\" src=\"counter-2_2026-11-23_09-15-00.mp4\">",
        &"ab".repeat(32),
        "Công văn 12/UBND",
        "Trung tâm xã Xuân Lũng",
        "mất máy quay / the camera was away",
        "23-11-2026",
        "evidence.pub.pem",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(shown("x", true).contains("ca.pem") && !page.contains("ca.pem"));
}

#[test]
fn what_people_typed_cannot_become_part_of_the_page_and_nothing_is_fetched_from_elsewhere() {
    let page = shown("<script>alert(1)</script>\" onload=\"x", false);
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;&quot; onload=&quot;x"), "{page}");
    assert!(!page.contains("<script") && !page.contains("http:") && !page.contains("https:"));
}
