//! `wire`: writes a demonstration capture with its truth and canaries, and replays captures into a network namespace of one's own.

mod replay;

use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};

use auscult_wire::demonstration;
use auscult_wire::pcap::{PcapWriter, Resolution};
use auscult_wire::protocol::tls;
use auscult_wire::site;
use auscult_wire::tcp::Conditions;

/// True packets of typed devices, with what they state and the patient data they carry.
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "Exit codes: 0 done, 1 failed, 64 wrong arguments, 69 something needed is missing, 77 not permitted."
)]
struct Arguments {
    #[command(subcommand)]
    command: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Write demonstration.pcap, truth.tsv and canaries.tsv into a folder: every protocol, about thirty devices.
    ///
    /// The same seed and conditions give the same bytes.
    Demonstrate {
        /// Folder to write into; it is created when it is missing.
        #[arg(long)]
        out: PathBuf,
        /// Seed of everything that is random.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// What the network does to TCP.
        #[arg(long, value_enum, default_value_t = Network::Clean)]
        network: Network,
        /// Time stamps in the capture file.
        #[arg(long, value_enum, default_value_t = Precision::Nanos)]
        precision: Precision,
    },
    /// Play one hour of a site of any size with a plain mix of devices into hour.pcap, truth.tsv and canaries.tsv: for measuring.
    Hour {
        /// Folder to write into; it is created when it is missing.
        #[arg(long)]
        out: PathBuf,
        /// Seed of everything that is random.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Number of devices, 18 to 50000.
        #[arg(long, default_value_t = 2_000, value_parser = clap::value_parser!(u32).range(18..=50_000))]
        devices: u32,
        /// Largest number of octets of one conversation in the hour.
        #[arg(long, default_value_t = 60_000_000)]
        most: u64,
    },
    /// Send a capture into an interface with tcpreplay.
    ///
    /// Only into a network namespace of one's own: in the namespace of process 1, or in one with a default route, it refuses, so that
    /// invented devices cannot get into a real network by accident.
    Replay {
        /// The capture.
        capture: PathBuf,
        /// Interface in this namespace, for example one end of a veth pair.
        #[arg(long)]
        interface: String,
        /// Frames a second; without it, as fast as recorded.
        #[arg(long)]
        rate: Option<u32>,
        /// How often the capture is sent.
        #[arg(long, default_value_t = 1)]
        times: u32,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Network {
    /// Nothing is lost or reordered.
    Clean,
    /// Loss before and behind the tap, reordering.
    Rough,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Precision {
    /// Microseconds.
    Micros,
    /// Nanoseconds.
    Nanos,
}

/// Why a task failed.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("cannot write {path}: {source}", path = .0.display(), source = .1)]
    Write(PathBuf, io::Error),
    #[error(transparent)]
    Tls(#[from] tls::Error),
    #[error(transparent)]
    Hour(#[from] site::Failure),
    #[error(transparent)]
    Replay(#[from] replay::Failure),
}

impl Failure {
    fn code(&self) -> u8 {
        match self {
            Self::Write(..) | Self::Tls(_) | Self::Hour(_) => 1,
            Self::Replay(failure) => failure.code(),
        }
    }
}

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(fault) => {
            let shown = fault.print();
            let wrong = fault.use_stderr() || shown.is_err();
            return ExitCode::from(if wrong { 64 } else { 0 });
        }
    };
    match run(arguments.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let said = writeln!(io::stderr(), "wire: {failure}");
            ExitCode::from(if said.is_err() { 1 } else { failure.code() })
        }
    }
}

fn run(task: Task) -> Result<(), Failure> {
    match task {
        Task::Demonstrate {
            out,
            seed,
            network,
            precision,
        } => {
            let conditions = match network {
                Network::Clean => Conditions::default(),
                Network::Rough => Conditions::rough(),
            };
            let resolution = match precision {
                Precision::Micros => Resolution::Micros,
                Precision::Nanos => Resolution::Nanos,
            };
            demonstrate(&out, seed, conditions, resolution)
        }
        Task::Hour {
            out,
            seed,
            devices,
            most,
        } => hour(&out, seed, devices as usize, most),
        Task::Replay {
            capture,
            interface,
            rate,
            times,
        } => Ok(replay::run(&capture, &interface, rate, times)?),
    }
}

fn demonstrate(
    folder: &Path,
    seed: u64,
    conditions: Conditions,
    resolution: Resolution,
) -> Result<(), Failure> {
    const NAME: &str = "demonstration.pcap";
    std::fs::create_dir_all(folder).map_err(|fault| Failure::Write(folder.to_owned(), fault))?;
    let mut recording = demonstration::record(seed, conditions)?;
    into(&folder.join(NAME), |file| {
        let mut writer = PcapWriter::new(file, resolution)?;
        recording.write_all(&mut writer)?;
        writer.finish().map(|_| ())
    })?;
    into(&folder.join("truth.tsv"), |file| {
        recording.truth().write_tsv(NAME, file)
    })?;
    into(&folder.join("canaries.tsv"), |file| {
        recording.canaries.write_tsv(NAME, file)
    })?;
    let said = writeln!(
        io::stdout(),
        "{}: {} frames, {} facts, {} canaries",
        folder.join(NAME).display(),
        recording.written(),
        recording.truth().iter().count(),
        recording.canaries.len()
    );
    said.map_err(|fault| Failure::Write(PathBuf::from("standard output"), fault))
}

fn hour(folder: &Path, seed: u64, devices: usize, most: u64) -> Result<(), Failure> {
    const NAME: &str = "hour.pcap";
    std::fs::create_dir_all(folder).map_err(|fault| Failure::Write(folder.to_owned(), fault))?;
    let path = folder.join(NAME);
    let file = File::create(&path).map_err(|fault| Failure::Write(path.clone(), fault))?;
    let file = BufWriter::with_capacity(1 << 20, file);
    let mut writer = PcapWriter::new(file, Resolution::Nanos)
        .map_err(|fault| Failure::Write(path.clone(), fault))?;
    let hour = site::Hour {
        seed,
        start: demonstration::START,
        conditions: Conditions {
            reordered: 2_000,
            lost_before: 500,
            lost_behind: 500,
            ..Conditions::default()
        },
        mirror: site::Mirror::default(),
        most,
    };
    let outcome = demonstration::site(devices).play(hour, &mut writer)?;
    writer
        .finish()
        .map_err(|fault| Failure::Write(path.clone(), fault))?;
    into(&folder.join("truth.tsv"), |file| {
        outcome.truth.write_tsv(NAME, file)
    })?;
    into(&folder.join("canaries.tsv"), |file| {
        outcome.canaries.write_tsv(NAME, file)
    })?;
    let mut text = format!(
        "{}: {} frames, {} facts, {} canaries\n",
        path.display(),
        outcome.frames,
        outcome.truth.iter().count(),
        outcome.canaries.len()
    );
    for (protocol, count) in &outcome.tally.played {
        text += &format!("played   {count:>8}  {protocol}\n");
    }
    for (what, count) in &outcome.tally.missing {
        text += &format!("missing  {count:>8}  {what}\n");
    }
    let said = io::stdout().write_all(text.as_bytes());
    said.map_err(|fault| Failure::Write(PathBuf::from("standard output"), fault))
}

/// Creates a file, lets `write` fill it, and flushes it.
fn into(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> Result<(), Failure> {
    let attempt = || {
        let mut file = BufWriter::new(File::create(path)?);
        write(&mut file)?;
        file.flush()
    };
    attempt().map_err(|fault| Failure::Write(path.to_owned(), fault))
}
