//! DICOM upper layer (PS3.8) and DIMSE (PS3.7): association, C-ECHO, C-STORE, C-FIND (worklist and query), C-MOVE, N-CREATE and N-SET
//! of a performed procedure step.

mod association;
mod dataset;
mod object;
mod pdu;

pub use association::{Association, Outcome};
pub use dataset::{Syntax, Tag, Writer};
pub use object::{Equipment, Modality};

/// A service-object pair class: UID and name (PS3.6 annex A).
pub type SopClass = (&'static str, &'static str);

/// C-ECHO.
pub const VERIFICATION: SopClass = ("1.2.840.10008.1.1", "Verification SOP Class");
/// Modality worklist.
pub const WORKLIST: SopClass = (
    "1.2.840.10008.5.1.4.31",
    "Modality Worklist Information Model - FIND",
);
/// Modality performed procedure step.
pub const PERFORMED_STEP: SopClass = (
    "1.2.840.10008.3.1.2.3.3",
    "Modality Performed Procedure Step SOP Class",
);
/// Query at study level.
pub const STUDY_FIND: SopClass = (
    "1.2.840.10008.5.1.4.1.2.2.1",
    "Study Root Query/Retrieve Information Model - FIND",
);
/// Computed tomography.
pub const CT: SopClass = ("1.2.840.10008.5.1.4.1.1.2", "CT Image Storage");
/// Magnetic resonance.
pub const MR: SopClass = ("1.2.840.10008.5.1.4.1.1.4", "MR Image Storage");
/// Ultrasound.
pub const US: SopClass = ("1.2.840.10008.5.1.4.1.1.6.1", "Ultrasound Image Storage");
/// Digital X-ray.
pub const DX: SopClass = (
    "1.2.840.10008.5.1.4.1.1.1.1",
    "Digital X-Ray Image Storage - For Presentation",
);

/// Mammography.
pub const MG: SopClass = (
    "1.2.840.10008.5.1.4.1.1.1.2",
    "Digital Mammography X-Ray Image Storage - For Presentation",
);
/// Angiography.
pub const XA: SopClass = (
    "1.2.840.10008.5.1.4.1.1.12.1",
    "X-Ray Angiographic Image Storage",
);
/// Nuclear medicine.
pub const NM: SopClass = (
    "1.2.840.10008.5.1.4.1.1.20",
    "Nuclear Medicine Image Storage",
);
/// Electrocardiography.
pub const ECG: SopClass = (
    "1.2.840.10008.5.1.4.1.1.9.1.1",
    "12-lead ECG Waveform Storage",
);
/// Retrieval at study level.
pub const STUDY_MOVE: SopClass = (
    "1.2.840.10008.5.1.4.1.2.2.2",
    "Study Root Query/Retrieve Information Model - MOVE",
);

/// The class of a UID, where it is one of these.
#[must_use]
pub fn class(uid: &str) -> Option<SopClass> {
    let all = [
        VERIFICATION,
        WORKLIST,
        PERFORMED_STEP,
        STUDY_FIND,
        STUDY_MOVE,
        CT,
        MR,
        US,
        DX,
        MG,
        XA,
        NM,
        ECG,
    ];
    all.into_iter().find(|(known, _)| *known == uid)
}

/// One end's application entity.
#[derive(Debug, Clone, Copy)]
pub struct Application<'a> {
    /// AE title, at most 16 characters.
    pub title: &'a str,
    /// Implementation class UID.
    pub implementation: &'a str,
    /// Implementation version name, at most 16 characters; empty: not written.
    pub version: &'a str,
}

/// Application context name.
pub(crate) const CONTEXT: &str = "1.2.840.10008.3.1.1.1";
/// Implicit VR little endian.
pub const IMPLICIT: &str = "1.2.840.10008.1.2";
/// Explicit VR little endian.
pub const EXPLICIT: &str = "1.2.840.10008.1.2.1";
