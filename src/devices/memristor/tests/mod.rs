mod harness;
mod models;
mod solver;
mod vteam;
