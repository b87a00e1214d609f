"""What is in the guests' images. A change here gives an image another version, so it is built anew.

A guest has no way to the internet, so every package that a machine's role needs is here, and off until the role turns
it on. Guests run without KVM: what only costs time there is off too.
"""

from pathlib import Path

PACKAGES = (
    *("systemd", "systemd-sysv", "dbus", "procps", "tzdata", "linux-image-cloud-amd64", "busybox-static"),
    *("cloud-init", "cloud-guest-utils", "e2fsprogs", "fdisk"),
    *("openssh-server", "sudo", "python3", "python3-apt", "python3-psycopg2"),
    *("iproute2", "iputils-ping", "curl", "netcat-openbsd", "ca-certificates", "openssl"),
    *("nftables", "chrony", "nginx-light", "postgresql-15"),
    *("prometheus-node-exporter", "rsyslog", "unattended-upgrades"),
)

# Not unpacked: the guest's first root is made here, so the kernel's package need not make one.
EXCLUDED = ("/etc/kernel/postinst.d/initramfs-tools",)

# Off until a role turns them on. PostgreSQL's cluster "main" is there and starts with the service.
DISABLED = ("chrony", "nftables", "nginx", "postgresql", "prometheus-node-exporter", "rsyslog", "unattended-upgrades")
ENABLED = {"multi-user.target": ("systemd-networkd.service", "cloud-init.target")}
MASKED = (
    *("getty.target", "systemd-ask-password-console.path", "systemd-ask-password-wall.path", "remote-fs.target"),
    *("apt-daily.timer", "apt-daily-upgrade.timer", "dpkg-db-backup.timer", "e2scrub_all.timer", "fstrim.timer"),
    *("logrotate.timer", "systemd-tmpfiles-clean.timer", "e2scrub_reap.service", "systemd-timesyncd.service"),
    *("systemd-binfmt.service", "proc-sys-fs-binfmt_misc.automount", "dev-hugepages.mount", "dev-mqueue.mount"),
    *("sys-kernel-debug.mount", "sys-kernel-tracing.mount", "sys-kernel-config.mount", "sys-fs-fuse-connections.mount"),
    *("modprobe@.service", "kmod-static-nodes.service", "systemd-tmpfiles-setup-dev.service"),
    *("systemd-modules-load.service", "systemd-remount-fs.service", "systemd-pstore.service"),
    *("systemd-random-seed.service", "systemd-hwdb-update.service", "systemd-update-utmp.service"),
    *("systemd-update-utmp-runlevel.service", "systemd-update-done.service", "systemd-journal-flush.service"),
    *("systemd-journal-catalog-update.service", "systemd-firstboot.service", "systemd-machine-id-commit.service"),
    *("systemd-sysusers.service", "ldconfig.service", "systemd-repart.service"),
)
# Programs that systemd runs at every start and reload, to find what no guest has; cloud-init's looks for a seed, but
# cloud-init does so itself.
GENERATORS = (
    *("cloud-init-generator", "systemd-cryptsetup-generator", "systemd-debug-generator", "systemd-getty-generator"),
    *("systemd-gpt-auto-generator", "systemd-hibernate-resume-generator", "systemd-integritysetup-generator"),
    *("systemd-rc-local-generator", "systemd-run-generator", "systemd-system-update-generator"),
    "systemd-veritysetup-generator",
)

# The first root has let the partition grow and has put the seed where cloud-init looks first: no growpart, no search
# for disks. The other modules left out look for packages and clouds.
_CLOUD = """\
datasource_list: [NoCloud, None]
datasource:
  NoCloud: {fs_label: null}
system_info:
  network: {renderers: [networkd]}
ssh_genkeytypes: [ed25519]
cloud_init_modules:
  [bootcmd, write-files, resizefs, disk_setup, mounts, set_hostname, update_hostname, update_etc_hosts, users-groups,
   ssh]
cloud_config_modules: [timezone, runcmd]
cloud_final_modules: [write-files-deferred, scripts-user, keys-to-console, final-message]
"""

_SYSTEM = """\
[Manager]
DefaultTimeoutStartSec=300s
"""

_JOURNAL = """\
[Journal]
Storage=volatile
RuntimeMaxUse=8M
"""

_SSHD = """\
HostKey /etc/ssh/ssh_host_ed25519_key
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
UseDNS no
PrintMotd no
"""

_PAM = """\
@include common-auth
account required pam_nologin.so
@include common-account
@include common-session
session required pam_limits.so
session required pam_env.so
@include common-password
"""

# Only what a guest has, instead of several hundred devices.
_TRIGGER = """\
[Service]
ExecStart=
ExecStart=-udevadm trigger --action=add --subsystem-match=pci --subsystem-match=virtio --subsystem-match=block \
 --subsystem-match=net --subsystem-match=input --subsystem-match=acpi --subsystem-match=platform
"""

_STAGES = (Path(__file__).parent / "cloud-stages").read_text()
_FIRST_STAGE = "[Service]\nExecStart=\nExecStart=/usr/local/sbin/cloud-stages\n"
_STAGE = """\
[Service]
ExecStart=
ExecStart=/bin/sh -c 'code=$(echo {name} | nc -NU /run/cloud-stages) || exec cloud-init {arguments}; exit $${{code:-1}}'
"""

_UNCHECKED = "[Service]\nExecStartPre=\n"  # it would read its configuration twice
_LATER = "[Unit]\nAfter=ssh.service\n"  # the power button can wait

_GRUB = """\
set root=(hd0,msdos1)
linux16 /boot/vmlinuz quiet console=ttyS0 mitigations=off nokaslr edd=off
initrd16 /boot/initrd.img
boot
"""

FILES = {
    "boot/grub/grub.cfg": _GRUB,
    "etc/cloud/cloud.cfg.d/90_lab.cfg": _CLOUD,
    "etc/systemd/system.conf.d/lab.conf": _SYSTEM,
    "etc/systemd/journald.conf.d/lab.conf": _JOURNAL,
    "usr/local/sbin/cloud-stages": _STAGES,
    "etc/systemd/system/cloud-init-local.service.d/lab.conf": _FIRST_STAGE,
    "etc/systemd/system/cloud-init.service.d/lab.conf": _STAGE.format(name="network", arguments="init"),
    "etc/systemd/system/cloud-config.service.d/lab.conf": _STAGE.format(
        name="config", arguments="modules --mode=config"
    ),
    "etc/systemd/system/cloud-final.service.d/lab.conf": _STAGE.format(name="final", arguments="modules --mode=final"),
    "etc/systemd/system/ssh.service.d/lab.conf": _UNCHECKED,
    "etc/systemd/system/systemd-logind.service.d/lab.conf": _LATER,
    "etc/systemd/system/systemd-udev-trigger.service.d/lab.conf": _TRIGGER,
    "etc/ssh/sshd_config.d/lab.conf": _SSHD,
    "etc/pam.d/sshd": _PAM,
    "etc/fstab": "# The first root has mounted the disk.\n",
    "etc/hostname": "",
    "etc/machine-id": "",
}
# The links are aliases: with them, a service that is off looks enabled.
ALIASES = ("etc/systemd/system/chronyd.*", "etc/systemd/system/syslog.*")
REMOVED = (
    *ALIASES,
    "etc/ssh/ssh_host_*",
    # Without it cloud-init does not compare its settings with their schema, which takes longer than following them.
    "usr/lib/python3/dist-packages/jsonschema",
    "var/lib/apt/lists/*",
    "var/cache/apt/*.bin",
    "var/log/*.log",
)

# MiB: what is there of it is only what is written to it.
ROOT_MIB = 1536

PARTS = (PACKAGES, EXCLUDED, FILES, REMOVED, DISABLED, ENABLED, MASKED, GENERATORS, ROOT_MIB)
