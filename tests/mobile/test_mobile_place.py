"""The question where a home stands, in the window: what its numbers come to, and that none of them is lost."""

from mobile.device.location import Fix


class Receiver:
    """One that stands at the gate."""

    def locate(self, done) -> None:
        done(Fix(35.4904, 112.85, 700.0, 5.0))


def test_a_fix_is_told_in_words_and_stays_whole_where_nothing_is_typed(tablet, open_window) -> None:
    tablet.household(head_name="张国强", door_number="3组12号", location="35.49 112.85 700 5")
    window = open_window(tablet.desk, locator=Receiver())
    window.touch("东常村")
    window.touch("张国强")
    window.touch("更正住户")
    assert "已定位，误差约 5 米；就是名册上的位置" in window.words()
    window.touch("获取当前位置")
    assert "已定位，误差约 5 米；离名册上这一户约 44 米" in window.words()
    field = window.field("房屋位置")
    assert field.text == "35.490400 112.850000"
    window.touch_widget(field)
    window.until(lambda: bool(field.focus))
    window.touch_widget(window.field("户主姓名"))
    (draft,) = tablet.replica.drafts()
    assert draft.answers["basics"]["location"] == "35.490400 112.850000 700.0 5.0"
