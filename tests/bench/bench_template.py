"""What reading, checking and evaluating templates costs, beside PyYAML's C composer on the same text.

Budgets (DESIGN 11): parse and check of 64 KB with 200 tasks at most 3 × `compose` and 50 ms of CPU; an expression
that was parsed before under 20 µs; plain selectors far below jq. Rounds alternate, and the best of each is compared.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import yaml

from oos.template.check import check
from oos.template.expression import Expression
from oos.template.parse import parse
from oos.template.selector import compile_selector
from tests.template.catalog import CATALOG
from tests.template.scopes import MapScope, built

ROUNDS = 15
TASKS = 200

_HEAD = """FormatVersion: OOS-2019-06-01
Description: a large template
Parameters:
  regionId: {Type: String, Default: '{{ ACS::RegionId }}'}
  name: {Type: String, Label: {en: Name}, MinLength: 1}
  count: {Type: Number, Default: 5}
Tasks:
"""
_CALL = """  - Name: call{n}
    Action: ACS::ExecuteAPI
    When: {{'Fn::Not': {{'Fn::Equals': ['{{{{ count }}}}', {n}]}}}}
    Properties:
      Service: ECS
      API: DescribeInstances
      Parameters:
        RegionId: '{{{{ regionId }}}}'
        InstanceName: 'w-{{{{ name }}}}-{n}'
    Outputs:
      ids: {{Type: List, ValueSelector: 'Instances.Instance[].InstanceId'}}
"""
_START = """  - Name: start{n}
    Action: ACS::ECS::StartInstance
    OnError: ACS::NEXT
    Properties:
      instanceId: '{{{{ ACS::TaskLoopItem }}}}'
      timeout: {{'Fn::If': [{{'Fn::Equals': ['{{{{ name }}}}', x{n}]}}, 30, 60]}}
    Loop:
      Items: '{{{{ call{m}.ids }}}}'
      RateControl: {{Concurrency: 10, MaxErrors: 100%}}
"""


def large_template() -> str:
    """A template of 200 tasks and nearly 64 KB."""
    return _HEAD + "".join(_CALL.format(n=n) if n % 2 == 0 else _START.format(n=n, m=n - 1) for n in range(TASKS))


def cpu_milliseconds(*works: Callable[[], Any]) -> list[float]:
    """The least CPU that each piece of work took, rounds alternating."""
    best = [float("inf")] * len(works)
    for _ in range(ROUNDS):
        for number, work in enumerate(works):
            before = time.process_time()
            work()
            best[number] = min(best[number], (time.process_time() - before) * 1000)
    return best


def microseconds(work: Callable[[], Any], times: int = 2000) -> float:
    """The least CPU of one call."""
    best = float("inf")
    for _ in range(5):
        before = time.process_time()
        for _ in range(times):
            work()
        best = min(best, time.process_time() - before)
    return best / times * 1e6


def bench_reading() -> None:
    """Parse and check beside compose."""
    text = large_template()
    template = parse(text, "large.yml")
    check(template, CATALOG)
    bare, parsing, checking = cpu_milliseconds(
        lambda: yaml.compose(text, Loader=yaml.CSafeLoader),
        lambda: parse(text, "large.yml"),
        lambda: check(template, CATALOG),
    )
    total = parsing + checking
    print(f"template of {len(text) / 1024:.1f} KB, {TASKS} tasks")
    print(f"  compose (C)        {bare:6.1f} ms CPU")
    print(f"  parse              {parsing:6.1f} ms CPU  {parsing / bare:.2f} × compose")
    print(f"  check              {checking:6.1f} ms CPU  {checking / bare:.2f} × compose")
    print(f"  parse and check    {total:6.1f} ms CPU  {total / bare:.2f} × compose   (bar: 3 ×, 50 ms)")


def bench_evaluating() -> None:
    """Expressions that were parsed before."""
    scope = MapScope({"name": "web", "ids": ["i-1", "i-2"], "count": 3, "map": {"a": {"b": 1}}})
    cases: dict[str, Any] = {
        "reference": "{{ ids }}",
        "text": "web-{{ name }}-{{ count }}",
        "condition": {"Fn::Or": [{"Fn::Equals": ["{{ count }}", 1]}, {"Fn::Not": {"Fn::Equals": ["{{ name }}", "x"]}}]},
        "nested": {"Fn::If": [{"Fn::Equals": ["{{ count }}", 3]}, {"Fn::Join": [",", "{{ ids }}"]}, None]},
        "request": {"InstanceIds": "{{ ids }}", "Name": "n-{{ name }}", "Tags": [{"Key": "k", "Value": "{{ name }}"}]},
    }
    print("an expression that was parsed before   (bar: 20 µs)")
    for title, value in cases.items():
        expression: Expression = built(value)[0]
        cost = microseconds(partial(expression.evaluate, scope))
        print(f"  {title:18} {cost:6.1f} µs CPU")


def bench_selecting() -> None:
    """Plain selectors beside jq."""
    import jq

    print("a plain selector beside jq, compiled")
    for count in (1, 1000):
        value = {"Instances": {"Instance": [{"InstanceId": f"i-{n}", "Status": "Running"} for n in range(count)]}}
        selector = compile_selector("Instances.Instance[].InstanceId")
        program = jq.compile(".Instances.Instance[].InstanceId")
        times = 2000 if count == 1 else 20
        ours = microseconds(partial(selector.all, value), times)
        theirs = microseconds(partial(_run_jq, program, value), times)
        print(f"  {count:5} items        {ours:8.1f} µs CPU   jq {theirs:8.1f}   {ours / theirs:.2f} × jq")


def _run_jq(program: Any, value: Any) -> list[Any]:
    return list(program.input_value(value).all())


def main() -> None:
    """Print all of it."""
    bench_reading()
    bench_evaluating()
    bench_selecting()


if __name__ == "__main__":
    main()
