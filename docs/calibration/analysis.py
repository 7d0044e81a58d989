"""Reading and analysing CMO/HfO2 pulse-by-pulse data exactly as the measured data were analysed.

Arrays hold conductance in siemens: `set_[cycle, pulse]` and `reset[cycle, pulse]`, pulse 0..200 in time order.
"""
import csv
import glob
import os

import numpy as np

PULSES = 200
LAGS = (1, 2, 5, 10)


def load_device(path):
    """Set and reset branches (cycles x 201) of one device file."""
    set_, reset = np.zeros((10, PULSES + 1)), np.zeros((10, PULSES + 1))
    with open(path, newline="") as f:
        for row in csv.DictReader(f):
            branch = set_ if row["phase"] == "P" else reset
            branch[int(row["cycle"]) - 1, int(row["pulse"])] = float(row["conductance_S"])
    return set_, reset


def load_all(data_dir):
    """{device name in lower case: (set, reset)} in name order."""
    files = sorted(glob.glob(os.path.join(data_dir, "devices", "*.csv")))
    return {os.path.basename(f)[:-4].lower(): load_device(f) for f in files}


def normalise(set_, reset):
    """w = (G - G0) / (G1 - G0) with G0, G1 the means of set[:, 0] and set[:, 200]; also returns G0, G1."""
    g0, g1 = set_[..., 0].mean(-1), set_[..., -1].mean(-1)
    s = (g1 - g0)[..., None, None]
    return (set_ - g0[..., None, None]) / s, (reset - g0[..., None, None]) / s, g0, g1


class CycleFit:
    """Least squares of every curve to a + b p - c exp(-z p), b >= 0, z scanned on the authors' grid (1/1998, up to 0.5)."""

    def __init__(self):
        p = np.arange(PULSES + 1.0)
        self.p, self.bases = p, []
        for k in range(1, 1000):
            e = np.exp(-k / 1998 * p)
            q3 = np.linalg.qr(np.stack([np.ones_like(p), e, p], 1))
            self.bases.append(q3)

    def residual(self, y):
        """Residuals of the best fit for rows of y (n x 201) taken as a set-like curve in p = 0..200."""
        best, res = np.full(len(y), np.inf), np.zeros_like(y)
        for q, r in self.bases:
            c = y @ q
            c = np.where((c[:, 2] / r[2, 2] < 0)[:, None] * np.array([0, 0, 1.0]) > 0, 0.0, c)
            d = y - c @ q.T
            ss = (d * d).sum(1)
            m = ss < best
            best[m], res[m] = ss[m], d[m]
        return res


def autocorrelation(res):
    """Autocorrelation of residual rows at LAGS, averaged over rows."""
    d = res - res.mean(1, keepdims=True)
    v = (d * d).mean(1)
    return np.array([((d[:, :-l] * d[:, l:]).mean(1) / v).mean() for l in LAGS])


def cycle_statistics(set_, reset, fit):
    """The published noise figures of one device: residual sigma per branch, autocorrelation per branch."""
    w, u, _, _ = normalise(set_, reset)
    rs, rr = fit.residual(w), fit.residual(1 - u)
    return {
        "sigma_set": rs.std(1).mean(), "sigma_reset": rr.std(1).mean(),
        "acf_set": autocorrelation(rs), "acf_reset": autocorrelation(rr),
        "res_set": rs, "res_reset": rr,
    }
