//! The scoreboard: what was searched, what was found, and whether the search can find.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use anyhow::{Context, Result, ensure};
use auscult_log::Topic;

use super::canaries::Canaries;
use super::captured::Captured;
use super::cores::Core;
use super::output::{Output, Place};
use super::planted::{FORMS, among, connection, records};
use super::search::Found;
use super::stage::octets;
use super::{link, search};
use crate::oracle::rows;
use crate::oracle::stage::Broker;

/// One output.
#[derive(Debug)]
pub struct Row {
    /// What it is.
    pub name: String,
    /// What was found in it.
    pub found: Found,
    /// Names of devices in it: it is the product's real output.
    pub named: usize,
    /// Canaries found in the worst form when all were planted among this output; `None` where it is empty.
    pub planted: Option<usize>,
}

/// Everything the table says.
#[derive(Debug)]
pub struct Board {
    /// The first control.
    pub captured: Captured,
    /// Every output.
    pub rows: Vec<Row>,
    /// What crashed processes left.
    pub cores: Vec<(String, Core)>,
    /// Canaries found in the core of a program that held all of them; `None` where no core could be written.
    pub core_control: Option<usize>,
}

/// Searches one output and plants in it.
///
/// # Errors
/// When it cannot be read, or a control cannot be made.
pub async fn row(
    canaries: &Canaries,
    names: &BTreeSet<String>,
    output: &Output,
    broker: &Broker,
) -> Result<Row> {
    let found = output.search(canaries)?;
    let sample = output.sample()?;
    let planted = if found.bytes == 0 {
        None
    } else {
        Some(planted(canaries, output, &sample, broker).await?)
    };
    Ok(Row {
        name: output.name.clone(),
        named: output.names(names)?,
        found,
        planted,
    })
}

/// Plants every canary in every form by the way this output is collected; how many are found in the worst form.
async fn planted(
    canaries: &Canaries,
    output: &Output,
    sample: &[u8],
    broker: &Broker,
) -> Result<usize> {
    // What is read from one topic is read as from any other: the broker is asked to carry the forms once.
    let carried = output.name.contains(Topic::Observations.name());
    let mut worst = canaries.len();
    for (number, form) in FORMS.into_iter().enumerate() {
        let content = among(canaries, form, sample);
        let seen = if output.name.contains("inflated") {
            let carried = link::take_apart(&connection(&content)?)?;
            search::search(canaries, carried.bodies.as_slice())?
        } else if carried {
            let topic = format!("planted.{number}");
            records(&broker.bootstrap, &topic, &pieces(&content)).await?;
            let rows = rows::read_uncommitted(&broker.bootstrap, &topic)?;
            search::search(canaries, octets(&rows).as_slice())?
        } else if let Place::Files(_) = output.place {
            let file = tempfile::NamedTempFile::new()?;
            std::fs::write(file.path(), &content)?;
            Output::below("planted", file.path())?.search(canaries)?
        } else {
            search::search(canaries, content.as_slice())?
        };
        worst = worst.min(seen.canaries.len());
    }
    Ok(worst)
}

/// Pieces of at most half a mebibyte, cut between two planted canaries.
fn pieces(content: &[u8]) -> Vec<Vec<u8>> {
    const MOST: usize = 512 << 10;
    let mut pieces = Vec::new();
    let mut rest = content;
    while rest.len() > MOST {
        let (piece, tail) = rest.split_at(MOST);
        pieces.push(piece.to_vec());
        // What stands across the cut is in the next piece once more.
        rest = content
            .get(content.len() - tail.len() - 512..)
            .unwrap_or(tail);
    }
    pieces.push(rest.to_vec());
    pieces
}

impl Board {
    /// Canaries that left.
    #[must_use]
    pub fn leaked(&self) -> BTreeSet<u32> {
        let all = self.rows.iter().flat_map(|row| &row.found.canaries);
        all.copied().collect()
    }

    /// Fails where there was nothing to measure or a control does not hold.
    ///
    /// # Errors
    /// What is wrong with the measurement.
    pub fn check(&self) -> Result<()> {
        let Captured {
            listed,
            seen,
            unexplained,
            ..
        } = self.captured;
        ensure!(
            listed > 0 && seen > 0,
            "nothing to measure: {listed} canaries listed, {seen} seen in the captures"
        );
        ensure!(
            unexplained == 0,
            "{unexplained} canaries stand in the captures as they are and were not seen: the search is not to be believed"
        );
        ensure!(
            self.rows.iter().any(|row| row.found.bytes > 0),
            "nothing to measure: no output"
        );
        for row in &self.rows {
            if let Some(found) = row.planted {
                ensure!(
                    found == listed,
                    "{}: of {listed} planted canaries {found} were found",
                    row.name
                );
            }
        }
        for needed in [
            "the batches inflated",
            "spool of",
            "int.observations",
            "int.state",
            "public.inventory",
            "--facts",
            "`inventory`",
        ] {
            let mut real = self.rows.iter().filter(|row| row.name.contains(needed));
            ensure!(
                real.any(|row| row.named > 0),
                "no device is named in any output of {needed}: it is not what the product writes"
            );
        }
        for needed in [
            "log of the sensor",
            "collector's ingest",
            "collector's engine",
            "/metrics",
            "as inside TLS",
        ] {
            let mut real = self.rows.iter().filter(|row| row.name.contains(needed));
            ensure!(
                real.any(|row| row.found.bytes > 1_000),
                "{needed} is all but empty"
            );
        }
        let control = self
            .core_control
            .context("no core can be written here, so what a crash leaves was not measured")?;
        ensure!(
            control == listed,
            "in the core of a program that holds {listed} canaries {control} were found"
        );
        ensure!(
            self.cores.iter().all(|(_, core)| *core != Core::Elsewhere),
            "kernel.core_pattern hands cores to a program: what a crash leaves was not measured"
        );
        Ok(())
    }

    /// The tables as Markdown.
    ///
    /// # Errors
    /// Never: a String takes every write.
    pub fn table(&self) -> Result<String> {
        let mut text = String::new();
        let Captured {
            listed,
            seen,
            tls,
            gzip,
            bytes,
            ..
        } = self.captured;
        let searched: u64 = self.rows.iter().map(|row| row.found.bytes).sum();
        let leaked = self.leaked().len();
        writeln!(
            text,
            "**{leaked} of {listed} canaries in {} of output.**\n",
            megabytes(searched)
        )?;
        writeln!(
            text,
            "| output | octets | names of devices in it | canaries in it | all planted in {} forms: found in the worst |\n|---|---|---|---|---|",
            FORMS.len()
        )?;
        for row in &self.rows {
            let planted = row
                .planted
                .map_or("empty".to_owned(), |found| format!("{found} of {listed}"));
            let views: Vec<String> = row
                .found
                .views
                .iter()
                .map(|view| format!("{view:?}"))
                .collect();
            let shown = if views.is_empty() {
                String::new()
            } else {
                format!(" ({})", views.join(", "))
            };
            writeln!(
                text,
                "| {} | {} | {} | {}{shown} | {planted} |",
                row.name,
                row.found.bytes,
                row.named,
                row.found.canaries.len()
            )?;
        }
        writeln!(
            text,
            "\n| crashed with SIGABRT, cores allowed without limit | left |\n|---|---|"
        )?;
        for (who, core) in &self.cores {
            let left = match core {
                Core::None => "no core".to_owned(),
                Core::Files(files) => format!("{} core, searched above", files.len()),
                Core::Elsewhere => "a core that is not here".to_owned(),
            };
            writeln!(text, "| {who} | {left} |")?;
        }
        if let Some(found) = self.core_control {
            writeln!(
                text,
                "| control: a shell that holds the list | a core with {found} of {listed} canaries |"
            )?;
        }
        writeln!(
            text,
            "\nControls. In: the same search sees {seen} of {listed} canaries in {} of captures; {tls} are only inside TLS, {gzip} only inside \
             gzip in several segments. Out: every canary planted among each output in {} forms ({}), through the way by which that output is \
             collected: DEFLATE and gRPC for the link, keys, values and headers of compressed records for Kafka, files for files.",
            megabytes(bytes),
            FORMS.len(),
            FORMS.map(|form| form.0).join(", ")
        )?;
        Ok(text)
    }
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}
