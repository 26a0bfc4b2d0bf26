//! The model of a configuration, and the two languages that lower to it.

pub mod model;
