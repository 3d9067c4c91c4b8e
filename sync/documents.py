"""The documents in which the hub's store keeps an entity, and what a submission did to it.

Apart from ``codec.py`` because they never travel: the hub alone writes them and reads them back, some dozens at
every contact. So they are read without the checks that a stranger's message needs, and they say nothing twice:
thirty values of one registration name their submission once, and a value left as it was seen is itself alone.
The longer form of the first versions is read as well, and is replaced whenever its entity is written again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from sync.facts import Held, Key, PropertyState, Step, Trace
from sync.messages import Conflict, EntityState

_ENCODER: Final = json.JSONEncoder(
    ensure_ascii=False, separators=(",", ":"), check_circular=False, default=vars
)


def held_text(held: Held) -> str:
    """An entity as JSON: ``by`` lists the submissions that its values point at."""
    return _ENCODER.encode(_held(held))


def _held(held: Held) -> dict[str, Any]:
    by: dict[str, int] = {}
    told = {
        "dataset": held.dataset,
        "id": held.id,
        "village": held.village,
        "version": held.version,
        "updated_at": held.updated_at,
        "props": {name: _property(state, by) for name, state in held.props.items()},
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
    told = [state.value, state.version, by.setdefault(state.submission, len(by))]
    return [*told, state.seen] if state.seen else told


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
        {name: _read_property(state, by) for name, state in told["props"].items()},
        tuple(Conflict(**each) for each in told["conflicts"]),
        told["updated_at"],
        _read_property(placed, by) if placed else None,
        tuple((history, first) for history, first in told["epochs"]),
        told.get("same_as"),
        tuple(_read_held(part) for part in told.get("parts", ())),
    )


def _read_property(told: Any, by: list[str]) -> PropertyState:
    if isinstance(told, dict):
        return PropertyState(**{**told, "seen": tuple(told["seen"])})
    return PropertyState(told[0], told[1], by[told[2]], tuple(told[3]) if len(told) > 3 else ())


def values_of(text: str) -> dict[str, str]:
    """The entity's values alone: what most who read a stored entity are after."""
    return _values(json.loads(text))


def _values(told: Any) -> dict[str, str]:
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
    return _ENCODER.encode({key: _trace(trace) for key, trace in traces.items()})


def _trace(trace: Trace) -> dict[str, Any]:
    return {
        **vars(trace),
        "steps": {name: _step(step, trace.version) for name, step in trace.steps.items()},
        "trail": {name: _step(step, trace.version) for name, step in trace.trail.items()},
    }


def _step(step: Step, version: int) -> list[Any]:
    if step.version != version:
        return [step.sent, step.saw, step.outcome, step.version]
    if step.outcome or step.sent != step.saw:
        return [step.sent, step.saw, step.outcome]
    return [step.sent]


def read_traces(text: str) -> dict[Key, Trace]:
    """The traces that `traces_text` wrote."""
    return {key: _read_trace(told) for key, told in json.loads(text).items()}


def _read_trace(told: Any) -> Trace:
    version = told["version"]
    steps = {name: _read_step(step, version) for name, step in told["steps"].items()}
    trail = {name: _read_step(step, version) for name, step in told["trail"].items()}
    return Trace(**{**told, "steps": steps, "trail": trail, "lineage": tuple(told["lineage"])})


def _read_step(told: Any, version: int) -> Step:
    if isinstance(told, dict):
        return Step(**told)
    if len(told) == 1:
        return Step(told[0], told[0], "", version)
    return Step(told[0], told[1], told[2], told[3] if len(told) > 3 else version)
