//! Plays the estate's busy hours, one capture a site.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use auscult_hospital::churn::Rates;
use auscult_hospital::random::{mix, text_key};
use auscult_wire::calendar::{Nanos, SECOND};
use auscult_wire::canary::Canaries;
use auscult_wire::demonstration::START;
use auscult_wire::pcap::{PcapWriter, Resolution};
use auscult_wire::site::{Hour, Mirror, Tally};
use auscult_wire::tcp::Conditions;
use auscult_wire::truth::Truth;

use crate::estate::Estate;
use crate::mapping;
use crate::register::Register;

/// Name of a site's capture in its folder.
pub const CAPTURE: &str = "capture.pcap";

/// What is played.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// The same scenario gives the same bytes.
    pub seed: u64,
    /// Devices of each site.
    pub sizes: Vec<usize>,
    /// Busy hours.
    pub hours: u64,
    /// Hours from the start of one busy hour to that of the next; at least 3, because sessions run on after their hour.
    pub every: u64,
    /// What happens between them.
    pub rates: Rates,
    /// A kind of which one device is lent from the first site to another before the second hour.
    pub lend: Option<String>,
    /// Octets of one conversation in an hour that are not exceeded.
    pub most: u64,
    /// What the network does to TCP.
    pub conditions: Conditions,
    /// How each site's frames come to its sensor; sites behind the last one are tagged.
    pub mirrors: Vec<Mirror>,
}

/// What came out for a site.
#[derive(Debug)]
pub struct Played {
    /// Name of the site.
    pub site: String,
    /// Frames.
    pub frames: u64,
    /// Facts they state.
    pub truth: Truth,
    /// Who was there.
    pub register: Register,
    /// What was played and what is missing.
    pub tally: Tally,
    /// Profiles without words on the wire.
    pub unsaid: BTreeMap<&'static str, u64>,
    /// Placements of patients' tokens: token, kind, place, form.
    canaries: Vec<[String; 4]>,
}

/// A device that was lent on purpose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loan {
    /// Stable identity.
    pub device: String,
    /// Host name.
    pub name: String,
    /// MAC of its frames.
    pub mac: String,
    /// Name of the site that it left.
    pub from: String,
    /// Name of the site to which it came.
    pub to: String,
}

/// Plays a scenario into the writer that `open` gives for each site's name.
///
/// # Errors
/// When a size is too small, a device cannot be lent, or a capture cannot be written.
pub fn play<W: Write>(
    scenario: &Scenario,
    mut open: impl FnMut(&str) -> Result<W>,
) -> Result<(Vec<Played>, Option<Loan>)> {
    ensure!(
        scenario.every >= 3,
        "hours must be at least 3 apart, because sessions run on after their hour"
    );
    let mut estate = Estate::new(scenario.seed, &scenario.sizes, scenario.rates)?;
    let mut sites = Vec::new();
    for number in 0..estate.len() {
        let name = estate.moment(number).site.name.clone();
        let writer = PcapWriter::new(open(&name)?, Resolution::Nanos)?;
        sites.push((writer, Played::new(name)));
    }
    let mut loan = None;
    for hour in 0..scenario.hours {
        estate.advance(hour * scenario.every * 3_600_000);
        if let (1, Some(kind)) = (hour, &scenario.lend) {
            loan = Some(lend(&mut estate, kind)?);
        }
        for (number, (writer, played)) in sites.iter_mut().enumerate() {
            played.hour(scenario, &estate, (number, hour), writer)?;
        }
    }
    let played = sites.into_iter().map(|(writer, played)| {
        writer.finish()?.flush()?;
        Ok(played)
    });
    Ok((played.collect::<io::Result<_>>()?, loan))
}

fn lend(estate: &mut Estate, kind: &str) -> Result<Loan> {
    let (from, to) = estate
        .lend(kind, 0)
        .with_context(|| format!("no {kind} of the first site can be lent to another"))?;
    let there = estate.moment(to.site).site;
    let device = &there.devices[to.device];
    Ok(Loan {
        device: estate.identity(to).to_owned(),
        name: device.identity.hostname.clone(),
        mac: device.address.mac.to_string(),
        from: estate.moment(from.site).site.name.clone(),
        to: there.name.clone(),
    })
}

impl Played {
    fn new(site: String) -> Self {
        Self {
            site,
            frames: 0,
            truth: Truth::default(),
            register: Register::default(),
            tally: Tally::default(),
            unsaid: BTreeMap::new(),
            canaries: Vec::new(),
        }
    }

    /// Plays hour `hour` of site `number`.
    fn hour<W: Write>(
        &mut self,
        scenario: &Scenario,
        estate: &Estate,
        (number, hour): (usize, u64),
        writer: &mut PcapWriter<W>,
    ) -> Result<()> {
        let start: Nanos = START + hour * scenario.every * 3_600 * SECOND;
        let moment = estate.moment(number);
        let mapped = mapping::site(&moment);
        let chance = Hour {
            seed: mix(scenario.seed ^ mix(text_key(&self.site) ^ mix(hour))),
            start,
            conditions: scenario.conditions,
            mirror: scenario.mirrors.get(number).copied().unwrap_or_default(),
            most: scenario.most,
        };
        let outcome = mapped.site.play(chance, writer)?;
        self.register.note(
            &moment,
            hour,
            (start, start + 3_600 * SECOND),
            &outcome.truth,
        );
        self.truth.append(&outcome.truth, self.frames);
        self.frames += outcome.frames;
        self.keep(&outcome.canaries);
        for (protocol, count) in outcome.tally.played {
            *self.tally.played.entry(protocol).or_default() += count;
        }
        for (what, count) in outcome.tally.missing {
            *self.tally.missing.entry(what).or_default() += count;
        }
        self.unsaid = mapped.unsaid;
        Ok(())
    }

    fn keep(&mut self, canaries: &Canaries) {
        let placed = canaries.placements().map(|(token, kind, place, form)| {
            [
                token.to_string(),
                kind.word().to_owned(),
                place.to_owned(),
                form.word().to_owned(),
            ]
        });
        self.canaries.extend(placed);
    }

    /// Patients' tokens in the frames, each with its places.
    #[must_use]
    pub fn canaries(&self) -> usize {
        self.canaries.len()
    }

    /// Writes `truth.tsv`, `canaries.tsv` and `devices.tsv` into a folder.
    ///
    /// # Errors
    /// When one cannot be written.
    pub fn write(&self, folder: &Path) -> Result<()> {
        into(&folder.join("truth.tsv"), |out| {
            self.truth.write_tsv(CAPTURE, out)
        })?;
        into(&folder.join("canaries.tsv"), |out| {
            writeln!(out, "token\tkind\tfile\tplace\tform")?;
            self.canaries
                .iter()
                .try_for_each(|[token, kind, place, form]| {
                    writeln!(out, "{token}\t{kind}\t{CAPTURE}\t{place}\t{form}")
                })
        })?;
        into(&folder.join("devices.tsv"), |out| {
            self.register.write_tsv(out)
        })
    }
}

/// Plays a scenario into one folder a site under `out`: `capture.pcap`, `truth.tsv`, `canaries.tsv`, `devices.tsv`; and `loans.tsv` beside
/// them where a device was lent on purpose.
///
/// # Errors
/// As [`play`], or when a folder or file cannot be written.
pub fn play_into(scenario: &Scenario, out: &Path) -> Result<(Vec<Played>, Option<Loan>)> {
    let (played, loan) = play(scenario, |site| {
        let folder = out.join(site);
        std::fs::create_dir_all(&folder)
            .with_context(|| format!("cannot create {}", folder.display()))?;
        let path = folder.join(CAPTURE);
        let file = File::create(&path).with_context(|| cannot_write(&path))?;
        Ok(BufWriter::with_capacity(1 << 20, file))
    })?;
    for site in &played {
        site.write(&out.join(&site.site))?;
    }
    if let Some(loan) = &loan {
        into(&out.join("loans.tsv"), |out| {
            writeln!(out, "device\tname\tmac\tfrom\tto")?;
            writeln!(
                out,
                "{}\t{}\t{}\t{}\t{}",
                loan.device, loan.name, loan.mac, loan.from, loan.to
            )
        })?;
    }
    Ok((played, loan))
}

fn cannot_write(path: &Path) -> String {
    format!("cannot write {}", path.display())
}

/// Creates a file, lets `write` fill it, and flushes it.
fn into(path: &PathBuf, write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>) -> Result<()> {
    let attempt = || {
        let mut file = BufWriter::new(File::create(path)?);
        write(&mut file)?;
        file.flush()
    };
    attempt().with_context(|| cannot_write(path))
}
