"""What is pasted from elsewhere and nobody sees: refused at the door, for no tablet reads a message that has it."""

import pytest

VILLAGE = "140525100201"
# Word's line break within a paragraph, what ends a text in C, a delete.
UNSEEN = ["张\x0b三", "张\x00三", "张三\x7f"]


@pytest.mark.parametrize("name", UNSEEN)
def test_a_name_with_a_letter_nobody_sees_is_refused(running, official, submit, name) -> None:
    refused = submit("/tablets/enrol", "/tablets/enrol", villages=[VILLAGE], name=name)
    assert refused.status_code == 400
    assert name not in official.get("/people").text
    token = running.form_token(official.get("/account"))
    headed = {"X-CSRF-Token": token}
    form = {"villages": [VILLAGE], "name": name}
    assert official.post("/tablets/enrol", data=form, headers=headed).status_code == 400


def test_lines_and_tabs_may_be_typed(submit) -> None:
    assert submit("/account/tokens", "/account", label="一\t二\r\n三").status_code in (200, 303)


@pytest.mark.parametrize(
    "address", ["/households?q=%00", "/households?q=%0b", "/sync/no?x=%00", "/nowhere?x=%00"]
)
def test_an_address_with_such_letters_is_no_failure_of_the_server(official, address) -> None:
    assert official.get(address).status_code in (400, 404)
