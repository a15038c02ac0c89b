//! Text into a form.
