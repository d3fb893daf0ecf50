//! One attempt at a stream: connects once, watches it for a while, and says what went wrong in words.

use std::time::Duration;

use crate::clock;
use crate::ingest::{self, Measure, Measured, OpenError, Session, StreamAddress, Tracks};

/// How long a camera may take to answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(12);

/// How long a connection may take to end: the camera's last word is not waited for.
const CLOSE_WITHIN: Duration = Duration::from_secs(2);

/// How long a stream is watched.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// Not less than this.
    pub at_least: Duration,
    /// And not more than this, whatever is missing.
    pub at_most: Duration,
    /// Keyframes that are enough.
    pub keyframes: u64,
    /// Reports of the camera's clock that are enough.
    pub reports: u64,
}

impl Patience {
    /// Just long enough to see what must be set right.
    pub const BRIEF: Self =
        Self { at_least: Duration::from_secs(2), at_most: Duration::from_secs(11), keyframes: 2, reports: 0 };

    /// Long enough for rates, for keyframes 5 s apart, and for the camera's clock.
    pub const THOROUGH: Self =
        Self { at_least: Duration::from_secs(6), at_most: Duration::from_secs(12), keyframes: 3, reports: 2 };

    fn is_satisfied(&self, found: &Measured, tracks: &Tracks) -> bool {
        found.watched >= self.at_least
            && found.keyframes >= self.keyframes
            && found.reports >= self.reports
            && (tracks.sound.is_none() || found.sounds > 0)
    }
}

/// Why nothing can be said of a stream.
pub(super) enum Trouble {
    /// The camera does not let us in: it is not to be asked again.
    Refused(String),
    /// Anything else.
    Other(String),
}

impl Trouble {
    pub fn words(self) -> String {
        match self {
            Trouble::Refused(text) | Trouble::Other(text) => text,
        }
    }
}

/// Connects once and measures what comes.
pub(super) async fn watch(
    address: &StreamAddress,
    patience: Patience,
) -> Result<(Measured, Tracks), Trouble> {
    let seconds = ANSWER_WITHIN.as_secs();
    let late = || {
        Trouble::Other(format!(
            "không trả lời trong {seconds} giây / no answer within {seconds} s: kiểm tra địa chỉ, dây mạng và nguồn \
             điện / check the address, the cable and the power"
        ))
    };
    let opened = tokio::time::timeout(ANSWER_WITHIN, ingest::open(address)).await.map_err(|_| late())?;
    let mut session = opened.map_err(|e| match e {
        OpenError::Refused(text) => Trouble::Refused(format!(
            "máy quay không cho đăng nhập: kiểm tra tên người dùng và mật khẩu / {text}"
        )),
        OpenError::Unusable(text) => Trouble::Other(format!("không ghi được hình / {text}")),
        OpenError::Unreachable(text) => Trouble::Other(format!("không kết nối được / {text}")),
    })?;
    let tracks = session.tracks().clone();
    let mut measure = Measure::default();
    let watched =
        tokio::time::timeout(patience.at_most, take(&mut session, &mut measure, &tracks, patience)).await;
    let found = measure.found(clock::now());
    if tokio::time::timeout(CLOSE_WITHIN, session.close()).await.is_err() {
        tracing::debug!("the camera did not answer the TEARDOWN");
    }
    match watched {
        Ok(Err(why)) => Err(Trouble::Other(format!("mất kết nối / the stream broke: {why}"))),
        Ok(Ok(())) | Err(_) => Ok((found, tracks)),
    }
}

async fn take(
    session: &mut Session,
    measure: &mut Measure,
    tracks: &Tracks,
    patience: Patience,
) -> Result<(), String> {
    while !patience.is_satisfied(&measure.found(clock::now()), tracks) {
        match session.next().await {
            Some(Ok(unit)) => measure.see(&unit),
            Some(Err(why)) => return Err(why),
            None => return Err("the camera closed it".into()),
        }
    }
    Ok(())
}
