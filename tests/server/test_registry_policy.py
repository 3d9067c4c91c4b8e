"""What never merges silently: who the householder is, what heats the home, its status, dates that money hangs on."""

import hashlib
import json
from datetime import date

import pytest

from server.registry.policy import OFFICE, POLICY, RELEASED
from server.registry.projection import COLUMNS
from server.registry.tables import Conversion
from survey_forms.properties import SECRET


def _group(dataset: str, name: str) -> str | None:
    return POLICY.groups[dataset].get(name)


@pytest.mark.parametrize(
    ("dataset", "names"),
    [
        ("household", ("head_name", "id_number")),
        ("household", ("heating_status", "not_heated_reason", "device", "fuel")),
        ("household", ("old_stove", "old_stove_on")),
        ("household", ("hardship",)),
        ("conversion", ("household", "kind", "device_code", "batch")),
        ("conversion", ("account_number", "contract_number")),
        ("coal_use", ("household", "season", "coal_t", "price_yuan_per_t", "stock_t")),
        ("payee", ("household", "holder", "account", "bank", "relation", "relation_other")),
    ],
)
def test_what_belongs_together_is_guarded_together(dataset, names) -> None:
    groups = {_group(dataset, name) for name in names}
    assert len(groups) == 1 and None not in groups


def test_every_date_of_a_conversion_is_guarded_with_the_others() -> None:
    """A subsidy is granted by them; one that a new form adds belongs to them too."""
    dates = [name for name, column in COLUMNS[Conversion].items() if column.read == date.fromisoformat]
    assert len(dates) >= 5
    assert {_group("conversion", name) for name in dates} == {"dates"}


def test_what_is_secret_or_the_offices_is_declared() -> None:
    assert POLICY.masked == SECRET and POLICY.masked["payee"] == {"account"}
    assert POLICY.office == OFFICE == {"zone", "subsidy"}


@pytest.mark.parametrize(
    ("version", "digest"),
    [("2020.1", "1948c4f2a258e827"), ("2020.2", "46ed0df5983b9214")],
)
def test_a_released_policy_never_changes(version, digest) -> None:
    """Every record names the policy that decided it: whoever changes the groups makes another version."""
    policy = RELEASED[version]
    told = [
        policy.groups,
        {name: sorted(each) for name, each in policy.masked.items()},
        sorted(policy.office),
    ]
    text = json.dumps(told, sort_keys=True)
    assert hashlib.sha256(text.encode()).hexdigest()[:16] == digest
    assert list(RELEASED)[-1] == POLICY.version
