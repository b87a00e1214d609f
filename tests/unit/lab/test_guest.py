"""The guests' recipes, and what tiny reads of a seed. Needs no root."""

import subprocess
from pathlib import Path

import pytest

from haicap.errors import HaicapError
from haicap.lab import guest, guest_recipe, initramfs, tiny

VALUES = Path(tiny.__file__).parent / "root/etc/init.d/values"
META = "instance-id: app-1-1\nlocal-hostname: app-1\n"
USER = """\
#cloud-config
fqdn: app-1.example.vn
users:
  - name: root
    ssh_authorized_keys:
      - ssh-ed25519 AAAAC3Nza+C1/lZDI= an officer's
      - "ecdsa-sha2-nistp256 AAAAE2Vj"
ssh_keys:
  ed25519_public: ssh-ed25519 AAAAnot
"""
NETWORK = """\
version: 2
ethernets:
  nic0:
    match: {macaddress: "52:54:0a:7e:00:05"}
    addresses: [10.126.0.5/24, "2001:db8:103::5/128"]
    gateway4: 10.126.0.1
    gateway6: fe80::1
    nameservers: {addresses: [10.127.0.3, "2001:db8::3"]}
"""
# The same, written as a YAML library does.
BLOCKS = """\
version: 2
ethernets:
  nic0:
    addresses:
    - 10.126.0.5/24
    - 2001:db8:103::5/128
    match:
      macaddress: 52:54:0a:7e:00:05
    routes:
    - to: 0.0.0.0/0
      via: 10.126.0.1
    - to: ::/0
      via: fe80::1
      on-link: true
    nameservers:
      addresses:
      - 10.127.0.3
      - 2001:db8::3
"""
EXPECTED = [
    "name app-1",
    "key ssh-ed25519 AAAAC3Nza+C1/lZDI=",
    "key ecdsa-sha2-nistp256 AAAAE2Vj",
    "address 10.126.0.5/24",
    "address 2001:db8:103::5/128",
    "gateway 10.126.0.1",
    "gateway fe80::1",
    "server 10.127.0.3",
    "server 2001:db8::3",
]


@pytest.mark.parametrize("network", [NETWORK, BLOCKS])
def test_tiny_reads_a_seed(tmp_path, network):
    _write(tmp_path, META, USER, network)
    assert _values(tmp_path) == EXPECTED


def test_tiny_reads_keys_on_one_line_and_none_at_all(tmp_path):
    _write(
        tmp_path, META, 'users: [{name: root, ssh_authorized_keys: ["ssh-ed25519 AAAA", "ssh-rsa BBBB x"]}]\n', NETWORK
    )
    assert _values(tmp_path)[1:3] == ["key ssh-ed25519 AAAA", "key ssh-rsa BBBB"]
    _write(tmp_path, META, "#cloud-config\n", NETWORK)
    assert _values(tmp_path)[1] == "address 10.126.0.5/24"


def test_an_image_that_is_not_built_names_the_way_out(tmp_path, monkeypatch):
    monkeypatch.setenv("HAICAP_CACHE", str(tmp_path))
    assert guest.missing_guests() == ["debian", "tiny"]
    with pytest.raises(HaicapError, match='the guest image "tiny" is not built: run `make setup`'):
        guest.guest_image("tiny")


def test_a_built_image_tells_its_sum_and_where_a_hypervisor_has_it(tmp_path, monkeypatch):
    monkeypatch.setenv("HAICAP_CACHE", str(tmp_path))
    guest.guest_folder("tiny").mkdir()
    (guest.guest_folder("tiny") / "sha256").write_text("ab12\n")
    image = guest.guest_image("tiny")
    assert (image.sha256, image.format) == ("ab12", "qcow2")
    assert image.path.parent.parent == tmp_path
    assert image.source == "file:///var/lib/haicap-lab/images/tiny.qcow2"
    assert guest.missing_guests() == ["debian"]


def test_a_change_of_its_recipe_makes_another_image(monkeypatch):
    before = {name: guest.guest_folder(name) for name in guest.NAMES}
    monkeypatch.setattr(tiny, "SIZE_MIB", 64)
    assert guest.guest_folder("tiny") != before["tiny"]
    assert guest.guest_folder("debian") == before["debian"]
    monkeypatch.setattr(initramfs, "MODULES", ())
    assert guest.guest_folder("debian") != before["debian"]


def test_no_service_of_a_platform_starts_by_itself():
    assert not set(guest_recipe.DISABLED) & {name.removesuffix(".service") for name in guest_recipe.MASKED}
    enabled = {unit for units in guest_recipe.ENABLED.values() for unit in units}
    assert not enabled & {f"{name}.service" for name in guest_recipe.DISABLED}


def _write(folder, meta, user, network):
    for name, text in (("meta-data", meta), ("user-data", user), ("network-config", network)):
        (folder / name).write_text(text)


def _values(folder):
    return subprocess.run(["sh", VALUES, folder], capture_output=True, text=True, check=True).stdout.splitlines()
