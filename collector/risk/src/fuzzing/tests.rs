use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::*;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fuzz")
}

fn seeds() -> Vec<(PathBuf, Vec<u8>)> {
    let folder = folder().join("corpus/risk_site");
    let entries =
        std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let seeds: Vec<(PathBuf, Vec<u8>)> = entries
        .map(|entry| {
            let path = entry.unwrap().path();
            let bytes = std::fs::read(&path).unwrap();
            (path, bytes)
        })
        .collect();
    assert!(!seeds.is_empty(), "no seeds in {}", folder.display());
    seeds
}

#[test]
fn the_corpus_passes() {
    for (_, seed) in seeds() {
        risk_site(&seed);
    }
}

#[test]
fn the_corpus_holds_sites_that_are_read_and_sites_that_are_refused() {
    let read = |wanted: bool| {
        seeds()
            .iter()
            .any(|(_, seed)| Site::from_json(seed).is_ok() == wanted)
    };
    assert!(read(true) && read(false));
}

#[test]
fn the_target_has_a_wrapper() {
    let wrapper = std::fs::read_to_string(folder().join("fuzz_targets/risk_site.rs")).unwrap();
    assert!(wrapper.contains("::risk_site(data)"));
    let manifest = std::fs::read_to_string(folder().join("Cargo.toml")).unwrap();
    assert!(manifest.contains("name = \"risk_site\""));
}

proptest! {
    #[test]
    fn arbitrary_bytes_pass(data in prop::collection::vec(any::<u8>(), 0..400)) {
        risk_site(&data);
    }

    /// Seeds with a few octets changed, or cut: closer to what a fuzzer tries than arbitrary bytes.
    #[test]
    fn mutilated_seeds_pass(
        seed in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
        cut in any::<prop::sample::Index>(),
    ) {
        let seeds = seeds();
        let mut bytes = seeds[seed.index(seeds.len())].1.clone();
        for (place, value) in changes {
            let place = place.index(bytes.len());
            bytes[place] = value;
        }
        risk_site(&bytes);
        risk_site(&bytes[..cut.index(bytes.len())]);
    }
}
