//! A panic in one exchange stays there.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

/// A future whose panic is its own end and nobody else's.
pub(super) struct Contained<F>(Pin<Box<F>>);

/// What a contained future gives when it panics.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Panicked;

impl<F: Future> Contained<F> {
    pub(super) fn new(future: F) -> Self {
        Self(Box::pin(future))
    }
}

impl<F: Future> Future for Contained<F> {
    type Output = Result<F::Output, Panicked>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // A future that panicked is not polled again; what it borrowed is the
        // record of its request, which is only read from then on.
        match catch_unwind(AssertUnwindSafe(|| self.0.as_mut().poll(cx))) {
            Ok(polled) => polled.map(Ok),
            Err(_) => Poll::Ready(Err(Panicked)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::ready;
    use std::task::Waker;

    #[test]
    fn a_panic_is_a_value() {
        let mut cx = Context::from_waker(Waker::noop());
        let mut fine = Contained::new(ready(1));
        assert_eq!(Pin::new(&mut fine).poll(&mut cx), Poll::Ready(Ok(1)));
        let mut broken = Contained::new(async { panic!("on purpose") });
        assert_eq!(
            Pin::new(&mut broken).poll(&mut cx),
            Poll::Ready(Err::<(), _>(Panicked))
        );
    }
}
