//! `headguard proxy`: the proxy, until it is told to stop.

use super::Failure;
use super::config::ConfigArgs;
use clap::Args;
use headguard::proxy::{Proxy, ProxyError, trace};
use std::future::Future;
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// Run the proxy.
///
/// Every key of the configuration file is a flag and a variable here; a flag
/// wins over a variable, and a variable over the file.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  headguard proxy --listen 127.0.0.1:8080 --upstream http://127.0.0.1:3000
  headguard proxy --preset repair --dry-run
  HEADGUARD_LOG=json headguard proxy --config headguard.toml")]
pub(crate) struct ProxyArgs {
    #[command(flatten)]
    config: ConfigArgs,
}

pub(crate) fn run(args: &ProxyArgs) -> Result<(), Failure> {
    let config = args.config.load()?;
    let _lines_are_written_until_here = trace::init(config.log, 0);
    runtime(config.workers)?.block_on(async {
        let proxy = Proxy::bind(config)
            .await
            .map_err(|error| cannot_start(&error))?;
        let signals = Signals::watch();
        proxy.run_until(signals.told(1), signals.told(2)).await;
        // What was in flight was cut off: that is no clean end.
        if signals.count() > 1 {
            Err(Failure::other("told to stop twice: stopped at once"))
        } else {
            Ok(())
        }
    })
}

/// Why the proxy does not start, and what helps.
pub(crate) fn cannot_start(error: &ProxyError) -> Failure {
    let failure = Failure::caused(error);
    match error.help() {
        Some(help) => failure.with_help(help),
        None => failure,
    }
}

/// A runtime with this many threads; 0 is one a core.
pub(crate) fn runtime(workers: usize) -> Result<Runtime, Failure> {
    let mut builder = Builder::new_multi_thread();
    if workers > 0 {
        builder.worker_threads(workers);
    }
    builder
        .enable_all()
        .build()
        .map_err(|error| Failure::io("the runtime", &error))
}

/// SIGTERM and SIGINT, counted.
pub(crate) struct Signals {
    count: watch::Receiver<usize>,
}

impl Signals {
    /// Counts them from now on. Where the system refuses handlers, the signals
    /// end the process by themselves.
    pub(crate) fn watch() -> Self {
        let (sender, count) = watch::channel(0);
        tokio::spawn(async move {
            let handlers = (
                signal(SignalKind::terminate()),
                signal(SignalKind::interrupt()),
            );
            let (Ok(mut terminate), Ok(mut interrupt)) = handlers else {
                return;
            };
            loop {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                }
                sender.send_modify(|count| *count += 1);
            }
        });
        Self { count }
    }

    /// Ready after so many of them.
    pub(crate) fn told(&self, times: usize) -> impl Future<Output = ()> + use<> {
        let mut count = self.count.clone();
        async move {
            if count.wait_for(|count| *count >= times).await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// How many came.
    pub(crate) fn count(&self) -> usize {
        *self.count.borrow()
    }
}
