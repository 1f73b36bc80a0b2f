"""The live list by itself: what stays put, what falls out, what is painted and what is not."""

import pytest
from textual.app import App, ComposeResult
from textual.events import MouseScrollUp

import themes
from console.widgets.traffic_list import TrafficList
from tests.console.rows import refused, row, some

ESCAPES = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202e"


class Listing(App[None]):
    """The list alone. Its clock is stopped: tests tick it, so that nothing depends on time."""

    def __init__(self, capacity: int = 1_000) -> None:
        super().__init__()
        self.traffic = TrafficList(capacity)
        self.wanted: list[bool] = []
        self.behind = 0
        self.opened = 0

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return themes.default_variables()

    def compose(self) -> ComposeResult:
        yield self.traffic

    def on_mount(self) -> None:
        self.traffic.clock.pause()
        self.traffic.focus()

    def on_traffic_cursor_wanted(self, message: TrafficList.Wanted) -> None:
        self.wanted.append(message.older)

    def on_traffic_cursor_behind(self, message: TrafficList.Behind) -> None:
        self.behind += 1

    def on_traffic_cursor_opened(self, message: TrafficList.Opened) -> None:
        self.opened += 1

    def feed(self, first: int, stop: int, left_out: int = 0) -> None:
        self.traffic.receive(some(first, stop), left_out)
        self.traffic.tick()

    def lines(self) -> list[str]:
        return [self.traffic.render_line(y).text for y in range(self.traffic.size.height)]

    def shown(self) -> str:
        return "\n".join(self.lines())

    @property
    def current(self) -> str:
        assert self.traffic.current is not None
        return self.traffic.current.decoded[0].device


async def test_it_follows_the_newest_row_until_the_cursor_moves() -> None:
    app = Listing()
    async with app.run_test(size=(80, 24)) as pilot:
        app.feed(0, 50)
        assert app.current == "device-49"
        assert "▸" in app.lines()[-2]
        await pilot.press("up")
        app.feed(50, 60)
        assert app.current == "device-48"
        assert not app.traffic.following
        assert app.traffic.held.arrived == 10
        await pilot.press("G")
        assert app.current == "device-59"
        app.feed(60, 61)
        assert app.current == "device-60"


async def test_the_current_row_stays_where_it_is_on_the_screen_while_others_come_and_fall_out() -> None:
    app = Listing(capacity=100)
    async with app.run_test(size=(80, 24)) as pilot:
        app.feed(0, 100)
        await pilot.press("up", "up", "up")
        before = app.lines()
        for first in range(100, 180, 10):
            app.feed(first, first + 10)
        assert app.traffic.ring.first > 0
        assert app.lines() == before
        assert app.current == "device-96"
        assert app.traffic.held.arrived == 80


async def test_a_standing_list_keeps_what_is_looked_at_and_says_what_it_missed() -> None:
    app = Listing(capacity=50)
    async with app.run_test(size=(80, 24)) as pilot:
        app.feed(0, 50)
        await pilot.press("up")
        before = app.lines()
        app.feed(50, 500)
        assert app.lines() == before
        assert len(app.traffic.ring) == 50
        assert app.traffic.held.missed > 0
        assert app.traffic.held.arrived == 450
        await pilot.press("end")
        await pilot.pause()
        assert app.behind == 1
        assert len(app.traffic.ring) == 0
        app.traffic.take_older(some(400, 500), more=True)
        assert app.current == "device-499"
        assert app.traffic.following


async def test_older_rows_are_asked_for_at_the_top_and_put_in_front_unseen() -> None:
    app = Listing()
    async with app.run_test(size=(80, 24)) as pilot:
        app.feed(500, 530)
        await pilot.press("home")
        await pilot.pause()
        assert app.wanted == [True]
        assert app.current == "device-500"
        before = app.lines()
        app.traffic.take_older(some(0, 500), more=False)
        assert app.lines() == before
        assert app.current == "device-500"
        await pilot.press("home")
        await pilot.pause()
        assert app.current == "device-0"
        assert app.wanted == [True]


async def test_rows_that_older_ones_pushed_out_are_fetched_again_on_the_way_back() -> None:
    app = Listing(capacity=40)
    async with app.run_test(size=(80, 24)) as pilot:
        app.feed(100, 140)
        await pilot.press("home")
        app.traffic.take_older(some(70, 100), more=False)
        assert app.traffic.held.missed > 0
        app.feed(140, 145)
        held = app.traffic.ring
        for _ in range(2):
            app.wanted.clear()
            await pilot.press(*["pagedown"] * 6)
            await pilot.pause()
            assert app.wanted == [False]
            app.traffic.take_newer(some(int(held[held.end - 1].id) + 1, 145), more=False)
        assert app.traffic.held.missed == 0
        assert [int(row.id) for row in held] == list(range(105, 145))


async def test_nothing_is_painted_while_it_stands_still_and_rows_come_below() -> None:
    app = Listing()
    async with app.run_test(size=(80, 24)) as pilot:
        app.feed(0, 100)
        await pilot.press("up", "up")
        await pilot.pause()
        painted: list[int] = []
        paint = app.traffic.render_line
        app.traffic.render_line = lambda y: (painted.append(y), paint(y))[1]  # pyright: ignore[reportAttributeAccessIssue]  # counted, not replaced
        app.feed(100, 200)
        await pilot.pause()
        assert painted == []
        await pilot.press("down")
        await pilot.pause()
        assert painted != []


async def test_what_a_burst_costs_does_not_depend_on_its_size() -> None:
    app = Listing(capacity=10_000)
    async with app.run_test(size=(80, 24)) as pilot:
        painted: list[int] = []
        paint = app.traffic.render_line
        app.traffic.render_line = lambda y: (painted.append(y), paint(y))[1]  # pyright: ignore[reportAttributeAccessIssue]  # counted, not replaced
        app.feed(0, 20_000)
        await pilot.pause()
        assert app.current == "device-19999"
        assert 0 < len(painted) <= 2 * 24


async def test_the_wheel_stands_still_and_takes_the_cursor_along() -> None:
    app = Listing()
    async with app.run_test(size=(80, 24)) as pilot:
        app.feed(0, 100)
        for _ in range(12):
            app.traffic.post_message(MouseScrollUp(app.traffic, 5, 5, 0, -1, 0, False, False, False))
        await pilot.pause()
        assert not app.traffic.following
        assert app.current in app.shown()
        assert app.current != "device-99"


async def test_a_click_goes_to_a_row_and_a_second_one_opens_it() -> None:
    app = Listing()
    async with app.run_test(size=(80, 24)) as pilot:
        app.feed(0, 5)
        await pilot.click(app.traffic, offset=(20, 4))
        assert app.current == "device-2"
        assert app.opened == 0
        await pilot.click(app.traffic, offset=(20, 5))
        assert app.opened == 1


async def test_it_counts_what_the_engine_left_out_and_what_fell_out() -> None:
    app = Listing(capacity=100)
    async with app.run_test(size=(80, 24)):
        app.feed(0, 100)
        app.feed(100, 150, left_out=7)
        assert app.traffic.held.left_out == 7
        assert app.traffic.held.fallen == 50
        assert len(app.traffic.ring) == 100


async def test_marks_stay_on_their_rows_even_when_those_fall_out() -> None:
    app = Listing(capacity=50)
    async with app.run_test(size=(80, 24)) as pilot:
        app.feed(0, 20)
        await pilot.press("up", "up")
        app.traffic.mark()
        app.traffic.mark()
        assert [row.decoded[0].device for row in app.traffic.chosen()] == ["device-17", "device-18"]
        assert app.current == "device-19"
        app.traffic.follow()
        app.feed(20, 200)
        assert [row.decoded[0].device for row in app.traffic.chosen()] == ["device-17", "device-18"]
        app.traffic.unmark()
        assert [row.decoded[0].device for row in app.traffic.chosen()] == ["device-199"]


async def test_what_is_filled_in_afresh_is_painted_afresh() -> None:
    app = Listing()
    async with app.run_test(size=(80, 24)):
        app.feed(0, 1)
        assert "device-0" in app.shown()
        app.traffic.clear()
        assert app.shown().strip() == ""
        app.traffic.take_older(some(7, 8), more=False)
        assert "device-7" in app.shown()
        app.traffic.clear()
        app.traffic.take_older(some(8, 10), more=False)
        assert "device-7" not in app.shown()
        assert "device-9" in app.shown()


async def test_failures_are_found_in_both_directions() -> None:
    app = Listing()
    async with app.run_test(size=(80, 24)):
        rows = some(0, 100)
        rows[30] = row(30, "failed")
        rows[60] = row(60, "refused")
        app.traffic.receive(rows)
        app.traffic.tick()
        assert app.traffic.find_failed(-1)
        assert app.traffic.current is rows[60]
        assert app.traffic.find_failed(-1)
        assert app.traffic.current is rows[30]
        assert not app.traffic.find_failed(-1)
        assert app.traffic.find_failed(1)
        assert app.traffic.current is rows[60]
        assert "✕ refused" in app.shown()


async def test_one_line_a_row_keeps_the_current_row_in_sight() -> None:
    app = Listing()
    async with app.run_test(size=(80, 24)) as pilot:
        app.feed(0, 100)
        await pilot.press("up")
        app.traffic.action_move(-29)
        app.traffic.set_lines(1)
        assert app.current == "device-69"
        assert "device-69" in app.shown()
        assert len([line for line in app.lines() if line.strip()]) == app.traffic.size.height
        app.traffic.set_lines(2)
        assert "device-69" in app.shown()


@pytest.mark.parametrize("size", [(80, 24), (200, 50)])
@pytest.mark.parametrize("lines", [1, 2])
async def test_what_a_stranger_sends_never_reaches_the_terminal_raw(size: tuple[int, int], lines: int) -> None:
    app = Listing()
    async with app.run_test(size=size):
        hostile = row(1, target=f"/{ESCAPES}", method=f"GE{ESCAPES}T", remote=f"{ESCAPES}:1")
        hostile.decoded = [type(hostile.decoded[0])(f"dev{ESCAPES}", f"M{ESCAPES}", f"[red]{ESCAPES}[/red]")]
        app.traffic.receive([hostile, row(2, "failed", reason=f"[bold]{ESCAPES}")])
        app.traffic.set_lines(lines)
        app.traffic.tick()
        segments = [segment for y in range(size[1]) for segment in app.traffic.render_line(y)]
        assert all(segment.text.isprintable() for segment in segments)
        assert all(segment.control is None for segment in segments)
        assert "[bold]" in app.shown()


async def test_every_line_is_exactly_as_wide_as_the_list() -> None:
    app = Listing()
    async with app.run_test(size=(80, 24)) as pilot:
        app.traffic.receive([row(1, target="/" + "中" * 60), row(2, "failed", reason="é中" * 60), row(3, events=5)])
        for size in ((80, 24), (61, 20), (200, 50)):
            await pilot.resize_terminal(*size)
            app.traffic.tick()
            assert {strip.cell_length for strip in map(app.traffic.render_line, range(10))} == {app.traffic.cells}
            assert {sum(segment.cell_length for segment in app.traffic.render_line(y)) for y in range(10)} == {
                app.traffic.cells
            }


async def test_a_group_of_refused_requests_is_passed_over_and_not_acted_on() -> None:
    app = Listing()
    async with app.run_test(size=(120, 24)) as pilot:
        app.traffic.receive([row(1, "failed"), refused(2, reason=f"no {ESCAPES} path", networks=3), row(3, "refused")])
        app.traffic.tick()
        shown = app.shown()
        assert "1,204 more refused" in shown
        assert "path, from 10.1.2.0/24 and 2 other networks" in shown
        assert "\x1b" not in shown
        await pilot.press("up")
        assert app.traffic.current is None
        assert app.traffic.chosen() == []
        app.traffic.mark()
        assert app.traffic.marked == {}
        assert app.traffic.current is not None, "marking goes on to the next"
        assert app.traffic.find_failed(-1)
        assert app.traffic.current.id == row(1).id, "a group is no failure to go to"
        assert app.traffic.step(1) == row(3, "refused"), "nor a request to open"
        assert app.traffic.step(1) is None
        app.traffic.set_lines(1)
        assert "1,204 more refused: no" in app.shown()


async def test_pages_go_on_from_requests_and_not_from_groups() -> None:
    app = Listing()
    async with app.run_test(size=(80, 24)):
        app.traffic.receive([refused(1), row(2), row(3), refused(4)])
        assert app.traffic.held.edge(older=True) == row(2).id
        assert app.traffic.held.edge(older=False) == row(3).id
        app.traffic.clear()
        assert app.traffic.held.edge(older=True) is None


@pytest.mark.parametrize(("ascii", "once", "twice"), [("", "↻", "↻2"), ("1", "R", "R2")])
async def test_what_a_replay_made_is_marked(monkeypatch: pytest.MonkeyPatch, ascii: str, once: str, twice: str) -> None:
    monkeypatch.setenv("TIDEGATE_ASCII", ascii)
    app = Listing()
    async with app.run_test(size=(100, 20)):
        app.traffic.receive([row(1), row(2, replayed=1), row(3, "failed", replayed=2)])
        app.traffic.tick()
        lines = [line.strip() for line in app.lines()[1:6:2]]
        assert lines[0].startswith("device-1  Measurements")
        assert lines[1].startswith(f"{once} device-2  Measurements")
        assert lines[2].startswith(f"{twice} ")
        assert "JSON is missing the id" in lines[2]
        app.traffic.set_lines(1)
        assert f" 200  {once} device-2" in app.shown()
