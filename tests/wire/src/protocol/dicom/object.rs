//! The data sets of modalities: images with their headers, worklist entries, performed steps, queries.

use crate::calendar::Civil;
use crate::canary::{Canary, Form};
use crate::patient::Patient;
use crate::random::Random;
use crate::tap::Tap;

use super::{SopClass, Syntax, Writer};

/// What a modality writes of itself.
#[derive(Debug, Clone, Copy)]
pub struct Equipment<'a> {
    /// (0008,0070).
    pub manufacturer: &'a str,
    /// (0008,1090).
    pub model: &'a str,
    /// (0008,1010).
    pub station: &'a str,
    /// (0018,1000).
    pub serial: &'a str,
    /// (0018,1020).
    pub software: &'a str,
    /// (0008,0080).
    pub institution: &'a str,
}

/// A kind of imaging: the class of its objects and (0008,0060).
#[derive(Debug, Clone, Copy)]
pub struct Modality {
    /// Storage class.
    pub class: SopClass,
    /// `CT`, `MR`, `US`, `DX`, ...
    pub code: &'static str,
}

/// Facts that an image's header states.
pub(super) fn facts<'a>(
    equipment: &Equipment<'a>,
    modality: &Modality,
) -> [(&'static str, &'a str); 7] {
    [
        ("dicom.tag.0008,0060 Modality", modality.code),
        ("dicom.tag.0008,0070 Manufacturer", equipment.manufacturer),
        (
            "dicom.tag.0008,0080 Institution Name",
            equipment.institution,
        ),
        ("dicom.tag.0008,1010 Station Name", equipment.station),
        (
            "dicom.tag.0008,1090 Manufacturer's Model Name",
            equipment.model,
        ),
        ("dicom.tag.0018,1000 Device Serial Number", equipment.serial),
        ("dicom.tag.0018,1020 Software Versions", equipment.software),
    ]
}

/// A UID under the 2.25 root (PS3.5 B.2).
pub(super) fn uid(random: &mut Random) -> String {
    format!("2.25.{}{}", random.next_u64(), random.next_u32())
}

fn patient_module(writer: &mut Writer, patient: &Patient) {
    writer.text((0x0010, 0x0010), *b"PN", &patient.name());
    writer.text((0x0010, 0x0020), *b"LO", patient.record_number.as_str());
    writer.text((0x0010, 0x0030), *b"DA", &patient.birth_date);
    writer.text((0x0010, 0x0040), *b"CS", &patient.sex.to_string());
}

fn put_patient_module(tap: &mut Tap<'_>, patient: &Patient) {
    let names: [&Canary; 2] = [&patient.family, &patient.given];
    tap.puts("dicom (0010,0010)", Form::Plain, &names);
    tap.puts("dicom (0010,0020)", Form::Plain, &[&patient.record_number]);
}

/// An image of `pixels` random octets, 16 bits a pixel in one row.
pub(super) fn image(
    tap: &mut Tap<'_>,
    syntax: Syntax,
    (equipment, modality): (&Equipment<'_>, &Modality),
    patient: &Patient,
    instance: &str,
    pixels: u16,
) -> Vec<u8> {
    let time = Civil::new(tap.now);
    let mut writer = Writer::new(syntax);
    let date = time.date();
    writer.text((0x0008, 0x0016), *b"UI", modality.class.0);
    writer.text((0x0008, 0x0018), *b"UI", instance);
    writer.text((0x0008, 0x0020), *b"DA", &date);
    writer.text((0x0008, 0x0030), *b"TM", &time.clock());
    writer.text((0x0008, 0x0050), *b"SH", patient.accession.as_str());
    writer.text((0x0008, 0x0060), *b"CS", modality.code);
    writer.text((0x0008, 0x0070), *b"LO", equipment.manufacturer);
    writer.text((0x0008, 0x0080), *b"LO", equipment.institution);
    writer.text(
        (0x0008, 0x0090),
        *b"PN",
        &format!("{}^Doctor", patient.physician),
    );
    writer.text((0x0008, 0x1010), *b"SH", equipment.station);
    writer.text((0x0008, 0x1030), *b"LO", patient.finding.as_str());
    writer.text(
        (0x0008, 0x1070),
        *b"PN",
        &format!("{}^Operator", patient.physician),
    );
    writer.text((0x0008, 0x1090), *b"LO", equipment.model);
    patient_module(&mut writer, patient);
    writer.text((0x0010, 0x1040), *b"LO", patient.street.as_str());
    writer.text((0x0010, 0x2154), *b"SH", patient.telephone.as_str());
    writer.text((0x0018, 0x1000), *b"LO", equipment.serial);
    writer.text((0x0018, 0x1020), *b"LO", equipment.software);
    writer.text((0x0020, 0x000d), *b"UI", &uid(&mut tap.random));
    writer.text((0x0020, 0x000e), *b"UI", &uid(&mut tap.random));
    writer.text((0x0020, 0x0010), *b"SH", patient.account.as_str());
    writer.us((0x0028, 0x0002), 1);
    writer.text((0x0028, 0x0004), *b"CS", "MONOCHROME2");
    writer.us((0x0028, 0x0010), 1);
    writer.us((0x0028, 0x0011), pixels);
    writer.us((0x0028, 0x0100), 16);
    writer.us((0x0028, 0x0101), 12);
    writer.us((0x0028, 0x0102), 11);
    writer.us((0x0028, 0x0103), 0);
    let mut image = vec![0; usize::from(pixels) * 2];
    tap.random.fill(&mut image);
    writer.element((0x7fe0, 0x0010), *b"OW", &image);
    put_patient_module(tap, patient);
    for (place, canary) in [
        ("dicom (0008,0050)", &patient.accession),
        ("dicom (0008,0090)", &patient.physician),
        ("dicom (0008,1030)", &patient.finding),
        ("dicom (0008,1070)", &patient.physician),
        ("dicom (0010,1040)", &patient.street),
        ("dicom (0010,2154)", &patient.telephone),
        ("dicom (0020,0010)", &patient.account),
    ] {
        tap.puts(place, Form::Plain, &[canary]);
    }
    writer.finish()
}

/// The keys of a worklist query: one scheduled step for this station, everything else to be filled in (PS3.4 K.6.1.2).
pub(super) fn worklist_keys(syntax: Syntax, title: &str, code: &str, date: &str) -> Vec<u8> {
    let mut writer = Writer::new(syntax);
    writer.text((0x0008, 0x0050), *b"SH", "");
    writer.text((0x0010, 0x0010), *b"PN", "");
    writer.text((0x0010, 0x0020), *b"LO", "");
    writer.sequence((0x0040, 0x0100), |step| {
        step.text((0x0008, 0x0060), *b"CS", code);
        step.text((0x0040, 0x0001), *b"AE", title);
        step.text((0x0040, 0x0002), *b"DA", date);
    });
    writer.finish()
}

/// One entry of a worklist.
pub(super) fn worklist_entry(
    tap: &mut Tap<'_>,
    syntax: Syntax,
    title: &str,
    code: &str,
    patient: &Patient,
) -> Vec<u8> {
    let date = Civil::new(tap.now).date();
    let mut writer = Writer::new(syntax);
    writer.text((0x0008, 0x0050), *b"SH", patient.accession.as_str());
    patient_module(&mut writer, patient);
    writer.text((0x0032, 0x1060), *b"LO", patient.finding.as_str());
    writer.sequence((0x0040, 0x0100), |step| {
        step.text((0x0008, 0x0060), *b"CS", code);
        step.text((0x0040, 0x0001), *b"AE", title);
        step.text((0x0040, 0x0002), *b"DA", &date);
    });
    put_patient_module(tap, patient);
    tap.puts("dicom (0008,0050)", Form::Plain, &[&patient.accession]);
    tap.puts("dicom (0032,1060)", Form::Plain, &[&patient.finding]);
    writer.finish()
}

/// A performed procedure step that begins (PS3.4 F.7.2.1).
pub(super) fn performed_step(
    tap: &mut Tap<'_>,
    syntax: Syntax,
    title: &str,
    (equipment, modality): (&Equipment<'_>, &Modality),
    patient: &Patient,
) -> Vec<u8> {
    let time = Civil::new(tap.now);
    let study = uid(&mut tap.random);
    let mut writer = Writer::new(syntax);
    writer.text((0x0008, 0x0060), *b"CS", modality.code);
    patient_module(&mut writer, patient);
    writer.text((0x0040, 0x0241), *b"AE", title);
    writer.text((0x0040, 0x0242), *b"SH", equipment.station);
    writer.text((0x0040, 0x0244), *b"DA", &time.date());
    writer.text((0x0040, 0x0245), *b"TM", &time.clock());
    writer.text((0x0040, 0x0252), *b"CS", "IN PROGRESS");
    writer.text((0x0040, 0x0253), *b"SH", "STEP1");
    writer.sequence((0x0040, 0x0270), |step| {
        step.text((0x0008, 0x0050), *b"SH", patient.accession.as_str());
        step.text((0x0020, 0x000d), *b"UI", &study);
    });
    put_patient_module(tap, patient);
    tap.puts("dicom (0008,0050)", Form::Plain, &[&patient.accession]);
    writer.finish()
}

/// The end of a performed procedure step (PS3.4 F.7.2.2): one series was made.
pub(super) fn completed_step(tap: &mut Tap<'_>, syntax: Syntax, patient: &Patient) -> Vec<u8> {
    let time = Civil::new(tap.now);
    let series = uid(&mut tap.random);
    let physician = format!("{}^Performing", patient.physician);
    let mut writer = Writer::new(syntax);
    writer.text((0x0040, 0x0250), *b"DA", &time.date());
    writer.text((0x0040, 0x0251), *b"TM", &time.clock());
    writer.text((0x0040, 0x0252), *b"CS", "COMPLETED");
    writer.sequence((0x0040, 0x0340), |made| {
        made.text((0x0008, 0x103e), *b"LO", patient.finding.as_str());
        made.text((0x0008, 0x1050), *b"PN", &physician);
        made.text((0x0018, 0x1030), *b"LO", "THORAX ROUTINE");
        made.text((0x0020, 0x000e), *b"UI", &series);
    });
    tap.puts("dicom (0008,103e)", Form::Plain, &[&patient.finding]);
    tap.puts("dicom (0008,1050)", Form::Plain, &[&patient.physician]);
    writer.finish()
}

/// The key of a retrieval: a study that an earlier query found (PS3.4 C.4.2.1.4).
pub(super) fn retrieved_study(tap: &mut Tap<'_>, syntax: Syntax) -> Vec<u8> {
    let mut writer = Writer::new(syntax);
    writer.text((0x0008, 0x0052), *b"CS", "STUDY");
    writer.text((0x0020, 0x000d), *b"UI", &uid(&mut tap.random));
    writer.finish()
}

/// A query for the studies of a patient, or one answer to it.
pub(super) fn study(tap: &mut Tap<'_>, syntax: Syntax, patient: &Patient, answer: bool) -> Vec<u8> {
    let (accession, study) = if answer {
        tap.puts("dicom (0008,0050)", Form::Plain, &[&patient.accession]);
        (patient.accession.as_str(), uid(&mut tap.random))
    } else {
        ("", String::new())
    };
    let mut writer = Writer::new(syntax);
    writer.text((0x0008, 0x0050), *b"SH", accession);
    writer.text((0x0008, 0x0052), *b"CS", "STUDY");
    writer.text((0x0010, 0x0010), *b"PN", &patient.name());
    writer.text((0x0010, 0x0020), *b"LO", patient.record_number.as_str());
    writer.text((0x0020, 0x000d), *b"UI", &study);
    put_patient_module(tap, patient);
    writer.finish()
}
