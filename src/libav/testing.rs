//! Small real footage for tests: a counting test picture with a beep every second, encoded by the
//! `ffmpeg` tool, and segments recorded from it the way a camera's packets are.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::{AudioFormat, Demuxer, FragmentMuxer, Sample, Track, VideoFormat};

/// Encoded packets of both tracks, in the order of their decode times.
pub(crate) struct Footage {
    pub(crate) video: VideoFormat,
    pub(crate) audio: AudioFormat,
    pub(crate) samples: Vec<Sample>,
}

/// 320x180 at 25 pictures a second, a keyframe a second, 48 kHz AAC: 0.1 s of 1 kHz begins at each
/// full second.
pub(crate) fn footage(encoder: &str, seconds: u32) -> Footage {
    sized_footage(encoder, seconds, "320x180")
}

pub(crate) fn sized_footage(encoder: &str, seconds: u32, size: &str) -> Footage {
    let closed = "keyint=25:min-keyint=25:scenecut=0:bframes=0:open-gop=0";
    encoded_footage(encoder, seconds, size, closed)
}

/// The same with three B-frames in a pyramid and open groups of pictures: each keyframe but the first
/// is followed by pictures that are shown before it and need the group before. All times are a second
/// later, as a connection's are, so that none is below zero.
pub(crate) fn b_frame_footage(encoder: &str, seconds: u32) -> Footage {
    let open = "keyint=24:min-keyint=24:scenecut=0:bframes=3:b-adapt=0:b-pyramid=2:open-gop=1";
    let open = if encoder == "libx265" { open.replace("pyramid=2", "pyramid=1") } else { open.to_owned() };
    let mut made = encoded_footage(encoder, seconds, "320x180", &open);
    for sample in &mut made.samples {
        let second = if sample.track == Track::Video { 90_000 } else { i64::from(made.audio.sample_rate) };
        (sample.pts, sample.dts) = (sample.pts + second, sample.dts + second);
    }
    made
}

fn encoded_footage(encoder: &str, seconds: u32, size: &str, options: &str) -> Footage {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("source.mp4");
    let picture = format!("testsrc=size={size}:rate=25:duration={seconds}");
    let beep = "aevalsrc=exprs='0.5*sin(2*PI*1000*t)*lt(mod(t,1),0.1)':s=48000";
    let params = if encoder == "libx265" { "-x265-params" } else { "-x264-params" };
    let status = Command::new("ffmpeg")
        .args(["-v", "error", "-f", "lavfi", "-i", &picture, "-f", "lavfi", "-t", &seconds.to_string()])
        .args(["-i", beep, "-c:v", encoder, "-preset", "ultrafast", "-pix_fmt", "yuv420p"])
        .args([params, &format!("{options}:log-level=error")])
        .args(["-tag:v", if encoder == "libx265" { "hvc1" } else { "avc1" }])
        .args(["-video_track_timescale", "90000", "-c:a", "aac", "-ac", "1"])
        .arg(&path)
        .status()
        .unwrap();
    assert!(status.success());
    let mut demuxer = Demuxer::open(&path).unwrap();
    let (video, audio) = (demuxer.video().unwrap().clone(), demuxer.audio().unwrap().clone());
    let mut samples = Vec::new();
    while let Some(sample) = demuxer.read().unwrap() {
        if sample.pts >= 0 {
            samples.push(sample);
        }
    }
    samples.sort_by_key(|sample| ticks(sample, &audio));
    Footage { video, audio, samples }
}

/// The header of a short stream that `encoder` makes with these options.
pub(crate) fn header(encoder: &str, params: &str) -> VideoFormat {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("header.mp4");
    let option = if encoder == "libx265" { "-x265-params" } else { "-x264-params" };
    let status = Command::new("ffmpeg")
        .args(["-v", "error", "-f", "lavfi", "-i", "testsrc=size=64x64:rate=25:duration=1"])
        .args(["-c:v", encoder, "-pix_fmt", "yuv420p", option, &format!("log-level=error:{params}")])
        .args(["-tag:v", if encoder == "libx265" { "hvc1" } else { "avc1" }])
        .arg(&path)
        .status()
        .unwrap();
    assert!(status.success());
    Demuxer::open(&path).unwrap().video().unwrap().clone()
}

/// The SPS, with its NAL header, out of an `avcC` or `hvcC`.
pub(crate) fn sps_of(format: &VideoFormat) -> Vec<u8> {
    let bytes = &format.extradata;
    // Each parameter set stands behind its length in two bytes; H.265's SPS begins 0x42 0x01.
    let at = match format.codec {
        super::VideoCodec::H264 => 6,
        super::VideoCodec::H265 => bytes.windows(2).position(|two| two == [0x42, 0x01]).unwrap() - 2,
    };
    let length = usize::from(u16::from_be_bytes([bytes[at], bytes[at + 1]]));
    bytes[at + 2..at + 2 + length].to_vec()
}

fn ticks(sample: &Sample, audio: &AudioFormat) -> i64 {
    match sample.track {
        Track::Video => sample.dts,
        Track::Audio => sample.dts * 90_000 / i64::from(audio.sample_rate),
    }
}

/// Records the footage as one connection, a file every `gop` keyframes; answers each file and its
/// first video time.
pub(crate) fn record(
    footage: &Footage,
    folder: &Path,
    name: &str,
    gops: usize,
    with_sound: bool,
) -> Vec<(PathBuf, i64)> {
    let audio = with_sound.then_some(&footage.audio);
    let (mut files, mut keys) = (Vec::new(), 0);
    let mut open: Option<(FragmentMuxer, Vec<u8>, PathBuf, i64)> = None;
    for sample in &footage.samples {
        if sample.track == Track::Video && sample.key {
            if keys % gops == 0 {
                files.extend(open.take().map(end));
                let path = folder.join(format!("{name}-{}.mp4", files.len()));
                let muxer = FragmentMuxer::new(&footage.video, audio).unwrap();
                open = Some((muxer, Vec::new(), path, sample.pts));
            }
            keys += 1;
        }
        let Some((muxer, bytes, _, _)) = &mut open else { continue };
        if sample.track == Track::Video || with_sound {
            muxer.write(sample.track, sample.times(), sample.duration, sample.key, sample.data()).unwrap();
            bytes.extend(muxer.take_bytes());
        }
    }
    files.extend(open.take().map(end));
    files
}

fn end((muxer, mut bytes, path, first): (FragmentMuxer, Vec<u8>, PathBuf, i64)) -> (PathBuf, i64) {
    bytes.extend(muxer.finish().unwrap());
    crate::disk::write_atomically(&path, &bytes).unwrap();
    (path, first)
}
