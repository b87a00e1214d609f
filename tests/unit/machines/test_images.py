"""Images: fetched, held against their sum, trusted as long as nobody touched them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from haicap.machines.onhost import images, locks
from haicap.machines.onhost.images import ensure_image

CONTENT = b"disk" * 1000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "_FOLDER", tmp_path / "lock")
    monkeypatch.setattr(images, "image_info", lambda _path: {"format": "raw"})
    (tmp_path / "source.raw").write_bytes(CONTENT)
    (tmp_path / "pool").mkdir()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    handler = partial(SimpleHTTPRequestHandler, directory=str(tmp_path))
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    Thread(target=httpd.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{httpd.server_port}"
    httpd.shutdown()
    httpd.server_close()


def _image(source: str, **changes: Any) -> dict[str, Any]:
    return {"name": "d", "source": source, "sha256": SHA256, "format": "raw", **changes}


def _left(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in (tmp_path / "pool").iterdir())


def test_an_image_is_fetched_once(tmp_path: Path) -> None:
    image = _image(f"file://{tmp_path}/source.raw")
    path = ensure_image(image, tmp_path / "pool")
    assert path.read_bytes() == CONTENT and path.name == f"image-{SHA256[:16]}.raw"
    (tmp_path / "source.raw").unlink()
    assert ensure_image(image, tmp_path / "pool") == path


def test_it_comes_over_http(tmp_path: Path, server: str) -> None:
    assert ensure_image(_image(f"{server}/source.raw"), tmp_path / "pool").read_bytes() == CONTENT
    with pytest.raises(OSError, match="cannot be fetched: 404"):
        ensure_image(_image(f"{server}/none.raw", sha256="c" * 64), tmp_path / "pool")


def test_one_that_was_touched_is_fetched_again(tmp_path: Path) -> None:
    image = _image(f"file://{tmp_path}/source.raw")
    path = ensure_image(image, tmp_path / "pool")
    path.write_bytes(b"other")
    assert ensure_image(image, tmp_path / "pool").read_bytes() == CONTENT


def test_one_without_a_record_is_read(tmp_path: Path) -> None:
    image = _image(f"file://{tmp_path}/source.raw")
    path = ensure_image(image, tmp_path / "pool")
    path.with_name(f"{path.name}.verified").unlink()
    (tmp_path / "source.raw").unlink()
    assert ensure_image(image, tmp_path / "pool") == path


def test_another_content_names_both_sums_and_leaves_nothing(tmp_path: Path) -> None:
    wanted = "b" * 64
    with pytest.raises(ValueError, match=f"its sha256 is {SHA256}, the inventory says {wanted}"):
        ensure_image(_image(f"file://{tmp_path}/source.raw", sha256=wanted), tmp_path / "pool")
    assert _left(tmp_path) == []


@pytest.mark.parametrize(
    ("info", "said"),
    [
        ({"format": "qcow2"}, "is qcow2, the inventory says raw"),
        ({"format": "raw", "backing-filename": "/etc/shadow"}, "based on another file"),
        ({"format": "raw", "format-specific": {"data": {"data-file": "/etc/shadow"}}}, "based on another file"),
    ],
)
def test_an_image_that_is_not_whole_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, info: dict[str, Any], said: str
) -> None:
    monkeypatch.setattr(images, "image_info", lambda _path: info)
    with pytest.raises(ValueError, match=said):
        ensure_image(_image(f"file://{tmp_path}/source.raw"), tmp_path / "pool")
    assert _left(tmp_path) == []


def test_where_space_is_missing_it_says_how_much(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images.shutil, "disk_usage", lambda _path: type("Usage", (), {"free": 3 * 2**20})())
    (tmp_path / "source.raw").write_bytes(b"x" * (5 * 2**20 + 1))
    with pytest.raises(OSError, match="it needs 6 MiB, and 3 MiB are free"):
        ensure_image(_image(f"file://{tmp_path}/source.raw"), tmp_path / "pool")
    assert _left(tmp_path) == []


@pytest.mark.parametrize("source", ["ftp://x/y", "/etc/shadow", "data:,x"])
def test_other_places_are_no_sources(tmp_path: Path, source: str) -> None:
    with pytest.raises(ValueError, match="neither file"):
        ensure_image(_image(source), tmp_path / "pool")
