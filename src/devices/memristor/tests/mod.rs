mod bank;
mod cmo_hfo2;
mod harness;
mod models;
mod solver;
mod sox;
mod vteam;
