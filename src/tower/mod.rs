//! headguard as a [tower] layer in front of any HTTP service.
//!
//! A request passes to the inner service exactly when
//! [`RequestPolicy::enforce`](crate::RequestPolicy::enforce) lets its headers
//! pass; its normalized values are in place then, and the
//! [`Report`] of what was found is among its extensions. Otherwise the client
//! gets the refusal of [`Rejected::to_response`](crate::headers::Rejected::to_response),
//! and the inner service is not called.
//!
//! 1. Only headers are judged; bodies and trailers pass as they are.
//! 2. Rules restricted to methods, hosts or routes apply to the request they match.
//! 3. Nothing is logged; what to log is in the `Report` and in the refusal.
//!
//! [tower]: https://docs.rs/tower

use crate::explain::DetailLevel;
use crate::headers::Report;
use crate::policy::Policy;
use http::{Request, Response};
use pin_project_lite::pin_project;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tower_layer::Layer;
use tower_service::Service;

/// Puts a [`Guard`] in front of a service.
///
/// ```
/// use headguard::{Policy, policy::Preset, tower::GuardLayer};
///
/// let layer = GuardLayer::new(Policy::builder().preset(Preset::Repair).build()?);
/// # Ok::<(), headguard::policy::PolicyError>(())
/// ```
#[derive(Clone, Debug)]
pub struct GuardLayer {
    policy: Arc<Policy>,
    level: DetailLevel,
}

impl GuardLayer {
    /// A layer that applies `policy`.
    #[must_use]
    pub fn new(policy: impl Into<Arc<Policy>>) -> Self {
        Self {
            policy: policy.into(),
            level: DetailLevel::default(),
        }
    }

    /// How much a refusal tells the client. Everything, unless said otherwise.
    #[must_use]
    pub fn detail_level(self, level: DetailLevel) -> Self {
        Self { level, ..self }
    }
}

impl<S> Layer<S> for GuardLayer {
    type Service = Guard<S>;

    fn layer(&self, inner: S) -> Guard<S> {
        Guard {
            inner,
            layer: self.clone(),
        }
    }
}

/// A service whose requests are judged first; made by [`GuardLayer`].
#[derive(Clone, Debug)]
pub struct Guard<S> {
    inner: S,
    layer: GuardLayer,
}

impl<S, B, R> Service<Request<B>> for Guard<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    R: From<String>,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, R>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        match guard(&self.layer, &mut request) {
            Ok(report) => {
                request.extensions_mut().insert(report);
                ResponseFuture {
                    state: State::Passed {
                        future: self.inner.call(request),
                    },
                }
            }
            Err(response) => ResponseFuture {
                state: State::Refused {
                    response: Some(response),
                },
            },
        }
    }
}

/// Judges a request and repairs its headers, or makes the refusal.
fn guard<B, R: From<String>>(
    layer: &GuardLayer,
    request: &mut Request<B>,
) -> Result<Report, Response<R>> {
    let judged = layer
        .policy
        .for_http_request(request)
        .inspect(request.headers());
    judged
        .and_then(|enforcement| enforcement.apply(request.headers_mut()))
        .map_err(|rejected| rejected.to_response(request.headers(), None, layer.level))
}

pin_project! {
    /// The response of a [`Guard`].
    #[derive(Debug)]
    pub struct ResponseFuture<F, R> {
        #[pin]
        state: State<F, R>,
    }
}

pin_project! {
    #[derive(Debug)]
    #[project = StateProjection]
    enum State<F, R> {
        Passed { #[pin] future: F },
        Refused { response: Option<Response<R>> },
    }
}

impl<F, R, E> Future for ResponseFuture<F, R>
where
    F: Future<Output = Result<Response<R>, E>>,
{
    type Output = Result<Response<R>, E>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            StateProjection::Passed { future } => Poll::Ready(ready!(future.poll(context))),
            // A future that is polled again after it is done stays pending.
            StateProjection::Refused { response } => response
                .take()
                .map_or(Poll::Pending, |one| Poll::Ready(Ok(one))),
        }
    }
}
