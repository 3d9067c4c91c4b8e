"""Which properties of an entity never merge silently with one another, and which never travel whole.

Inside a group a change conflicts with anybody else's change of any property of that group: who the
householder is, what heats the home, whether somebody is on the hardship roll, what a conversion is and how
far it has come, into whose account its money goes. Everything else merges property by property. The version
is stored with every decision, so whoever changes the groups raises it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from survey_forms.properties import SECRET
from sync.facts import Policy

GROUPS: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "household": {
        "identity": ("head_name", "id_number"),
        "heating": ("heating_status", "not_heated_reason", "device", "fuel"),
        "hardship": ("hardship",),
        "stove": ("old_stove", "old_stove_on"),
    },
    "conversion": {
        "subject": ("household", "kind", "device_code", "batch"),
        "dates": ("signed_on", "installed_on", "connected_on", "first_used_on", "accepted_on"),
        "account": ("account_number", "contract_number"),
    },
    "coal_use": {
        "amount": ("household", "season", "coal_t", "price_yuan_per_t", "stock_t"),
    },
    "payee": {
        "account": ("household", "holder", "account", "bank", "relation", "relation_other"),
    },
    "sighting": {
        "seen": ("household", "place", "what", "seen_on", "amount_t"),
    },
}
# What the office tells tablets through the same journal, and no tablet may write.
OFFICE: Final = frozenset({"zone", "subsidy"})


def _by_property(groups: Mapping[str, Mapping[str, tuple[str, ...]]]) -> dict[str, dict[str, str]]:
    return {
        dataset: {name: group for group, names in of_dataset.items() for name in names}
        for dataset, of_dataset in groups.items()
    }


POLICY: Final = Policy(version="2020.2", groups=_by_property(GROUPS), masked=SECRET, office=OFFICE)
FIRST: Final = Policy(
    version="2020.1",
    groups=_by_property({name: GROUPS[name] for name in ("household", "conversion", "coal_use")}),
)
"""Before there were payees and coal seen."""

RELEASED: Final[Mapping[str, Policy]] = {each.version: each for each in (FIRST, POLICY)}
"""Every policy that ever decided: whoever changes `GROUPS` keeps here what was, so that it can be decided again."""
