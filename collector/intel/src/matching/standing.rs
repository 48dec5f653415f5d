//! How a device stands to what is stated: the answer, its reason, and its weight.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::range::Membership;

/// Three-valued answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It does not have it.
    NotAffected,
    /// Not decidable from what is known.
    Unknown,
    /// It has it.
    Affected,
}

/// How a device stands to a claim, and by that why the verdict is what it is. In rising order of what holds when claims differ: that
/// a version is outside one range says little, that the maker says "not affected" decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Outside of what is said to be affected.
    Out(Membership),
    /// The device is known as one of a family of which this member is affected.
    Family,
    /// The model fits, its maker is not known.
    MakerUnknown,
    /// A component may be affected.
    ComponentMaybe(Membership),
    /// The publisher does not know yet.
    UnderInvestigation,
    /// The product fits, the version does not decide.
    Undecided(Membership),
    /// A component is affected, and nobody says whether the product is.
    Component(Membership),
    /// Product and version fit.
    In(Membership),
    /// The text of the range names this very model.
    ModelNamed,
    /// The publisher says of this version that it is fixed.
    Fixed,
    /// The publisher says of this version that it is not affected.
    NotAffected,
}

/// Share of certainty by standing: `m` of the risk equation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Weights {
    /// Product and version fit.
    pub affected: f64,
    /// The version does not decide.
    pub undecided: f64,
    /// Only the family, or only the model without its maker.
    pub family: f64,
    /// The publisher investigates.
    pub under_investigation: f64,
    /// A component is affected.
    pub component: f64,
    /// A component may be.
    pub component_maybe: f64,
}

impl Default for Weights {
    fn default() -> Self {
        Self {
            affected: 1.0,
            undecided: 0.5,
            family: 0.3,
            under_investigation: 0.5,
            component: 0.7,
            component_maybe: 0.35,
        }
    }
}

impl Weights {
    /// The weight of a standing.
    #[must_use]
    pub fn of(&self, standing: Standing) -> f64 {
        match standing {
            Standing::Out(_) | Standing::Fixed | Standing::NotAffected => 0.0,
            Standing::Family | Standing::MakerUnknown => self.family,
            Standing::UnderInvestigation => self.under_investigation,
            Standing::Undecided(_) => self.undecided,
            Standing::ComponentMaybe(_) => self.component_maybe,
            Standing::Component(_) => self.component,
            Standing::In(_) | Standing::ModelNamed => self.affected,
        }
    }
}

impl Standing {
    /// The three-valued answer.
    #[must_use]
    pub fn verdict(self) -> Verdict {
        match self {
            Self::Out(_) | Self::Fixed | Self::NotAffected => Verdict::NotAffected,
            Self::In(_) | Self::ModelNamed => Verdict::Affected,
            _ => Verdict::Unknown,
        }
    }

    /// The same of a component: lower, since the product may not use what is affected.
    pub(crate) fn of_component(self, same_maker: bool) -> Self {
        match self {
            Self::In(membership) if same_maker => Self::Component(membership),
            Self::In(membership) | Self::Undecided(membership) => Self::ComponentMaybe(membership),
            Self::ModelNamed | Self::UnderInvestigation => {
                Self::ComponentMaybe(Membership::NotUnderstood)
            }
            // A statement about the component elsewhere is none about this product.
            Self::Fixed | Self::NotAffected => Self::Out(Membership::Outside),
            other => other,
        }
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let version = |membership: &Membership| match membership {
            Membership::All => "all versions are",
            Membership::Named => "this version is named",
            Membership::Inside => "its version is inside the range",
            Membership::Outside => "its version is outside the range",
            Membership::NotNamed => "its version is none of those named",
            Membership::NoVersion => "its version is not known",
            Membership::Incomparable => "its version and the range's have no certain order",
            Membership::MorePrecise => "its version says more than the bound",
            Membership::LessPrecise => "its version says less than the bound",
            Membership::NotUnderstood => "the range is in words that have no certain meaning",
            Membership::Conditional => "its version is inside, a condition in words is open",
        };
        match self {
            Self::Out(membership) => write!(f, "not affected: {}", version(membership)),
            Self::Family => f.write_str("unknown: only the product family is known"),
            Self::MakerUnknown => f.write_str("unknown: the model fits, the maker is not known"),
            Self::ComponentMaybe(membership) => {
                write!(f, "unknown: of a component, {}", version(membership))
            }
            Self::UnderInvestigation => f.write_str("unknown: the publisher investigates"),
            Self::Undecided(membership) => write!(f, "unknown: {}", version(membership)),
            Self::Component(membership) => write!(
                f,
                "unknown: a component is affected, {}",
                version(membership)
            ),
            Self::In(membership) => write!(f, "affected: {}", version(membership)),
            Self::ModelNamed => f.write_str("affected: the model is named"),
            Self::Fixed => f.write_str("not affected: fixed"),
            Self::NotAffected => f.write_str("not affected: so the publisher says"),
        }
    }
}
