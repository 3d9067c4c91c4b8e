"""The forms of a small county: a handful of questions each, under the names and properties of the real ones.

A simulation asks how records travel, not how long a form is; with the real forms most of its time would go into
interviews. These are read, filled, judged and merged by the same code, in a tenth of the time, and keep what makes
merging hard: guard groups, a conversion that also changes its household, a masked account. Large counties use the
real forms. The registration has a second version, which asks one thing more: tablets and hub come to it at different
times.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final
from xml.sax.saxutils import quoteattr

_NAMESPACES: Final = (
    'xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml"'
    ' xmlns:jr="http://openrosa.org/javarosa" xmlns:odk="http://www.opendatakit.org/xforms"'
    ' xmlns:entities="http://www.opendatakit.org/xforms/entities"'
)
FIRST, SECOND = "1", "2"


@dataclass(frozen=True)
class _Asked:
    """A node of a form. ``path``: below /data. Without a ``label`` it is not asked: hidden, or calculated."""

    path: str
    label: str = ""
    type: str = "string"
    choices: tuple[str, ...] = ()
    rules: dict[str, str] = field(default_factory=dict)
    saves: str = ""
    appearance: str = ""


@dataclass(frozen=True)
class _Saved:
    """An entity that a form changes: the group that saves to it ("" the whole form), and whether it can be made."""

    scope: str
    dataset: str
    made: bool = True
    when: str = "true()"


def _ask(
    name: str, label: str, saves: str = "", /, *, type: str = "string", choices: tuple[str, ...] = (), **rules: str
) -> _Asked:  # fmt: skip
    """A question; ``rules``: required, relevant, constraint."""
    return _Asked(name, label, type, choices, rules, saves or name.rpartition("/")[2])


def _calculated(path: str, saves: str, formula: str) -> _Asked:
    return _Asked(path, rules={"calculate": formula}, saves=saves)


_IDS: Final = (_Asked("household_id"), _Asked("village"))
_DEVICES: Final = ("coal_stove", "kang", "1", "none")
_REGISTRATION: Final = (
    *_IDS,
    _ask("head_name", "户主", required="true()", constraint="regex(., '^[^0-9]{2,30}$')"),
    _ask("phone", "电话", constraint="regex(., '^[0-9]{11}$')"),
    _ask("heating_status", "是否取暖", required="true()", choices=("heated", "not_heated")),
    _ask("device", "设备", relevant="/data/heating_status = 'heated'", choices=_DEVICES),
    _ask("heated_area_m2", "采暖面积", type="decimal", constraint=". > 0 and . <= 500"),
    _ask("remark", "备注", constraint="string-length(.) <= 50"),
)
_MORE: Final = (_ask("residents_n", "人口", type="int", constraint=". >= 0 and . <= 30"),)
_CONVERSION: Final = (
    *_IDS,
    _Asked("conversion_id"),
    _ask("kind", "改造类型", required="true()", choices=("electric", "gas", "clean_coal")),
    _ask("device_code", "设备类型", required="true()", choices=("1", "2")),
    _ask("installed_on", "安装日期", type="date", constraint=". <= today()"),
    _ask("connected_on", "通电日期", type="date", constraint=". <= today()"),
    _ask("nameplate_photo", "铭牌照片", type="binary"),
    _calculated("stove/device_now", "device", "/data/device_code"),
    _calculated("conversion_household", "household", "/data/household_id"),
)
_PAYEE: Final = (
    *_IDS,
    _Asked("payee_id"),
    _ask("holder", "户名", required="true()", constraint="regex(., '^[^0-9]{2,30}$')"),
    _Asked(
        "account", "账号", rules={"required": "true()", "constraint": "regex(., '^[0-9 ]{8,30}$')"},
        appearance="masked",
    ),
    _calculated("account_now", "account", "translate(/data/account, ' ', '')"),
    _calculated("payee_household", "household", "/data/household_id"),
)  # fmt: skip


def small_forms(newest: str = SECOND) -> list[tuple[str, str, str]]:
    """(form id, version, XForm) of all, the registration up to version ``newest``."""
    made = [("household", FIRST, _form("household", FIRST, _REGISTRATION, (_Saved("", "household"),)))]
    if newest != FIRST:
        again = _form("household", SECOND, (*_REGISTRATION, *_MORE), (_Saved("", "household"),))
        made.append(("household", SECOND, again))
    in_service = "/data/connected_on != ''"
    both = (_Saved("", "conversion"), _Saved("stove", "household", made=False, when=in_service))
    made.append(("conversion", FIRST, _form("conversion", FIRST, _CONVERSION, both)))
    made.append(("payee", FIRST, _form("payee", FIRST, _PAYEE, (_Saved("", "payee"),))))
    return made


def _form(id: str, version: str, asked: tuple[_Asked, ...], saved: tuple[_Saved, ...]) -> str:
    nodes = "".join(f"<{each.path}/>" for each in asked if "/" not in each.path)
    groups = sorted({each.path.partition("/")[0] for each in asked if "/" in each.path})
    for group in groups:
        inside = "".join(
            f"<{each.path.partition('/')[2]}/>" for each in asked if each.path.startswith(group + "/")
        )
        nodes += f"<{group}>{inside}{_meta(group, saved)}</{group}>"
    choices = {each.path: each.choices for each in asked if each.choices}
    return (
        f'<?xml version="1.0"?><h:html {_NAMESPACES}><h:head><h:title>模拟 {id}</h:title>'
        f'<model odk:xforms-version="1.0.0" entities:entities-version="2025.1.0">'
        f'<instance><data id="{id}" version="{version}">{nodes}{_meta("", saved)}</data></instance>'
        f"{''.join(_list(path, codes) for path, codes in choices.items())}"
        f"{''.join(map(_bind, asked))}{''.join(map(_entity_binds, saved))}</model></h:head>"
        f"<h:body>{''.join(_control(each) for each in asked if each.label)}</h:body></h:html>"
    )


def _meta(scope: str, saved: tuple[_Saved, ...]) -> str:
    for each in saved:
        if each.scope == scope:
            label = "<label/>" if each.made else ""
            made = 'create="1" ' if each.made else ""
            entity = (
                f'<entity dataset="{each.dataset}" {made}update="1" baseVersion="" id="">{label}</entity>'
            )
            return f"<meta>{entity}{'<instanceID/>' if not scope else ''}</meta>"
    return ""


def _list(path: str, codes: tuple[str, ...]) -> str:
    items = "".join(f"<item><label>{code}</label><name>{code}</name></item>" for code in codes)
    return f'<instance id="{path}_codes"><root>{items}</root></instance>'


def _bind(each: _Asked) -> str:
    saves = f' entities:saveto="{each.saves}"' if each.saves else ""
    rules = "".join(f" {name}={quoteattr(rule)}" for name, rule in each.rules.items())
    return f'<bind nodeset="/data/{each.path}" type="{each.type}"{rules}{saves}/>'


def _entity_binds(each: _Saved) -> str:
    at = f"/data/{each.scope}/meta/entity".replace("//", "/")
    create = f'<bind nodeset="{at}/@create" calculate="true()" type="string"/>' if each.made else ""
    label = f'<bind nodeset="{at}/label" calculate="/data/village" type="string"/>' if each.made else ""
    return (
        f'{create}<bind nodeset={quoteattr(at + "/@update")} calculate={quoteattr(each.when)} type="string"/>'
        f'<bind nodeset="{at}/@id" type="string" calculate="/data/{each.dataset}_id"/>{label}'
    )


def _control(each: _Asked) -> str:
    look = f' appearance="{each.appearance}"' if each.appearance else ""
    label = f"<label>{each.label}</label>"
    if each.type == "binary":
        return f'<upload ref="/data/{each.path}" mediatype="image/*">{label}</upload>'
    if not each.choices:
        return f'<input ref="/data/{each.path}"{look}>{label}</input>'
    codes = (
        f'<itemset nodeset="instance(\'{each.path}_codes\')/root/item"><value ref="name"/>'
        '<label ref="label"/></itemset>'
    )
    return f'<select1 ref="/data/{each.path}"{look}>{label}{codes}</select1>'
