#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| auscult_intel::fuzzing::intel_text(data));
