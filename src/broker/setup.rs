//! How the MQTT client is set up, and how large a packet will be.

use std::time::Duration;

use bytes::Bytes;
use rumqttc::v5::MqttOptions;
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::{ConnectProperties, LastWill, LastWillProperties, PublishProperties};
use rumqttc::{NetworkOptions, TlsConfiguration, Transport};

use super::Options;
use crate::wire;

/// More than this on the way at once helps no link that we have measured.
pub const WIDEST_WINDOW: u16 = 65;
/// Making a connection takes no longer than this.
pub const CONNECT_SECONDS: u64 = 5;
/// Nothing overtakes what is in the socket, so little may be: enough for 20 Mbit/s at 100 ms. The
/// kernel takes it twice (socket(7), SO_SNDBUF).
const SEND_BUFFER: u32 = 256 * 1024;
const SESSION_SECONDS: u32 = 24 * 60 * 60;

/// The client's options for ours.
pub fn client_options(options: &Options, keep_alive: Duration) -> MqttOptions {
    let address = &options.address;
    let mut made = MqttOptions::new(options.client_id.as_str(), address.host.as_str(), address.port);
    made.set_keep_alive(keep_alive);
    made.set_connection_timeout(CONNECT_SECONDS);
    made.set_clean_start(options.clean);
    made.set_manual_acks(options.manual_acks);
    made.set_outgoing_inflight_upper_limit(WIDEST_WINDOW);
    if address.user.is_some() || address.password.is_some() {
        let (user, password) = (address.user.clone(), address.password.clone());
        made.set_credentials(user.unwrap_or_default(), password.unwrap_or_default());
    }
    if let Some(tls) = &options.tls {
        made.set_transport(Transport::tls_with_config(TlsConfiguration::Rustls(tls.config.clone())));
    }
    let mut properties = ConnectProperties::new();
    properties.session_expiry_interval = Some(if options.clean { 0 } else { SESSION_SECONDS });
    properties.max_packet_size = Some(options.max_packet);
    properties.receive_maximum = Some(options.receive_maximum.max(1));
    made.set_connect_properties(properties);
    // An acknowledgement must not wait for the next packet to share a segment with.
    let mut network = NetworkOptions::new();
    network.set_tcp_nodelay(true);
    network.set_tcp_send_buffer_size(SEND_BUFFER);
    made.set_network_options(network);
    if let Some(will) = options.will.clone() {
        let properties = LastWillProperties {
            delay_interval: None,
            payload_format_indicator: None,
            message_expiry_interval: None,
            content_type: None,
            response_topic: None,
            correlation_data: None,
            user_properties: user_properties(will.signature),
        };
        made.set_last_will(LastWill::new(
            will.topic,
            will.payload.to_vec(),
            QoS::AtLeastOnce,
            will.retain,
            Some(properties),
        ));
    }
    made
}

/// The properties in which a signature travels.
pub fn user_properties(signature: Option<wire::Signature>) -> Vec<(String, String)> {
    signature.map_or_else(Vec::new, |signature| {
        vec![
            (wire::SIGNATURE_PROPERTY.to_owned(), signature.sig),
            (wire::KEY_PROPERTY.to_owned(), signature.kid),
        ]
    })
}

/// An upper bound of the packet's length: fixed header 5, topic and its length, packet id 2,
/// properties and their length (at most 4 bytes), payload (MQTT 5, 3.3).
pub fn packet_size(topic: &str, payload: &Bytes, properties: &PublishProperties) -> u64 {
    let property = |(key, value): &(String, String)| 1 + 2 + key.len() + 2 + value.len();
    let properties: usize = properties.user_properties.iter().map(property).sum();
    (5 + 2 + topic.len() + 2 + 4 + properties + payload.len()) as u64
}
#[cfg(test)]
mod tests {
    use rumqttc::v5::mqttbytes::v5::Publish;

    use super::*;

    #[test]
    fn the_size_reckoned_is_never_below_the_size_sent() {
        for (topic, payload) in [("a", 0usize), ("quaywatch/v1/x/event", 200), ("t", 300_000)] {
            let signature = wire::Signer::from_secret([1; 32]).sign(b"x");
            let properties = PublishProperties {
                user_properties: user_properties(Some(signature)),
                ..PublishProperties::default()
            };
            let payload = Bytes::from(vec![0u8; payload]);
            let reckoned = packet_size(topic, &payload, &properties);
            let mut publish = Publish::new(topic, QoS::AtLeastOnce, payload, Some(properties));
            publish.pkid = 1;
            let sent = publish.size() as u64;
            assert!(reckoned >= sent && reckoned <= sent + 16, "{reckoned} for {sent}");
        }
    }
}
