//! TLS 1.2 and 1.3: real handshakes between rustls and rustls over memory, made repeatable.
//!
//! Everything that rustls and its cryptography draw at random comes from the seed: its own randomness and the ephemeral X25519 key by
//! providers of ours, the signatures by schemes that need none (RSA PKCS#1 v1.5 and Ed25519). So the same seed gives the same bytes, as
//! long as rustls writes the same messages; `fixtures/demonstration.digests` says when it no longer does.

mod certificate;
mod seeded;

pub use certificate::{Authority, Certificate, Key, Subject};

use std::io::Read as _;
use std::sync::Arc;

use rustls::client::ResolvesClientCert;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, Connection, ServerConfig, ServerConnection};

use crate::address::Endpoint;
use crate::calendar::{MILLISECOND, Nanos, SECOND};
use crate::tap::Tap;
use crate::tcp::{Close, Conditions, Session, Side};

/// The version that both ends agree on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// RFC 5246: the certificate is readable.
    V12,
    /// RFC 8446: it is not.
    V13,
}

/// Why there is no handshake.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The name is no DNS name or address.
    #[error("{0:?} cannot be a server name in TLS: a DNS name or an address is expected")]
    Name(String),
    /// The two ends do not agree.
    #[error("the TLS handshake failed: {0}")]
    Handshake(#[from] rustls::Error),
    /// The certificate cannot be made.
    #[error("the certificate cannot be made: {0}")]
    Certificate(#[from] rcgen::Error),
    /// Moving bytes between the two ends failed.
    #[error("moving TLS bytes in memory failed: {0}")]
    Memory(#[from] std::io::Error),
}

/// What is to be negotiated.
#[derive(Debug)]
pub struct Handshake<'a> {
    /// The version; a [`Key::Shared`] certificate (RSA) needs 1.2, because its signature in 1.3 is random by definition.
    pub version: Version,
    /// SNI.
    pub server_name: &'a str,
    /// Protocols offered in ALPN; empty: no extension.
    pub alpn: &'a [&'a str],
    /// The server's chain and key.
    pub server: &'a Certificate,
    /// The client's, for mutual authentication.
    pub client: Option<&'a Certificate>,
}

/// A finished conversation: who sent which bytes, in order. It can be played many times.
#[derive(Debug, Clone)]
pub struct Transcript {
    flights: Vec<(Side, Vec<u8>)>,
    /// Flights of the handshake.
    opening: usize,
    facts: Vec<(Side, &'static str, String)>,
}

impl Handshake<'_> {
    /// Runs the handshake and then sends `messages` under it. `seed` decides every random octet, `now` is both ends' clock.
    ///
    /// # Errors
    /// When the two ends do not agree or the name is none.
    pub fn run(
        &self,
        seed: u64,
        now: Nanos,
        messages: &[(Side, &[u8])],
    ) -> Result<Transcript, Error> {
        seeded::begin(seed);
        let (mut client, mut server) = (self.client(now)?, self.server(now)?);
        client.set_buffer_limit(None);
        server.set_buffer_limit(None);
        let mut flights = Vec::new();
        exchange(&mut client, &mut server, &mut flights)?;
        let opening = flights.len();
        for (side, message) in messages {
            let writer = match side {
                Side::Client => &mut client,
                Side::Server => &mut server,
            };
            std::io::Write::write_all(&mut writer.writer(), message)?;
            exchange(&mut client, &mut server, &mut flights)?;
        }
        client.send_close_notify();
        exchange(&mut client, &mut server, &mut flights)?;
        Ok(Transcript {
            flights,
            opening,
            facts: self.facts(),
        })
    }

    fn facts(&self) -> Vec<(Side, &'static str, String)> {
        let mut facts = vec![(Side::Client, "tls.sni", self.server_name.to_owned())];
        for protocol in self.alpn {
            facts.push((Side::Client, "tls.alpn", (*protocol).to_owned()));
        }
        if self.version == Version::V12 {
            let server = self.server.facts.iter().cloned();
            facts.extend(server.map(|(attribute, value)| (Side::Server, attribute, value)));
            let client = self.client.iter().flat_map(|chain| chain.facts.clone());
            facts.extend(client.map(|(attribute, value)| (Side::Client, attribute, value)));
        }
        facts
    }

    fn versions(&self) -> [&'static rustls::SupportedProtocolVersion; 1] {
        match self.version {
            Version::V12 => [&rustls::version::TLS12],
            Version::V13 => [&rustls::version::TLS13],
        }
    }

    fn client(&self, now: Nanos) -> Result<Connection, Error> {
        let provider = Arc::new(seeded::provider());
        let clock = Arc::new(seeded::Clock(now / SECOND));
        // A client offers both versions; the server decides.
        let builder = ClientConfig::builder_with_details(provider.clone(), clock)
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(seeded::Anybody(provider)));
        let mut config =
            match self.client {
                None => builder.with_no_client_auth(),
                Some(certificate) => builder
                    .with_client_cert_resolver(Arc::new(certificate::Only::new(certificate))
                        as Arc<dyn ResolvesClientCert>),
            };
        config.alpn_protocols = self.protocols();
        let name = ServerName::try_from(self.server_name.to_owned())
            .map_err(|_| Error::Name(self.server_name.to_owned()))?;
        Ok(ClientConnection::new(Arc::new(config), name)?.into())
    }

    fn server(&self, now: Nanos) -> Result<Connection, Error> {
        let provider = Arc::new(seeded::provider());
        let clock = Arc::new(seeded::Clock(now / SECOND));
        let builder = ServerConfig::builder_with_details(provider.clone(), clock)
            .with_protocol_versions(&self.versions())?;
        let builder = if self.client.is_some() {
            builder.with_client_cert_verifier(Arc::new(seeded::Anybody(provider)))
        } else {
            builder.with_no_client_auth()
        };
        let mut config = builder.with_cert_resolver(Arc::new(certificate::Only::new(self.server)));
        config.alpn_protocols = self.protocols();
        Ok(ServerConnection::new(Arc::new(config))?.into())
    }

    fn protocols(&self) -> Vec<Vec<u8>> {
        let names = self.alpn.iter();
        names.map(|name| name.as_bytes().to_vec()).collect()
    }
}

/// Lets the two ends talk until neither has anything to say.
fn exchange(
    client: &mut Connection,
    server: &mut Connection,
    flights: &mut Vec<(Side, Vec<u8>)>,
) -> Result<(), Error> {
    loop {
        let asked = flight(client, server)?;
        let answered = flight(server, client)?;
        if asked.is_empty() && answered.is_empty() {
            return Ok(());
        }
        for (side, bytes) in [(Side::Client, asked), (Side::Server, answered)] {
            if !bytes.is_empty() {
                flights.push((side, bytes));
            }
        }
    }
}

fn flight(from: &mut Connection, to: &mut Connection) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    while from.wants_write() {
        from.write_tls(&mut bytes)?;
    }
    let mut rest = bytes.as_slice();
    let mut scratch = [0; 4_096];
    while !rest.is_empty() {
        to.read_tls(&mut rest)?;
        let state = to.process_new_packets()?;
        let mut plain = state.plaintext_bytes_to_read();
        while plain > 0 {
            plain -= to.reader().read(&mut scratch)?.min(plain);
        }
    }
    Ok(bytes)
}

impl Transcript {
    /// The bytes of every flight, in order.
    pub fn flights(&self) -> impl Iterator<Item = (Side, &[u8])> {
        self.flights
            .iter()
            .map(|(side, bytes)| (*side, bytes.as_slice()))
    }

    /// Plays it as one TCP session.
    pub fn play(
        &self,
        tap: &mut Tap<'_>,
        client: &Endpoint,
        server: (&Endpoint, u16),
        conditions: Conditions,
    ) {
        self.play_paced(tap, client, server, conditions, 2 * MILLISECOND);
    }

    /// The same with about `pause` before each of the client's messages after the handshake.
    pub fn play_paced(
        &self,
        tap: &mut Tap<'_>,
        client: &Endpoint,
        (server, port): (&Endpoint, u16),
        conditions: Conditions,
        pause: Nanos,
    ) {
        let client_port = tap.ephemeral_port(client);
        let mut session = Session::open(tap, (client, client_port), (server, port), conditions);
        let mut stated = [false; 2];
        for (number, (side, bytes)) in self.flights.iter().enumerate() {
            let frame = session.send(*side, bytes);
            let first = !std::mem::replace(&mut stated[usize::from(*side == Side::Server)], true);
            // A client's certificate is in its second flight.
            for (_, attribute, value) in self
                .facts
                .iter()
                .filter(|(speaker, attribute, _)| {
                    speaker == side && (first || attribute.starts_with("x509"))
                })
                .filter(|(_, attribute, _)| {
                    *side == Side::Server || first != attribute.starts_with("x509")
                })
            {
                session.states(frame, *side, attribute, value.as_str());
            }
            let waits = number >= self.opening && *side == Side::Server;
            let wait = if waits { pause } else { 2 * MILLISECOND };
            session.tap.wait_about(wait);
        }
        session.close(Close::Fin(Side::Client));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUBJECT: Subject<'_> = Subject {
        common_name: "pump-17",
        organization: "Maker",
        unit: "Infusion",
        dns_names: &["pump-17.hospital.example"],
        serial: 0x1001,
        year: 2024,
    };

    fn run(version: Version, key: Key, mutual: bool, seed: u64) -> Transcript {
        let certificate = Certificate::self_signed(&SUBJECT, key).expect("a certificate");
        let handshake = Handshake {
            version,
            server_name: "pump-17.hospital.example",
            alpn: &["http/1.1"],
            server: &certificate,
            client: mutual.then_some(&certificate),
        };
        let messages: [(Side, &[u8]); 2] = [(Side::Client, b"question"), (Side::Server, b"answer")];
        handshake
            .run(seed, 1_772_442_000 * SECOND, &messages)
            .expect("a handshake")
    }

    #[test]
    fn the_same_seed_gives_the_same_bytes_in_both_versions() {
        for (version, key) in [
            (Version::V12, Key::Shared),
            (Version::V12, Key::Own([7; 32])),
            (Version::V13, Key::Own([7; 32])),
        ] {
            for mutual in [false, true] {
                let one = run(version, key, mutual, 1).flights;
                assert_eq!(one, run(version, key, mutual, 1).flights);
                assert_ne!(one, run(version, key, mutual, 2).flights);
            }
        }
    }

    #[test]
    fn the_certificate_is_readable_in_1_2_only() {
        let readable = |transcript: &Transcript| {
            transcript.flights().any(|(_, bytes)| {
                bytes
                    .windows(SUBJECT.organization.len())
                    .any(|window| window == SUBJECT.organization.as_bytes())
            })
        };
        assert!(readable(&run(Version::V12, Key::Shared, false, 1)));
        assert!(!readable(&run(Version::V13, Key::Own([7; 32]), true, 1)));
    }

    #[test]
    fn a_name_that_is_none_is_refused() {
        let certificate = Certificate::self_signed(&SUBJECT, Key::Shared).expect("a certificate");
        let handshake = Handshake {
            version: Version::V12,
            server_name: "not a name",
            alpn: &[],
            server: &certificate,
            client: None,
        };
        assert!(matches!(handshake.run(1, 0, &[]), Err(Error::Name(_))));
    }
}
