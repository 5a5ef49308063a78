# SPDX-License-Identifier: Apache-2.0
"""The host's end of a TAP, in a separate network namespace, with the servers from which machines boot."""

import hashlib
import os
import shutil
import subprocess
import tempfile

from programs import BackEnd, Program

HOST = "10.77.0.254"
TAP = "tap0"

# Options that save time under TCG.
KERNEL = (
    "console=ttyS0 panic=-1 mitigations=off tsc=reliable no_timer_check cryptomgr.notests lsm=capability audit=0 init_on_alloc=0"
    " rodata=off initcall_blacklist=load_system_certificate_list,jent_mod_init 8250.nr_uarts=2"
)


def run(*command):
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


class Network:
    """Namespace, back-end with a TAP, dnsmasq, and a web server. Front-ends connect to the back-end one after the other."""

    def __init__(self, lab, command, options=()):
        self.name = f"v4jf-{os.getpid()}"
        self.directory = tempfile.mkdtemp(prefix="vhost4j-front-ends-", dir="/dev/shm")
        self.files = os.path.join(self.directory, "boot")
        self.programs = []
        os.makedirs(self.files)
        for each in ("vmlinuz", "initramfs.cpio.gz"):
            self.serve(each, os.path.join(lab, each))
        run("ip", "netns", "add", self.name)
        try:
            self.within = ["ip", "netns", "exec", self.name]
            run("ip", "-n", self.name, "link", "set", "lo", "up")
            socket = os.path.join(self.directory, "guest.sock")
            self.back_end = BackEnd(command, socket, [f"--port=tap:ifname={TAP}", *options], self.within)
            run("ip", "-n", self.name, "addr", "add", f"{HOST}/24", "dev", TAP)
            run("ip", "-n", self.name, "link", "set", TAP, "up")
            # iPXE has eight receive buffers. A busy host would overrun them, and then wait for TCP timeouts.
            run("ip", "-n", self.name, "route", "replace", "10.77.0.0/24", "dev", TAP, "src", HOST, "cwnd", "lock", "6")
        except BaseException:
            self.end()
            raise

    @property
    def ended(self):
        return self.back_end.ended

    def serve(self, name, path):
        shutil.copyfile(path, os.path.join(self.files, name))

    def write(self, name, content):
        with open(os.path.join(self.files, name), "wb") as file:
            file.write(content)

    def digest(self, name):
        with open(os.path.join(self.files, name), "rb") as file:
            return hashlib.sha256(file.read()).hexdigest()

    def script(self, *lines):
        """The script that iPXE runs after it has an address."""
        with open(os.path.join(self.files, "boot.ipxe"), "w", encoding="ascii") as file:
            file.write("#!ipxe\n" + "\n".join(lines) + "\n")

    def start_servers(self, *dhcp_options):
        """Servers for one case, with new logs, which therefore show only requests of the case's front-end."""
        self.end_servers()
        self.back_end.mark()
        self.web = Program(
            [*self.within, "python3", "-u", "-m", "http.server", "--protocol", "HTTP/1.1", "--bind", HOST, "--directory", self.files, "80"],
            "the web server",
        )
        self.programs.append(self.web)
        self.dhcp = Program(
            [
                *self.within, "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--user=root", "--port=0", "--log-dhcp",
                "--log-facility=-", f"--interface={TAP}", "--bind-interfaces", "--dhcp-authoritative", "--no-ping",
                f"--dhcp-leasefile={self.files}.leases", "--dhcp-range=10.77.0.100,10.77.0.120,1h", "--enable-tftp",
                f"--tftp-root={self.files}", "--dhcp-userclass=set:ipxe,iPXE", f"--dhcp-boot=tag:ipxe,boot.ipxe,,{HOST}", *dhcp_options,
            ],
            "dnsmasq",
        )  # fmt: skip
        self.programs.append(self.dhcp)
        self.web.expect("Serving HTTP")
        self.dhcp.expect("IP range")

    def await_tftp(self, name, times, seconds):
        self.dhcp.await_count(f"sent {self.files}/{name} to ", times, seconds)

    def await_http(self, name, times, seconds):
        self.web.await_count(f'"GET /{name} ', times, seconds)

    def end_servers(self):
        for program in reversed(self.programs):
            program.end()
        self.programs = []

    def end(self):
        self.end_servers()
        if hasattr(self, "back_end"):
            self.back_end.end()
        subprocess.run(["ip", "netns", "del", self.name], check=False, stderr=subprocess.DEVNULL)
        shutil.rmtree(self.directory)


def url(name):
    return f"http://{HOST}/{name}"


def linux_script():
    """Fetches Linux by HTTP and starts it."""
    return [f"kernel {url('vmlinuz')} initrd=initramfs.cpio.gz {KERNEL}", f"initrd {url('initramfs.cpio.gz')}", "boot"]
