#!/usr/bin/env python3
"""Whole runs of ionspice against ngspice on the same decks, and the T-maze training run.

usage: python3 benches/peers/run.py [--repeat N]

Builds nothing: needs target/release/ionspice. ngspice is used when it is on the PATH. Prints a table of the least user time of N runs,
the ratio, and the accuracy of both (worst rms error over range against the reference in netlists/oracle/ref).
"""
import argparse, bisect, csv, math, os, resource, shutil, struct, subprocess, sys, tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
OURS = os.path.join(ROOT, "target", "release", "ionspice")


def user_time(command, cwd):
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    done = subprocess.run(command, cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before, done.returncode


def least(command, repeat, cwd):
    runs = [user_time(command, cwd) for _ in range(repeat)]
    return min(t for t, _ in runs), max(code for _, code in runs)


def read_raw(path):
    """First plot of a binary raw file: names and columns."""
    data = open(path, "rb").read()
    head, body = data.split(b"Binary:\n", 1)
    lines = head.decode("latin-1").splitlines()
    count = points = 0
    names = []
    for k, line in enumerate(lines):
        if line.startswith("No. Variables"):
            count = int(line.split(":")[1])
        elif line.startswith("No. Points"):
            points = int(line.split(":")[1].split()[0])
        elif line.startswith("Variables"):
            names = [l.split()[1].lower() for l in lines[k + 1 : k + 1 + count]]
    values = struct.unpack_from("<%dd" % (count * points), body)
    return names, [values[k::count] for k in range(count)]


def accuracy(raw, reference):
    rows = [line for line in open(reference) if not line.startswith("#")]
    table = list(csv.reader(rows))
    names, data = table[0], [list(map(float, r)) for r in table[1:]]
    found, columns = read_raw(raw)
    axis = columns[0]
    worst = 0.0
    for k, name in enumerate(names[1:], 1):
        y = columns[found.index(name)]
        errors = []
        for row in data:
            i = min(max(bisect.bisect_right(axis, row[0]) - 1, 0), len(axis) - 2)
            share = (row[0] - axis[i]) / (axis[i + 1] - axis[i]) if axis[i + 1] > axis[i] else 0.0
            errors.append(y[i] + (y[i + 1] - y[i]) * share - row[k])
        x = [row[0] for row in data]
        square = sum((errors[i] ** 2 + errors[i + 1] ** 2) / 2 * (x[i + 1] - x[i]) for i in range(len(x) - 1))
        values = [row[k] for row in data]
        worst = max(worst, math.sqrt(square / (x[-1] - x[0])) / (max(values) - min(values)))
    return worst


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--repeat", type=int, default=3)
    repeat = parser.parse_args().repeat
    ngspice = shutil.which("ngspice")
    folder = os.path.join(ROOT, "netlists", "oracle")
    print("| deck | ionspice, s | ngspice, s | ngspice / ionspice | error ionspice | error ngspice |")
    print("|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as scratch:
        for deck in ("array_4x4", "array_8x8", "array_16x16"):
            reference = os.path.join(folder, "ref", deck + ".csv")
            raw = os.path.join(scratch, "ours.raw")
            ours, code = least([OURS, "run", deck + ".cir", "-q", "--raw", raw], repeat, folder)
            if code:
                sys.exit(f"{deck}: ionspice ended with exit code {code}")
            line = f"| {deck} | {ours:.3f} | "
            if ngspice:
                peer_raw = os.path.join(scratch, "peer.raw")
                peer, _ = least([ngspice, "-b", deck + ".cir", "-r", peer_raw], repeat, folder)
                line += f"{peer:.3f} | {peer / ours:.2f} | {accuracy(raw, reference):.1e} | {accuracy(peer_raw, reference):.1e} |"
            else:
                line += f"- | - | {accuracy(raw, reference):.1e} | - |"
            print(line, flush=True)
    maze = [OURS, "run", "tmaze.cir", "-q", "--seed", "1"]
    seconds, code = least(maze, 1, os.path.join(ROOT, "netlists"))
    print(f"\nT-maze, 200 episodes, one seed, one core, full transient: {seconds:.1f} s of user time (exit code {code}); target 20 s")


main()
