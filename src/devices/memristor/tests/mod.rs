mod classic;
mod cmo_hfo2;
mod harness;
mod models;
mod robust;
mod solver;
mod vteam;
