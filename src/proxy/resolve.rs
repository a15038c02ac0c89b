//! Where the upstream is: its addresses, looked up again and again, and the
//! order in which they are tried.
//!
//! What was found last stays while the look-up fails: a name server that is
//! away must not take the upstream with it. Nothing is connected to here.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{Notify, watch};
use tokio::time::{sleep, timeout};

/// The addresses of an upstream, shared by all who connect to it.
pub(super) struct Addresses {
    /// What is looked up; nothing where the addresses are given.
    name: Option<(Box<str>, u16)>,
    look_up: LookUp,
    state: watch::Sender<State>,
    asked: Notify,
}

/// How a name and a port become addresses.
type LookUp = Box<dyn Fn(&str, u16) -> LookingUp + Send + Sync>;
type LookingUp = Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>>;

#[derive(Debug, Default)]
struct State {
    /// The last good answer.
    found: Option<Arc<[SocketAddr]>>,
    /// Why the last look-up failed, if it did.
    failure: Option<Arc<str>>,
}

/// What a look-up changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// There are addresses, other ones, or the same again after failures.
    Found(Arc<[SocketAddr]>),
    /// Look-ups fail from now on. What was found before stays in use.
    Failed {
        error: Arc<str>,
        kept: Option<Arc<[SocketAddr]>>,
    },
}

impl Addresses {
    /// The addresses of a host. An IP address, with or without brackets, needs
    /// no look-up.
    pub(super) fn new(host: &str, port: u16) -> Self {
        Self::looked_up_by(host, port, |host, port| {
            let host = host.to_owned();
            Box::pin(async move {
                let found = tokio::net::lookup_host((host.as_str(), port)).await?;
                Ok(found.collect())
            })
        })
    }

    /// The same, with another way to look a name up.
    fn looked_up_by(
        host: &str,
        port: u16,
        look_up: impl Fn(&str, u16) -> LookingUp + Send + Sync + 'static,
    ) -> Self {
        let unbracketed = host
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
            .unwrap_or(host);
        let given = unbracketed.parse::<IpAddr>().ok();
        let state = State {
            found: given.map(|ip| Arc::from([SocketAddr::new(ip, port)])),
            failure: None,
        };
        Self {
            name: given.is_none().then(|| (host.into(), port)),
            look_up: Box::new(look_up),
            state: watch::Sender::new(state),
            asked: Notify::new(),
        }
    }

    /// The last good answer, if there was one.
    pub(super) fn current(&self) -> Option<Arc<[SocketAddr]>> {
        self.state.borrow().found.clone()
    }

    /// The last good answer; waits for the first look-up, but for no second one.
    ///
    /// # Errors
    ///
    /// Why the look-up failed, where none has succeeded yet.
    pub(super) async fn wait(&self) -> Result<Arc<[SocketAddr]>, Arc<str>> {
        let mut state = self.state.subscribe();
        let is_known = |state: &State| state.found.is_some() || state.failure.is_some();
        let none = || Arc::from(NO_ADDRESS);
        // The sender is ours, and alive as long as we are.
        let known = state.wait_for(is_known).await.map_err(|_| none())?;
        match (&known.found, &known.failure) {
            (Some(found), _) => Ok(Arc::clone(found)),
            (None, Some(failure)) => Err(Arc::clone(failure)),
            (None, None) => Err(none()),
        }
    }

    /// Asks for a look-up before its time: nothing answers at these addresses,
    /// and the upstream may have moved. Asking often is free: there is at most
    /// one look-up a second.
    pub(super) fn look_up_soon(&self) {
        self.asked.notify_one();
    }

    /// Looks the name up at once and then every so often, as long as it is
    /// polled. Until there is a first answer it tries sooner. `tell` hears of
    /// each change once, not of each look-up.
    ///
    /// Ends at once where there is no name to look up.
    pub(super) async fn keep_resolving(&self, every: Duration, mut tell: impl FnMut(Change)) {
        let Some((host, port)) = &self.name else {
            return;
        };
        let every = every.max(SHORTEST_PAUSE);
        let mut pause = SHORTEST_PAUSE;
        loop {
            let answer = timeout(LONGEST_LOOK_UP, (self.look_up)(host, *port)).await;
            if let Some(change) = self.take(answer.unwrap_or_else(|_| Err(timed_out()))) {
                tell(change);
            }
            if self.current().is_some() {
                let asked = async {
                    sleep(SHORTEST_PAUSE).await;
                    self.asked.notified().await;
                };
                // Whichever comes first is reason enough to look again.
                let _ = timeout(every, asked).await;
            } else {
                sleep(pause).await;
                pause = (pause * 2).min(every);
            }
        }
    }

    /// Keeps what a look-up gave, and says what changed by it.
    fn take(&self, answer: io::Result<Vec<SocketAddr>>) -> Option<Change> {
        let answer = answer.map(without_repetition).and_then(|found| {
            if found.is_empty() {
                Err(io::Error::other(NO_ADDRESS))
            } else {
                Ok(found)
            }
        });
        let mut change = None;
        self.state.send_if_modified(|state| {
            change = state.take(answer);
            change.is_some()
        });
        change
    }
}

impl fmt::Debug for Addresses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Addresses")
            .field("name", &self.name)
            .field("state", &*self.state.borrow())
            .finish_non_exhaustive()
    }
}

impl State {
    fn take(&mut self, answer: io::Result<Vec<SocketAddr>>) -> Option<Change> {
        match answer {
            Ok(found) => {
                let was_failing = self.failure.take().is_some();
                let kept = self.found.take().filter(|known| is_same_set(known, &found));
                let is_changed = kept.is_none() || was_failing;
                // Name servers rotate their answers; the order that is known is
                // as good as the next one.
                let found = kept.unwrap_or_else(|| found.into());
                self.found = Some(Arc::clone(&found));
                is_changed.then_some(Change::Found(found))
            }
            Err(_) if self.failure.is_some() => None,
            Err(error) => {
                let error: Arc<str> = error.to_string().into();
                self.failure = Some(Arc::clone(&error));
                let kept = self.found.clone();
                Some(Change::Failed { error, kept })
            }
        }
    }
}

/// The first pause after a failure, and the shortest of all.
const SHORTEST_PAUSE: Duration = Duration::from_secs(1);

/// A look-up that takes longer has failed; the system's own patience is longer
/// than anybody waits for an answer.
const LONGEST_LOOK_UP: Duration = Duration::from_secs(10);

const NO_ADDRESS: &str = "the name has no address";

fn timed_out() -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, "the look-up took too long")
}

fn without_repetition(found: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let mut once = Vec::with_capacity(found.len());
    for address in found {
        if !once.contains(&address) {
            once.push(address);
        }
    }
    once
}

/// Whether two lists without repetition hold the same.
fn is_same_set(one: &[SocketAddr], other: &[SocketAddr]) -> bool {
    one.len() == other.len() && one.iter().all(|address| other.contains(address))
}

/// Whose turn it is: each connection starts with the next address, and those
/// that failed lately are tried last. One worker's own.
#[derive(Debug, Default)]
pub(super) struct Rotation {
    next: usize,
    /// Which failed, and until when that counts.
    failed: Vec<(SocketAddr, Instant)>,
}

impl Rotation {
    /// A rotation whose first turn is the address at this place: workers that
    /// all began with the first would start with all their weight on it.
    pub(super) const fn starting_at(next: usize) -> Self {
        let failed = Vec::new();
        Self { next, failed }
    }

    /// The order in which the next connection tries the addresses: all of them.
    pub(super) fn order(&mut self, addresses: &[SocketAddr], now: Instant) -> Vec<SocketAddr> {
        self.failed
            .retain(|(address, until)| *until > now && addresses.contains(address));
        let turn = self.next;
        self.next = turn.wrapping_add(1);

        let has_failed = |address: &&SocketAddr| self.failed.iter().any(|(one, _)| one == *address);
        let (mut last, mut order): (Vec<_>, Vec<_>) = addresses.iter().partition(has_failed);
        for group in [&mut order, &mut last] {
            // Each group turns by itself: were it all of them, the neighbour of
            // one that failed would have its turns too.
            let places = turn.checked_rem(group.len()).unwrap_or_default();
            group.rotate_left(places);
        }
        order.append(&mut last);
        order
    }

    /// This address did not take a connection.
    pub(super) fn failed(&mut self, address: SocketAddr, now: Instant) {
        self.connected(address);
        self.failed.push((address, now + COUNTS_FOR));
    }

    /// This address took a connection.
    pub(super) fn connected(&mut self, address: SocketAddr) {
        self.failed.retain(|(one, _)| *one != address);
    }
}

/// For how long an address that failed is tried last.
const COUNTS_FOR: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;
    use std::collections::VecDeque;
    use std::future::{pending, ready};
    use std::pin::pin;
    use std::sync::Mutex;
    use std::task::{Context, Poll, Waker};
    use tokio::time;

    const EVERY: Duration = Duration::from_secs(30);

    fn addresses(list: &[u8]) -> Vec<SocketAddr> {
        list.iter()
            .map(|&last| SocketAddr::from(([192, 0, 2, last], 80)))
            .collect()
    }

    /// One look-up of a script.
    enum Says {
        Found(&'static [u8]),
        Fails(&'static str),
        Nothing,
    }
    use Says::{Fails, Found, Nothing};

    /// What each look-up gave and when it was, and what was told.
    fn scripted(script: impl IntoIterator<Item = Says>) -> (Addresses, Arc<Mutex<Vec<u64>>>) {
        let script = Mutex::new(VecDeque::from_iter(script));
        let times = Arc::new(Mutex::new(Vec::new()));
        let (asked, began) = (Arc::clone(&times), time::Instant::now());
        let addresses = Addresses::looked_up_by("api.internal", 80, move |host, port| {
            assert_eq!((host, port), ("api.internal", 80));
            asked
                .lock()
                .expect("a list")
                .push(began.elapsed().as_secs());
            match script.lock().expect("a script").pop_front() {
                Some(Found(list)) => Box::pin(ready(Ok(addresses(list)))),
                Some(Fails(error)) => Box::pin(ready(Err(io::Error::other(error)))),
                Some(Nothing) | None => Box::pin(pending()),
            }
        });
        (addresses, times)
    }

    /// What is told in so many seconds.
    async fn told(addresses: &Addresses, seconds: u64) -> Vec<Change> {
        let told = RefCell::new(Vec::new());
        let resolving = addresses.keep_resolving(EVERY, |change| told.borrow_mut().push(change));
        let _ = timeout(Duration::from_secs(seconds), resolving).await;
        told.into_inner()
    }

    fn failed(error: &str, kept: Option<&[u8]>) -> Change {
        Change::Failed {
            error: error.into(),
            kept: kept.map(|list| addresses(list).into()),
        }
    }

    fn found(list: &[u8]) -> Change {
        Change::Found(addresses(list).into())
    }

    #[tokio::test]
    async fn an_ip_address_is_not_looked_up() {
        for (host, ip) in [
            ("192.0.2.1", "192.0.2.1:80"),
            ("2001:db8::1", "[2001:db8::1]:80"),
            ("[2001:db8::1]", "[2001:db8::1]:80"),
        ] {
            let given = Addresses::looked_up_by(host, 80, |_, _| panic!("looked up"));
            let only: Arc<[SocketAddr]> = Arc::from([ip.parse().expect("an address")]);
            assert_eq!(given.current(), Some(Arc::clone(&only)));
            assert_eq!(given.wait().await, Ok(only));
            given.keep_resolving(EVERY, |_| panic!("told")).await;
        }
    }

    #[tokio::test]
    async fn the_systems_own_look_up() {
        let local = Addresses::new("localhost", 80);
        let mut told = Vec::new();
        let resolving = local.keep_resolving(EVERY, |change| told.push(change));
        let first = tokio::select! {
            () = resolving => panic!("it ended"),
            first = local.wait() => first,
        };
        assert!(first.is_ok_and(|all| all.iter().all(|one| one.ip().is_loopback())));
    }

    #[tokio::test(start_paused = true)]
    async fn the_last_good_answer_stays() {
        let (api, times) = scripted([
            Found(&[1, 2]),
            Fails("away"),
            Fails("still away"),
            Found(&[]),
            Found(&[2, 1]),
            Found(&[3]),
            Found(&[3, 3]),
        ]);
        assert_eq!(api.current(), None);
        assert_eq!(
            told(&api, 185).await,
            [
                found(&[1, 2]),
                failed("away", Some(&[1, 2])),
                found(&[1, 2]),
                found(&[3])
            ]
        );
        assert_eq!(api.current().as_deref(), Some(&*addresses(&[3])));
        assert_eq!(
            *times.lock().expect("a list"),
            [0, 30, 60, 90, 120, 150, 180]
        );
    }

    #[tokio::test(start_paused = true)]
    async fn without_an_answer_it_is_tried_sooner() {
        let (api, times) = scripted(
            [Fails("away"), Found(&[]), Nothing]
                .into_iter()
                .chain((0..4).map(|_| Fails("away")))
                .chain([Found(&[1])]),
        );
        assert_eq!(told(&api, 102).await, [failed("away", None), found(&[1])]);
        // The third took the longest a look-up may take.
        assert_eq!(
            *times.lock().expect("a list"),
            [0, 1, 3, 17, 25, 41, 71, 101]
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_look_up_without_end_has_failed() {
        let (api, _) = scripted([Nothing]);
        assert_eq!(
            told(&api, 11).await,
            [failed("the look-up took too long", None)]
        );
        assert_eq!(api.wait().await, Err("the look-up took too long".into()));
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_is_waited_for_once() {
        let mut cx = Context::from_waker(Waker::noop());
        let (api, _) = scripted([Fails("away"), Found(&[1])]);
        {
            let mut waiting = pin!(api.wait());
            assert!(waiting.as_mut().poll(&mut cx).is_pending());
            told(&api, 0).await;
            assert_eq!(waiting.poll(&mut cx), Poll::Ready(Err("away".into())));
        }
        assert_eq!(api.wait().await, Err("away".into()));
        told(&api, 0).await;
        assert_eq!(api.wait().await, Ok(addresses(&[1]).into()));
    }

    #[tokio::test(start_paused = true)]
    async fn asked_for_it_looks_again_but_not_every_time() {
        let (api, times) = scripted([Found(&[1]), Found(&[2]), Found(&[2]), Found(&[2])]);
        let asking = async {
            for _ in 0..9 {
                sleep(Duration::from_millis(100)).await;
                api.look_up_soon();
            }
        };
        let (changes, ()) = tokio::join!(told(&api, 40), asking);
        assert_eq!(changes, [found(&[1]), found(&[2])]);
        // One for all that asked in the first second.
        assert_eq!(*times.lock().expect("a list"), [0, 1, 31]);
    }

    #[test]
    fn it_is_shared_by_threads() {
        fn is_shared<T: Send + Sync>() {}
        is_shared::<Addresses>();
        fn is_sent(_: impl Send) {}
        let api = Addresses::new("api.internal", 80);
        is_sent(api.keep_resolving(EVERY, |_| {}));
        is_sent(api.wait());
    }

    #[test]
    fn turns_go_round() {
        let (all, now) = (addresses(&[1, 2, 3]), Instant::now());
        let mut rotation = Rotation::starting_at(1);
        assert_eq!(rotation.order(&all, now), addresses(&[2, 3, 1]));
        assert_eq!(rotation.order(&all, now), addresses(&[3, 1, 2]));
        assert_eq!(rotation.order(&all, now), addresses(&[1, 2, 3]));
        assert!(rotation.order(&[], now).is_empty());
        let mut last = Rotation::starting_at(usize::MAX);
        last.order(&all, now);
        assert_eq!(last.order(&all, now), addresses(&[1, 2, 3]));
    }

    #[test]
    fn what_failed_goes_last_for_a_while() {
        let (all, now) = (addresses(&[1, 2, 3]), Instant::now());
        let one = |last| addresses(&[last]).swap_remove(0);
        let mut rotation = Rotation::default();
        rotation.failed(one(2), now);
        rotation.failed(one(2), now);
        assert_eq!(rotation.order(&all, now), addresses(&[1, 3, 2]));
        assert_eq!(rotation.order(&all, now), addresses(&[3, 1, 2]));
        rotation.failed(one(1), now);
        rotation.failed(one(3), now);
        // All of them failed: all of them are tried.
        assert_eq!(rotation.order(&all, now), addresses(&[3, 1, 2]));
        rotation.connected(one(3));
        assert_eq!(rotation.order(&all, now), addresses(&[3, 2, 1]));
        let later = now + COUNTS_FOR;
        assert_eq!(rotation.order(&all, later), addresses(&[2, 3, 1]));
        // What is no address any longer is forgotten.
        rotation.failed(one(1), later);
        rotation.order(&addresses(&[2, 3]), later);
        assert!(rotation.failed.is_empty());
    }
}
