#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| auscult_proto::fuzzing::wire_convert(data));
