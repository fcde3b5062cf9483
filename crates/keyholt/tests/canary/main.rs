//! Where a value or an API key goes: into every write there is goes a text that stands nowhere else, and then
//! all that the server keeps, says and logs is searched for it, in every form it could have taken.
#![cfg(test)]

mod search;
mod writes;
