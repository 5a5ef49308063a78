# SPDX-License-Identifier: Apache-2.0
"""Firmware that boots from the network, across a TAP: DHCP, TFTP and HTTP, twice with a reset between; then Linux on the same device."""

import os
import re
import struct
import subprocess
import zlib

from network import HOST, Network, linux_script, url
from programs import Failure, Program

BOOTS = 2


def guest_exec(context, socket, command, seconds=240):
    done = subprocess.run(
        [os.path.join(context.scripts, "lab", "guest-exec"), socket, command, str(seconds)],
        check=False, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    text = done.stdout.decode("latin-1").strip()
    if done.returncode:
        raise Failure(f"the guest's '{command}' ended with {done.returncode}: {text[-300:]}")
    return text


def for_transitional(context, rom):
    """A copy of a PCI ROM for device 0x1000, as QEMU makes one of its own ROM: SeaBIOS runs none that names another device."""
    with open(rom, "rb") as file:
        image = bytearray(file.read())
    at = struct.unpack_from("<H", image, 0x18)[0] + 6
    before = image[at] + image[at + 1]
    struct.pack_into("<H", image, at, 0x1000)
    image[6] = (image[6] + before - image[at] - image[at + 1]) % 256
    with open(context.path("net.rom"), "wb") as file:
        file.write(image)
    return context.path("net.rom")


def use_network(context, network, socket):
    """Linux on the device: ping, and a file by HTTP, compared."""
    guest_exec(context, socket, "ip link set eth0 up; ip addr add 10.77.0.1/24 dev eth0; ping -c 3 -i 0.2 -W 20 " + HOST)
    digest = guest_exec(context, socket, f"wget -q -O - {url('vmlinuz')} | sha256sum").split()[0]
    if digest != network.digest("vmlinuz"):
        raise Failure("the file that Linux fetched by HTTP differs")


def shared(context):
    """The back-end with the TAP. It offers all features, and each QEMU acknowledges the ones that it supports."""
    return context.kept("network", lambda: Network(context.lab, context.command, ["--set=packed=on", "--set=in_order=on"]))


def payload(network, size):
    """Serves a file in which each 32-bit word differs from all others."""
    content = b"".join(struct.pack("<I", i * 2654435761 & 0xFFFFFFFF) for i in range(size // 4))
    network.write("payload", content)
    return content


def finish(network):
    """Checks that the front-end has disconnected without an error of the back-end."""
    network.back_end.expect("front-end detached")
    if network.back_end.troubles():
        raise Failure("vhost4j: " + network.back_end.troubles()[0])
    return network.back_end.negotiated()


# iPXE alone: it fetches a whole file before it continues, and resets.
FETCH = [f"imgfetch {url('payload')} || reboot", f"imgfetch {url('done')} || reboot", "reboot"]


def pc(context, dhcp_options, qemu_options, device="virtio-net-pci", files=(), linux=False):
    """A PC whose firmware boots through iPXE, twice; iPXE starts Linux if requested."""
    network = shared(context)
    try:
        for name, path in files:
            network.serve(name, path)
        network.script(*(linux_script() if linux else FETCH))
        payload(network, 1 << 20)
        network.write("done", b"done")
        network.start_servers(*dhcp_options)
        socket = context.path("agent")
        # QEMU starts a kernel of its command line before any device.
        bootindex = "" if "-kernel" in qemu_options else ",bootindex=0"
        qemu = Program(
            [
                os.path.join(context.scripts, "lab", "guest"), "--socket", socket, "--network-boot", "--",
                "-chardev", f"socket,id=c,path={network.back_end.socket}", "-netdev", "vhost-user,id=n,chardev=c",
                "-device", f"{device},netdev=n,mac=02:00:00:00:00:01{bootindex}", *qemu_options,
            ],
            "QEMU",
        )  # fmt: skip
        with qemu.watched():
            for boot in range(1, BOOTS + 1):
                network.await_tftp("boot.ipxe", boot, 300)
                if not linux:
                    network.await_http("done", boot, 120)
                    continue
                network.await_http("initramfs.cpio.gz", boot, 240)
                guest_exec(context, socket, "true")
                use_network(context, network, socket)
                if boot < BOOTS:
                    guest_exec(context, socket, "reboot -f -d 1 >/dev/null 2>&1 &")
        then = ", then Linux, ping and HTTP" if linux else ""
        return finish(network), f"DHCP, TFTP, HTTP{then}; {BOOTS} times, rebooted between"
    finally:
        network.end_servers()


def u_boot(context, program, machine, device, commands):
    """U-Boot at its prompt, on the serial line: an address, and a file by TFTP, compared by its CRC; twice with a reset."""
    network = shared(context)
    try:
        crc = f"{zlib.crc32(payload(network, 1_500_000)):08x}"
        network.start_servers(f"--dhcp-boot=payload,,{HOST}")
        qemu = Program(
            [
                program, "-no-user-config", "-nodefaults", "-display", "none", "-accel", "tcg", "-m", "256M",
                "-object", "memory-backend-memfd,id=ram,size=256M,share=on", *machine, "-serial", "stdio",
                "-chardev", f"socket,id=c,path={network.back_end.socket}", "-netdev", "vhost-user,id=n,chardev=c",
                "-device", f"{device},netdev=n,mac=02:00:00:00:00:01",
            ],
            "U-Boot",
        )  # fmt: skip
        with qemu.watched():
            for boot in range(BOOTS):
                qemu.expect("Hit any key", 60)
                qemu.say("", " ")
                qemu.expect("=> ", 60)
                for command, answer in [*commands, ("crc32 ${loadaddr} ${filesize}", rf"==> *{crc}")]:
                    qemu.say(command)
                    qemu.expect(answer, 120)
                    qemu.expect("=> ", 30)
                if boot + 1 < BOOTS:
                    qemu.say("reset")
        return finish(network), f"DHCP and TFTP of 1.5 MB, compared; {BOOTS} times, reset between"
    finally:
        network.end_servers()


def cases(context):
    lab = context.lab
    here = os.path.join(lab, "firmware")

    def versions(suite, package):
        with open(os.path.join(here, suite, "versions"), encoding="ascii") as file:
            return package + " " + re.search(rf"^{package} (\S+)", file.read(), re.MULTILINE).group(1)

    def file(suite, name):
        return os.path.join(here, suite, name)

    modern, legacy = "virtio-net-pci,disable-legacy=on", "virtio-net-pci,disable-modern=on,disable-legacy=off"

    def rom(suite, device):
        path = file(suite, "pxe-virtio.rom")
        return path if device == modern else for_transitional(context, path)

    yield context.case(
        "SeaBIOS and QEMU's own iPXE ROM",
        lambda: "ipxe-qemu of trixie",
        lambda: pc(context, [], [], "virtio-net-pci"),
    )
    for suite in ("trixie", "sid"):
        for kind, device in (("", "virtio-net-pci"), (" modern", modern), (" legacy", legacy)):
            yield context.case(
                f"SeaBIOS and iPXE's ROM{kind}, {suite}",
                lambda suite=suite: versions(suite, "ipxe-qemu"),
                lambda suite=suite, device=device: pc(
                    context, [], [], f"{device},romfile={rom(suite, device)}", linux=device == "virtio-net-pci"
                ),
            )
        yield context.case(
            f"iPXE as a kernel (ipxe.lkrn), {suite}",
            lambda suite=suite: versions(suite, "ipxe"),
            lambda suite=suite: pc(context, [], ["-kernel", file(suite, "ipxe.lkrn")], "virtio-net-pci,romfile="),
        )
    # Without random numbers OVMF has no network.
    ovmf = ["-bios", file("trixie", "OVMF.fd"), "-device", "virtio-rng-pci"]
    efi = [("ipxe.efi", file("trixie", "ipxe.efi"))]
    yield context.case(
        "OVMF's VirtioNetDxe by PXE, then iPXE",
        lambda: versions("trixie", "ovmf"),
        lambda: pc(context, [f"--dhcp-boot=tag:!ipxe,ipxe.efi,,{HOST}"], ovmf, "virtio-net-pci,romfile=", efi),
    )
    yield context.case(
        "OVMF's VirtioNetDxe by HTTP boot, then iPXE",
        lambda: versions("trixie", "ovmf"),
        lambda: pc(
            context,
            [
                "--dhcp-match=set:http,option:client-arch,16", "--dhcp-match=set:pxe,option:client-arch,7", "--dhcp-ignore=tag:pxe,tag:!ipxe",
                f"--dhcp-boot=tag:http,{url('ipxe.efi')}", "--dhcp-option-force=tag:http,60,HTTPClient",
            ],
            ovmf, "virtio-net-pci,romfile=", efi,
        ),
    )  # fmt: skip
    yield context.case(
        "OVMF and iPXE's EFI ROM, sid",
        lambda: versions("sid", "ipxe-qemu"),
        lambda: pc(context, [], ovmf, f"virtio-net-pci,romfile={file('sid', 'efi-virtio.rom')}"),
    )
    # U-Boot has no network until a command has scanned for devices.
    dhcp = [("pci enum; virtio scan", "scan"), ("setenv autoload no; dhcp", "DHCP client bound to address"), ("tftpboot ${loadaddr} payload", "Bytes transferred = 1500000")]
    x86, arm = os.path.join(lab, "qemu-11"), os.path.join(lab, "qemu-11-aarch64")
    pc_machine = ["-machine", "pc,memory-backend=ram", "-cpu", "qemu64", "-bios"]
    virt = ["-machine", "virt,memory-backend=ram", "-cpu", "cortex-a57", "-bios", file("trixie", "u-boot-arm64.bin")]
    mmio = "virtio-net-device"
    for name, program, machine, device in (
        ("x86, modern", x86, [*pc_machine, file("trixie", "u-boot-x86.rom")], modern + ",romfile="),
        ("x86, legacy", x86, [*pc_machine, file("trixie", "u-boot-x86.rom")], legacy + ",romfile="),
        ("x86-64, modern", x86, [*pc_machine, file("trixie", "u-boot-x86_64.rom")], modern + ",romfile="),
        ("aarch64, MMIO, legacy", arm, [*virt, "-global", "virtio-mmio.force-legacy=true"], mmio),
        ("aarch64, MMIO, modern", arm, [*virt, "-global", "virtio-mmio.force-legacy=false"], mmio),
        ("aarch64, PCI, modern", arm, virt, modern + ",romfile="),
    ):
        yield context.case(
            f"U-Boot, {name}",
            lambda: versions("trixie", "u-boot-qemu"),
            lambda program=program, machine=machine, device=device: u_boot(context, program, machine, device, dhcp),
        )
