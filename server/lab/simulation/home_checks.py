"""What must hold where homes were merged: each id leads to one home everywhere, and what a merge hid is still there."""

from __future__ import annotations

from collections.abc import Iterator

from server.lab.simulation.evidence import Evidence
from sync.facts import Held


def one_home(evidence: Evidence) -> Iterator[str]:
    """Register and tablets show a merged home under the one that lives on, and only there."""
    gone = {held.id: held for held in evidence.entities.values() if held.same_as}
    ends = {id: evidence.end(held.key).partition("/")[2] for id, held in gone.items()}
    if evidence.aliases != ends:
        yield f"the register says {evidence.aliases} of merged homes, the entities {ends}"
    for tablet in evidence.tablets:
        wanted = {
            id: end
            for id, end in ends.items()
            if f"household/{end}" in tablet.entities
            and evidence.told_in(f"household/{id}") <= tablet.villages
        }
        heard = {held.id for held in evidence.entities.values() if held.village in tablet.villages}
        found = {
            id: end
            for id, end in tablet.aliases.items()
            if id in heard and (id in wanted or end != ends.get(id))
        }
        if found != wanted:
            yield f"tablet {tablet.number} shows {found} of merged homes, should show {wanted}"


def merged_kept(evidence: Evidence) -> Iterator[str]:
    """Whoever lives on keeps beside what is shown what each id would be alone; so whatever a merge passed over can be
    seen, and comes back when it is undone."""
    for held in evidence.entities.values():
        if held.same_as is None:
            led = {each.id for each in evidence.entities.values() if evidence.end(each.key) == held.key}
            if led != set(held.ids()):
                yield f"{held.key} keeps {sorted(held.ids())}, and {sorted(led)} lead to it"
            for leaf in held.leaves() if held.parts else ():
                yield from (f"{held.key}: {each}" for each in _forgotten(evidence, leaf))
    standing = {each.loser for each in evidence.merges if not each.undone}
    aliases = {held.id for held in evidence.entities.values() if held.same_as}
    if standing != aliases:
        yield f"the office has merged {sorted(standing)}, the entities say {sorted(aliases)}"


def _forgotten(evidence: Evidence, leaf: Held) -> Iterator[str]:
    """Properties that somebody recorded under this id, and that it has not, neither set nor empty. To clear what only
    the other home had leaves nothing here: absent and left empty are alike."""
    named = (
        judged
        for judged in evidence.touching(leaf.key)
        if any(target.key == leaf.key for target in judged.submission.targets)
    )
    for judged in named:
        for name, step in judged.traces[leaf.key].steps.items():
            said = step.sent if step.outcome == "applied" and not name.startswith("__") else ""
            if said and name not in leaf.props:
                yield f"{name} of {judged.submission.id} is not beside what is shown, under {leaf.id}"
