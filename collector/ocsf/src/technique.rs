//! MITRE ATT&CK techniques that use a weakness. Names and identifiers as on attack.mitre.org (Enterprise and ICS).

use auscult_findings::PairTold;
use auscult_intel::cvss::Vector;
use auscult_intel::weakness::{WEAKNESSES, Weakness};
use serde_json::{Value, json};

/// Identifier, name.
type Technique = (&'static str, &'static str);

const REMOTE: Technique = ("T1210", "Exploitation of Remote Services");
const PUBLIC: Technique = ("T1190", "Exploit Public-Facing Application");
const PRIVILEGE: Technique = ("T1068", "Exploitation for Privilege Escalation");
const CLIENT: Technique = ("T1203", "Exploitation for Client Execution");
const HARDWARE: Technique = ("T1200", "Hardware Additions");
const DEFAULT_ACCOUNT: Technique = ("T1078.001", "Default Accounts");

/// Techniques that the table of observed weaknesses names.
const NAMED: &[Technique] = &[
    REMOTE,
    DEFAULT_ACCOUNT,
    ("T0855", "Unauthorized Command Message"),
    ("T1021.001", "Remote Desktop Protocol"),
    ("T1021.005", "VNC"),
    ("T1040", "Network Sniffing"),
    ("T1557", "Adversary-in-the-Middle"),
    ("T1602.001", "SNMP (MIB Dump)"),
];

/// Techniques above their sub-techniques.
const ABOVE: &[Technique] = &[
    ("T1021", "Remote Services"),
    ("T1078", "Valid Accounts"),
    ("T1602", "Data from Configuration Repository"),
];

/// OCSF `attacks` of a weakness in its environment.
pub(crate) fn attacks(pair: &PairTold) -> Vec<Value> {
    chosen(pair).into_iter().map(attack).collect()
}

fn chosen(pair: &PairTold) -> Option<Technique> {
    let own: Option<&Weakness> = WEAKNESSES.iter().find(|it| it.name == pair.weakness);
    if let Some(own) = own {
        return NAMED.iter().find(|(id, _)| *id == own.technique).copied();
    }
    let known = pair.known.as_ref()?;
    if known.risk.default_credential {
        return Some(DEFAULT_ACCOUNT);
    }
    // Oldest version first: the last that reads is what the assessment uses.
    let vector = known
        .risk
        .cvss
        .iter()
        .rev()
        .find_map(|text| text.parse::<Vector>().ok());
    let of = |metric| vector.as_ref().and_then(|vector| vector.value(metric));
    let first_hop = pair
        .explanation
        .as_ref()
        .and_then(|it| it.routes.first())
        .is_some_and(|route| route.hops.len() <= 1);
    Some(match (of("AV"), of("UI")) {
        (Some("P"), _) => HARDWARE,
        (Some("L"), _) => PRIVILEGE,
        (_, Some("R" | "A" | "P")) => CLIENT,
        _ if first_hop => PUBLIC,
        _ => REMOTE,
    })
}

fn attack((id, name): Technique) -> Value {
    let url = format!(
        "https://attack.mitre.org/techniques/{}/",
        id.replace('.', "/")
    );
    let this = json!({"uid": id, "name": name, "src_url": url});
    let above = id.split_once('.').and_then(|(above, _)| {
        let found = ABOVE.iter().find(|(id, _)| *id == above)?;
        Some(json!({
            "uid": found.0,
            "name": found.1,
            "src_url": format!("https://attack.mitre.org/techniques/{}/", found.0),
        }))
    });
    match above {
        Some(above) => json!({"technique": above, "sub_technique": this}),
        None => json!({"technique": this}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_technique_of_the_table_has_its_name() {
        for weakness in &WEAKNESSES {
            assert!(
                NAMED.iter().any(|(id, _)| *id == weakness.technique),
                "{}",
                weakness.technique
            );
        }
        for (id, _) in NAMED {
            if let Some((above, _)) = id.split_once('.') {
                assert!(ABOVE.iter().any(|(id, _)| *id == above), "{id}");
            }
        }
    }
}
