//! New settings for a proxy that runs: whole or not at all.

use super::{Shared, TlsError, trace};
use crate::config::Config;
use arc_swap::ArcSwap;
use std::fmt;
use std::sync::Arc;
use tokio::sync::watch;

/// Changes the settings of a running proxy.
///
/// Requests that are under way end with the settings they began with; the next
/// one on each connection has the new ones.
#[derive(Clone)]
pub struct Reloader {
    shared: Arc<ArcSwap<Shared>>,
    reloads: watch::Sender<u64>,
}

/// What came of new settings.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reloaded {
    /// Keys that differ and count only when the proxy is started again.
    pub restart_needed: Vec<&'static str>,
}

/// Why the settings stay what they were.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct ReloadError(#[from] TlsError);

impl ReloadError {
    /// What to do about it, where that is known.
    #[must_use]
    pub fn help(&self) -> Option<&'static str> {
        self.0.help()
    }
}

impl Reloader {
    pub(super) const fn new(shared: Arc<ArcSwap<Shared>>, reloads: watch::Sender<u64>) -> Self {
        Self { shared, reloads }
    }

    /// Takes new settings, certificates included. Files are read at once.
    ///
    /// # Errors
    ///
    /// [`ReloadError`] when TLS cannot be set up with them. Nothing changes then.
    pub fn reload(&self, config: Config) -> Result<Reloaded, ReloadError> {
        let before = self.shared.load_full();
        let restart_needed = before.config.restart_needed(&config);
        let same_upstream = before.config.upstream == config.upstream
            && before.config.upstream_tls == config.upstream_tls
            && before.config.host_header == config.host_header
            // A certificate may have been renewed under its old name.
            && !config.upstream.is_tls();
        let now = if same_upstream {
            // Connections, addresses and what failed lately are kept.
            Shared::with_upstream(config, Arc::clone(&before.upstream), Some(&before.logging))
        } else {
            Shared::new(config, Some(&before.logging))
        };
        self.shared.store(Arc::new(now?));
        self.reloads.send_modify(|count| *count += 1);
        trace::reloaded(&restart_needed);
        Ok(Reloaded { restart_needed })
    }

    /// Tells the log why new settings were not taken.
    pub fn refused(&self, reason: &dyn fmt::Display) {
        trace::reload_refused(reason);
    }
}

impl fmt::Debug for Reloader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reloader").finish_non_exhaustive()
    }
}
