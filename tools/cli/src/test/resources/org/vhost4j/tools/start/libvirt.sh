# SPDX-License-Identifier: Apache-2.0
# libvirt.sh session|system EMULATOR: what a user does with a domain on a platform, each step with its output and its status.
# In the root of tools/lab/libvirt.
mode=$1
emulator=$2
export LC_ALL=C

# step NAME COMMAND...: prints "### NAME", its output, and "### = STATUS".
step() {
    local name=$1 status=0
    shift
    printf '### %s\n' "$name"
    timeout 120 "$@" 2>&1 </dev/null || status=$?
    printf '\n### = %s\n' "$status"
}

daemon() { # name host_uuid
    if [ "$mode" = system ]; then
        mkdir -p /etc/libvirt /run/vhost4j
        "${emulator%/*}/home/tools/vhost4j" platform probe --json >/run/vhost4j/host-capabilities.json
        echo 'stdio_handler = "file"' >/etc/libvirt/qemu.conf
        libvirtd --daemon
        return
    fi
    local top=$HOME/$1
    mkdir -p "$top/config/libvirt" "$top/cache" "$XDG_RUNTIME_DIR/$1"
    echo 'stdio_handler = "file"' >"$top/config/libvirt/qemu.conf"
    echo "host_uuid = \"$2\"" >"$top/config/libvirt/libvirtd.conf"
    XDG_CONFIG_HOME=$top/config XDG_CACHE_HOME=$top/cache XDG_RUNTIME_DIR=$XDG_RUNTIME_DIR/$1 libvirtd --daemon
}
uri() {
    if [ "$mode" = system ]; then
        echo qemu:///system
    else
        echo "qemu+unix:///session?socket=$XDG_RUNTIME_DIR/$1/libvirt/libvirt-sock"
    fi
}
on() { # name arguments
    local uri
    uri=$(uri "$1")
    shift
    virsh -c "$uri" "$@"
}
# For timeout, which accepts only programs.
export -f on uri
export mode
v() { # step name daemon arguments
    local name=$1
    shift
    step "$name" bash -c 'on "$@"' bash "$@"
}
property() { printf '{"execute":"qom-get","arguments":{"path":"/machine/peripheral/%s","property":"%s"}}' "$1" "$2"; }
# The control groups of each vhost4j-monitor.
groups='for p in /proc/[0-9]*; do case $(readlink "$p/exe") in */vhost4j-monitor) cat "$p/cgroup" ;; esac; done'
platforms='{"execute":"query-platforms","arguments":{"compat-props":false}}'

if [ "$mode" = session ]; then
    export HOME=/home/tester XDG_RUNTIME_DIR=/run/user/1000
fi
work=$(mktemp -d)
chmod 755 "$work"
cd "$work" || exit 1
cat >domain.xml <<XML
<domain type='qemu'>
  <name>a</name>
  <memory unit='MiB'>64</memory>
  <os><type arch='x86_64' machine='pc-q35-9.1_linux-6.9'>hvm</type></os>
  <features><acpi/></features>
  <devices>
    <emulator>$emulator</emulator>
    <controller type='pci' model='pcie-root'/>
    <controller type='pci' model='pcie-root-port'/>
    <controller type='pci' model='pcie-root-port'/>
    <controller type='pci' model='pcie-root-port'/>
    <interface type='user'><mac address='52:54:00:00:00:01'/><model type='virtio'/></interface>
    <memballoon model='none'/>
  </devices>
</domain>
XML
sed 's/_linux-6.9/_linux-99/; s/<name>a/<name>unlisted/' domain.xml >unlisted.xml
arguments='<qemu:commandline><qemu:arg value="-platform"/><qemu:arg value="PLATFORM"/></qemu:commandline></domain>'
sed "s/_linux-6.9//; s/<name>a/<name>named/; s#<domain #<domain xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0' #; s#</domain>#$arguments#" \
    domain.xml >named.xml
echo "<interface type='user'><mac address='52:54:00:00:00:02'/><model type='virtio'/></interface>" >card.xml

daemon A 11111111-2222-3333-4444-aaaaaaaaaaaa
v define A define --validate "$work/domain.xml"
v unlisted A define "$work/unlisted.xml"
EDITOR="sed -i s/linux-6.9/linux-6.0/" v edit A edit a
v defined A dumpxml a
v start A start a
v platforms A qemu-monitor-command a "$platforms"
v attach A attach-device a "$work/card.xml"
v plugged-on A qemu-monitor-command a "$(property net1 host_tso4)"
v plugged-off A qemu-monitor-command a "$(property net1 host_uso)"
v save A managedsave a
v restore A start a
v restored A dumpxml a
v restored-off A qemu-monitor-command a "$(property net1 host_uso)"
step owner bash -c 'for p in /proc/[0-9]*; do case $(readlink "$p/exe") in */vhost4j-monitor) stat -c %U "$p" ;; esac; done'
if [ "$mode" = session ]; then
    daemon B 11111111-2222-3333-4444-bbbbbbbbbbbb
    v migrate A migrate --live a "$(uri B)" tcp://127.0.0.1:49333
    v migrated B dumpxml a
    v migrated-off B qemu-monitor-command a "$(property net1 host_uso)"
    v destroy B destroy a
else
    step group-inside bash -c "$groups"
    v destroy A destroy a
    # One process for all guests of this user, outside their control groups.
    mkdir -p /run/vhost4j
    chown libvirt-qemu /run/vhost4j
    setpriv --reuid libvirt-qemu --regid libvirt-qemu --clear-groups \
        "${emulator%/*}/vhost4j-monitor" --serve "/run/vhost4j/monitor-$(id -u libvirt-qemu).sock" &
    until [ -S "/run/vhost4j/monitor-$(id -u libvirt-qemu).sock" ]; do sleep 0.1; done
    v start-outside A start a
    step group-outside bash -c "$groups"
    v platforms-outside A qemu-monitor-command a "$platforms"
    v destroy-outside A destroy a
    kill %1
fi
sed s/PLATFORM/linux-6.0/ named.xml >one.xml
v named-define A define --validate "$work/one.xml"
v named-start A start named
v named-on A qemu-monitor-command named "$(property net0 host_tso4)"
v named-off A qemu-monitor-command named "$(property net0 host_uso)"
v named-destroy A destroy named
v named-undefine A undefine named
sed s/PLATFORM/linux-99/ named.xml >two.xml
v refused-define A define "$work/two.xml"
v refused A start named

# Another QEMU behind the emulator: libvirt asks again when the emulator's file has changed.
v default A domcapabilities --emulatorbin "$emulator" --virttype qemu
if [ -w "$emulator" ]; then
    sed -i s/qemu-suite/qemu-11/ "$emulator.conf"
    v stale A domcapabilities --emulatorbin "$emulator" --virttype qemu --machine pc-q35-11.1_linux-6.9
    touch "$emulator"
    v refreshed A domcapabilities --emulatorbin "$emulator" --virttype qemu --machine pc-q35-11.1_linux-6.9
fi
if [ "$mode" = system ]; then
    # The groups are the host's own.
    find /sys/fs/cgroup -depth -path '*/machine*' -type d -exec rmdir {} + 2>/dev/null
fi
exit 0
