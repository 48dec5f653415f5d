//! Identifiers, parsed at the edge: whoever holds one of these types holds a well-formed name.

use std::fmt;
use std::str::FromStr;

use crate::limits;

/// Why a text is not a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a valid {kind}: 1 to {max} characters of a-z, 0-9, '-', '_' and '.', beginning with a letter or digit", max = limits::NAME_BYTES)]
pub struct InvalidName {
    kind: &'static str,
}

fn is_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    let first = bytes.next();
    text.len() <= limits::NAME_BYTES
        && first.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        && bytes.all(|b| {
            b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_' | b'.')
        })
}

macro_rules! name {
    ($(#[$doc:meta])* $type:ident, $kind:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $type(std::sync::Arc<str>);

        impl $type {
            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $type {
            type Err = InvalidName;

            fn from_str(text: &str) -> Result<Self, InvalidName> {
                if is_name(text) { Ok(Self(text.into())) } else { Err(InvalidName { kind: $kind }) }
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name!(
    /// A hospital site: the scope of addresses and the unit an engine task owns.
    SiteId,
    "site name"
);
name!(
    /// A sensor within its site.
    SensorId,
    "sensor name"
);
name!(
    /// A place where a sensor listens (an interface, or a replayed file's label).
    CapturePoint,
    "capture point name"
);

/// One life of a sensor's spool. Sequences restart at 1 with a new incarnation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Incarnation(pub u64);

impl fmt::Display for Incarnation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// Who is at the other end of the link, as its certificate says:
/// `spiffe://<trust-domain>/site/<site>/sensor/<sensor>`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SensorIdentity {
    /// The SPIFFE trust domain.
    pub trust_domain: String,
    /// The only site this sensor may write for.
    pub site: SiteId,
    /// The sensor's name, unique within its site.
    pub sensor: SensorId,
}

impl fmt::Display for SensorIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "spiffe://{}/site/{}/sensor/{}",
            self.trust_domain, self.site, self.sensor
        )
    }
}

/// Whether a text can be a SPIFFE trust domain: lower case letters, digits, dots, dashes and underscores, at most 255 (SPIFFE ID
/// section 2.1).
#[must_use]
pub fn is_trust_domain(text: &str) -> bool {
    let good = |byte: u8| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'_')
    };
    !text.is_empty() && text.len() <= 255 && text.bytes().all(good)
}

/// A URI that is not a sensor's SPIFFE id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a sensor identity: expected spiffe://<trust-domain>/site/<site>/sensor/<sensor>")]
pub struct NotASensorIdentity;

impl FromStr for SensorIdentity {
    type Err = NotASensorIdentity;

    fn from_str(uri: &str) -> Result<Self, NotASensorIdentity> {
        let rest = uri.strip_prefix("spiffe://").ok_or(NotASensorIdentity)?;
        let parts: Vec<&str> = rest.split('/').collect();
        let [trust_domain, "site", site, "sensor", sensor] = parts.as_slice() else {
            return Err(NotASensorIdentity);
        };
        if trust_domain.is_empty() || trust_domain.len() > 255 {
            return Err(NotASensorIdentity);
        }
        Ok(Self {
            trust_domain: (*trust_domain).to_owned(),
            site: site.parse().map_err(|_| NotASensorIdentity)?,
            sensor: sensor.parse().map_err(|_| NotASensorIdentity)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked_at_the_edge() {
        assert!("st-mary.main".parse::<SiteId>().is_ok());
        for bad in ["", "-a", "A", "a b", "a/b", "ä", &"a".repeat(65)] {
            assert!(bad.parse::<SiteId>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn sensor_identity_round_trips_and_refuses_everything_else() {
        let uri = "spiffe://auscult.example/site/main/sensor/nicu-03";
        assert_eq!(uri.parse::<SensorIdentity>().unwrap().to_string(), uri);
        for bad in [
            "spiffe://d/site/main",
            "https://d/site/a/sensor/b",
            "spiffe:///site/a/sensor/b",
            "spiffe://d/site/a/sensor/b/c",
        ] {
            assert!(bad.parse::<SensorIdentity>().is_err(), "{bad}");
        }
    }
}
