"""The documents in which the hub's store keeps an entity, and what a submission did to it.

Apart from ``codec.py`` because they never travel: the hub alone writes them and reads them back, some dozens at
every contact. So they are read without the checks that a stranger's message needs, and they say nothing twice:
what most values of an entity share, the registration that set them, is said once for all of them, and a value left
as it was seen is itself alone. The longer forms of earlier versions (``props`` in the place of ``values``, ``set`` and
``apart``) are read as well, and are replaced whenever their entity is written again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from sync.alike import Alike, alike
from sync.facts import Held, Key, PropertyState, Step, Trace
from sync.json_text import Style
from sync.messages import Conflict, EntityState

_DOCUMENT: Final = Style(plain=vars)


def held_text(held: Held) -> str:
    """An entity as JSON: ``by`` lists the submissions that its values point at."""
    return _DOCUMENT.text(_held(held))


def _held(held: Held) -> dict[str, Any]:
    by: dict[str, int] = {}
    props = alike(PropertyState, held.props)
    told = {
        "dataset": held.dataset,
        "id": held.id,
        "village": held.village,
        "version": held.version,
        "updated_at": held.updated_at,
        "values": props.first,
        "set": _setting(props.rest, by) if props.rest else None,
        "apart": {name: _setting(state[1:], by) for name, state in props.apart.items()},
        "conflicts": held.conflicts,
        "placed": _property(held.placed, by) if held.placed else None,
        "epochs": held.epochs,
        "by": list(by),
    }
    if held.same_as:
        told["same_as"] = held.same_as
    if held.parts:
        told["parts"] = [_held(part) for part in held.parts]
    return told


def _property(state: PropertyState, by: dict[str, int]) -> list[Any]:
    return [state.value, *_setting(state[1:], by)]


def _setting(rest: tuple[int, str, tuple[str, ...]], by: dict[str, int]) -> list[Any]:
    """How a value came there: all of a `PropertyState` but the value."""
    version, submission, seen = rest
    told = [version, by.setdefault(submission, len(by))]
    return [*told, seen] if seen else told


def read_held(text: str) -> Held:
    """The entity that `held_text` wrote."""
    return _read_held(json.loads(text))


def _read_held(told: Any) -> Held:
    by, placed = told.get("by", ()), told["placed"]
    return Held(
        told["dataset"],
        told["id"],
        told["village"],
        told["version"],
        _read_props(told, by),
        tuple(Conflict(**each) for each in told["conflicts"]),
        told["updated_at"],
        _read_property(placed, by) if placed else None,
        tuple((history, first) for history, first in told["epochs"]),
        told.get("same_as"),
        tuple(_read_held(part) for part in told.get("parts", ())),
    )


def _read_props(told: Any, by: list[str]) -> Mapping[str, PropertyState]:
    if "props" in told:
        return {name: _read_property(state, by) for name, state in told["props"].items()}
    values = told["values"]
    apart = {
        name: PropertyState(values[name], *_read_setting(each, by)) for name, each in told["apart"].items()
    }
    return Alike(PropertyState, values, _read_setting(told["set"], by) if told["set"] else (), apart)


def _read_property(told: Any, by: list[str]) -> PropertyState:
    if isinstance(told, dict):
        return PropertyState(**{**told, "seen": tuple(told["seen"])})
    return PropertyState(told[0], *_read_setting(told[1:], by))


def _read_setting(told: Any, by: list[str]) -> tuple[int, str, tuple[str, ...]]:
    return told[0], by[told[1]], tuple(told[2]) if len(told) > 2 else ()


def values_of(text: str) -> dict[str, str]:
    """The entity's values alone: what most who read a stored entity are after."""
    return _values(json.loads(text))


def _values(told: Any) -> dict[str, str]:
    if "values" in told:
        values: dict[str, str] = told["values"]
        return values
    return {
        name: state["value"] if isinstance(state, dict) else state[0] for name, state in told["props"].items()
    }


def state_of(text: str, village: str) -> EntityState:
    """The entity as it travels to tablets of ``village``: `Held.state`, or `Held.gone` if it has left."""
    told = json.loads(text)
    if told["village"] != village:
        return EntityState(
            told["dataset"], told["id"], village, told["version"], {}, (), told["updated_at"], gone=True
        )
    conflicts, same_as = tuple(Conflict(**each) for each in told["conflicts"]), told.get("same_as")
    return EntityState(
        told["dataset"], told["id"], village, told["version"], _values(told), conflicts, told["updated_at"],
        same_as is not None, same_as,
    )  # fmt: skip


def traces_text(traces: Mapping[Key, Trace]) -> str:
    """What a submission did, entity by entity, as JSON."""
    return _DOCUMENT.text({key: _trace(trace) for key, trace in traces.items()})


def _trace(trace: Trace) -> dict[str, Any]:
    steps, version = trace.steps, trace.version
    if isinstance(steps, Alike) and steps.rest == _registering(version) and not steps.apart:
        return {**vars(trace), "steps": {}, "registered": steps.first}
    return {
        **vars(trace),
        "steps": {name: _step(step, trace.version) for name, step in steps.items()},
        "trail": {name: _step(step, trace.version) for name, step in trace.trail.items()},
    }


def _registering(version: int) -> tuple[Any, ...]:
    """What a step of a registration is beside its value: nothing was seen, and it went in."""
    return None, "applied", version


def _step(step: Step, version: int) -> list[Any]:
    if step.version != version:
        return [step.sent, step.saw, step.outcome, step.version]
    if step.outcome or step.sent != step.saw:
        return [step.sent, step.saw, step.outcome]
    return [step.sent]


def read_traces(text: str) -> dict[Key, Trace]:
    """The traces that `traces_text` wrote."""
    return {key: read_trace(told) for key, told in json.loads(text).items()}


def read_trace(told: Any) -> Trace:
    """One of them, as JSON has it."""
    version, registered = told["version"], told.pop("registered", None)
    steps: Mapping[str, Step] = {name: _read_step(step, version) for name, step in told["steps"].items()}
    if registered is not None:
        steps = Alike(Step, registered, _registering(version))
    trail = {name: _read_step(step, version) for name, step in told["trail"].items()}
    return Trace(**{**told, "steps": steps, "trail": trail, "lineage": tuple(told["lineage"])})


def _read_step(told: Any, version: int) -> Step:
    if isinstance(told, dict):
        return Step(**told)
    if len(told) == 1:
        return Step(told[0], told[0], "", version)
    return Step(told[0], told[1], told[2], told[3] if len(told) > 3 else version)
