//! A centre's retained status, which is also its will.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Malformed, from_bytes, to_bytes};
use crate::model::{BootId, CameraId, ClockState, Wall};

const MAX_STATUS_BYTES: usize = 64 * 1024;

/// Whether a centre is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Presence {
    /// Connected.
    Online,
    /// Gone: said by itself when it stops, by the broker when it does not.
    Offline,
}

/// How a centre is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Status {
    /// Whether it is there.
    pub state: Presence,
    /// Which life of the process this is.
    pub boot: BootId,
    /// When this was written.
    pub at: Wall,
    /// The version of quaywatch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// How far its clock can be believed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock: Option<ClockState>,
    /// Each camera.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cameras: Vec<CameraStatus>,
    /// What waits to be sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backlog: Option<Backlog>,
    /// The storage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disk: Option<DiskStatus>,
    /// When its TLS certificate runs out, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate_expires: Option<Wall>,
    /// The request for a new one (PEM), when it is time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate_request: Option<String>,
}

/// How a camera is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CameraStatus {
    /// Which camera.
    pub id: CameraId,
    /// What people call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// `connecting`, `streaming`, `stalled`, `lost` or `refused`.
    pub state: String,
    /// Since when.
    pub since: Wall,
}

/// What waits for the province's receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct Backlog {
    /// Events.
    pub events: u64,
    /// Files.
    pub files: u64,
    /// Bytes of those files.
    pub bytes: u64,
    /// When the oldest of them was made.
    pub oldest: Option<Wall>,
}

/// The storage of a centre.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DiskStatus {
    /// Free bytes.
    pub free_bytes: u64,
    /// For how many days of recording the disk is large enough at today's rate, where known.
    #[serde(default)]
    pub days_left: Option<f64>,
    /// `well`, `full` (nothing may be deleted to make room) or `failed` (it cannot be written).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// Why it failed, in the system's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Status {
    /// The will: what the broker publishes when the centre is gone without a word.
    pub fn offline(boot: BootId, at: Wall) -> Self {
        Self {
            state: Presence::Offline,
            boot,
            at,
            version: None,
            clock: None,
            cameras: vec![],
            backlog: None,
            disk: None,
            certificate_expires: None,
            certificate_request: None,
        }
    }

    /// The exact bytes that are signed and sent.
    pub fn to_bytes(&self) -> Vec<u8> {
        to_bytes(self)
    }

    /// Reads a status.
    ///
    /// # Errors
    /// [`Malformed`] if it is not one.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Malformed> {
        from_bytes("status", MAX_STATUS_BYTES, bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_on_the_wire_looks_as_agreed_and_reads_back() {
        let status = Status {
            state: Presence::Online,
            boot: "0193b3c4-0000-7000-8000-000000000004".parse().unwrap(),
            at: Wall::from_millis(1_795_400_107_120),
            version: Some("0.1.0".into()),
            clock: Some(ClockState { state: crate::model::ClockTrust::Synchronised, offset_ms: Some(3) }),
            cameras: vec![CameraStatus {
                id: CameraId::new("counter-1").unwrap(),
                name: Some("Quầy 1".into()),
                state: "streaming".into(),
                since: Wall::from_millis(1_795_400_000_000),
            }],
            backlog: Some(Backlog {
                events: 0,
                files: 2,
                bytes: 9_123_456,
                oldest: Some(Wall::from_millis(1_795_400_100_000)),
            }),
            disk: Some(DiskStatus {
                free_bytes: 1,
                days_left: Some(23.5),
                state: Some("failed".into()),
                reason: Some("Read-only file system (os error 30)".into()),
            }),
            certificate_expires: Some(Wall::from_millis(1_826_936_107_000)),
            certificate_request: None,
        };
        insta::assert_json_snapshot!(
            serde_json::from_slice::<serde_json::Value>(&status.to_bytes()).unwrap()
        );
        assert_eq!(Status::from_bytes(&status.to_bytes()).unwrap(), status);
        let will = Status::offline(status.boot, status.at);
        assert_eq!(
            String::from_utf8(will.to_bytes()).unwrap(),
            r#"{"state":"offline","boot":"0193b3c4-0000-7000-8000-000000000004","at":"2026-11-23T02:15:07.120Z"}"#
        );
    }
}
