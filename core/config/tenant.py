"""Reads a tenant.toml: what is configured, and every fault with its line."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import msgspec

from core.catalogue.component import EVENT_SOURCES
from core.catalogue.configured import Configured, read_component
from core.catalogue.listening import Address, ListeningSettings
from core.catalogue.registry import Catalogue
from core.catalogue.retention import RETENTION, TenantRetention
from core.catalogue.tenant import DEVICE_COMMUNICATION, DEVICE_COMMUNICATION_SLOTS, ID, TENANT, TenantSettings
from core.catalogue.values import read_settings
from core.config.document import Document
from core.config.places import locate
from core.config.scan import Key
from core.errors import ConfigurationError, Fault, TidegateError
from core.model.nearest import nearest

Table = Mapping[str, Any]


@dataclass(slots=True)
class TenantConfiguration:
    """What a tenant.toml says.

    `sources` are the valid event sources in their order. A source with faults is in `broken` instead, under its id,
    or under its place (`#2`) where it has no id of its own. `faults` are all that were found, those of `broken` too.
    """

    id: str
    name: str
    autostart: bool = True
    retention: TenantRetention = field(default_factory=TenantRetention)
    sources: list[Configured] = field(default_factory=list[Configured])
    faults: list[Fault] = field(default_factory=list[Fault])
    broken: dict[str, list[Fault]] = field(default_factory=dict[str, list[Fault]])
    data: dict[str, Any] = field(default_factory=dict[str, Any])


def read_tenant(text: str, file: Path | str, catalogue: Catalogue, tenant: str | None = None) -> TenantConfiguration:
    """The configuration in `text`; raises nothing.

    `file` is named in the faults, and its folder is the tenant's id unless `tenant` says it.
    """
    expected = tenant if tenant is not None else Path(file).parent.name
    try:
        document = Document(text, str(file))
    except ConfigurationError as error:
        return TenantConfiguration(expected, expected, faults=error.faults)
    return _Reading(document, str(file), catalogue, expected).run()


class _Reading:
    def __init__(self, document: Document, file: str, catalogue: Catalogue, expected: str) -> None:
        self._document = document
        self._file = file
        self._catalogue = catalogue
        self._read = TenantConfiguration(expected, expected, data=document.data)

    def run(self) -> TenantConfiguration:
        data = self._document.data
        self._only(data, (TENANT, RETENTION, DEVICE_COMMUNICATION), (), "")
        self._tenant(data.get(TENANT))
        self._retention(data.get(RETENTION, {}))
        communication = data.get(DEVICE_COMMUNICATION, {})
        if not isinstance(communication, Mapping):
            self._fault((DEVICE_COMMUNICATION,), Fault(key=DEVICE_COMMUNICATION, message="is not a table"))
            return self._done()
        lists = cast("Table", communication)
        keys = [slot.key for slot in DEVICE_COMMUNICATION_SLOTS]
        self._only(lists, keys, (DEVICE_COMMUNICATION,), DEVICE_COMMUNICATION)
        self._sources(lists.get(EVENT_SOURCES.key, []))
        return self._done()

    def _done(self) -> TenantConfiguration:
        self._read.faults.sort(key=lambda fault: fault.line)
        return self._read

    def _fault(self, at: Key, fault: Fault, source: str | None = None) -> None:
        placed = msgspec.structs.replace(fault, file=self._file, line=self._document.line_of(at))
        self._read.faults.append(placed)
        if source is not None:
            self._read.broken.setdefault(source, []).append(placed)

    def _only(self, table: Table, known: list[str] | tuple[str, ...], at: Key, path: str) -> None:
        for key in table:
            if key not in known:
                near = nearest(key, known)
                hint = f"did you mean {near}?" if near else f"known here: {', '.join(known)}"
                self._fault((*at, key), Fault(path=path, key=key, message=f"is not known here; {hint}"))

    def _tenant(self, table: object) -> None:
        expected = self._read.id
        if table is None:
            self._fault((), Fault(path=TENANT, message=f'is missing: begin with [tenant] and id = "{expected}"'))
            return
        if not isinstance(table, Mapping):
            self._fault((TENANT,), Fault(key=TENANT, message="is not a table"))
            return
        values = cast("Table", table)
        settings, faults = read_settings(TenantSettings, values, path=TENANT)
        for fault in faults:
            self._fault((TENANT, fault.key), fault)
        if isinstance(id := values.get("id"), str) and re.fullmatch(ID, id) and id != expected:
            message = f"{id!r} is not the name of its folder, {expected!r}: they must be the same"
            self._fault((TENANT, "id"), Fault(path=TENANT, key="id", message=message))
        if settings is not None:
            self._read.name, self._read.autostart = settings.name, settings.autostart
        elif isinstance(name := values.get("name"), str):
            self._read.name = name

    def _retention(self, table: object) -> None:
        if not isinstance(table, Mapping):
            self._fault((RETENTION,), Fault(key=RETENTION, message="is not a table"))
            return
        settings, faults = read_settings(TenantRetention, cast("Table", table), path=RETENTION)
        for fault in faults:
            self._fault((RETENTION, fault.key), fault)
        if settings is not None:
            self._read.retention = settings

    def _sources(self, tables: object) -> None:
        at: Key = (DEVICE_COMMUNICATION, EVENT_SOURCES.key)
        if not isinstance(tables, list):
            header = f"[[{DEVICE_COMMUNICATION}.{EVENT_SOURCES.key}]]"
            message = f"is not a list: write its header as {header}"
            self._fault(at, Fault(path=DEVICE_COMMUNICATION, key=EVENT_SOURCES.key, message=message))
            return
        items = cast("list[object]", tables)
        names = EVENT_SOURCES.index.names(items)
        valid = [
            self._source(table, name, (*at, place))
            for place, (table, name) in enumerate(zip(items, names, strict=True))
        ]
        self._duplicate_ids(items, names)
        self._shared_ports(items, names)
        self._read.sources = [source for source in valid if source and _name(source) not in self._read.broken]

    def _source(self, table: object, name: str, at: Key) -> Configured | None:
        path = f"{EVENT_SOURCES.key}/{name}"
        if not isinstance(table, Mapping):
            self._fault(at, Fault(path=path, message="is not a table"), name)
            return None
        read, faults = read_component(self._catalogue, EVENT_SOURCES, cast("Table", table), path)
        for fault in faults:
            inner = self._where(fault.path) or at
            self._fault((*inner, fault.key) if fault.key else inner, fault, name)
        return read

    def _where(self, path: str) -> Key:
        """Where a component stands in the data."""
        try:
            return locate(self._document.data, path, self._catalogue).at
        except TidegateError:  # what stands there is no table: the one above it is told of
            above = path.rpartition("/")[0]
            return self._where(above) if above else ()

    def _duplicate_ids(self, tables: list[Any], names: list[str]) -> None:
        at: Key = (DEVICE_COMMUNICATION, EVENT_SOURCES.key)
        for place, (table, name) in enumerate(zip(tables, names, strict=True)):
            id = cast("Table", table).get("id") if isinstance(table, Mapping) else None
            if id in names and id != name:
                line = self._document.line_of((*at, names.index(id)))
                message = f"{id!r} is taken: the source on line {line} has it"
                path = f"{EVENT_SOURCES.key}/{name}"
                self._fault((*at, place, "id"), Fault(path=path, key="id", message=message), name)

    def _shared_ports(self, tables: list[Any], names: list[str]) -> None:
        at: Key = (DEVICE_COMMUNICATION, EVENT_SOURCES.key)
        taken: list[tuple[Address, str]] = []
        for place, (table, name) in enumerate(zip(tables, names, strict=True)):
            address = self._address(table)
            if address is None:
                continue
            owner = next((by for its, by in taken if addresses_overlap(its, address)), None)
            if owner is not None:
                message = f"{address.port} on {address.host} is taken by source {owner}"
                path = f"{EVENT_SOURCES.key}/{name}"
                self._fault((*at, place, "port"), Fault(path=path, key="port", message=message), name)
            else:
                taken.append((address, name))

    def _address(self, table: object) -> Address | None:
        """Where an enabled source listens, as far as its table says so."""
        if not isinstance(table, Mapping):
            return None
        values = cast("Table", table)
        component = self._catalogue.get(EVENT_SOURCES.role, str(values.get("type")))
        if component is None or values.get("enabled") is False:
            return None
        if not issubclass(component.settings, ListeningSettings):
            return None
        defaults = {key: row.default for key, row in component.described().items()}
        port = values.get("port", defaults.get("port"))
        host = values.get("bind_address", defaults.get("bind_address"))
        if not isinstance(port, int) or not isinstance(host, str):
            return None
        return Address(component.settings.transport, host, port)


def _name(source: Configured) -> str:
    return source.path.rpartition("/")[2]


def addresses_overlap(one: Address, other: Address) -> bool:
    """Whether two cannot listen beside each other: on one port the same, or one of them stands for every address."""
    if (one.transport, one.port) != (other.transport, other.port):
        return False
    hosts = {"127.0.0.1" if host == "localhost" else host for host in (one.host, other.host)}
    if len(hosts) == 1 or "::" in hosts:
        return True
    return "0.0.0.0" in hosts and not any(":" in host for host in hosts)
