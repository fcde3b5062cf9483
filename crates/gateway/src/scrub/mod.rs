//! Takes our values out of what others say: an upstream's answer, a child's output.
//!
//! [`Forms`] are the ways in which values may be written; a [`Scrubber`] replaces each occurrence of one in a stream,
//! wherever it is cut into chunks, and holds back no byte that cannot belong to one.

mod forms;
mod needle;
mod scrubber;

pub use forms::Forms;
pub use scrubber::Scrubber;
