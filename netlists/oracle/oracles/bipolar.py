"""References of the bipolar, JFET, MESFET and diode decks: ngspice with much tighter steps and tolerances."""

from . import small_signal
from .tools import TIGHT, ngspice, simulated, write

SWEEPS = {
    "bjt_output": ["i(vc)", "v(b)"],
    "bjt_gummel": ["v(lc)", "v(lb)", "i(vb)"],
    "bjt_reverse": ["i(ve)", "v(b)"],
    "bjt_high_injection": ["i(v1)", "i(v2)", "i(v3)", "i(vc)"],
    "bjt_base_resistance": ["v(b)", "v(bb)", "i(vc)"],
    "bjt_temperature": ["i(v1)", "i(v2)", "i(v3)", "i(v4)", "i(v5)", "i(vb)"],
    "bjt_tempco": ["i(v1)", "i(v2)", "i(v3)", "i(v4)", "i(vb)"],
    "bjt_pnp": ["i(vc)", "v(b)"],
    "bjt_substrate": ["i(v1)", "i(v2)", "i(vc)", "i(vp)"],
    "bjt_ibe_ibc": ["i(v1)", "i(v2)", "i(vb)"],
    "bjt_quasi_saturation": ["i(vc)", "v(b)"],
    "bjt_diff_pair": ["v(out)", "v(c1)", "v(e)"],
    "bjt_schmitt": ["v(c2)", "v(e)", "v(b1)"],
    "bjt_wilson": ["i(v1)", "i(v2)", "v(a)"],
    "jfet_output": ["i(v1)", "i(v2)"],
    "jfet_pchannel": ["i(vd)", "i(vg)"],
    "jfet_temperature": ["i(v1)", "i(v2)", "i(v3)", "i(v4)", "i(va)", "i(vb)"],
    "mesfet_output": ["i(vd)", "i(vg)"],
    "diode_breakdown": ["v(a)", "v(b)", "v(c)", "v(d)"],
    "diode_recombination": ["v(la)", "v(lb)"],
    "diode_tunnel": ["i(va)", "i(vb)"],
    "diode_level3": ["v(a)", "i(v1)"],
}

BY_CURRENT = ["bjt_base_resistance"]

TRANSIENTS = {
    "bjt_switch": (["v(c)", "v(b)"], 600e-9),
    "bjt_excess_phase": (["v(cc)", "v(b)"], 15e-9),
    "bjt_qs_tran": (["v(c)", "v(b)"], 150e-9),
    "bjt_ce_amplifier": (["v(out)", "v(c)", "v(e)"], 40e-6),
    "bjt_ecl": (["v(nor)", "v(or)"], 12e-9),
    "bjt_ttl": (["v(out)", "v(c2)"], 150e-9),
    "bjt_741": (["v(out)"], 60e-6),
    "bjt_darlington": (["v(c)", "v(b1)"], 9e-6),
    "bjt_initial": (["v(c)", "v(b)"], 500e-9),
    "jfet_follower": (["v(s)", "v(g)"], 300e-9),
    "jfet_self_bias": (["v(d)", "v(s)"], 300e-6),
    "mesfet_switch": (["v(d)", "v(g)"], 3e-9),
    "diode_sidewall": (["v(a)", "v(b)"], 1e-6),
    "diode_tempco": (["v(a)", "v(b)"], 500e-9),
    "diode_regulator": (["v(out)", "v(p)"], 4e-3),
    "diode_multiplier": (["v(o)", "v(m)"], 200e-6),
}

SMALL_SIGNALS = {
    "bjt_ac": ["v(c)", "v(e)", "v(out)", "i(vcc)"],
    "bjt_phase_ac": ["v(cc)", "i(ve)", "i(vp)", "i(vpe)"],
    "bjt_qs_ac": ["v(cc)", "i(vin)"],
    "bjt_noise": ["onoise_spectrum", "inoise_spectrum", "onoise_q1_rb", "onoise_q1_re", "onoise_q1_ic", "onoise_q1_ib", "onoise_q1_1overf"],
    "jfet_ac": ["v(d)", "v(s)", "v(g)"],
    "jfet_noise": ["onoise_spectrum", "inoise_spectrum", "onoise_j1_rd", "onoise_j1_id", "onoise_j1_1overf", "onoise_j2_rs", "onoise_j2_id"],
    "mesfet_ac": ["v(d)", "v(g)"],
    "mesfet_noise": ["onoise_spectrum", "onoise_z1_rs", "onoise_z1_id", "onoise_z1_1overf"],
    "diode_noise": ["onoise_spectrum", "inoise_spectrum", "onoise_d1_rs", "onoise_d1_id", "onoise_d1_1overf", "onoise_d2_id"],
}

# ngspice gives up on these with TIGHT
STIFF = ["bjt_qs_tran", "bjt_ce_amplifier", "bjt_ttl", "mesfet_switch", "diode_sidewall", "diode_tempco", "diode_multiplier"]
EASIER = "reltol=1e-6 abstol=1e-10 vntol=1e-7 itl4=200"


def all_references(only=()):
    for deck, signals in SWEEPS.items():
        if not only or deck in only:
            simulated(deck, signals, axis="i(i-sweep)" if deck in BY_CURRENT else "v(v-sweep)")
    for deck, (signals, stop) in TRANSIENTS.items():
        if not only or deck in only:
            simulated(deck, signals, stop, tight=EASIER if deck in STIFF else TIGHT)
    for deck, signals in SMALL_SIGNALS.items():
        if not only or deck in only:
            small_signal.simulated(deck, signals)
    for deck, signal, stop in [("bjt_astable", "v(c1)", 60e-6), ("bjt_ring", "v(n1)", 60e-9)]:
        if not only or deck in only:
            simulated(deck, [], stop, period=signal)
    if not only or "bjt_bandgap" in only:
        got = ngspice("bjt_bandgap", TIGHT)
        write("bjt_bandgap", f"ngspice 39, {TIGHT}", {s: got[s] for s in ["v(ref)", "v(c1)", "v(e2)", "i(vcc)"]})


if __name__ == "__main__":
    import sys

    all_references(sys.argv[1:])
