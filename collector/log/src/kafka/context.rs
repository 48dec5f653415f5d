//! librdkafka's callbacks: its log lines and errors go to `tracing`, the last error is kept to explain a timeout.

use std::sync::{Mutex, PoisonError};

use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

#[derive(Debug, Default)]
pub(crate) struct Context {
    last_error: Mutex<Option<String>>,
}

impl Context {
    /// Keeps what went wrong last; connection trouble is reported here and nowhere else.
    pub(crate) fn note(&self, reason: &str) {
        let mut last = self
            .last_error
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *last = Some(reason.to_owned());
    }

    /// `text`, with the last connection trouble as the likely cause.
    pub(crate) fn with_cause(&self, text: String) -> String {
        let last = self
            .last_error
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        match &*last {
            Some(cause) => format!("{text} (last trouble: {cause})"),
            None => text,
        }
    }
}

/// librdkafka's levels are a client's: a broker out of reach is an error to it, a thing that passes to us.
pub(crate) fn log(level: RDKafkaLogLevel, facility: &str, message: &str) {
    match level {
        RDKafkaLogLevel::Emerg | RDKafkaLogLevel::Alert | RDKafkaLogLevel::Critical => {
            tracing::error!(target: "auscult_log::kafka", facility, "{message}");
        }
        RDKafkaLogLevel::Error => {
            tracing::warn!(target: "auscult_log::kafka", facility, "{message}");
        }
        _ => tracing::debug!(target: "auscult_log::kafka", facility, "{message}"),
    }
}

impl ClientContext for Context {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        if matches!(level, RDKafkaLogLevel::Error) {
            self.note(message);
        }
        log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        // Being told of a partition's end, which readers ask for, is no trouble, and would hide the last one that was.
        if error.rdkafka_error_code() == Some(RDKafkaErrorCode::PartitionEOF) {
            return;
        }
        self.note(reason);
        tracing::warn!(target: "auscult_log::kafka", %error, "{reason}");
    }
}

impl ConsumerContext for Context {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_partition_is_no_trouble() {
        let context = Context::default();
        let told = |code| context.error(KafkaError::Global(code), "what it says");
        told(RDKafkaErrorCode::PartitionEOF);
        assert_eq!(context.with_cause("late".to_owned()), "late");
        told(RDKafkaErrorCode::AllBrokersDown);
        assert_eq!(
            context.with_cause("late".to_owned()),
            "late (last trouble: what it says)"
        );
    }
}
