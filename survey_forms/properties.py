"""The properties that forms may save, with their codes.

A form saves to entity properties by name. A misspelt name or code would travel for a whole season as an
extra nobody reads, so publication compares every form with this list. Values are in the lexical form of
XForms: dates YYYY-MM-DD, decimals as plain text; an absent property was never asked.
"""

from collections.abc import Mapping
from types import MappingProxyType


def _codes(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _free(names: str) -> dict[str, frozenset[str]]:
    """Properties of any text, number, date or place: the form's own constraints check them, no code list."""
    return dict.fromkeys(names.split(), frozenset())


# The sixteen device codes are those of a published ledger of double replacement (双代台账) from Hebei.
CLEAN_DEVICES = frozenset(str(code) for code in range(1, 17))
DEVICES = CLEAN_DEVICES | _codes("coal_stove coal_boiler kang clean_coal_stove none")
FUELS = _codes("bulk_coal briquette clean_coal none") | _codes(
    "gas electricity heat_network waste_heat biomass alcohol solar geothermal"
)
KINDS = _codes("electric gas waste_heat central_heat geothermal solar biomass alcohol clean_coal")

_HOUSEHOLD = {
    **_free("head_name id_number phone door_number address location residents_n rooms_n demolition_year"),
    **_free("house_area_m2 heated_area_m2 old_stove_on stove_photo visited_on remark"),
    "tenure": _codes("owner tenant other"),
    "registration": _codes("local elsewhere"),
    "house_use": _codes("living business mixed"),
    "occupancy": _codes("all_winter part_winter empty"),
    "hardship": _codes("none dibao tekun wubao tuopin lone_elderly"),
    "mountain": _codes("yes no"),
    "heating_status": _codes("heated not_heated"),
    "not_heated_reason": _codes("empty away_winter demolition lives_with_kin other"),
    "device": DEVICES,
    "fuel": FUELS,
    "old_stove": _codes("none present kept removed"),
    "visit_outcome": _codes("surveyed not_at_home not_heated refused"),
}
_CONVERSION = {
    **_free("household contract_number contractor account_number brand model serial remark"),
    **_free("signed_on installed_on connected_on first_used_on accepted_on nameplate_photo meter_photo"),
    "kind": KINDS,
    "device_code": CLEAN_DEVICES | {"clean_coal_stove"},
    "batch": _codes("1 2 3 4"),
}
_COAL_USE = _free("household season coal_t price_yuan_per_t coal_source stock_t observed_on")
_PAYEE = {
    **_free("household holder account bank relation_other on_day"),
    "relation": _codes("self spouse child parent other_kin other"),
}
_SIGHTING = {
    **_free("household place seen_on amount_t location photo remark"),
    "what": _codes("coal_burned stove_in_use coal_stored coal_sold"),
}

PROPERTIES: Mapping[str, Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "household": _HOUSEHOLD,
        "conversion": _CONVERSION,
        "coal_use": _COAL_USE,
        "payee": _PAYEE,
        "sighting": _SIGHTING,
    }
)
"""Dataset → property → its codes; an empty set means any value that the form's constraints let through."""

# A conversion, a coal record or a payee that names no household would belong to nobody.
MUST_SAVE: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "conversion": frozenset({"household"}),
        "coal_use": frozenset({"household", "season"}),
        "payee": frozenset({"household", "holder", "account"}),
        "sighting": frozenset({"household", "what", "seen_on"}),
    }
)

# Shown by their last characters wherever they were not just typed; the journal alone keeps them whole.
SECRET: Mapping[str, frozenset[str]] = MappingProxyType({"payee": frozenset({"account"})})
MASKED = "masked"
"""The appearance of a question whose answer is shown by its last characters once it is submitted."""
