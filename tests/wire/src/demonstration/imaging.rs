//! Radiology: worklist, performed step, images, queries, a wrong title.

use crate::protocol::dicom::{
    self, Application, Association, Equipment, Modality, Outcome, SopClass, Syntax,
};
use crate::tcp::Conditions;

use super::Scene;
use super::estate::{self, clinical, mirrored_twice, remote_switch_three};

const PACS: Application<'_> = Application {
    title: "PACS_ARCHIVE",
    implementation: "1.2.276.0.7230010.3.0.3.6.7",
    version: "OFFIS_DCMTK_367",
};
const RIS: Application<'_> = Application {
    title: "RIS_MWL",
    implementation: "1.2.40.0.13.1.3",
    version: "dcm4che-5.29.0",
};
const CT_SCANNER: Application<'_> = Application {
    title: "CT_SOMATOM1",
    implementation: "1.3.12.2.1107.5.1.4",
    version: "SIEMENS_S7VA40A",
};
const CT_EQUIPMENT: Equipment<'_> = Equipment {
    manufacturer: "SIEMENS",
    model: "SOMATOM Definition AS",
    station: "CT66307",
    serial: "66307",
    software: "syngo CT 2012B",
    institution: "General Hospital",
};
const CT: Modality = Modality {
    class: dicom::CT,
    code: "CT",
};
const MR_SCANNER: Application<'_> = Application {
    title: "MR_SIGNA",
    implementation: "1.2.840.113619.6.286",
    version: "GE_DV_26",
};
const MR_EQUIPMENT: Equipment<'_> = Equipment {
    manufacturer: "GE MEDICAL SYSTEMS",
    model: "SIGNA Pioneer",
    station: "MRPIO2",
    serial: "000000MR33012",
    software: "27\\LX\\MR Software release:DV26.0_R03_1831.b",
    institution: "General Hospital",
};
const MR: Modality = Modality {
    class: dicom::MR,
    code: "MR",
};
const READER: Application<'_> = Application {
    title: "READING_04",
    implementation: "1.2.752.24.3.3.25.10",
    version: "SECTRA_IDS7",
};
const ULTRASOUND: Application<'_> = Application {
    title: "US_CART3",
    implementation: "1.2.840.114340.3",
    version: "SonoSite",
};

pub(super) fn play(scene: &mut Scene<'_>) {
    let conditions = scene.conditions;
    computed_tomography(scene, conditions);
    magnetic_resonance(scene, conditions);
    reading(scene, conditions);
    let mut tap = scene.tap("ultrasound", clinical(), 150);
    let classes: [SopClass; 2] = [dicom::VERIFICATION, dicom::US];
    let refused = Association::open(
        &mut tap,
        (&estate::ultrasound(), ULTRASOUND),
        (
            &estate::pacs(),
            Application {
                title: "WRONG_AE",
                ..PACS
            },
        ),
        11_112,
        (&classes, Syntax::Implicit),
        (None, Outcome::Rejected, conditions),
    );
    debug_assert!(refused.is_none(), "a rejected association is none");
}

fn computed_tomography(scene: &mut Scene<'_>, conditions: Conditions) {
    let patients = scene.estate.patients.clone();
    let user = scene.estate.user.clone();
    let (ct, ris, pacs) = (estate::ct(), estate::ris(), estate::pacs());
    let mut tap = scene.tap("ct", mirrored_twice(), 120);
    if let Some(mut association) = Association::open(
        &mut tap,
        (&ct, CT_SCANNER),
        (&ris, RIS),
        104,
        (
            &[dicom::VERIFICATION, dicom::WORKLIST, dicom::PERFORMED_STEP],
            Syntax::Implicit,
        ),
        (None, Outcome::Accepted, conditions),
    ) {
        association.echo();
        association.worklist(&CT, &patients[..3]);
        if let Some(step) = association.begin_step(&CT_EQUIPMENT, &CT, &patients[0]) {
            association.end_step(&step, &patients[0]);
        }
        association.release();
    }
    if let Some(mut association) = Association::open(
        &mut tap,
        (&ct, CT_SCANNER),
        (&pacs, PACS),
        11_112,
        (&[dicom::VERIFICATION, dicom::CT], Syntax::Explicit),
        (Some(&user), Outcome::Accepted, conditions),
    ) {
        association.echo();
        for _ in 0..3 {
            association.store(&CT_EQUIPMENT, &CT, &patients[0], 9_000);
        }
        association.release();
    }
}

/// A reading workstation asks the archive for a study and has it sent to itself.
fn reading(scene: &mut Scene<'_>, conditions: Conditions) {
    let patient = scene.estate.patients[0].clone();
    let (reader, pacs) = (estate::reading(), estate::pacs());
    let mut tap = scene.tap("reading", clinical(), 160);
    let classes = [dicom::STUDY_FIND, dicom::STUDY_MOVE];
    if let Some(mut association) = Association::open(
        &mut tap,
        (&reader, READER),
        (&pacs, PACS),
        11_112,
        (&classes, Syntax::Implicit),
        (None, Outcome::Accepted, conditions),
    ) {
        association.query(&patient);
        association.retrieve(READER.title, 2, |tap| {
            if let Some(mut delivery) = Association::open(
                tap,
                (&pacs, PACS),
                (&reader, READER),
                104,
                (&[dicom::CT], Syntax::Explicit),
                (None, Outcome::Accepted, conditions),
            ) {
                for _ in 0..2 {
                    delivery.store(&CT_EQUIPMENT, &CT, &patient, 4_000);
                }
                delivery.release();
            }
        });
        association.release();
    }
}

fn magnetic_resonance(scene: &mut Scene<'_>, conditions: Conditions) {
    let patient = scene.estate.patients[3].clone();
    let mut tap = scene.tap("mr", remote_switch_three(), 140);
    if let Some(mut association) = Association::open(
        &mut tap,
        (&estate::mr(), MR_SCANNER),
        (&estate::pacs(), PACS),
        11_112,
        (&[dicom::MR, dicom::STUDY_FIND], Syntax::Implicit),
        (None, Outcome::Accepted, conditions),
    ) {
        association.query(&patient);
        association.store(&MR_EQUIPMENT, &MR, &patient, 20_000);
        association.release();
    }
}
