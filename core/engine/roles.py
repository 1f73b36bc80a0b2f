"""Who calls, and what they may do: roles from the kernel's peer credentials."""

import grp
import os
import pwd
import socket
import struct

from core.config.instance import ControlSettings
from core.control.greeting import Role

_CREDENTIALS = struct.Struct("3i")


def peer_user(connection: socket.socket) -> int:
    """The user id of the process at the other end of a Unix socket, as the kernel knows it."""
    raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    return _CREDENTIALS.unpack(raw)[1]


def role_of(user: int, control: ControlSettings) -> Role:
    """The engine's own user, root and the named admins may change things; whoever else gets in may look."""
    if user in (0, os.geteuid()):
        return "admin"
    try:
        account = pwd.getpwuid(user)
    except KeyError:
        return "viewer"
    for admin in control.admins:
        if admin == account.pw_name or (admin.startswith("@") and _in_group(account, admin[1:])):
            return "admin"
    return "viewer"


def _in_group(account: pwd.struct_passwd, name: str) -> bool:
    try:
        group = grp.getgrnam(name)
    except KeyError:
        return False
    return account.pw_gid == group.gr_gid or account.pw_name in group.gr_mem
