#!/usr/bin/env python3
"""Prints, for every deck, what ngspice at its default tolerances achieves against the reference (rms over range).

The measure is that of tests/netlists.rs."""

import re
import sys

import numpy as np

from oracles.tools import HERE, ngspice, rising_period


def read(path):
    oracle, period, names, rows = "", None, None, []
    for line in path.read_text().splitlines():
        if line.startswith("# oracle:"):
            oracle = line[9:].strip()
        elif line.startswith("# period:"):
            period = line[9:].strip()
        elif not line.startswith("#"):
            if names is None:
                names = re.split(r",(?![^(]*\))", line)
            else:
                rows.append([float(v) for v in line.split(",")])
    return oracle, period, dict(zip(names, np.array(rows).T))


def error(axis, got_axis, want, got, name):
    if axis is None:
        return abs(got[0] / want[0] - 1)
    ascending = np.all(np.diff(axis) > 0)
    scale = max(np.ptp(want), 1e-3 * np.abs(want).max(), 1e-12 if name.startswith("i(") else 1e-9)
    if ascending:
        square = (np.interp(axis, got_axis, got) - want) ** 2
        return np.sqrt(np.trapezoid(square, axis) / np.ptp(axis)) / scale
    return np.sqrt(np.mean((got - want) ** 2)) / scale


def main():
    for path in sorted((HERE / "ref").glob("*.csv")):
        if sys.argv[1:] and path.stem not in sys.argv[1:]:
            continue
        oracle, period, want = read(path)
        try:
            got = ngspice(path.stem)
            if not len(next(iter(got.values()))):
                raise RuntimeError("no data")
            if period:
                worst = (abs(rising_period(got["time"], got[period]) / want[period][0] - 1), "period")
            else:
                first = next(iter(want))
                axis = first if first == "time" or "sweep" in first else None
                worst = max((error(want.get(first) if axis else None, got.get(axis), y, got[n], n), n) for n, y in want.items()
                            if n != axis and n in got)
            figure = f"{worst[0]:.1e} {worst[1]}"
        except Exception as problem:
            figure = f"cannot run: {str(problem).strip().splitlines()[-1][:60]}"
        print(f"| {path.stem} | {oracle} | {figure} |", flush=True)


if __name__ == "__main__":
    main()
