mod cmo_hfo2;
mod harness;
mod models;
mod solver;
mod stanford;
mod vteam;
mod jart;
