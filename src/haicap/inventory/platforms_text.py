"""The text of a new platforms.yml: five platforms, and what a merger brings beside them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from haicap.inventory.naming import dns_label, province_domain

_SOON = "{prepare: 2025-06-01, trial: 2025-06-16, live: 2025-07-01}"
_SINCE_LONG = "{live: 2020-01-01}"
_UNTIL_MERGER = "{live: 2020-01-01, frozen: 2025-07-01}"
_OFFICE, _SCIENCE = "Văn phòng Ủy ban nhân dân", "Sở Khoa học và Công nghệ"
_DESK = "Trung tâm Phục vụ hành chính công"
_HEAD = """\
# yaml-language-server: $schema=../../schema/platforms.schema.json
#
# The platforms of {name}, and the machines below them. Names, owners, sizes and the dates before 2025 are SYNTHETIC,
# and no vendor is named (`vendor: "..."`): put in the province's own.
"""
_MERGED = """\
# What was kept and what was replaced is what Lâm Đồng was reported to do: the old province's data-sharing and document
# axes serve the new one; a new document system began on 2025-07-01 in place of the old provinces'; each old province's
# procedure system finishes what arrived before that day, and the new one takes everything after.
"""


class _Entry(NamedTuple):
    """A platform as it is written; `lines` are further keys."""

    name: str
    title: str
    kind: str
    owner: str
    host: str
    dates: str
    machines: str
    lines: tuple[str, ...] = ()


def platforms_yaml(name: str, old_provinces: Sequence[str]) -> str:
    """The text of the platforms.yml of the province `name`, made of these old ones (itself among them)."""
    merged = [name, *sorted(old for old in old_provinces if old != name)] if len(old_provinces) > 1 else []
    entries = [*_kept(name, bool(merged)), *_old_systems(merged), *_new_systems(name, bool(merged))]
    head = _HEAD.format(name=name) + (_MERGED if merged else "")
    return f"{head}\nplatforms:\n" + "\n".join(map(_text, entries))


def _kept(name: str, merged: bool) -> Iterator[_Entry]:
    """The axes: after a merger, the old province's of the same name."""
    domain = province_domain(name)
    since, kept = (_SINCE_LONG, (f"kept_from: {_quoted(name)}",)) if merged else (_SOON, ())
    axis = "{profile: app, image: debian-12, count: 2}"
    yield _Entry(
        "sharing", "Nền tảng tích hợp, chia sẻ dữ liệu", "sharing", _SCIENCE, f"lgsp.{domain}", since, axis, kept
    )
    if merged:
        yield _Entry(
            "document-axis",
            "Trục liên thông văn bản",
            "documents",
            _SCIENCE,
            f"trucvanban.{domain}",
            since,
            "{profile: app, image: debian-12}",
            kept,
        )


def _old_systems(merged: Sequence[str]) -> Iterator[_Entry]:
    """The document and procedure systems of the old provinces, frozen on the day of the merger."""
    for number, old in enumerate(merged):
        label, domain = dns_label(old) if number else "old", province_domain(old)
        kept = (f"kept_from: {_quoted(old)}",)
        yield _Entry(
            f"documents-{label}",
            f"Hệ thống quản lý văn bản của {old} cũ",
            "documents",
            _OFFICE,
            f"vpdt.{domain}",
            _UNTIL_MERGER,
            "{profile: db, image: debian-12, disks: {data: 200}}",
            kept,
        )
    for number, old in enumerate(merged):
        label, domain = dns_label(old) if number else "old", province_domain(old)
        yield _procedures(f"procedures-{label}", f"Hệ thống một cửa của {old} cũ", domain, _UNTIL_MERGER, old)


def _new_systems(name: str, merged: bool) -> Iterator[_Entry]:
    """What stands from the first day of the two levels on."""
    domain = province_domain(name)
    large, small = "{profile: db, image: debian-12, disks: {data: 500}}", "{profile: app, image: debian-12}"
    yield _Entry(
        "documents", "Hệ thống quản lý văn bản và điều hành", "documents", _OFFICE, f"hscv.{domain}", _SOON, large
    )
    replaces = "procedures-old" if merged else None
    yield _procedures("procedures", "Hệ thống thông tin giải quyết thủ tục hành chính", domain, _SOON, None, replaces)
    with_data = "{profile: app, image: debian-12, disks: {data: 100}}"
    yield _Entry("reporting", "Hệ thống thông tin báo cáo", "reporting", _OFFICE, f"baocao.{domain}", _SOON, with_data)
    title = "Họp trực tuyến: cầu nối các hệ thống cũ" if merged else "Họp trực tuyến"
    yield _Entry("meetings", title, "meetings", _SCIENCE, f"hoptructuyen.{domain}", _SOON, small)


def _procedures(name: str, title: str, domain: str, dates: str, old: str | None, replaces: str | None = None) -> _Entry:
    """A procedure system, at `motcua` of a domain."""
    lines = [f"kept_from: {_quoted(old)}"] if old else []
    lines += ["service: {port: 8080}", "role: reference"]
    lines += [f"replaces: {replaces}"] if replaces else []
    machines = "{profile: small, image: debian-12, disks: {data: 1}}"
    return _Entry(name, title, "procedures", _DESK, f"motcua.{domain}", dates, machines, tuple(lines))


def _text(entry: _Entry) -> str:
    lines = [
        f"- name: {entry.name}",
        f"  title: {_quoted(entry.title)}",
        f"  kind: {entry.kind}",
        f"  owner: {_quoted(entry.owner)}",
        f"  names: [{entry.host}]",
        *(f"  {line}" for line in entry.lines),
        f"  dates: {entry.dates}",
        f"  machines: {entry.machines}",
    ]
    return "".join(f"  {line}\n" for line in lines)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
