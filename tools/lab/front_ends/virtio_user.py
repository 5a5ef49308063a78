# SPDX-License-Identifier: Apache-2.0
"""DPDK's virtio-user, in testpmd: a driver without a guest. Frames circulate between it and a back-end that returns them."""

import functools
import os
import re
import time

from programs import BackEnd, Failure, Program

PROMPT = r"testpmd> "
FRAMES = 10_000
IN_FLIGHT = 64

# Each of the driver's functions for rings: packed, in_order, mergeable, vectorized. The driver uses its vector code if it has any.
PATHS = [
    ("split", 0, 0, 0, 0),
    ("split mergeable", 0, 0, 1, 0),
    ("split in order", 0, 1, 0, 0),
    ("split in order mergeable", 0, 1, 1, 0),
    ("split vectorized", 0, 0, 0, 1),
    ("packed", 1, 0, 0, 0),
    ("packed mergeable", 1, 0, 1, 0),
    ("packed in order", 1, 1, 0, 0),
    ("packed in order mergeable", 1, 1, 1, 0),
    ("packed vectorized", 1, 1, 0, 1),
    ("packed vectorized mergeable", 1, 1, 1, 1),
]


def programs(lab):
    return [
        ("host's", "dpdk-testpmd"),
        ("suite's", os.path.join(lab, "dpdk-testpmd-suite")),
        ("newest", os.path.join(lab, "dpdk-testpmd-newest")),
    ]


def testpmd(program, devices, arguments):
    return Program(
        [
            "stdbuf", "-oL", program, "-v", "--no-huge", "-m", "256", "--no-pci", "--no-shconf", "--no-telemetry", "--lcores=0@(0,1),1@(0,1)",
            "--force-max-simd-bitwidth=512", "--log-level=pmd.net.virtio.init:info", *(f"--vdev={device}" for device in devices),
            "--", "--interactive", "--total-num-mbufs=24576", *arguments,
        ],
        "dpdk-testpmd",
    )  # fmt: skip


def command(program, text):
    program.say(text)
    start = program.consumed
    program.expect(PROMPT)
    return program.text[start : program.consumed]


def packets(program):
    text = command(program, "show port stats all")
    return tuple(sum(map(int, re.findall(which + r"-packets: *([0-9]+)", text))) for which in ("RX", "TX"))


def chosen(text):
    """The ring functions that the driver reports."""
    return ", ".join(dict.fromkeys(re.findall(r"using ([^\n]*? (?:Rx|Tx) path)", text)))


def go_round(context, program, path, queues=1, segments="1400", more=()):
    _, packed, in_order, mergeable, vectorized = path
    socket = f"/dev/shm/vhost4j-virtio-user-{os.getpid()}.sock"  # the files with packed rings' positions must be on a tmpfs
    offer = ["--port=echo", "--queues=2", "--set=packed=on", "--set=in_order=on"]
    back_end = context.kept("virtio-user", lambda: BackEnd(context.command, socket, offer))
    back_end.mark()
    device = (
        f"net_virtio_user0,path={socket},queues={queues},queue_size=256,mrg_rxbuf={mergeable},in_order={in_order},"
        f"packed_vq={packed},vectorized={vectorized}"
    )
    driver = testpmd(program, [device], ["--forward-mode=io", f"--rxq={queues}", f"--txq={queues}", *more])
    try:
        driver.expect(PROMPT)
        features = back_end.last_features()
        for name, wanted in (("RING_PACKED", packed), ("IN_ORDER", in_order), ("MRG_RXBUF", mergeable)):
            if (name in features) != bool(wanted):
                raise Failure(f"{name} was {'not ' if wanted else ''}negotiated")
        command(driver, f"set txpkts {segments}")
        command(driver, "start tx_first 2")
        deadline = time.monotonic() + 120
        while packets(driver)[0] < FRAMES and time.monotonic() < deadline:
            time.sleep(0.1)  # the query takes time of the driver
        command(driver, "stop")
        received, sent = packets(driver)
        if received < FRAMES:
            raise Failure(f"{received} of {sent} frames were returned")
        if sent - received != IN_FLIGHT * queues:
            raise Failure(f"{sent} frames were sent and {received} were returned, with {IN_FLIGHT * queues} in flight")
        functions = chosen(driver.text)
        driver.say("quit")
        driver.process.wait(60)
        if driver.process.returncode:
            raise Failure(f"testpmd ended with {driver.process.returncode}")
        back_end.expect("front-end detached")
    finally:
        driver.end()
    if back_end.troubles():
        raise Failure("vhost4j: " + back_end.troubles()[0])
    return back_end.negotiated(), f"{FRAMES:,} frames and more returned, none lost; {functions}"


@functools.cache
def version(program):
    text = testpmd_version(program)
    found = re.search(r"RTE Version: 'DPDK ([^']*)'", text)
    return found.group(1) if found else "?"


def testpmd_version(program):
    asked = Program([program, "-v", "--no-huge", "-m", "32", "--no-pci", "--no-shconf", "--no-telemetry", "--", "--help"])
    asked.expect("RTE Version.*\n")
    asked.end()
    return asked.text


def cases(context):
    for which, program in programs(context.lab):
        for path in PATHS:
            yield context.case(
                f"virtio-user {which} {path[0]}",
                lambda program=program: "DPDK " + version(program),
                lambda program=program, path=path: go_round(context, program, path),
            )
        for path in (PATHS[1], PATHS[6]):
            yield context.case(
                f"virtio-user {which} {path[0]}, 2 queues, frames in pieces and in several buffers",
                lambda program=program: "DPDK " + version(program),
                lambda program=program, path=path: go_round(
                    context, program, path, 2, "300,300,300", ["--mbuf-size=512", "--enable-scatter", "--max-pkt-len=1518"]
                ),
            )
