"""What is in the guests' images. A change here gives an image another version, so it is built anew.

A guest has no way to the internet, so every package that a machine's role needs is here, and off until the role turns
it on. Guests run without KVM: what only costs time there is off too.
"""

PACKAGES = (
    *("systemd", "systemd-sysv", "dbus", "procps", "tzdata", "linux-image-cloud-amd64", "busybox-static"),
    *("cloud-init", "cloud-guest-utils", "e2fsprogs", "fdisk"),
    *("openssh-server", "sudo", "python3", "python3-apt", "python3-psycopg2"),
    *("iproute2", "iputils-ping", "curl", "netcat-openbsd", "ca-certificates", "openssl"),
    *("nftables", "chrony", "nginx-light", "postgresql-15"),
    *("prometheus-node-exporter", "rsyslog", "unattended-upgrades"),
)

# The guest's first root is made here, so the kernel's package need not make one.
EXCLUDED = ("/etc/kernel/postinst.d/initramfs-tools",)

# Off until a role turns them on. PostgreSQL's cluster "main" is there and starts with the service.
DISABLED = ("chrony", "nftables", "nginx", "postgresql", "prometheus-node-exporter", "rsyslog", "unattended-upgrades")
ENABLED = {"multi-user.target": ("systemd-networkd.service",)}
MASKED = (
    *("apt-daily.timer", "apt-daily-upgrade.timer", "dpkg-db-backup.timer", "e2scrub_all.timer", "fstrim.timer"),
    *("e2scrub_reap.service", "getty.target", "systemd-timesyncd.service"),
)

_CLOUD = """\
datasource_list: [NoCloud, None]
system_info:
  network: {renderers: [networkd]}
"""

_JOURNAL = """\
[Journal]
Storage=volatile
RuntimeMaxUse=8M
"""

_GRUB = """\
set root=(hd0,msdos1)
linux16 /boot/vmlinuz quiet console=ttyS0 mitigations=off nokaslr edd=off
initrd16 /boot/initrd.img
boot
"""

FILES = {
    "boot/grub/grub.cfg": _GRUB,
    "etc/cloud/cloud.cfg.d/90_lab.cfg": _CLOUD,
    "etc/systemd/journald.conf.d/lab.conf": _JOURNAL,
    "etc/fstab": "LABEL=root / ext4 errors=remount-ro 0 0\n",
    "etc/hostname": "",
    "etc/machine-id": "",
}
# The links are aliases: with them, a service that is off looks enabled.
ALIASES = ("etc/systemd/system/chronyd.*", "etc/systemd/system/syslog.*")
REMOVED = (*ALIASES, "etc/ssh/ssh_host_*", "var/lib/apt/lists/*", "var/cache/apt/*.bin", "var/log/*.log")

# MiB: what is there of it is only what is written to it.
ROOT_MIB = 1536

PARTS = (PACKAGES, EXCLUDED, FILES, REMOVED, DISABLED, ENABLED, MASKED, ROOT_MIB)
