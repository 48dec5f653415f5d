//! CVSS v3.1 base vectors and scores (FIRST, CVSS v3.1 specification, sections 2 and 7.1).

use std::fmt;

/// Attack vector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AttackVector {
    /// AV:N
    Network,
    /// AV:A
    Adjacent,
    /// AV:L
    Local,
    /// AV:P
    Physical,
}

/// Privileges required, impact: three steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// N
    None,
    /// L
    Low,
    /// H
    High,
}

/// A base vector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vector {
    /// AV
    pub attack: AttackVector,
    /// AC:H
    pub complex: bool,
    /// PR
    pub privileges: Level,
    /// UI:R
    pub interaction: bool,
    /// S:C
    pub changed: bool,
    /// C
    pub confidentiality: Level,
    /// I
    pub integrity: Level,
    /// A
    pub availability: Level,
}

fn level(text: &str) -> Option<Level> {
    Some(match text {
        "N" => Level::None,
        "L" => Level::Low,
        "H" => Level::High,
        _ => return None,
    })
}

impl Level {
    const fn letter(self) -> &'static str {
        match self {
            Self::None => "N",
            Self::Low => "L",
            Self::High => "H",
        }
    }

    const fn impact(self) -> f64 {
        match self {
            Self::None => 0.0,
            Self::Low => 0.22,
            Self::High => 0.56,
        }
    }
}

impl Vector {
    /// Reads `AV:N/AC:L/…`, with or without a `CVSS:3.x/` prefix; `None` unless all eight base metrics are there.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let value = |metric: &str| {
            text.split('/')
                .find_map(|part| part.strip_prefix(metric)?.strip_prefix(':'))
        };
        let flag = |metric: &str, set: &str, unset: &str| {
            let v = value(metric)?;
            (v == set || v == unset).then_some(v == set)
        };
        Some(Self {
            attack: match value("AV")? {
                "N" => AttackVector::Network,
                "A" => AttackVector::Adjacent,
                "L" => AttackVector::Local,
                "P" => AttackVector::Physical,
                _ => return None,
            },
            complex: flag("AC", "H", "L")?,
            privileges: level(value("PR")?)?,
            interaction: flag("UI", "R", "N")?,
            changed: flag("S", "C", "U")?,
            confidentiality: level(value("C")?)?,
            integrity: level(value("I")?)?,
            availability: level(value("A")?)?,
        })
    }

    /// Base score, 0.0 to 10.0 in steps of 0.1.
    #[must_use]
    pub fn base_score(&self) -> f64 {
        let iss = 1.0
            - (1.0 - self.confidentiality.impact())
                * (1.0 - self.integrity.impact())
                * (1.0 - self.availability.impact());
        let impact = if self.changed {
            7.52 * (iss - 0.029) - 3.25 * (iss - 0.02).powi(15)
        } else {
            6.42 * iss
        };
        if impact <= 0.0 {
            return 0.0;
        }
        let attack = match self.attack {
            AttackVector::Network => 0.85,
            AttackVector::Adjacent => 0.62,
            AttackVector::Local => 0.55,
            AttackVector::Physical => 0.2,
        };
        let privileges = match (self.privileges, self.changed) {
            (Level::None, _) => 0.85,
            (Level::Low, false) => 0.62,
            (Level::Low, true) => 0.68,
            (Level::High, false) => 0.27,
            (Level::High, true) => 0.5,
        };
        let complexity = if self.complex { 0.44 } else { 0.77 };
        let interaction = if self.interaction { 0.62 } else { 0.85 };
        let exploitability = 8.22 * attack * complexity * privileges * interaction;
        let sum = impact + exploitability;
        round_up((if self.changed { 1.08 * sum } else { sum }).min(10.0))
    }

    /// Only makes the device unavailable: no foothold.
    #[must_use]
    pub fn denies_only(&self) -> bool {
        self.confidentiality == Level::None
            && self.integrity == Level::None
            && self.availability != Level::None
    }
}

/// Roundup of appendix A of the specification, free of floating-point surprises.
fn round_up(value: f64) -> f64 {
    let scaled = (value * 100_000.0).round() as i64;
    if scaled % 10_000 == 0 {
        scaled as f64 / 100_000.0
    } else {
        ((scaled / 10_000) + 1) as f64 / 10.0
    }
}

impl fmt::Display for Vector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let attack = match self.attack {
            AttackVector::Network => "N",
            AttackVector::Adjacent => "A",
            AttackVector::Local => "L",
            AttackVector::Physical => "P",
        };
        write!(
            f,
            "CVSS:3.1/AV:{attack}/AC:{}/PR:{}/UI:{}/S:{}/C:{}/I:{}/A:{}",
            if self.complex { "H" } else { "L" },
            self.privileges.letter(),
            if self.interaction { "R" } else { "N" },
            if self.changed { "C" } else { "U" },
            self.confidentiality.letter(),
            self.integrity.letter(),
            self.availability.letter()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_scores_come_out() {
        for (vector, score) in [
            ("AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 9.8),
            ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", 10.0),
            ("AV:N/AC:H/PR:N/UI:N/S:U/C:H/I:H/A:H", 8.1),
            ("AV:L/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H", 7.8),
            ("AV:P/AC:H/PR:N/UI:N/S:U/C:H/I:N/A:N", 4.2),
            ("AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N", 6.1),
            ("AV:A/AC:H/PR:N/UI:N/S:U/C:L/I:N/A:N", 3.1),
            ("AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N", 0.0),
        ] {
            let parsed = Vector::parse(vector).unwrap();
            assert!(
                (parsed.base_score() - score).abs() < 1e-9,
                "{vector}: {}",
                parsed.base_score()
            );
            assert_eq!(Vector::parse(&parsed.to_string()), Some(parsed));
        }
        assert_eq!(Vector::parse("AV:N/AC:L"), None);
        assert_eq!(Vector::parse("AV:X/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N"), None);
    }
}
