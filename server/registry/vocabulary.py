"""The words of the register in Chinese: datasets, properties and their choices.

The codes are those of the released forms; here is what pages and sheets call them. A code a later form
brings and this list lacks is shown as it is.
"""

from __future__ import annotations

from typing import Final

# Marks a text for translation, as server.web.N_ does; rules read these words too, and know no web.
N_ = str

DATASETS: Final = {
    "household": N_("住户"),
    "conversion": N_("改造"),
    "coal_use": N_("用煤"),
    "payee": N_("收款账户"),
    "sighting": N_("发现散煤"),
}
FORMS: Final = {
    "household": N_("入户登记"),
    "conversion": N_("清洁取暖改造"),
    "visit": N_("走访结果"),
    "payee": N_("收款账户"),
    "sighting": N_("发现散煤"),
    "conflict": N_("对冲突的决定"),
    "household.merge": N_("合并住户"),
    "household.separate": N_("撤销合并住户"),
}
OUTCOMES: Final = {
    "applied": N_("已采用"),
    "merged": N_("已合并"),
    "conflict": N_("有冲突"),
    "rejected": N_("已退回"),
}
CONVERSION_KINDS: Final = {
    "electric": N_("煤改电"),
    "gas": N_("煤改气"),
    "waste_heat": N_("工业余热"),
    "central_heat": N_("集中供热"),
    "geothermal": N_("地热"),
    "solar": N_("太阳能"),
    "biomass": N_("生物质"),
    "alcohol": N_("醇基燃料"),
    "clean_coal": N_("洁净煤加环保炉具"),
}
# How far a conversion can have come, in order; each has its date.
STATE_NAMES: Final = {
    "signed": N_("已签约"),
    "installed": N_("已安装"),
    "connected": N_("已接通"),
    "first_used": N_("已使用"),
    "accepted": N_("已验收"),
}
# Clean coal is allowed in mountain areas and never counts as clean heating.
CLEAN_KINDS: Final = tuple(kind for kind in CONVERSION_KINDS if kind != "clean_coal")
DEVICES: Final = {
    "1": N_("燃气壁挂炉"),
    "2": N_("直热式电锅炉"),
    "3": N_("蓄热式电锅炉"),
    "4": N_("电壁挂炉"),
    "5": N_("直热式电暖器"),
    "6": N_("蓄热式电暖器"),
    "7": N_("石墨烯电暖"),
    "8": N_("聚能电暖"),
    "9": N_("空气源热风机"),
    "10": N_("空气源热泵"),
    "11": N_("地源热泵"),
    "12": N_("集中供热"),
    "13": N_("光伏取暖"),
    "14": N_("光热取暖"),
    "15": N_("醇基燃料炉"),
    "16": N_("生物质炉"),
    "coal_stove": N_("燃煤炉"),
    "coal_boiler": N_("燃煤小锅炉（土暖气）"),
    "kang": N_("火炕"),
    "clean_coal_stove": N_("环保炉具"),
    "none": N_("无设备"),
}
CLEAN_DEVICES: Final = tuple(str(number) for number in range(1, 17))
FUELS: Final = {
    "bulk_coal": N_("散煤"),
    "briquette": N_("型煤、蜂窝煤"),
    "clean_coal": N_("洁净煤"),
    "electricity": N_("电"),
    "gas": N_("天然气、煤层气"),
    "heat_network": N_("集中供热"),
    "waste_heat": N_("工业余热"),
    "biomass": N_("生物质"),
    "alcohol": N_("醇基燃料"),
    "solar": N_("太阳能"),
    "geothermal": N_("地热"),
    "none": N_("无"),
}
AREA_CLASS_NAMES: Final = {
    "built_up": N_("建成区"),
    "fringe": N_("城乡结合部"),
    "rural": N_("农村"),
    "unclassified": N_("未划定"),
}
LEVEL_NAMES: Final = {
    "province": N_("省"),
    "city": N_("市"),
    "county": N_("县（区）"),
    "township": N_("乡镇（街道）"),
    "village": N_("村（社区）"),
}
URBAN_RURAL_NAMES: Final = {
    "111": N_("主城区"),
    "112": N_("城乡结合区"),
    "121": N_("镇中心区"),
    "122": N_("镇乡结合区"),
    "123": N_("特殊区域"),
    "210": N_("乡中心区"),
    "220": N_("村庄"),
}
NOT_HEATED_REASONS: Final = {
    "empty": N_("空置房"),
    "away_winter": N_("冬季外出"),
    "demolition": N_("待拆迁"),
    "lives_with_kin": N_("冬季住亲属家"),
    "other": N_("其他"),
}
VISIT_OUTCOMES: Final = {
    "surveyed": N_("已入户"),
    "not_at_home": N_("家中无人"),
    "not_heated": N_("冬季不取暖"),
    "refused": N_("拒绝登记"),
}
HARDSHIPS: Final = {
    "none": N_("不属于"),
    "dibao": N_("低保户"),
    "tekun": N_("特困人员"),
    "wubao": N_("五保户"),
    "tuopin": N_("脱贫户"),
    "lone_elderly": N_("孤寡老人"),
}
YES_NO: Final = {"yes": N_("是"), "no": N_("否")}
CHOICES: Final[dict[str, dict[str, str]]] = {
    "tenure": {"owner": N_("房主"), "tenant": N_("租户"), "other": N_("其他")},
    "registration": {"local": N_("本村户籍"), "elsewhere": N_("户籍在外地")},
    "house_use": {"living": N_("居住"), "business": N_("经营"), "mixed": N_("商住两用")},
    "occupancy": {
        "all_winter": N_("整个冬季居住"),
        "part_winter": N_("部分时间居住"),
        "empty": N_("冬季无人居住"),
    },
    "hardship": HARDSHIPS,
    "mountain": YES_NO,
    "heating_status": {"heated": N_("取暖"), "not_heated": N_("不取暖")},
    "not_heated_reason": NOT_HEATED_REASONS,
    "device": DEVICES,
    "device_code": DEVICES,
    "fuel": FUELS,
    "old_stove": {
        "none": N_("没有"),
        "present": N_("有，在用"),
        "kept": N_("有，改造后保留备用"),
        "removed": N_("已拆除"),
    },
    "visit_outcome": VISIT_OUTCOMES,
    "kind": CONVERSION_KINDS,
    "batch": {
        "1": N_("国家批次"),
        "2": N_("省级批次"),
        "3": N_("市级批次"),
        "4": N_("县级或农户自改"),
    },
    "coal_source": {
        "depot": N_("煤场、供应网点"),
        "mine": N_("附近煤矿"),
        "delivered": N_("政府组织配送"),
        "hawker": N_("走村商贩"),
        "gift": N_("单位或亲友给"),
        "other": N_("其他"),
    },
    "relation": {
        "self": N_("户主本人"),
        "spouse": N_("配偶"),
        "child": N_("子女"),
        "parent": N_("父母"),
        "other_kin": N_("其他亲属"),
        "other": N_("其他"),
    },
}
PROPERTIES: Final = {
    "head_name": N_("户主姓名"),
    "id_number": N_("身份证号"),
    "phone": N_("联系电话"),
    "door_number": N_("门牌号"),
    "address": N_("地址"),
    "tenure": N_("居住身份"),
    "registration": N_("户籍"),
    "residents_n": N_("冬季常住人数"),
    "house_area_m2": N_("房屋面积（m²）"),
    "heated_area_m2": N_("采暖面积（m²）"),
    "rooms_n": N_("房间数"),
    "house_use": N_("房屋用途"),
    "occupancy": N_("冬季居住情况"),
    "hardship": N_("困难类别"),
    "mountain": N_("山区"),
    "heating_status": N_("冬季是否取暖"),
    "not_heated_reason": N_("不取暖的原因"),
    "device": N_("现用取暖设备"),
    "fuel": N_("现用取暖能源"),
    "demolition_year": N_("列入拆迁年份"),
    "location": N_("定位"),
    "old_stove": N_("燃煤炉具"),
    "old_stove_on": N_("炉具情况日期"),
    "visit_outcome": N_("走访结果"),
    "visited_on": N_("入户日期"),
    "remark": N_("备注"),
    "nameplate_photo": N_("设备铭牌照片"),
    "meter_photo": N_("电表或燃气表照片"),
    "stove_photo": N_("旧炉拆除照片"),
    "photo": N_("现场照片"),
    "household": N_("住户"),
    "kind": N_("改造类型"),
    "device_code": N_("设备类型"),
    "batch": N_("改造批次"),
    "contract_number": N_("合同编号"),
    "contractor": N_("施工单位"),
    "account_number": N_("表号或户号"),
    "brand": N_("品牌"),
    "model": N_("型号"),
    "serial": N_("出厂编号"),
    "signed_on": N_("签约日期"),
    "installed_on": N_("安装日期"),
    "connected_on": N_("接通日期"),
    "first_used_on": N_("首次使用日期"),
    "accepted_on": N_("验收日期（住户所述）"),
    "season": N_("采暖季"),
    "coal_t": N_("用煤（吨）"),
    "price_yuan_per_t": N_("单价（元/吨）"),
    "coal_source": N_("煤的来源"),
    "stock_t": N_("剩余（吨）"),
    "observed_on": N_("观察日期"),
    "holder": N_("户名"),
    "account": N_("收款账号"),
    "bank": N_("开户银行"),
    "relation": N_("与户主的关系"),
    "relation_other": N_("是什么关系"),
    "on_day": N_("登记日期"),
    "what": N_("所见"),
    "place": N_("地点"),
    "seen_on": N_("发现日期"),
    "amount_t": N_("数量（吨）"),
}


def choice(name: str, value: str) -> str:
    """A property's value as people call it, in Chinese; several choices stand in one value by blanks."""
    known = CHOICES.get(name)
    if known is None:
        return value
    return "、".join(known.get(code, code) for code in value.split()) if value else value
