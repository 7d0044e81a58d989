"""MOS transistors of every level: ngspice with tightened tolerances, and the charges of Ward and Dutton in closed form."""

import numpy as np
from scipy.integrate import solve_ivp

from .tools import ngspice, simulated, write

VDC = "v(v-sweep)"
#: no minimum conductance to speak of, so that currents below the threshold are those of the channel
DC = "reltol=1e-6 abstol=1e-15 vntol=1e-10 itl1=500 itl2=500"


def curves():
    for deck in ("mos1_process_p", "mos2_output_n", "mos2_output_lambda", "mos2_transfer_p", "mos2_subthreshold", "mos2_narrow",
                 "mos3_output_n", "mos3_output_p", "mos3_transfer_p", "mos3_subthreshold", "mos3_short", "mos6_output_n",
                 "mos6_transfer_p", "mos9_output_n"):
        simulated(deck, ["i(vd)"], axis=VDC, tight=DC)
    for level in (2, 3, 6):
        simulated(f"mos{level}_vtc", ["v(out)", "i(vdd)"], axis=VDC, tight=DC)
    simulated("mos_differential", ["v(out)", "v(t)", "v(a)"], axis=VDC, tight=DC)
    simulated("mos3_temperature", ["i(v1)", "i(v2)", "i(v3)"], axis="temp-sweep", tight=DC)
    signals = ["i(v1)", "i(v2)", "i(v3)", "i(v9)"]
    got = ngspice("mos_parallel", DC)
    write("mos_parallel", f"ngspice 39, {DC}", {s: got[s] for s in signals})
    # ngspice 39 bins BSIM models only
    sizes = [(100e-6, 5 / 1, 0.60), (110e-6, 5 / 3, 0.65), (120e-6, 20 / 1, 0.70), (130e-6, 10 / 2, 0.75)]
    write("mos_bins", "closed form: the square law of the right bin",
          {s: 0.5 * kp * ratio * (2 - vto)**2 for s, (kp, ratio, vto) in zip(["i(v1)", "i(v2)", "i(v3)", "i(v4)"], sizes)})


#: Meyer's capacitances jump, and ngspice gives up on some decks at the tightest tolerances
FIRM = "reltol=1e-5 abstol=1e-10 vntol=1e-7 trtol=1 itl4=200"


def transients():
    for level in (2, 3, 6):
        simulated(f"mos{level}_inverter", ["v(a)", "v(y)", "v(z)"], 20e-9, tight=FIRM)
    for level in (2, 3):
        simulated(f"mos{level}_ring", [], 80e-9, period="v(n1)", tight=FIRM)
    simulated("mos_nand", ["v(y)", "v(s)"], 30e-9, tight=FIRM)
    simulated("mos_nor", ["v(y)", "v(q)"], 40e-9, tight=FIRM)
    simulated("mos_sram", ["v(q)", "v(n)"], 40e-9, tight=FIRM)
    simulated("mos_dynamic_latch", ["v(x)", "v(y)", "v(z)"], 40e-9, tight=FIRM)
    simulated("mos_opamp_step", ["v(out)", "v(b)", "v(t)"], 4e-6, tight=FIRM)
    simulated("mos_charge_pump", ["v(out)", "v(n2)"], 2e-6, tight=FIRM)


def conserved_charge():
    """C dv/dt = I with the gate's charge of Ward and Dutton by central differences of its formula."""
    cox, vto, phi, gamma, vd, rounding = 3.9 * 8.854214871e-12 / 10e-9 * 10e-12, 0.6, 0.6, 0.5, 1.0, 0.03
    root = np.sqrt(phi)

    def charge(vg):
        distance = vg - vto
        over = rounding * np.logaddexp(0, distance / rounding)
        eta = max(1 - vd / max(distance, 0.025), 0)
        channel = -2 / 3 * cox * over * (1 + eta + eta**2) / (1 + eta)
        band = distance - over + phi + gamma * root
        bulk = -band if band < 0 else -0.5 * gamma**2 * (np.sqrt(1 + 4 * band / gamma**2) - 1)
        return -(channel + cox * bulk)

    def slope(t, v):
        h = 1e-6
        current = 1e-6 * min(max((t - 1e-9) / 10e-12, 0), 1) - v[0] * (1e-9 + 0)
        return [current / ((charge(v[0] + h) - charge(v[0] - h)) / (2 * h))]

    t = np.linspace(0, 120e-9, 24001)
    got = solve_ivp(slope, (0, t[-1]), [-1.5], t_eval=t, rtol=1e-9, atol=1e-10, max_step=5e-11)
    write("mos_conserved_charge", "scipy solve_ivp of the charge formula", {"time": t, "v(g)": got.y[0]})


def all_references():
    curves()
    transients()
    conserved_charge()


if __name__ == "__main__":
    all_references()
