"""Stopping instances: asked gently first, then more rudely, until they are off."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

from oos.fleet.errors import AgentUnavailable, WrongState
from oos.fleet.instance import Instance, Power, StopMethod
from oos.service.context import Context
from oos.service.errors import Unavailable
from oos.values.time import format_instant

if TYPE_CHECKING:
    from oos.fleet.hypervisor import Hypervisor

STOP_GRACE_SECONDS: Final = 60.0
"""How long a guest that was asked to stop has for it, before the next, ruder step."""

ASK_AGAIN_SECONDS: Final = 10.0
"""How often a guest that was asked to stop is asked again."""

POLL_SECONDS: Final = 0.5


class Step(StrEnum):
    """One thing to do to an instance's power."""

    START = "start"
    RESUME = "resume"
    ASK_AGENT = "agent"
    PRESS_BUTTON = "acpi"
    POWER_OFF = "power-off"


_METHODS: Final = {
    Step.ASK_AGENT: StopMethod.AGENT,
    Step.PRESS_BUTTON: StopMethod.ACPI,
    Step.POWER_OFF: StopMethod.POWER_OFF,
}


def steps_to_stop(instance: Instance, *, force: bool) -> tuple[Step, ...]:
    """What may be needed until the instance is off, gentlest first; each is taken only if the one before did not do.

    A paused guest hears nothing, so it goes on first.
    """
    if instance.power is Power.STOPPED:
        return ()
    if force:
        return (Step.POWER_OFF,)
    wake = (Step.RESUME,) if instance.power is Power.PAUSED else ()
    ask = (Step.ASK_AGENT,) if instance.has_agent or wake else ()
    return (*wake, *ask, Step.PRESS_BUTTON, Step.POWER_OFF)


def stop(context: Context, hypervisor: Hypervisor, instance: Instance, *, force: bool) -> None:
    """Have an instance off. Raises Unavailable when it is not, even without power."""
    for step in steps_to_stop(instance, force=force):
        context.report(f"{instance.name}: {step}")
        if step is Step.RESUME:
            hypervisor.start(instance.id)
            continue
        taken = _stop_by(context, hypervisor, instance, step)
        if taken is not None:
            document = {"Method": str(taken), "At": format_instant(context.now()), "Token": context.token}
            context.registry.put("stop", instance.id, document)
            context.report(f"{instance.name}: stopped by {taken}")
            return
    now = hypervisor.instance(instance.id)
    if now.power is not Power.STOPPED:
        raise Unavailable(f"The instance {now.id} ({now.name}) was powered off, yet it is {now.power}.")


def _stop_by(context: Context, hypervisor: Hypervisor, instance: Instance, step: Step) -> Step | None:
    """Take a step until the instance is off; the step that did it, or None when its time is over.

    A guest that is just booting hears nothing, so it is asked again now and then: through its agent once that is there.
    """
    grace = 0.0 if step is Step.POWER_OFF else STOP_GRACE_SECONDS
    waited = 0.0
    first = step
    while True:
        if waited % ASK_AGAIN_SECONDS == 0.0 and not _ask(hypervisor, instance, step):
            if step is first:
                return None
            step = first
            _ask(hypervisor, instance, step)
        now = hypervisor.instance(instance.id)
        if now.power is Power.STOPPED:
            return step
        if waited >= grace:
            return None
        if step is Step.PRESS_BUTTON and now.has_agent and not instance.has_agent:
            step = Step.ASK_AGENT
        context.pause(POLL_SECONDS, f"{instance.id} ({instance.name}) to stop")
        waited += POLL_SECONDS


def _ask(hypervisor: Hypervisor, instance: Instance, step: Step) -> bool:
    """Ask the guest to stop, or cut its power; False when there is nobody to ask."""
    try:
        hypervisor.stop(instance.id, _METHODS[step])
    except AgentUnavailable:
        return False
    except WrongState:
        # It went off between the look and the step, or it is paused; the next look tells.
        pass
    return True
