//! Keys of changelog records: `<site>/<kind>/<id>`.

use std::fmt;

use auscult_proto::ids::SiteId;

/// Key of one record of `auscult.int.state.v1`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StateKey(String);

impl StateKey {
    pub(crate) fn new(site: &SiteId, kind: &str, id: impl fmt::Display) -> Self {
        // One allocation: a key is made for every record of the changelog.
        let mut key = String::with_capacity(site.as_str().len().saturating_add(64));
        key.push_str(site.as_str());
        key.push('/');
        key.push_str(kind);
        key.push('/');
        // Writing into a string does not fail.
        let _infallible = fmt::write(&mut key, format_args!("{id}"));
        // The one record of a kind has no identifier.
        if key.ends_with('/') {
            key.pop();
        }
        Self(key)
    }

    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The key as it goes to the log.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// The key as it goes to the log, without a copy.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.0.into_bytes()
    }
}

impl fmt::Display for StateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Which site a changelog record belongs to; `None` when the key is not one of this crate's.
#[must_use]
pub fn site_of_key(key: &[u8]) -> Option<SiteId> {
    let (site, rest) = std::str::from_utf8(key).ok()?.split_once('/')?;
    if rest.is_empty() {
        return None;
    }
    site.parse().ok()
}

/// Kind and identifier of a changelog key, whoever wrote it; `None` when it has no site.
#[must_use]
pub fn kind_of_key(key: &[u8]) -> Option<(&str, &str)> {
    let (_, rest) = std::str::from_utf8(key).ok()?.split_once('/')?;
    Some(rest.split_once('/').unwrap_or((rest, "")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_site_of_a_key_is_its_first_part() {
        let site: SiteId = "st-mary".parse().unwrap();
        let key = StateKey::new(&site, "device", "x");
        assert_eq!(key.as_str(), "st-mary/device/x");
        assert_eq!(site_of_key(key.as_bytes()), Some(site));
        for bad in [
            &b"st-mary"[..],
            b"st-mary/",
            b"/device/x",
            b"A/device/x",
            b"\xff/x",
        ] {
            assert_eq!(site_of_key(bad), None);
        }
    }
}
