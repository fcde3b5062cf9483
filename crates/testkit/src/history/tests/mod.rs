//! Laws of the check: what it must find, and what it must let pass.

mod found;
mod memory;
mod passed;
mod written;
