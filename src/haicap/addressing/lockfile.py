"""The lock files of a province beside its inventory: addresses, names, keys, mail, machines, `<what>.lock.yml`.

Reading checks every value, since a lock can be damaged by a bad merge; writing replaces a file whole, or not at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from haicap.addressing.damage import LockText
from haicap.addressing.layout import (
    Tree,
    cutover_of,
    keys_of,
    locks_trees,
    member_of,
    name_of,
    placed_of,
    to_json,
    to_yaml,
)
from haicap.addressing.mailtext import mailbox_of, mailbox_text
from haicap.addressing.model import Cutover, Keys, Locks, Mailbox
from haicap.addressing.overlaps import (
    find_clashes,
    find_same_addresses,
    find_same_labels,
    find_same_machine_addresses,
)
from haicap.addressing.shapes import (
    Check,
    check_cutovers,
    check_keys,
    check_machines,
    check_mail,
    check_members,
    check_names,
)
from haicap.canonical import digest_of_bytes
from haicap.errors import Finding, FindingsError
from haicap.files import replace_file

CERTIFICATES = "certificates"
ADDRESSES, NAMES, KEYS, MAIL = "addresses.lock.yml", "names.lock.yml", "keys.lock.yml", "mail.lock.yml"
MACHINES, CUTOVERS = "machines.lock.yml", "cutovers.lock.yml"
_ROOTS: Mapping[str, tuple[str, Check]] = {
    ADDRESSES: ("members", check_members),
    NAMES: ("names", check_names),
    KEYS: ("keys", check_keys),
    MAIL: ("mail", check_mail),
    MACHINES: ("machines", check_machines),
    CUTOVERS: ("cutovers", check_cutovers),
}
_HEAD = """\
# Kept by `haicap {verb}` and reviewed in git. Do not edit it by hand: what is here never moves,
# because {why}."""
_HEADS = {
    ADDRESSES: _HEAD.format(verb="lock", why="routers, firewalls and devices out in the units rely on it"),
    NAMES: _HEAD.format(verb="lock", why="people and certificates rely on these names"),
    KEYS: _HEAD.format(verb="enrol", why="each key was made on its host, and only its public half is here"),
    MAIL: _HEAD.format(verb="lock", why="letters, cards and the public rely on these addresses"),
    MACHINES: _HEAD.format(verb="lock", why="a machine's disks are where it is; `haicap rebalance` proposes moves"),
    CUTOVERS: _HEAD.format(verb="cutover", why="it says which platform a name leads to"),
}


def read_locks(folder: Path, keys_file: Path | None = None) -> Locks:
    """Read the locks beside an inventory, `inventories/<slug>`. A file that is missing is empty.

    `keys_file` is where keys are, if not in the folder, and cut-overs are beside it. Raises FindingsError with the line
    of everything that is damaged: conflict markers, bad YAML, unknown or missing keys, bad addresses, and values that
    two members have.
    """
    addresses = _open(folder / ADDRESSES, "members", check_members)
    names = _open(folder / NAMES, "names", check_names)
    machines = _open(folder / MACHINES, "machines", check_machines)
    keys_path = keys_file or folder / KEYS
    keys = _open(keys_path, "keys", check_keys, elsewhere=keys_file is not None)
    cutovers = _open(keys_path.with_name(CUTOVERS), "cutovers", check_cutovers, elsewhere=keys_file is not None)
    findings = [finding for text in (addresses, names, machines, keys, cutovers) for finding in text.findings]
    members = {identity: member_of(tree) for identity, tree in addresses.entries.items()}
    labels = {identity: name_of(tree) for identity, tree in names.entries.items()}
    places = {name: placed_of(tree) for name, tree in machines.entries.items()}
    findings += [addresses.finding(*clash, "lock-overlap") for clash in find_clashes(members)]
    findings += [names.finding(*clash, "lock-overlap") for clash in find_same_labels(labels)]
    findings += [machines.finding(*clash, "lock-overlap") for clash in find_same_machine_addresses(places)]
    _raise(findings, folder.name)
    return Locks(
        members,
        labels,
        {host: keys_of(tree) for host, tree in keys.entries.items()},
        _certificates(keys_path.parent / CERTIFICATES),
        places,
        {name: cutover_of(tree) for name, tree in cutovers.entries.items()},
    )


def _open(path: Path, root: str, check: Check, *, elsewhere: bool = False) -> LockText:
    """A lock's text; `elsewhere`: not beside the inventory, so its whole path is shown."""
    return LockText(str(path) if elsewhere else _shown(path), _read(path), root, check)


def _certificates(folder: Path) -> dict[str, str]:
    """`<host>.pem` and `ca.pem` beside the keys; each host checks its own against its key before it takes it."""
    return {path.stem: path.read_text(encoding="ascii", errors="replace") for path in sorted(folder.glob("*.pem"))}


def open_lock(path: Path) -> LockText:
    """One lock file for the lines of its values: `open_lock(folder / ADDRESSES).line("24958@2025-07-01", "block")`."""
    return _open(path, *_ROOTS[path.name])


def read_mail(folder: Path) -> dict[str, Mailbox]:
    """Read `mail.lock.yml` beside an inventory; empty if it is missing. Raises FindingsError as `read_locks` does."""
    text = _open(folder / MAIL, "mail", check_mail)
    mailboxes = {key: mailbox_of(str(line)) for key, line in text.entries.items()}
    clashes = find_same_addresses(mailboxes)
    _raise([*text.findings, *(text.finding(*clash, "lock-overlap") for clash in clashes)], folder.name)
    return mailboxes


def _raise(findings: list[Finding], slug: str) -> None:
    if findings:
        raise FindingsError(
            findings,
            "A merge often does this: take one side of the file whole (`git checkout --theirs FILE`), "
            f"and run `haicap lock {slug}` for what is then missing.",
        )


def _shown(path: Path) -> str:
    """A lock's path from the folder that holds `inventories/`."""
    return f"inventories/{path.parent.name}/{path.name}"


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""


def write_locks(folder: Path, locks: Locks) -> tuple[Path, ...]:
    """Write addresses, names and machines; returns the files whose bytes changed. No file of machines without any.

    Keys are written by `write_keys`, cut-overs by `write_cutovers`.
    """
    addresses, names, _, machines, _ = locks_trees(locks)
    written = [_write(folder / ADDRESSES, addresses, ADDRESSES), _write(folder / NAMES, names, NAMES)]
    if locks.machines or (folder / MACHINES).exists():
        written.append(_write(folder / MACHINES, machines, MACHINES))
    return tuple(path for path in written if path)


def write_cutovers(path: Path, cutovers: Mapping[str, Cutover]) -> tuple[Path, ...]:
    """Write the cut-overs, by the new platform's name; returns the path if its bytes changed."""
    written = _write(path, locks_trees(Locks(cutovers=cutovers))[4], CUTOVERS)
    return (written,) if written else ()


def write_keys(path: Path, keys: Mapping[str, Keys]) -> tuple[Path, ...]:
    """Write the keys, by host name; returns the path if its bytes changed."""
    written = _write(path, locks_trees(Locks(keys=keys))[2], KEYS)
    return (written,) if written else ()


def write_mail(folder: Path, mailboxes: Mapping[str, Mailbox]) -> tuple[Path, ...]:
    """Write the mailboxes, a line each, by key; returns the path if its bytes changed. No file where there is none."""
    if not mailboxes and not (folder / MAIL).exists():
        return ()
    written = _write(folder / MAIL, _mail_tree(mailboxes), MAIL)
    return (written,) if written else ()


def _mail_tree(mailboxes: Mapping[str, Mailbox]) -> Tree:
    return {"mail": {key: mailbox_text(mailbox) for key, mailbox in sorted(mailboxes.items())}}


def _write(path: Path, tree: Tree, kind: str) -> Path | None:
    content = to_yaml(tree, _HEADS[kind]).encode()
    if _read(path) == content:
        return None
    replace_file(path, content)
    return path


def locks_digest(locks: Locks) -> str:
    """The digest of the locks and certificates as JSON: the same locks, the same digest."""
    return digest_of_bytes(to_json((*locks_trees(locks), dict(locks.certificates))))


def mail_digest(folder: Path) -> str:
    """The digest of `mail.lock.yml` as it is."""
    return digest_of_bytes(_read(folder / MAIL))
