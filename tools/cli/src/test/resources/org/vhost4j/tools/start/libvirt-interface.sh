# SPDX-License-Identifier: Apache-2.0
# libvirt-interface.sh DIRECTORY EMULATOR LAB: guests of qemu:///system on a back-end outside, each step with its output and its status.
# In the root of tools/lab/libvirt. DIRECTORY has the back-end's sockets and a FIFO "stop", through which the test says when to stop the guests.
directory=$1
emulator=$2
lab=$3
export LC_ALL=C

# step NAME COMMAND...: prints "### NAME", its output, and "### = STATUS".
step() {
    local name=$1 status=0
    shift
    printf '### %s\n' "$name"
    timeout 120 "$@" 2>&1 </dev/null || status=$?
    printf '\n### = %s\n' "$status"
}
v() { # step name, arguments of virsh
    local name=$1
    shift
    step "$name" virsh -c qemu:///system "$@"
}

mkdir -p /etc/libvirt
# Files of the lab keep their owner.
printf '%s\n' 'stdio_handler = "file"' 'dynamic_ownership = 0' >/etc/libvirt/qemu.conf
libvirtd --daemon

domain() { # name, mode of the interface, its address, what is in its source
    cat <<XML
<domain type='qemu'>
  <name>$1</name>
  <memory unit='MiB'>256</memory>
  <memoryBacking><source type='memfd'/><access mode='shared'/></memoryBacking>
  <os>
    <type arch='x86_64' machine='pc-q35-10.0'>hvm</type>
    <kernel>$lab/vmlinux</kernel>
    <initrd>$lab/initramfs.cpio.gz</initrd>
    <cmdline>console=ttyS0 quiet panic=-1 reboot=t mitigations=off tsc=reliable no_timer_check</cmdline>
  </os>
  <features><acpi/></features>
  <cpu mode='custom' match='exact' check='none'><model>qemu64</model><feature policy='disable' name='cx16'/></cpu>
  <devices>
    <emulator>$emulator</emulator>
    <interface type='vhostuser'>
      <mac address='$3'/>
      <source type='unix' path='$directory/$1.sock' mode='$2'>$4</source>
      <model type='virtio'/>
      <driver queues='2'/>
    </interface>
    <serial type='file'><source path='$directory/qemu/$1.console'/><target port='0'/></serial>
    <serial type='unix'><source mode='bind' path='$directory/qemu/$1.agent'/><target port='1'/></serial>
    <memballoon model='none'/>
  </devices>
</domain>
XML
}
work=$(mktemp -d)
chmod 755 "$work"
domain client client 52:54:00:00:00:0a "<reconnect enabled='yes' timeout='1'/>" >"$work/client.xml"
domain qemu/server server 52:54:00:00:00:0b '' | sed 's#<name>qemu/#<name>#; s#qemu/qemu/#qemu/#' >"$work/server.xml"
# Its socket is for the back-end's own user.
domain private client 52:54:00:00:00:0c '' >"$work/private.xml"

for name in client server private; do
    v "$name-define" define --validate "$work/$name.xml"
done
v client-start start client
v server-start start server
v private-start start private
step owner bash -c 'for p in /proc/[0-9]*; do case $(tr "\0" " " <"$p/cmdline") in *qemu-system-x86_64*guest=client*) stat -c %U "$p" ;; esac; done'
echo '### up'
read -r _ <"$directory/stop"
for name in client server; do
    v "$name-stop" destroy "$name"
    v "$name-undefine" undefine "$name"
done
v private-undefine undefine private
# The groups are the host's own.
find /sys/fs/cgroup -depth -path '*/machine*' -type d -exec rmdir {} + 2>/dev/null
exit 0
