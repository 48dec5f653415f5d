use super::*;

/// Rows of the published tables, one of each outcome.
#[test]
fn rows_of_the_published_tables_come_out() {
    assert_eq!(
        cisa_level(
            Exploitation::Active,
            Automatable::Yes,
            TechnicalImpact::Total,
            MissionWellBeing::Medium
        ),
        CisaLevel::Act
    );
    assert_eq!(
        deployer_priority(
            Exploitation::Active,
            SystemExposure::Open,
            Automatable::No,
            HumanImpact::VeryHigh
        ),
        DeployerPriority::Immediate
    );
    assert_eq!(
        human_impact(SafetyImpact::Critical, MissionImpact::Degraded),
        HumanImpact::Medium
    );
    assert_eq!(
        bod_26_04(true, false, Automatable::Yes, TechnicalImpact::Total),
        Bod2604::Days3Forensics
    );
    assert_eq!(
        bod_26_04(false, false, Automatable::No, TechnicalImpact::Total),
        Bod2604::OnSystemUpgrade
    );
}

/// A worse point never lowers a decision.
#[test]
fn the_tables_are_monotone() {
    for pair in HumanImpact::ALL.windows(2) {
        for e in Exploitation::ALL {
            for x in SystemExposure::ALL {
                for a in Automatable::ALL {
                    let of = |h| deployer_priority(*e, *x, *a, h);
                    assert!(of(pair[0]) <= of(pair[1]));
                }
            }
        }
    }
    for t in TechnicalImpact::ALL {
        for a in Automatable::ALL {
            for exposed in [false, true] {
                let of = |kev| bod_26_04(kev, exposed, *a, *t);
                assert!(of(false) <= of(true));
            }
        }
    }
}

#[test]
fn values_are_read_however_publishers_spell_them() {
    assert_eq!(
        Exploitation::read("poc"),
        None,
        "vulnrichment's word is read by its reader"
    );
    assert_eq!(
        Exploitation::read("Public_PoC"),
        Some(Exploitation::PublicPoc)
    );
    assert_eq!(
        MissionImpact::read("MEF failure"),
        Some(MissionImpact::MefFailure)
    );
}
