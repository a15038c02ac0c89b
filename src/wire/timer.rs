//! Deadlines without a timer each: a sweep looks at all of them, ten times a second.
//!
//! A connection has one [`Timer`] as long as it is open. Arming it stores a
//! number. Whoever waits polls it with what it waits for; the sweep wakes those
//! whose time is over. A deadline is met up to two ticks late and never early.
//!
//! All of this is of one thread: each worker sweeps its own.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

/// The time between two sweeps.
pub(crate) const TICK: Duration = Duration::from_millis(100);

/// All timers of a thread, and its clock.
#[derive(Debug)]
pub(crate) struct Clock {
    start: Instant,
    /// How long that was ago at the last sweep, in milliseconds.
    swept: Cell<u64>,
    /// The milliseconds of it in which this thread ran.
    now: Cell<u64>,
    timers: RefCell<Vec<Weak<Inner>>>,
}

impl Clock {
    /// A clock that starts now.
    pub(crate) fn new() -> Rc<Self> {
        Rc::new(Self {
            start: Instant::now(),
            swept: Cell::new(0),
            now: Cell::new(0),
            timers: RefCell::default(),
        })
    }

    /// Milliseconds since the start, as of the last sweep, without those in
    /// which this thread did not run.
    pub(crate) fn now(&self) -> u64 {
        self.now.get()
    }

    /// A timer that is not armed.
    pub(crate) fn timer(self: &Rc<Self>) -> Timer {
        let inner = Rc::new(Inner {
            due: Cell::new(NEVER),
            waker: RefCell::new(None),
        });
        self.timers.borrow_mut().push(Rc::downgrade(&inner));
        Timer {
            inner,
            clock: Rc::clone(self),
        }
    }

    /// Looks at the time, and wakes whoever waited too long.
    ///
    /// Where a thread was held up (stopped, or on a machine that was), the time
    /// lost is nobody's fault: what was armed just before would be over at once.
    pub(crate) fn sweep(&self) {
        let elapsed = millis(self.start.elapsed());
        let passed = elapsed.saturating_sub(self.swept.replace(elapsed));
        let counted = passed.min(millis(MOST_COUNTED));
        self.sweep_at(Duration::from_millis(self.now.get() + counted));
    }

    /// The same, taking it to be so long since the start.
    pub(crate) fn sweep_at(&self, since_start: Duration) {
        let now = millis(since_start);
        self.now.set(now);
        self.wake(|inner| inner.due.get() <= now);
    }

    /// Wakes everybody, to look at what has changed.
    pub(crate) fn wake_all(&self) {
        self.wake(|_| true);
    }

    fn wake(&self, which: impl Fn(&Inner) -> bool) {
        let mut timers = self.timers.borrow_mut();
        timers.retain(|timer| {
            let Some(inner) = timer.upgrade() else {
                return false;
            };
            if which(&inner)
                && let Some(waker) = &*inner.waker.borrow()
            {
                waker.wake_by_ref();
            }
            true
        });
        // Ten thousand connections that are gone leave no list behind.
        if timers.capacity() > 64 && timers.len() < timers.capacity() / 4 {
            timers.shrink_to_fit();
        }
    }

    /// How many timers there are.
    #[cfg(test)]
    fn len(&self) -> usize {
        self.timers.borrow().len()
    }
}

const NEVER: u64 = u64::MAX;

/// So much passes between two sweeps of a busy thread; more is time lost.
const MOST_COUNTED: Duration = Duration::from_millis(500);

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(NEVER)
}

#[derive(Debug)]
struct Inner {
    /// In milliseconds of the clock.
    due: Cell<u64>,
    waker: RefCell<Option<Waker>>,
}

/// One deadline at a time, of one task.
#[derive(Debug)]
pub(crate) struct Timer {
    inner: Rc<Inner>,
    clock: Rc<Clock>,
}

impl Timer {
    /// Ends the wait after `limit`, from now.
    pub(crate) fn arm(&self, limit: Duration) {
        let limit = limit.as_millis().saturating_add(TICK.as_millis());
        let limit = u64::try_from(limit).unwrap_or(NEVER);
        self.inner.due.set(self.clock.now().saturating_add(limit));
    }

    /// Lets the wait last.
    pub(crate) fn disarm(&self) {
        self.inner.due.set(NEVER);
    }

    /// Whether the time is over. Whoever asks is woken when it is.
    pub(crate) fn is_over(&self, cx: &Context<'_>) -> bool {
        if self.inner.due.get() <= self.clock.now() {
            return true;
        }
        let mut waker = self.inner.waker.borrow_mut();
        if !waker
            .as_ref()
            .is_some_and(|waker| waker.will_wake(cx.waker()))
        {
            *waker = Some(cx.waker().clone());
        }
        false
    }

    /// Its clock.
    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn a_timer_is_over_when_its_time_is_and_not_before() {
        let clock = Clock::new();
        let timer = clock.timer();
        let count = Arc::new(Count::default());
        let waker = Waker::from(Arc::clone(&count));
        let cx = Context::from_waker(&waker);
        assert!(!timer.is_over(&cx));
        timer.arm(Duration::ZERO);
        assert!(
            !timer.is_over(&cx),
            "a tick is left, since the clock is coarse"
        );
        clock.now.set(100);
        assert!(timer.is_over(&cx));
        clock.wake(|inner| inner.due.get() <= 100);
        assert_eq!(count.0.load(Ordering::Relaxed), 1);
        timer.arm(Duration::from_secs(1));
        assert!(!timer.is_over(&cx));
        timer.disarm();
        clock.now.set(u64::MAX - 1);
        assert!(!timer.is_over(&cx));
    }

    #[test]
    fn time_in_which_nobody_ran_does_not_count() {
        let clock = Rc::new(Clock {
            start: Instant::now()
                .checked_sub(Duration::from_secs(3600))
                .expect("an hour ago"),
            swept: Cell::new(0),
            now: Cell::new(0),
            timers: RefCell::default(),
        });
        let timer = clock.timer();
        timer.arm(Duration::from_secs(1));
        clock.sweep();
        assert_eq!(clock.now(), 500);
        let waker = Waker::from(Arc::new(Count::default()));
        assert!(!timer.is_over(&Context::from_waker(&waker)));
    }

    #[test]
    fn dropped_timers_are_forgotten() {
        let clock = Clock::new();
        let timers: Vec<_> = (0..1000).map(|_| clock.timer()).collect();
        drop(timers);
        let kept = clock.timer();
        clock.sweep();
        assert_eq!(clock.len(), 1);
        drop(kept);
    }
}
