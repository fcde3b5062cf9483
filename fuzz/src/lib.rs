//! What the fuzz targets share.
//!
//! A target asserts laws, not only that nothing panics: what is printed reads back, what was altered does not open, and
//! no refusal repeats what was sent. Each says its laws at its beginning.

pub mod canary;
pub mod json;
