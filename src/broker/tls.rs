//! TLS to a broker (RFC 8446 by rustls with ring), and what is wrong with it in plain words.
//!
//! A certificate is judged by a clock, so a wrong clock looks like a wrong certificate: what a clock
//! can explain is told as such.

use std::fmt;
use std::sync::Arc;

use rumqttc::TlsError;
use rumqttc::v5::ConnectionError;
use rumqttc::v5::StateError;
use rumqttc::v5::mqttbytes;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{AlertDescription, CertificateError, ClientConfig, RootCertStore};

use crate::enrol::Validity;
use crate::model::Wall;

/// Whom we believe, and who we are.
#[derive(Clone)]
pub struct Tls {
    pub(super) config: Arc<ClientConfig>,
    /// From when to when our own certificate counts.
    pub validity: Validity,
}

impl Tls {
    /// TLS to brokers of these authorities, with our certificate and its key.
    ///
    /// # Errors
    /// In words, if one of them is of no use.
    pub fn new(
        authorities: &[CertificateDer<'static>],
        certificate: CertificateDer<'static>,
        key: PrivateKeyDer<'static>,
        validity: Validity,
    ) -> Result<Self, String> {
        let mut roots = RootCertStore::empty();
        for authority in authorities {
            roots.add(authority.clone()).map_err(|e| format!("the authority's certificate: {e}"))?;
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|e| e.to_string())?
            .with_root_certificates(roots)
            .with_client_auth_cert(vec![certificate], key)
            .map_err(|e| format!("our certificate: {e}"))?;
        Ok(Self { config: Arc::new(config), validity })
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tls(until {})", self.validity.to)
    }
}

/// Why no TLS connection comes about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TlsFault {
    /// A certificate counts from later than this machine's clock shows: the clock is behind.
    ClockBehind {
        /// What this machine's clock shows.
        now: Wall,
        /// From when the certificate counts.
        from: Wall,
    },
    /// The broker's certificate has run out, by this machine's clock.
    BrokerExpired {
        /// When.
        to: Wall,
        /// What this machine's clock shows.
        now: Wall,
    },
    /// Ours has run out.
    OursExpired {
        /// When.
        to: Wall,
        /// What this machine's clock shows.
        now: Wall,
    },
    /// The broker says that ours has run out, and by this machine's clock it has not.
    ClocksDiffer {
        /// Until when it counts.
        to: Wall,
        /// What this machine's clock shows.
        now: Wall,
    },
    /// The broker does not take our certificate.
    OursRefused(String),
    /// The broker's certificate is for other names.
    OtherName(String),
    /// The broker's certificate is of an authority that we do not know.
    Stranger,
    /// What answers there does not speak TLS.
    NoTls,
    /// Something else.
    Other(String),
}

impl TlsFault {
    /// What is wrong and what to do, in Vietnamese.
    pub fn vietnamese(&self) -> String {
        match self {
            Self::ClockBehind { now, from } => format!(
                "đồng hồ máy này đang là {now}, nhưng chứng thư chỉ có hiệu lực từ {from}: đồng hồ chạy sai, \
                 hãy chỉnh lại giờ"
            ),
            Self::BrokerExpired { to, now } => format!(
                "chứng thư của máy chủ tỉnh đã hết hạn lúc {to} (đồng hồ máy này: {now}): nếu đồng hồ đúng, tỉnh \
                 phải cấp lại chứng thư bằng lệnh quaywatch enrol broker"
            ),
            Self::OursExpired { to, now } => format!(
                "chứng thư của trung tâm đã hết hạn lúc {to} (đồng hồ máy này: {now}): nếu đồng hồ đúng, chạy \
                 quaywatch enrol request và gửi tỉnh ký lại"
            ),
            Self::ClocksDiffer { to, now } => format!(
                "máy chủ tỉnh báo chứng thư của trung tâm hết hạn hoặc chưa có hiệu lực, nhưng theo đồng hồ máy này \
                 ({now}) thì còn hạn đến {to}: một trong hai đồng hồ chạy sai"
            ),
            Self::OursRefused(said) => format!(
                "máy chủ tỉnh không chấp nhận chứng thư của trung tâm ({said}): hỏi tỉnh xem chứng thư có bị thu hồi \
                 không, nếu cần thì đăng ký lại bằng quaywatch enrol request"
            ),
            Self::OtherName(host) => format!(
                "chứng thư của máy chủ tỉnh không cấp cho tên {host}: kiểm tra địa chỉ broker, hoặc tỉnh cấp lại chứng \
                 thư cho tên này"
            ),
            Self::Stranger => {
                "chứng thư của máy chủ không do tỉnh này cấp: kiểm tra địa chỉ broker và tệp giấy tờ đã \
                               nhận từ tỉnh"
                    .to_owned()
            }
            Self::NoTls => {
                "cổng này không dùng TLS: kiểm tra số cổng trong broker (thường là 8883)".to_owned()
            }
            Self::Other(said) => format!("kết nối bảo mật (TLS) lỗi: {said}"),
        }
    }
}

impl fmt::Display for TlsFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ClockBehind { now, from } => write!(
                f,
                "this machine's clock shows {now}, and the certificate counts only from {from}: the clock is wrong, \
                 set it"
            ),
            Self::BrokerExpired { to, now } => write!(
                f,
                "the broker's certificate ran out at {to} (this machine's clock: {now}): if the clock is right, the \
                 province must make a new one with quaywatch enrol broker"
            ),
            Self::OursExpired { to, now } => write!(
                f,
                "our certificate ran out at {to} (this machine's clock: {now}): if the clock is right, run quaywatch \
                 enrol request and have it signed at the province"
            ),
            Self::ClocksDiffer { to, now } => write!(
                f,
                "the broker says that our certificate has run out or does not count yet, and by this machine's clock \
                 ({now}) it counts until {to}: one of the two clocks is wrong"
            ),
            Self::OursRefused(said) => write!(
                f,
                "the broker does not take our certificate ({said}): ask the province whether it was revoked; if so, \
                 enrol again with quaywatch enrol request"
            ),
            Self::OtherName(host) => write!(
                f,
                "the broker's certificate is not for {host}: see to the address in broker, or have a certificate made \
                 for that name"
            ),
            Self::Stranger => f.write_str(
                "the broker's certificate is not of this province: see to the address in broker, and to the papers \
                 that came from the province",
            ),
            Self::NoTls => {
                f.write_str("what answers there does not speak TLS: see to the port in broker (usually 8883)")
            }
            Self::Other(said) => f.write_str(said),
        }
    }
}

/// The fault behind an error of a connection over `tls`, if there is one. Before the broker answered, a
/// certificate of ours that does not count explains everything.
pub(super) fn fault(
    error: &ConnectionError,
    tls: &Tls,
    host: &str,
    answered: bool,
    now: Wall,
) -> Option<TlsFault> {
    let Validity { from, to } = tls.validity;
    if let Some(error) = of_rustls(error) {
        return Some(judge(error, tls.validity, host, now));
    }
    let cut = matches!(
        error,
        ConnectionError::Tls(_)
            | ConnectionError::MqttState(StateError::ConnectionAborted | StateError::Io(_))
    );
    match () {
        () if answered || !cut => None,
        () if now > to => Some(TlsFault::OursExpired { to, now }),
        () if now < from => Some(TlsFault::ClockBehind { now, from }),
        () => None,
    }
}

fn of_rustls(error: &ConnectionError) -> Option<&rustls::Error> {
    match error {
        ConnectionError::Tls(TlsError::TLS(error)) => Some(error),
        ConnectionError::Tls(TlsError::Io(error))
        | ConnectionError::Io(error)
        | ConnectionError::MqttState(StateError::Io(error))
        | ConnectionError::MqttState(StateError::Deserialization(mqttbytes::Error::Io(error))) => {
            error.get_ref()?.downcast_ref()
        }
        _ => None,
    }
}

fn judge(error: &rustls::Error, own: Validity, host: &str, now: Wall) -> TlsFault {
    use rustls::Error::{AlertReceived, InvalidCertificate, InvalidMessage};
    let wall = |time: &rustls::pki_types::UnixTime| {
        Wall::from_millis(i64::try_from(time.as_secs()).unwrap_or(i64::MAX / 1000).saturating_mul(1000))
    };
    match error {
        InvalidCertificate(CertificateError::ExpiredContext { not_after, .. }) => {
            TlsFault::BrokerExpired { to: wall(not_after), now }
        }
        InvalidCertificate(CertificateError::Expired) => TlsFault::BrokerExpired { to: now, now },
        InvalidCertificate(CertificateError::NotValidYetContext { not_before, .. }) => {
            TlsFault::ClockBehind { now, from: wall(not_before) }
        }
        InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => TlsFault::OtherName(host.to_owned()),
        InvalidCertificate(CertificateError::UnknownIssuer | CertificateError::BadSignature) => {
            TlsFault::Stranger
        }
        AlertReceived(AlertDescription::CertificateExpired | AlertDescription::BadCertificate)
            if now > own.to =>
        {
            TlsFault::OursExpired { to: own.to, now }
        }
        AlertReceived(_) if now < own.from => TlsFault::ClockBehind { now, from: own.from },
        AlertReceived(AlertDescription::CertificateExpired) => TlsFault::ClocksDiffer { to: own.to, now },
        AlertReceived(
            alert @ (AlertDescription::BadCertificate
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnknownCA
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateRequired
            | AlertDescription::AccessDenied
            | AlertDescription::HandshakeFailure),
        ) => TlsFault::OursRefused(format!("{alert:?}")),
        InvalidMessage(_) => TlsFault::NoTls,
        other => TlsFault::Other(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Wall {
        Wall::from_millis(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
    }

    #[test]
    fn what_a_wrong_clock_explains_is_told_as_a_wrong_clock() {
        let own = Validity { from: at("2026-11-01T00:00:00Z"), to: at("2027-11-01T00:00:00Z") };
        let alert = |alert| rustls::Error::AlertReceived(alert);
        let told = |error, now: &str| judge(&error, own, "mqtt.example", at(now));
        let in_1970 = told(alert(AlertDescription::BadCertificate), "1970-01-01T00:10:00Z");
        assert!(matches!(in_1970, TlsFault::ClockBehind { .. }), "{in_1970:?}");
        assert!(in_1970.to_string().contains("the clock is wrong"), "{in_1970}");
        assert!(in_1970.vietnamese().contains("đồng hồ chạy sai"), "{in_1970}");
        let late = told(alert(AlertDescription::CertificateExpired), "2027-12-01T00:00:00Z");
        assert!(matches!(late, TlsFault::OursExpired { .. }), "{late:?}");
        let differ = told(alert(AlertDescription::CertificateExpired), "2027-01-01T00:00:00Z");
        assert!(differ.to_string().contains("one of the two clocks is wrong"), "{differ}");
        let refused = told(alert(AlertDescription::CertificateRevoked), "2027-01-01T00:00:00Z");
        assert!(refused.to_string().contains("revoked"), "{refused}");
        let name = told(
            rustls::Error::InvalidCertificate(CertificateError::NotValidForName),
            "2027-01-01T00:00:00Z",
        );
        assert!(name.to_string().contains("mqtt.example"), "{name}");
    }
}
