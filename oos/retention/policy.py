"""The judgement: `verdicts(policy, now, points)` says of each point whether it stays, with every reason. Pure.

Rules are measured as restic does: newest first, the newest point of a period stands for it, only periods that have
points are counted, and each rule looks at all points. A point stays when any reason keeps it. So a longer policy never
deletes more, which holds for any set of points, and for any history of rotations (tests/retention).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from oos.retention.model import PIN_TAG, Period, Point, Policy, PolicyBook, Reason, Room, Rule, State, Verdict
from oos.retention.periods import period_name, period_of
from oos.values.time import format_instant, parse_instant

PROTECTED: Final = frozenset({"pin", "minimum age", "minimum number", "unfinished", "unverified", "future", "no rule"})
"""Reasons to keep that the floor does not press against."""

_Kept = dict[str, list[Reason]]


def verdicts(policy: Policy, now: datetime, points: Iterable[Point]) -> tuple[Verdict, ...]:
    """What becomes of the points of one group, newest first. The floor is for all groups together: see `with_floor`."""
    ordered = sorted(points, key=_age_key, reverse=True)
    counted = [each for each in ordered if each.state is State.USABLE and each.taken <= now]
    kept: _Kept = {}
    if not policy.rules:
        for each in counted:
            _add(kept, each, "no rule", "the policy has no rule, so it deletes nothing")
    for rule in policy.rules:
        _measure(rule, counted, policy, kept)
    _protect(policy, now, ordered, counted, kept)
    return tuple(
        Verdict(each, True, tuple(kept[each.id]))
        if each.id in kept
        else Verdict(each, False, _against(each, policy, counted))
        for each in ordered
    )


def all_verdicts(
    book: PolicyBook, now: datetime, points: Iterable[Point], rooms: Mapping[str, Room] | None = None
) -> tuple[Verdict, ...]:
    """What becomes of the points of all groups, each by the policy of its tags; with rooms, the floors press too."""
    groups: dict[str, list[Point]] = {}
    for point in points:
        groups.setdefault(point.group, []).append(point)
    found: list[Verdict] = []
    floors: list[tuple[Policy, list[str]]] = []
    for _, members in sorted(groups.items()):
        by_policy: dict[int, tuple[Policy, list[Point]]] = {}
        for each in members:
            policy = book.policy_of(each.tags)
            by_policy.setdefault(id(policy), (policy, []))[1].append(each)
        for policy, own in by_policy.values():
            judged = verdicts(policy, now, own)
            found.extend(judged)
            if policy.floor is not None:
                floors.append((policy, [each.point.id for each in judged]))
    found = _together(found)
    for pool, room in sorted((rooms or {}).items()):
        found = _press(pool, room, floors, found)
    return tuple(found)


def to_delete(judged: Iterable[Verdict]) -> tuple[Point, ...]:
    """What is to go, in the order in which it costs least: an increment before what it stands on.

    Deleting a parent first would make its child whole, only to delete that next.
    """
    return tuple(sorted((each.point for each in judged if not each.keeps), key=_age_key, reverse=True))


def _together(found: Iterable[Verdict]) -> list[Verdict]:
    """What was taken in one moment stays while any of it does: half a group brings nothing of that moment back."""
    judged = list(found)
    stays = {each.point.moment: each.point.id for each in judged if each.keeps and each.point.moment}
    return [
        replace(each, keeps=True, reasons=(Reason("group", f"{stays[each.point.moment]}, of the same moment, stays"),))
        if not each.keeps and each.point.moment in stays and each.point.state is not State.FAILED
        else each
        for each in judged
    ]


# measuring


def _measure(rule: Rule, counted: Sequence[Point], policy: Policy, kept: _Kept) -> None:
    """Give a reason to each point that a rule keeps."""
    number, last, noun = 0, None, rule.period.noun
    for each in counted:
        key = period_of(each, rule.period, policy.zone)
        if key == last:
            continue
        number, last = number + 1, key
        name = period_name(each, rule.period, policy.zone)
        if rule.count is None or number <= rule.count:
            of = "all" if rule.count is None else str(rule.count)
            is_it = f"snapshot {number}" if rule.period is Period.LAST else f"the newest of {noun} {name}, {number}"
            _add(kept, each, str(rule.period), f"{is_it} of {of} {noun}s")
        elif counted[0].taken - each.taken < rule.span:
            _add(kept, each, f"within {rule.period}", f"{_newest_of(rule, name)} within {_span(rule)} of the newest")
        elif not rule.span:
            break
    if counted and rule.period is not Period.LAST and number and (rule.count is None or 0 < number < rule.count):
        text = f"the oldest there is, while there are {number} of {rule.count or 'all'} {noun}s"
        _add(kept, counted[-1], f"oldest {rule.period}", text)


def _newest_of(rule: Rule, name: str) -> str:
    return "taken" if rule.period is Period.LAST else f"the newest of {rule.period.noun} {name},"


def _span(rule: Rule) -> str:
    hours, _ = divmod(int(rule.span.total_seconds()), 3600)
    return f"{hours // 24} days" if hours % 24 == 0 else f"{hours} hours"


def _protect(policy: Policy, now: datetime, ordered: Sequence[Point], counted: Sequence[Point], kept: _Kept) -> None:
    """Give a reason to each point that stays whatever the rules say."""
    for each in counted[: policy.minimum_number]:
        text = f"one of the newest {policy.minimum_number} usable" if policy.minimum_number > 1 else "the newest usable"
        _add(kept, each, "minimum number", f"{text}; it stays whatever the rules say")
    for each in ordered:
        pinned = _pin(each, policy, now)
        if pinned:
            _add(kept, each, "pin", pinned)
        if each.state is State.UNFINISHED:
            _add(kept, each, "unfinished", "it is still being made")
        elif each.state is State.UNVERIFIED:
            _add(kept, each, "unverified", "nobody has verified it; it counts for nothing, and is left alone")
        elif each.taken > now and each.state is State.USABLE:
            _add(kept, each, "future", "its time lies ahead, so a clock was wrong; it counts for nothing")
        elif each.state is State.USABLE and now - each.taken < policy.minimum_age:
            _add(kept, each, "minimum age", f"younger than {policy.minimum_age}")


def _pin(point: Point, policy: Policy, now: datetime) -> str:
    """Why a point is pinned; empty when it is not. A value that cannot be read pins: doubt keeps."""
    if point.id in policy.pins:
        return "pinned by the policy"
    until = point.tags.get(PIN_TAG)
    if until is None:
        return ""
    try:
        end = parse_instant(until)
    except ValueError:
        return f"pinned by its tag {PIN_TAG}"
    return f"pinned by its tag {PIN_TAG} until {format_instant(end)}" if now < end else ""


def _against(point: Point, policy: Policy, counted: Sequence[Point]) -> tuple[Reason, ...]:
    """Why a point goes: for each rule, what stands for its period, or that its period is too long ago."""
    if point.state is State.FAILED:
        return (Reason("failed", "it failed, and nothing can be restored from it"),)
    reasons = []
    for rule in policy.rules:
        if rule.count == 0 and not rule.span:
            continue
        key = period_of(point, rule.period, policy.zone)
        newest = next(each for each in counted if period_of(each, rule.period, policy.zone) == key)
        noun, name = rule.period.noun, period_name(point, rule.period, policy.zone)
        if newest.id != point.id:
            reasons.append(Reason(str(rule.period), f"{newest.id} stands for {noun} {name}"))
        elif rule.period is Period.LAST:
            limit = f"the newest {rule.count}" if rule.count else f"those within {_span(rule)} of the newest"
            reasons.append(Reason(str(rule.period), f"it is not among {limit}"))
        else:
            limit = f"the newest {rule.count} {noun}s" if rule.count else f"{noun}s within {_span(rule)} of the newest"
            reasons.append(Reason(str(rule.period), f"{noun} {name} is not among {limit}"))
    return tuple(reasons) or (Reason("no rule", "no rule keeps anything"),)


# the floor


def _press(
    pool: str, room: Room, floors: Iterable[tuple[Policy, Sequence[str]]], found: list[Verdict]
) -> list[Verdict]:
    """The verdicts when less is free in a pool than must be: kept ones go, the oldest of all groups first."""
    here = {each.point.id: each for each in found if each.point.pool == pool}
    goes = {each.point.id for each in found if not each.keeps}
    missing, may_go = 0, set[str]()
    for policy, judged in floors:
        own = [here[id] for id in judged if id in here]
        if own and policy.floor is not None:
            missing = max(missing, policy.floor.missing(room))
            may_go |= {each.point.id for each in own if not {r.code for r in each.reasons} & PROTECTED}
    points = {id: each.point for id, each in here.items()}
    missing -= sum(_freed(points[each], points, goes) for each in goes if each in points)
    pressed: dict[str, Reason] = {}
    for unit in _units(here.values()):
        if missing <= 0:
            break
        if any(each.id not in may_go for each in unit):
            continue
        for each in unit:
            goes.add(each.id)
            missing -= _freed(each, points, goes)
            pressed[each.id] = Reason("floor", f"too little is free in {pool}, and it is the oldest that may go")
    return [
        replace(each, keeps=False, reasons=(pressed[each.point.id],)) if each.point.id in pressed else each
        for each in found
    ]


def _units(judged: Iterable[Verdict]) -> list[list[Point]]:
    """What stays so far, in what goes together, the oldest first."""
    units: dict[str, list[Point]] = {}
    for each in sorted((verdict.point for verdict in judged if verdict.keeps), key=_age_key):
        units.setdefault(each.moment or each.id, []).append(each)
    return list(units.values())


def _freed(point: Point, points: Mapping[str, Point], goes: set[str]) -> int:
    """About how many bytes its deletion frees: of a parent that stays needed, what its child does not keep of it."""
    child = next((each for each in points.values() if each.parent_id == point.id and each.id not in goes), None)
    return point.stored_bytes if child is None else min(point.stored_bytes, child.stored_bytes)


def _add(kept: _Kept, point: Point, code: str, text: str) -> None:
    kept.setdefault(point.id, []).append(Reason(code, text))


def _age_key(point: Point) -> tuple[datetime, str]:
    return point.taken, point.id
