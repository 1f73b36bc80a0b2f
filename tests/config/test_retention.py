"""`[retention]` of a tenant: what it may say, how it is edited and taken back, and what acts in the end."""

from typing import Any

import pytest

from core.catalogue.registry import catalogue
from core.catalogue.retention import (
    Limits,
    RetentionSettings,
    TenantRetention,
    limits_of_all,
    limits_of_tenant,
    looser,
)
from core.catalogue.schema import tenant_schema
from core.catalogue.units import Duration, Size
from core.config.edits import apply_edits, component_text
from core.config.plan import make_plan
from core.config.take_back import take_back
from core.config.tenant import read_tenant
from core.control.configurations import Edit
from core.errors import NotFound

CATALOGUE = catalogue()
TEXT = """# mine
[tenant]
id = "default"
name = "Default"

[[device_communication.event_sources]]
type = "socket"
id = "a"
"""
DAY = 86_400.0


def edit(text: str, op: Any, /, **rest: Any) -> str:
    return apply_edits(text, [Edit(op=op, path="retention", **rest)], CATALOGUE)


def test_it_is_edited_as_every_table_is_and_stands_behind_the_tenant() -> None:
    text = edit(TEXT, "set", values={"age": "3 d"})
    assert text == TEXT.replace('"Default"\n', '"Default"\n\n[retention]\nage = "3 d"\n')
    both = edit(text, "set", values={"size": "1 GiB"})
    assert 'age = "3 d"\nsize = "1 GiB"\n' in both
    assert component_text(both, "retention", CATALOGUE) == 'age = "3 d"\nsize = "1 GiB"\n'
    assert edit(TEXT, "replace", text='# why\nage = "3 d"\n') == text.replace('age = "3 d"', '# why\nage = "3 d"')
    assert edit(both, "remove") == TEXT
    with pytest.raises(NotFound, match="there is no retention"):
        edit(TEXT, "remove")


def test_the_plan_says_what_it_means_and_each_change_can_be_taken_back() -> None:
    text = edit(TEXT, "set", values={"age": "3 d"})
    tighter = edit(text, "set", values={"age": "2 d"})
    (change,) = make_plan("default", text, tighter, CATALOGUE, "tenant.toml").changes
    assert (change.id, change.lines) == ("retention", ["age 3 d → 2 d"])
    assert "deleted for good" in change.effect
    assert take_back(text, tighter, "retention", CATALOGUE) == text
    assert take_back(TEXT, text, "retention", CATALOGUE) == TEXT
    assert 'age = "3 d"' in take_back(text, TEXT, "retention", CATALOGUE)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ('age = "1 s"', "retention.age: 1 s is less than 1 min"),
        ('size = "5"', "retention.size: 5 is less than 1 MiB"),
        ('ages = "5 d"', "retention.ages: is not a setting; did you mean age?"),
        ('age = "3 d"\nfailed_age = "2 d"', "retention.failed_age: is less than the age of 3 d"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(table: str, said: str) -> None:
    read = read_tenant(f"{TEXT}\n[retention]\n{table}\n", "default/tenant.toml", CATALOGUE)
    fault = next(fault for fault in read.faults if fault.path == "retention")
    assert said in str(fault)
    assert fault.line == 10 + table.count("\n") + 1
    assert read.retention == TenantRetention()


def test_a_schema_has_it() -> None:
    assert set(tenant_schema(CATALOGUE)["properties"]["retention"]["properties"]) == {"age", "size", "failed_age"}


def tenant(age: str = "", size: str = "", failed_age: str = "") -> TenantRetention:
    return TenantRetention(
        age=Duration(age) if age else None,
        size=Size(size) if size else None,
        failed_age=Duration(failed_age) if failed_age else None,
    )


@pytest.mark.parametrize(
    ("own", "all_failed", "acts", "faults"),
    [
        (tenant(), "", Limits(7 * DAY), []),
        (tenant(), "30 d", Limits(7 * DAY, None, 30 * DAY), []),
        (tenant(age="2 d"), "30 d", Limits(2 * DAY, None, 30 * DAY), []),
        (tenant(age="2 d", failed_age="3 d"), "", Limits(2 * DAY, None, 3 * DAY), []),
        (tenant(age="2 d", failed_age="2 d"), "30 d", Limits(2 * DAY, None, 2 * DAY), []),
        (tenant(age="8 d"), "", Limits(7 * DAY), ["age"]),
        (tenant(size="2 GiB"), "", Limits(7 * DAY, 1 << 30), ["size"]),
        (tenant(size="2 MiB"), "", Limits(7 * DAY, 2 << 20), []),
        (tenant(failed_age="8 d"), "", Limits(7 * DAY, None, 7 * DAY), ["failed_age"]),
        (tenant(failed_age="31 d"), "30 d", Limits(7 * DAY, None, 30 * DAY), ["failed_age"]),
        (tenant(failed_age="2 d"), "30 d", Limits(7 * DAY, None, 7 * DAY), ["failed_age"]),
    ],
)  # fmt: skip
def test_the_tighter_limit_acts(own: TenantRetention, all_failed: str, acts: Limits, faults: list[str]) -> None:
    all = RetentionSettings(size=Size("1 GiB"), failed_age=Duration(all_failed) if all_failed else None)
    assert limits_of_tenant(own, all) == acts
    assert [key for key, _ in looser(own, all)] == faults
    assert limits_of_all(all).size == 1 << 30
