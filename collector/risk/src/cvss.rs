//! What the engine needs of a CVSS vector's base metrics; scoring is not done here.
//!
//! Versions 2.0 (with or without parentheses), 3.0, 3.1 and 4.0 (FIRST specifications). Unknown metrics and values are passed over: an
//! odd vector costs precision, never an assessment.

/// Attack vector, widest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reach {
    /// From any network position that can open the service.
    Network,
    /// Only from the same segment.
    Adjacent,
    /// Only by somebody already on the device.
    Local,
    /// Only by hand.
    Physical,
}

/// How much privilege an attacker needs beforehand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Privileges {
    /// None.
    None,
    /// A user's.
    Low,
    /// An administrator's.
    High,
}

/// What success gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Technical {
    /// Control of the device.
    Total,
    /// Something less: data, one function.
    Partial,
    /// Only that it stops working.
    AvailabilityOnly,
}

/// The base metrics the engine uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Base {
    /// AV.
    pub reach: Reach,
    /// AC:H (2.0: AC:H) or AT:P.
    pub complex: bool,
    /// PR (2.0: Au).
    pub privileges: Privileges,
    /// UI:R, UI:A (2.0: AC:M is no statement about users).
    pub needs_user: bool,
    /// From C, I and A of the vulnerable system.
    pub technical: Technical,
}

impl Default for Base {
    /// Without a vector: over the network, no obstacle, partial impact.
    fn default() -> Self {
        Self {
            reach: Reach::Network,
            complex: false,
            privileges: Privileges::None,
            needs_user: false,
            technical: Technical::Partial,
        }
    }
}

impl Base {
    /// The newest of the vectors that parses; the default when none does.
    pub(crate) fn of(vectors: &[String]) -> Self {
        vectors
            .iter()
            .filter_map(|vector| parse(vector))
            .max_by_key(|(version, _)| *version)
            .map(|(_, base)| base)
            .unwrap_or_default()
    }
}

/// Version times ten and metrics; `None` when the text has no attack vector.
pub(crate) fn parse(vector: &str) -> Option<(u8, Base)> {
    let text = vector.trim().trim_start_matches('(').trim_end_matches(')');
    let (version, metrics) = match text.strip_prefix("CVSS:") {
        None => (20, text),
        Some(rest) => {
            let (number, metrics) = rest.split_once('/')?;
            let version = match number {
                "3.0" => 30,
                "3.1" => 31,
                "4.0" => 40,
                "2.0" => 20,
                _ => return None,
            };
            (version, metrics)
        }
    };
    let value = |name: &str| {
        metrics.split('/').find_map(|metric| {
            let (key, value) = metric.split_once(':')?;
            (key == name).then_some(value)
        })
    };
    let reach = match value("AV")? {
        "N" => Reach::Network,
        "A" => Reach::Adjacent,
        "L" => Reach::Local,
        "P" => Reach::Physical,
        _ => return None,
    };
    let privileges = match value("PR").or_else(|| value("Au")) {
        Some("L" | "S") => Privileges::Low,
        Some("H" | "M") => Privileges::High,
        _ => Privileges::None,
    };
    let impact = |new: &str, old: &str| value(new).or_else(|| value(old)).unwrap_or("N");
    let (c, i, a) = (impact("VC", "C"), impact("VI", "I"), impact("VA", "A"));
    let total = |value: &str| matches!(value, "H" | "C");
    let technical = if c == "N" && i == "N" && a != "N" {
        Technical::AvailabilityOnly
    } else if total(c) && total(i) && total(a) {
        Technical::Total
    } else {
        Technical::Partial
    };
    let base = Base {
        reach,
        complex: value("AC") == Some("H") || value("AT") == Some("P"),
        privileges,
        needs_user: matches!(value("UI"), Some("R" | "A")),
        technical,
    };
    Some((version, base))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_version_gives_its_metrics() {
        let cases = [
            (
                "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
                (
                    Reach::Network,
                    false,
                    Privileges::None,
                    false,
                    Technical::Total,
                ),
            ),
            (
                "CVSS:3.0/AV:L/AC:H/PR:L/UI:R/S:U/C:H/I:N/A:N",
                (
                    Reach::Local,
                    true,
                    Privileges::Low,
                    true,
                    Technical::Partial,
                ),
            ),
            (
                "CVSS:4.0/AV:A/AC:L/AT:P/PR:H/UI:A/VC:N/VI:N/VA:H/SC:N/SI:N/SA:N",
                (
                    Reach::Adjacent,
                    true,
                    Privileges::High,
                    true,
                    Technical::AvailabilityOnly,
                ),
            ),
            (
                "(AV:N/AC:M/Au:S/C:C/I:C/A:C)",
                (
                    Reach::Network,
                    false,
                    Privileges::Low,
                    false,
                    Technical::Total,
                ),
            ),
        ];
        for (vector, (reach, complex, privileges, needs_user, technical)) in cases {
            let (_, base) = parse(vector).unwrap();
            let expected = Base {
                reach,
                complex,
                privileges,
                needs_user,
                technical,
            };
            assert_eq!(base, expected, "{vector}");
        }
    }

    #[test]
    fn the_newest_parsing_vector_wins_and_rubbish_is_passed_over() {
        let vectors = [
            "AV:P/AC:L/Au:N/C:N/I:N/A:N".to_owned(),
            "CVSS:3.1/AV:A/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H".to_owned(),
            "CVSS:9/AV:N".to_owned(),
            "::/é/".to_owned(),
        ];
        assert_eq!(Base::of(&vectors).reach, Reach::Adjacent);
        assert_eq!(Base::of(&[]), Base::default());
    }
}
