"""A way of the link: what is late, what is lost, what does not fit, and what is counted."""

from random import Random

from server.lab.link.way import Counts, Quality, Way

PACKET = b"x" * 1_000
LINE = Quality(rate_bit_s=8_000, delay_s=0.5, loss=0.0, queue_bytes=3_000)


def way(quality: Quality = LINE, seed: int = 1) -> Way:
    return Way(quality, Random(seed))


def test_a_packet_takes_its_time_on_the_line_and_the_delay() -> None:
    line = way()
    line.enter(PACKET, 10.0)
    assert line.next_at == 11.5  # a second at 1,000 bytes a second, and half a second of delay
    assert list(line.leaving(11.4)) == []
    assert list(line.leaving(11.5)) == [PACKET]
    assert line.next_at is None


def test_packets_wait_for_each_other_and_keep_their_order() -> None:
    line = way()
    sent = [bytes([number]) * 1_000 for number in range(3)]
    for packet in sent:
        line.enter(packet, 0.0)
    assert list(line.leaving(2.5)) == sent[:2]
    assert list(line.leaving(3.5)) == sent[2:]


def test_what_does_not_fit_into_the_queue_is_dropped_and_costs_no_time() -> None:
    line = way()
    for _ in range(6):
        line.enter(PACKET, 0.0)
    assert (line.counts.packets, line.counts.dropped) == (6, 2)
    assert len(list(line.leaving(100.0))) == 4
    line.enter(PACKET, 100.0)
    assert line.next_at == 101.5, "an idle line begins at once"


def test_without_a_rate_only_the_delay_is_left() -> None:
    line = way(Quality(0, 0.5, 0.0, 0))
    for _ in range(50):
        line.enter(PACKET, 0.0)
    assert len(list(line.leaving(0.5))) == 50


def test_the_same_seed_loses_the_same_packets() -> None:
    def arrived(seed: int) -> list[bytes]:
        line = way(Quality(0, 0.0, 0.3, 0), seed)
        for number in range(200):
            line.enter(number.to_bytes(2, "big"), 0.0)
        kept = list(line.leaving(0.0))
        assert line.counts.lost + len(kept) == 200
        return kept

    assert arrived(1) == arrived(1) != arrived(2)
    assert 100 < len(arrived(1)) < 180


def test_a_lost_packet_was_sent_all_the_same() -> None:
    line = way(Quality(8_000, 0.0, 1.0, 3_000))
    line.enter(PACKET, 0.0)
    assert (line.counts.packets, line.counts.bytes, line.counts.lost) == (1, 1_000, 1)
    assert list(line.leaving(100.0)) == []
    line.enter(PACKET, 0.5)
    assert line.counts.dropped == 0


def test_counting_begins_anew_and_what_travels_goes_on() -> None:
    line = way()
    line.enter(PACKET, 0.0)
    line.begin(Random(2))
    assert line.counts == Counts()
    assert list(line.leaving(10.0)) == [PACKET]
