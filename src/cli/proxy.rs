//! `headguard proxy`: the proxy, until it is told to stop.

use super::config::ConfigArgs;
use super::{Failure, write_stderr};
use clap::Args;
use headguard::proxy::{Proxy, trace};
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{SignalKind, signal};

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
    let _lines_are_written_until_here = trace::init(config.log);
    runtime(config.workers)?.block_on(async {
        let proxy = Proxy::bind(config)
            .await
            .map_err(|error| Failure::caused(&error))?;
        proxy.run(told_to_stop()).await;
        Ok(())
    })
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

/// Waits for SIGTERM or SIGINT; the second of them ends the process at once.
pub(crate) async fn told_to_stop() {
    let (Ok(mut terminate), Ok(mut interrupt)) = (
        signal(SignalKind::terminate()),
        signal(SignalKind::interrupt()),
    ) else {
        // Without handlers the signals end the process by themselves.
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        write_stderr("told to stop twice: stopping at once\n");
        std::process::exit(1);
    });
}
