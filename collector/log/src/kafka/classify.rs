//! What a Kafka error means, decided in one place.

use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};

use crate::seam::LogError;

/// What to do about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// It passes.
    Retry,
    /// Somebody else has this identity.
    Fenced,
    /// Somebody has to change something.
    Fatal,
}

pub(crate) fn classify(code: Code) -> Class {
    match code {
        Code::Fenced
        | Code::ProducerFenced
        | Code::InvalidProducerEpoch
        | Code::InvalidProducerIdMapping
        | Code::FencedInstanceId => Class::Fenced,
        Code::AutoOffsetReset
        | Code::ClusterAuthorizationFailed
        | Code::GroupAuthorizationFailed
        | Code::IllegalSASLState
        | Code::InvalidArgument
        | Code::InvalidConfig
        | Code::InvalidRecord
        | Code::InvalidReplicationFactor
        | Code::InvalidTimestamp
        | Code::InvalidTopic
        | Code::InvalidTransactionTimeout
        | Code::MessageSizeTooLarge
        | Code::OffsetOutOfRange
        | Code::PolicyViolation
        | Code::SaslAuthenticationFailed
        | Code::SecurityDisabled
        | Code::TopicAuthorizationFailed
        | Code::TransactionalIdAuthorizationFailed
        | Code::UnknownTopic
        | Code::UnknownTopicOrPartition
        | Code::UnsupportedFeature
        | Code::UnsupportedForMessageFormat
        | Code::UnsupportedSASLMechanism
        | Code::UnsupportedVersion => Class::Fatal,
        _ => Class::Retry,
    }
}

/// The class of an error with or without a code.
pub(crate) fn class_of(error: &KafkaError) -> Class {
    match error {
        KafkaError::ClientConfig(..)
        | KafkaError::ClientCreation(_)
        | KafkaError::AdminOpCreation(_)
        | KafkaError::Nul(_) => Class::Fatal,
        other => other.rdkafka_error_code().map_or(Class::Retry, classify),
    }
}

/// What happened, and for what a person can change, how.
pub(crate) fn explain(error: &KafkaError, doing: &str) -> String {
    let what = match error {
        KafkaError::Transaction(inner) => inner.string(),
        KafkaError::ClientConfig(_, text, key, value) => {
            // The value may be a secret (a password given inline).
            let _ = value;
            format!("client setting {key}: {text}")
        }
        other => match other.rdkafka_error_code() {
            Some(code) => code.to_string(),
            None => other.to_string(),
        },
    };
    match error.rdkafka_error_code().and_then(remedy) {
        Some(remedy) => format!("{doing}: {what}: {remedy}"),
        None => format!("{doing}: {what}"),
    }
}

fn remedy(code: Code) -> Option<&'static str> {
    Some(match code {
        Code::UnknownTopic | Code::UnknownTopicOrPartition => {
            "create the topics with `auscult-collector topics apply`"
        }
        Code::TopicAuthorizationFailed => {
            "grant this principal the topic (operators' guide, Kafka rights)"
        }
        Code::GroupAuthorizationFailed => "grant this principal Read on the consumer group",
        Code::TransactionalIdAuthorizationFailed => {
            "grant this principal Write on the transactional id prefix"
        }
        Code::ClusterAuthorizationFailed => "grant this principal the cluster operation",
        Code::SaslAuthenticationFailed => "check the SASL user and secret",
        Code::InvalidTransactionTimeout => {
            "the broker's transaction.max.timeout.ms is smaller than the transaction timeout"
        }
        Code::AutoOffsetReset | Code::OffsetOutOfRange => {
            "the records at the committed offset are gone: the topic was recreated or its retention was shorter than the outage; \
             restore it, or accept the loss by resetting the group with kafka-consumer-groups.sh --reset-offsets --to-earliest"
        }
        _ => return None,
    })
}

/// An error of a call that is no transaction.
pub(crate) fn log_error(error: &KafkaError, doing: &str) -> LogError {
    let text = explain(error, doing);
    match class_of(error) {
        Class::Retry => LogError::Unavailable(text),
        Class::Fenced => LogError::Fenced(text),
        Class::Fatal => LogError::Fatal(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_is_tried_again_and_what_does_not_is_explained() {
        for code in [
            Code::BrokerTransportFailure,
            Code::AllBrokersDown,
            Code::NotEnoughReplicas,
            Code::RebalanceInProgress,
            Code::OperationTimedOut,
            // What a client says of a partition that has no leader just now; partitions that never were are refused before.
            Code::UnknownPartition,
        ] {
            assert_eq!(classify(code), Class::Retry, "{code}");
        }
        assert_eq!(classify(Code::ProducerFenced), Class::Fenced);
        let missing = KafkaError::MetadataFetch(Code::UnknownTopicOrPartition);
        let LogError::Fatal(text) = log_error(&missing, "looking up a topic") else {
            panic!("a missing topic is fatal");
        };
        assert!(text.contains("topics apply"), "{text}");
    }

    #[test]
    fn a_secret_in_the_settings_is_not_quoted() {
        let config = rdkafka::ClientConfig::new()
            .set("sasl.password", "hunter2")
            .set("no.such.setting", "hunter2")
            .create_native_config();
        let Err(error) = config else {
            panic!("an unknown setting is refused");
        };
        let text = explain(&error, "opening");
        assert!(text.contains("no.such.setting"), "{text}");
        assert!(!text.contains("hunter2"), "{text}");
    }
}
