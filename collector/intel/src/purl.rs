//! Package URLs: `pkg:type/namespace/name@version?qualifiers#subpath` (package-url specification).

use crate::version::Scheme;

/// Longest package URL that is read.
pub const PURL_BYTES: usize = 1_024;

/// The parts that matching needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Purl {
    /// Type in lower case: `npm`, `deb`, `generic`.
    pub kind: String,
    /// Namespace; empty where there is none.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// Version, where given.
    pub version: Option<String>,
}

fn decode(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = match after {
            [a, b, ..] if *first == b'%' => std::str::from_utf8(&[*a, *b])
                .ok()
                .and_then(|hex| u8::from_str_radix(hex, 16).ok()),
            _ => None,
        };
        bytes.push(hex.unwrap_or(*first));
        rest = match hex {
            Some(_) => after.get(2..).unwrap_or_default(),
            None => after,
        };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

impl Purl {
    /// Reads a package URL; `None` when it is none.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        if text.len() > PURL_BYTES {
            return None;
        }
        let rest = text.trim().strip_prefix("pkg:")?.trim_start_matches('/');
        let rest = rest.split_once('#').map_or(rest, |(rest, _)| rest);
        let rest = rest.split_once('?').map_or(rest, |(rest, _)| rest);
        let (kind, path) = rest.split_once('/')?;
        // A scoped npm name has an "@" of its own, before the last "/".
        let (path, version) = match path.rsplit_once('@') {
            Some((before, version)) if !before.is_empty() && !version.contains('/') => {
                (before, Some(version))
            }
            _ => (path, None),
        };
        let (namespace, name) = path
            .trim_end_matches('/')
            .rsplit_once('/')
            .unwrap_or(("", path));
        let name = decode(name);
        (!kind.is_empty() && !name.is_empty()).then(|| Self {
            kind: kind.to_ascii_lowercase(),
            namespace: decode(namespace),
            name,
            version: version.map(decode).filter(|version| !version.is_empty()),
        })
    }

    /// How versions of this type compare.
    #[must_use]
    pub fn scheme(&self) -> Scheme {
        Scheme::of_type(&self.kind)
    }
}
