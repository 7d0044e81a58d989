#!/usr/bin/env python3
"""Passive reads against badcrossbar (`pip install badcrossbar`): one process each, user plus system time and peak memory.

usage: reads.py IONSPICE [SIZE:VECTORS ..]     default: 256:1 256:1000 1024:1; badcrossbar is left out above 256 with --own
"""
import os, resource, subprocess, sys, tempfile

import numpy as np

PEER = """
import sys, types, resource
for name in ("cairo", "badcrossbar.plotting", "badcrossbar.plotting.devices"):
    sys.modules.setdefault(name, types.ModuleType(name))
import numpy as np, badcrossbar
r, v = np.loadtxt("r.csv", delimiter=",", ndmin=2), np.loadtxt("v.csv", delimiter=",", ndmin=2)
i = badcrossbar.compute(v.T, r, 1.0).currents.output
np.savetxt("peer.csv", np.atleast_2d(i), delimiter=",")
"""


def measured(command, folder):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with subprocess.Popen(["/usr/bin/env", "time", "-f", "%M", "-o", "memory"] + command, cwd=folder,
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as run:
        errors = run.stderr.read().decode()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if run.returncode:
        sys.exit(f"{command[0]} failed: {errors[-2000:]}")
    memory = os.path.join(folder, "memory")
    peak = float(open(memory).read().split()[-1]) / 1e3 if os.path.exists(memory) else float("nan")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, peak


def main():
    arguments = [a for a in sys.argv[1:] if a != "--own"]
    own = "--own" in sys.argv
    program = os.path.abspath(arguments[0])
    cases = [tuple(map(int, a.split(":"))) for a in arguments[1:] or ["256:1", "256:1000", "1024:1"]]
    print("| array | vectors | ionspice, s | MB | badcrossbar, s | MB | ratio | largest difference / largest current |")
    print("|---|---|---|---|---|---|---|---|")
    for size, vectors in cases:
        with tempfile.TemporaryDirectory() as folder:
            rng = np.random.default_rng(1)
            np.savetxt(os.path.join(folder, "r.csv"), 1 / rng.uniform(1e-5, 1e-4, (size, size)), "%.9g", ",")
            np.savetxt(os.path.join(folder, "v.csv"), rng.uniform(0, 0.2, (vectors, size)), "%.9g", ",")
            with open(os.path.join(folder, "deck.cir"), "w") as deck:
                deck.write(f'read\n.array xa row col r rows={size} cols={size} r_row=1 r_col=1 col_end=bottom r="r.csv"\n'
                           f'+ v_row=0 v_col=0\n.read xa vectors="v.csv"\n.end\n')
            ours = measured([program, "run", "deck.cir", "--csv", "own.csv"], folder)
            line = f"| {size}x{size} | {vectors} | {ours[0]:.2f} | {ours[1]:.0f} |"
            if own:
                print(line + " | | | |", flush=True)
                continue
            peer = measured([sys.executable, "-c", PEER], folder)
            a = np.loadtxt(os.path.join(folder, "own.csv"), delimiter=",", skiprows=1, ndmin=2)[:, 1:]
            b = np.loadtxt(os.path.join(folder, "peer.csv"), delimiter=",", ndmin=2)
            b = b if b.shape == a.shape else b.T
            miss = np.abs(a - b).max() / np.abs(b).max()
            print(f"{line} {peer[0]:.2f} | {peer[1]:.0f} | {peer[0] / ours[0]:.1f} | {miss:.1e} |", flush=True)


if __name__ == "__main__":
    main()
