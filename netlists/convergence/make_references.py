#!/usr/bin/env python3
"""Regenerates the references in ref/ that come from ngspice with tightened tolerances. Needs numpy, scipy and ngspice 39."""

import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "oracle"))

from oracles import tools  # noqa: E402

tools.HERE = HERE

TIGHT = "reltol=1e-6 abstol=1e-15 vntol=1e-9 chgtol=1e-19 trtol=1"
POWER = "reltol=1e-5 abstol=1e-8 vntol=1e-5 chgtol=1e-14 trtol=1 itl4=200"
SWITCHED = "reltol=1e-5 abstol=1e-10 vntol=1e-7 chgtol=1e-17 trtol=1 itl4=200"


def point(deck, signals=(), tight=TIGHT):
    got = tools.ngspice(deck, tight)
    names = signals or [n for n in got if n.startswith("v(")]
    tools.write(deck, f"ngspice 39, {tight}", {n: got[n] for n in names})


def sweep(deck, signals):
    tools.simulated(deck, signals, axis="v(v-sweep)", tight=TIGHT)


def transient(deck, signals, stop, parts=20000, tight=TIGHT, **more):
    tools.simulated(deck, signals, stop, parts, tight=tight, **more)


REFERENCES = {
    "diode_chain": lambda d: point(d, ["v(n1)", "v(n50)", "v(n100)"]),
    "diode_ratios": point,
    "diode_current": point,
    "latch_nodeset_two": point,
    "inverter_chain": lambda d: point(d, ["v(n1)", "v(n2)", "v(n3)", "v(n10)", "v(n30)"]),
    "mos_stack": point,
    "mos_selfbias": point,
    "exponential_sources": point,
    "huge_currents": point,
    "zener_stack": lambda d: sweep(d, ["v(a)", "i(v1)"]),
    "cmos_schmitt_up": lambda d: sweep(d, ["v(out)", "v(a)", "v(b)"]),
    "cmos_schmitt_down": lambda d: sweep(d, ["v(out)", "v(a)", "v(b)"]),
    "tunnel_diode_dc": lambda d: sweep(d, ["v(a)", "i(v1)"]),
    "mos_20mm": lambda d: sweep(d, ["v(d)", "v(s)"]),
    "bridge_1kv": lambda d: transient(d, ["v(a)", "v(b)"], 40e-3, 20000, POWER),
    "cmos_schmitt_tran": lambda d: transient(d, ["v(out)"], 2e-6),
    "sram_write": lambda d: transient(d, ["v(q)", "v(qb)"], 12e-9),
    "sram_read": lambda d: transient(d, ["v(q)", "v(qb)", "v(bl)", "v(blb)"], 5e-9),
    "ic_node": lambda d: transient(d, ["v(out)"], 5e-6),
    "ic_uic_elements": lambda d: transient(d, ["v(b)", "i(v1)"], 2e-6),
    "ic_latch": lambda d: transient(d, ["v(a)", "v(b)"], 2e-9),
    "ring_nine": lambda d: transient(d, [], 40e-9, period="v(n1)"),
    "level_shifter": lambda d: transient(d, ["v(y)", "v(x)"], 10e-9),
    "sense_amp": lambda d: transient(d, ["v(a)", "v(b)"], 5e-9),
    "dickson": lambda d: transient(d, ["v(out)", "v(n5)"], 3e-6, 60000),
    "cockcroft_walton": lambda d: transient(d, ["v(b4)", "v(b1)"], 3e-3, 60000),
    "floating_gate": lambda d: transient(d, ["v(d)", "v(fg)"], 100e-9),
    "floating_caps": lambda d: transient(d, ["v(a)", "v(b)", "v(c)"], 10e-6),
    "relay_diode": lambda d: transient(d, ["v(d)", "i(l1)"], 12e-3, 24000, SWITCHED),
    "boost_ideal": lambda d: transient(d, ["v(out)", "i(l1)"], 1e-3, 100000, POWER),
    "mos_multivibrator": lambda d: transient(d, [], 6e-3, 60000, period="v(d1)"),
    "negative_resistance": lambda d: transient(d, [], 60e-6, 60000, period="v(a)"),
    "tunnel_oscillator": lambda d: transient(d, [], 200e-9, 40000, period="v(a)"),
    "mos_thyristor": lambda d: transient(d, ["v(a)", "v(c)"], 400e-9),
    "vco": lambda d: transient(d, [], 120e-9, 40000, period="v(n1)"),
    "lc_cross_coupled": lambda d: transient(d, [], 12e-9, 40000, period="v(a)"),
    "transformer_diode": lambda d: transient(d, ["v(o)"], 60e-3, 20000),
    "h_bridge": lambda d: transient(d, ["i(l1)"], 50e-6, 50000, POWER),
}


def main():
    (HERE / "ref").mkdir(exist_ok=True)
    for name in sys.argv[1:] or REFERENCES:
        try:
            REFERENCES[name](name)
        except Exception as error:  # ngspice itself may fail: that is worth a line, not a traceback
            print(f"{name}: no reference: {error}")


if __name__ == "__main__":
    main()
