"""A province's own rules: read from `policies/` beside its files, and held against a plan.

What is in `*.py` there, in folders too, is code, and runs with the rights of whoever plans: it is reviewed like any
other.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from haicap.canonical import digest_of, digest_of_bytes
from haicap.errors import Finding, FindingsError, HaicapError
from haicap.plan.model import Breach, Plan
from haicap.plan.wording import one_line, overriding
from haicap.policy import Policy, ProvinceDesign
from haicap.stack.rego import rego_breaches

FOLDER = "policies"


@dataclass(frozen=True)
class Policies:
    """The rules of a province, each with its file's name; `rego`: there are some in Rego."""

    folder: Path
    files: dict[Policy, str]
    rego: bool

    @property
    def names(self) -> tuple[str, ...]:
        """The limits' names. What Rego gives is known only when it is evaluated."""
        return (*(f"policy.{one.id}" for one in self.files), *(("policy.*",) if self.rego else ()))

    def breaches(self, plan: Plan, design: ProvinceDesign) -> tuple[Breach, ...]:
        """What the rules say against a plan. A rule that fails is a refusal that names its line."""
        if not self.files and not self.rego:
            return ()
        digest = plan.digest
        found = [breach for one, file in self.files.items() for breach in self._held(one, file, plan, design)]
        if plan.digest != digest:
            raise HaicapError(f"{self.folder}: a policy altered the plan; it may only read it.")
        return (*found, *(rego_breaches(self.folder, plan, design) if self.rego else ()))

    def _held(self, one: Policy, file: str, plan: Plan, design: ProvinceDesign) -> Iterator[Breach]:
        limit = f"policy.{one.id}"
        try:
            messages = _texts(one.check(plan, design))
        except (Exception, SystemExit) as error:  # whatever somebody's code raises
            place = _line(error, self.folder / file)
            told = f"{FOLDER}/{file}:{place}: it ended with {type(error).__name__}: {one_line(str(error))}"
            yield Breach(limit, "refuse", told, overriding("Mend the policy", limit))
            return
        for message in messages:
            yield Breach(limit, one.severity, message, overriding(one.next_step.rstrip("."), limit))


def load_policies(folder: Path, directory: Path) -> Policies:
    """The rules in a province's folder; none where it has no `policies/`. They are read and not held.

    FindingsError with everything that is wrong with them; files are named relative to `directory`.
    """
    place = folder / FOLDER
    files, findings = dict[Policy, str](), list[Finding]()
    for path in sorted(place.rglob("*.py")):
        name = path.relative_to(directory).as_posix()
        try:
            found = _load(path)
        except (Exception, SystemExit) as error:  # whatever somebody's code raises
            reason = f"it can't be loaded: {type(error).__name__}: {_message(error)}"
            findings.append(Finding(name, _line(error, path), "", reason, "policy-broken"))
            continue
        findings += _wrong(found, name, files)
        files |= dict.fromkeys(found, path.relative_to(place).as_posix())
    if findings:
        raise FindingsError(findings, f"Fix these and run `haicap check {folder.name}`.")
    return Policies(place, files, any(place.rglob("*.rego")))


def _load(path: Path) -> list[Policy]:
    """Run a file, and what it calls a policy, in its order. Nothing is left of it: no module, no compiled file."""
    names = {"__name__": f"policies_{path.stem}", "__file__": str(path)}
    exec(compile(path.read_bytes(), str(path), "exec", dont_inherit=True), names)  # noqa: S102 - what it is for
    return list(dict.fromkeys(value for value in names.values() if isinstance(value, Policy)))


def _wrong(found: Iterable[Policy], name: str, known: dict[Policy, str]) -> Iterator[Finding]:
    """A file without a rule, and rules of one name."""
    seen = {one.id: file for one, file in known.items()}
    if not found:
        yield Finding(name, 0, "", "it holds no policy; put @policy above its function, or remove it", "policy-empty")
    for one in found:
        if one.id in seen:
            yield Finding(name, 0, "", f"policy {one.id} is in {seen[one.id]} already; rename one", "policy-unique")
        seen[one.id] = Path(name).name


def _texts(messages: object) -> list[str]:
    """What a rule gives, which must be texts."""
    if messages is None:
        return []
    if isinstance(messages, str) or not isinstance(messages, Iterable):
        raise TypeError(f"it gives {messages!r}, and not messages one by one (`yield`)")
    texts = list(messages)
    for text in texts:
        if not isinstance(text, str):
            raise TypeError(f"it gives {text!r}, which is no text")
    return [one_line(text) for text in texts]


def _message(error: BaseException) -> str:
    return error.msg if isinstance(error, SyntaxError) else str(error)


def _line(error: BaseException, path: Path) -> int:
    """The last line of that file on the way to the error."""
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return error.lineno or 0
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    return (frames[-1].lineno or 0) if frames else 0


def policies_digest(folder: Path) -> str:
    """The digest of the names and contents of all files in a province's `policies/`."""
    place = folder / FOLDER
    files = (path for path in sorted(place.rglob("*")) if path.is_file() and "__pycache__" not in path.parts)
    return digest_of({path.relative_to(place).as_posix(): digest_of_bytes(path.read_bytes()) for path in files})
