"""Commands that make active what is staged, or give it up."""

from console.commands.command import WAIT, Command, Lead, must_be_tenant, wanted
from console.session import Console
from core.control.configurations import Applied, Apply, Configuration, Discard, Plan
from core.control.named import OfTenant
from core.errors import TidegateError


async def _plan(console: Console, words: list[str]) -> Lead:
    wanted(words, 1)
    must_be_tenant(console.session, words[0])
    return lambda: console.show_plan(words[0])


async def apply(console: Console, words: list[str]) -> str:
    """Makes active what is staged of the tenant that `words` name."""
    wanted(words, 1)
    link, tenant = console.session.link, words[0]
    plan = await link.call("configuration.plan", OfTenant(tenant), Plan)
    if not plan.changes and not plan.file_differs:
        return f"{tenant}: nothing is staged"
    if plan.changes:
        applied = await link.call(
            "configuration.apply", Apply(tenant=tenant, staged=plan.staged), Applied, timeout=WAIT
        )
    else:
        applied = await link.call("configuration.reload", OfTenant(tenant), Applied, timeout=WAIT)
    console.session.drafts.of(tenant).applied = applied
    if applied.applied:
        return f"{tenant}: applied"
    failed = next((f"{change.subject}: {change.reason}" for change in applied.changes if change.reason), "")
    raise TidegateError(f"nothing has changed: {failed or applied.reason or 'it was refused'}")


async def _discard(console: Console, words: list[str]) -> str:
    wanted(words, 1)
    await console.session.link.call("configuration.discard", Discard(tenant=words[0]), Configuration)
    return f"{words[0]}: discarded all that was staged"


COMMANDS = (
    Command("diff", "diff TENANT", "the plan", _plan),
    Command("apply", "apply TENANT", "makes active what is staged", apply, True),
    Command("discard", "discard TENANT", "gives up what is staged", _discard, True),
)
