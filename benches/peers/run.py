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
    print("| deck | settings | ionspice, s | ngspice, s | ngspice / ionspice | error ionspice | error ngspice |")
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as scratch:
        for deck in ("array_4x4", "array_8x8", "array_16x16"):
            text = open(os.path.join(folder, deck + ".cir")).read()
            finer = text.replace(".tran 20n 1.2u", ".tran 1n 1.2u\n.options reltol=1e-4")
            coarser = text.replace(".tran 20n 1.2u", ".tran 20n 1.2u\n.options trtol=2")
            assert finer != text
            # settings, deck for ionspice, deck for ngspice
            cases = [("both as the deck says", text, text), ("ionspice trtol=2, ngspice 1 ns and reltol=1e-4", coarser, finer)]
            reference = os.path.join(folder, "ref", deck + ".csv")
            for settings, ours_text, peer_text in cases:
                for name, content in (("ours.cir", ours_text), ("peer.cir", peer_text)):
                    open(os.path.join(scratch, name), "w").write(content)
                ours, code = least([OURS, "run", "ours.cir", "-q", "--raw", "ours.raw"], repeat, scratch)
                if code:
                    sys.exit(f"{deck}: ionspice ended with exit code {code}")
                error = accuracy(os.path.join(scratch, "ours.raw"), reference)
                line = f"| {deck} | {settings} | {ours:.3f} | "
                if ngspice:
                    peer, _ = least([ngspice, "-b", "peer.cir", "-r", "peer.raw"], repeat, scratch)
                    peer_error = accuracy(os.path.join(scratch, "peer.raw"), reference)
                    line += f"{peer:.3f} | {peer / ours:.2f} | {error:.1e} | {peer_error:.1e} |"
                else:
                    line += f"- | - | {error:.1e} | - |"
                print(line, flush=True)
    maze = [OURS, "run", "tmaze.cir", "-q", "--seed", "1"]
    seconds, code = least(maze, 1, os.path.join(ROOT, "netlists"))
    print(f"\nT-maze, 200 episodes, one seed, one core, full transient: {seconds:.1f} s of user time (exit code {code}); target 20 s")


main()
