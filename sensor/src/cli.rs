//! The command line.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Parser, Subcommand};

/// Where the configuration lies unless told otherwise.
pub const CONFIG: &str = "/etc/auscult-sensor/sensor.toml";

/// The arguments of `auscult-sensor`.
#[derive(Debug, Parser)]
#[command(
    name = "auscult-sensor",
    version,
    about = "Listens to a hospital network, never speaks to it, and reports which devices it hears.",
    after_help = "\
Begin with a capture file of your own; it needs no configuration and nothing leaves your machine:
  auscult-sensor replay your.pcap               who is in it
  auscult-sensor replay --facts your.pcap       everything the sensor read, one JSON object a line

Then at a mirror port:
  auscult-sensor check --config sensor.toml     says everything that is wrong, before it matters
  auscult-sensor run --config sensor.toml
  auscult-sensor status                         is it well, what does it see, what waits to be sent

Exit codes:
  0   done            65  a file that is no capture
  1   failed          66  a file that cannot be opened
  64  wrong arguments or configuration
  69  something needed is not there (an interface, a running sensor)
  75  not known yet: the sensor is starting (status)
  77  a permission is missing"
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Listen to the configured interfaces and report to the collector.
    #[command(after_help = "\
Needs CAP_NET_RAW while it opens the interfaces and gives it up before it reads the first frame. The capture interfaces are never
written to. Ends with 0 on SIGTERM or SIGINT, after everything heard is on disk.")]
    Run(RunArguments),
    /// Read capture files (pcap, pcapng) instead of an interface.
    #[command(after_help = "\
Without a collector:
  auscult-sensor replay your.pcap                        a table of the devices in it
  auscult-sensor replay --facts captures/ | jq .         every fact, binding and conversation (format: sensor/FACTS.md)
  auscult-sensor replay --facts a.pcap | jq -r 'select(.attribute==\"hostname\") | [.mac,.value] | @tsv'

Into a collector, as if the frames came in now:
  auscult-sensor replay --config sensor.toml a.pcap
  auscult-sensor replay --config sensor.toml --pace realtime --loop 10 a.pcap
  auscult-sensor replay --config sensor.toml --time capture rotated-*.pcap

Several files into a collector: a file that begins within an hour after the one before it ended, in the order given, is taken for the
next of a rotated capture. Both are then one capture point, named after the first, and everything known of the first still holds in the
second. Every other file is a capture point of its own, named after the file, because addresses of unrelated captures must not be
mixed. Where two captures of different places follow each other so closely, replay them one by one; --capture-point gives all files of
a command one name.

A certificate that cannot work (missing, unreadable, expired, with another's key) ends a replay with 64 before it begins; a collector
that is away or refuses is waited for.")]
    Replay(ReplayArguments),
    /// Check the configuration, certificates, interfaces and filters; say everything that is wrong.
    Check(CheckArguments),
    /// Look into the disk queue.
    Spool {
        /// What to do with it.
        #[command(subcommand)]
        command: SpoolCommand,
    },
    /// Ask the running sensor how it is: exit code 0 healthy, 1 not, 69 not running, 75 starting.
    #[command(after_help = "\
Exit codes:
  0   healthy: every capture point was judged and is well, and the collector is connected
  1   not healthy; the lines say what is wrong
  69  no sensor answers
  75  starting: nothing is known to be wrong, but not every capture point was judged yet (the first judgement comes one [health]
      interval after the start, 30 s by default) or the first connection to the collector is being made; ask again

Wait until it is well:  until auscult-sensor status; do [ $? = 75 ] || break; sleep 5; done")]
    Status(StatusArguments),
}

/// Arguments of `run`.
#[derive(Debug, Args)]
pub struct RunArguments {
    /// Configuration file.
    #[arg(long, short, value_name = "FILE", default_value = CONFIG)]
    pub config: PathBuf,
}

/// Arguments of `replay`.
#[derive(Debug, Args)]
pub struct ReplayArguments {
    /// Capture files, folders of capture files, patterns; `-` is standard input.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Print every fact, binding and conversation as one JSON object a line.
    #[arg(long, conflicts_with_all = ["config", "json"])]
    pub facts: bool,
    /// Print the summary as JSON, one object a file.
    #[arg(long, conflicts_with = "config")]
    pub json: bool,
    /// Feed the collector that this configuration names.
    #[arg(long, short, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// How fast: `realtime`, a multiple of it such as `10`, or `max`.
    #[arg(long, value_name = "PACE", default_value = "max", requires = "config")]
    pub pace: Pace,
    /// How often to read the files.
    #[arg(long = "loop", value_name = "N", default_value_t = 1, requires = "config", value_parser = clap::value_parser!(u32).range(1..))]
    pub times: u32,
    /// What the time is: `now` (the last frame is from now) or `capture` (as captured).
    #[arg(long, value_name = "TIME", default_value = "now", requires = "config")]
    pub time: TimeBase,
    /// Name of the capture point; by default the file's name.
    #[arg(long, value_name = "NAME", requires = "config")]
    pub capture_point: Option<auscult_proto::ids::CapturePoint>,
}

/// How fast a replay runs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Pace {
    /// As fast as frames can be read.
    Max,
    /// A multiple of the capture's own pace.
    Times(f64),
}

/// A text that is no pace.
#[derive(Debug, thiserror::Error)]
#[error("write realtime, max, or a multiple of real time such as 10 or 0.5")]
pub struct NotAPace;

impl FromStr for Pace {
    type Err = NotAPace;

    fn from_str(text: &str) -> Result<Self, NotAPace> {
        match text {
            "max" => Ok(Self::Max),
            "realtime" => Ok(Self::Times(1.0)),
            multiple => multiple
                .strip_suffix('x')
                .unwrap_or(multiple)
                .parse()
                .ok()
                .filter(|multiple: &f64| (0.001..=1_000_000.0).contains(multiple))
                .map(Self::Times)
                .ok_or(NotAPace),
        }
    }
}

/// Which time the frames of a replay carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeBase {
    /// Shifted so that the last frame is from now.
    Now,
    /// As captured.
    Capture,
}

/// A text that is no time base.
#[derive(Debug, thiserror::Error)]
#[error("write now or capture")]
pub struct NotATimeBase;

impl FromStr for TimeBase {
    type Err = NotATimeBase;

    fn from_str(text: &str) -> Result<Self, NotATimeBase> {
        match text {
            "now" => Ok(Self::Now),
            "capture" => Ok(Self::Capture),
            _ => Err(NotATimeBase),
        }
    }
}

/// Arguments of `check`.
#[derive(Debug, Args)]
pub struct CheckArguments {
    /// Configuration file.
    #[arg(long, short, value_name = "FILE", default_value = CONFIG)]
    pub config: PathBuf,
    /// Print the result as JSON.
    #[arg(long)]
    pub json: bool,
}

/// Subcommands of `spool`.
#[derive(Debug, Subcommand)]
pub enum SpoolCommand {
    /// Say what is in it, without changing anything; a running sensor does not mind.
    Inspect(InspectArguments),
}

/// Arguments of `spool inspect`.
#[derive(Debug, Args)]
pub struct InspectArguments {
    /// Configuration file, for the folder of the spool.
    #[arg(long, short, value_name = "FILE", default_value = CONFIG, conflicts_with = "dir")]
    pub config: PathBuf,
    /// The folder of the spool.
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
    /// Print it as JSON.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `status`.
#[derive(Debug, Args)]
pub struct StatusArguments {
    /// Configuration file, for the address of the admin endpoint.
    #[arg(long, short, value_name = "FILE", default_value = CONFIG, conflicts_with = "address")]
    pub config: PathBuf,
    /// Address of the admin endpoint.
    #[arg(long, value_name = "HOST:PORT")]
    pub address: Option<String>,
    /// Print what the sensor answered as JSON.
    #[arg(long)]
    pub json: bool,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn paces_read_as_documented() {
        assert_eq!("max".parse::<Pace>().unwrap(), Pace::Max);
        assert_eq!("realtime".parse::<Pace>().unwrap(), Pace::Times(1.0));
        assert_eq!("10".parse::<Pace>().unwrap(), Pace::Times(10.0));
        assert_eq!("0.5x".parse::<Pace>().unwrap(), Pace::Times(0.5));
        for bad in ["", "fast", "0", "-1", "nan", "inf"] {
            assert!(bad.parse::<Pace>().is_err(), "{bad}");
        }
    }

    #[test]
    fn what_only_makes_sense_with_a_collector_asks_for_one() {
        for arguments in [
            &["replay", "--pace", "10", "a.pcap"][..],
            &["replay", "--facts", "--config", "c.toml", "a.pcap"],
            &["replay"],
        ] {
            let all = ["auscult-sensor"].iter().chain(arguments);
            assert!(Cli::try_parse_from(all).is_err(), "{arguments:?}");
        }
        assert!(Cli::try_parse_from(["auscult-sensor", "replay", "a.pcap"]).is_ok());
    }
}
