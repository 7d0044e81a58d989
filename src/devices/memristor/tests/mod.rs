mod cmo_hfo2;
mod harness;
mod models;
mod solver;
mod vteam;
mod jart;
