from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.model.when import parse_when

NOW = datetime(2026, 8, 1, 12, 0, tzinfo=timezone(timedelta(hours=2)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10m", datetime(2026, 8, 1, 9, 50, tzinfo=UTC)),
        ("2h", datetime(2026, 8, 1, 8, 0, tzinfo=UTC)),
        ("3d", datetime(2026, 7, 29, 10, 0, tzinfo=UTC)),
        (" 30 s ", datetime(2026, 8, 1, 9, 59, 30, tzinfo=UTC)),
        ("2026-07-31", datetime(2026, 7, 30, 22, 0, tzinfo=UTC)),
        ("2026-07-31T10:00:00Z", datetime(2026, 7, 31, 10, 0, tzinfo=UTC)),
        ("2026-07-31T10:00:00.5+05:30", datetime(2026, 7, 31, 4, 30, 0, 500_000, tzinfo=UTC)),
    ],
)
def test_moments_as_people_write_them(text: str, expected: datetime):
    assert parse_when(text, NOW) == expected
    assert parse_when(text, NOW).utcoffset() == timedelta(0)


@given(st.text(max_size=20) | st.from_regex(r"[0-9]{1,12}[smhdw]", fullmatch=True))
def test_what_is_no_moment_is_refused_with_a_sentence(text: str):
    try:
        says = str(parse_when(text, NOW).tzinfo)
    except ValueError as error:
        says = str(error)
    assert says == "UTC" or "write 10m, 2h, 3d" in says
