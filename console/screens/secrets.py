"""What was typed into a secret's field goes to the engine, and into no text."""

from console.draft import Draft
from console.forms.field import Field
from console.link import EngineLink
from core.catalogue.secrets import kept_name, secret_name
from core.control.secrets import KeptSecret, WriteSecret
from core.errors import TidegateError


async def keep_secret(link: EngineLink, draft: Draft, path: str, field: Field) -> None:
    """Has the engine keep the secret in a field of the component at `path`; the field then says where it is.

    A secret that only this draft names is written over. One that is staged or active is not: it acts until another is
    applied. TidegateError, which stands beside the field too, where the engine does not keep it.
    """
    secret, place, given = field.secret, field.kept.removeprefix("file:"), draft.configuration
    texts = [view.text for view in (given.active, given.staged) if view is not None] if given else []
    own = None if any(place in text for text in texts) else kept_name(place)
    name = own or secret_name(path, field.setting.key)
    params = WriteSecret(tenant=draft.tenant, name=name, value=secret, fresh=own is None)
    try:
        kept = await link.call("secrets.write", params, KeptSecret)
    except TidegateError as error:
        field.refuse(str(error))
        raise
    field.hold(kept.name, secret)
