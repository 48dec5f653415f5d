//! Hidden: whether an attacker of this kind has a working exploit for a flaw.

use crate::build::DEFAULT_CREDENTIALS;
use crate::random::Random;
use crate::site::Site;
use crate::weakness::FlawFacts;

fn logit(p: f64) -> f64 {
    (p / (1.0 - p)).ln()
}

/// Log-odds that a campaign knows a factory password: it is no CVE, so it has no EPSS and needs no exploit, and manuals print it. One in two.
const FACTORY_PASSWORD: f64 = 0.0;

/// The log-odds that public signals suggest: a logistic regression in shape, not a noisy-OR, so that it agrees with no engine's
/// formula by construction. EPSS enters by its own log-odds against the median of all CVEs (0.007).
fn expected(facts: &FlawFacts) -> f64 {
    if facts.id == DEFAULT_CREDENTIALS {
        return FACTORY_PASSWORD;
    }
    let epss = logit(facts.epss.clamp(0.000_5, 0.995)) - logit(0.007);
    let flag = |set: bool, weight: f64| if set { weight } else { 0.0 };
    -3.8 + 0.5 * epss
        + flag(facts.kev, 1.6)
        + flag(facts.ransomware, 0.7)
        + flag(facts.poc, 0.9)
        + flag(facts.automatable, 0.5)
        - flag(facts.vector.complex, 0.4)
}

/// Probability per flaw that a campaign has a working exploit for it. The noise belongs to the flaw: all campaigns share it.
#[must_use]
pub fn capabilities(site: &Site, noise: f64) -> Vec<f64> {
    site.flaws
        .iter()
        .map(|facts| {
            let mut random = Random::of(site.estate_seed, &["capability", &facts.id]);
            let odds = expected(facts) + noise * random.normal();
            (1.0 / (1.0 + (-odds).exp())).min(0.97)
        })
        .collect()
}
