"""A tablet at its end of a link: a process that does what it is told, with the real replica and the real driver.

Run as `python -m server.lab.bench.tablet`. It reads orders as JSON lines and answers each with one line. Only the
contact itself is timed: the app is open and its database too, as they are when a surveyor touches "sync".
"""

from __future__ import annotations

import json
import sys
import time
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from backports import zstd

from server.lab.bench import floor
from server.lab.bench.forms import EDIT, VERSION
from survey_forms import interview
from survey_forms.answers import entity_changes
from survey_forms.interview import Context
from survey_forms.xform import parse
from sync.driver import HttpHub, enrol, http_client, run
from sync.messages import FormXml
from sync.replica import Draft, Replica

_APP_VERSION: Final = "bench"
_CONTACTS_MAX: Final = 1_000


def main() -> None:
    for line in sys.stdin:
        order = json.loads(line)
        told = _ORDERS[order.pop("do")](**order)
        sys.stdout.write(json.dumps(told, ensure_ascii=False) + "\n")
        sys.stdout.flush()


def _enrol(replica: str, server: str, code: str, forms: list[dict[str, str]]) -> dict[str, Any]:
    """A new tablet that has its villages and forms, and has read nothing yet."""
    with _open(replica) as opened, http_client() as client:
        enrol(opened, client, server, code, device_name="测量", app_version=_APP_VERSION)
        for form in forms:
            opened.store_form(FormXml(**form))
    return {}


def _edit(replica: str, homes: list[dict[str, Any]], form: str) -> dict[str, Any]:
    """Records an edit of two fields of each home, offline. ``form``: its XML."""
    parsed, now = parse(form), _now()
    with _open(replica) as opened:
        for home in homes:
            given = {"household_id": home["id"]}
            context = Context(today=now.date(), now=now, given=given)
            filled = interview.answers(interview.begin(parsed, context, home["answers"]))
            draft = Draft(
                id=_new_id(), form=EDIT, form_version=VERSION, village=home["village"], household_id=home["id"],
                target_ids={"household": home["id"]}, answers=filled,
            )  # fmt: skip
            opened.save_draft(draft)
            changes = {"household": entity_changes(parsed, filled)["household"]}
            opened.submit(draft.id, filled, changes, now)
    return {}


def _contact(replica: str, server: str, *, zstandard: bool = False) -> dict[str, Any]:
    """Contacts until everything is sent and read: one, unless the line breaks. ``zstandard``: this tablet has it."""
    told: dict[str, Any] = {"contacts": 0, "requests": 0, "received": 0, "sent": 0, "problems": []}
    with _open(replica) as opened:
        identity = opened.identity()
        assert identity is not None, "an enrolled tablet"
        began = time.monotonic()
        for _ in range(_CONTACTS_MAX):
            with http_client() as client:
                hub = HttpHub(client, server, identity.secret, zstd=zstd.decompress if zstandard else None)
                account = run(opened, hub, clock=_now, app_version=_APP_VERSION)
                seconds = time.monotonic() - began
            told["contacts"] += 1
            told["requests"] += account.requests_n
            told["received"] += account.received_n
            told["sent"] += account.sent_n
            if account.problem is None:
                break
            told["problems"].append(account.problem.code)
    return told | {"seconds": seconds}


def _held(replica: str) -> dict[str, Any]:
    with _open(replica) as opened:
        return {"households": len(opened.in_villages("household"))}


def _floor(host: str, port: int, up: int, down: int) -> dict[str, Any]:
    return {"seconds": floor.fetch_s(host, port, up, down)}


def _open(path: str) -> Replica:
    return Replica.open(Path(path), clock=_now, new_id=_new_id)


def _now() -> datetime:
    return datetime.now(UTC)


def _new_id() -> str:
    return str(uuid.uuid4())


_ORDERS: Final[Mapping[str, Callable[..., dict[str, Any]]]] = {
    "enrol": _enrol, "edit": _edit, "contact": _contact, "held": _held, "floor": _floor,
}  # fmt: skip

if __name__ == "__main__":
    main()
