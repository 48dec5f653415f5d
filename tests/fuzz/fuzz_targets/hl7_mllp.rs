#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| auscult_dissect::fuzzing::hl7_mllp(data));
