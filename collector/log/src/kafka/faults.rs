//! What is wrong with options before anybody connects with them.

use rdkafka::ClientConfig;
use rdkafka::consumer::BaseConsumer;
use rdkafka::error::KafkaError;
use rdkafka::producer::BaseProducer;

use super::classify::explain;
use super::context::Context;
use super::options::{KafkaOptions, RESERVED};
use crate::seam::LogError;
use crate::topics::Topic;

/// Kafka's own bound for the name of a topic.
const TOPIC_NAME_BYTES: usize = 249;

impl KafkaOptions {
    /// Every option that cannot work, by its key in `[kafka]`, and why. Nothing is opened and nobody is asked.
    #[must_use]
    pub fn faults(&self) -> Vec<(String, String)> {
        let mut faults = Vec::new();
        let mut add = |key: &str, fault: &str| faults.push((key.to_owned(), fault.to_owned()));
        let mut brokers = self.bootstrap.split(',').map(str::trim);
        if self.bootstrap.is_empty() {
            add("bootstrap", "is empty; name at least one HOST:PORT");
        } else if !brokers.all(is_broker) {
            add(
                "bootstrap",
                "is not HOST:PORT, nor several with commas between them; write for instance \"kafka.example:9093\"",
            );
        }
        if !self.topic_prefix.bytes().all(is_topic_byte) {
            add(
                "topic_prefix",
                "has characters that Kafka does not take in the name of a topic; use a-z, A-Z, 0-9, '.', '_' and '-'",
            );
        }
        let longest = Topic::ALL.iter().map(|topic| topic.name().len()).max();
        let room = TOPIC_NAME_BYTES.saturating_sub(longest.unwrap_or_default());
        if self.topic_prefix.len() > room {
            add(
                "topic_prefix",
                &format!(
                    "is too long: the name of a topic has {TOPIC_NAME_BYTES} characters at most; write {room} or fewer"
                ),
            );
        }
        if self.group.is_empty() {
            add(
                "group",
                "is empty; write the name of the engine's consumer group, or leave the key away",
            );
        }
        for (key, value) in &self.client {
            let name = format!("client.{key}");
            if RESERVED.contains(&key.as_str()) {
                add(
                    &name,
                    "is part of the delivery guarantee and cannot be set; remove it",
                );
                continue;
            }
            // Each by itself: the library stops at the first that it refuses.
            let alone = ClientConfig::new().set(key, value).create_native_config();
            if let Err(KafkaError::ClientConfig(_, text, _, _)) = alone {
                let fault = format!("is refused by the Kafka client: {text}");
                add(&name, &fault);
            }
        }
        faults
    }

    /// Makes the clients that would be used and lets go of them: settings that are good one by one may not go together, and files
    /// may not hold what they should. Waits for no broker.
    ///
    /// # Errors
    /// What the client library says.
    pub fn try_clients(&self) -> Result<(), LogError> {
        let refused = |error: KafkaError| LogError::Fatal(explain(&error, "making a Kafka client"));
        let context = Context::default;
        let _: BaseConsumer<Context> = self
            .asking()
            .create_with_context(context())
            .map_err(refused)?;
        let _: BaseConsumer<Context> = self
            .group_member()
            .create_with_context(context())
            .map_err(refused)?;
        for producer in [self.appending(), self.transacting("check")] {
            let _: BaseProducer = producer.create().map_err(refused)?;
        }
        Ok(())
    }

    /// Refuses what cannot work, all of it at once.
    pub(crate) fn check(&self) -> Result<(), LogError> {
        let faults: Vec<String> = self
            .faults()
            .iter()
            .map(|(key, fault)| format!("kafka.{key} {fault}"))
            .collect();
        if faults.is_empty() {
            Ok(())
        } else {
            Err(LogError::Fatal(faults.join("\n")))
        }
    }
}

/// `HOST:PORT`, with or without a protocol before it. Without a port the client library would take one that nobody wrote.
fn is_broker(text: &str) -> bool {
    text.rsplit_once(':').is_some_and(|(host, port)| {
        !host.is_empty()
            && !text.contains(char::is_whitespace)
            && port.parse::<u16>().is_ok_and(|port| port > 0)
    })
}

fn is_topic_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(options: &KafkaOptions) -> Vec<String> {
        options.faults().into_iter().map(|(key, _)| key).collect()
    }

    #[test]
    fn addresses_have_a_host_and_a_port() {
        for good in ["k:9092", "a:1,b:2", "a:1, b:2", "SSL://a:1", "[::1]:9092"] {
            assert!(keys(&KafkaOptions::new(good)).is_empty(), "{good}");
        }
        for bad in [
            "", "kafka", "a:1,b", ":9092", "k:", "k:0", "a:70000", "SSL://a", "a b:1",
        ] {
            assert_eq!(keys(&KafkaOptions::new(bad)), ["bootstrap"], "{bad:?}");
        }
    }

    #[test]
    fn the_longest_name_of_a_topic_fits() {
        let mut options = KafkaOptions::new("k:1");
        let longest = Topic::ALL.iter().map(|topic| topic.name().len()).max();
        options.topic_prefix = "p".repeat(249 - longest.unwrap());
        assert!(keys(&options).is_empty());
        options.topic_prefix.push('p');
        assert_eq!(keys(&options), ["topic_prefix"]);
    }

    #[test]
    fn settings_that_do_not_go_together_are_found_without_a_broker() {
        let mut options = KafkaOptions::new("127.0.0.1:1");
        options.try_clients().unwrap();
        let set = |options: &mut KafkaOptions, key: &str, value: &str| {
            options.client.insert(key.to_owned(), value.to_owned());
        };
        set(&mut options, "security.protocol", "sasl_plaintext");
        set(&mut options, "sasl.mechanism", "nonsense");
        assert!(keys(&options).is_empty(), "{:?}", options.faults());
        assert!(options.try_clients().is_err());
    }
}
