//! Records of people's commands into the log.

use std::time::{Duration, SystemTime};

use auscult_log::{AppendError, Appender, Message};
use auscult_process::exit;

use crate::Failure;

/// Appends of one record before giving up, and the wait between them, doubled each time.
const ATTEMPTS: u32 = 6;
const FIRST_WAIT: Duration = Duration::from_millis(100);

/// Appends one record, trying again where that may help. `again`: what to do when it did not; the record may be in the log all the same.
///
/// # Errors
/// 69 when it is not known to be in the log, 1 when the log refuses it.
pub(super) async fn append_one(
    appender: &dyn Appender,
    message: Message,
    again: &str,
) -> Result<(), Failure> {
    let mut wait = FIRST_WAIT;
    let mut attempt = 1;
    loop {
        match appender.append(message.clone()).await {
            Ok(_) => return Ok(()),
            Err(AppendError::Retry(_)) if attempt < ATTEMPTS => {
                attempt += 1;
                tokio::time::sleep(wait).await;
                wait = wait.saturating_mul(2);
            }
            Err(error @ AppendError::Retry(_)) => {
                return Err(Failure::new(exit::UNAVAILABLE, format!("{error}; {again}")));
            }
            Err(error) => return Err(Failure::new(exit::FAILURE, error.to_string())),
        }
    }
}

/// Epoch milliseconds.
pub(super) fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since
        .ok()
        .and_then(|since| i64::try_from(since.as_millis()).ok())
        .unwrap_or(0)
}
