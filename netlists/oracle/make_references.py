#!/usr/bin/env python3
"""Regenerates every reference in ref/. Needs numpy, scipy and, for the last group, ngspice 39.

usage: make_references.py [--vteam FILE]   FILE: a VTEAM reference waveform to check the closed form against
"""

import sys

from oracles import bipolar, cells, jart, linear, memristors, mosfets, nonlinear, passive, small_signal, states
from oracles.tools import simulated


def by_simulation():
    simulated("bridge_rectifier", ["v(p)", "v(n)", "v(a)"], 4e-3,
              tight="reltol=1e-6 abstol=1e-9 vntol=1e-6 itl4=200")
    simulated("diode_recovery", ["v(out)", "i(v1)"], 0.6e-6)
    simulated("zener_dc", ["v(out)", "i(v1)"], axis="v(v-sweep)")
    # v(out) only: Meyer's capacitances jump, and with them the supply current of any solver
    simulated("inverter_tran", ["v(out)"], 12e-9)
    simulated("ring_oscillator", [], 20e-9, period="v(n1)")
    simulated("common_source", ["v(out)", "v(d)", "v(s)"], 40e-6)
    simulated("array_1t1r", ["v(c0_0)", "v(r1_0)", "v(m10)", "v(m11)", "v(x10.w)", "v(x11.w)"], 1.2e-6)
    simulated("buck_converter", ["v(out)", "i(l1)"], 200e-6, parts=500000)


def main():
    linear.all_references()
    nonlinear.all_references(sys.argv[2] if sys.argv[1:2] == ["--vteam"] else None)
    by_simulation()
    bipolar.all_references()
    passive.all_references()
    mosfets.all_references()
    small_signal.all_references()
    states.all_references()  # all but the given waveforms of SOX, see there
    memristors.all_references()
    jart.all_references()
    cells.all_references()


if __name__ == "__main__":
    main()
