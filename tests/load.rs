//! Steady load.
