//! The binary at each hospital site: listens, takes a census, spools, uplinks.

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;
use auscult_process::logs;
use auscult_sensor::cli::{
    CheckArguments, Cli, Command, InspectArguments, ReplayArguments, SpoolCommand, StatusArguments,
};
use auscult_sensor::config::{ADMIN, Captures, Config};
use auscult_sensor::replay::offline::{self, Output};
use auscult_sensor::{check, exit, inspect, replay, run, status};
use auscult_spool::SpoolError;
use clap::Parser;

fn main() -> ExitCode {
    logs::quiet_panics();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    match dispatch(cli.command) {
        Ok(code) => ExitCode::from(code),
        Err(error) => failure(&error),
    }
}

/// Help is an answer, everything else a fault; both are clap's to print.
fn usage(error: &clap::Error) -> ExitCode {
    let code = if error.use_stderr() {
        exit::USAGE
    } else {
        exit::OK
    };
    match error.print() {
        Ok(()) => ExitCode::from(code),
        Err(_) => ExitCode::from(exit::FAILURE),
    }
}

fn failure(error: &anyhow::Error) -> ExitCode {
    // Whoever reads our output has gone (`| head`): nothing to say, nobody to say it to.
    let gone = |cause: &io::Error| cause.kind() == io::ErrorKind::BrokenPipe;
    if error
        .chain()
        .any(|cause| cause.downcast_ref().is_some_and(gone))
    {
        return ExitCode::from(exit::OK);
    }
    complain(&format!("error: {error:#}"));
    ExitCode::from(code_of(error))
}

fn code_of(error: &anyhow::Error) -> u8 {
    match error.chain().find_map(|cause| cause.downcast_ref()) {
        Some(SpoolError::Owner { .. } | SpoolError::Options(_)) => exit::USAGE,
        Some(SpoolError::Locked { .. }) => exit::UNAVAILABLE,
        _ => exit::FAILURE,
    }
}

#[expect(
    clippy::print_stderr,
    reason = "the last word of a program that failed"
)]
fn complain(text: &str) {
    eprintln!("{text}");
}

fn say(text: &str) -> Result<()> {
    Ok(writeln!(io::stdout(), "{}", text.trim_end())?)
}

fn dispatch(command: Command) -> Result<u8> {
    match command {
        Command::Run(arguments) => live(&arguments.config),
        Command::Replay(arguments) => match &arguments.config {
            Some(config) => feed(config, &arguments),
            None => survey(&arguments),
        },
        Command::Check(arguments) => checked(&arguments),
        Command::Spool {
            command: SpoolCommand::Inspect(arguments),
        } => inspected(&arguments),
        Command::Status(arguments) => asked(&arguments),
    }
}

/// Reads the configuration and starts the logs; `Err` is the exit code when that cannot be.
fn prepare(path: &Path, captures: Captures) -> Result<Config, u8> {
    let config = Config::read(path, captures).map_err(|faults| {
        complain(&faults.to_string());
        exit::USAGE
    })?;
    logs::init(config.log_format, &config.log_filter).map_err(|error| {
        complain(&format!("error: {error}"));
        exit::USAGE
    })?;
    // A second call finds the first one's provider, which is the same.
    drop(rustls::crypto::ring::default_provider().install_default());
    Ok(config)
}

fn live(path: &Path) -> Result<u8> {
    match prepare(path, Captures::Required) {
        Ok(config) => run::run(&config),
        Err(code) => Ok(code),
    }
}

fn feed(path: &Path, arguments: &ReplayArguments) -> Result<u8> {
    match prepare(path, Captures::Optional) {
        Ok(config) => replay::feed::run(&config, arguments),
        Err(code) => Ok(code),
    }
}

fn survey(arguments: &ReplayArguments) -> Result<u8> {
    let output = match (arguments.facts, arguments.json) {
        (true, _) => Output::Facts,
        (_, true) => Output::Json,
        _ => Output::Table,
    };
    Ok(offline::run(&arguments.files, output)?)
}

fn checked(arguments: &CheckArguments) -> Result<u8> {
    drop(rustls::crypto::ring::default_provider().install_default());
    let findings = check::check(&arguments.config);
    if arguments.json {
        say(&findings.json().to_string())?;
    } else {
        say(&findings.text())?;
    }
    Ok(findings.code)
}

fn inspected(arguments: &InspectArguments) -> Result<u8> {
    let dir = match &arguments.dir {
        Some(dir) => dir.clone(),
        None => match Config::read(&arguments.config, Captures::Optional) {
            Ok(config) => config.spool.dir,
            Err(faults) => {
                complain(&faults.to_string());
                return Ok(exit::USAGE);
            }
        },
    };
    let report = match auscult_spool::inspect(&dir) {
        Ok(report) => report,
        Err(error) => {
            complain(&format!("error: {}: {error}", dir.display()));
            return Ok(exit::NO_INPUT);
        }
    };
    if arguments.json {
        say(&inspect::document(&report).to_string())?;
    } else {
        say(&report.to_string())?;
    }
    Ok(exit::OK)
}

fn asked(arguments: &StatusArguments) -> Result<u8> {
    let address = match &arguments.address {
        Some(address) => address.clone(),
        // Without a configuration a sensor with the defaults is meant.
        None if !arguments.config.try_exists()? => ADMIN.to_owned(),
        None => match Config::read(&arguments.config, Captures::Optional) {
            Ok(config) => config.admin.listen.to_string(),
            Err(faults) => {
                complain(&faults.to_string());
                return Ok(exit::USAGE);
            }
        },
    };
    let document = match status::ask(&address) {
        Ok(document) => document,
        Err(error) => {
            complain(&format!("error: {error}"));
            return Ok(exit::UNAVAILABLE);
        }
    };
    if arguments.json {
        say(&document.to_string())?;
    } else {
        say(&status::text(&document))?;
    }
    Ok(status::Condition::read(&document).exit_code())
}
