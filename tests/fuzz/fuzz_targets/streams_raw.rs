#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| auscult_dissect::fuzzing::streams_raw(data));
