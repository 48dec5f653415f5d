//! Credentials that follow their files while the process runs.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::watch;

use crate::clock::{Utc, seconds, wall_ms};
use crate::credentials::{CredentialPaths, Credentials, CredentialsError, Files, Holder};
use crate::metrics;

type Outcome = Result<Arc<Credentials>, Arc<CredentialsError>>;

/// The credentials in use. New files are verified before they are published; while they fail, the ones before stay in use.
#[derive(Debug)]
pub struct CredentialStore {
    paths: CredentialPaths,
    holder: Holder,
    current: watch::Sender<Outcome>,
    tried: Mutex<Tried>,
}

#[derive(Default)]
struct Tried {
    files: Option<Files>,
    complaint: Option<CredentialsError>,
}

impl std::fmt::Debug for Tried {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tried")
            .field("complaint", &self.complaint)
            .finish_non_exhaustive()
    }
}

impl CredentialStore {
    /// Reads the files once. When they are no good the store holds the error until [`Self::follow`] finds better ones.
    pub async fn open(paths: CredentialPaths, holder: Holder) -> Arc<Self> {
        let unread = CredentialsError::Unreadable {
            path: paths.certificate.clone(),
            cause: "not read yet".to_owned(),
        };
        let store = Arc::new(Self {
            paths,
            holder,
            current: watch::channel(Err(Arc::new(unread))).0,
            tried: Mutex::default(),
        });
        store.refresh().await;
        store
    }

    /// What is in use.
    ///
    /// # Errors
    /// Why there has been nothing usable since the start.
    pub fn current(&self) -> Outcome {
        self.current.borrow().clone()
    }

    /// Changes whenever something new is published.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<Outcome> {
        self.current.subscribe()
    }

    /// Reads the files every `every`; never returns.
    pub async fn follow(self: &Arc<Self>, every: Duration) {
        loop {
            tokio::time::sleep(every).await;
            self.refresh().await;
        }
    }

    /// Reads the files now and publishes them when they changed and hold.
    pub async fn refresh(self: &Arc<Self>) {
        let store = Arc::clone(self);
        if let Err(error) = tokio::task::spawn_blocking(move || store.check()).await {
            tracing::error!(%error, "reading the credentials was interrupted");
        }
    }

    // The content is compared, not the modification time: a replaced symbolic link or a restored file keeps an old one.
    fn check(&self) {
        let mut tried = match self.tried.lock() {
            Ok(tried) => tried,
            Err(poisoned) => poisoned.into_inner(),
        };
        let files = match Files::read(&self.paths) {
            Ok(files) => files,
            Err(error) => return self.complain(&mut tried, error),
        };
        let unchanged = tried.files.as_ref() == Some(&files);
        if unchanged && tried.complaint.is_none() {
            return;
        }
        let outcome = Credentials::verify(&files, &self.paths, self.holder, wall_ms());
        tried.files = Some(files);
        match outcome {
            Ok(credentials) => {
                tried.complaint = None;
                self.publish(credentials);
            }
            Err(error) => self.complain(&mut tried, error),
        }
    }

    fn publish(&self, credentials: Credentials) {
        let holder = self.holder.label();
        let facts = credentials.facts();
        tracing::info!(
            holder,
            serial = %facts.serial,
            not_after = %Utc(facts.not_after_ms),
            roots = credentials.roots.len(),
            "credentials in use"
        );
        ::metrics::gauge!(metrics::CERTIFICATE_EXPIRY, "holder" => holder)
            .set(seconds(facts.not_after_ms));
        ::metrics::gauge!(metrics::ROOTS_EXPIRY, "holder" => holder)
            .set(seconds(credentials.roots_not_after_ms()));
        ::metrics::counter!(metrics::CREDENTIALS_PUBLISHED, "holder" => holder).increment(1);
        drop(self.current.send_replace(Ok(Arc::new(credentials))));
    }

    fn complain(&self, tried: &mut Tried, error: CredentialsError) {
        if tried.complaint.as_ref().map(std::mem::discriminant)
            == Some(std::mem::discriminant(&error))
        {
            tried.complaint = Some(error);
            return;
        }
        let kept = self.current.borrow().is_ok();
        tracing::warn!(%error, kept, "new credentials refused");
        ::metrics::counter!(metrics::CREDENTIALS_REFUSED, "holder" => self.holder.label())
            .increment(1);
        tried.complaint = Some(error.clone());
        if !kept {
            drop(self.current.send_replace(Err(Arc::new(error))));
        }
    }
}
