//! The rules about a camera's view on pictures that went through a real encoder: a hall with people
//! (the first 40 s of `media/vtest.avi`, which are for tuning), spoilt by filters after 30 s.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::camera_blurred::CameraBlurred;
use super::camera_covered::CameraCovered;
use super::camera_moved::CameraMoved;
use super::picture_frozen::PictureFrozen;
use super::{Sign, Watch};
use crate::config::Hours;
use crate::libav::{Demuxer, PictureDecoder, VIDEO_TICKS};
use crate::model::Now;
use crate::perceive::{Observation, Viewer};

/// Five pictures a second at a low rate; a keyframe every 2 s.
const CAMERA: &str =
    "-c:v libx264 -preset veryfast -b:v 150k -maxrate 150k -bufsize 150k -g 10 -pix_fmt yuv420p";

/// Shows 75 s of the hall through `filter` with the noise of a sensor. Gives what was flagged: the
/// rule, and the seconds when it began and when it was told.
fn flagged(filter: &str) -> Vec<(&'static str, u64, u64)> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hall.mp4");
    let hall = Path::new(env!("CARGO_MANIFEST_DIR")).join("media/vtest.avi");
    let filters = format!("trim=end=40,fps=5,scale=320:240,loop=loop=1:size=200,{filter}");
    let status = Command::new("ffmpeg")
        .args(["-v", "error", "-i"])
        .arg(hall)
        .args(["-vf", &filters, "-t", "75", "-an"])
        .args(CAMERA.split(' '))
        .arg(&path)
        .status()
        .unwrap();
    assert!(status.success());
    watched(&path)
}

fn watched(path: &Path) -> Vec<(&'static str, u64, u64)> {
    let hold = Duration::from_secs;
    let mut rules: [(&str, Box<dyn Watch>); 4] = [
        ("covered", Box::new(CameraCovered::new(hold(10), Hours::of_a_test(&["mon-sun 00:00-24:00"])))),
        ("blurred", Box::new(CameraBlurred::new(hold(30)))),
        ("moved", Box::new(CameraMoved::new(hold(30)))),
        ("frozen", Box::new(PictureFrozen::new(hold(30)))),
    ];
    let mut demuxer = Demuxer::open(path).unwrap();
    let mut decoder = PictureDecoder::new(demuxer.video().unwrap()).unwrap();
    let (mut viewer, mut flagged) = (Viewer::default(), Vec::new());
    while let Some(sample) = demuxer.read().unwrap() {
        let mut views = Vec::new();
        let see = |picture: &crate::libav::Picture<'_>| {
            let ms = u64::try_from(picture.pts().max(0) * 1000 / VIDEO_TICKS).unwrap();
            let at = Now::default().plus(Duration::from_millis(ms));
            views.extend(viewer.see(&picture.luma().unwrap(), at).map(|view| (view, at)));
        };
        decoder.decode(sample.pts, sample.data(), see).unwrap();
        for (view, at) in views {
            let view = Observation::View(view);
            for (name, rule) in &mut rules {
                if let Some(Sign::Flagged { started_at, .. }) = rule.observe(&view, true, at) {
                    flagged.push((*name, started_at.as_millis() as u64 / 1000, at.mono.0.as_secs()));
                }
            }
        }
    }
    flagged
}

/// What is flagged, began within two seconds of the thirtieth and was told two after the hold.
fn assert_flagged(filter: &str, rule: &str, hold: u64) {
    let flagged = flagged(filter);
    let [(name, began, told)] = flagged.as_slice() else { panic!("{filter}: {flagged:?}") };
    assert_eq!(*name, rule, "{filter}");
    assert!((28..=32).contains(began) && (began + hold..=began + hold + 3).contains(told), "{flagged:?}");
}

#[test]
fn a_hall_with_people_in_changing_light_is_neither_covered_nor_blurred_nor_moved_nor_frozen() {
    let lights = "eq=contrast=0.3:brightness=-0.25:enable='between(t,25,45)',noise=alls=4:allf=t";
    assert_eq!(flagged(lights), []);
    let infrared = "hue=s=0:enable='gte(t,35)',noise=alls=12:allf=t:enable='gte(t,35)'";
    assert_eq!(flagged(&format!("noise=alls=3:allf=t,{infrared}")), []);
}

#[test]
fn a_cloth_over_the_lens_is_flagged() {
    assert_flagged("drawbox=c=0x404040:t=fill:enable='gte(t,30)',noise=alls=3:allf=t", "covered", 10);
}

#[test]
fn a_lens_out_of_focus_is_flagged() {
    assert_flagged("gblur=sigma=2.5:enable='gte(t,30)',noise=alls=3:allf=t", "blurred", 30);
}

#[test]
fn a_camera_that_was_turned_a_little_is_flagged() {
    let turned = "crop=iw*0.7:ih*0.7:x='iw*0.1+if(gte(t,30),iw*0.07,0)':y='ih*0.1',scale=320:240";
    assert_flagged(&format!("{turned},noise=alls=3:allf=t"), "moved", 30);
}

#[test]
fn a_picture_that_stopped_is_flagged() {
    assert_flagged("noise=alls=3:allf=t,loop=loop=-1:size=1:start=150", "frozen", 30);
}
