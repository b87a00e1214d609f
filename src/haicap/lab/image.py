"""The base image: the Debian tree that all hosts of all labs share, read-only, built once and kept in the cache."""

import fcntl
import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from haicap.errors import HaicapError
from haicap.lab import recipe
from haicap.lab.command import run

Progress = Callable[[str], None]


def image_path() -> Path:
    """Where the image of this version of the recipe is, or will be once it is built."""
    home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    cache = os.environ.get("HAICAP_CACHE") or str(Path(home) / "haicap")
    return Path(cache).absolute() / f"lab-image-{_version()}"


def build_image(progress: Progress | None = None) -> Path:
    """Build the image, unless this version is there already, and return its path.

    It appears under its name only when complete; of two builds at once the second waits and takes the first one's.
    HaicapError when not root or when mmdebstrap fails.
    """
    path = image_path()
    if path.is_dir():
        return path
    if os.geteuid() != 0:
        raise HaicapError("the base image cannot be built: not root; run it as root")
    path.parent.mkdir(parents=True, exist_ok=True)
    with (path.parent / "lab-image.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.is_dir():
            _build(path, progress or (lambda _line: None))
    return path


def _build(path: Path, progress: Progress) -> None:
    part = path.with_suffix(".part")
    shutil.rmtree(part, ignore_errors=True)
    try:
        progress("fetching Debian and installing the hosts' packages (half a minute)")
        # In a mount namespace of its own, what mmdebstrap mounts below the tree is gone before anything is removed.
        run(["unshare", "--mount", *_mmdebstrap(part)])
        progress("making the base lean")
        _finish(part)
        part.rename(path)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise


def _mmdebstrap(tree: Path) -> list[str]:
    excluded = [f"--dpkgopt=path-exclude=/usr/share/{folder}/*" for folder in recipe.EXCLUDED]
    return [
        *("mmdebstrap", "--quiet", "--mode=root", "--variant=minbase", "--format=directory"),
        *('--aptopt=Apt::Install-Recommends "false"', "--dpkgopt=force-unsafe-io", *excluded, *_proxy()),
        *(f"--include={','.join(recipe.PACKAGES)}", recipe.SUITE, str(tree), _mirror()),
    ]


def _mirror() -> str:
    """The archive this machine itself installs Debian from, when it is of the same suite."""
    if shutil.which("apt-get"):
        listed = run(
            ["apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE) $(COMPONENT)", "Identifier: Packages"]
        )
        for line in listed.splitlines():
            uri, _, rest = line.partition(" ")
            if rest == f"{recipe.SUITE} main":
                return uri
    return recipe.MIRROR


def _proxy() -> list[str]:
    if not shutil.which("apt-config"):
        return []
    value = run(["apt-config", "shell", "proxy", "Acquire::http::Proxy"]).strip().removeprefix("proxy=").strip("'")
    return [f'--aptopt=Acquire::http::Proxy "{value}"'] if value else []


def _finish(tree: Path) -> None:
    """Turn a plain Debian into a host's base: files, units on and off, and nothing that two hosts must not share."""
    for pattern in recipe.REMOVED:
        for stale in tree.glob(pattern):
            shutil.rmtree(stale) if stale.is_dir() else stale.unlink()
    for name, text in recipe.FILES.items():
        file = tree / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.unlink(missing_ok=True)
        file.write_text(text)
        file.chmod(0o644)
    units = tree / "etc/systemd/system"
    for service in recipe.DISABLED:
        for wants in units.glob("*.wants"):
            (wants / f"{service}.service").unlink(missing_ok=True)
    for unit in recipe.MASKED:
        _link(units / unit, "/dev/null")
    for target, enabled in recipe.ENABLED.items():
        for unit in enabled:
            folder = "etc" if (units / unit).exists() else "lib"
            _link(units / f"{target}.wants" / unit, f"/{folder}/systemd/system/{unit}")


def _link(link: Path, target: str) -> None:
    link.parent.mkdir(parents=True, exist_ok=True)
    link.unlink(missing_ok=True)
    link.symlink_to(target)


def _version() -> str:
    parts = (recipe.SUITE, recipe.PACKAGES, recipe.EXCLUDED, recipe.DISABLED, recipe.ENABLED, recipe.MASKED)
    return hashlib.sha256(repr((*parts, recipe.FILES, recipe.REMOVED)).encode()).hexdigest()[:12]
