"""What users and whoever moves the data see of a reference machine; run on it as root.

check.py live     records, pages, refusals, the data disk, export and import
check.py write    two writers in the background: one holds its transaction open, one tries again and again
check.py frozen   what they wrote is all there is, and stays
check.py thawed   new records again
"""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

NAME, ADDRESS = "motcua.lamdong.gov.vn", "100.64.0.26"
DATA = "/usr/local/lib/haicap/data"
FOLDER = Path("/var/tmp/scenario")  # noqa: S108 - root's, on a host of the lab
EXPORT, WRONG, WRITTEN = FOLDER / "export", FOLDER / "wrong", FOLDER / "written"
SERVICE = "haicap-reference"


def run(*command: str, ok: bool | None = True) -> str:
    """What a program printed; `ok` None: whatever its exit code."""
    ran = subprocess.run(command, check=False, text=True, cwd="/", capture_output=True)
    said = f"{' '.join(command)}: {ran.returncode}\n{ran.stdout}{ran.stderr}"
    assert ok is None or (ran.returncode == 0) == ok, said
    return ran.stdout + ran.stderr


def ask(path: str, *options: str, base: str = f"https://{NAME}") -> tuple[int, str]:
    """The status and the body of an answer, by way of the proxy unless `base` is another."""
    curl = ("curl", "-sS", "--cacert", "/etc/haicap/ca.pem", "--connect-to", f"{NAME}::{ADDRESS}:")
    body, _, status = run(*curl, "-w", "\n%{http_code}", *options, f"{base}{path}").rpartition("\n")
    return int(status), body


def post(values: object, *, base: str = f"https://{NAME}") -> tuple[int, str]:
    return ask("/records", "-H", "Content-Type: application/json", "-d", json.dumps(values), base=base)


def health() -> dict[str, Any]:
    return json.loads(ask("/health")[1])


def as_service(statement: str) -> str:
    return run("runuser", "-u", SERVICE, "--", "psql", "-X", "-At", "-q", "-d", "platform", "-c", statement, ok=None)


def counts(*command: str) -> dict[str, Any]:
    return json.loads(run(DATA, *command))


def live() -> None:
    run("systemctl", "is-active", "--quiet", SERVICE, "postgresql@15-main", "nginx", "haicap-disk@data")
    run("systemctl", "is-enabled", "--quiet", SERVICE, "postgresql@15-main", "nginx", "haicap-disk@data")
    FOLDER.mkdir(exist_ok=True)
    pages()
    disk()
    moves()
    away()


def pages() -> None:
    before = health()["records"]
    assert health() == {
        **health(),
        "platform": "procedures",
        "machine": "ref1",
        "stage": "live",
        "database": "writable",
    }
    status, body = post({"unit": "24958", "note": "Hồ sơ <b>số 1</b>\nhai dòng \\ và \t thẻ"})
    assert status == 201, body
    number = json.loads(body)["id"]
    status, body = ask("/records", "--data-urlencode", "unit=24958", "--data-urlencode", "note=từ một mẫu")
    assert status == 201, body
    assert health()["records"] == before + 2
    status, body = ask(f"/records/{number}")
    assert (status, json.loads(body)["note"]) == (200, "Hồ sơ <b>số 1</b>\nhai dòng \\ và \t thẻ"), body
    status, page = ask("/")
    assert status == 200, page
    for words in ("Một cửa &lt;điện tử&gt;", "<b>ref1</b>", "Hồ sơ &lt;b&gt;số 1&lt;/b&gt;", f"<b>{before + 2}</b>"):
        assert words in page, (words, page)
    for bad in (
        {"unit": "24958"},
        {"unit": "", "note": "x"},
        {"unit": "x", "note": "a\0b"},
        {"unit": 1, "note": "x"},
        [],
    ):
        assert post(bad)[0] == 400, bad
    assert ask("/records", "-d", "unit=1&note=" + "x" * 70000)[0] == 413
    assert [ask(path)[0] for path in ("/records/0", "/records/x", "/records/" + "9" * 40, "/other")] == [404] * 4
    assert ask("/health", "-I")[0] == 200
    assert ask("/", "-X", "OPTIONS")[0] == 204


def disk() -> None:
    """A filesystem is made once: neither a second start nor what blkid does not know brings another."""
    assert run("findmnt", "-n", "-o", "FSTYPE", "/srv/data").strip() == "ext4"
    folder = run("runuser", "-u", "postgres", "--", "psql", "-At", "-c", "SHOW data_directory").strip()
    assert folder == "/srv/data/postgresql", folder
    run("systemctl", "reload", "haicap-disk@data")
    foreign, link = FOLDER / "foreign.disk", Path("/dev/disk/by-id/virtio-foreign")
    foreign.write_bytes(b"\0" * 65536 + b"\x5a\xc3" * 4096 + b"\0" * (32 << 20))
    before = foreign.read_bytes()
    device = Path(run("losetup", "-f").strip())
    if not device.exists():
        run("mknod", str(device), "b", "7", device.name.removeprefix("loop"))
    run("losetup", str(device), str(foreign))
    try:
        link.symlink_to(device)
        said = run("/usr/local/lib/haicap/disk", "foreign", ok=False)
        assert "has no filesystem and is not empty" in said, said
        assert not Path("/srv/foreign").exists()
    finally:
        run("losetup", "-d", str(device))
        link.unlink()
    assert foreign.read_bytes() == before
    foreign.unlink()


def moves() -> None:
    shutil.rmtree(EXPORT, ignore_errors=True)
    there = counts("counts")
    assert there["records"]["rows"] == health()["records"]
    assert counts("export", str(EXPORT)) == there == json.loads((EXPORT / "counts.json").read_text())
    assert [file.stat().st_mode & 0o777 for file in sorted(EXPORT.iterdir())] == [0o600, 0o600]

    said = run(DATA, "import", str(EXPORT), ok=False)
    assert "rows that did not come from an import" in said, said
    post({"unit": "24958", "note": "after the export"})
    assert counts("import", str(EXPORT), "--replace") == there
    assert counts("counts") == there
    assert health() == {**health(), "records": there["records"]["rows"], "database": "writable"}
    assert counts("import", str(EXPORT)) == there
    shutil.copytree(EXPORT, WRONG, dirs_exist_ok=True)
    (WRONG / "counts.json").write_text(json.dumps({"records": {"rows": 1, "sha256": "0" * 64}}))
    assert "not what counts.json says" in run(DATA, "import", str(WRONG), "--replace", ok=False)
    assert counts("counts") == there
    shutil.rmtree(WRONG)

    # What came by an import gives way to the next one, but what was added to it does not.
    post({"unit": "24958", "note": "on top of an import"})
    run(DATA, "import", str(EXPORT), ok=False)
    databases = as_service("SELECT datname FROM pg_database")
    assert "platform_" not in databases, databases


def away() -> None:
    run("systemctl", "stop", SERVICE)
    status, page = ask("/")
    assert (status, "thử lại sau" in page) == (502, True), page
    run("systemctl", "start", SERVICE)
    run("systemctl", "stop", "postgresql@15-main")
    status, body = ask("/health")
    assert (status, json.loads(body)["machine"]) == (503, "ref1"), body
    run("systemctl", "start", "postgresql@15-main")
    assert ask("/health")[0] == 200


def write() -> None:
    """Both go on when this process has ended. Each line of WRITTEN is a record that was answered with its number."""
    WRITTEN.unlink(missing_ok=True)
    if os.fork() == 0:
        os.setsid()
        detach()
        insert = "INSERT INTO records (unit, note) VALUES ('24958', '{}') RETURNING id"
        if os.fork() == 0:
            number = as_service(f"BEGIN; {insert.format('in flight')}; SELECT pg_sleep(15); COMMIT")
            note(number.split()[0])
            os._exit(0)
        end = time.monotonic() + 60
        while time.monotonic() < end:
            number = as_service(insert.format("again and again")).strip()
            if not number.isdigit():
                break
            note(number)
        Path(f"{WRITTEN}.end").write_text(number)
        os._exit(0)
    while not WRITTEN.exists():
        time.sleep(0.1)


def detach() -> None:
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)


def note(number: str) -> None:
    with WRITTEN.open("a") as file:
        file.write(f"{number}\n")


def frozen() -> None:
    there = counts("counts")
    end = Path(f"{WRITTEN}.end")
    for _ in range(60):
        if end.exists():
            break
        time.sleep(0.5)
    assert "permission denied" in end.read_text(), end.read_text()
    written = {int(number) for number in WRITTEN.read_text().split()}
    kept = as_service("SELECT id FROM records")
    assert written <= {int(number) for number in kept.split()}, "a record was answered with its number and is not there"
    assert as_service("SELECT count(*) FROM records WHERE note = 'in flight'").strip() != "0"

    status, page = post({"unit": "24958", "note": "x"})
    assert (status, "không nhận dữ liệu mới" in page) == (503, True), page
    status, body = post({"unit": "24958", "note": "x"}, base="http://127.0.0.1:8080")
    assert (status, "frozen" in body) == (503, True), body
    for statement in (
        "INSERT INTO records (unit, note) VALUES ('1', 'x')",
        "SET default_transaction_read_only = off; INSERT INTO records (unit, note) VALUES ('1', 'x')",
        "UPDATE records SET note = 'x'",
        "DELETE FROM records",
        "SELECT nextval('records_id_seq')",
    ):
        assert "permission denied" in as_service(statement), statement
    assert health() == {**health(), "stage": "frozen", "database": "read-only", "records": there["records"]["rows"]}
    assert counts("counts") == there == counts("export", str(EXPORT))
    end.unlink()


def thawed() -> None:
    there = health()["records"]
    assert post({"unit": "24958", "note": "again"})[0] == 201
    assert health() == {**health(), "stage": "live", "database": "writable", "records": there + 1}
    shutil.rmtree(EXPORT)


{"live": live, "write": write, "frozen": frozen, "thawed": thawed}[sys.argv[1]]()
