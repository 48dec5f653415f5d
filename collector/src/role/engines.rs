//! The engine threads of one process, and what watches them.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use auscult_findings::Weights;
use auscult_inventory::SiteInventory;
use auscult_ocsf::Context;
use auscult_process::{Readiness, Shutdown, Trigger, exit, shutdown};

use super::log::OpenLog;
use crate::Failure;
use crate::config::CollectorConfig;
use crate::engine::beside::Beside;
use crate::engine::inventory::SiteSettings;
use crate::engine::run::{EngineFault, Member};
use crate::engine::vitals::Vitals;
use crate::findings::assessor::{Assessors, Means};
use crate::findings::intelligence::Intelligence;
use crate::metrics as names;

/// Uncommitted work older than this is worth a warning.
const STALLED: Duration = Duration::from_secs(30);
const WATCH: Duration = Duration::from_secs(1);

/// Names of the readiness latches; as many as there can be members.
const LATCHES: [&str; 16] = [
    "engine-0",
    "engine-1",
    "engine-2",
    "engine-3",
    "engine-4",
    "engine-5",
    "engine-6",
    "engine-7",
    "engine-8",
    "engine-9",
    "engine-10",
    "engine-11",
    "engine-12",
    "engine-13",
    "engine-14",
    "engine-15",
];

/// Running engine threads.
#[derive(Debug)]
pub(super) struct Engines {
    threads: Vec<JoinHandle<Result<(), EngineFault>>>,
    stop: Trigger,
    /// Follows the intelligence topic, where findings are told.
    follower: Option<JoinHandle<()>>,
    watchdog: tokio::task::JoinHandle<()>,
}

impl Engines {
    /// Starts the configured number of members. One that gives up stops the process.
    pub(super) fn start(
        log: &OpenLog,
        config: &CollectorConfig,
        readiness: &Readiness,
        process: &Trigger,
    ) -> Result<Self, Failure> {
        let (stopping, stop) = shutdown::token();
        let settings = SiteSettings {
            policy: config.engine.policy.clone(),
            context: Context {
                cluster: config.cluster.clone(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
                tenant: config.tenant.clone(),
            },
        };
        let means = config
            .engine
            .findings
            .then(|| means(&settings.context))
            .transpose()?;
        let follower = means
            .as_ref()
            .map(|means| follow(log, &means.intelligence, &stopping))
            .transpose()?;
        let mut threads = Vec::new();
        let mut vitals = Vec::new();
        let members = usize::try_from(config.engine.members).unwrap_or(usize::MAX);
        for (index, latch) in LATCHES.into_iter().enumerate().take(members) {
            let name = format!("{}-{index}", config.engine.member);
            let of_member = Arc::new(Vitals::default());
            vitals.push((name.clone(), Arc::clone(&of_member)));
            let beside = means
                .as_ref()
                .map(|means| Assessors::start(&index.to_string(), means.clone()))
                .transpose()
                .map_err(|error| {
                    Failure::new(exit::FAILURE, format!("no findings thread: {error}"))
                })?;
            let member = Member::<SiteInventory> {
                beside: beside.map(|it| Box::new(it) as Box<dyn Beside<SiteInventory>>),
                name,
                settings: settings.clone(),
                pace: config.engine.pace,
                latch: readiness.register(latch),
                vitals: of_member,
                shutdown: stopping.clone(),
            };
            let (log, process) = (log.log(), process.clone());
            let thread = std::thread::Builder::new()
                .name(latch.to_owned())
                .spawn(move || {
                    let _stops_the_process = Fuse(process);
                    member.run(log.as_ref())
                })
                .map_err(|error| {
                    Failure::new(exit::FAILURE, format!("no engine thread: {error}"))
                })?;
            threads.push(thread);
        }
        Ok(Self {
            threads,
            stop,
            follower,
            watchdog: tokio::spawn(watch(vitals)),
        })
    }

    /// Asks every member to commit and leave, and waits for them. The first fault, if any gave up.
    pub(super) async fn stop(self) -> Result<(), Failure> {
        self.stop.fire();
        let (threads, follower) = (self.threads, self.follower);
        let joined = tokio::task::spawn_blocking(move || {
            let mut ends: Vec<_> = threads.into_iter().map(JoinHandle::join).collect();
            ends.extend(follower.map(|thread| thread.join().map(Ok)));
            ends
        });
        let ends = joined
            .await
            .map_err(|_| Failure::new(exit::FAILURE, "waiting for the engine failed"))?;
        self.watchdog.abort();
        for end in ends {
            match end {
                Ok(Ok(())) => {}
                Ok(Err(fault)) => return Err(Failure::new(exit::FAILURE, fault.to_string())),
                Err(_) => {
                    let message = "an engine thread failed in this program; what it had not committed will be folded again";
                    return Err(Failure::new(exit::FAILURE, message));
                }
            }
        }
        Ok(())
    }
}

fn means(context: &Context) -> Result<Means, Failure> {
    let policy = auscult_risk::Policy::published()
        .map_err(|faults| Failure::new(exit::FAILURE, faults.to_string()))?;
    Ok(Means {
        intelligence: Arc::new(Intelligence::default()),
        weights: Weights::new(policy),
        context: context.clone(),
    })
}

fn follow(
    log: &OpenLog,
    intelligence: &Arc<Intelligence>,
    stopping: &Shutdown,
) -> Result<JoinHandle<()>, Failure> {
    let (log, intelligence, stopping) = (log.log(), Arc::clone(intelligence), stopping.clone());
    std::thread::Builder::new()
        .name("intelligence".to_owned())
        .spawn(move || intelligence.follow(log.as_ref(), &stopping))
        .map_err(|error| Failure::new(exit::FAILURE, format!("no thread: {error}")))
}

/// Stops the process when its thread ends, however it ends.
struct Fuse(Trigger);

impl Drop for Fuse {
    fn drop(&mut self) {
        self.0.fire();
    }
}

/// Publishes what the members' own threads cannot publish while they are busy.
async fn watch(members: Vec<(String, Arc<Vitals>)>) {
    let mut ticks = tokio::time::interval(WATCH);
    let mut warned = false;
    loop {
        ticks.tick().await;
        let mut stalled = false;
        for (name, vitals) in &members {
            let uncommitted = vitals.oldest_uncommitted();
            stalled |= uncommitted > STALLED;
            if uncommitted > STALLED && !warned {
                tracing::warn!(member = %name, ?uncommitted, "the engine has not committed for long");
            }
            metrics::gauge!(names::UNCOMMITTED_SECONDS, "member" => name.clone())
                .set(uncommitted.as_secs_f64());
            metrics::gauge!(names::LAG_SECONDS, "member" => name.clone())
                .set(vitals.lag(now_ms()).as_secs_f64());
        }
        warned = stalled;
    }
}

fn now_ms() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
