"""The client's address behind trusted proxies, and the network that it belongs to."""

from ipaddress import IPv6Address, ip_address

# A household or an office gets at least a /64 of IPv6, and each of its devices as many addresses in it as it likes.
BITS_OF_A_NETWORK = 64
LONGEST_ADDRESS = 64


def network_of(address: str) -> str:
    """The network of an address: an IPv4 address by itself, an IPv6 address by its /64."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return address[:LONGEST_ADDRESS]
    if not isinstance(found, IPv6Address):
        return str(found)
    if found.ipv4_mapped:
        return str(found.ipv4_mapped)
    return f"{IPv6Address(int(found) >> BITS_OF_A_NETWORK << BITS_OF_A_NETWORK)}/{BITS_OF_A_NETWORK}"


def address_behind(proxies: int, forwarded_for: str, peer: str) -> str:
    """The client's address as the outermost of so many trusted `proxies` saw it; `peer` where there are none."""
    hops = [hop.strip() for hop in forwarded_for.split(",")]
    return hops[-proxies] if 0 < proxies <= len(hops) and hops[-proxies] else peer
