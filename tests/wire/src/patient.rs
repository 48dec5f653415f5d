//! A patient whose every datum is a canary.

use crate::canary::{Canaries, Canary, Form, Kind};

/// What messages say about a person. Dates are real dates and therefore no canaries.
#[derive(Debug, Clone)]
pub struct Patient {
    /// Family name.
    pub family: Canary,
    /// Given name.
    pub given: Canary,
    /// Medical record number.
    pub record_number: Canary,
    /// Street.
    pub street: Canary,
    /// Telephone.
    pub telephone: Canary,
    /// Account or visit number.
    pub account: Canary,
    /// Accession or order number of the current order.
    pub accession: Canary,
    /// The physician in charge.
    pub physician: Canary,
    /// Something written about the patient.
    pub finding: Canary,
    /// Born, `YYYYMMDD`.
    pub birth_date: String,
    /// `F`, `M` or `O`.
    pub sex: char,
}

impl Patient {
    /// A new patient with new tokens.
    pub fn new(canaries: &mut Canaries, birth_date: &str, sex: char) -> Self {
        Self {
            family: canaries.issue(Kind::FamilyName),
            given: canaries.issue(Kind::GivenName),
            record_number: canaries.issue(Kind::RecordNumber),
            street: canaries.issue(Kind::Street),
            telephone: canaries.issue(Kind::Telephone),
            account: canaries.issue(Kind::Account),
            accession: canaries.issue(Kind::Accession),
            physician: canaries.issue(Kind::Staff),
            finding: canaries.issue(Kind::Text),
            birth_date: birth_date.to_owned(),
            sex,
        }
    }

    /// `family^given`, the form of DICOM PN, HL7 XPN and ASTM names.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}^{}", self.family, self.given)
    }

    /// Remembers that the name was put into `place`.
    pub fn put_name(&self, canaries: &mut Canaries, place: &'static str, form: Form) {
        canaries.put(&self.family, place, form);
        canaries.put(&self.given, place, form);
    }
}
