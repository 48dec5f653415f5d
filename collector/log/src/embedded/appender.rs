//! Ingest's side.

use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::sync::oneshot;

use super::commit::{Job, Refused};
use super::shared::Shared;
use crate::metrics as names;
use crate::seam::{AppendError, Appender, Message};

pub(crate) struct EmbeddedAppender(pub(crate) Arc<Shared>);

impl Appender for EmbeddedAppender {
    fn append(&self, message: Message) -> BoxFuture<'static, Result<u64, AppendError>> {
        let (reply, answer) = oneshot::channel();
        let refusal = match self.0.queue.push(Job::Append { message, reply }) {
            Ok(()) => None,
            Err(Refused::Full) => {
                metrics::counter!(names::REFUSED, "log" => "embedded", "reason" => "overload")
                    .increment(1);
                Some("more records wait for the disk than the queue holds: send them again later")
            }
            Err(Refused::Closed) => Some("the log was closed"),
        };
        async move {
            match refusal {
                Some(text) => Err(AppendError::Retry(text.to_owned())),
                None => answer
                    .await
                    .unwrap_or_else(|_| Err(AppendError::Retry("the log was closed".to_owned()))),
            }
        }
        .boxed()
    }
}
