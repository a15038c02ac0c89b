//! `headguard proxy`: the proxy, until it is told to stop.

use super::Failure;
use super::config::ConfigArgs;
use clap::Args;
use headguard::proxy::{Proxy, ProxyError, Reloader, trace};
use std::future::Future;
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinSet;

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
    let _lines_are_written_until_here = trace::init(config.log, config.log_rate);
    runtime()?.block_on(async {
        let proxy = Proxy::bind(config)
            .await
            .map_err(|error| cannot_start(&error))?;
        let signals = Signals::watch();
        let _reloads = reload_on_hangup(proxy.reloader(), args.config.clone());
        proxy
            .run_until(signals.told(1), signals.told(2))
            .await
            .map_err(|error| cannot_start(&error))?;
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

/// Takes the settings anew at each SIGHUP, as long as what it gives is held. A
/// file with mistakes changes nothing.
fn reload_on_hangup(reloader: Reloader, config: ConfigArgs) -> JoinSet<()> {
    let mut task = JoinSet::new();
    let hangups = signal(SignalKind::hangup());
    task.spawn(async move {
        // Where the system refuses a handler, the signal ends the process by itself.
        let Ok(mut hangups) = hangups else {
            return;
        };
        while hangups.recv().await.is_some() {
            let (reloader, config) = (reloader.clone(), config.clone());
            // Files are read, and certificates checked.
            let reloading = tokio::task::spawn_blocking(move || {
                let refused = match config.load() {
                    Ok(config) => match reloader.reload(config) {
                        Ok(_) => return,
                        Err(error) => Failure::caused(&error).to_string(),
                    },
                    Err(failure) => failure.to_string(),
                };
                reloader.refused(&on_one_line(&refused));
            });
            // One that panicked has changed nothing.
            let _ = reloading.await;
        }
    });
    task
}

/// A report without its excerpts: message, place and remedy of each mistake.
fn on_one_line(report: &str) -> String {
    let lines = report.lines().map(str::trim);
    let told =
        lines.filter(|line| !line.is_empty() && !line.ends_with('|') && !line.contains(" | "));
    told.collect::<Vec<_>>().join(" ")
}

/// The runtime of the main thread, which only waits: the proxy serves on
/// threads of its own.
pub(crate) fn runtime() -> Result<Runtime, Failure> {
    Builder::new_current_thread()
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
        // Before anything is served: whoever was answered may send a signal.
        let handlers = (
            signal(SignalKind::terminate()),
            signal(SignalKind::interrupt()),
        );
        tokio::spawn(async move {
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
