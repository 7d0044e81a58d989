#!/usr/bin/env python3
"""Programming of 1T1R arrays: ionspice, ngspice and VACASK side by side, at equal accuracy.

usage: python3 benches/peers/array.py [SIZE ...] [--repeat N] [--peers] [--threads] [--vteam FILE.osdi] [--reltol R ...]

SIZE is ROWSxCOLUMNS (default 8x8 16x16 32x32). One row gets a SET pulse while the other rows float; level 1 transistors, a
threshold memristor as B sources with its state on a capacitor, 0.5 ohm of wire per cell, gates and rows with capacitance.
Needs target/release/ionspice; ngspice and vacask are used with --peers when they are on the PATH, VACASK with the same
memristor compiled from Verilog-A (--vteam, a library made by openvaf-r of `models/va` or the like).

A run counts when its waveforms are within 1e-3 (rms over range) of ionspice's own with reltol=1e-5 and every acceleration off
(`--reference`, dear: up to 32x32); with that option each peer's tolerance is tightened until it is there. Times are user
times, least of N runs; memory is the greatest resident size.
"""
import argparse, bisect, math, os, resource, shutil, struct, subprocess, sys, tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
OURS = os.path.join(ROOT, "target", "release", "ionspice")


def weight(i, j):
    return 0.3 + 0.4 * ((i * 7 + j * 13) % 17) / 16


def spice(rows, columns, options=""):
    selected, lines = rows // 2, [f"* {rows}x{columns} 1T1R array, one row programmed"]
    add = lines.append
    add(""".subckt cell te be w0=0.5
.param ron=4k roff=20k von=-0.3 voff=0.35 kon=-40 koff=20 aon=3 aoff=3
C1 w 0 1n
.ic v(w)={w0}
R1 w 0 1e12
Bw 0 w I = 1n*1e6*( v(te,be)>voff ? koff*pow(v(te,be)/voff-1,aoff)*(1-v(w))*(v(w)<1 ? 1 : 0) : (v(te,be)<von ? kon*pow(v(te,be)/von-1,aon)*v(w) : 0) )
Bm te be I = v(te,be)/(roff+(ron-roff)*v(w))
.ends
.model nsel nmos level=1 vto=0.5 kp=300u lambda=0.02 tox=5n cgso=0.2n cgdo=0.2n""")
    for j in range(columns):
        gate = 0.9 + 0.9 * j / max(columns - 1, 1)
        add(f"Vc{j} cin{j} 0 PULSE(0 1.6 0.1u 10n 10n 0.5u 5u)\nRc{j} cin{j} c{j}_0 50")
        add(f"Vg{j} gin{j} 0 PULSE(0 {gate:.4f} 0.05u 10n 10n 0.6u 5u)\nRg{j} gin{j} g{j}_0 50\nCg{j} g{j}_0 0 50f")
    for i in range(rows):
        add(f"Rr{i} r{i}_0 0 {10 if i == selected else '1g'}\nCrow{i} r{i}_0 0 50f")
    for i in range(rows):
        for j in range(columns):
            add(f"Xm{i}_{j} c{j}_{i} m{i}_{j} cell w0={weight(i, j):.4f}")
            add(f"M{i}_{j} m{i}_{j} g{j}_0 r{i}_{j} 0 nsel w=10u l=0.18u")
            if i + 1 < rows:
                add(f"Rcw{i}_{j} c{j}_{i} c{j}_{i+1} 0.5")
            if j + 1 < columns:
                add(f"Rrw{i}_{j} r{i}_{j} r{i}_{j+1} 0.5")
    add(f"{options}\n.tran 20n 1.2u")
    add(".save " + " ".join(f"v({n})" for n in signals(rows, columns)) + "\n.end")
    return "\n".join(lines) + "\n"


def signals(rows, columns):
    s = rows // 2
    return ["c0_0", "r0_0", f"m{s}_0", f"m{s}_{columns-1}"]


def vacask(rows, columns, library, options):
    selected = rows // 2
    lines = [f'1T1R {rows}x{columns}\nload "spice/mos1.osdi"\nload "resistor.osdi"\nload "capacitor.osdi"\nload "{library}"']
    add = lines.append
    add("model r resistor\nmodel c capacitor\nmodel vsource vsource\nmodel vteam vteam")
    add("model nsel sp_mos1 (type=1 vto=0.5 kp=300u lambda=0.02 tox=5n cgso=0.2n cgdo=0.2n)")
    pulse = 'vsource type="pulse" val0=0 rise=10n fall=10n period=5u'
    for j in range(columns):
        gate = 0.9 + 0.9 * j / max(columns - 1, 1)
        add(f"vc{j} (cin{j} 0) {pulse} val1=1.6 delay=0.1u width=0.5u\nrc{j} (cin{j} c{j}_0) r r=50")
        add(f"vg{j} (gin{j} 0) {pulse} val1={gate:.4f} delay=0.05u width=0.6u\nrg{j} (gin{j} g{j}_0) r r=50")
        add(f"cg{j} (g{j}_0 0) c c=50f")
    for i in range(rows):
        add(f"rr{i} (r{i}_0 0) r r={10 if i == selected else '1e9'}\ncrow{i} (r{i}_0 0) c c=50f")
    for i in range(rows):
        for j in range(columns):
            add(f"xm{i}_{j} (c{j}_{i} m{i}_{j}) vteam w0={weight(i, j):.4f}")
            add(f"m{i}_{j} (m{i}_{j} g{j}_0 r{i}_{j} 0) nsel w=10u l=0.18u")
            if i + 1 < rows:
                add(f"rcw{i}_{j} (c{j}_{i} c{j}_{i+1}) r r=0.5")
            if j + 1 < columns:
                add(f"rrw{i}_{j} (r{i}_{j} r{i}_{j+1}) r r=0.5")
    saves = " ".join(f"v({n})" for n in signals(rows, columns))
    add(f'control\n  options tran_method="trap" {options}\n  save {saves}\n  analysis tran1 tran step=20n stop=1.2u\nendc')
    return "\n".join(lines) + "\n"


def run(command, folder, threads=1):
    """User time in s, greatest resident size in MB, success."""
    environment = dict(os.environ, RAYON_NUM_THREADS=str(threads))
    pid = os.fork()
    if pid == 0:
        os.chdir(folder)
        null = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(null, stream)
        try:
            os.execvpe(command[0], command, environment)
        finally:
            os._exit(127)
    _, status, usage = os.wait4(pid, 0)
    return usage.ru_utime, usage.ru_maxrss / 1024, status == 0


def measure(command, folder, repeat, threads=1):
    runs = [run(command, folder, threads) for _ in range(repeat)]
    return min(r[0] for r in runs), max(r[1] for r in runs), all(r[2] for r in runs)


def read_raw(path):
    head, body = open(path, "rb").read().split(b"Binary:\n", 1)
    lines = head.decode("latin-1").splitlines()
    number = lambda key: int(next(l for l in lines if l.startswith(key)).split(":")[1].split()[0])
    count, points = number("No. Variables"), number("No. Points")
    start = next(k for k, l in enumerate(lines) if l.startswith("Variables")) + 1
    names = [l.split()[1].lower() for l in lines[start : start + count]]
    names = [n[2:-1] if n.startswith("v(") else n for n in names]
    values = struct.unpack_from("<%dd" % (count * points), body)
    return {name: values[k::count] for k, name in enumerate(names)}


def difference(reference, found):
    """Worst rms difference over range of the reference's signals."""
    axis, other, worst = reference["time"], found["time"], 0.0
    for name, y in reference.items():
        if name == "time":
            continue
        z, square, last = found[name], 0.0, None
        for k, t in enumerate(axis):
            i = min(max(bisect.bisect_right(other, t) - 1, 0), len(other) - 2)
            share = (t - other[i]) / (other[i + 1] - other[i]) if other[i + 1] > other[i] else 0.0
            error = z[i] + (z[i + 1] - z[i]) * share - y[k]
            if last is not None:
                square += (error * error + last * last) / 2 * (t - axis[k - 1])
            last = error
        worst = max(worst, math.sqrt(square / (axis[-1] - axis[0])) / (max(y) - min(y)))
    return worst


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("sizes", nargs="*", default=["8x8", "16x16", "32x32"])
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--peers", action="store_true")
    parser.add_argument("--threads", action="store_true", help="also with two threads (wall times)")
    parser.add_argument("--reference", action="store_true")
    parser.add_argument("--vteam")
    parser.add_argument("--reltol", nargs="*", default=["1e-3", "1e-4"], help="of the peers")
    given = parser.parse_args()
    print("| array | run | user, s | MB | points | error | times ours |\n|---|---|---|---|---|---|---|")
    for size in given.sizes:
        rows, columns = map(int, size.split("x"))
        with tempfile.TemporaryDirectory() as folder:
            write = lambda name, text: open(os.path.join(folder, name), "w").write(text)
            raw = lambda name: read_raw(os.path.join(folder, name))
            write("ours.cir", spice(rows, columns))
            reference = None
            if given.reference:
                write("tight.cir", spice(rows, columns, ".options reltol=1e-5 exact"))
                measure([OURS, "run", "tight.cir", "-q", "--raw", "tight.raw"], folder, 1)
                reference = raw("tight.raw")
            ours, memory, good = measure([OURS, "run", "ours.cir", "-q", "--raw", "ours.raw"], folder, given.repeat)
            report(size, "ionspice", ours, memory, raw("ours.raw") if good else None, reference, None)
            reference = reference or (raw("ours.raw") if good else None)
            if not given.peers:
                continue
            for tolerance in given.reltol:
                if shutil.which("ngspice") and rows * columns <= 1024:
                    text = spice(rows, columns, f".options reltol={tolerance}")
                    step = "2n" if tolerance == "1e-3" else "1n"
                    write("peer.cir", text.replace(".tran 20n", f".tran {step}"))
                    seconds, memory, good = measure(["ngspice", "-b", "peer.cir", "-r", "peer.raw"], folder, 1)
                    found = raw("peer.raw") if good else None
                    report(size, f"ngspice, reltol={tolerance}, {step}", seconds, memory, found, reference, ours)
                if shutil.which("vacask") and given.vteam:
                    write("peer.sim", vacask(rows, columns, os.path.abspath(given.vteam), f"reltol={tolerance}"))
                    seconds, memory, good = measure(["vacask", "peer.sim"], folder, 1)
                    found = raw("tran1.raw") if good and os.path.exists(os.path.join(folder, "tran1.raw")) else None
                    report(size, f"VACASK, reltol={tolerance}", seconds, memory, found, reference, ours)


def report(size, name, seconds, memory, found, reference, ours):
    points = len(found["time"]) if found else "failed"
    error = f"{difference(reference, found):.1e}" if found and reference else "-"
    ratio = f"{seconds / ours:.1f}" if ours else ""
    print(f"| {size} | {name} | {seconds:.2f} | {memory:.0f} | {points} | {error} | {ratio} |", flush=True)


main()
