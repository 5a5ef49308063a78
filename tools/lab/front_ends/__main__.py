# SPDX-License-Identifier: Apache-2.0
"""Tries front-ends one after the other and prints a table. Started by tools/front-ends."""

import argparse
import datetime
import os
import platform
import sys
import tempfile
import time
import traceback

import firmware
import guests
import rust_vmm
import virtio_user
from programs import Failure

PARTS = {"virtio-user": virtio_user, "rust-vmm": rust_vmm, "firmware": firmware, "linux": guests}
OFFLOADS = {
    "CSUM", "GUEST_CSUM", "GUEST_TSO4", "GUEST_TSO6", "GUEST_ECN", "GUEST_UFO", "HOST_TSO4", "HOST_TSO6", "HOST_ECN", "HOST_UFO",
    "GUEST_USO4", "GUEST_USO6", "HOST_USO",
}  # fmt: skip


class Case:
    def __init__(self, name, version, run):
        self.name, self.version, self.run = name, version, run


class Context:
    """The context of a case: the command of vhost4j, the lab, and a separate directory."""

    case = Case

    def __init__(self, scripts, lab):
        self.scripts, self.lab = scripts, lab
        self.command = [os.environ.get("VHOST4J_COMMAND", os.path.join(scripts, "vhost4j"))]
        self.directory = ""
        self.programs = {}

    def kept(self, name, start):
        """A program that several cases share; it is ended after the last case."""
        if name not in self.programs or self.programs[name].ended:
            self.programs[name] = start()
        return self.programs[name]

    def path(self, name):
        return os.path.join(self.directory, name)


def told(negotiated):
    """The features that drivers acknowledged: the numbers, and the names of notable features."""
    cells = []
    for number, names in dict.fromkeys((number, tuple(names)) for number, names in negotiated):
        plain = [name for name in names if name not in OFFLOADS and not name.startswith(("CTRL_", "GUEST_ANN", "BIT_"))]
        offloads = len(OFFLOADS.intersection(names))
        cells.append(f"`{number:#x}` " + " ".join(plain) + (f" and {offloads} offloads" if offloads else ""))
    return "; ".join(cells) or "–"


def main():
    parser = argparse.ArgumentParser(prog="front-ends")
    parser.add_argument("--scripts", required=True)
    parser.add_argument("--lab", required=True)
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--into")
    parser.add_argument("--only", action="append", default=[])
    parser.add_argument("part", nargs="*", choices=[[], *PARTS])
    options = parser.parse_args()
    context = Context(options.scripts, options.lab)
    chosen = [
        case
        for part in (options.part or PARTS)
        for case in PARTS[part].cases(context)
        if not options.only or any(text in case.name for text in options.only)
    ]
    if not chosen:
        print("front-ends: no name has this in it: see --list", file=sys.stderr)
        return 2
    if options.list:
        print("\n".join(case.name for case in chosen))
        return 0
    table = [
        f"Tried on {datetime.date.today()}, Linux {platform.release()}, by `tools/front-ends`.",
        "",
        "| front-end | version | negotiated | done | result |",
        "|---|---|---|---|---|",
    ]
    failed = 0
    for case in chosen:
        began = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="vhost4j-front-ends-", dir="/dev/shm") as context.directory:
            try:
                negotiated, done = case.run()
                result = "passed"
            except Failure as failure:
                negotiated, done, result = [], str(failure).replace("|", "/"), "**failed**"
            except Exception:  # the other cases still run
                negotiated, done, result = [], traceback.format_exc().strip().splitlines()[-1].replace("|", "/"), "**failed**"
                traceback.print_exc()
            failed += result != "passed"
            row = f"| {case.name} | {case.version()} | {told(negotiated)} | {done} | {result} |"
        table.append(row)
        print(f"{row} {time.monotonic() - began:.1f} s", flush=True)
        if options.into:
            with open(options.into, "w", encoding="utf-8") as file:
                file.write("\n".join(table) + "\n")
    for program in context.programs.values():
        program.end()
    print(f"{len(chosen) - failed} passed, {failed} failed")
    return 1 if failed else 0


sys.exit(main())
