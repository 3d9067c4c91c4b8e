"""What an account's holder is to the householder: the codes of the tablet's form, and the words lists use.

Apart because the form, the lists and the pages must mean the same by "本人". A relation the form has no code
for is kept in the words it was given in.
"""

from __future__ import annotations

import unicodedata
from typing import Final

N_ = str
SELF: Final = "self"
RELATIONS: Final = {
    SELF: N_("户主本人"),
    "spouse": N_("配偶"),
    "child": N_("子女"),
    "parent": N_("父母"),
    "other_kin": N_("其他亲属"),
    "other": N_("其他"),
}
_WORDS: Final = {
    SELF: "户主本人 本人 户主 自己",
    "spouse": "配偶 夫妻 妻子 丈夫 妻 夫 爱人",
    "child": "子女 儿子 女儿 长子 次子 三子 长女 次女 子 女 独生子 独生女",
    "parent": "父母 父亲 母亲 父 母",
    "other_kin": "其他亲属 亲属 孙子 孙女 孙 儿媳 女婿 兄弟 姐妹 哥哥 弟弟 姐姐 妹妹 祖父 祖母 外孙 外孙女 侄子 侄女",
}
_CODES: Final = {word: code for code, words in _WORDS.items() for word in words.split()}
SUGGESTED: Final = ("本人", "配偶", "子女", "父母", "其他亲属", "其他：村干部")
OTHER: Final = "其他:"


def code_of(text: str) -> str | None:
    """The relation a word means; of "其他：…" what follows; None for a word that is none. Empty stays empty."""
    plain = "".join(unicodedata.normalize("NFKC", text).split())
    if plain.startswith(OTHER) and len(plain) > len(OTHER):
        return plain.removeprefix(OTHER)
    return _CODES.get(plain) if plain else ""


def told(relation: str, other: str) -> str:
    """The relation of a tablet's answers: its code, or what was written for another one."""
    return other.strip() or relation if relation == "other" else relation


def shown(relation: str) -> str:
    """A relation in Chinese."""
    return RELATIONS.get(relation, relation)


def is_self(relation: str) -> bool:
    """Whether the holder is said to be the householder, or nothing is said."""
    return relation in ("", SELF)
