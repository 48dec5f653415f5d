//! The kinds of devices, one file each.
//!
//! To add one, write its file, name the file below and its constant in [`ALL`]; a test compares both with the folder.

use crate::kind::Kind;

mod access_point;
mod anaesthesia_machine;
mod angiography_system;
mod badge_reader;
mod biomed_laptop;
mod biomed_server;
mod building_controller;
mod building_supervisor;
mod call_manager;
mod cardiac_programmer;
mod cardiology_server;
mod central_station;
mod ct_scanner;
mod defibrillator;
mod device_gateway;
mod dialysis_machine;
mod digital_signage;
mod dispensing_cabinet;
mod dispensing_server;
mod dns_dhcp_server;
mod domain_controller;
mod ecg_cart;
mod ehr_server;
mod electrosurgical_generator;
mod fetal_monitor;
mod firewall;
mod guest_device;
mod hl7_engine;
mod infusion_pump;
mod infusion_server;
mod ip_phone;
mod lab_analyzer;
mod lab_middleware;
mod laptop;
mod linux_server;
mod mammography_system;
mod medical_gas_panel;
mod mri_scanner;
mod network_switch;
mod nicu_camera;
mod nuclear_medicine;
mod nurse_call_server;
mod nurse_call_station;
mod nursing_tablet;
mod pacs_server;
mod patient_entertainment;
mod patient_monitor;
mod pneumatic_tube_station;
mod poc_manager;
mod point_of_care;
mod printer;
mod reading_workstation;
mod ris_server;
mod security_server;
mod serial_server;
mod surveillance_camera;
mod telemetry_server;
mod ultrasound;
mod update_server;
mod vendor_gateway;
mod ventilator;
mod vital_signs_monitor;
mod vitals_server;
mod vpn_gateway;
mod web_portal;
mod wheeled_workstation;
mod windows_server;
mod workstation;
mod xray_system;

/// Every kind, by name in alphabetical order.
pub static ALL: &[&Kind] = &[
    &access_point::KIND,
    &anaesthesia_machine::KIND,
    &angiography_system::KIND,
    &badge_reader::KIND,
    &biomed_laptop::KIND,
    &biomed_server::KIND,
    &building_controller::KIND,
    &building_supervisor::KIND,
    &call_manager::KIND,
    &cardiac_programmer::KIND,
    &cardiology_server::KIND,
    &central_station::KIND,
    &ct_scanner::KIND,
    &defibrillator::KIND,
    &device_gateway::KIND,
    &dialysis_machine::KIND,
    &digital_signage::KIND,
    &dispensing_cabinet::KIND,
    &dispensing_server::KIND,
    &dns_dhcp_server::KIND,
    &domain_controller::KIND,
    &ecg_cart::KIND,
    &ehr_server::KIND,
    &electrosurgical_generator::KIND,
    &fetal_monitor::KIND,
    &firewall::KIND,
    &guest_device::KIND,
    &hl7_engine::KIND,
    &infusion_pump::KIND,
    &infusion_server::KIND,
    &ip_phone::KIND,
    &lab_analyzer::KIND,
    &lab_middleware::KIND,
    &laptop::KIND,
    &linux_server::KIND,
    &mammography_system::KIND,
    &medical_gas_panel::KIND,
    &mri_scanner::KIND,
    &network_switch::KIND,
    &nicu_camera::KIND,
    &nuclear_medicine::KIND,
    &nurse_call_server::KIND,
    &nurse_call_station::KIND,
    &nursing_tablet::KIND,
    &pacs_server::KIND,
    &patient_entertainment::KIND,
    &patient_monitor::KIND,
    &pneumatic_tube_station::KIND,
    &poc_manager::KIND,
    &point_of_care::KIND,
    &printer::KIND,
    &reading_workstation::KIND,
    &ris_server::KIND,
    &security_server::KIND,
    &serial_server::KIND,
    &surveillance_camera::KIND,
    &telemetry_server::KIND,
    &ultrasound::KIND,
    &update_server::KIND,
    &vendor_gateway::KIND,
    &ventilator::KIND,
    &vital_signs_monitor::KIND,
    &vitals_server::KIND,
    &vpn_gateway::KIND,
    &web_portal::KIND,
    &wheeled_workstation::KIND,
    &windows_server::KIND,
    &workstation::KIND,
    &xray_system::KIND,
];

/// Index in [`ALL`] of a kind by name.
#[must_use]
pub fn index(name: &str) -> Option<usize> {
    ALL.iter().position(|kind| kind.name == name)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::kind::NEVER;

    #[test]
    fn the_list_names_exactly_the_files_of_the_folder() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/kinds");
        let files: BTreeSet<String> = std::fs::read_dir(folder)
            .unwrap()
            .filter_map(|entry| {
                let path = entry.unwrap().path();
                let stem = path.file_stem()?.to_str()?.to_owned();
                (stem != "mod").then_some(stem)
            })
            .collect();
        let listed: BTreeSet<String> = ALL.iter().map(|kind| kind.name.to_owned()).collect();
        assert_eq!(
            files, listed,
            "a kind is named as its file, and every file is in ALL"
        );
        assert_eq!(listed.len(), ALL.len(), "no kind is listed twice");
    }

    #[test]
    fn kinds_refer_only_to_what_exists() {
        let mut faults = Vec::new();
        for kind in ALL {
            for peer in kind.peers.iter().copied().flatten() {
                match index(peer.kind) {
                    None => faults.push(format!("{}: no kind {}", kind.name, peer.kind)),
                    Some(server) => {
                        if !ALL[server].services.iter().any(|s| s.id == peer.service) {
                            faults.push(format!(
                                "{}: {} has no {}",
                                kind.name, peer.kind, peer.service
                            ));
                        }
                    }
                }
            }
            for model in kind.models {
                for flaw in model.flaws {
                    if crate::weakness::reference(flaw.id).is_none() {
                        faults.push(format!(
                            "{}: {} is not in the reference table",
                            kind.name, flaw.id
                        ));
                    }
                    if !flaw.service.is_empty()
                        && !kind.services.iter().any(|s| s.id == flaw.service)
                    {
                        faults.push(format!("{}: {} at {}", kind.name, flaw.id, flaw.service));
                    }
                    if flaw.fixed != NEVER && flaw.fixed >= model.versions.len() {
                        faults.push(format!(
                            "{}: {} fixed in no version",
                            model.product, flaw.id
                        ));
                    }
                }
            }
        }
        assert!(faults.is_empty(), "{}", faults.join("\n"));
    }
}
