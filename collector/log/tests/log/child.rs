//! Processes that are killed: this test binary run again, with a role in its environment.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use auscult_log::{
    CommitError, EngineLog, KafkaLog, Log, LogError, Message, Polled, Stored, Topic, Transaction,
};

use crate::suite::{Dice, append, message, read_all, seed, value};
use crate::{embedded, kafka};

/// Where a child's log is.
#[derive(Debug, Clone)]
pub(crate) enum Place {
    Folder(std::path::PathBuf),
    Kafka { bootstrap: String, prefix: String },
}

impl Place {
    pub(crate) fn open(&self) -> Box<dyn Log> {
        match self {
            Self::Folder(dir) => Box::new(embedded::open(dir)),
            Self::Kafka { bootstrap, prefix } => {
                let options = kafka::options(bootstrap, prefix);
                Box::new(KafkaLog::connect(options).unwrap())
            }
        }
    }

    fn told() -> Self {
        match std::env::var("AUSCULT_CHILD_DIR") {
            Ok(dir) => Self::Folder(dir.into()),
            Err(_) => Self::Kafka {
                bootstrap: std::env::var("AUSCULT_CHILD_KAFKA").unwrap(),
                prefix: std::env::var("AUSCULT_CHILD_PREFIX").unwrap(),
            },
        }
    }
}

/// A child, killed when dropped.
pub(crate) struct Process {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Process {
    pub(crate) fn start(role: &str, place: &Place, arguments: &str) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args([
                "--exact",
                &format!("child::{role}"),
                "--ignored",
                "--nocapture",
                "--quiet",
            ])
            .env("AUSCULT_CHILD_ARGUMENTS", arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit());
        match place {
            Place::Folder(dir) => command.env("AUSCULT_CHILD_DIR", dir),
            Place::Kafka { bootstrap, prefix } => command
                .env_remove("AUSCULT_CHILD_DIR")
                .env("AUSCULT_CHILD_KAFKA", bootstrap)
                .env("AUSCULT_CHILD_PREFIX", prefix),
        };
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Self { child, lines }
    }

    /// The next line that begins with `@`; `None` at the end.
    pub(crate) fn line(&mut self) -> Option<String> {
        loop {
            let mut line = String::new();
            if self.lines.read_line(&mut line).unwrap() == 0 {
                return None;
            }
            // The harness writes in between, without a line of its own.
            if let Some((_, said)) = line.split_once('@') {
                return Some(said.trim().to_owned());
            }
        }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn kill(mut self) -> Vec<String> {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        let mut rest = Vec::new();
        while let Some(line) = self.line() {
            rest.push(line);
        }
        rest
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn say(text: &str) {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    writeln!(out, "@{text}").unwrap();
    out.flush().unwrap();
}

fn arguments() -> Vec<u64> {
    let text = std::env::var("AUSCULT_CHILD_ARGUMENTS").unwrap();
    text.split_whitespace()
        .map(|word| word.parse().unwrap())
        .collect()
}

// --- roles -----------------------------------------------------------------------------------------------------------------------

/// Appends `from..`, some at a time, and says which are acknowledged.
#[test]
#[ignore = "a role for other tests"]
fn appender() {
    let log = Place::told().open();
    let [from, until] = arguments()[..] else {
        panic!("from, until");
    };
    let appender = log.appender().unwrap();
    let mut next = from;
    while next < until {
        let end = (next + 1 + next % 7).min(until);
        let messages = (next..end)
            .map(|n| {
                message(
                    Topic::Observations,
                    u32::try_from(n % 4).unwrap(),
                    "s",
                    Some(&format!("{n}")),
                )
            })
            .collect();
        append(&*appender, messages);
        say(&format!("{end}"));
        next = end;
    }
    say("done");
}

/// Copies every observation to the lifecycle topic and counts it in the state, in transactions of changing size.
#[test]
#[ignore = "a role for other tests"]
fn processor() {
    let log = Place::told().open();
    let [total, dice] = arguments()[..] else {
        panic!("total, seed");
    };
    let mut member = Member::new("processor", dice, 20);
    say("joined");
    // It has all partitions, or soon will.
    let total_counted = std::cell::Cell::new(0);
    member.run(&*log, &|counted| {
        if counted > 0 {
            total_counted.set(total_counted.get() + counted);
            say(&format!("{counted}"));
        }
        counted == 0 && finished(&*log, total)
    });
    say("done");
}

fn finished(log: &dyn Log, total: u64) -> bool {
    u64::try_from(read_all(log, Topic::Lifecycle).len()).unwrap() >= total
}

/// Holds the log open until killed.
#[test]
#[ignore = "a role for other tests"]
fn holder() {
    let log = Place::told().open();
    let appender = log.appender().unwrap();
    append(
        &*appender,
        vec![message(Topic::Health, 0, "s", Some("held"))],
    );
    say("holding");
    let mut line = String::new();
    // Every line from the parent is a record.
    while std::io::stdin().read_line(&mut line).unwrap() > 0 {
        append(
            &*appender,
            vec![message(Topic::Health, 0, "s", Some(line.trim()))],
        );
        line.clear();
    }
    std::thread::sleep(Duration::from_secs(600));
}

fn count(part: &[Stored]) -> u64 {
    u64::try_from(part.len()).unwrap()
}

/// Waits for the transaction under way; should it have failed, everything made on top of it goes, and the member joins again.
fn settled(engine: &mut dyn EngineLog) -> Result<(), String> {
    match engine.settled() {
        Ok(()) => Ok(()),
        Err(CommitError::Aborted(reason) | CommitError::Fenced(reason)) => Err(reason),
        Err(error) => panic!("{error}"),
    }
}

/// An engine that counts the observations of each partition it holds, the count being its state.
pub(crate) struct Member {
    name: String,
    dice: Dice,
    /// Most records of a transaction.
    most: u32,
    counts: BTreeMap<u32, u64>,
}

impl Member {
    pub(crate) fn new(name: &str, seed: u64, most: u32) -> Self {
        Self {
            most,
            name: name.to_owned(),
            dice: Dice(seed | 1),
            counts: BTreeMap::new(),
        }
    }

    /// Works until told to stop: `report` hears of each commit how many observations it counted (0: nothing to do), and says when.
    pub(crate) fn run(&mut self, log: &dyn Log, report: &dyn Fn(u64) -> bool) {
        loop {
            self.counts.clear();
            match self.membership(log, report) {
                Ok(()) => return,
                Err(reason) => println!("{} joins again: {reason}", self.name),
            }
            if report(0) {
                return;
            }
        }
    }

    fn membership(&mut self, log: &dyn Log, report: &dyn Fn(u64) -> bool) -> Result<(), String> {
        let again = |error: LogError| match error {
            LogError::Fatal(text) => panic!("{text}"),
            other => other.to_string(),
        };
        let mut engine = log.engine(&self.name).map_err(again)?;
        loop {
            match engine.poll(Duration::from_millis(100)) {
                Ok(Polled::Records(records)) => {
                    if self.work(&mut *engine, &records, report)? {
                        return Ok(());
                    }
                }
                Ok(Polled::Assigned(offsets)) => {
                    settled(&mut *engine)?;
                    self.take_up(&mut *engine, &offsets).map_err(again)?;
                }
                Ok(Polled::Revoked(gone)) => {
                    settled(&mut *engine)?;
                    self.counts.retain(|at, _| !gone.contains(at));
                }
                Ok(Polled::Idle) => {
                    settled(&mut *engine)?;
                    if report(0) {
                        return Ok(());
                    }
                }
                Err(LogError::Unavailable(reason)) => {
                    println!("{}: {reason}", self.name);
                    if report(0) {
                        return Ok(());
                    }
                }
                Err(error) => return Err(again(error)),
            }
        }
    }

    fn work(
        &mut self,
        engine: &mut dyn EngineLog,
        records: &[Stored],
        report: &dyn Fn(u64) -> bool,
    ) -> Result<bool, String> {
        let mut rest = records;
        while !rest.is_empty() {
            let size = self.size();
            let (part, left) = rest.split_at(size.min(rest.len()));
            rest = left;
            // While the one before is being written, the next is made: as the engine does.
            let transaction = self.transaction(part);
            settled(engine)?;
            match engine.begin_commit(transaction) {
                Ok(_begun) => {
                    if report(count(part)) {
                        settled(engine)?;
                        return Ok(true);
                    }
                }
                Err(CommitError::Aborted(reason)) => {
                    println!("{}: aborted: {reason}", self.name);
                    let offsets = engine.rewind().map_err(|error| error.to_string())?;
                    self.take_up(engine, &offsets)
                        .map_err(|error| error.to_string())?;
                    return Ok(false);
                }
                Err(CommitError::Fenced(reason)) => return Err(reason),
                Err(error) => panic!("{error}"),
            }
        }
        Ok(false)
    }

    fn size(&mut self) -> usize {
        usize::try_from(self.dice.roll(self.most)).unwrap() + 1
    }

    fn take_up(
        &mut self,
        engine: &mut dyn EngineLog,
        offsets: &BTreeMap<u32, u64>,
    ) -> Result<(), LogError> {
        for partition in offsets.keys() {
            let mut count = 0;
            engine.restore(*partition, &mut |stored| {
                count = value(&stored).parse().unwrap();
            })?;
            self.counts.insert(*partition, count);
        }
        Ok(())
    }

    fn transaction(&mut self, part: &[Stored]) -> Transaction {
        let mut transaction = Transaction::default();
        for stored in part {
            let count = self
                .counts
                .get_mut(&stored.partition)
                .expect("an assigned partition");
            // The state and the place in the input were committed together: they agree.
            assert_eq!(
                *count,
                value(stored).parse::<u64>().unwrap() / 4,
                "state and offset differ"
            );
            *count += 1;
            let text = format!("{count}");
            transaction.records.push(message(
                Topic::State,
                stored.partition,
                "count",
                Some(&text),
            ));
            transaction.records.push(message(
                Topic::Lifecycle,
                stored.partition % 2,
                "d",
                Some(&value(stored)),
            ));
            transaction
                .consumed
                .insert(stored.partition, stored.offset + 1);
        }
        transaction
    }
}

// --- tests -----------------------------------------------------------------------------------------------------------------------

pub(crate) fn inputs(log: &dyn Log, total: u64) {
    let messages: Vec<Message> = (0..total)
        .map(|n| {
            message(
                Topic::Observations,
                u32::try_from(n % 4).unwrap(),
                "s",
                Some(&format!("{n}")),
            )
        })
        .collect();
    append(&*log.appender().unwrap(), messages);
}

/// Exactly the inputs, each once, in order within a partition.
pub(crate) fn exactly(log: &dyn Log, total: u64) {
    let outputs = read_all(log, Topic::Lifecycle);
    let numbers: Vec<u64> = outputs
        .iter()
        .map(|stored| value(stored).parse().unwrap())
        .collect();
    let distinct: BTreeSet<u64> = numbers.iter().copied().collect();
    assert_eq!(distinct.len(), numbers.len(), "an output twice");
    assert_eq!(distinct, (0..total).collect(), "an output missing");
    for partition in 0..4 {
        let of: Vec<u64> = numbers
            .iter()
            .copied()
            .filter(|n| n % 4 == partition)
            .collect();
        assert!(of.is_sorted(), "out of order");
    }
}

/// Runs processors and kills each after some of its lines, `kills` times; then lets one end.
pub(crate) fn killed_processors(place: &Place, total: u64, kills: u32) {
    let seed = seed();
    println!("AUSCULT_SEED={seed}");
    let mut dice = Dice(seed);
    for round in 0..=kills {
        let arguments = format!("{total} {}", seed.wrapping_add(u64::from(round)));
        let mut process = Process::start("processor", place, &arguments);
        assert_eq!(process.line().as_deref(), Some("joined"));
        if round == kills {
            let deadline = Instant::now() + Duration::from_secs(60);
            while process.line().expect("the processor ends") != "done" {
                assert!(Instant::now() < deadline, "the processor does not end");
            }
            return;
        }
        // By lines, then a little longer: at any step of the next transactions.
        for _ in 0..dice.roll(4) {
            if process.line().is_none_or(|line| line == "done") {
                break;
            }
        }
        std::thread::sleep(Duration::from_micros(u64::from(dice.roll(6000))));
        process.kill();
    }
}

#[test]
fn killed_processors_on_the_embedded_log_give_every_output_once() {
    let dir = tempfile::tempdir().unwrap();
    let place = Place::Folder(dir.path().to_owned());
    inputs(&*place.open(), 2000);
    killed_processors(&place, 2000, 40);
    exactly(&*place.open(), 2000);
}

#[test]
fn killed_processors_on_kafka_give_every_output_once() {
    let log = kafka::shared("killed");
    let place = Place::Kafka {
        bootstrap: log.options().bootstrap.clone(),
        prefix: log.options().topic_prefix.clone(),
    };
    inputs(&log, 600);
    killed_processors(&place, 600, 6);
    exactly(&log, 600);
}

#[test]
fn what_was_acknowledged_before_a_kill_is_there() {
    let seed = seed();
    println!("AUSCULT_SEED={seed}");
    let mut dice = Dice(seed);
    let dir = tempfile::tempdir().unwrap();
    let place = Place::Folder(dir.path().to_owned());
    let mut next = 0;
    for _ in 0..25 {
        let mut process = Process::start("appender", &place, &format!("{next} 1000000"));
        let mut acknowledged = next;
        for _ in 0..=dice.roll(12) {
            acknowledged = process.line().unwrap().parse().unwrap();
        }
        std::thread::sleep(Duration::from_micros(u64::from(dice.roll(3000))));
        for line in process.kill() {
            acknowledged = line.parse().unwrap();
        }
        next = there(dir.path(), acknowledged);
    }
}

/// Everything acknowledged is there, in order, and nothing else but a whole start of what was under way.
fn there(dir: &Path, acknowledged: u64) -> u64 {
    let log = embedded::open(dir);
    let mut found: Vec<u64> = read_all(&log, Topic::Observations)
        .iter()
        .map(|stored| value(stored).parse().unwrap())
        .collect();
    found.sort_unstable();
    let count = u64::try_from(found.len()).unwrap();
    assert_eq!(
        found,
        (0..count).collect::<Vec<u64>>(),
        "a hole, or a record twice"
    );
    assert!(
        count >= acknowledged,
        "{count} there, {acknowledged} acknowledged"
    );
    count
}
