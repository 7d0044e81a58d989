//! The optimiser against certified problems, and extraction against curves made for it.

mod extraction;
mod nist;
