"""Plots: durations of tasks, sizes of things, days of snapshots, as matplotlib figures."""

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from oos.notebook.chronicle import ExecutionRecord
from oos.notebook.html import COLOURS
from oos.values.words import span

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Plot:
    """A figure that shows itself in any notebook, without `%matplotlib` and without staying in memory."""

    def __init__(self, figure: Figure, words: str) -> None:
        self.figure = figure
        """The matplotlib figure, to be changed or saved."""
        self._words = words

    def _repr_png_(self) -> bytes:
        buffer = io.BytesIO()
        self.figure.savefig(buffer, format="png", dpi=110)
        return buffer.getvalue()

    def __repr__(self) -> str:
        return self._words


def plot_durations(record: ExecutionRecord, now: datetime | None = None) -> Plot:
    """How long each task that has begun took, waits included."""
    steps = [task.step for task in record.begun]
    figure, axes = _figure(height=0.35 * len(steps) + 0.8)
    names = [step.task for step in reversed(steps)]
    took = [step.took(now) for step in reversed(steps)]
    bars = axes.barh(
        names,
        [each.total_seconds() if each is not None else 0 for each in took],
        color=[COLOURS[step.status] for step in reversed(steps)],
    )
    axes.bar_label(bars, [span(each) for each in took], padding=4, fontsize=9)
    axes.set_xlabel("seconds")
    axes.margins(x=0.15)
    return Plot(figure, "\n".join(f"{step.task}: {span(step.took(now))}" for step in steps))


def plot_amounts(amounts: Mapping[str, float], unit: str, title: str = "") -> Plot:
    """One bar for each thing, the largest on top."""
    ordered = sorted(amounts.items(), key=lambda each: each[1])
    figure, axes = _figure(height=0.32 * len(ordered) + 0.9)
    bars = axes.barh([name for name, _ in ordered], [amount for _, amount in ordered], color="#3b82f6")
    axes.bar_label(
        bars, [f"{amount:,.3g}" if amount < 1000 else f"{amount:,.0f}" for _, amount in ordered], padding=4, fontsize=9
    )
    axes.set_xlabel(unit)
    axes.set_title(title, loc="left", fontsize=11)
    axes.margins(x=0.15)
    return Plot(figure, "\n".join(f"{name}: {amount:,.1f} {unit}" for name, amount in reversed(ordered)))


def _figure(height: float) -> tuple[Figure, Any]:
    # Not pyplot, which keeps every figure in memory until somebody closes it.
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, max(1.4, height)), layout="constrained")
    axes = figure.subplots()
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(left=False)
    return figure, axes
