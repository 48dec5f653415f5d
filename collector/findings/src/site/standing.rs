//! A site as the engine assesses it, for questions of people: nothing is told of it.

use std::collections::BTreeMap;

use auscult_risk::{Assessor, Faults, Policy, Site};

use super::{SiteFindings, Weights};
use crate::knowledge::Knowledge;
use crate::view::Label;

/// A site with its assessment.
#[derive(Debug)]
pub struct Standing {
    /// The site as assessed.
    pub site: Site,
    /// The weights it was assessed with, the scale of attempts pinned.
    pub policy: Policy,
    /// The assessment; what has been told keeps its place to the deeper bound of the list, as in the engine.
    pub assessor: Assessor,
}

impl SiteFindings {
    /// How people know the devices, by their identifiers as assessments have them.
    #[must_use]
    pub fn labels(&self) -> BTreeMap<String, Label> {
        let devices = self.mirror.devices.iter();
        devices
            .map(|(id, view)| (id.to_string(), view.label.clone()))
            .collect()
    }

    /// The site assessed from what is known now, by the steps of [`SiteFindings::assess`]. It is used up: what differs from the ledger
    /// is not told, so it must not be taken for told.
    ///
    /// # Errors
    /// A site that does not hold together, or weights that are none.
    pub fn standing(
        mut self,
        knowledge: &Knowledge,
        weights: &Weights,
    ) -> Result<Standing, Faults> {
        let mut found = self.find(knowledge, weights);
        let record = self.scale(&mut found, knowledge, weights)?;
        let policy = weights.at(f64::from_bits(record.scale_bits));
        let site = self.described(knowledge)?;
        let assessor = Assessor::new(&site, &policy)?.with_list(&self.ledger.listed());
        Ok(Standing {
            site,
            policy,
            assessor,
        })
    }
}
