"""That what `cleanheat verify` reads of a county, page by page, is found in an index and not by reading all of it."""

import pytest
from sqlmodel import Session

from server.exchange import forms, verify, verify_redecide
from server.exchange.verify_redecide import Rules
from server.registry.policy import RELEASED
from server.verifying import checks_of

COUNTY, VILLAGE = "140525", "140525100201"


@pytest.fixture
def checked(recorder, reader):
    """Every check, in a county of two homes."""
    recorder.visits(VILLAGE, VILLAGE, new_head="张三")
    reader.calls()

    def check(session: Session) -> None:
        rules = Rules(RELEASED, forms.load(session).by_key, frozenset({VILLAGE}))
        checks = [*checks_of(session, COUNTY, redecide=False), verify_redecide.check(rules)]
        assert not any(each.findings for each in verify.run(session, COUNTY, checks))

    return check


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)  # which tells how it finds what it is asked
def test_what_is_named_by_its_key_is_looked_up(hub, checked, steps) -> None:
    said = steps(hub.exchange.engine, checked)
    # Whole tables are read once for each check, in the order of their keys; what a page names has its key in full.
    named = [step for step in said if "dataset=? AND" in step]
    assert any("submission_target" in step for step in named) and any(" entity " in step for step in named)
    for table in ("submission_target", "entity"):
        whole = [step for step in said if step.startswith(f"SEARCH {table} ") and step.endswith("(county=?)")]
        assert len(whole) <= WHOLE[table], whole


# Targets: once to know which submissions belong together. Entities: for each check that looks at every one.
WHOLE = {"submission_target": 2, "entity": 6}
