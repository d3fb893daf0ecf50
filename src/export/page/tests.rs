use super::*;
use crate::evidence::envelope::SignerFacts;
use crate::evidence::export::{
    BesideFile, LeftOut, PackedFile, PackedGap, PackedIncident, PackedKind, Source,
};
use crate::model::{CameraId, CentreId, ClockState, Kind, StreamKind, Wall};
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
            h265: false,
            c2pa: false,
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

fn shown_of(package: &Package, has_certificate: bool) -> String {
    let zone = TimeZone::get("Asia/Ho_Chi_Minh").unwrap();
    let cameras = [(CameraId::new("counter-2").unwrap(), "Quầy 2".to_owned())].into();
    page(&Shown {
        package, name: "Trung tâm xã Xuân Lũng", cameras: &cameras, zone: &zone, has_certificate
    })
}

fn shown(reason: &str, has_certificate: bool) -> String {
    shown_of(&package(reason), has_certificate)
}

#[test]
fn the_page_shows_the_films_with_their_digests_the_gaps_and_why_it_was_made() {
    let page = shown("Công văn 12/UBND", false);
    for part in [
        "<video controls preload=\"none\" src=\"counter-2_2026-11-23_09-15-00.mp4\">",
        &"ab".repeat(32),
        "Công văn 12/UBND",
        "Trung tâm xã Xuân Lũng",
        "Quầy 2 (<code>counter-2</code>)",
        "mất máy quay / the camera was away",
        "23-11-2026",
        "evidence.pub.pem",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(shown("x", true).contains("ca.pem") && !page.contains("ca.pem"));
    for part in ["Sự việc", "Ảnh ", "WAV)", "Nguồn gốc", "originals", "Cần lưu ý"] {
        assert!(!page.contains(part), "{part}: {page}");
    }
}

#[test]
fn the_page_shows_stills_sound_incidents_sources_and_what_is_not_there() {
    let mut package = package("x");
    let film = package.files[0].clone();
    let other = |name: &str, kind, digest: &str| PackedFile {
        name: name.into(),
        kind,
        sha256: digest.repeat(32),
        ..film.clone()
    };
    package.files.push(other("stills/counter-2_2026-11-23_09-15-00.jpg", PackedKind::Still, "cd"));
    package.files.push(other("counter-2_2026-11-23_09-15-00.wav", PackedKind::Sound, "ef"));
    package.files.push(other("originals/video/a.mp4", PackedKind::Original, "12"));
    let source = |path: &str, hour| Source { path: path.into(), sha256: None, hour };
    package.files[0].sources = vec![source("video/a.mp4", Some(7)), source("video/b.mp4", None)];
    let id = "0193b3c4-0000-7000-8000-000000000002".parse().unwrap();
    let (kind, camera) = (Kind::RaisedVoices, film.camera.clone());
    package.incidents = vec![PackedIncident { id, kind, camera, flagged_at: film.from }];
    package.beside = vec![BesideFile {
        name: format!("incidents/{id}/clip.mp4"),
        media_type: "video/mp4".into(),
        size: 1,
        sha256: "34".repeat(32),
    }];
    assert!(!shown_of(&package, false).contains("Biên nhận"), "there is none");
    let receipt = BesideFile { name: "receipts/receipt-4.json".into(), ..package.beside[0].clone() };
    package.beside.push(receipt);
    package.left_out =
        vec![LeftOut { name: "incidents/3".into(), why: "chưa lập xong / it is not made yet".into() }];
    let page = shown_of(&package, false);
    for part in [
        "poster=\"stills/counter-2_2026-11-23_09-15-00.jpg\"",
        "<img loading=\"lazy\" src=\"stills/counter-2_2026-11-23_09-15-00.jpg\"",
        "<a href=\"counter-2_2026-11-23_09-15-00.wav\">",
        "to tiếng <span class=\"en\">/ raised voices</span>",
        "<a href=\"incidents/0193b3c4-0000-7000-8000-000000000002/clip.mp4\">đoạn phim / clip</a>",
        "Các phim được cắt từ 2 tệp do máy ghi lưu lại",
        "1 tệp đã có trong các danh sách đó",
        "1 of the files are in those lists",
        "<code>receipts</code> có 1 biên nhận",
        "sha256sum --ignore-missing -c ../sources/",
        "<td><code>incidents/3</code></td><td>chưa lập xong / it is not made yet</td>",
        &"cd".repeat(32),
        &"ef".repeat(32),
        &"12".repeat(32),
        &"34".repeat(32),
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(!page.contains("C2PA"));
    assert!(!page.contains("H.265"));
    package.files[0].h265 = true;
    let page = shown_of(&package, true);
    assert!(page.contains("hãy mở tệp phim bằng VLC") && page.contains("open the files with VLC"), "{page}");
    package.files[0].c2pa = true;
    let page = shown_of(&package, true);
    for part in [
        "1 phim có sẵn thông tin nguồn gốc",
        "with content credentials (C2PA): 1.",
        "<code>ca.pem</code> vào",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(shown_of(&package, false).contains("Tỉnh chưa xác nhận khóa này"));
    assert!(!page.contains("still.jpg"), "what is not in the package is not linked");
}

#[test]
fn what_people_typed_cannot_become_part_of_the_page_and_nothing_is_fetched_from_elsewhere() {
    let page = shown("<script>alert(1)</script>\" onload=\"x", false);
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;&quot; onload=&quot;x"), "{page}");
    assert!(!page.contains("<script") && !page.contains("http:") && !page.contains("https:"));
}
