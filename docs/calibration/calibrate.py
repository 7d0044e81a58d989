"""Calibrate `cmo_hfo2` on measured devices: `python calibrate.py DATA_DIR [--cycles N] [--out ROOT]`.

DATA_DIR holds devices/<NAME>.csv (columns cycle, phase, pulse, conductance_S). Writes ROOT/models/cmo_hfo2.lib, the table between the
markers of ROOT/docs/cmo-hfo2.md, ROOT/docs/cmo-hfo2.svg and the test data in ROOT/models/cmo_hfo2/. With `--cycles 5` only the first five cycles are used to fit and nothing is
written: the quality on all and on the later cycles is printed. Needs numpy and matplotlib.
"""
import argparse
import os

import numpy as np

import analysis
import device_model as model
import fitting
import noise_model

FIT_SEEDS, CHECK_SEEDS = 6, 10


class Repeated:
    """Lanes with every device repeated `k` times."""

    def __new__(cls, theta, g0, g1, gdrift, k):
        r = lambda q: np.repeat(q, k, 0)
        return model.Lanes(r(theta), r(g0), r(g1), r(gdrift))


def statistics(set_, reset, fit):
    """sigma (lanes, 2) and autocorrelation (lanes, 2, lags) of simulated or measured branches."""
    out = [analysis.cycle_statistics(s, r, fit) for s, r in zip(set_, reset)]
    sigma = np.array([[o["sigma_set"], o["sigma_reset"]] for o in out])
    return sigma, np.array([[o["acf_set"], o["acf_reset"]] for o in out])


def fit_noise(theta, g0, g1, gdrift, sigma, fit, cycles, rounds=4):
    """nset, nreset (siemens) whose simulated residual sigmas equal the measured ones (mean over FIT_SEEDS)."""
    lanes = Repeated(theta, g0, g1, gdrift, FIT_SEEDS)
    n = sigma * (g1 - g0)[:, None]
    for k in range(rounds):
        amp = np.repeat(n, FIT_SEEDS, 0)
        sim, _ = statistics(*noise_model.noisy_protocol(lanes, amp[:, 0], amp[:, 1], np.random.default_rng(k), cycles), fit)
        n = n * np.clip(sigma / sim.reshape(len(g0), FIT_SEEDS, 2).mean(1), 0.5, 2)
    return n


def card(name, p, note=""):
    lines = [f".model cmo_{name} cmo_hfo2 ({note}"]
    items = list(p.items())
    for i in range(0, len(items), 4):
        lines.append("+ " + " ".join(f"{k}={v:.5g}" for k, v in items[i:i + 4]))
    return "\n".join(lines) + " )\n"


def parameters(theta, g0, g1, gdrift, n):
    span = g1 - g0
    p = {"g0": g0, "g1": g1, "gmin": g0 - model.BELOW * span, "gmax": g1 + model.ABOVE * span}
    p.update(dict(zip(model.NAMES, np.exp(theta))))
    p.update(xset=model.XSET, xreset=model.XRESET, vset=model.VSET, vreset=model.VRESET, tset=model.T_SET, treset=model.T_RESET,
             vset0=model.VS, vreset0=model.VR, gdrift=gdrift, ldrift=model.LDRIFT, nset=n[0], nreset=n[1],
             nfast=noise_model.NFAST, ngexp=noise_model.GAMMA, nslow=noise_model.NSLOW * np.sqrt(n[0] * n[1]),
             lfast=noise_model.LAMBDA[0], lmed=noise_model.LAMBDA[1], lslow=noise_model.LAMBDA[2], nread=noise_model.READ, tread=500e-6)
    return p


HEADER = """* cmo_hfo2: W/TiN/CMO/HfO2/TiN analogue memristors, 600 nm, one card per measured device and one typical card.
* Source: Portner, Zellweger, Martinelli et al., Nature Machine Intelligence 7, 1939-1953 (2025), DOI 10.1038/s42256-025-01149-w;
* measurements ztill/TD_learning_on_memristors, Zenodo DOI 10.5281/zenodo.17315889, MIT licence, Copyright (c) 2024 Till Zellweger.
* These cards are fits to those measurements (docs/calibration/calibrate.py writes this file; do not edit it by hand).
* Equations and units: docs/cmo-hfo2.md. Siemens, volts, seconds; k* in siemens per nominal pulse.
* Calibrated: 10 cycles of 200 set (2.5 V, 1.5 us) and 200 reset pulses (-2.7 V, 10 us) through 1 kOhm, read at 0.2 V every 500 us.
* Checked on each device: mean cycle, residual sigma of set and reset branch, residual autocorrelation (table in docs/cmo-hfo2.md).
* Not determined by the data: voltage scales (vset0, vreset0), pulse-width law, temperature, ldrift, I-V curvature.
"""


def write_lib(path, names, cards):
    with open(path, "w", newline="\n") as f:
        f.write(HEADER + "\n")
        typical = {k: float(np.median([c[k] for c in cards])) for k in cards[0]}
        span = typical["g1"] - typical["g0"]
        typical["gmin"], typical["gmax"] = typical["g0"] - model.BELOW * span, typical["g1"] + model.ABOVE * span
        f.write("* population median of the fitted devices\n" + card("typical", typical) + "\n")
        for n, c in zip(names, cards):
            f.write(card(n, c) + "\n")


def write_table(path, table):
    begin, end = "<!-- fit table: begin -->", "<!-- fit table: end -->"
    text = open(path).read()
    head, tail = text.split(begin)[0], text.split(end)[1]
    with open(path, "w", newline="\n") as f:
        f.write(head + begin + "\n" + table + "\n" + end + tail)


def write_test_data(folder, names, set_, reset, sigma, acf, lanes):
    """Measured mean cycles, published-style noise figures, and the noise-free model as an oracle (Runge-Kutta, 8 steps per pulse)."""
    os.makedirs(folder, exist_ok=True)
    rows = lambda q: np.concatenate([q[0], q[1]], 1).T * 1e6
    def table(name, values):
        with open(os.path.join(folder, name), "w", newline="\n") as f:
            f.write("phase,pulse," + ",".join(names) + "\n")
            for i, v in enumerate(values):
                f.write(f"{'PD'[i // 201]},{i % 201}," + ",".join(f"{x:.4f}" for x in v) + "\n")
    table("mean_cycles_uS.csv", rows((set_.mean(1), reset.mean(1))))
    table("mean_cycles_1_to_5_uS.csv", rows((set_[:, :5].mean(1), reset[:, :5].mean(1))))
    table("mean_cycles_6_to_10_uS.csv", rows((set_[:, 5:].mean(1), reset[:, 5:].mean(1))))
    a, b = lanes.protocol(10, steps=8)
    table("model_mean_cycles_uS.csv", rows((a.mean(1), b.mean(1))))
    with open(os.path.join(folder, "noise_figures.csv"), "w", newline="\n") as f:
        f.write("device,sigma_set,sigma_reset," + ",".join(f"acf_{b}_{l}" for b in ("set", "reset") for l in analysis.LAGS) + "\n")
        for n, s, c in zip(names, sigma, acf):
            f.write(n + "," + ",".join(f"{x:.5f}" for x in (*s, *c.ravel())) + "\n")


def draw(path, names, chosen, set_, reset, sims):
    import matplotlib
    matplotlib.use("svg")
    matplotlib.rcParams.update({"svg.hashsalt": "cmo", "font.size": 8, "svg.fonttype": "none"})
    import matplotlib.pyplot as plt
    fig, axes = plt.subplots(2, 2, figsize=(9, 4.6), sharex=True, sharey="row")
    for row, name in zip(axes, chosen):
        d = names.index(name)
        for ax, (s, r), what in zip(row, ((set_[d], reset[d]), sims[d]), ("measured", "simulated")):
            y = np.concatenate([np.concatenate([s[c], r[c, 1:]]) for c in range(4)]) * 1e6
            ax.plot(np.arange(len(y)), y, lw=0.4, color="#1f4e79" if what == "measured" else "#b03a2e")
            ax.set_title(f"{name} {what}, cycles 1-4", fontsize=8)
            ax.grid(alpha=0.3, lw=0.4)
        row[0].set_ylabel("G / uS")
    for ax in axes[1]:
        ax.set_xlabel("pulse")
    fig.tight_layout()
    fig.savefig(path, metadata={"Date": None})


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("data_dir")
    ap.add_argument("--cycles", type=int, default=10)
    ap.add_argument("--out", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
    arg = ap.parse_args()
    data = analysis.load_all(arg.data_dir)
    names = list(data)
    set_, reset = (np.array([v[k] for v in data.values()]) for k in (0, 1))
    fit, c = analysis.CycleFit(), arg.cycles
    theta, g0, g1, gdrift = fitting.fit_devices(set_[:, :c], reset[:, :c])
    lanes = model.Lanes(theta, g0, g1, gdrift)
    sigma, acf = statistics(set_[:, :c], reset[:, :c], fit)
    n = fit_noise(theta, g0, g1, gdrift, sigma, fit, c)

    rms = np.stack(fitting.mean_rms(lanes, set_, reset, slice(0, c)), 1)
    amp = np.repeat(n, CHECK_SEEDS, 0)
    many = noise_model.noisy_protocol(Repeated(theta, g0, g1, gdrift, CHECK_SEEDS), amp[:, 0], amp[:, 1], np.random.default_rng(1000))
    sim_sigma, sim_acf = statistics(*many, fit)
    all_sigma, all_acf = statistics(set_, reset, fit)
    shape = (len(names), CHECK_SEEDS)
    sim_sigma, sim_acf = sim_sigma.reshape(*shape, 2), sim_acf.reshape(*shape, 2, -1)
    ratio = sim_sigma / all_sigma[:, None]

    lines = ["| device | rms set | rms reset | sigma set meas / sim | sigma reset meas / sim | lag 1 set meas / sim | lag 1 reset meas / sim |",
             "| --- | --- | --- | --- | --- | --- | --- |"]
    for d, name in enumerate(names):
        pair = lambda m, s, digits: f"{m:.{digits}f} / {s:.{digits}f}"
        s, a = sim_sigma[d].mean(0), sim_acf[d].mean(0)[:, 0]
        lines.append(f"| {name} | {rms[d, 0]:.3f} | {rms[d, 1]:.3f} | {pair(all_sigma[d, 0], s[0], 3)} | {pair(all_sigma[d, 1], s[1], 3)} | "
                     f"{pair(all_acf[d, 0, 0], a[0], 2)} | {pair(all_acf[d, 1, 0], a[1], 2)} |")
    table = "\n".join(lines)
    print(table)
    stat = lambda q: f"median {np.median(q):.4f} worst {q.max():.4f}"
    print(f"fit on cycles 1-{c}: rms set {stat(rms[:, 0])}, reset {stat(rms[:, 1])}")
    if c < 10:
        later = np.stack(fitting.mean_rms(lanes, set_, reset, slice(c, 10)), 1)
        print(f"prediction of cycles {c + 1}-10: rms set {stat(later[:, 0])}, reset {stat(later[:, 1])}")
    print("sigma, simulated over measured, mean of seeds: %.3f .. %.3f; single runs within 25 %%: %.1f %%"
          % (ratio.mean(1).min(), ratio.mean(1).max(), 100 * (abs(ratio - 1) < 0.25).mean()))
    print("single runs: sigma ratio %.3f .. %.3f, lag-1 autocorrelation (mean of both branches) %.3f .. %.3f"
          % (ratio.min(), ratio.max(), sim_acf[..., 0].mean(2).min(), sim_acf[..., 0].mean(2).max()))
    print("autocorrelation at lags", analysis.LAGS, "measured", all_acf.mean((0, 1)).round(3), "simulated", sim_acf.mean((0, 1, 2)).round(3))
    if c == 10:
        cards = [parameters(*q) for q in zip(theta, g0, g1, gdrift, n)]
        write_lib(os.path.join(arg.out, "models", "cmo_hfo2.lib"), names, cards)
        write_test_data(os.path.join(arg.out, "models", "cmo_hfo2"), names, set_, reset, all_sigma, all_acf, lanes)
        docs = os.path.join(arg.out, "docs")
        write_table(os.path.join(docs, "cmo-hfo2.md"), table)
        chosen = [x for x in ("d600_r4_b29", "d600_r5_b40") if x in names] or names[:2]
        draw(os.path.join(docs, "cmo-hfo2.svg"), names, chosen, set_, reset,
             [tuple(m[d * CHECK_SEEDS] for m in many) for d in range(len(names))])


if __name__ == "__main__":
    main()
