"""The text of a new province.yml: sound defaults, synthetic addresses from documentation and private ranges."""

from __future__ import annotations

from string import Template

PROVINCE = Template("""\
# yaml-language-server: $$schema=../../schema/province.schema.json
#
# $name ($count units since $merger_date).
# Every address, AS number and site below is SYNTHETIC, from private, shared (RFC 6598) and documentation ranges
# (RFC 3849, RFC 5737). Put in what the province was allocated before anything is applied.
# Codes and names: the national table of July 2025, from vietnamadminunits 1.0.4 (MIT licence).

code: "$code"
name: "$name"
agency_code: $agency_code$agency_note
domain: $domain
legacy_domains: [$legacy_domains]
merger_date: $merger_date

pools:
  units: {networks: [10.64.0.0/13], prefix: 22}  # a block for each unit, cut into its segments
  units6: {networks: ["2001:db8::/40"], prefix: 56}
  loopbacks: {networks: [10.127.0.0/22], prefix: 32}
  loopbacks6: {networks: ["2001:db8:100::/64"], prefix: 128}
  uplinks: {networks: [100.64.0.0/20], prefix: 30}  # the dedicated line: one connection point a unit
  as_numbers: {first: 4200000000, last: 4200001023}  # private (RFC 6996)
  machines: {networks: [10.126.0.0/24], prefix: 32}  # of platforms
  machines6: {networks: ["2001:db8:103::/64"], prefix: 128}
  rest_days: 365

hubs:
  - {name: hub1, site: "data centre 1", tunnels: 10.112.0.0/22, tunnels6: "2001:db8:101::/64"}
  - {name: hub2, site: "data centre 2", tunnels: 10.112.4.0/22, tunnels6: "2001:db8:102::/64"}

name_servers:
  - {name: dns1, kind: primary, site: "data centre 1"}
  - {name: dns2, kind: secondary, site: "data centre 2"}

ssh:
  user: root
  port: 22
  operators: [100.127.0.0/30]

mail:
  server: {name: mail1, site: "data centre 1"}
  quotas_mib: {"Chủ tịch": 5120, "Phó Chủ tịch": 5120}

hypervisors:
  - {name: hv1, site: "data centre 1", failure_domain: dc1, vcpus: 64, memory_mib: 262144, disk_gib: 8192}
  - {name: hv2, site: "data centre 2", failure_domain: dc2, vcpus: 64, memory_mib: 262144, disk_gib: 8192}

images:
  - name: debian-12
    source: https://cloud.debian.org/images/cloud/bookworm/latest/debian-12-genericcloud-amd64.qcow2
    # SYNTHETIC: take the folder of one day instead of latest/, and the sum of its file.
    sha256: "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

profiles:
  app: {vcpus: 4, memory_mib: 8192, root_gib: 20, max_vcpus: 8, max_memory_mib: 16384}
  db: {vcpus: 8, memory_mib: 32768, root_gib: 40, max_vcpus: 16, max_memory_mib: 65536}
  small: {vcpus: 1, memory_mib: 512, root_gib: 3, max_vcpus: 2, max_memory_mib: 1024}

# What one plan may do at once, and when; docs/safety.md has all of it. What is not said is as here.
# limits:
#   deletes: {at_most: 5, percent: 10}  # of one system's resources; above both, --override says why
#   units: 60                           # of which something that stands is changed
#   protected: []                       # beside hubs, name servers, mail, zones and directory: names, or gw-*
#   holidays: true                      # no change on public holidays
#   freeze: []                          # - {from: 2026-05-20, until: 2026-05-24, reason: "..."}
#   notice_days: 7                      # working days before an outage (Decree 224/2026, article 13)
#   announced: []                       # - {day: 2026-09-17, published: 2026-09-03, reference: "..."}

defaults:
  segments:
    staff: {vlan: 10, hosts_per_staff: 2.0, min_hosts: 30}
    counter: {vlan: 20, hosts_per_staff: 0.25, min_hosts: 13}  # the one-stop desk for the public
    meeting: {vlan: 30, hosts_per_staff: 0.25, min_hosts: 13}  # video conferencing
    servers: {vlan: 40, min_hosts: 13, dhcp: false}
    management: {vlan: 50, min_hosts: 13, dhcp: false}
    guest: {vlan: 60, hosts_per_staff: 1.0, min_hosts: 29}
  policy:
    - {from: [staff], to: [servers, vpn, outside]}
    - {from: [counter], to: [servers, vpn]}
    - {from: [meeting], to: [vpn, outside]}
    - {from: [servers], to: [vpn, outside]}
    - {from: [guest], to: [outside], services: [icmp, tcp/80, tcp/443, udp/443]}
    - {from: [management], to: [staff, counter, meeting, servers, vpn], services: [icmp, tcp/22, tcp/443, udp/161]}
    - {from: [vpn], to: [servers], services: [icmp, tcp/443]}
    - {from: [vpn], to: [gateway], services: [icmp]}
    - from: [staff, counter, meeting, servers, management]
      to: [gateway]
      services: [icmp, udp/53, tcp/53, udp/67, udp/123]
    - {from: [management], to: [gateway], services: [tcp/22]}
    - {from: [guest], to: [gateway], services: [udp/53, tcp/53, udp/67]}
  ports: {uplink: wan0, trunk: lan0}
  vpn: {bfd_interval_ms: 150, bfd_multiplier: 3, mtu: 1420}
  dns: {ttl: 3600, trial_ttl: 60, forwarders: [192.0.2.53]}
  time_servers: [192.0.2.123]
  calendar:
    pilot: {prepare: 2025-05-15, trial: 2025-06-01, live: 2025-06-20}
    main: {prepare: 2025-06-01, trial: 2025-06-16, live: 2025-07-01}
""")

UNITS_HEAD = Template("""\
# yaml-language-server: $$schema=../../schema/units.schema.json
#
# The $count commune-level units of $name since 2025-07-01, and what each was made from.
# Codes, names, kinds, positions and predecessors: the national table of July 2025, from vietnamadminunits 1.0.4
# (MIT licence).
# Agency codes below the province's, staff, MAC addresses and the predecessors' DNS names are SYNTHETIC: replace them.

units:
""")
