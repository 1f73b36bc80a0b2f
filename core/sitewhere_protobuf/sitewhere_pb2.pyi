from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Model(_message.Message):
    __slots__ = ()
    class Metadata(_message.Message):
        __slots__ = ("name", "value")
        NAME_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        name: str
        value: str
        def __init__(self, name: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    class Measurement(_message.Message):
        __slots__ = ("measurementId", "measurementValue")
        MEASUREMENTID_FIELD_NUMBER: _ClassVar[int]
        MEASUREMENTVALUE_FIELD_NUMBER: _ClassVar[int]
        measurementId: str
        measurementValue: float
        def __init__(self, measurementId: _Optional[str] = ..., measurementValue: _Optional[float] = ...) -> None: ...
    class DeviceLocation(_message.Message):
        __slots__ = ("hardwareId", "latitude", "longitude", "elevation", "eventDate", "metadata", "updateState")
        HARDWAREID_FIELD_NUMBER: _ClassVar[int]
        LATITUDE_FIELD_NUMBER: _ClassVar[int]
        LONGITUDE_FIELD_NUMBER: _ClassVar[int]
        ELEVATION_FIELD_NUMBER: _ClassVar[int]
        EVENTDATE_FIELD_NUMBER: _ClassVar[int]
        METADATA_FIELD_NUMBER: _ClassVar[int]
        UPDATESTATE_FIELD_NUMBER: _ClassVar[int]
        hardwareId: str
        latitude: float
        longitude: float
        elevation: float
        eventDate: int
        metadata: _containers.RepeatedCompositeFieldContainer[Model.Metadata]
        updateState: bool
        def __init__(self, hardwareId: _Optional[str] = ..., latitude: _Optional[float] = ..., longitude: _Optional[float] = ..., elevation: _Optional[float] = ..., eventDate: _Optional[int] = ..., metadata: _Optional[_Iterable[_Union[Model.Metadata, _Mapping]]] = ..., updateState: _Optional[bool] = ...) -> None: ...
    class DeviceAlert(_message.Message):
        __slots__ = ("hardwareId", "alertType", "alertMessage", "eventDate", "metadata", "updateState")
        HARDWAREID_FIELD_NUMBER: _ClassVar[int]
        ALERTTYPE_FIELD_NUMBER: _ClassVar[int]
        ALERTMESSAGE_FIELD_NUMBER: _ClassVar[int]
        EVENTDATE_FIELD_NUMBER: _ClassVar[int]
        METADATA_FIELD_NUMBER: _ClassVar[int]
        UPDATESTATE_FIELD_NUMBER: _ClassVar[int]
        hardwareId: str
        alertType: str
        alertMessage: str
        eventDate: int
        metadata: _containers.RepeatedCompositeFieldContainer[Model.Metadata]
        updateState: bool
        def __init__(self, hardwareId: _Optional[str] = ..., alertType: _Optional[str] = ..., alertMessage: _Optional[str] = ..., eventDate: _Optional[int] = ..., metadata: _Optional[_Iterable[_Union[Model.Metadata, _Mapping]]] = ..., updateState: _Optional[bool] = ...) -> None: ...
    class DeviceMeasurements(_message.Message):
        __slots__ = ("hardwareId", "measurement", "eventDate", "metadata", "updateState")
        HARDWAREID_FIELD_NUMBER: _ClassVar[int]
        MEASUREMENT_FIELD_NUMBER: _ClassVar[int]
        EVENTDATE_FIELD_NUMBER: _ClassVar[int]
        METADATA_FIELD_NUMBER: _ClassVar[int]
        UPDATESTATE_FIELD_NUMBER: _ClassVar[int]
        hardwareId: str
        measurement: _containers.RepeatedCompositeFieldContainer[Model.Measurement]
        eventDate: int
        metadata: _containers.RepeatedCompositeFieldContainer[Model.Metadata]
        updateState: bool
        def __init__(self, hardwareId: _Optional[str] = ..., measurement: _Optional[_Iterable[_Union[Model.Measurement, _Mapping]]] = ..., eventDate: _Optional[int] = ..., metadata: _Optional[_Iterable[_Union[Model.Metadata, _Mapping]]] = ..., updateState: _Optional[bool] = ...) -> None: ...
    class DeviceStream(_message.Message):
        __slots__ = ("hardwareId", "streamId", "contentType", "metadata")
        HARDWAREID_FIELD_NUMBER: _ClassVar[int]
        STREAMID_FIELD_NUMBER: _ClassVar[int]
        CONTENTTYPE_FIELD_NUMBER: _ClassVar[int]
        METADATA_FIELD_NUMBER: _ClassVar[int]
        hardwareId: str
        streamId: str
        contentType: str
        metadata: _containers.RepeatedCompositeFieldContainer[Model.Metadata]
        def __init__(self, hardwareId: _Optional[str] = ..., streamId: _Optional[str] = ..., contentType: _Optional[str] = ..., metadata: _Optional[_Iterable[_Union[Model.Metadata, _Mapping]]] = ...) -> None: ...
    class DeviceStreamData(_message.Message):
        __slots__ = ("hardwareId", "streamId", "sequenceNumber", "data", "eventDate", "metadata")
        HARDWAREID_FIELD_NUMBER: _ClassVar[int]
        STREAMID_FIELD_NUMBER: _ClassVar[int]
        SEQUENCENUMBER_FIELD_NUMBER: _ClassVar[int]
        DATA_FIELD_NUMBER: _ClassVar[int]
        EVENTDATE_FIELD_NUMBER: _ClassVar[int]
        METADATA_FIELD_NUMBER: _ClassVar[int]
        hardwareId: str
        streamId: str
        sequenceNumber: int
        data: bytes
        eventDate: int
        metadata: _containers.RepeatedCompositeFieldContainer[Model.Metadata]
        def __init__(self, hardwareId: _Optional[str] = ..., streamId: _Optional[str] = ..., sequenceNumber: _Optional[int] = ..., data: _Optional[bytes] = ..., eventDate: _Optional[int] = ..., metadata: _Optional[_Iterable[_Union[Model.Metadata, _Mapping]]] = ...) -> None: ...
    def __init__(self) -> None: ...

class SiteWhere(_message.Message):
    __slots__ = ()
    class Command(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        SEND_REGISTRATION: _ClassVar[SiteWhere.Command]
        SEND_ACKNOWLEDGEMENT: _ClassVar[SiteWhere.Command]
        SEND_DEVICE_LOCATION: _ClassVar[SiteWhere.Command]
        SEND_DEVICE_ALERT: _ClassVar[SiteWhere.Command]
        SEND_DEVICE_MEASUREMENTS: _ClassVar[SiteWhere.Command]
        SEND_DEVICE_STREAM: _ClassVar[SiteWhere.Command]
        SEND_DEVICE_STREAM_DATA: _ClassVar[SiteWhere.Command]
        REQUEST_DEVICE_STREAM_DATA: _ClassVar[SiteWhere.Command]
    SEND_REGISTRATION: SiteWhere.Command
    SEND_ACKNOWLEDGEMENT: SiteWhere.Command
    SEND_DEVICE_LOCATION: SiteWhere.Command
    SEND_DEVICE_ALERT: SiteWhere.Command
    SEND_DEVICE_MEASUREMENTS: SiteWhere.Command
    SEND_DEVICE_STREAM: SiteWhere.Command
    SEND_DEVICE_STREAM_DATA: SiteWhere.Command
    REQUEST_DEVICE_STREAM_DATA: SiteWhere.Command
    class Header(_message.Message):
        __slots__ = ("command", "originator")
        COMMAND_FIELD_NUMBER: _ClassVar[int]
        ORIGINATOR_FIELD_NUMBER: _ClassVar[int]
        command: SiteWhere.Command
        originator: str
        def __init__(self, command: _Optional[_Union[SiteWhere.Command, str]] = ..., originator: _Optional[str] = ...) -> None: ...
    class RegisterDevice(_message.Message):
        __slots__ = ("hardwareId", "specificationToken", "metadata", "siteToken")
        HARDWAREID_FIELD_NUMBER: _ClassVar[int]
        SPECIFICATIONTOKEN_FIELD_NUMBER: _ClassVar[int]
        METADATA_FIELD_NUMBER: _ClassVar[int]
        SITETOKEN_FIELD_NUMBER: _ClassVar[int]
        hardwareId: str
        specificationToken: str
        metadata: _containers.RepeatedCompositeFieldContainer[Model.Metadata]
        siteToken: str
        def __init__(self, hardwareId: _Optional[str] = ..., specificationToken: _Optional[str] = ..., metadata: _Optional[_Iterable[_Union[Model.Metadata, _Mapping]]] = ..., siteToken: _Optional[str] = ...) -> None: ...
    class Acknowledge(_message.Message):
        __slots__ = ("hardwareId", "message")
        HARDWAREID_FIELD_NUMBER: _ClassVar[int]
        MESSAGE_FIELD_NUMBER: _ClassVar[int]
        hardwareId: str
        message: str
        def __init__(self, hardwareId: _Optional[str] = ..., message: _Optional[str] = ...) -> None: ...
    class DeviceStreamDataRequest(_message.Message):
        __slots__ = ("hardwareId", "streamId", "sequenceNumber")
        HARDWAREID_FIELD_NUMBER: _ClassVar[int]
        STREAMID_FIELD_NUMBER: _ClassVar[int]
        SEQUENCENUMBER_FIELD_NUMBER: _ClassVar[int]
        hardwareId: str
        streamId: str
        sequenceNumber: int
        def __init__(self, hardwareId: _Optional[str] = ..., streamId: _Optional[str] = ..., sequenceNumber: _Optional[int] = ...) -> None: ...
    def __init__(self) -> None: ...
