"""Each limit at its edge: the last plan that keeps it, the first that does not, and what is then said."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from haicap.errors import HaicapError, Refused
from haicap.inventory.safety import Announcement, BySystem, Count, Freeze, Limits, SystemLimits
from haicap.plan.model import Action, Change, Difference, Override, Plan
from haicap.plan.safety import LIMITS, SYSTEMS, Facts, breaches_of, ensure_allowed, ensure_overridable, time_breaches
from haicap.plan.waves import History, Inspected
from tests.unit.plan.plans import change, gateways, plan_of

THURSDAY = date(2026, 9, 10)
NATIONAL_DAY = date(2026, 9, 2)
NO_WAVES = Limits(waves=False, notice_days=0)


def held(plan: Plan, limits: Limits = NO_WAVES, **facts: object) -> list[str]:
    """The names of the limits that a plan does not keep."""
    known = Facts(**{"day": THURSDAY, "recorded": {"gateway": 100}, **facts})  # type: ignore[arg-type]
    return [breach.limit for breach in breaches_of(plan, limits, known)]


@pytest.mark.parametrize("action", ["delete", "replace"])
@pytest.mark.parametrize(
    ("touched", "stands", "kept"),
    [(5, 5, True), (6, 60, True), (6, 59, False), (10, 100, True), (11, 100, False), (6, 6, False)],
)
def test_a_count_is_too_much_above_number_and_share(action: Action, touched: int, stands: int, kept: bool) -> None:
    found = held(plan_of(gateways(touched, action)), recorded={"gateway": stands})
    assert found == ([] if kept else [f"{action}s.gateway"])


def test_a_system_has_limits_of_its_own() -> None:
    own = SystemLimits(deletes=Count(at_most=0, percent=0))
    limits = Limits(waves=False, notice_days=0, by_system=BySystem(dns=own))
    changes = [change("dns-24958", "delete", "dns"), change("gw-24958", "delete")]
    assert held(plan_of(changes), limits, recorded={"dns": 100, "gateway": 100}) == ["deletes.dns"]


def test_the_figure_and_the_way_on_are_said() -> None:
    [breach] = breaches_of(plan_of(gateways(6, "delete")), NO_WAVES, Facts(THURSDAY, {"gateway": 12}))
    assert breach.severity == "refuse"
    assert breach.message == "6 of 12 gateway resources are deleted (50 %): more than 5, and more than 10 %."
    assert breach.next_step == (
        "Do it in parts, with --unit or --wave; if it is meant, say `--override deletes.gateway --reason TEXT`."
    )


def _zone(*gone: str) -> Difference:
    return Difference(
        ("zones", "ductrong.lamdong.gov.vn"), {name: {"ttl": 60, "records": ["a"]} for name in gone}, None
    )


@pytest.mark.parametrize(
    ("number", "inside", "kept"), [(50, 50, True), (51, 255, True), (51, 254, False), (60, 60, False)]
)
def test_what_goes_inside_an_update_counts_too(number: int, inside: int, kept: bool) -> None:
    sets = [f"host-{n} A" for n in range(number)]
    single = [Difference(("zones", "z", name), {"ttl": 1, "records": []}, None) for name in sets[:10]]
    edited = Difference(("zones", "z", "other A"), {"ttl": 1, "records": []}, {"ttl": 2, "records": []})
    update = Change("24958", "dns", "dns-24958", "update", "", (*single, _zone(*sets[10:]), edited))
    assert held(plan_of([update]), entries={"dns": inside}) == ([] if kept else ["entries.dns"])


def test_people_who_go_are_counted_and_files_are_not() -> None:
    people = Difference(("people",), {str(n): {"name": "x"} for n in range(51)}, None)
    files = Difference(("files",), {str(n): "text" for n in range(500)}, None)
    update = Change("24958", "mail", "mail-24958", "update", "", (people, files))
    assert held(plan_of([update]), entries={"mail": 51}) == ["entries.mail"]


@pytest.mark.parametrize(("number", "kept"), [(60, True), (61, False)])
def test_units_in_which_something_stands(number: int, kept: bool) -> None:
    made = gateways(100, "create", first=20000)
    assert held(plan_of([*gateways(number), *made])) == ([] if kept else ["units"])


@pytest.mark.parametrize("action", ["delete", "replace"])
def test_what_all_units_need_is_protected(action: Action) -> None:
    limits = Limits(waves=False, notice_days=0, protected=("gw-2495?",))
    changes = [change("hub1", action, "hub"), change("gw-24958", action), change("gw-24968", action)]
    [breach] = breaches_of(plan_of(changes), limits, Facts(THURSDAY, shared=("hub1", "zones")))
    assert (breach.limit, breach.message) == ("protected", f"2 protected: hub1 ({action}), gw-24958 ({action}).")


def test_protected_resources_are_updated_like_others() -> None:
    assert held(plan_of([change("hub1", "update", "hub"), change("zones", "create", "dns")]), shared=("hub1",)) == []


@pytest.mark.parametrize("target", ["live", "lab"])
def test_holidays_and_freezes_hold_for_the_live_network(target: str) -> None:
    freeze = Freeze.model_validate({"from": NATIONAL_DAY, "until": NATIONAL_DAY, "reason": "the election"})
    limits = Limits(waves=False, freeze=(freeze,))
    plan = plan_of([change("gw-24958", "create")], target)
    found = breaches_of(plan, limits, Facts(NATIONAL_DAY))
    if target == "lab":
        assert found == ()
        return
    assert [(one.limit, one.message) for one in found] == [
        ("holidays", "2026-09-02 is a public holiday: National Day."),
        ("freeze", "Nothing is changed from 2026-09-02 to 2026-09-02: the election."),
    ]
    assert found[0].next_step.startswith("Do it on 2026-09-03, the next working day; ")
    assert found[1].next_step.startswith("Do it from 2026-09-03 on; ")


@pytest.mark.parametrize(("day", "frozen"), [(8, False), (9, True), (10, True), (11, True), (12, False)])
def test_both_ends_of_a_freeze_belong_to_it(day: int, frozen: bool) -> None:
    freeze = Freeze.model_validate({"from": date(2026, 9, 9), "until": date(2026, 9, 11), "reason": "x"})
    found = held(plan_of(gateways(1)), Limits(waves=False, freeze=(freeze,)), day=date(2026, 9, day))
    assert found == (["freeze"] if frozen else [])


def test_holidays_can_be_working_days_for_a_province() -> None:
    assert held(plan_of(gateways(1)), Limits(holidays=False, waves=False), day=NATIONAL_DAY) == []


def test_a_plan_without_changes_keeps_every_limit() -> None:
    assert held(plan_of([]), Limits(), day=NATIONAL_DAY) == []


# Seven working days lie between 2026-08-28 (Friday) and 2026-09-14 (Monday): 31 August is a day off, 1 and 2 September
# are the National Day, and so 3, 4, 7, 8, 9, 10 and 11 September are left.
@pytest.mark.parametrize(
    ("published", "kept"), [(date(2026, 8, 28), True), (date(2026, 9, 2), True), (date(2026, 9, 3), False)]
)
def test_an_outage_is_announced_seven_working_days_before(published: date, kept: bool) -> None:
    one = Announcement(day=date(2026, 9, 14), published=published, reference="12/TB-UBND")
    found = time_breaches([change("gw-24958", "delete")], Limits(announced=(one,)), date(2026, 9, 14))
    assert [breach.limit for breach in found] == ([] if kept else ["notice"])


def test_an_announcement_that_was_late_is_named() -> None:
    one = Announcement(day=THURSDAY, published=date(2026, 9, 7), reference="12/TB-UBND")
    [breach] = time_breaches([change("gw-24958", "delete")], Limits(announced=(one,)), THURSDAY)
    assert breach.message == (
        "1 change interrupts users: gw-24958 (delete); 12/TB-UBND was published on 2026-09-07, 2 working days before."
    )
    assert breach.next_step == (
        "Announce it 7 working days ahead, and enter it in `limits.announced` of province.yml "
        "(what is announced on 2026-09-10 may be done from 2026-09-22 on); "
        "if it is meant, say `--override notice --reason TEXT`."
    )


@pytest.mark.parametrize(
    ("words", "covered"),
    [
        ({}, True),
        ({"units": ("24958",)}, True),
        ({"units": ("24959",)}, False),
        ({"systems": ("gateway", "dns")}, True),
        ({"systems": ("mail",)}, False),
        ({"day": date(2026, 9, 11)}, False),
    ],
)
def test_an_announcement_covers_what_it_names(words: dict[str, object], covered: bool) -> None:
    one = Announcement.model_validate({"day": THURSDAY, "published": date(2026, 8, 3), "reference": "x", **words})
    found = time_breaches([change("gw-24958", "delete")], Limits(announced=(one,)), THURSDAY)
    assert [breach.limit for breach in found] == ([] if covered else ["notice"])


@pytest.mark.parametrize(
    ("one", "noticed"),
    [
        (change("gw-24958", "create"), False),
        (change("gw-24958", "update"), False),
        (change("vm-app-1", "update", "machine", cost="live"), False),
        (change("vm-app-1", "update", "machine", cost="reboot (root_gib)"), True),
        (change("gw-24958", "replace"), True),
        (change("dns-24958", "delete", "dns"), True),
    ],
)
def test_what_users_notice_is_announced(one: Change, noticed: bool) -> None:
    found = time_breaches([one], Limits(), THURSDAY)
    assert [breach.limit for breach in found] == (["notice"] if noticed else [])


NOON = datetime(2026, 9, 10, 12)
WAVES = {"10000": "pilot", "10001": "pilot", "20000": "main"}
LIVE = {"pilot": date(2025, 6, 20), "main": date(2025, 7, 1)}
PILOT, MAIN = change("gw-10000"), change("gw-20000")


def history(**known: object) -> History:
    return History(**{"waves": WAVES, "live": LIVE, "standing": frozenset({"10000"}), **known})  # type: ignore[arg-type]


def waves(*changes: Change, target: str = "live", **known: object) -> list[str]:
    facts = Facts(THURSDAY, history=history(**known))
    return [one.message for one in breaches_of(plan_of(changes, target), Limits(notice_days=0), facts)]


def test_a_wave_waits_for_the_inspection_of_the_one_before() -> None:
    proven = {"inspected": {"10000": Inspected("passed", NOON)}}
    assert waves(MAIN, **proven) == []
    assert waves(MAIN, **proven, applied={"10000": NOON - timedelta(seconds=1)}) == []
    assert waves(MAIN) == ["1 unit of wave main: 1 of the 1 of wave pilot are not proven: 10000 (never inspected)."]
    assert "10000 (applied since its last inspection)" in waves(MAIN, **proven, applied={"10000": NOON})[0]
    failed = {"inspected": {"10000": Inspected("failed", NOON)}}
    assert "10000 (its last inspection: failed)" in waves(MAIN, **failed)[0]


def test_the_first_wave_and_the_only_one_that_stands_wait_for_nobody() -> None:
    assert waves(PILOT) == []
    assert waves(MAIN, standing=frozenset({"20000"})) == []
    assert waves(change("hub1", "update", "hub")) == []


def test_two_waves_in_one_plan_are_refused_even_where_nothing_stands() -> None:
    both = waves(PILOT, change("gw-10001", "create"), MAIN, standing=frozenset())
    assert both == ["1 unit of wave main: 2 of wave pilot, which comes first, are in the same plan."]


def test_what_is_taken_away_proves_nothing_and_need_not() -> None:
    assert waves(change("gw-10000", "delete"), MAIN) == []
    assert waves(PILOT, change("gw-20000", "delete")) == []


def test_in_a_lab_waves_are_a_warning() -> None:
    found = breaches_of(plan_of([PILOT, MAIN], "lab"), Limits(), Facts(THURSDAY, history=history()))
    assert [(one.limit, one.severity) for one in found] == [("waves", "warn")]


def test_a_wave_without_a_live_day_comes_last() -> None:
    assert len(waves(MAIN, live={"main": None, "pilot": date(2025, 6, 20)})) == 1
    assert waves(MAIN, live={"main": date(2025, 7, 1), "pilot": None}) == []


def test_waves_can_be_left_out() -> None:
    facts = Facts(THURSDAY, history=history())
    assert breaches_of(plan_of([PILOT, MAIN]), Limits(waves=False), facts) == ()


def test_a_refusal_names_all_of_them() -> None:
    found = breaches_of(plan_of(gateways(61, "delete")), NO_WAVES, Facts(THURSDAY, {"gateway": 61}))
    with pytest.raises(Refused) as caught:
        ensure_allowed(found, "plan.json: ")
    lines = str(caught.value).splitlines()
    assert lines[0] == "plan.json: Nothing was done: this plan does not keep its limits."
    assert [line.strip().partition(":")[0] for line in lines[1::2]] == ["deletes.gateway", "units"]
    ensure_allowed(())


def test_only_what_is_a_limit_is_overridden() -> None:
    ensure_overridable([Override("deletes.dns", "x"), Override("policy.own", "x")], (*LIMITS, "policy.*"))
    with pytest.raises(HaicapError, match='There is no limit "deletes"') as caught:
        ensure_overridable([Override("deletes", "x")], LIMITS)
    assert "deletes.dns" in str(caught.value)
    assert not isinstance(caught.value, Refused)


def _page() -> str:
    return (Path(__file__).parents[3] / "docs/safety.md").read_text("utf-8")


def test_the_documents_show_limits_that_can_be_written() -> None:
    shown = re.findall(r"```yaml\n(.*?)```", _page(), re.DOTALL)
    assert len(shown) == 2
    for text in shown:
        Limits.model_validate(yaml.safe_load(text)["limits"])


def test_the_documents_name_every_limit() -> None:
    named = set(re.findall(r"^\| `([a-z]+)(?:\.\w+)?` \|", _page(), re.MULTILINE))
    assert named == {name.partition(".")[0] for name in (*LIMITS, "policy")}


def test_each_system_can_have_limits_of_its_own() -> None:
    assert tuple(BySystem.model_fields) == SYSTEMS
