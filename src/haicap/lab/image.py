"""The base image: the Debian tree that all hosts of all labs share, read-only, built once and kept in the cache."""

from collections.abc import Callable
from pathlib import Path

from haicap.lab import cache, debian, recipe

Progress = Callable[[str], None]


def image_path() -> Path:
    """Where the image of this version of the recipe is, or will be once it is built."""
    parts = (recipe.SUITE, recipe.PACKAGES, recipe.EXCLUDED, recipe.DISABLED, recipe.ENABLED, recipe.MASKED)
    return cache.folder() / f"lab-image-{cache.version(*parts, recipe.FILES, recipe.REMOVED)}"


def build_image(progress: Progress | None = None) -> Path:
    """Build the image, unless this version is there already, and return its path.

    HaicapError when not root or when mmdebstrap fails.
    """
    report = progress or (lambda _line: None)
    return cache.build_once(image_path(), "lab-image.lock", lambda tree: _build(tree, report))


def _build(tree: Path, progress: Progress) -> None:
    progress("fetching Debian and installing the hosts' packages (a minute)")
    debian.bootstrap(tree, recipe.PACKAGES)
    progress("making the base lean")
    debian.remove(tree, recipe.REMOVED)
    debian.write(tree, recipe.FILES)
    debian.switch(tree, recipe.DISABLED, recipe.ENABLED, recipe.MASKED)
