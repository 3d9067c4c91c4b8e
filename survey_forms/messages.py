"""What the engine itself says to a surveyor, where a form has no message of its own: Chinese, and English.

Each text names the question by its label, says what is wrong and what to do.
"""

from collections.abc import Mapping

_CHINESE: Mapping[str, str] = {
    "int": "“{label}”要填整数，现在是“{value}”，请改正",
    "decimal": "“{label}”要填数字，现在是“{value}”，请改正",
    "date": "“{label}”要填日期，如 2020-10-31，现在是“{value}”，请改正",
    "time": "“{label}”要填时间，如 08:30，现在是“{value}”，请改正",
    "dateTime": "“{label}”要填日期和时间，现在是“{value}”，请改正",
    "geopoint": "“{label}”的位置读不懂，请重新定位",
    "binary": "“{label}”的照片文件名不对，请重新拍照",
    "boolean": "“{label}”只能是 true 或 false，请改正",
    "string": "“{label}”太长，或含有无法保存的字符，请改短或重新输入",
    "choice": "“{label}”所选的“{value}”现在不能选，请重新选择",
    "acknowledge": "“{label}”只能确认或不确认，请重新选择",
    "range": "“{label}”应在 {start} 到 {end} 之间，间隔 {step}，请改正",
    "constraint": "“{label}”填的“{value}”不符合要求，请核对",
    "required": "“{label}”必须填写",
    "count": "“{label}”最多 {most} 条，请核对数量",
    "unknown": "表单里没有“{label}”这一项，请核对表单版本",
    "relevant": "按其他答案，“{label}”不应填写，请清空",
    "calculate": "“{label}”与计算结果“{expected}”不一致，请重新打开表单计算",
}
_ENGLISH: Mapping[str, str] = {
    "int": "“{label}” must be a whole number, but is “{value}”: please correct it",
    "decimal": "“{label}” must be a number, but is “{value}”: please correct it",
    "date": "“{label}” must be a date such as 2020-10-31, but is “{value}”: please correct it",
    "time": "“{label}” must be a time such as 08:30, but is “{value}”: please correct it",
    "dateTime": "“{label}” must be a date and time, but is “{value}”: please correct it",
    "geopoint": "“{label}” is no position: please take it again",
    "binary": "“{label}” is no file name: please take the photo again",
    "boolean": "“{label}” can only be true or false: please correct it",
    "string": "“{label}” is too long or holds characters that cannot be stored: please shorten or retype it",
    "choice": "“{label}”: “{value}” cannot be chosen now, please choose again",
    "acknowledge": "“{label}” can only be confirmed or not: please choose again",
    "range": "“{label}” must lie between {start} and {end} in steps of {step}: please correct it",
    "constraint": "“{label}”: “{value}” is not acceptable, please check it",
    "required": "“{label}” must be filled in",
    "count": "“{label}” holds {most} entries at most: please check the number",
    "unknown": "The form has no “{label}”: please check the form's version",
    "relevant": "By the other answers “{label}” must be empty: please clear it",
    "calculate": "“{label}” differs from the calculated “{expected}”: please open the form and calculate again",
}


def message(key: str, lang: str, **parts: object) -> str:
    """`lang` is a code or a tag; whatever is not English is answered in Chinese."""
    texts = _ENGLISH if lang.startswith(("en", "English")) else _CHINESE
    return texts[key].format_map({name: _shortened(str(part)) for name, part in parts.items()})


def _shortened(text: str, most: int = 60) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
