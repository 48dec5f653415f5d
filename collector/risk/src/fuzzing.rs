//! Fuzz bodies: plain functions that panic when something that must hold does not. The libFuzzer wrapper is in `tests/fuzz`; the
//! ordinary tests replay the committed corpus and arbitrary bytes.

use crate::assessor::assess;
use crate::policy::Policy;
use crate::site::Site;

#[cfg(test)]
mod tests;

/// Most bytes that are assessed as well: reading is linear, assessing a site that a fuzzer wrote need not be quick.
const ASSESSED: usize = 16 * 1024;

/// A site file: refused with at least one fault that names a path, or read, written, read again to the same, and assessed to numbers
/// within their ranges.
pub fn risk_site(data: &[u8]) {
    let site = match Site::from_json(data) {
        Ok(site) => site,
        Err(faults) => {
            assert!(!faults.list().is_empty(), "refused without a fault");
            for fault in faults.list() {
                assert!(!fault.path.is_empty(), "a fault without a place: {fault}");
            }
            return;
        }
    };
    let json = serde_json::to_vec(site.document()).unwrap_or_default();
    let again = Site::from_json(&json).ok();
    assert_eq!(
        again.as_ref().map(Site::document),
        Some(site.document()),
        "written and read again"
    );
    let Ok(policy) = Policy::published() else {
        return;
    };
    let small = serde_json::json!({"worlds": {"count": 16}});
    let Ok(policy) = policy.with_overrides(&small) else {
        return;
    };
    if data.len() > ASSESSED || site.document().policy.is_some() {
        return;
    }
    let Ok(assessment) = assess(&site, &policy) else {
        return;
    };
    for pair in &assessment.pairs {
        assert!(pair.score.is_finite() && pair.score >= 0.0, "{pair:?}");
        assert!((0.0..=1.0).contains(&pair.likelihood), "{pair:?}");
    }
}
