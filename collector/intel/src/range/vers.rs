//! `vers:` version range specifiers (package-url VERS): parsing in the canonical form, and as publishers write them.

use std::cmp::Ordering;
use std::fmt;

use super::{Bound, Range, SPANS, Span};
use crate::version::{Scheme, order};

/// Comparator of one constraint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Comparator {
    /// `=`, or none written.
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

impl fmt::Display for Comparator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        })
    }
}

/// A specifier: a versioning scheme and its constraints, none of them for `*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vers {
    /// The scheme as written, in lower case.
    pub scheme: String,
    /// The constraints in the order written; empty for `*`.
    pub constraints: Vec<(Comparator, String)>,
}

/// Why a text is no canonical specifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VersError {
    /// Does not begin with `vers:` and a scheme.
    #[error("not a VERS: `vers:<scheme>/<constraints>` is expected")]
    NotVers,
    /// More than [`SPANS`] constraints.
    #[error("a VERS of more than {SPANS} constraints")]
    TooMany,
    /// A blank.
    #[error("non-canonical VERS: whitespace is not permitted")]
    Whitespace,
    /// `|` at the beginning.
    #[error("non-canonical VERS: leading pipe is not permitted")]
    LeadingPipe,
    /// `|` at the end.
    #[error("non-canonical VERS: trailing pipe is not permitted")]
    TrailingPipe,
    /// `||`.
    #[error("non-canonical VERS: consecutive pipes are not permitted")]
    ConsecutivePipes,
    /// Versions not in rising order.
    #[error("non-canonical VERS: constraints are not sorted by version")]
    NotSorted,
    /// `%` without two hexadecimal digits, or no UTF-8.
    #[error("non-canonical VERS: invalid percent-encoding in version")]
    InvalidEncoding,
    /// Lower-case hexadecimal digits.
    #[error("non-canonical VERS: percent-encoding in version is not canonical")]
    EncodingNotCanonical,
    /// `t` or `z` in an instant.
    #[error("non-canonical VERS: datetime must use uppercase T and Z")]
    DatetimeCase,
    /// `%3A` in an instant.
    #[error("non-canonical VERS: datetime time colons must be unencoded")]
    DatetimeColons,
}

/// Reads a specifier in its canonical form.
///
/// # Errors
/// [`VersError`], whose text is the one of the specification's tests.
pub fn parse(text: &str) -> Result<Vers, VersError> {
    if text.contains(|c: char| c.is_ascii_whitespace()) {
        return Err(VersError::Whitespace);
    }
    let vers = split(text)?;
    let scheme = Scheme::of_type(&vers.scheme);
    let bodies = text.split_once('/').map_or("", |(_, body)| body);
    if scheme == Scheme::Datetime {
        if bodies.contains(['t', 'z']) {
            return Err(VersError::DatetimeCase);
        }
        if bodies.contains("%3A") {
            return Err(VersError::DatetimeColons);
        }
    }
    let mut pairs = vers.constraints.windows(2);
    let sorted = pairs.all(|pair| match pair {
        [(_, a), (_, b)] => order(scheme, a, b) == Ordering::Less,
        _ => true,
    });
    if sorted {
        Ok(vers)
    } else {
        Err(VersError::NotSorted)
    }
}

/// Reads a specifier as publishers write it: blanks and order do not matter.
///
/// # Errors
/// [`VersError`] when even so it is none.
pub fn read(text: &str) -> Result<Vers, VersError> {
    let plain: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let mut vers = split(plain.trim_matches('|'))?;
    let scheme = Scheme::of_type(&vers.scheme);
    vers.constraints
        .sort_by(|(_, a), (_, b)| order(scheme, a, b));
    Ok(vers)
}

fn split(text: &str) -> Result<Vers, VersError> {
    let (kind, rest) = text.split_once(':').ok_or(VersError::NotVers)?;
    if !kind.eq_ignore_ascii_case("vers") {
        return Err(VersError::NotVers);
    }
    let (scheme, body) = rest.split_once('/').ok_or(VersError::NotVers)?;
    if scheme.is_empty() || body.is_empty() {
        return Err(VersError::NotVers);
    }
    let scheme = scheme.to_ascii_lowercase();
    if body == "*" {
        return Ok(Vers {
            scheme,
            constraints: Vec::new(),
        });
    }
    if body.starts_with('|') {
        return Err(VersError::LeadingPipe);
    }
    if body.ends_with('|') {
        return Err(VersError::TrailingPipe);
    }
    if body.contains("||") {
        return Err(VersError::ConsecutivePipes);
    }
    let constraints: Vec<_> = body
        .split('|')
        .take(SPANS.saturating_add(1))
        .map(constraint)
        .collect::<Result<_, _>>()?;
    if constraints.len() > SPANS {
        return Err(VersError::TooMany);
    }
    Ok(Vers {
        scheme,
        constraints,
    })
}

fn constraint(text: &str) -> Result<(Comparator, String), VersError> {
    let known = [
        (">=", Comparator::GreaterOrEqual),
        ("<=", Comparator::LessOrEqual),
        ("!=", Comparator::NotEqual),
        ("<", Comparator::Less),
        (">", Comparator::Greater),
        ("=", Comparator::Equal),
    ];
    let found = known
        .into_iter()
        .find_map(|(mark, comparator)| Some((comparator, text.strip_prefix(mark)?)));
    let (comparator, version) = found.unwrap_or((Comparator::Equal, text));
    if version.is_empty() {
        return Err(VersError::NotVers);
    }
    Ok((comparator, decode(version)?))
}

fn decode(text: &str) -> Result<String, VersError> {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || -> Result<u32, VersError> {
            let digit = rest.next().ok_or(VersError::InvalidEncoding)?;
            let value = char::from(digit)
                .to_digit(16)
                .ok_or(VersError::InvalidEncoding)?;
            if digit.is_ascii_lowercase() {
                return Err(VersError::EncodingNotCanonical);
            }
            Ok(value)
        };
        let value = digit()?.saturating_mul(16).saturating_add(digit()?);
        bytes.push(u8::try_from(value).unwrap_or(b'%'));
    }
    String::from_utf8(bytes).map_err(|_| VersError::InvalidEncoding)
}

impl Vers {
    /// The set of versions it describes, by the specification's containment: neighbours in the rising order of versions make the
    /// intervals.
    #[must_use]
    pub fn to_range(&self) -> Range {
        let scheme = Scheme::of_type(&self.scheme);
        let mut range = Range {
            scheme,
            ..Range::default()
        };
        if self.constraints.is_empty() {
            range.spans.push(Span::All);
            return range;
        }
        let mut sorted = self.constraints.clone();
        sorted.sort_by(|(_, a), (_, b)| order(scheme, a, b));
        let mut lower: Option<Bound> = None;
        let mut bounded = false;
        for (comparator, version) in sorted {
            match comparator {
                Comparator::Equal => range.spans.push(Span::Exactly(version)),
                Comparator::NotEqual => range.except.push(version),
                Comparator::Greater | Comparator::GreaterOrEqual => {
                    bounded = true;
                    let bound = if comparator == Comparator::Greater {
                        Bound::Excluding(version)
                    } else {
                        Bound::Including(version)
                    };
                    lower.get_or_insert(bound);
                }
                Comparator::Less | Comparator::LessOrEqual => {
                    let to = if comparator == Comparator::Less {
                        Bound::Excluding(version)
                    } else {
                        Bound::Including(version)
                    };
                    match (lower.take(), bounded) {
                        (Some(from), _) => range.spans.push(Span::Between { from, to }),
                        (None, false) => range.spans.push(Span::Between {
                            from: Bound::Open,
                            to,
                        }),
                        (None, true) => widen(&mut range.spans, to),
                    }
                    bounded = true;
                }
            }
        }
        if let Some(from) = lower {
            range.spans.push(Span::Between {
                from,
                to: Bound::Open,
            });
        }
        if range.spans.is_empty() {
            range.spans.push(Span::All);
        }
        range
    }
}

/// Of two upper bounds in a row the higher one holds.
fn widen(spans: &mut [Span], higher: Bound) {
    let last = spans.iter_mut().rev().find_map(|span| match span {
        Span::Between { to, .. } => Some(to),
        _ => None,
    });
    if let Some(to) = last {
        *to = higher;
    }
}
