"""A Debian in a folder: installed by mmdebstrap, then made into the base of a host or of a guest."""

import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from haicap.lab import recipe
from haicap.lab.command import run


def bootstrap(tree: Path, packages: Sequence[str], without: Sequence[str] = ()) -> None:
    """Install a minimal Debian and `packages`, without what they only recommend, in the new folder `tree`.

    Files that match a pattern in `without` are left out, now and later.
    """
    _mmdebstrap(tree, packages, ["--variant=minbase", *(f"--dpkgopt=path-exclude={pattern}" for pattern in without)])


def extract(tree: Path, packages: Sequence[str]) -> None:
    """Unpack `packages` and what they depend on in the new folder `tree`; nothing is installed or configured."""
    _mmdebstrap(tree, packages, ["--variant=extract"])


def _mmdebstrap(tree: Path, packages: Sequence[str], options: Sequence[str]) -> None:
    excluded = [f"--dpkgopt=path-exclude=/usr/share/{folder}/*" for folder in recipe.EXCLUDED]
    mmdebstrap = [
        *("mmdebstrap", "--quiet", "--mode=root", "--format=directory", *options),
        *('--aptopt=Apt::Install-Recommends "false"', "--dpkgopt=force-unsafe-io", *excluded, *_proxy()),
        *(f"--include={','.join(packages)}", recipe.SUITE, str(tree), _mirror()),
    ]
    # In a mount namespace of its own, what mmdebstrap mounts below the tree is gone before anything is removed.
    run(["unshare", "--mount", *mmdebstrap])


def remove(tree: Path, patterns: Iterable[str]) -> None:
    """Remove the files and folders of a tree that match one of the patterns."""
    for pattern in patterns:
        for stale in tree.glob(pattern):
            shutil.rmtree(stale) if stale.is_dir() else stale.unlink()


def write(tree: Path, files: Mapping[str, str]) -> None:
    """Write files, by their paths in the tree, in place of what is there; scripts so that they can be run."""
    for name, text in files.items():
        file = tree / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.unlink(missing_ok=True)
        file.write_text(text)
        file.chmod(0o755 if text.startswith("#!") else 0o644)


def switch(tree: Path, disabled: Iterable[str], enabled: Mapping[str, Iterable[str]], masked: Iterable[str]) -> None:
    """Turn units off, on and away. A name without a suffix is a service's; `enabled` has the units of each target."""
    units = tree / "etc/systemd/system"
    for name in disabled:
        for wants in units.glob("*.wants"):
            (wants / (name if "." in name else f"{name}.service")).unlink(missing_ok=True)
    for unit in masked:
        _link(units / unit, "/dev/null")
    for target, wanted in enabled.items():
        for unit in wanted:
            folder = "etc" if (units / unit).exists() else "lib"
            _link(units / f"{target}.wants" / unit, f"/{folder}/systemd/system/{unit}")


def mask_generators(tree: Path, names: Iterable[str]) -> None:
    """Keep systemd from running these generators of units."""
    for name in names:
        _link(tree / "etc/systemd/system-generators" / name, "/dev/null")


def _link(link: Path, target: str) -> None:
    link.parent.mkdir(parents=True, exist_ok=True)
    link.unlink(missing_ok=True)
    link.symlink_to(target)


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
