//! Findings beside the engine: the intelligence that is followed, and the thread that assesses sites.

pub mod assessor;
pub mod intelligence;
