//! `topics`: the topics on Kafka.

use auscult_log::admin::{self, TopicReport};
use auscult_log::{KafkaLog, LogError};
use auscult_process::exit;

use super::output::Output;
use super::{TopicsAction, counted};
use crate::Failure;
use crate::config::{CollectorConfig, LogChoice};

/// Creates, corrects or compares the topics.
///
/// # Errors
/// When the cluster cannot be asked, or something is not as planned.
pub fn run(config: &CollectorConfig, action: TopicsAction) -> Result<(), Failure> {
    let LogChoice::Kafka(options) = &config.log else {
        return Err(Failure::new(
            exit::USAGE,
            "no [kafka] in the configuration: the log on disk makes its topics itself",
        ));
    };
    config.kafka_files()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(exit::FAILURE, format!("no runtime: {error}")))?;
    let log = KafkaLog::connect(options.clone())?;
    let reports: Result<Vec<TopicReport>, LogError> = runtime.block_on(async {
        match action {
            TopicsAction::Apply => admin::apply(&log, &config.topics).await,
            TopicsAction::Check => admin::check(&log, &config.topics).await,
        }
    });
    let reports = reports?;
    let mut out = Output::new();
    for line in lines(&reports) {
        out.line(&line)?;
    }
    out.flush()?;
    let differing = reports.iter().filter(|report| !report.as_planned()).count();
    if differing > 0 {
        let hint = match action {
            TopicsAction::Apply => "see the lines above for what stands in the way",
            TopicsAction::Check => "`auscult-collector topics apply` puts right what can be",
        };
        let message = format!("not as planned: {}; {hint}", counted(differing, "topic"));
        return Err(Failure::new(exit::FAILURE, message));
    }
    Ok(())
}

fn lines(reports: &[TopicReport]) -> Vec<String> {
    reports
        .iter()
        .map(|report| {
            if report.findings.is_empty() {
                return format!("{}: as planned", report.name);
            }
            let findings: Vec<String> = report.findings.iter().map(ToString::to_string).collect();
            format!("{}: {}", report.name, findings.join("; "))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use auscult_log::Topic;
    use auscult_log::admin::Finding;

    use super::*;

    #[test]
    fn a_report_is_one_line_a_topic() {
        let report = |findings| TopicReport {
            topic: Topic::State,
            name: "auscult.int.state.v1".to_owned(),
            findings,
        };
        let setting = Finding::Setting {
            name: "cleanup.policy".to_owned(),
            is: "delete".to_owned(),
            planned: "compact".to_owned(),
            applied: false,
        };
        assert_eq!(
            lines(&[
                report(Vec::new()),
                report(vec![Finding::Created]),
                report(vec![setting])
            ]),
            [
                "auscult.int.state.v1: as planned",
                "auscult.int.state.v1: created",
                "auscult.int.state.v1: cleanup.policy: was delete, should be compact",
            ]
        );
    }
}
