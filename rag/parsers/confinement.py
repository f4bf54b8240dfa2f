"""What a process that reads a stranger's file may still do. Called first, before the file is opened."""

import ctypes
import resource
import sys

LIMITS = {
    resource.RLIMIT_AS: 1536 * 1024 * 1024,  # bytes
    resource.RLIMIT_CPU: 120,  # seconds
    resource.RLIMIT_FSIZE: 256 * 1024 * 1024,  # bytes; the language model unpacks itself
    resource.RLIMIT_NOFILE: 64,
    resource.RLIMIT_CORE: 0,
}
FORBIDDEN = ("socket.connect", "socket.bind", "subprocess.", "os.system", "os.exec", "os.posix_spawn", "os.fork")
NEW_NETWORK, NEW_USER = 0x4000_0000, 0x1000_0000  # CLONE_NEWNET, CLONE_NEWUSER


def confine(becomes: str = "") -> None:
    """`becomes` is the one program that the process may turn into; the limits and the missing network stay."""
    for kind, most in LIMITS.items():
        resource.setrlimit(kind, (most, most))
    leave_the_network()

    def refuse(event: str, arguments: tuple[object, ...]) -> None:
        """A document has no business on the network or with other programs."""
        if event.startswith(FORBIDDEN) and not (becomes and event == "os.exec" and arguments[0] == becomes):
            raise PermissionError(event)

    sys.addaudithook(refuse)


def leave_the_network() -> bool:
    """Into a network without any interface, for good, where the kernel lets us; it may be forbidden in a container.

    The right to do so comes with a user namespace of our own; who has it anyway, like root, needs none.
    """
    unshare = getattr(ctypes.CDLL(None), "unshare", None)
    return unshare is not None and any(unshare(flags) == 0 for flags in (NEW_NETWORK, NEW_NETWORK | NEW_USER))
