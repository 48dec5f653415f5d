#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| auscult_spool::fuzzing::spool_recover(data));
