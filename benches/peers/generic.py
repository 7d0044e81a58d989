#!/usr/bin/env python3
"""Everyday decks of netlists/bench: ionspice against ngspice and VACASK at equal accuracy.

usage: python3 benches/peers/generic.py [--repeat N] [DECK ..]

Builds nothing: needs target/release/ionspice; ngspice and vacask are used when they are on the PATH. Every simulator runs the same circuit with
the same greatest step and its default tolerances; the table has the least user time of N runs and the rms error over range of the
saved signal against a reference: the closed form (rc), or ngspice with ten times smaller steps and tolerances. A figure counts when its error
is at most 1e-3.
"""
import argparse, bisect, math, os, re, resource, shutil, struct, subprocess, sys, tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
OURS = os.path.join(ROOT, "target", "release", "ionspice")
FOLDER = os.path.join(ROOT, "netlists", "bench")

DIODE = 'load "spice/diode.osdi"\nload "resistor.osdi"\nload "capacitor.osdi"\nmodel r resistor\nmodel c capacitor\nmodel vsource vsource\n'
CARD = "model dm sp_diode (is=76.9p rs=42m n=1.45 cjo=26.5p m=0.333 {} tt=4.32u)\n"
VACASK = {
    "rc": """RC
load "resistor.osdi"
load "capacitor.osdi"
model r resistor
model c capacitor
model vsource vsource
v1 (in 0) vsource type="pulse" val0=0 val1=1 delay=1u rise=1u fall=1u width=1m period=2m
r1 (in out) r r=1k
c1 (out 0) c c=1u
control
  save v(out)
  analysis tran1 tran step=1u stop=1 maxstep=1u
endc
""",
    "bridge": "bridge\n" + DIODE + CARD.format("bv=50 ibv=10u") + """vs (inp inn) vsource type="sine" sinedc=0 ampl=20 freq=50
rs (inn 0) r r=100M
d1 (inp out) dm
d2 (inn out) dm
d3 (0 inp) dm
d4 (0 inn) dm
rl (out 0) r r=1k
cl (out 0) c c=100u
control
  save v(out)
  analysis tran1 tran step=10u stop=1 maxstep=10u
endc
""",
    "multiplier": "multiplier\n" + DIODE + CARD.format("") + """vs (in 0) vsource type="sine" sinedc=0 ampl=50 freq=100k
r1 (in a) r r=10m
c1 (a b) c c=100n
d1 (0 b) dm
c2 (0 c) c c=100n
d2 (b c) dm
c3 (b d) c c=100n
d3 (c d) dm
c4 (c e) c c=100n
d4 (d e) dm
rl (e 0) r r=1M
control
  save v(e)
  analysis tran1 tran step=10n stop=1m maxstep=10n
endc
""",
}


def user_time(command, cwd):
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    done = subprocess.run(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before, done


def read_raw(path):
    """Axis and last signal of the first plot of a binary raw file."""
    data = open(path, "rb").read()
    head, body = data.split(b"Binary:\n", 1)
    text = head.decode("latin-1")
    count = int(re.search(r"No. Variables:\s*(\d+)", text)[1])
    points = min(int(re.search(r"No. Points:\s*(\d+)", text)[1]), len(body) // (8 * count))
    values = struct.unpack_from("<%dd" % (count * points), body)
    return list(values[0::count]), list(values[count - 1 :: count])


def closed_rc(times):
    """Response of the RC to trapezoid pulses, by exact integration between corners."""
    tau, values = 1e-3, []
    state, t = 0.0, 0.0
    corners = [(1e-6, 0.0)]
    k = 0
    while corners[-1][0] < 1.01:
        t0 = 1e-6 + k * 2e-3
        corners += [(t0 + 1e-6, 1.0), (t0 + 1e-6 + 1e-3, 1.0), (t0 + 2e-6 + 1e-3, 0.0), (t0 + 2e-3, 0.0)]
        k += 1
    segment, (ta, va) = 0, (0.0, 0.0)

    def advance(y, from_value, slope, dt):
        # y' = (u - y) / tau with u = from_value + slope * t
        particular = from_value - slope * tau
        return particular + slope * dt + (y - particular) * math.exp(-dt / tau)

    for time in times:
        while corners[segment][0] <= time:
            tb, vb = corners[segment]
            if tb > ta:
                state = advance(state, va, (vb - va) / (tb - ta), tb - ta)
            ta, va = tb, vb
            segment += 1
        tb, vb = corners[segment]
        values.append(advance(state, va, (vb - va) / (tb - ta) if tb > ta else 0.0, time - ta))
    return values


def error(axis, values, reference):
    """rms over range, weighted along the reference's axis."""
    times, wanted = reference
    square, previous = 0.0, None
    for x, want in zip(times, wanted):
        i = min(max(bisect.bisect_right(axis, x) - 1, 0), len(axis) - 2)
        step = axis[i + 1] - axis[i]
        share = (x - axis[i]) / step if step > 0 else 0.0
        e = values[i] + (values[i + 1] - values[i]) * share - want
        if previous is not None:
            square += (e * e + previous[1] ** 2) / 2 * (x - previous[0])
        previous = (x, e)
    return math.sqrt(square / (times[-1] - times[0])) / (max(wanted) - min(wanted))


def reference(deck, text, ngspice, scratch):
    if deck == "rc":
        times = [k * 1.37e-5 for k in range(72_900)]
        return times, closed_rc(times)
    if ngspice is None:
        return None
    step = re.search(r"\.tran (\S+) (\S+) 0 (\S+)", text)
    number = float(re.match(r"[\d.]+", step[3])[0]) / 10
    fine = f"{number}{step[3][-1]}"
    tight = text.replace(step[0], f".options reltol=1e-5 abstol=1e-14 vntol=1e-8\n.tran {fine} {step[2]} 0 {fine}")
    path = os.path.join(scratch, "reference.cir")
    open(path, "w").write(tight)
    subprocess.run([ngspice, "-b", "-r", "reference.raw", path], cwd=scratch, capture_output=True)
    axis, values = read_raw(os.path.join(scratch, "reference.raw"))
    every = max(1, len(axis) // 100_000)
    return axis[::every], values[::every]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("decks", nargs="*", default=list(VACASK))
    arguments = parser.parse_args()
    ngspice, vacask = shutil.which("ngspice"), shutil.which("vacask")
    print("| deck | simulator | user time, s | of ionspice | points | rms error / range |")
    print("|---|---|---|---|---|---|")
    for deck in arguments.decks:
        with tempfile.TemporaryDirectory() as scratch:
            path = os.path.join(FOLDER, deck + ".cir")
            text = open(path).read()
            wanted = reference(deck, text, ngspice, scratch)
            runs = [("ionspice", [OURS, "run", "-q", path, "--raw", "out.raw"], "out.raw")]
            if ngspice:
                runs.append(("ngspice", [ngspice, "-b", "-r", "ng.raw", path], "ng.raw"))
            if vacask and deck in VACASK:
                open(os.path.join(scratch, "deck.sim"), "w").write(VACASK[deck])
                runs.append(("VACASK", [vacask, "deck.sim"], "tran1.raw"))
            base = None
            for name, command, raw in runs:
                times = []
                for _ in range(arguments.repeat):
                    seconds, done = user_time(command, scratch)
                    times.append(seconds)
                try:
                    axis, values = read_raw(os.path.join(scratch, raw))
                except OSError:
                    print(f"| {deck} | {name} | failed: {done.stdout.strip().splitlines()[-1:]} | | | |")
                    continue
                best = min(times)
                base = base or best
                miss = f"{error(axis, values, wanted):.1e}" if wanted else "-"
                print(f"| {deck} | {name} | {best:.2f} | {best / base:.2f} | {len(axis)} | {miss} |", flush=True)


if __name__ == "__main__":
    sys.exit(main())
