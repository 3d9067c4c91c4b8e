"""What a surveyor records of a synthetic household, and on which day: answers for the real forms.

The forms decide what is asked; these functions answer every question that is, and nothing else, so that the
engine finds no fault in them. Hidden fields and calculations are left to the interview, as on a tablet.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Union

from server.lab.conversions import YEAR_END, Conversion, Stages
from server.lab.county import SyntheticHousehold

MARK = "模拟数据"

Answers = dict[str, Union[str, "Answers", list["Answers"]]]


@dataclass(frozen=True)
class Recording:
    """One form filled in at one door on one day. `answers` are those of the questions asked, by path."""

    on: date
    form: str
    household: int
    answers: Answers


def recordings(home: SyntheticHousehold) -> Iterator[Recording]:
    """Yield what is recorded of `home` during 2020, oldest first."""
    yield from sorted(_unordered(home), key=lambda recording: recording.on)


def _unordered(home: SyntheticHousehold) -> Iterator[Recording]:
    if home.first_outcome != "surveyed":
        yield Recording(home.first_visit_on, "visit", home.number, first_visit(home))
    if home.registered_on is not None:
        yield Recording(home.registered_on, "household", home.number, registration(home))
    if home.conversion is not None:
        for day in _conversion_days(home.conversion.stages):
            yield Recording(day, "conversion", home.number, conversion_answers(home, day))
    if home.away_on is not None:
        yield Recording(home.away_on, "visit", home.number, away(home))


def registration(home: SyntheticHousehold) -> Answers:
    """Answers of the household form on the day of registration."""
    assert home.registered_on is not None, "registration was refused"
    house, day = home.house, home.registered_on.isoformat()
    answers: Answers = {
        "basics": _filled(
            door_number=house.door_number,
            head_name=house.head_name,
            id_number=house.id_number,
            phone=house.phone,
            location=house.location or "",
            tenure=house.tenure,
            registration=house.registration,
        ),
        "house": _filled(
            house_area_m2=str(house.house_area_m2),
            rooms_n=str(house.rooms_n),
            house_use=house.house_use,
            occupancy=house.occupancy,
            residents_n="" if house.occupancy == "empty" else str(house.residents_n),
            hardship=house.hardship,
            mountain="yes" if house.mountain else "no",
            demolition_year=str(house.demolition_year or ""),
        ),
        "heating": _heating(home, day),
        "visited_on": day,
        "remark": MARK,
    }
    if house.not_heated_reason is None:
        answers["coal"] = _coal(home)
    return answers


def conversion_answers(home: SyntheticHousehold, day: date) -> Answers:
    """Answers of the conversion form as things stand on `day`."""
    assert home.conversion is not None, "this home is not converted"
    done, stages = home.conversion, home.conversion.stages.as_of(day)
    answers: Answers = {
        "subject": _filled(kind=done.kind, device_code=done.device_code, batch=done.batch),
        "works": _works(done, stages),
    }
    if done.batch != "4":
        answers["contract"] = _filled(
            contract_number=done.contract_number, contractor=done.contractor, signed_on=_day(stages.signed_on)
        )
    remark = MARK
    since = stages.connected_on or (stages.installed_on if done.kind == "clean_coal" else None)
    if since is not None:
        answers["stove"], removed = _stove(home, since)
        remark += "，住户自行拆除旧炉具" if removed else ""
        if done.stock_t and day == _seen_on(stages):
            answers["coal"] = {"stock_t": done.stock_t, "stock_on": day.isoformat()}
    answers["remark"] = remark
    return answers


def first_visit(home: SyntheticHousehold) -> Answers:
    """Answers of the visit form at a door that is not in the registry yet: nobody opens, or refuses."""
    return {
        "new_door": home.house.door_number,
        "visit_outcome": home.first_outcome,
        "visited_on": home.first_visit_on.isoformat(),
        "visit_remark": MARK,
    }


def away(home: SyntheticHousehold) -> Answers:
    """Answers of the visit form in autumn, at a home that turns out to stand empty for the winter."""
    assert home.away_on is not None, "this home is lived in"
    return {
        "visit_outcome": "not_heated",
        "reason": "away_winter",
        "visited_on": home.away_on.isoformat(),
        "visit_remark": MARK,
    }


def _conversion_days(stages: Stages) -> list[date]:
    """A visit soon after signing, after installation or connection, and after use or acceptance."""
    done_on = stages.accepted_on or stages.first_used_on
    days = {
        stages.signed_on and stages.signed_on + timedelta(2),
        _seen_on(stages),
        done_on and min(done_on + timedelta(1), YEAR_END),
    }
    return sorted(day for day in days if day is not None)


def _seen_on(stages: Stages) -> date | None:
    """The day a surveyor sees the new heating in place; coal left in the yard is weighed up on that one."""
    ready_on = stages.connected_on or stages.installed_on
    return ready_on and min(ready_on + timedelta(3), YEAR_END)


def _heating(home: SyntheticHousehold, day: str) -> Answers:
    house = home.house
    old_stove = "present" if house.has_coal_stove else "none"
    stove = _filled(old_stove=old_stove, old_stove_on="" if old_stove == "none" else day)
    if house.not_heated_reason is not None:
        return {"heating_status": "not_heated", "not_heated_reason": house.not_heated_reason, **stove}
    return {
        "heating_status": "heated",
        "fuel": house.fuel,
        "device": house.device,
        "heated_area_m2": str(house.heated_area_m2),
        **stove,
    }


def _coal(home: SyntheticHousehold) -> Answers:
    coal = home.house.coal
    if coal is None:
        return {"coal_answer": "none"}
    return {
        "coal_answer": "burned",
        "purchase": [{"tonnes": tonnes, "price": str(price)} for tonnes, price in coal.purchases],
        "coal_source": " ".join(coal.sources),
        "stock_t": coal.stock_t,
    }


def _works(done: Conversion, stages: Stages) -> Answers:
    works = _filled(
        installed_on=_day(stages.installed_on),
        connected_on=_day(stages.connected_on),
        account_number=done.account_number if stages.connected_on else "",
        first_used_on=_day(stages.first_used_on),
        accepted_on=_day(stages.accepted_on),
    )
    if stages.installed_on is not None and done.brand:
        works["equipment"] = _filled(brand=done.brand, model=done.model, serial=done.serial)
    return works


def _stove(home: SyntheticHousehold, since: date) -> tuple[Answers, bool]:
    """What became of the old stove once the new heating is in service, and whether it was taken out early."""
    if not home.house.has_coal_stove:
        return {"old_stove": "none"}, False
    removed = home.conversion is not None and home.conversion.stove_removed
    return {"old_stove": "removed" if removed else "kept", "old_stove_on": since.isoformat()}, removed


def _filled(**answers: str) -> Answers:
    """Without the empty ones: an answer that was not given is absent."""
    return {name: value for name, value in answers.items() if value}


def _day(on: date | None) -> str:
    return on.isoformat() if on is not None else ""
