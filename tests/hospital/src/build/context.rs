//! Clinical context and true loss of one device.

use crate::kind::{Kind, Mission, Safety};
use crate::random::Random;
use crate::site::Context;

pub(super) fn context(kind: &Kind, random: &mut Random) -> Context {
    let clinical = &kind.clinical;
    Context {
        safety: clinical.safety,
        mission: clinical.mission,
        data: clinical.data,
        records: if clinical.records == 0 {
            0
        } else {
            random.log_normal(f64::from(clinical.records), 0.7) as u32
        },
        fallback: random.chance(clinical.fallback),
        in_use: (clinical.in_use + 0.15 * random.normal()).clamp(0.02, 1.0),
        benefit: clinical.benefit,
    }
}

/// What a complete takeover of the device costs in the attacker's ground truth, in arbitrary units: harm to patients by safety and
/// mission, weighted by use and fallback, plus the data on it, times what nobody can tell beforehand.
pub(super) fn loss(context: &Context, random: &mut Random) -> f64 {
    let harm = match context.safety {
        Safety::Negligible => 0.6,
        Safety::Marginal => 4.0,
        Safety::Critical => 22.0,
        Safety::Catastrophic => 60.0,
    };
    let mission = match context.mission {
        Mission::None => 0.7,
        Mission::Support => 1.0,
        Mission::Essential => 1.5,
    };
    let fallback = if context.fallback { 0.65 } else { 1.0 };
    let care = harm * mission * (0.25 + 0.75 * context.in_use) * fallback;
    let data = 0.8 * (1.0 + f64::from(context.records)).log10();
    (care + data) * random.log_normal(1.0, 0.35)
}
