//! One RTSP session over TCP, by retina.
//!
//! Only what can be recorded is set up: H.264 or H.265, and AAC, PCMA or PCMU. Anything else the
//! camera offers is left alone and named. retina has no time-outs of its own: [`super::Link`] has.
//! Credentials go to retina beside the URL and stand in no message.

use std::sync::Arc;

use bytes::Bytes;
use futures::StreamExt;
use retina::Timestamp;
use retina::client::{
    Credentials, Demuxed, InitialSequenceNumberPolicy, InitialTimestampPolicy, PlayOptions, SessionGroup,
    SessionOptions, SetupOptions, TcpTransportOptions, TeardownPolicy, Transport,
};
use retina::codec::{CodecItem, FrameFormat, ParametersRef, VideoParameters, VideoParametersCodec};
use url::Url;

use super::keyframe::{Keyframe, keyframe};
use super::{DecodeOrder, Failure, SenderReport, SoundFormat, SoundUnit, Tracks, Unit, VideoUnit, reorder};
use crate::clock;
use crate::config::Secret;
use crate::libav::{SoundCodec, Times, VideoCodec, VideoFormat};
use crate::model::Wall;

/// Where a stream is and how to be let in.
#[derive(Debug, Clone)]
pub struct StreamAddress {
    /// `rtsp://host:port/path`, without user and password.
    pub url: Url,
    /// The user, where the camera asks for one.
    pub user: Option<String>,
    /// The password.
    pub password: Option<Secret>,
    /// Whether sound is wanted.
    pub wants_sound: bool,
}

/// Why a stream cannot be had, in words for the technician.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The camera does not accept the user or password.
    #[error("{0}")]
    Refused(String),
    /// The camera has no picture that can be recorded.
    #[error("{0}")]
    Unusable(String),
    /// The camera does not answer, or answers something else than RTSP.
    #[error("{0}")]
    Unreachable(String),
}

impl OpenError {
    /// What it means for the next try.
    pub fn failure(&self) -> Failure {
        match self {
            OpenError::Refused(_) => Failure::Refused,
            OpenError::Unusable(_) | OpenError::Unreachable(_) => Failure::Passing,
        }
    }
}

/// An open session that delivers units.
pub struct Session {
    demuxed: Demuxed,
    group: Arc<SessionGroup>,
    video: usize,
    sound: Option<usize>,
    tracks: Tracks,
    format: Option<Arc<VideoFormat>>,
    order: DecodeOrder,
    zero: Zero,
    /// Host and port, for the log.
    name: String,
}

/// Connects and starts playing.
///
/// # Errors
/// [`OpenError`], named by what to do about it.
pub async fn open(address: &StreamAddress) -> Result<Session, OpenError> {
    let group = Arc::new(SessionGroup::default());
    let creds = address.user.as_ref().map(|user| Credentials {
        username: user.clone(),
        password: address.password.as_ref().map(|p| p.reveal().to_owned()).unwrap_or_default(),
    });
    let options = SessionOptions::default()
        .creds(creds)
        .user_agent(format!("quaywatch/{}", env!("CARGO_PKG_VERSION")))
        .teardown(TeardownPolicy::Always)
        .session_group(group.clone());
    let failed = |e: retina::Error| explain(address, &e);
    let mut session =
        retina::client::Session::describe(address.url.clone(), options).await.map_err(failed)?;

    let (mut video, mut sound, mut tracks) = (None, None, Tracks::default());
    for (i, stream) in session.streams().iter().enumerate() {
        let encoding = stream.encoding_name().to_ascii_lowercase();
        match (stream.media(), encoding.as_str()) {
            ("video", "h264" | "h265") if video.is_none() => video = Some(i),
            ("audio", _) if !address.wants_sound || sound.is_some() => {}
            ("audio", name) => match sound_format(name, stream.parameters(), stream.clock_rate_hz()) {
                Some(format) => (sound, tracks.sound) = (Some(i), Some(Arc::new(format))),
                None => tracks.left_out.push(format!(
                    "sound as {name}: only AAC, PCMA and PCMU can be recorded, of 4 to 192 kHz"
                )),
            },
            (media, name) => tracks.left_out.push(format!("{media} as {name}")),
        }
    }
    let Some(video) = video else {
        let offered = if tracks.left_out.is_empty() { "nothing".into() } else { tracks.left_out.join("; ") };
        return Err(OpenError::Unusable(format!(
            "{} has no H.264 or H.265 picture (it offers {offered}): set the camera's codec to H.264",
            shown(&address.url)
        )));
    };
    for i in [Some(video), sound].into_iter().flatten() {
        let setup = SetupOptions::default()
            .transport(Transport::Tcp(TcpTransportOptions::default()))
            .frame_format(FrameFormat::MP4);
        session.setup(i, setup).await.map_err(failed)?;
    }
    let play = PlayOptions::default()
        .initial_timestamp(InitialTimestampPolicy::Permissive)
        // gst-rtsp-server tells late joiners a wrong first number. Jumps of time are the recorder's.
        .initial_seq(InitialSequenceNumberPolicy::Ignore);
    let demuxed = session.play(play).await.map_err(failed)?.demuxed().map_err(failed)?;
    Ok(Session {
        demuxed,
        group,
        video,
        sound,
        tracks,
        format: None,
        order: DecodeOrder::default(),
        zero: Zero::default(),
        name: shown(&address.url),
    })
}

impl Session {
    /// What the connection carries.
    pub fn tracks(&self) -> &Tracks {
        &self.tracks
    }

    /// The next unit; `None` when the camera has ended the stream. Cancel safe.
    ///
    /// # Errors
    /// In words, when the connection or the stream is broken.
    pub async fn next(&mut self) -> Option<Result<Unit, String>> {
        loop {
            match self.demuxed.next().await? {
                Err(e) => return Some(Err(e.to_string())),
                Ok(CodecItem::VideoFrame(frame)) => {
                    let is_new = frame.has_new_parameters() || self.format.is_none();
                    if is_new && let Some((format, depth)) = self.video_format() {
                        self.format = Some(Arc::new(format));
                        self.order.set_depth(depth);
                    }
                    // Without parameters nothing can be decoded; they come before the first keyframe.
                    let Some(format) = self.format.clone() else { continue };
                    let shown_at = self.zero.place_picture(&frame.timestamp());
                    let key = keyframe(format.codec, frame.data());
                    let Some(Times { pts, dts }) = self.order(shown_at, key) else { continue };
                    return Some(Ok(Unit::Video(VideoUnit {
                        pts,
                        dts,
                        is_key: key.is_some(),
                        lost_packets: u32::from(frame.loss()),
                        format,
                        arrived: clock::now(),
                        data: Bytes::from(frame.into_data()),
                    })));
                }
                Ok(CodecItem::AudioFrame(frame)) if Some(frame.stream_id()) == self.sound => {
                    let Some(format) = self.tracks.sound.clone() else { continue };
                    let pts = self.zero.place(&frame.timestamp());
                    if pts < 0 {
                        // Its clock was set back before the picture's: there is no place for it yet.
                        continue;
                    }
                    return Some(Ok(Unit::Sound(SoundUnit {
                        pts,
                        samples: frame.frame_length().get(),
                        lost_packets: u32::from(frame.loss()),
                        data: Bytes::copy_from_slice(frame.data()),
                        format,
                        arrived: clock::now(),
                    })));
                }
                Ok(CodecItem::Rtcp(packet)) if packet.stream_id() == self.video => {
                    let first = packet.pkts().next().and_then(|p| p.as_sender_report().ok().flatten());
                    let (Some(report), Some(at)) = (first, packet.rtp_timestamp()) else { continue };
                    let Some(camera) = wall_of_ntp(report.ntp_timestamp().0) else { continue };
                    let (pts, arrived) = (self.zero.place(&at), clock::now());
                    return Some(Ok(Unit::Report(SenderReport { camera, pts, arrived })));
                }
                Ok(_) => {}
            }
        }
    }

    /// Ends the session with a TEARDOWN, so that a camera with few sessions has this one back.
    pub async fn close(self) {
        let group = self.group.clone();
        drop(self);
        if let Err(e) = group.await_teardown().await {
            tracing::debug!("TEARDOWN was not answered: {e}");
        }
    }

    /// Both times of the next picture, none if it can never be decoded; says once that a camera's
    /// B-frames came unannounced.
    fn order(&mut self, pts: i64, key: Option<Keyframe>) -> Option<Times> {
        let moved = self.order.moved();
        let times = self.order.next(pts, key);
        if moved == 0 && self.order.moved() > 0 {
            tracing::warn!(
                camera = self.name,
                "the stream has B-frames that its header does not announce: its first few are recorded \
                 moments late; set the camera to no B-frames"
            );
        }
        times
    }

    /// How the pictures are coded and how many may overtake another, as the stream's header says.
    fn video_format(&self) -> Option<(VideoFormat, Option<usize>)> {
        match self.demuxed.streams().get(self.video)?.parameters()? {
            ParametersRef::Video(p) => video_format(p),
            _ => None,
        }
    }
}

/// Puts a connection's times on its time line, whose zero lies a second or more before the first unit.
#[derive(Debug, Clone, Copy, Default)]
struct Zero {
    before_s: Option<i64>,
    latest_s: i64,
}

/// Farther on than any pause: whoever sees this knows that the time stamps have leapt.
const UNMISTAKABLE_LEAP_S: i64 = 30;

impl Zero {
    fn place(&mut self, time: &Timestamp) -> i64 {
        let (ticks, rate) = (time.elapsed(), i64::from(time.clock_rate().get()));
        // Whole seconds, so that both tracks are moved by exactly the same. A server may have told a
        // zero that lies behind its first unit.
        let before_s =
            *self.before_s.get_or_insert_with(|| 1 + ticks.min(0).div_euclid(rate).saturating_neg());
        ticks.saturating_add(before_s.saturating_mul(rate))
    }

    /// As [`Zero::place`], for the track that the recording is cut by. A camera that sets its clock back
    /// by more than the connection has lasted would come before zero, which no file can hold: all that
    /// follows, of both tracks, then goes on behind what was there.
    fn place_picture(&mut self, time: &Timestamp) -> i64 {
        let rate = i64::from(time.clock_rate().get());
        let mut placed = self.place(time);
        if placed < 0 {
            let missing_s = placed.div_euclid(rate).saturating_neg();
            let by_s = missing_s.saturating_add(self.latest_s).saturating_add(UNMISTAKABLE_LEAP_S);
            self.before_s = self.before_s.map(|before_s| before_s.saturating_add(by_s));
            placed = self.place(time);
        }
        self.latest_s = self.latest_s.max(placed / rate);
        placed
    }
}

fn video_format(p: &VideoParameters) -> Option<(VideoFormat, Option<usize>)> {
    let (codec, depth) = match p.codec_params() {
        VideoParametersCodec::H264 { sps, .. } => (VideoCodec::H264, reorder::h264_depth(sps)),
        VideoParametersCodec::H265 { sps, .. } => (VideoCodec::H265, reorder::h265_depth(sps)),
        _ => return None,
    };
    let (width, height) = p.pixel_dimensions();
    let extradata = Bytes::copy_from_slice(p.extra_data());
    Some((VideoFormat { codec, width, height, extradata }, depth))
}

/// NTP counts 1/2^32 s from 1900, and from 2036 on again from 0 (RFC 4330, 3); 0 means that there is no
/// clock.
fn wall_of_ntp(ntp: u64) -> Option<Wall> {
    const FROM_1900_TO_1970_S: i64 = 2_208_988_800;
    const ERA_S: i64 = 1 << 32;
    let (seconds, fraction) = (i64::try_from(ntp >> 32).ok()?, ntp & 0xFFFF_FFFF);
    let era = if seconds < ERA_S / 2 { ERA_S } else { 0 };
    let ms = i64::try_from((fraction * 1000) >> 32).ok()?;
    (ntp != 0).then(|| Wall::from_millis((seconds + era - FROM_1900_TO_1970_S) * 1000 + ms))
}

/// Samples a second that sound may have: with others a byte of it would become minutes, or none.
const RATES: std::ops::RangeInclusive<u32> = 4000..=192_000;

fn sound_format(encoding: &str, parameters: Option<ParametersRef<'_>>, clock: u32) -> Option<SoundFormat> {
    let format = match (encoding, parameters) {
        ("mpeg4-generic", Some(ParametersRef::Audio(p))) => Some(SoundFormat {
            codec: SoundCodec::Aac { extradata: Bytes::copy_from_slice(p.extra_data()) },
            sample_rate: p.clock_rate(),
            channels: p.channels().get(),
        }),
        ("pcma", _) => Some(SoundFormat { codec: SoundCodec::Pcma, sample_rate: clock, channels: 1 }),
        ("pcmu", _) => Some(SoundFormat { codec: SoundCodec::Pcmu, sample_rate: clock, channels: 1 }),
        _ => None,
    };
    format.filter(|format| RATES.contains(&format.sample_rate))
}

/// Host and port alone: some cameras want the password in the path or the query.
fn shown(url: &Url) -> String {
    format!("rtsp://{}:{}", url.host_str().unwrap_or_default(), url.port().unwrap_or(554))
}

fn explain(address: &StreamAddress, e: &retina::Error) -> OpenError {
    let url = &shown(&address.url);
    match e.status_code() {
        Some(401 | 403) if address.user.is_none() => OpenError::Refused(format!(
            "{url} asks for a user and password: write user and password_file (or password_env)"
        )),
        Some(401 | 403) => OpenError::Refused(format!(
            "{url} refuses the user or the password: correct them. A centre that runs tries again only \
             every 5 minutes, because cameras lock an account after a few wrong ones"
        )),
        Some(404) => OpenError::Unreachable(format!("{url}: the camera has no stream of that path (404)")),
        Some(code) => OpenError::Unreachable(format!("{url}: the camera answers with RTSP status {code}")),
        None => {
            let text = e.to_string();
            let first = text.lines().next().unwrap_or_default().to_owned();
            OpenError::Unreachable(format!("{url} does not answer as a camera: {first}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;

    #[test]
    fn ntp_time_is_wall_time_also_after_2036_and_none_without_a_clock() {
        let wall = |seconds: u64, half: bool| wall_of_ntp(seconds << 32 | u64::from(half) << 31);
        assert_eq!(wall(2_208_988_800, true), Some(Wall::from_millis(500)));
        assert_eq!(wall(4_002_000_000, false).unwrap().to_string(), "2026-10-26T10:40:00.000Z");
        assert_eq!(wall(1, false).unwrap().to_string(), "2036-02-07T06:28:17.000Z");
        assert_eq!(wall_of_ntp(0), None);
        assert!(wall_of_ntp(u64::MAX).is_some());
    }

    #[test]
    fn both_tracks_are_moved_by_the_same_whole_seconds_and_none_begins_below_one() {
        let at = |ticks: i64, rate: u32| Timestamp::new(ticks, NonZeroU32::new(rate).unwrap(), 0).unwrap();
        let mut zero = Zero::default();
        assert_eq!(zero.place(&at(0, 90_000)), 90_000);
        assert_eq!(zero.place(&at(-100, 8000)), 7900);
        // The clock is set back by an hour: both go on 30 s or more behind what was there.
        assert_eq!(zero.place_picture(&at(900_000, 90_000)), 990_000);
        let back = zero.place_picture(&at(-3600 * 90_000, 90_000));
        assert_eq!(back, (11 + 30) * 90_000);
        assert_eq!(zero.place(&at(-3600 * 8000, 8000)), (11 + 30) * 8000);
        let mut late = Zero::default();
        assert_eq!(late.place(&at(-90_001, 90_000)), 180_000 - 1);
        assert_eq!(late.place(&at(0, 8000)), 24_000);
    }
}
