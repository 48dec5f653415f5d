//! What a device is for, as a key of the risk policy's class table. A guess from words; the table's `unknown` is the answer to none.

use auscult_inventory::RoleHint;

/// The class of a device that nothing is known of.
pub(crate) const UNKNOWN: &str = "unknown";

/// Words of a device type or a product, and the class they stand for. The first that fits holds, so the narrower come first.
const WORDS: &[(&str, &str)] = &[
    ("infusion server", "infusion_gateway"),
    ("pump server", "infusion_gateway"),
    ("infusion", "infusion_pump"),
    ("syringe", "infusion_pump"),
    ("pump", "infusion_pump"),
    ("ventilator", "ventilator"),
    ("anaesthesia", "anesthesia"),
    ("anesthesia", "anesthesia"),
    ("dialysis", "dialysis"),
    ("defibrillator", "defibrillator"),
    ("central station", "central_station"),
    ("information center", "central_station"),
    ("telemetry", "telemetry"),
    ("patient monitor", "patient_monitor"),
    ("intellivue", "patient_monitor"),
    ("carescape", "patient_monitor"),
    ("blood gas", "blood_gas"),
    ("analyzer", "lab_analyzer"),
    ("analyser", "lab_analyzer"),
    ("dispensing", "medication_dispenser"),
    ("pyxis", "medication_dispenser"),
    ("programmer", "programmer"),
    ("electrocardiograph", "ecg"),
    ("endoscop", "endoscopy"),
    ("incubator", "incubator"),
    ("nurse call", "nurse_call"),
    ("angiograph", "angiography"),
    ("ultrasound", "ultrasound"),
    ("tomograph", "ct"),
    ("magnetic resonance", "mri"),
    ("mammograph", "xray"),
    ("radiograph", "xray"),
    ("x-ray", "xray"),
    ("linear accelerator", "radiotherapy"),
    ("pacs", "pacs"),
    ("interface engine", "integration_engine"),
    ("domain controller", "domain_controller"),
    ("remote service", "vendor_gateway"),
    ("vendor gateway", "vendor_gateway"),
    ("printer", "printer"),
    ("laserjet", "printer"),
    ("camera", "camera"),
    ("ip phone", "phone"),
    ("telephone", "phone"),
    ("building controller", "building"),
    ("switch", "network"),
    ("router", "network"),
    ("firewall", "network"),
    ("access point", "network"),
    ("windows server", "server"),
    ("server", "server"),
    ("workstation", "workstation"),
    ("windows", "workstation"),
    ("macos", "workstation"),
];

/// Roles that the inventory derives from behaviour.
const ROLES: &[(&str, &str)] = &[
    ("ct scanner", "ct"),
    ("mr scanner", "mri"),
    ("angiography", "angiography"),
    ("ultrasound", "ultrasound"),
    ("radiography", "xray"),
    ("mammography", "xray"),
    ("fluoroscopy", "xray"),
    ("nuclear medicine", "imaging"),
    ("pet scanner", "imaging"),
    ("ophthalmic imaging", "imaging"),
    ("radiotherapy", "radiotherapy"),
    ("dicom archive", "pacs"),
    ("dicom workstation", "clinical_workstation"),
    ("hl7 gateway", "integration_engine"),
    ("telephone", "phone"),
    ("router", "network"),
    ("switch", "network"),
    ("access point", "network"),
    ("dhcp server", "server"),
    ("dicom server", "pacs"),
];

/// The class that the words say, most telling ones first, or else the roles.
pub(crate) fn of<'a>(words: impl IntoIterator<Item = &'a str>, roles: &[RoleHint]) -> &'static str {
    for text in words {
        let text = text.to_lowercase();
        if let Some((_, class)) = WORDS.iter().find(|(word, _)| text.contains(word)) {
            return class;
        }
    }
    roles
        .iter()
        .find_map(|hint| ROLES.iter().find(|(role, _)| *role == hint.role))
        .map_or(UNKNOWN, |(_, class)| class)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_is_in_the_published_table() {
        let table = auscult_risk::Policy::published().unwrap().classes;
        for (_, class) in WORDS.iter().chain(ROLES) {
            assert!(table.contains_key(*class), "{class}");
        }
        assert!(table.contains_key(UNKNOWN));
    }

    #[test]
    fn words_hold_before_roles_and_nothing_is_unknown() {
        assert_eq!(of(["Medfusion 4000 syringe"], &[]), "infusion_pump");
        assert_eq!(of(["Windows Server 2019"], &[]), "server");
        assert_eq!(of([], &[]), UNKNOWN);
    }
}
