//! The scoreboard of patient data as a command: `phi HOSPITAL`, a folder that `emulator` wrote.
//!
//! Exit code 0 when no canary is in any output and every control holds.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use auscult_tests::phi::board::{Board, row};
use auscult_tests::phi::canaries::Canaries;
use auscult_tests::phi::captured::captured;
use auscult_tests::phi::cores::{self, Core};
use auscult_tests::phi::output::{Output, Place};
use auscult_tests::phi::stage::{Site, perform};
use auscult_tests::score::{Fingerprint, provenance};
use clap::Parser;

/// Plays an emulated hospital through the real sensor, link, collector and Apache Kafka, and searches every byte that they write for the
/// patients' canaries.
#[derive(Debug, Parser)]
struct Arguments {
    /// Folder that `emulator` wrote.
    hospital: PathBuf,
    /// How it was made, for the scoreboard.
    #[arg(long, default_value = "")]
    made: String,
    /// Write the scoreboard into this file.
    #[arg(long, value_name = "FILE")]
    score: Option<PathBuf>,
    /// Keep the folder of the run and say where it is.
    #[arg(long)]
    keep: bool,
}

#[tokio::main]
#[expect(clippy::print_stdout, reason = "the table is what this command is for")]
async fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    let provenance = provenance();
    let mut dir = tempfile::Builder::new().prefix("auscult-phi-").tempdir()?;
    if arguments.keep {
        dir.disable_cleanup(true);
        println!("everything is kept in {}", dir.path().display());
    }
    let hospital = Hospital::read(&arguments.hospital)?;
    let board = measure(&hospital, dir.path()).await?;
    let text = format!(
        "# Patient data\n\nEvery datum of a patient on the wire of an emulated hospital is a token that exists nowhere else. Its captures go \
         through the real sensor, the link, the collector and Apache Kafka, all at log level trace, and every byte that they write is searched \
         for these tokens: as they are (eight characters suffice), in either case, percent-encoded, in base64, hexadecimal, decimal and JSON escapes, in UTF-16, \
         split over lines, inside gzip (eleven characters suffice).\n\n{provenance}\n\ninput: {}, captures and lists {}\n\ncommand: tests/benchmark phi {}\n\n{}",
        hospital
            .sites
            .iter()
            .map(|site| site.name.as_str())
            .collect::<Vec<_>>()
            .join(" and "),
        hospital.fingerprint,
        arguments.made,
        board.table()?
    );
    println!("{text}");
    board.check()?;
    if let Some(file) = &arguments.score {
        std::fs::write(file, text).with_context(|| file.display().to_string())?;
        println!("written to {}", file.display());
    }
    Ok(if board.leaked().is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// What is played and what is looked for.
struct Hospital {
    sites: Vec<Site>,
    canaries: Canaries,
    /// Names that devices say of themselves, in lower case.
    names: BTreeSet<String>,
    lists: Vec<PathBuf>,
    fingerprint: Fingerprint,
}

impl Hospital {
    fn read(folder: &Path) -> Result<Self> {
        let mut hospital = Self {
            sites: Vec::new(),
            canaries: Canaries::default(),
            names: BTreeSet::new(),
            lists: Vec::new(),
            fingerprint: Fingerprint::default(),
        };
        let mut folders = Vec::new();
        for entry in std::fs::read_dir(folder).with_context(|| folder.display().to_string())? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                folders.push(entry.path());
            }
        }
        folders.sort();
        for folder in folders {
            hospital.site(&folder)?;
        }
        ensure!(
            !hospital.sites.is_empty(),
            "nothing to measure: {} holds no site",
            folder.display()
        );
        Ok(hospital)
    }

    fn site(&mut self, folder: &Path) -> Result<()> {
        let text = |name: &str| {
            let path = folder.join(name);
            std::fs::read_to_string(&path).with_context(|| path.display().to_string())
        };
        let name = folder.file_name().context("a folder without a name")?;
        let (canaries, devices) = (text("canaries.tsv")?, text("devices.tsv")?);
        self.canaries.add(&canaries)?;
        let mut lines = devices
            .lines()
            .map(|line| line.split('\t').collect::<Vec<_>>());
        let head = lines.next().context("devices.tsv is empty")?;
        let column = |wanted: &str| {
            let found = head.iter().position(|name| *name == wanted);
            found.with_context(|| format!("devices.tsv has no column {wanted}"))
        };
        let (named, said) = (column("name")?, column("said")?);
        for line in lines {
            let cell = |index: usize| line.get(index).copied().unwrap_or_default();
            if cell(said).split(',').any(|said| said == "name") {
                self.names.insert(cell(named).to_ascii_lowercase());
            }
        }
        let capture = std::path::absolute(folder.join("capture.pcap"))?;
        self.fingerprint.take(&std::fs::read(&capture)?);
        self.fingerprint.take(canaries.as_bytes());
        self.sites.push(Site {
            name: name.to_string_lossy().into_owned(),
            capture,
        });
        self.lists.push(folder.join("canaries.tsv"));
        Ok(())
    }
}

async fn measure(hospital: &Hospital, dir: &Path) -> Result<Board> {
    let canaries = &hospital.canaries;
    let captures = hospital.sites.iter().map(|site| site.capture.clone());
    let captured = captured(canaries, captures.collect())?;
    let written = perform(&dir.join("run"), &hospital.sites).await?;
    let mut rows = Vec::new();
    for output in &written.outputs {
        rows.push(row(canaries, &hospital.names, output, &written.broker).await?);
    }
    let list = dir.join("list");
    let mut all = String::new();
    for path in &hospital.lists {
        all += &std::fs::read_to_string(path)?;
    }
    std::fs::write(&list, all)?;
    let core_control = match cores::control(&list, &dir.join("control"))? {
        Core::Files(files) => {
            let core = Output {
                name: "core".to_owned(),
                place: Place::Files(files),
            };
            Some(core.search(canaries)?.canaries.len())
        }
        Core::None | Core::Elsewhere => None,
    };
    Ok(Board {
        captured,
        rows,
        cores: written.cores,
        core_control,
    })
}
