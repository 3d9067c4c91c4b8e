"""What every presenter works with: the replica, a clock, ids, words, and the forms parsed once.

Times are shown in Chinese civil time (one zone for the whole country, no summer time), whatever the tablet is set to.
"""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone

from mobile.locale import Say
from survey_forms.form import Form
from survey_forms.xform import parse
from sync.messages import FormXml
from sync.replica import Replica

CHINA = timezone(timedelta(hours=8), "CST")
Clock = Callable[[], datetime]


@dataclass(frozen=True)
class Desk:
    """Handed to every presenter. `clock` gives aware UTC instants, `new_id` a fresh uuid."""

    replica: Replica
    clock: Clock
    new_id: Callable[[], str]
    say: Say
    language: str = "zh"
    parsed: dict[tuple[str, str], Form] = field(default_factory=dict)

    def today(self) -> date:
        """The calendar date in China."""
        return self.clock().astimezone(CHINA).date()

    def form(self, form_id: str, version: str | None = None) -> Form | None:
        """The form as released (newest version unless one is named), read and parsed at most once: it never changes."""
        version = version or self.replica.newest_form(form_id)
        key = (form_id, version or "")
        if key not in self.parsed:
            stored = self.replica.form(form_id, version)
            if stored is None:
                return None
            self.parsed[key] = parse(stored.xml)
        return self.parsed[key]

    def person(self, person: str) -> str:
        """Who somebody is: the surveyor of this tablet, whoever a reply has named, else just somebody else."""
        identity = self.replica.identity()
        if identity is not None and identity.person == person:
            return identity.person_name
        return self.replica.person(person) or self.say("person.other")

    def village(self, code: str) -> str:
        """What a village is called; empty for one that the tablet does not know."""
        known = self.replica.village(code)
        return known.name if known else ""

    def moment(self, iso: str | None) -> str:
        """An instant in words, near ones relative: 刚刚, 5 分钟前, 今天 09:30."""
        if not iso:
            return ""
        at = datetime.fromisoformat(iso).astimezone(CHINA)
        now = self.clock().astimezone(CHINA)
        minutes = int((now - at).total_seconds() // 60)
        if 0 <= minutes < 60:
            return self.say("when.minutes", n=minutes) if minutes else self.say("when.just_now")
        days = (now.date() - at.date()).days
        key = {0: "when.today", 1: "when.yesterday"}.get(days, "when.date")
        return self.say(key, time=f"{at:%H:%M}", date=f"{at:%Y-%m-%d}")


def stock_forms(replica: Replica, released: Iterable[tuple[str, str, str]]) -> None:
    """Put the forms the app was built with into the replica, so that a tablet can record before its first contact."""
    for form_id, version, xml in released:
        if replica.form(form_id, version) is None:
            digest = hashlib.sha256(xml.encode()).hexdigest()
            replica.store_form(FormXml(form_id, version, digest, xml))


def past_season(today: date) -> str:
    """The last finished winter (season ends on 15 March), as the household form counts it: "2019-2020"."""
    ended = today.year if (today.month, today.day) >= (3, 16) else today.year - 1
    return f"{ended - 1}-{ended}"
