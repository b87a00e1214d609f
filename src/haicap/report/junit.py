"""JUnit XML, for CI servers: an inspection's probes, or the limits of a plan. Pure."""

from __future__ import annotations

from xml.etree import ElementTree

from haicap.errors import HaicapError
from haicap.plan.model import Breach
from haicap.report.model import Report


def to_junit(report: Report) -> str:
    """An inspection: a suite a unit, a case a probe. A plan: a case a limit that it does not keep; one that was
    overridden, or only warns, is skipped with its reason. HaicapError for what has neither."""
    if report.rows:
        from haicap.inspection.junit import junit  # brings the probes along, which a plan has no use for

        return junit(report.rows)
    if report.kind != "plan":
        raise HaicapError(f"JUnit tells probes and limits, and a report of a {report.kind} has none: write .html.")
    failures = len(report.refused)
    counts = {
        "tests": str(len(report.breaches) or 1),
        "failures": str(failures),
        "errors": "0",
        "skipped": str(len(report.breaches) - failures),
    }
    root = ElementTree.Element("testsuites", counts)
    suite = ElementTree.SubElement(root, "testsuite", {"name": f"limits of {report.subject}", **counts})
    for breach in report.breaches:
        _case(suite, report, breach)
    if not report.breaches:
        ElementTree.SubElement(suite, "testcase", {"classname": "limits", "name": "all limits are kept"})
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=False) + "\n"


def _case(suite: ElementTree.Element, report: Report, breach: Breach) -> None:
    case = ElementTree.SubElement(suite, "testcase", {"classname": "limits", "name": breach.limit})
    if breach in report.refused:
        found = ElementTree.SubElement(case, "failure", {"message": breach.message})
        found.text = f"{breach.message}\n{breach.next_step}"
        return
    reason = report.reason_for(breach)
    told = f"{breach.message} (overridden: {reason})" if reason is not None else breach.message
    ElementTree.SubElement(case, "skipped", {"message": told})
