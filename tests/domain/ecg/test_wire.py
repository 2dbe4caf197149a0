from __future__ import annotations

import gzip
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from ecgreview.ecg import wire
from ecgreview.ecg.leads import LEADS
from ecgreview.ecg.signal import MAX_SAMPLES, LeadStatus, Signal

from . import golden_wire, signals

FULL_RANGE = arrays.arrays(
    np.int16,
    st.tuples(st.just(12), st.integers(1, 40)),
    elements=st.one_of(st.integers(-32768, 32767), st.sampled_from([-32768, -1, 0, 1, 32767])),
)
STATUS = st.tuples(*[st.sampled_from(LeadStatus)] * 12)
POSITIVE = st.floats(1e-3, 1e4)


@given(samples=FULL_RANGE, status=STATUS, rate=POSITIVE, step=POSITIVE)
@settings(max_examples=300)
def test_any_signal_survives_the_round_trip(samples, status, rate, step):
    signal = Signal(samples, rate, step, status)
    assert wire.unpack(wire.pack(signal)).content_hash == signal.content_hash


@pytest.mark.parametrize("value", [-32768, 32767, 0])
def test_a_constant_extreme_survives_the_round_trip(value):
    samples = np.full((12, 100), value, dtype=np.int16)
    assert (wire.unpack(wire.pack(Signal(samples, 500.0, 1.0))).samples == samples).all()


def test_equal_signals_give_equal_bytes():
    assert wire.pack(signals.signal()) == wire.pack(signals.signal())


def test_the_packet_carries_no_time():
    assert wire.pack(signals.signal())[4:8] == b"\0\0\0\0"


def test_the_layout_follows_the_specification():
    signal = golden_wire.signal()
    inflated = gzip.decompress(wire.pack(signal))
    assert struct.unpack_from("<4sIdd", inflated) == (b"ECG1", 50, 500.0, 4.88)
    assert tuple(inflated[24:36]) == signal.lead_status
    assert len(inflated) == 36 + 24 * 50


def test_residuals_follow_the_specification():
    signal = golden_wire.signal()
    body = wire.inflated(signal)[36:]
    expected = [_zigzagged(signal, lead) for lead in LEADS]
    flat = [value for lead in expected for value in lead]
    assert list(body[: len(flat)]) == [value & 0xFF for value in flat]
    assert list(body[len(flat) :]) == [value >> 8 for value in flat]


def _zigzagged(signal: Signal, lead: str) -> list[int]:
    """Encode a lead as the specification says, slowly and with plain integers."""
    rows = dict(zip(LEADS, signal.samples.tolist(), strict=True))
    predict = {
        "III": lambda i, ii: ii - i,
        "aVR": lambda i, ii: -((i + ii) >> 1),
        "aVL": lambda i, ii: (2 * i - ii) >> 1,
        "aVF": lambda i, ii: (2 * ii - i) >> 1,
    }.get(lead, lambda i, ii: 0)
    before, result = 0, []
    for i, ii, value in zip(rows["I"], rows["II"], rows[lead], strict=True):
        residual = value - predict(i, ii)
        step = (residual - before + 32768) % 65536 - 32768
        result.append(((step << 1) ^ (step >> 15)) & 0xFFFF)
        before = residual
    return result


def test_the_golden_packet_is_up_to_date():
    assert golden_wire.PATH.read_text(encoding="ascii") == golden_wire.text()


def test_derived_leads_cost_almost_no_bytes():
    values = np.random.default_rng(1).integers(-500, 500, (12, 5000)).astype(float)
    independent = len(wire.pack(signals.signal(values)))
    values[2] = values[1] - values[0]
    assert len(wire.pack(signals.signal(values))) < independent * 11.2 / 12


def _packet(head: bytes, body: bytes = b"") -> bytes:
    return gzip.compress(head + body, mtime=0)


def _head(magic: bytes = b"ECG1", n: int = 1, rate: float = 500.0, step: float = 1.0) -> bytes:
    return struct.pack("<4sIdd", magic, n, rate, step) + b"\1" * 12


GOOD = wire.pack(signals.signal())
GARBAGE = {
    "nothing": b"",
    "text": b"404 Not Found",
    "half a packet": GOOD[: len(GOOD) // 2],
    "all but the checksum": GOOD[:-8],
    "a byte too many": GOOD + b"\0",
    "two packets": GOOD + GOOD,
    "a flipped checksum": GOOD[:-8] + bytes([GOOD[-8] ^ 1]) + GOOD[-7:],
    "half a head": _packet(_head()[:20]),
    "another magic": _packet(_head(b"ECG2"), b"\0" * 24),
    "no samples": _packet(_head(n=0)),
    "too short a body": _packet(_head(n=2), b"\0" * 24),
    "too long a body": _packet(_head(), b"\0" * 25),
    "no rate": _packet(_head(rate=float("nan")), b"\0" * 24),
    "no unit": _packet(_head(step=0.0), b"\0" * 24),
    "an unknown lead status": _packet(_head()[:-1] + b"\3", b"\0" * 24),
}


@pytest.mark.parametrize("packet", GARBAGE.values(), ids=GARBAGE)
def test_garbage_is_refused(packet):
    with pytest.raises(wire.BadPacket):
        wire.unpack(packet)


@pytest.mark.parametrize("n_samples", [MAX_SAMPLES, MAX_SAMPLES + 1, 2**32 - 1])
def test_a_huge_declared_size_allocates_nothing(n_samples, monkeypatch):
    def no_arrays(*_args, **_kwargs):
        raise AssertionError("allocated an array for bytes that are not there")

    monkeypatch.setattr(np, "frombuffer", no_arrays)
    with pytest.raises(wire.BadPacket):
        wire.unpack(_packet(_head(n=n_samples)))


def test_the_longest_signal_is_unpacked_and_one_sample_more_is_refused(monkeypatch):
    packet = wire.pack(golden_wire.signal())  # of 50 samples
    monkeypatch.setattr(wire, "MAX_SAMPLES", 50)
    assert wire.unpack(packet).n_samples == 50
    monkeypatch.setattr(wire, "MAX_SAMPLES", 49)
    with pytest.raises(wire.BadPacket, match="expected 1 to 49 samples, found 50"):
        wire.unpack(packet)


def test_a_zip_bomb_is_not_inflated_beyond_its_declared_size():
    bomb = zlib.compressobj(9, zlib.DEFLATED, 31)
    packet = bomb.compress(_head() + b"\0" * 50_000_000) + bomb.flush()
    with pytest.raises(wire.BadPacket):
        wire.unpack(packet)
