"""Which network addresses may be fetched: hosts are resolved, and what they resolve to is judged."""

import ipaddress
import queue
import socket
import threading
from typing import Protocol

from claimcheck.errors import BlockedAddressError, FetchError, TooLargeError

__all__ = ["Resolver", "SystemResolver", "checked_addresses", "is_public"]

_IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

# Prefixes that carry an IPv4 address which the network may unwrap: the inner address decides.
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_IPV4_COMPATIBLE = ipaddress.IPv6Network("::/96")
_REFUSED_NETWORKS = (
    ipaddress.IPv6Network("64:ff9b:1::/48"),  # local-use NAT64 (RFC 8215): may lead anywhere inside
    ipaddress.IPv6Network("fec0::/10"),  # site-local, deprecated but still routed by some
    ipaddress.IPv4Network("192.0.0.0/24"),  # protocol assignments, of which Python 3.11 calls half public
    ipaddress.IPv4Network("192.88.99.0/24"),  # 6to4 relays, deprecated
)


class Resolver(Protocol):
    """Turns a host name into addresses."""

    def resolve(self, host: str, port: int, timeout: float) -> tuple[str, ...]:
        """Return the host's addresses as text; raise ``OSError`` when there are none, ``TimeoutError`` when slow."""
        ...


class SystemResolver:
    """Asks the operating system, and gives up at the deadline (getaddrinfo itself takes none)."""

    def resolve(self, host: str, port: int, timeout: float) -> tuple[str, ...]:
        """Return the host's addresses in the system's order.

        Raises OSError when the name does not resolve and TimeoutError when it takes too long.
        """
        answers: queue.Queue[tuple[str, ...] | Exception] = queue.Queue(maxsize=1)

        def ask() -> None:
            try:
                found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
                answers.put(tuple(dict.fromkeys(str(entry[4][0]) for entry in found)))
            except (OSError, UnicodeError) as error:
                answers.put(error)

        threading.Thread(target=ask, name="claimcheck-resolve", daemon=True).start()
        try:
            answer = answers.get(timeout=timeout)
        except queue.Empty:
            raise TimeoutError(f"no answer within {timeout:.0f} s") from None
        if isinstance(answer, Exception):
            raise OSError(str(answer)) from answer
        return answer


def is_public(address: str) -> bool:
    """Say whether an address is one that anyone on the internet could reach.

    Anything else is refused: private, loopback, link-local, multicast, reserved, unspecified and shared ranges, and
    IPv6 addresses that wrap such an IPv4 address (mapped, compatible, 6to4, Teredo, NAT64). What is no address at all
    is not public either.
    """
    try:
        parsed: _IPAddress = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv6Address):
        inner = _wrapped_ipv4(parsed)
        if inner is not None:
            return all(_is_public(each) for each in inner)
    return _is_public(parsed)


def _is_public(address: _IPAddress) -> bool:
    return not (
        not address.is_global
        or address.is_multicast
        or address.is_reserved
        or address.is_loopback
        or address.is_link_local
        or address.is_unspecified
        or any(address in network for network in _REFUSED_NETWORKS if network.version == address.version)
    )


def _wrapped_ipv4(address: ipaddress.IPv6Address) -> tuple[ipaddress.IPv4Address, ...] | None:
    if address.ipv4_mapped is not None:
        return (address.ipv4_mapped,)
    if address.sixtofour is not None:
        return (address.sixtofour,)
    if address.teredo is not None:
        return tuple(address.teredo)
    if address in _NAT64 or (address in _IPV4_COMPATIBLE and int(address) > 1):
        return (ipaddress.IPv4Address(int(address) & 0xFFFFFFFF),)
    return None


def checked_addresses(
    host: str, port: int, *, source: str, resolver: Resolver, timeout: float, allow_private: bool
) -> tuple[str, ...]:
    """Return the addresses of a host, every one of which may be connected to.

    One private address among public ones refuses the host: such a mixture is how a rebinding name looks. Raises
    BlockedAddressError for a refused address, FetchError when the name does not resolve, TooLargeError at the deadline.
    """
    try:
        addresses = resolver.resolve(host, port, timeout)
    except TimeoutError as error:
        raise TooLargeError(
            source, f"looking up {host} took too long ({error}); try again or raise the limit"
        ) from error
    except (OSError, UnicodeError) as error:
        raise FetchError(source, f"the host {host} was not found ({error}); check the address") from error
    if not addresses:
        raise FetchError(source, f"the host {host} has no address; check the address")
    refused = [address for address in addresses if not is_public(address)]
    if refused and not allow_private:
        place = f"the host is {host}" if host == str(refused[0]) else f"{host} is at {refused[0]}"
        raise BlockedAddressError(
            source,
            f"{place}, no public address; use --allow-private to read pages of your own network",
        )
    return addresses
