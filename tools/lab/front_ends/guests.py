# SPDX-License-Identifier: Apache-2.0
"""Linux guests across a TAP: in three QEMUs, and with a new kernel, which acknowledges IN_ORDER."""

import os
import subprocess

from firmware import finish, guest_exec, shared, use_network
from programs import Failure, Program


def guest(context, lab_options, attach, wanted=()):
    network = shared(context)
    try:
        network.start_servers()
        socket = context.path("agent")
        arguments = [argument.replace("{socket}", network.back_end.socket) for argument in attach]
        qemu = Program([os.path.join(context.scripts, "lab", "guest"), "--socket", socket, *lab_options, "--", *arguments], "QEMU")
        with qemu.watched():
            guest_exec(context, socket, "true")
            use_network(context, network, socket)
            missing = set(wanted) - network.back_end.last_features()
            if missing:
                raise Failure("not negotiated: " + " ".join(sorted(missing)))
            # The driver is unbound from the device and bound again.
            guest_exec(context, socket, "cd /sys/bus/virtio/drivers/virtio_net && d=$(ls -d virtio*) && echo $d >unbind && echo $d >bind")
            use_network(context, network, socket)
        return finish(network), "ping and HTTP of 12 MB, compared; unbound and bound, again"
    finally:
        network.end_servers()


def netdev(device):
    return ["-chardev", "socket,id=c,path={socket}", "-netdev", "vhost-user,id=n,chardev=c", "-device", f"{device},netdev=n,mac=02:00:00:00:00:01"]


GENERIC = [
    "-chardev", "socket,id=c,path={socket}",
    "-device", "vhost-user-test-device-pci,chardev=c,virtio-id=1,num_vqs=3,vq_size=256,config_size=24",
]  # fmt: skip


def kernel(context, series):
    """The version of the kernel of a series, which is fetched if it is missing."""
    subprocess.run([os.path.join(context.scripts, "lab", "provision"), "--kernel", series], check=True)
    return series


def cases(context):
    def version(qemu):
        text = subprocess.run([os.path.join(context.lab, "qemu-" + qemu), "--version"], check=True, stdout=subprocess.PIPE).stdout.decode()
        return "QEMU " + text.split()[3]

    for qemu, device in (("stock", "virtio-net-pci,vectors=0"), ("suite", "virtio-net-pci"), ("11", "virtio-net-pci")):
        yield context.case(
            f"Linux 6.12, QEMU {qemu}",
            lambda qemu=qemu: version(qemu),
            lambda qemu=qemu, device=device: guest(context, ["--qemu", qemu], netdev(device), ["MRG_RXBUF", "VERSION_1"]),
        )
    lab_options = ["--memory", "512M", "--kernel"]
    for name, packed in (("split", "off"), ("packed", "on")):
        wanted = ["IN_ORDER", *(["RING_PACKED"] if packed == "on" else [])]
        yield context.case(
            f"Linux 7.2 in order, {name}, -netdev",
            lambda: version("11"),
            lambda packed=packed, wanted=wanted: guest(
                context, [*lab_options, kernel(context, "7.2")], netdev(f"virtio-net-pci,in_order=on,packed={packed}"), wanted
            ),
        )
    yield context.case(
        "Linux 7.2 in order, packed, generic device",
        lambda: version("11"),
        lambda: guest(context, [*lab_options, kernel(context, "7.2")], GENERIC, ["IN_ORDER", "RING_PACKED"]),
    )
