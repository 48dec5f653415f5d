use auscult_intel::sbom::Component;
use auscult_intel::vulnerability::{Aspect, Vulnerability};

use super::recognise::{Format, format_of};
use super::record::{PLAIN_BYTES, Record, RecordError};
use super::*;

macro_rules! seed {
    ($name:literal) => {
        include_bytes!(concat!("../../intel/src/read/seeds/", $name)).as_slice()
    };
}

fn take(library: &mut Library, bytes: &[u8]) -> Taken {
    let format = format_of(bytes).unwrap().unwrap();
    library.take(recognise::read(format, bytes).unwrap())
}

#[test]
fn formats_are_told_by_their_content() {
    for (bytes, format) in [
        (seed!("csaf.json"), Format::Csaf),
        (seed!("kev.json"), Format::Kev),
        (seed!("epss.csv"), Format::Epss),
        (seed!("nvd.json"), Format::Nvd),
        (seed!("cve.json"), Format::Cve),
        (seed!("openvex.json"), Format::OpenVex),
        (seed!("cyclonedx.json"), Format::CycloneDx),
        (seed!("spdx.json"), Format::Spdx),
    ] {
        assert_eq!(format_of(bytes), Ok(Some(format)));
        let marked = [b"\xef\xbb\xbf".as_slice(), bytes].concat();
        assert_eq!(format_of(&marked), Ok(Some(format)));
    }
    assert_eq!(format_of(b"# Advisories"), Ok(None));
    assert_eq!(format_of(b"{\"vulnerabilities\": []}"), Ok(None));
    assert!(format_of(b"{\"document\": ").is_err());
}

#[test]
fn a_record_reads_as_it_was_written_also_packed() {
    let mut library = Library::following();
    take(&mut library, seed!("csaf.json"));
    let mut records = library.changes();
    assert_eq!(records[0].key(), "CVE-2026-11111");
    assert!(records[0].changed.contains(&Aspect::New));
    let component = |number: u32| Component {
        name: format!("component-{number}"),
        ..Component::default()
    };
    records.push(Record::of_sbom(auscult_intel::sbom::Sbom {
        document: "urn:large".to_owned(),
        components: (0..20_000).map(component).collect(),
        ..Default::default()
    }));
    for record in &records {
        let message = record.message(5).unwrap();
        assert_eq!(Record::read(&message).unwrap().as_ref(), Some(record));
    }
    let packed = records.last().unwrap().message(5).unwrap();
    assert!(packed.value.unwrap().len() < PLAIN_BYTES);
    assert!(
        packed
            .headers
            .iter()
            .any(|(name, _)| name == "content-encoding")
    );
    assert_eq!(packed.key.as_ref(), b"#sbom/urn:large");
}

#[test]
fn an_identifier_cannot_take_the_key_of_something_else() {
    let named = Vulnerability::new("#source/kev/CISA");
    let record = Record::of_vulnerability(named, std::collections::BTreeSet::new());
    assert_eq!(record.key(), "##source/kev/CISA");
}

#[test]
fn a_record_of_a_newer_program_is_refused_and_a_tombstone_is_nothing() {
    let newer = Record::parse(br#"{"format":"auscult.intel/2"}"#);
    assert_eq!(
        newer,
        Err(RecordError::Format("auscult.intel/2".to_owned()))
    );
    let mut message = Record::of_vulnerability(Vulnerability::new("X"), Default::default())
        .message(0)
        .unwrap();
    message.value = None;
    assert_eq!(Record::read(&message), Ok(None));
}

#[test]
fn a_library_from_its_own_records_is_the_same_and_has_nothing_to_tell() {
    let mut library = Library::following();
    for bytes in [
        seed!("csaf.json"),
        seed!("kev.json"),
        seed!("spdx.json"),
        seed!("cve.json"),
    ] {
        take(&mut library, bytes);
    }
    let mut other = Library::following();
    for record in library.records() {
        other.join(record);
    }
    assert_eq!(other.catalogue(), library.catalogue());
    assert_eq!(other.holdings(), library.holdings());
    other.settle();
    for bytes in [
        seed!("cve.json"),
        seed!("spdx.json"),
        seed!("kev.json"),
        seed!("csaf.json"),
    ] {
        take(&mut other, bytes);
    }
    assert_eq!(other.changes(), []);
}

#[test]
fn the_order_of_files_does_not_matter() {
    let seeds = [
        seed!("csaf.json"),
        seed!("kev.json"),
        seed!("epss.csv"),
        seed!("nvd.json"),
        seed!("cve.json"),
        seed!("openvex.json"),
        seed!("cyclonedx.json"),
    ];
    let (mut forward, mut backward) = (Library::default(), Library::default());
    for bytes in seeds {
        take(&mut forward, bytes);
    }
    for bytes in seeds.iter().rev() {
        take(&mut backward, bytes);
    }
    assert_eq!(forward.catalogue(), backward.catalogue());
}

#[test]
fn a_bundle_of_another_version_or_count_is_refused() {
    let mut each = |_: Record| {};
    let mut read = |text: &str| bundle::read(&mut text.as_bytes(), &mut each);
    let other = read("{\"format\":\"auscult.intel-bundle/2\"}\n").unwrap_err();
    assert!(other.contains("another version"), "{other}");
    let short = read("{\"format\":\"auscult.intel-bundle/1\"}\n{\"end\":3}\n").unwrap_err();
    assert!(short.contains("damaged"), "{short}");
    let broken = read("{\"format\":\"auscult.intel-bundle/1\"}\n{\n").unwrap_err();
    assert!(broken.starts_with("line 2"), "{broken}");
    assert_eq!(
        read("{\"format\":\"auscult.intel-bundle/1\"}\n{\"end\":0}\n"),
        Ok(0)
    );
}

/// Bytes that begin like something that is read.
fn odd_bytes() -> impl proptest::strategy::Strategy<Value = Vec<u8>> {
    use proptest::prelude::*;
    let start = prop::sample::select(vec![
        &b""[..],
        b"{\"document\":",
        b"#model_version:",
        b"{\"format\":\"auscult.intel/1\",\"vulnerability\":",
        b"{\"format\":\"auscult.intel-bundle/1\"}\n",
        b"\x1f\x8b\x08",
    ]);
    (start, prop::collection::vec(any::<u8>(), 0..200))
        .prop_map(|(start, rest)| [start, &rest].concat())
}

proptest::proptest! {
    #[test]
    fn odd_bytes_are_refused_and_panic_nothing(bytes in odd_bytes()) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("odd");
        std::fs::write(&path, &bytes).unwrap();
        let mut library = Library::following();
        let became = files::take(&mut library, &path);
        let in_it = matches!(became, Ok(files::Became::Document { .. } | files::Became::Bundle(_)));
        proptest::prop_assert!(in_it || library.changes().is_empty() || became.is_err());
        drop(Record::parse(&bytes));
    }
}
