# SPDX-License-Identifier: Apache-2.0
# libvirt-migration.sh DIRECTORY EMULATOR LAB-SCRIPTS PATH...: moves a guest by virsh from one libvirtd to another and back, under a checked
# stream of frames, each step with its output and its status. To be run as root in a network namespace of its own, which both hosts share.
# Each host has a name, a root and a process table of its own (tools/lab/libvirt), with a libvirtd, a back-end and that back-end's TAP.
# /run/vhost4j of host A is DIRECTORY/A. PATH...: what both are to see beside the lab.
export LC_ALL=C
machine=pc-q35-9.1
platform=linux-6.0
card=52:54:00:4d:49:01
peer=10.78.0.254
guest=10.78.0.1
declare -A port=([A]=16509 [B]=16510) uuid=([A]=11111111-2222-3333-4444-aaaaaaaaaaaa [B]=11111111-2222-3333-4444-bbbbbbbbbbbb)

# In each root, both hosts' names.
names='echo 127.0.0.1 hostA hostB >/etc/hosts; echo hosts: files >/etc/nsswitch.conf'

# Inside of a host: its back-end and its libvirtd, until the root ends.
host() { # emulator directory name expected_abi
    local launcher=${1%/*}/home/tools/vhost4j expected=()
    [ -z "$4" ] || expected=(--expect-abi "$4")
    # Both hosts have the same control groups, and would give the guest's the same name.
    umount --all --lazy --types cgroup,cgroup2
    eval "$names"
    mkdir -p /run/vhost4j /etc/libvirt
    mount --bind "$2/$3" /run/vhost4j
    "$launcher" platform probe --json >/run/vhost4j/host-capabilities.json
    echo 'stdio_handler = "file"' >/etc/libvirt/qemu.conf
    printf '%s\n' "host_uuid = \"${uuid[$3]}\"" 'listen_tls = 0' 'listen_tcp = 1' "tcp_port = \"${port[$3]}\"" 'auth_tcp = "none"' \
        'listen_addr = "127.0.0.1"' >/etc/libvirt/libvirtd.conf
    # QEMU runs as libvirt-qemu, and must be able to write to the socket.
    umask 007
    setpriv --regid libvirt-qemu --keep-groups "$launcher" run --machine $machine --platform $platform --queues 2 "--socket-path=/run/vhost4j/guest.sock,attach=netdev,mac=$card" \
        --port "tap:ifname=tap$3" --qmp unix:/run/vhost4j/backend.qmp "${expected[@]}" >/run/vhost4j/backend.log 2>&1 &
    umask 022
    libvirtd --listen >/run/vhost4j/libvirtd.log 2>&1
}
if [ "$1" = --host ]; then
    shift
    host "$@"
    exit
fi

directory=$1
emulator=$2
scripts=$3
shift 3
with=(--with "$directory")
for path; do with+=(--with "$path"); done
lab=$("$scripts/provision" --where)

# step NAME COMMAND...: prints "### NAME", its output, and "### = STATUS".
step() {
    local name=$1 status=0
    shift
    printf '### %s\n' "$name"
    timeout 180 "$@" 2>&1 </dev/null || status=$?
    printf '\n### = %s\n' "$status"
}
give_up() {
    printf '%s\n' "$*"
    tail -n 20 "$directory"/[AB]/*.log
    exit 1
}
# until_there SECONDS COMMAND...
until_there() {
    local left=$(($1 * 10))
    shift
    until "$@" >/dev/null 2>&1; do
        ((left-- > 0)) || give_up "gave up waiting for: $*"
        sleep 0.1
    done
}
uri() { echo "qemu+tcp://127.0.0.1:${port[$1]}/system"; }
# v NAME HOST ARGUMENT...: a step of virsh.
v() {
    local name=$1 host=$2
    shift 2
    step "$name" "$scripts/libvirt" --with "$directory" bash -c "$names"'; exec virsh "$@"' virsh -c "$(uri "$host")" "$@"
}
start_host() { # name expected_abi
    mkdir -p "$directory/$1"
    unshare --uts sh -c 'echo "$1" >/proc/sys/kernel/hostname; shift; exec setpriv --pdeathsig KILL "$@"' sh "host$1" \
        "$scripts/libvirt" "${with[@]}" bash "${BASH_SOURCE[0]}" --host "$emulator" "$directory" "$@" &
    until_there 120 ip link set "tap$1" master bridge up
    until_there 30 "$scripts/libvirt" virsh -c "$(uri "$1")" list
}
# Since the last mark, on one line; it comes a second later.
mark() {
    local line
    echo mark >&"${STREAM[1]}"
    IFS= read -r line <&"${STREAM[0]}"
    printf '### %s\n%s\n\n### = 0\n' "$1" "$line"
}
in_guest() { # name host command
    step "$1" "$scripts/guest-exec" "$directory/$2/agent.sock" "$3"
}
property() { printf '{"execute":"qom-get","arguments":{"path":"/machine/peripheral/net0","property":"%s"}}' "$1"; }
behind() { # name: the TAP behind which the bridge knows the guest
    step "$1" bash -c "bridge fdb show br bridge | awk '\$1 == \"$card\" && !/permanent/ { print \$3 }'"
}

sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
ip link set lo up
ip link add bridge address 52:54:00:4d:49:fe type bridge stp_state 0 forward_delay 0
ip link set bridge up
ip address add $peer/24 dev bridge
ip neigh replace $guest lladdr $card nud permanent dev bridge

start_host A ''
abi=$(sed -n 's/^vhost4j: ABI //p' "$directory/A/backend.log")
start_host B "$abi"

# The files of a guest belong to libvirt while it runs, which changes their owner.
for host in A B; do
    cp "$lab/vmlinux" "$directory/$host/"
    cat "$lab/initramfs.cpio.gz" "$lab/stream.cpio.gz" >"$directory/$host/initrd"
done
cat >"$directory/domain.xml" <<XML
<domain type='qemu'>
  <name>guest</name>
  <memory unit='MiB'>256</memory>
  <memoryBacking><source type='memfd'/><access mode='shared'/></memoryBacking>
  <vcpu>2</vcpu>
  <os>
    <type arch='x86_64' machine='${machine}_$platform'>hvm</type>
    <kernel>/run/vhost4j/vmlinux</kernel>
    <initrd>/run/vhost4j/initrd</initrd>
    <cmdline>console=ttyS0 quiet panic=-1 reboot=t mitigations=off tsc=reliable no_timer_check cryptomgr.notests lsm=capability audit=0 init_on_alloc=0 rodata=off initcall_blacklist=load_system_certificate_list,jent_mod_init 8250.nr_uarts=2</cmdline>
  </os>
  <features><acpi/></features>
  <cpu mode='custom' match='exact' check='none'><model fallback='forbid'>qemu64</model><feature policy='disable' name='cx16'/></cpu>
  <devices>
    <emulator>$emulator</emulator>
    <interface type='vhostuser'>
      <mac address='$card'/>
      <source type='unix' path='/run/vhost4j/guest.sock' mode='client'/>
      <model type='virtio'/>
      <driver queues='2'/>
    </interface>
    <serial type='file'><source path='/run/vhost4j/console.log'/><target port='0'/></serial>
    <serial type='unix'><source mode='bind' path='/run/vhost4j/agent.sock'/><target port='1'/></serial>
    <memballoon model='none'/>
  </devices>
</domain>
XML

v define A define --validate "$directory/domain.xml"
v start A start guest
in_guest up A "ip link set lo up; ethtool -L eth0 combined 2; ip link set eth0 up; ip address add $guest/24 dev eth0; ping -c 3 -w 60 $peer"
in_guest echo A '(setsid stream echo >/tmp/stream 2>&1 &) ; until grep -q listening /tmp/stream; do sleep 0.1; done'
coproc STREAM { exec setpriv --pdeathsig KILL "$lab/stream" check $guest 2>&1; }
mark begun
mark quiet
v there A migrate --live --persistent --undefinesource guest "$(uri B)"
mark moved
v there-runs B domstate guest
behind there-behind
mark there-quiet
v there-gone A list --all --name
v there-on B qemu-monitor-command guest "$(property host_tso4)"
v there-off B qemu-monitor-command guest "$(property host_uso)"
v back B migrate --live --persistent --undefinesource --p2p guest "$(uri A)"
mark returned
v back-runs A domstate guest
behind back-behind
mark back-quiet
in_guest messages A "dmesg -r | grep -v '^<[67]' | tail -20; ping -c 3 -w 30 $peer"
v destroy A destroy guest
step logs tail -n 20 "$directory"/[AB]/backend.log "$directory"/[AB]/libvirtd.log
exit 0
