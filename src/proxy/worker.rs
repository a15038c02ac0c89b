//! One thread of the proxy: a runtime, its listeners, its connections and its
//! own connections to the upstream. Nothing of it is shared but the settings.

use super::Shared;
use super::connection;
use super::listener::{Accepted, Listener};
use super::memo::Memo;
use super::upstream::Pool;
use crate::wire::timer::{Clock, TICK};
use arc_swap::ArcSwap;
use arc_swap::cache::Cache;
use std::cell::{Cell, RefCell};
use std::future::Future;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::runtime::Builder;
use tokio::sync::{Notify, watch};
use tokio::task::{LocalSet, spawn_local};
use tokio::time::{MissedTickBehavior, interval};

/// How far the proxy is on its way to an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    /// Nobody accepts until all have what they need for it.
    Starting,
    Serving,
    /// Still accepting; each connection ends with its next answer.
    Leaving,
    /// Accepting no more.
    Draining,
    /// Waiting for nobody.
    Over,
}

/// What all workers count together.
#[derive(Debug, Default)]
pub(super) struct Load {
    pub(super) connections: AtomicUsize,
    pub(super) requests: AtomicUsize,
}

/// One that is counted as long as it is there.
pub(super) struct Counted {
    load: Arc<Load>,
    which: fn(&Load) -> &AtomicUsize,
}

impl Counted {
    /// Counts one more, unless there are `most` already.
    pub(super) fn one(
        load: &Arc<Load>,
        which: fn(&Load) -> &AtomicUsize,
        most: usize,
    ) -> Option<Self> {
        let counted = Self {
            load: Arc::clone(load),
            which,
        };
        // Given back at once where it was one too many.
        let before = which(load).fetch_add(1, Ordering::Relaxed);
        (before < most).then_some(counted)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        (self.which)(&self.load).fetch_sub(1, Ordering::Relaxed);
    }
}

/// What the connections of one thread share.
pub(super) struct Worker {
    shared: RefCell<Cache<Arc<ArcSwap<Shared>>, Arc<Shared>>>,
    pub(super) clock: Rc<Clock>,
    pub(super) pool: Pool,
    pub(super) h2: super::h2::upstream::Connections,
    pub(super) load: Arc<Load>,
    pub(super) memo: Memo,
    stage: Cell<Stage>,
    open: Cell<usize>,
    closed: Notify,
}

impl Worker {
    /// A worker without listeners, at the start of its time.
    pub(super) fn new(place: usize, shared: Arc<ArcSwap<Shared>>, load: Arc<Load>) -> Rc<Self> {
        Rc::new(Self {
            shared: RefCell::new(Cache::new(shared)),
            clock: Clock::new(),
            pool: Pool::starting_at(place),
            h2: super::h2::upstream::Connections::default(),
            load,
            memo: Memo::default(),
            stage: Cell::new(Stage::Serving),
            open: Cell::new(0),
            closed: Notify::new(),
        })
    }

    /// The settings as they are now.
    pub(super) fn shared(&self) -> Arc<Shared> {
        Arc::clone(self.shared.borrow_mut().load())
    }

    /// How far the proxy is.
    pub(super) fn stage(&self) -> Stage {
        self.stage.get()
    }
}

/// What a worker is started with.
pub(super) struct Start {
    /// Which of the workers it is.
    pub(super) place: usize,
    pub(super) shared: Arc<ArcSwap<Shared>>,
    pub(super) listeners: Vec<Listener>,
    pub(super) load: Arc<Load>,
    pub(super) stage: watch::Receiver<Stage>,
    /// Called once it accepts.
    pub(super) ready: Box<dyn FnOnce() + Send>,
}

/// Runs a worker on this thread, until the proxy is over.
pub(super) fn run(start: Start) -> std::io::Result<()> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, work(start))
}

async fn work(start: Start) -> std::io::Result<()> {
    let Start {
        place,
        shared,
        listeners,
        load,
        mut stage,
        ready,
    } = start;
    let worker = Worker::new(place, shared, load);
    spawn_local(tick(Rc::clone(&worker)));
    let mut registered = Vec::new();
    for listener in listeners {
        registered.push(listener.register()?);
    }
    ready();
    // Were one to begin at once, it could take what another still needs.
    if stage
        .wait_for(|stage| *stage > Stage::Starting)
        .await
        .is_err()
    {
        return Ok(());
    }
    let mut accepting = Vec::new();
    for listener in registered {
        accepting.push(spawn_local(accept(Rc::clone(&worker), listener)));
    }
    loop {
        let now = *stage.borrow_and_update();
        worker.stage.set(now);
        if now > Stage::Serving {
            worker.clock.wake_all();
        }
        match now {
            Stage::Starting | Stage::Serving | Stage::Leaving => {}
            Stage::Draining => {
                for accepting in accepting.drain(..) {
                    // It takes what is in the queue already, and ends.
                    let _ = accepting.await;
                }
            }
            Stage::Over => return Ok(()),
        }
        let empty = now == Stage::Draining && worker.open.get() == 0;
        tokio::select! {
            biased;
            // If nobody can say any more how far we are, it is over.
            changed = stage.changed() => if changed.is_err() { return Ok(()) },
            () = worker.closed.notified(), if now == Stage::Draining && !empty => {}
            () = std::future::ready(()), if empty => return Ok(()),
        }
    }
}

/// Looks at the clock, and at what has grown old.
async fn tick(worker: Rc<Worker>) {
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        worker.clock.sweep();
        let shared = worker.shared();
        let longest = shared.config.timeouts.pool_idle;
        worker
            .pool
            .sweep(&shared.upstream, longest, worker.clock.now());
        worker
            .h2
            .sweep(&shared.upstream, longest, worker.clock.now());
    }
}

/// Takes connections until the proxy drains.
async fn accept(worker: Rc<Worker>, mut listener: super::listener::Registered) {
    let draining = || worker.stage() >= Stage::Draining;
    // A look at the clock that ends the waiting when the stage changes.
    let timer = worker.clock.timer();
    while let Some(accepted) = listener.accept(&timer, draining).await {
        let shared = worker.shared();
        let most = shared.config.limits.connections;
        let Some(counted) = Counted::one(&worker.load, |load| &load.connections, most) else {
            // One more would take the place of somebody who is being served.
            spawn_local(connection::turn_away(
                accepted.stream,
                shared.config.detail_level,
            ));
            continue;
        };
        open(&worker, accepted, counted);
    }
}

fn open(worker: &Rc<Worker>, accepted: Accepted, counted: Counted) {
    let serving = connection::serve(Rc::clone(worker), Box::new(accepted), counted);
    spawn_counted(worker, serving);
}

/// Runs something that a drain waits for.
pub(super) fn spawn_counted(worker: &Rc<Worker>, what: impl Future<Output = ()> + 'static) {
    worker.open.set(worker.open.get() + 1);
    let open = Open(Rc::clone(worker));
    // A future that waits for another one has room for it twice.
    let what = Box::pin(what);
    spawn_local(async move {
        what.await;
        drop(open);
    });
}

/// A connection that is open, whatever becomes of it.
struct Open(Rc<Worker>);

impl Drop for Open {
    fn drop(&mut self) {
        let left = self.0.open.get().saturating_sub(1);
        self.0.open.set(left);
        if left == 0 {
            self.0.closed.notify_one();
        }
    }
}
