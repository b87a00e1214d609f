"""A machine's inputs, and what libvirt 9 made of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from haicap.machines.onhost.definition import Setting, define
from haicap.machines.onhost.marks import Mark, birth_of, seed_of
from haicap.machines.onhost.names import Names

CAPTURED = Path(__file__).parent / "captured"
WANTED: dict[str, Any] = {
    "unit": "",
    "machine": "procedures-1",
    "platform": "procedures",
    "province": "lam-dong",
    "hypervisor": "hv1",
    "address": "100.64.0.18",
    "vcpus": 1,
    "max_vcpus": 2,
    "memory_mib": 512,
    "max_memory_mib": 1024,
    "root_gib": 3,
    "disks": {"data": 1},
    "image": {"name": "debian-12", "source": "https://images.example/d.qcow2", "sha256": "a" * 64, "format": "qcow2"},
    "network": {"bridge": "br-machines", "mac": "52:54:0a:7e:00:05", "address": "10.126.0.5"},
    "cloud_init": {"meta-data": "instance-id: one\n", "user-data": "#cloud-config\n", "network-config": "version: 2\n"},
    "state": "running",
    "autostart": True,
}
NAMES = Names("procedures-1")


def mark(**values: str) -> Mark:
    made_of = {"birth": birth_of(WANTED), "seed": seed_of(WANTED)}
    return Mark("lam-dong", "procedures-1", "procedures", **{**made_of, **values})


def defined(*, accelerated: bool = False, targets: dict[str, str] | None = None, **changes: Any) -> str:
    setting = Setting(targets={"data": "vdb"} if targets is None else targets, accelerated=accelerated)
    return define({**WANTED, **changes}, NAMES, mark(), setting)


def captured(name: str) -> str:
    return (CAPTURED / f"{name}.xml").read_text(encoding="utf-8")
