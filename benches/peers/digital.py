#!/usr/bin/env python3
"""Writes netlists/bench/digital500.cir: an 18-bit ripple-carry adder of static CMOS (mirror adders of 28 transistors, 504 in all),
level 1, in plain ngspice syntax.

usage: python3 benches/peers/digital.py [--bits N] [--level 1|3]
"""
import argparse
import os

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

MODELS = {
    1: [".model nm nmos level=1 vto=0.5 kp=180u gamma=0.4 phi=0.8 lambda=0.06 tox=7n cgso=0.3n cgdo=0.3n cj=0.9m cjsw=0.25n pb=0.9 mj=0.4",
        ".model pm pmos level=1 vto=-0.55 kp=60u gamma=0.45 phi=0.8 lambda=0.08 tox=7n cgso=0.3n cgdo=0.3n cj=1.1m cjsw=0.3n pb=0.9 mj=0.45"],
    3: [".model nm nmos level=3 vto=0.5 nsub=1e17 uo=450 theta=0.15 vmax=1.7e5 kappa=0.3 eta=0.01 nfs=3e11 xj=0.15u",
        "+ tox=7n cgso=0.3n cgdo=0.3n cj=0.9m cjsw=0.25n pb=0.9 mj=0.4",
        ".model pm pmos level=3 vto=-0.55 nsub=8e16 uo=130 theta=0.12 vmax=2e5 kappa=0.5 eta=0.01 nfs=3e11 xj=0.15u",
        "+ tox=7n cgso=0.3n cgdo=0.3n cj=1.1m cjsw=0.3n pb=0.9 mj=0.45"],
}

# name: drain gate source, n-channels first; 24 transistors make the inverted carry and sum, two inverters follow
NMOS = ["cn a n1", "n1 b 0", "cn ci n2", "n2 a 0", "n2 b 0",
        "sn cn n3", "n3 a 0", "n3 b 0", "n3 ci 0", "sn a n4", "n4 b n5", "n5 ci 0", "co cn 0", "s sn 0"]


def cell():
    lines = [".subckt adder a b ci s co vdd"]
    for number, transistor in enumerate(NMOS, 1):
        d, g, s = transistor.split()
        size = "w=2u l=0.5u ad=2p as=2p pd=4u ps=4u"
        lines.append(f"mn{number} {d} {g} {s} 0 nm {size}")
        up = {"0": "vdd"}
        mirror = [up.get(node, node.replace("n", "p") if node in ("n1", "n2", "n3", "n4", "n5") else node) for node in (d, s)]
        size = "w=5u l=0.5u ad=5p as=5p pd=7u ps=7u"
        lines.append(f"mp{number} {mirror[0]} {g} {mirror[1]} vdd pm {size}")
    return lines + ["cs s 0 4f", "cc co 0 2f", ".ends"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bits", type=int, default=18)
    parser.add_argument("--level", type=int, default=1, choices=MODELS)
    parser.add_argument("--output", default=os.path.join(ROOT, "netlists", "bench", "digital500.cir"))
    given = parser.parse_args()
    lines = [f"{given.bits}-bit ripple-carry adder, {28 * given.bits} transistors, level {given.level}",
             "* Written by benches/peers/digital.py; the carry runs through all bits twice.",
             "vdd vdd 0 3.3", "vci c0 0 pulse(0 3.3 1n 0.2n 0.2n 19.8n 40n)"]
    for k in range(given.bits):
        # a is all ones and b all zeros at first, so that the carry runs through; then both change bit by bit
        lines += [f"va{k} a{k} 0 pulse(3.3 0 {42 + 0.5 * (k % 3):g}n 0.2n 0.2n {15 + k % 4}n {60}n)",
                  f"vb{k} b{k} 0 pulse(0 3.3 {60 + 0.7 * (k % 5):g}n 0.2n 0.2n {10 + k % 3}n {50}n)",
                  f"x{k} a{k} b{k} c{k} s{k} c{k + 1} vdd adder"]
    lines += cell() + MODELS[given.level]
    lines += [".tran 0.1n 100n", f".save v(s0) v(s{given.bits // 2}) v(s{given.bits - 1}) v(c{given.bits})", ".end"]
    with open(given.output, "w") as file:
        file.write("\n".join(lines) + "\n")


main()
