"""How long a bank's file of ten thousand payments takes to write and to read: nobody waits for it at a counter.

Measured in processor time, so that a busy machine does not decide the result.
"""

import sys
from collections.abc import Callable
from time import process_time

import pytest

from server.subsidies import bank_file
from server.subsidies.bank_file import BankFile
from server.subsidies.payments import Payee, Payment

PAYMENTS_N = 10_000
AT_MOST_S = 5.0


@pytest.fixture(scope="module")
def batch() -> BankFile:
    payments = [
        Payment(
            f"{number:032x}", "140525", "h", "d", 240_000 + number, {"county": 240_000 + number},
            Payee("张三丰", f"62284804{number:011}", "中国农业银行泽州支行南村分理处", "self"),
        )
        for number in range(PAYMENTS_N)
    ]  # fmt: skip
    return BankFile(3, "2020年运行补贴", "泽州县", payments, synthetic=True)


@pytest.mark.parametrize("write", [bank_file.write_xlsx, bank_file.write_csv])
def test_ten_thousand_payments_are_written_and_read(
    batch: BankFile, write: Callable[[BankFile], bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    began = process_time()
    data = write(batch)
    written_s = process_time() - began
    began = process_time()
    lines, faults = bank_file.read(data)
    read_s = process_time() - began
    assert faults == () and len(lines) == PAYMENTS_N
    with capsys.disabled():
        sys.stdout.write(
            f"\n{write.__name__}: {PAYMENTS_N:,} payments, {len(data):,} bytes, "
            f"written in {written_s:.2f} s, read in {read_s:.2f} s of processor time\n"
        )
    assert written_s + read_s < AT_MOST_S
