//! Values and their use: which secrets serve a request, who is given values, what is counted of it.

mod choices;
mod previous;
mod resolve;
mod reveal;
mod serving;
mod serving_rows;
mod usage;
