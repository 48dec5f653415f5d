//! Which versions a publisher speaks of, and whether a device's version is one of them: yes, no, or not decidable, each with why.

mod text;
pub mod vers;

#[cfg(test)]
mod tests;

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use crate::version::{Scheme, compare, extends, series_holds};

pub use text::read as read_text;

/// Most spans of one range; a text with more is kept as text.
pub const SPANS: usize = 64;

/// One side of a span.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bound {
    /// None.
    #[default]
    Open,
    /// This version is inside.
    Including(String),
    /// This version is outside.
    Excluding(String),
    /// As an upper bound: every version of this series is inside (`<= 12.2.x`).
    Through(String),
}

/// Versions without a gap.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Span {
    /// Every version.
    All,
    /// One version.
    Exactly(String),
    /// Every version that begins like this (`14.1.x`).
    Series(String),
    /// From one bound to another.
    Between {
        /// Lower bound.
        from: Bound,
        /// Upper bound.
        to: Bound,
    },
}

/// A set of versions as a publisher describes it.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Range {
    /// How its versions compare.
    pub scheme: Scheme,
    /// What was understood, together.
    pub spans: Vec<Span>,
    /// Versions taken out again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub except: Vec<String>,
    /// Part of the text was not understood: what is not inside may still be.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub incomplete: bool,
    /// What must hold besides, in the publisher's words ("with wireless option").
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// As published, at most [`crate::text::KEPT`] bytes.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
}

/// Whether a version is in a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Membership {
    /// Inside: every version is.
    All,
    /// Inside: this very version is named.
    Named,
    /// Inside the bounds.
    Inside,
    /// Outside the bounds.
    Outside,
    /// Only single versions are named, and this is none of them.
    NotNamed,
    /// Nothing is known of the device's version.
    NoVersion,
    /// The two versions have no certain order.
    Incomparable,
    /// The device says more than the bound: `9.33.1` against "up to 9.33".
    MorePrecise,
    /// The device says less than the bound: `9` against "up to 9.33".
    LessPrecise,
    /// The range, or the part of it that matters, was not understood; its text is kept.
    NotUnderstood,
    /// Inside, if a condition in words holds.
    Conditional,
}

impl Membership {
    /// Inside for certain (`Some(true)`), outside for certain, or undecided.
    #[must_use]
    pub fn decided(self) -> Option<bool> {
        match self {
            Self::All | Self::Named | Self::Inside => Some(true),
            Self::Outside | Self::NotNamed => Some(false),
            _ => None,
        }
    }
}

impl Range {
    /// Every version.
    #[must_use]
    pub fn all() -> Self {
        Self {
            spans: vec![Span::All],
            ..Self::default()
        }
    }

    /// A text nobody could read: nothing is inside for certain, nothing outside.
    #[must_use]
    pub fn not_understood(text: &str) -> Self {
        Self {
            incomplete: true,
            text: crate::text::keep(text),
            ..Self::default()
        }
    }

    /// Whether anything of it was understood.
    #[must_use]
    pub fn is_understood(&self) -> bool {
        !self.spans.is_empty()
    }

    /// Whether a device's version is inside.
    #[must_use]
    pub fn holds(&self, version: Option<&str>) -> Membership {
        let found = self.without_condition(version);
        match (found.decided(), &self.condition) {
            (Some(true), Some(_)) => Membership::Conditional,
            _ => found,
        }
    }

    fn without_condition(&self, version: Option<&str>) -> Membership {
        if self.spans.contains(&Span::All) && self.except.is_empty() {
            return Membership::All;
        }
        if self.spans.is_empty() {
            return Membership::NotUnderstood;
        }
        let Some(version) = version.map(str::trim).filter(|version| !version.is_empty()) else {
            return Membership::NoVersion;
        };
        let mut outside = Membership::NotNamed;
        let mut undecided = None;
        for span in &self.spans {
            let found = self.in_span(span, version);
            match found.decided() {
                Some(true) => return self.unless_excepted(found, version),
                Some(false) if found == Membership::Outside => outside = found,
                Some(false) => {}
                None => undecided = undecided.or(Some(found)),
            }
        }
        match undecided {
            Some(undecided) => undecided,
            None if self.incomplete => Membership::NotUnderstood,
            None => outside,
        }
    }

    fn unless_excepted(&self, inside: Membership, version: &str) -> Membership {
        for except in &self.except {
            match compare(self.scheme, version, except) {
                Some(Ordering::Equal) => return Membership::Outside,
                Some(_) => {}
                None => return Membership::Incomparable,
            }
        }
        inside
    }

    fn in_span(&self, span: &Span, version: &str) -> Membership {
        match span {
            Span::All => Membership::All,
            Span::Exactly(named) => self.named(named, version),
            Span::Series(series) if series_holds(series, version) => Membership::Inside,
            Span::Series(series) => match compare(self.scheme, version, series) {
                None => Membership::Incomparable,
                Some(_) if self.less_precise(version, series) => Membership::LessPrecise,
                Some(_) => Membership::Outside,
            },
            Span::Between { from, to } => {
                let (from, to) = (self.above(from, version), self.below(to, version));
                let outside = [from, to].contains(&Membership::Outside);
                let undecided = [from, to].into_iter().find(|m| m.decided().is_none());
                match (outside, undecided) {
                    (true, _) => Membership::Outside,
                    (false, Some(undecided)) => undecided,
                    (false, None) => Membership::Inside,
                }
            }
        }
    }

    fn named(&self, named: &str, version: &str) -> Membership {
        match compare(self.scheme, version, named) {
            None if version.eq_ignore_ascii_case(named) => Membership::Named,
            None => Membership::Incomparable,
            Some(Ordering::Equal) => Membership::Named,
            // A publisher who names "B.02" may mean all that begins so.
            Some(_) if self.scheme == Scheme::Loose && extends(version, named) => {
                Membership::MorePrecise
            }
            Some(_) if self.less_precise(version, named) => Membership::LessPrecise,
            Some(_) => Membership::NotNamed,
        }
    }

    /// One number of a version whose bound goes on: the device may only tell the beginning of its version.
    fn less_precise(&self, version: &str, bound: &str) -> bool {
        self.scheme == Scheme::Loose
            && !version.contains(['.', '-', '_', ' '])
            && extends(bound, version)
    }

    fn above(&self, from: &Bound, version: &str) -> Membership {
        let (bound, inside) = match from {
            Bound::Open => return Membership::Inside,
            Bound::Including(bound) | Bound::Through(bound) => (bound, true),
            Bound::Excluding(bound) => (bound, false),
        };
        match compare(self.scheme, version, bound) {
            None => Membership::Incomparable,
            Some(Ordering::Less) if self.less_precise(version, bound) => Membership::LessPrecise,
            Some(Ordering::Less) => Membership::Outside,
            Some(Ordering::Equal) if !inside => Membership::Outside,
            Some(_) => Membership::Inside,
        }
    }

    fn below(&self, to: &Bound, version: &str) -> Membership {
        let (bound, inside) = match to {
            Bound::Open => return Membership::Inside,
            Bound::Including(bound) => (bound, true),
            Bound::Excluding(bound) => (bound, false),
            Bound::Through(series) if series_holds(series, version) => return Membership::Inside,
            Bound::Through(series) => (series, true),
        };
        match compare(self.scheme, version, bound) {
            None => Membership::Incomparable,
            Some(Ordering::Less) if self.less_precise(version, bound) => Membership::LessPrecise,
            Some(Ordering::Less) => Membership::Inside,
            Some(Ordering::Equal) if inside => Membership::Inside,
            Some(Ordering::Greater)
                if inside && self.scheme == Scheme::Loose && extends(version, bound) =>
            {
                Membership::MorePrecise
            }
            Some(_) => Membership::Outside,
        }
    }
}
