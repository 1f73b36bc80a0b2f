"""A device profile is found in the Add Component list by typing, and is a whole source with its script."""

from tests.cli.tidegate import Homestead, free_port
from tests.console.walker import walking


async def test_a_profile_is_found_and_makes_a_source_with_its_script(home: Homestead) -> None:
    tenant, port = home.path / "tenants" / "default", free_port()
    async with walking(home.path) as walker:
        await walker.sees("1 of 1")
        await walker.press("enter")
        await walker.sees("Engine Configuration")
        await walker.press("down", "enter", "a")
        await walker.sees("Add Component: Event Sources", "Socket Event Source")
        await walker.type("tracker")
        await walker.sees("GPS103 tracker", "GT06 tracker", "Teltonika tracker")
        for _ in "tracker":
            await walker.press("backspace")
        await walker.type("gt06")
        await walker.sees("Concox")
        await walker.press("enter")
        await walker.sees("Socket Event Source (gt06)", "Framed Socket Interaction Handler Factory", "gt06.py")
        await walker.sees("made gt06.py, the script that decodes it")
        await walker.sees_no("!")
        assert (tenant / "scripts" / "gt06.py").exists()
        await walker.press("tab")
        for _ in "5023":
            await walker.press("backspace")
        await walker.type(str(port))
        await walker.press("ctrl+s")
        await walker.sees("staged: p shows what it means")

        await walker.press("escape", "a")
        await walker.sees("Add Component: Event Sources")
        await walker.type("gt06")
        await walker.press("enter")
        await walker.sees("Socket Event Source (gt06-2)", "made gt06-2.py, the script that decodes it")
    staged = (tenant / "staged.toml").read_text()
    assert f"port = {port}" in staged
    assert 'script = "gt06.py"' in staged
    assert 'bytes = "0x7979"' in staged


async def test_a_profile_is_added_on_the_command_line_of_the_console(home: Homestead) -> None:
    tenant = home.path / "tenants" / "default"
    async with walking(home.path) as walker:
        await walker.sees("1 of 1")
        await walker.press("colon")
        await walker.type("add default event_sources jt")
        await walker.press("tab")
        await walker.sees("event_sources jt808")
        await walker.type(f"id=buses port={free_port()} --apply")
        await walker.press("enter")
        await walker.sees("default: applied")
        await walker.press("colon")
        await walker.type("add default event_sources jt809 id=x")
        await walker.press("enter")
        await walker.sees("'jt809' is no known type; did you mean jt808?")
    assert 'type = "jt808"' in (tenant / "tenant.toml").read_text()
    assert (tenant / "scripts" / "jt808.py").exists()
