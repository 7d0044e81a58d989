#!/usr/bin/env python3
"""Regenerates the references in ref/ that come from ngspice with tightened tolerances. Needs numpy, scipy and ngspice 39."""

import pathlib
import sys

import numpy as np
from scipy.integrate import solve_ivp

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


def boost(deck):
    """Inductor current and output voltage between the instants of an ideal switch; the diode by Newton's method."""
    r, l, c, load, rs, i_s, vt = 5.0, 100e-6, 10e-6, 50.0, 10e-3, 1e-12, 1.380649e-23 * 300.15 / 1.602176634e-19

    def diode(i):
        return vt * np.log1p(max(i, 0.0) / i_s) + rs * i

    def on(t, x):
        return [r / l, -x[1] / (load * c)]

    def off(t, x):
        i = max(x[0], 0.0)
        return [(r - x[1] - diode(i)) / l if i > 1e-9 else 0.0, (i - x[1] / load) / c]

    def dead(t, x):
        return x[0] - 1e-9

    dead.terminal, dead.direction = True, -1
    volts = 4.4
    for _ in range(50):
        volts = r - diode(volts / load)
    x, t, times, values = [volts / load, volts], 0.0, [0.0], [[volts / load, volts]]
    marks = []
    for k in range(100):
        marks += [(k * 10e-6 + 6e-9, True), (k * 10e-6 + 4.996e-6, False)]
    state = False
    for mark, after in marks + [(1e-3, None)]:
        while t < mark - 1e-15:
            rate = on if state else off
            if not state and x[0] <= 1e-9:
                rate = lambda t, x: [0.0, -x[1] / (load * c)]
            run = solve_ivp(rate, (t, mark), x, method="RK45", rtol=1e-10, atol=1e-12, max_step=2e-7,
                            events=None if state or x[0] <= 1e-9 else dead)
            times += list(run.t[1:])
            values += list(run.y.T[1:])
            t, x = run.t[-1], list(run.y[:, -1])
            if run.status == 1:
                x[0] = 0.0
        state = after
    values = np.array(values)
    tools.write(deck, "independent integration between the switching instants, diode equation solved (scipy, rtol 1e-10)",
                {"time": np.array(times), "v(out)": values[:, 1], "i(l1)": values[:, 0]})


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
    "boost_ideal": boost,
    "mos_multivibrator": lambda d: transient(d, [], 6e-3, 30000, POWER, period="v(d1)"),
    "negative_resistance": lambda d: transient(d, [], 60e-6, 60000, period="v(a)"),
    "tunnel_oscillator": lambda d: transient(d, [], 200e-9, 40000, period="v(a)"),
    "mos_thyristor": lambda d: transient(d, ["v(a)", "v(c)"], 400e-9),
    "vco": lambda d: transient(d, [], 120e-9, 40000, period="v(n1)"),
    "lc_cross_coupled": lambda d: transient(d, [], 12e-9, 40000, period="v(a)"),
    "transformer_diode": lambda d: transient(d, ["v(o)"], 60e-3, 20000),
    "bandgap": lambda d: point(d, ["v(ref)", "v(a2)", "v(g)", "v(s1)"]),
    "bandgap_startup": lambda d: transient(d, ["v(ref)", "v(a2)"], 40e-6),
    "thyristor_pair": lambda d: transient(d, ["v(a)", "v(g)"], 8e-6),
    "bjt_astable": lambda d: transient(d, [], 600e-6, 60000, period="v(c1)"),
    "bjt_741": lambda d: point(d, ["v(f)", "v(g)", "v(inv)"]),
    "bjt_darlington_stack": lambda d: point(d, ["v(b1)", "v(b2)", "v(out)", "v(s6)"]),
    "latch_bjt": lambda d: transient(d, ["v(c1)", "v(c2)"], 800e-9),
    "ujt_oscillator": lambda d: transient(d, [], 40e-3, 40000, POWER, period="v(a)"),
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
