use auscult_process::exit;

use super::import::Outcome;
use super::show::status_lines;
use crate::intel::Library;

#[test]
fn nothing_yet_says_what_to_do() {
    let lines = status_lines(&Library::default(), false);
    assert_eq!(
        lines,
        ["no intelligence yet: `auscult-collector intel import PATH...`"]
    );
    let json = status_lines(&Library::default(), true);
    assert_eq!(json, [r#"{"sboms":0,"sources":[],"vulnerabilities":0}"#]);
}

#[test]
fn an_outcome_counts_aspects_and_fails_where_a_file_was_broken() {
    let mut outcome = Outcome::default();
    outcome.files.insert("KEV".to_owned(), 1);
    assert_eq!(outcome.end(1), Ok(()));
    outcome.faults = (0..25).map(|at| format!("file-{at}: broken")).collect();
    let failure = outcome.end(30).unwrap_err();
    assert_eq!(failure.code, exit::DATA);
    assert!(failure.message.starts_with("25 of 30 could not be used:"));
    assert!(failure.message.ends_with("and 5 more"));
    assert!(Outcome::default().end(3).is_err());
}
