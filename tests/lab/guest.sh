# guest.sh NAME IMAGE ADDRESS MEMORY: on a hypervisor, define and start by hand a guest on an overlay of IMAGE, with a
# seed and an empty disk "data"; the key /root/guest_key opens it.
set -eu
name=$1 image=$2 address=$3 memory=$4
mac=$(printf '52:54:%02x:%02x:%02x:%02x' $(echo "$address" | tr . ' '))
folder=/var/lib/haicap-test
mkdir -p "$folder/$name"
cd "$folder"

systemctl start libvirtd
[ -e /root/guest_key ] || ssh-keygen -q -t ed25519 -N "" -C test -f /root/guest_key
if ! [ -e /sys/class/net/br-machines ]; then
    ip link add br-machines type bridge
    ip link set br-machines up
    ip addr add 10.126.0.1/24 dev br-machines
    ip addr add fe80::1/64 dev br-machines nodad
fi

cat >"$name/meta-data" <<X
instance-id: $name-1
local-hostname: $name
X
cat >"$name/user-data" <<X
#cloud-config
hostname: $name
fqdn: $name.example.vn
manage_etc_hosts: true
users:
  - name: root
    lock_passwd: true
    ssh_authorized_keys: ["$(cat /root/guest_key.pub)"]
disable_root: false
ssh_pwauth: false
ssh_deletekeys: true
X
cat >"$name/network-config" <<X
version: 2
ethernets:
  nic0:
    match: {macaddress: "$mac"}
    addresses: [$address/24, "2001:db8:103::${address##*.}/128"]
    gateway4: 10.126.0.1
    gateway6: fe80::1
    nameservers: {addresses: [10.127.0.3]}
X
xorriso -as genisoimage -output "$name-seed.iso" -volid CIDATA -joliet -rock "$name" >"$name-xorriso.log" 2>&1 || {
    cat "$name-xorriso.log"
    exit 1
}
qemu-img create -q -f qcow2 -F qcow2 -b "$image" "$name-root.qcow2" 2G
qemu-img create -q -f qcow2 "$name-data.qcow2" 64M

disk() { # FILE FORMAT TARGET MORE
    echo "<disk type='file' device='disk'><driver name='qemu' type='$2' cache='unsafe'/>"
    echo "<source file='$folder/$1'/><target dev='$3' bus='virtio'/>$4</disk>"
}
cat >"$name/domain.xml" <<X
<domain type='qemu'><name>$name</name><memory unit='MiB'>$memory</memory><vcpu>1</vcpu>
<os><type arch='x86_64' machine='q35'>hvm</type><boot dev='hd'/></os>
<features><acpi/><apic/><tcg><tb-cache unit='MiB'>128</tb-cache></tcg></features>
<cpu mode='custom' match='exact'><model fallback='forbid'>qemu64</model></cpu>
<devices>
$(disk "$name-root.qcow2" qcow2 vda "")
$(disk "$name-data.qcow2" qcow2 vdb "<serial>data</serial>")
$(disk "$name-seed.iso" raw vdz "<readonly/>")
<interface type='bridge'><source bridge='br-machines'/><mac address='$mac'/><model type='virtio'/></interface>
<serial type='file'><source path='/var/log/libvirt/qemu/$name-console.log'/></serial>
<memballoon model='virtio'/><rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>
</devices></domain>
X
virsh --quiet define "$name/domain.xml"
virsh --quiet start "$name"
