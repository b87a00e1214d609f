"""What is in a host's base image. A change here gives the image another version, so it is built anew.

Hosts have no way to the internet, so every package that a role needs is here; each service is left off, because it is
the roles' work to configure and enable it.
"""

SUITE = "bookworm"
MIRROR = "http://deb.debian.org/debian"

PACKAGES = (
    *("systemd", "systemd-sysv", "dbus", "procps", "ethtool", "tzdata"),
    *("openssh-server", "python3", "python3-apt"),  # python3-apt: Ansible's apt module fetches it when it is not there
    *("iproute2", "iputils-ping", "udhcpc", "curl", "bind9-dnsutils", "iperf3", "netcat-openbsd"),
    *("nftables", "wireguard-tools", "wireguard-go", "frr", "frr-pythontools"),
    *("kea-dhcp4-server", "radvd", "unbound", "dns-root-data", "chrony"),
    *("pdns-server", "pdns-backend-sqlite3", "sqlite3"),
    *("slapd", "ldap-utils", "python3-ldap", "openssl", "age", "restic"),
    *("postfix", "postfix-ldap", "postfwd", "opendkim"),
    *("dovecot-imapd", "dovecot-lmtpd", "dovecot-ldap", "dovecot-sieve", "dovecot-managesieved"),
    *("nginx-light", "postgresql-15", "python3-psycopg2", "prometheus-node-exporter", "rsyslog", "unattended-upgrades"),
    *("libvirt-daemon-system", "libvirt-clients", "python3-libvirt", "qemu-system-x86", "qemu-utils", "xorriso"),
)

# Files of a package that no host reads.
EXCLUDED = ("man", "doc", "locale", "info", "lintian", "bug")

# Off until a role turns them on: services, and other units by their whole name.
DISABLED = (
    *("chrony", "frr", "kea-dhcp4-server", "nftables", "pdns", "radvd", "unbound", "unbound-resolvconf"),
    *("dovecot", "opendkim", "postfix", "postfix-resolvconf", "postfwd", "slapd"),
    *("nginx", "postgresql", "prometheus-node-exporter", "rsyslog", "unattended-upgrades"),
    *("libvirtd", "libvirtd.socket", "libvirtd-ro.socket", "libvirtd-admin.socket", "libvirt-guests"),
    *("virtlogd.socket", "virtlogd-admin.socket", "virtlockd.socket", "virtlockd-admin.socket"),
    "systemd-networkd-wait-online",
)
ENABLED = {
    "multi-user.target": ("ssh.service", "systemd-networkd.service"),
    "sockets.target": ("systemd-networkd.socket",),
    "network-online.target": ("systemd-networkd-wait-online.service",),
    "ssh.service": ("ssh-host-key.service",),
}

# What fails in a container, or costs time and memory in each of 130 hosts for nothing.
MASKED = (
    *("getty.target", "console-getty.service", "systemd-logind.service", "systemd-ask-password-console.path"),
    *("systemd-ask-password-wall.path", "remote-fs.target", "systemd-timesyncd.service", "systemd-resolved.service"),
    *("apt-daily.timer", "apt-daily-upgrade.timer", "dpkg-db-backup.timer", "e2scrub_all.timer", "fstrim.timer"),
    *("logrotate.timer", "systemd-tmpfiles-clean.timer", "e2scrub_reap.service", "systemd-pstore.service"),
    *("modprobe@.service", "kmod-static-nodes.service", "systemd-modules-load.service", "systemd-binfmt.service"),
    *("proc-sys-fs-binfmt_misc.automount", "dev-hugepages.mount", "sys-kernel-debug.mount"),
    *("sys-kernel-tracing.mount", "sys-kernel-config.mount", "sys-fs-fuse-connections.mount"),
    *("systemd-remount-fs.service", "systemd-random-seed.service", "systemd-hwdb-update.service"),
    *("systemd-update-utmp.service", "systemd-update-utmp-runlevel.service", "systemd-update-done.service"),
    *("systemd-journal-flush.service", "systemd-journal-catalog-update.service", "systemd-firstboot.service"),
    *("systemd-machine-id-commit.service", "systemd-sysusers.service", "ldconfig.service", "systemd-repart.service"),
)

_SYSTEM = """\
[Manager]
DefaultTimeoutStartSec=30s
DefaultTimeoutStopSec=10s
DefaultEnvironment=WG_QUICK_USERSPACE_IMPLEMENTATION=wireguard-go
ShowStatus=error
"""

_JOURNAL = """\
[Journal]
Storage=volatile
RuntimeMaxUse=8M
ForwardToSyslog=no
ForwardToWall=no
"""

# PAM's session modules cost time on every connection and give root nothing here; LANG would come from them.
_SSHD = """\
HostKey /etc/ssh/ssh_host_ed25519_key
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
UsePAM no
UseDNS no
PrintMotd no
MaxSessions 64
MaxStartups 64
SetEnv LANG=C.UTF-8 WG_QUICK_USERSPACE_IMPLEMENTATION=wireguard-go
"""

_HOST_KEY = """\
[Unit]
Description=This host's own SSH key
ConditionPathExists=!/etc/ssh/ssh_host_ed25519_key
Before=ssh.service

[Service]
Type=oneshot
ExecStart=/usr/bin/ssh-keygen -q -t ed25519 -N "" -C "" -f /etc/ssh/ssh_host_ed25519_key
"""

# Only the uplink decides whether a host is online: a LAN whose cable is not plugged in must not delay the boot.
_ONLINE = """\
[Service]
ExecStart=
ExecStart=/lib/systemd/systemd-networkd-wait-online --interface=wan0 --timeout=15
"""

# Hosts share the machine's clock: chronyd asks and answers, and never steers (-x).
_CHRONY = """\
[Unit]
ConditionCapability=

[Service]
ExecStart=
ExecStart=!/usr/sbin/chronyd -x $DAEMON_OPTS
"""

# A host here is itself a container: it has no control groups, security labels or device namespaces to give to QEMU, and
# no log daemon is needed where files are volatile. The real hosts keep Debian's file, so no role writes this one.
_QEMU = """\
stdio_handler = "file"
security_driver = "none"
cgroup_controllers = []
namespaces = []
remember_owner = 0
user = "root"
"""

FILES = {
    "etc/systemd/system.conf.d/lab.conf": _SYSTEM,
    "etc/systemd/journald.conf.d/lab.conf": _JOURNAL,
    "etc/systemd/system/ssh-host-key.service": _HOST_KEY,
    "etc/systemd/system/systemd-networkd-wait-online.service.d/lab.conf": _ONLINE,
    "etc/systemd/system/chrony.service.d/lab.conf": _CHRONY,
    "etc/ssh/sshd_config.d/lab.conf": _SSHD,
    "etc/libvirt/qemu.conf": _QEMU,
    "etc/default/locale": "LANG=C.UTF-8\n",
    "etc/environment": "LANG=C.UTF-8\nWG_QUICK_USERSPACE_IMPLEMENTATION=wireguard-go\n",
    "etc/apt/sources.list": f"deb {MIRROR} {SUITE} main\n",
    "etc/hostname": "",
    "etc/machine-id": "",
    "etc/resolv.conf": "",
}
REMOVED = (
    "etc/ssh/ssh_host_*",
    "etc/rc?.d/*slapd",  # Debian has no unit of slapd's, so these links are what starts it
    "etc/systemd/system/chronyd.*",  # an alias that makes a service that is off look enabled; a glob: it dangles here
    "etc/systemd/system/syslog.*",  # the same, of rsyslog's
    "etc/libvirt/qemu/networks/*.xml",  # the default network: an address and a DHCP server that nobody asked for
    "var/lib/apt/lists/*",
    "var/cache/apt/*.bin",
    "var/cache/debconf/*-old",
    "var/log/*.log",
)
