#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| auscult_risk::fuzzing::risk_site(data));
