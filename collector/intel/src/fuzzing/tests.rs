use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::*;
use crate::read::tests as seeds;

type Body = fn(&[u8]);
type Seeds = Vec<(&'static str, &'static [u8])>;

const TEXTS: &[u8] = b"4.1.1 and below\n>= 1.1 | <= 1.3.2\n9.x model 35700BAX3\nRev B-M\nvers:npm/>=1.0.0|<2.0.0\nvers:deb/<1:2.3-4\n\
* (end-of-life 2011)\nbetween 1.0 and 2.0\n1.0~rc1^2-3\n2024-01-01T00:00:00Z\n\
cpe:2.3:o:philips:intellivue_mx40_firmware:b.06.18:*:*:*:*:*:\\:x:-\ncpe:/a:microsoft:internet_explorer:8.0%02:beta\n\
CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N/MSI:S\nAV:N/AC:L/Au:N/C:P/I:P/A:P\n\
pkg:npm/%40scope/name@1.0.0?a=b#c\nIntelliVue MX800/700/600 (MX400-550)\nBecton, Dickinson and Company (BD)\n";

/// Targets with their seeds: the documents and texts of the unit tests.
fn targets() -> Vec<(&'static str, Body, Seeds)> {
    vec![
        ("intel_csaf", intel_csaf, vec![("vex", seeds::CSAF)]),
        ("intel_kev", intel_kev, vec![("two", seeds::KEV)]),
        ("intel_epss", intel_epss, vec![("day", seeds::EPSS)]),
        ("intel_nvd", intel_nvd, vec![("page", seeds::NVD)]),
        ("intel_cve", intel_cve, vec![("record", seeds::CVE)]),
        (
            "intel_openvex",
            intel_openvex,
            vec![("three", seeds::OPENVEX)],
        ),
        (
            "intel_sbom",
            intel_sbom,
            vec![("cyclonedx", seeds::CYCLONEDX), ("spdx", seeds::SPDX)],
        ),
        ("intel_text", intel_text, vec![("lines", TEXTS)]),
    ]
}

fn corpus(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/fuzz/corpus")
        .join(target)
}

#[test]
fn the_corpus_passes() {
    for (target, body, _) in targets() {
        let folder = corpus(target);
        let entries = std::fs::read_dir(&folder)
            .unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        let mut files = 0;
        for entry in entries {
            body(&std::fs::read(entry.unwrap().path()).unwrap());
            files += 1;
        }
        assert!(files > 0, "no seeds in {}", folder.display());
    }
}

/// The seeds are the documents of the unit tests. `AUSCULT_WRITE_SEEDS=1` writes them anew.
#[test]
fn the_committed_seeds_are_the_documents_of_the_unit_tests() {
    let write = std::env::var_os("AUSCULT_WRITE_SEEDS").is_some();
    for (target, _, seeds) in targets() {
        for (name, bytes) in seeds {
            let path = corpus(target).join(name);
            if write {
                std::fs::create_dir_all(corpus(target)).unwrap();
                std::fs::write(&path, bytes).unwrap();
            }
            let found = std::fs::read(&path).unwrap_or_default();
            assert!(
                found == bytes,
                "{} differs: write the seeds anew",
                path.display()
            );
        }
    }
}

#[test]
fn every_target_has_a_wrapper() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fuzz");
    let manifest = std::fs::read_to_string(folder.join("Cargo.toml")).unwrap();
    for (name, ..) in targets() {
        let wrapper = folder.join("fuzz_targets").join(format!("{name}.rs"));
        let body = std::fs::read_to_string(&wrapper).unwrap_or_default();
        assert!(
            body.contains(&format!("::{name}(data)")),
            "no wrapper for {name}"
        );
        assert!(
            manifest.contains(&format!("name = \"{name}\"")),
            "{name} is not built"
        );
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_pass_every_target(data in prop::collection::vec(any::<u8>(), 0..400), target in 0..8_usize) {
        let (_, body, _) = targets().swap_remove(target);
        body(&data);
    }

    #[test]
    fn arbitrary_lines_pass(lines in prop::collection::vec("[ -~]{0,40}|\\PC{0,12}", 0..6)) {
        intel_text(lines.join("\n").as_bytes());
    }

    /// Seeds with a few octets changed, or cut: closer to what a fuzzer tries than arbitrary bytes.
    #[test]
    fn mutilated_seeds_pass_every_target(
        target in 0..8_usize,
        seed in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
        cut in any::<prop::sample::Index>(),
    ) {
        let (_, body, seeds) = targets().swap_remove(target);
        let mut bytes = seeds[seed.index(seeds.len())].1.to_vec();
        for (place, value) in changes {
            let place = place.index(bytes.len());
            bytes[place] = value;
        }
        body(&bytes);
        body(&bytes[..cut.index(bytes.len())]);
    }
}
