"""Connections as the link sees them: what is new in a segment, and how both ends learn that it is over."""

import struct
from dataclasses import replace
from random import Random

from server.lab.link.tcp import ACK, FIN, RST, SYN, Connections, Segment, checksum, reset, segment

TABLET = (bytes((10, 99, 0, 1)), 40_000)
HUB = (bytes((10, 99, 0, 2)), 8_140)
OPENING = Segment(TABLET, HUB, seq=1_000, ack=0, flags=SYN, payload_n=0)
ANSWERED = Segment(HUB, TABLET, seq=5_000, ack=1_001, flags=SYN | ACK, payload_n=0)
WORDS = Segment(TABLET, HUB, seq=1_001, ack=5_001, flags=ACK, payload_n=300)


def opened(mean_life_s: float = 0.0) -> Connections:
    known = Connections(Random(1), mean_life_s)
    known.enter(OPENING, 0.0)
    known.enter(ANSWERED, 0.1)
    return known


def test_a_segment_is_read_from_its_packet() -> None:
    read = segment(reset(TABLET, HUB, seq=7, ack=9))
    assert read == Segment(TABLET, HUB, 7, 9, RST | ACK, 0)
    assert read.resets and not read.opens


def test_what_is_no_tcp_over_ipv4_is_no_segment() -> None:
    packet = reset(TABLET, HUB, 7, 9)
    udp = packet[:9] + b"\x11" + packet[10:]
    six = b"\x60" + packet[1:]
    assert segment(udp) is None and segment(six) is None and segment(b"") is None


def test_a_reset_has_the_checksums_that_a_kernel_asks_for() -> None:
    packet = reset(TABLET, HUB, 1 << 31, 12)
    tcp = packet[20:]
    assert checksum(packet[:20]) == 0
    assert checksum(TABLET[0] + HUB[0] + struct.pack("!BBH", 0, 6, len(tcp)) + tcp) == 0


def test_data_counts_once_however_often_it_is_sent() -> None:
    known = opened()
    assert known.enter(WORDS, 1.0) == 300
    assert known.enter(WORDS, 2.0) == 0
    assert known.enter(replace(WORDS, payload_n=500), 3.0) == 200, "half of it sent again"
    assert known.enter(replace(WORDS, seq=1_501, flags=ACK | FIN, payload_n=0), 4.0) == 0


def test_data_counts_across_the_end_of_the_numbers() -> None:
    known = Connections(Random(1))
    known.enter(replace(OPENING, seq=(1 << 32) - 101), 0.0)
    assert known.enter(replace(WORDS, seq=(1 << 32) - 100), 1.0) == 300
    assert known.enter(replace(WORDS, seq=(1 << 32) - 100), 1.0) == 0


def test_without_a_mean_life_nothing_dies() -> None:
    known = opened()
    assert known.next_at is None
    assert list(known.dying(1e9)) == []


def test_both_ends_learn_of_the_end_at_the_number_they_wait_for() -> None:
    known = opened(mean_life_s=3.0)
    known.enter(WORDS, 0.2)
    known.delivered(WORDS)
    assert known.next_at is not None
    told = {end: segment(packet) for end, packet in known.dying(known.next_at)}
    assert told[TABLET] == Segment(HUB, TABLET, 5_001, 1_001, RST | ACK, 0)
    assert told[HUB] == Segment(TABLET, HUB, 1_301, 5_001, RST | ACK, 0)
    assert known.is_dead(WORDS) and known.resets == 1
    assert list(known.dying(1e9)) == [], "once is enough"


def test_whoever_speaks_on_a_dead_connection_is_answered_exactly() -> None:
    assert segment(opened().answer(WORDS)) == Segment(HUB, TABLET, 5_001, 1_301, RST | ACK, 0)


def test_the_same_ports_may_be_used_again() -> None:
    known = opened(mean_life_s=3.0)
    list(known.dying(1e9))
    known.enter(replace(OPENING, seq=90_000), 1e9)
    assert not known.is_dead(OPENING)


def test_an_opening_sent_again_is_the_same_connection_with_the_same_life() -> None:
    known = opened(mean_life_s=3.0)
    dies_at = known.next_at
    known.enter(OPENING, 1.0)
    assert known.next_at == dies_at


def test_lives_follow_from_the_seed() -> None:
    assert opened(3.0).next_at == opened(3.0).next_at
    other = Connections(Random(2), 3.0)
    other.enter(OPENING, 0.0)
    assert other.next_at != opened(3.0).next_at
