//! Stakeholder-Specific Vulnerability Categorization and CISA's Binding Operational Directive 26-04: decision points and tables.
//!
//! Source: CERT/CC SSVC, decision tables CISA Coordinator 2.0.3, Deployer Patch Application Priority 1.0.0, Human Impact 1.0.0 and
//! CISA BOD 26-04 1.0.0.

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

/// Declares a decision point: its values in rising order, as the tables spell them.
macro_rules! point {
    ($(#[$doc:meta])* $name:ident { $($(#[$value_doc:meta])* $value:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$value_doc])* #[serde(rename = $text)] $value),+
        }

        impl $name {
            /// All values, in rising order.
            pub const ALL: &'static [Self] = &[$(Self::$value),+];

            /// As the decision tables spell it.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$value => $text),+ }
            }

            /// Reads a value, in whatever case and with `_`, `-` or a blank between its words.
            #[must_use]
            pub fn read(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| same_words(value.name(), text))
            }
        }
    };
}

fn same_words(name: &str, text: &str) -> bool {
    let plain = |text: &str| -> String {
        let kept = text.trim().chars().map(|c| match c {
            '_' | '-' => ' ',
            other => other.to_ascii_lowercase(),
        });
        kept.take(64).collect()
    };
    plain(name) == plain(text)
}

point! {
    /// The present state of exploitation (E 1.1.0).
    Exploitation {
        /// No evidence of exploitation and no public proof of concept.
        None = "none",
        /// A public proof of concept, or a well-known way.
        PublicPoc = "public poc",
        /// Observed in the wild.
        Active = "active",
    }
}

point! {
    /// Whether an attacker can automate the first four steps of the kill chain (A 2.0.0).
    Automatable {
        /// Not reliably.
        No = "no",
        /// Reliably.
        Yes = "yes",
    }
}

point! {
    /// Control over the component that exploitation gives (TI 1.0.0).
    TechnicalImpact {
        /// Limited control or information.
        Partial = "partial",
        /// Total control or all information.
        Total = "total",
    }
}

point! {
    /// Mission prevalence and well-being as the CISA table weighs them together.
    MissionWellBeing {
        /// Minimal prevalence, minimal impact.
        Low = "low",
        /// Supports a mission, or material impact.
        Medium = "medium",
        /// Essential to a mission, or irreversible impact.
        High = "high",
    }
}

point! {
    /// What CISA's coordinator table says (CISA Levels 1.1.0).
    CisaLevel {
        /// No action now.
        Track = "track",
        /// Watch closely.
        TrackStar = "track*",
        /// Attention of supervisors, sooner than standard updates.
        Attend = "attend",
        /// Act as soon as possible.
        Act = "act",
    }
}

point! {
    /// How far the system is open to attack (EXP 1.0.1).
    SystemExposure {
        /// Local service or highly controlled network.
        Small = "small",
        /// Networked with some restriction.
        Controlled = "controlled",
        /// Internet, or another widely reachable network.
        Open = "open",
    }
}

point! {
    /// Harm to people (SI 2.0.1, after IEC 61508).
    SafetyImpact {
        /// Minor injuries at worst.
        Negligible = "negligible",
        /// Major injuries to one or more people.
        Marginal = "marginal",
        /// Loss of life of one.
        Critical = "critical",
        /// Multiple losses of life.
        Catastrophic = "catastrophic",
    }
}

point! {
    /// Harm to the mission (MI 2.0.0); MEF: mission essential function.
    MissionImpact {
        /// Little to none, or degraded.
        Degraded = "degraded",
        /// Activities that support essential functions are crippled.
        SupportCrippled = "mef support crippled",
        /// One essential function fails.
        MefFailure = "mef failure",
        /// Several fail.
        MissionFailure = "mission failure",
    }
}

point! {
    /// Safety and mission impact together (HI 2.0.2).
    HumanImpact {
        /// Low.
        Low = "low",
        /// Medium.
        Medium = "medium",
        /// High.
        High = "high",
        /// Very high.
        VeryHigh = "very high",
    }
}

point! {
    /// What the deployer's table says.
    DeployerPriority {
        /// No action at present.
        Defer = "defer",
        /// In regular maintenance.
        Scheduled = "scheduled",
        /// Sooner than the usual process.
        OutOfCycle = "out-of-cycle",
        /// With all resources, now.
        Immediate = "immediate",
    }
}

point! {
    /// Time to remediate under BOD 26-04.
    Bod2604 {
        /// At the next upgrade of the system.
        OnSystemUpgrade = "fix on system upgrade",
        /// Within 60 days.
        Days60 = "60 days",
        /// Within 14 days.
        Days14 = "14 days",
        /// Within 3 days.
        Days3 = "3 days",
        /// Within 3 days, and look for traces of use.
        Days3Forensics = "3 days & forensic investigation",
    }
}

/// The CISA coordinator table.
#[must_use]
pub fn cisa_level(
    exploitation: Exploitation,
    automatable: Automatable,
    impact: TechnicalImpact,
    mission: MissionWellBeing,
) -> CisaLevel {
    use CisaLevel::{Act, Attend, Track, TrackStar};
    use {Automatable as A, Exploitation as E, TechnicalImpact as T};
    // Low, medium, high mission and well-being.
    let row = match (exploitation, automatable, impact) {
        (E::None, A::No, T::Partial) => [Track, Track, Track],
        (E::None, A::No, T::Total) => [Track, Track, TrackStar],
        (E::None, A::Yes, _) => [Track, Track, Attend],
        (E::PublicPoc, A::No, T::Partial) => [Track, Track, TrackStar],
        (E::PublicPoc, A::No, T::Total) => [Track, TrackStar, Attend],
        (E::PublicPoc, A::Yes, T::Partial) => [Track, Track, Attend],
        (E::PublicPoc, A::Yes, T::Total) => [Track, TrackStar, Attend],
        (E::Active, A::No, T::Partial) => [Track, Track, Attend],
        (E::Active, A::No, T::Total) => [Track, Attend, Act],
        (E::Active, A::Yes, T::Partial) => [Attend, Attend, Act],
        (E::Active, A::Yes, T::Total) => [Attend, Act, Act],
    };
    let [low, medium, high] = row;
    match mission {
        MissionWellBeing::Low => low,
        MissionWellBeing::Medium => medium,
        MissionWellBeing::High => high,
    }
}

/// The human impact table.
#[must_use]
pub fn human_impact(safety: SafetyImpact, mission: MissionImpact) -> HumanImpact {
    use HumanImpact::{High, Low, Medium, VeryHigh};
    match (safety, mission) {
        (_, MissionImpact::MissionFailure) | (SafetyImpact::Catastrophic, _) => VeryHigh,
        (SafetyImpact::Critical, MissionImpact::Degraded) => Medium,
        (SafetyImpact::Critical, _) => High,
        (_, MissionImpact::MefFailure) => Medium,
        (_, MissionImpact::Degraded | MissionImpact::SupportCrippled) => Low,
    }
}

/// The deployer's table: priority of applying a patch.
#[must_use]
pub fn deployer_priority(
    exploitation: Exploitation,
    exposure: SystemExposure,
    automatable: Automatable,
    impact: HumanImpact,
) -> DeployerPriority {
    use DeployerPriority::{Defer, Immediate, OutOfCycle, Scheduled};
    use {Automatable as A, Exploitation as E, SystemExposure as S};
    // Low, medium, high, very high human impact.
    let row = match (exploitation, exposure, automatable) {
        (E::None, S::Small, A::No) => [Defer, Defer, Scheduled, Scheduled],
        (E::None, S::Small, A::Yes) | (E::None, S::Controlled | S::Open, A::No) => {
            [Defer, Scheduled, Scheduled, Scheduled]
        }
        (E::None, S::Controlled, A::Yes) => [Scheduled; 4],
        (E::None, S::Open, A::Yes) => [Scheduled, Scheduled, Scheduled, OutOfCycle],
        (E::PublicPoc, S::Small | S::Controlled, A::No) => [Defer, Scheduled, Scheduled, Scheduled],
        (E::PublicPoc, S::Small, A::Yes) => [Scheduled; 4],
        (E::PublicPoc, S::Controlled, A::Yes) | (E::PublicPoc, S::Open, A::No) => {
            [Scheduled, Scheduled, Scheduled, OutOfCycle]
        }
        (E::PublicPoc, S::Open, A::Yes) => [Scheduled, Scheduled, OutOfCycle, OutOfCycle],
        (E::Active, S::Small | S::Controlled, A::No) => {
            [Scheduled, Scheduled, OutOfCycle, OutOfCycle]
        }
        (E::Active, S::Small, A::Yes) => [Scheduled, OutOfCycle, OutOfCycle, OutOfCycle],
        (E::Active, S::Controlled, A::Yes) => [OutOfCycle; 4],
        (E::Active, S::Open, A::No) => [Scheduled, OutOfCycle, OutOfCycle, Immediate],
        (E::Active, S::Open, A::Yes) => [OutOfCycle, OutOfCycle, Immediate, Immediate],
    };
    let [low, medium, high, very_high] = row;
    match impact {
        HumanImpact::Low => low,
        HumanImpact::Medium => medium,
        HumanImpact::High => high,
        HumanImpact::VeryHigh => very_high,
    }
}

/// The table of BOD 26-04.
#[must_use]
pub fn bod_26_04(
    in_kev: bool,
    publicly_exposed: bool,
    automatable: Automatable,
    impact: TechnicalImpact,
) -> Bod2604 {
    use Bod2604::{Days3, Days3Forensics, Days14, Days60, OnSystemUpgrade};
    let automatable = automatable == Automatable::Yes;
    match (impact, in_kev, publicly_exposed, automatable) {
        (_, false, false, false) => OnSystemUpgrade,
        (_, false, false, true) | (TechnicalImpact::Partial, false, true, false) => Days60,
        (TechnicalImpact::Partial, true, true, true)
        | (TechnicalImpact::Total, false, true, true) => Days3,
        (TechnicalImpact::Partial, _, _, _)
        | (TechnicalImpact::Total, true, false, false)
        | (TechnicalImpact::Total, false, true, false) => Days14,
        (TechnicalImpact::Total, true, _, _) => Days3Forensics,
    }
}
