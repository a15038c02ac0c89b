//! How many events a second are written: a flood of bad requests must not fill
//! a disk. What is above is counted, and nothing is allocated for it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// A bound on events a second, kept by all threads together.
#[derive(Debug)]
pub(super) struct Rate {
    /// 0 is no bound.
    most: u32,
    start: Instant,
    /// The second since the start, in the upper half, and how many events were
    /// written in it: one word, so that both change together.
    written: AtomicU64,
    unwritten: AtomicU64,
}

/// Whether an event is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Admission {
    /// It is not, and is counted.
    Refused,
    /// It is, after a line that so many were not, if any were.
    Written { unwritten: u64 },
}

impl Rate {
    /// So many a second; 0 is no bound.
    pub(super) fn new(most: u32, start: Instant) -> Self {
        Self {
            most,
            start,
            written: AtomicU64::new(0),
            unwritten: AtomicU64::new(0),
        }
    }

    /// How many a second there may be; 0 is no bound.
    pub(super) const fn most(&self) -> u32 {
        self.most
    }

    /// Takes one event, or counts it as unwritten.
    pub(super) fn admit(&self, now: impl FnOnce() -> Instant) -> Admission {
        let most = self.most;
        if most > 0 {
            let second = self.second(now());
            let next = |written| match counted(written, second) {
                count if count >= most => None,
                0 => Some(u64::from(second) << 32 | 1),
                _ => Some(written + 1),
            };
            let order = Ordering::Relaxed;
            if self.written.fetch_update(order, order, next).is_err() {
                self.unwritten.fetch_add(1, order);
                return Admission::Refused;
            }
        }
        Admission::Written {
            unwritten: self.take_unwritten(),
        }
    }

    /// Whether an event that is still to be made would not be written. It is
    /// counted then, and is not to be told.
    pub(super) fn refuses(&self, now: impl FnOnce() -> Instant) -> bool {
        let most = self.most;
        let is_full =
            most > 0 && counted(self.written.load(Ordering::Relaxed), self.second(now())) >= most;
        if is_full {
            self.unwritten.fetch_add(1, Ordering::Relaxed);
        }
        is_full
    }

    /// How many were not written since this was asked last.
    pub(super) fn take_unwritten(&self) -> u64 {
        // Nearly always there are none, and a look disturbs no other thread.
        match self.unwritten.load(Ordering::Relaxed) {
            0 => 0,
            _ => self.unwritten.swap(0, Ordering::Relaxed),
        }
    }

    fn second(&self, now: Instant) -> u32 {
        let seconds = now.saturating_duration_since(self.start).as_secs();
        u32::try_from(seconds).unwrap_or(u32::MAX)
    }
}

/// How many were written in this second, by the word that says so. A thread
/// that comes late counts for the second that others are in.
fn counted(written: u64, second: u32) -> u32 {
    let halves = [written >> 32, written & u64::from(u32::MAX)];
    match halves.map(|half| u32::try_from(half).unwrap_or(u32::MAX)) {
        [at, count] if at >= second => count,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;
    use std::time::Duration;

    fn written(unwritten: u64) -> Admission {
        Admission::Written { unwritten }
    }

    #[test]
    fn what_is_above_is_counted_and_told_with_the_next() {
        let start = Instant::now();
        let rate = Rate::new(2, start);
        let at = |millis| move || start + Duration::from_millis(millis);
        for (millis, admission) in [
            (0, written(0)),
            (500, written(0)),
            (500, Admission::Refused),
            (999, Admission::Refused),
            (1000, written(2)),
            (1001, written(0)),
            // A thread that read the clock before the others did.
            (999, Admission::Refused),
            (1002, Admission::Refused),
            (60_000, written(2)),
            (60_000, written(0)),
            (60_000, Admission::Refused),
        ] {
            assert_eq!(rate.admit(at(millis)), admission, "{millis}");
        }
        assert_eq!(rate.take_unwritten(), 1);
        assert_eq!(rate.take_unwritten(), 0);
    }

    #[test]
    fn what_would_not_be_written_need_not_be_made() {
        let start = Instant::now();
        let rate = Rate::new(1, start);
        assert!(!rate.refuses(|| start));
        assert_eq!(rate.admit(|| start), written(0));
        assert!(rate.refuses(|| start));
        let later = start + Duration::from_secs(1);
        assert!(!rate.refuses(|| later));
        assert_eq!(rate.admit(|| later), written(1));
    }

    #[test]
    fn without_a_bound_the_clock_is_not_read() {
        let rate = Rate::new(0, Instant::now());
        for _ in 0..1000 {
            assert!(!rate.refuses(|| panic!("read")));
            assert_eq!(rate.admit(|| panic!("read")), written(0));
        }
    }

    #[test]
    fn threads_share_it() {
        let start = Instant::now();
        let rate = Rate::new(100, start);
        let admitted = thread::scope(|scope| {
            let ask = || {
                let asked = (0..200).map(|_| rate.admit(|| start));
                asked.filter(|one| *one != Admission::Refused).count()
            };
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(ask)).collect();
            threads
                .into_iter()
                .map(|thread| thread.join().expect("a count"))
                .sum::<usize>()
        });
        // Some of those that were refused may have been told with those that
        // were not; which were written is what is counted here.
        assert_eq!(admitted, 100);
    }
}
