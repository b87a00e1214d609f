#!/bin/bash
# What a machine sees: a network namespace with its addresses, on a cable to the bridge.
set -euo pipefail
fail() { echo "$*" >&2; exit 1; }
guest() { ip netns exec machine "$@"; }
answers() { guest ping -q -c 1 -W 2 "$@" > /dev/null; }

ip netns add machine
trap 'ip netns delete machine' EXIT
ip link add vnet0 type veth peer name eth0 netns machine
ip link set vnet0 master br-machines up
guest ip link set lo up
guest ip link set eth0 up
guest ip address add 10.126.0.5/24 dev eth0
guest ip route add default via 10.126.0.1
guest ip -6 address add 2001:db8:103::5/128 dev eth0 nodad
guest ip -6 route add default via fe80::1 dev eth0
for _ in {1..20}; do
  if [[ $(< /sys/class/net/br-machines/operstate) == up ]] && answers 10.126.0.1; then break; fi
  sleep 0.5
done

answers 10.126.0.1 || fail "the gateway does not answer"
answers fe80::1%eth0 || fail "the gateway does not answer by IPv6"
ping -q -c 1 -W 2 10.126.0.5 > /dev/null || fail "the machine is not reached"
ping -q -c 1 -W 2 2001:db8:103::5 > /dev/null || fail "the machine is not reached by IPv6"

# A neighbour of the same network that is behind another hypervisor: this one answers for it. (wan0 stands for a tunnel.)
ip route add 10.126.0.77/32 dev wan0
guest ping -q -c 1 -W 2 10.126.0.77 > /dev/null || true
guest ip neighbour show 10.126.0.77 | grep -q "$(< /sys/class/net/br-machines/address)" || fail "nobody answers for a neighbour elsewhere"
ip route del 10.126.0.77/32 dev wan0

for address in 10.126.0.1 "$(ip -4 -o address show wan0 | awk '{ sub("/.*", "", $4); print $4 }')" fe80::1%eth0; do
  ! guest nc -z -w 2 "$address" 22 || fail "the machine reaches SSH of the hypervisor at $address"
done

guest ip address add 10.126.4.99/32 dev eth0
guest ip -6 address add 2001:db8:103::99/128 dev eth0 nodad
! answers -I 10.126.4.99 10.126.0.1 || fail "an address that is no machine's passes"
guest ip -6 address del 2001:db8:103::5/128 dev eth0
ping -q -c 1 -W 2 -I br-machines 2001:db8:103::99 > /dev/null && fail "an IPv6 address that is no machine's passes"
nft list chain inet haicap prerouting | grep "ip saddr" | grep -qv "packets 0" || fail "nothing was counted"
