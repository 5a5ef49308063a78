# SPDX-License-Identifier: Apache-2.0
"""The front-end library of cloud-hypervisor: rust-vmm's vhost crate, with this project's driver (tools/lab/rust-vmm)."""

import os
import re

from programs import BackEnd, Failure, Program


def run(context, config):
    back_end = BackEnd(context.command, context.path("guest.sock"), ["--port=echo"])
    try:
        # --port echo returns frames with swapped addresses.
        arguments = ["--swapped", *(["--config"] if config else [])]
        front_end = Program([os.path.join(context.lab, "rust-vmm-front-end"), back_end.socket, *arguments])
        try:
            front_end.process.wait(120)
            if front_end.process.returncode:
                raise Failure(front_end.tail() + "; vhost4j: " + back_end.tail()[-200:])
        finally:
            front_end.end()
        back_end.expect("front-end detached")
        if back_end.troubles():
            raise Failure("vhost4j: " + back_end.troubles()[0])
        frames = sum(map(int, re.findall(r"([0-9]+) frames", front_end.text)))
        acknowledged = re.search(r"acknowledged \S+ protocol features (\S+)", front_end.text.replace(",", "")).group(1)
        return back_end.negotiated(), (
            f"{frames:,} frames compared; memory slots added and removed, in-flight area, GET_VRING_BASE and restart, "
            f"{'dirty log, ' if 'frames logged' in front_end.text else ''}RESET_DEVICE; protocol features `{acknowledged}`"
        )
    finally:
        back_end.end()


def version(context):
    with open(os.path.join(context.lab, "rust-vmm", "versions"), encoding="ascii") as file:
        return file.read().strip()


def cases(context):
    for config in (False, True):
        yield context.case(
            "rust-vmm " + ("with CONFIG and MQ" if config else "in cloud-hypervisor's order"),
            lambda: version(context),
            lambda config=config: run(context, config),
        )
