"""Why there was no reply, in words: what is wrong and what to do about it, for a surveyor.

Apart from the driver because whoever has no HTTP says the same words. Two tables, because somebody who enrols a tablet
has no records in it yet and is told to enrol again, not to sync.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sync import revocation
from sync.account import Refusal
from sync.messages import Problem

Words = tuple[str, str]

_KEPT: Final = "记录都保存在本机，可以继续录入；"

# Code → (what is wrong, what to do). The hub's own words, where it sends any, come first.
_SYNCING: Final[Mapping[str, Words]] = {
    "no_network": ("没有网络，或找不到服务器。", f"{_KEPT}有网络后请再同步。"),
    "refused": ("服务器没有开启，或地址、端口不对。", f"{_KEPT}请核对服务器地址，或稍后再同步。"),
    "timeout": ("等待服务器超时，网络可能太慢。", f"{_KEPT}请换到信号好的地方再同步。"),
    "cut": ("传输途中网络断开。", f"{_KEPT}请再同步一次，重复发送不会重复入库。"),
    "damaged": ("传输途中内容损坏。", f"{_KEPT}请再同步一次，重复发送不会重复入库。"),
    "tls": ("与服务器的加密连接没有建立。", f"{_KEPT}请先核对平板的日期和时间；仍不行请联系管理员。"),
    "bad_address": ("服务器地址写得不对。", "请核对地址，例如 http://192.168.1.10:8000。"),
    "captive_portal": (
        "收到的是网页，不是服务器的答复：网络可能要先登录。",
        f"{_KEPT}请先用浏览器登录网络，再同步。"),
    "unauthorised": ("服务器不再接受本机的登记。", f"同步已暂停，{_KEPT}请向管理员要新的登记码，重新登记后继续送出。"),
    revocation.CODE: ("这台平板已被停用。", "没有送出的记录已经保存；请把平板交给管理员。"),
    "revoked_unproven": (
        "收到“平板已停用”的答复，但不能证实它来自县里的服务器。",
        f"{_KEPT}请换一个网络再同步；仍是这样请联系管理员。"),
    "too_large": ("一次送出的内容太大。", f"{_KEPT}请再同步一次；仍不行请联系管理员。"),
    "malformed": ("服务器读不懂送出的内容。", f"{_KEPT}请更新应用；仍不行请联系管理员。"),
    "unknown_protocol": (
        "本机应用与服务器的版本不配套。",
        f"{_KEPT}请更新应用；已是最新的，请管理员更新服务器。"),
    "busy": ("服务器正忙。", f"{_KEPT}请稍后再同步。"),
    "server_error": ("服务器出错，暂时不能同步。", f"{_KEPT}请稍后再同步；仍不行请联系管理员。"),
    "not_a_hub": ("这个地址上没有清洁取暖服务器。", f"{_KEPT}请核对服务器地址。"),
    "bad_reply": ("服务器的答复读不懂。", f"{_KEPT}请更新应用；仍不行请联系管理员。"),
    "not_enrolled": ("平板尚未登记。", "请先登记；草稿已保存在本机。"),
}  # fmt: skip
_ENROLLING: Final[Mapping[str, Words]] = {
    "no_network": ("没有网络，或找不到服务器。", "有网络后请再登记。"),
    "refused": ("服务器没有开启，或地址、端口不对。", "请核对服务器地址，或稍后再登记。"),
    "timeout": ("等待服务器超时，网络可能太慢。", "请换到信号好的地方再登记。"),
    "cut": ("传输途中网络断开。", "请用同一个登记码再登记一次。"),
    "damaged": ("传输途中内容损坏。", "请用同一个登记码再登记一次。"),
    "tls": ("与服务器的加密连接没有建立。", "请先核对平板的日期和时间；仍不行请联系管理员。"),
    "bad_address": ("服务器地址写得不对。", "请核对地址，例如 http://192.168.1.10:8000。"),
    "captive_portal": (
        "收到的是网页，不是服务器的答复：网络可能要先登录。",
        "请先用浏览器登录网络，再登记。",
    ),
    "unauthorised": ("服务器没有接受登记。", "请向管理员要新的登记码。"),
    "malformed": ("服务器读不懂送出的内容。", "请更新应用；仍不行请联系管理员。"),
    "unknown_protocol": ("本机应用与服务器的版本不配套。", "请更新应用；已是最新的，请管理员更新服务器。"),
    "busy": ("服务器正忙。", "请稍后再登记。"),
    "server_error": ("服务器出错，暂时不能登记。", "请稍后再登记；仍不行请联系管理员。"),
    "not_a_hub": ("这个地址上没有清洁取暖服务器。", "请核对服务器地址。"),
    "bad_reply": ("服务器的答复读不懂。", "请更新应用；仍不行请联系管理员。"),
}
_OTHERWISE: Final = "server_error"


def refusal(
    code: str, *, told: Problem | None = None, retry_after_s: int | None = None, enrolling: bool = False
) -> Refusal:
    """The refusal of that code in our words, or in the hub's where it ``told`` them. ``enrolling``: to somebody
    who has no records here yet."""
    words = _ENROLLING if enrolling else _SYNCING
    message, remedy = words.get(code, words[_OTHERWISE])
    if told is not None:
        message, remedy = told.message or message, told.remedy or remedy
    return Refusal(code, message, remedy, retry_after_s, told.history if told else "")
