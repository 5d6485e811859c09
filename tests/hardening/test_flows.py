"""Connections in use: read from tables of guests and hosts, and which of them a change cuts."""

from __future__ import annotations

from oos.fleet.firewall import Direction, Flow, Peer, Policy, Protocol, SecurityGroup, SecurityRule
from oos.hardening.flows import cut_by, flows_of_guest, flows_of_host, read_sockets

TCP = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 10347
   1: 9E014D0A:0016 01014D0A:D431 01 00000000:00000000 02:000A7A5B 00000000     0        0 11001
   2: 9E014D0A:8C5E BD014D0A:1F90 01 00000000:00000000 00:00000000 00000000     0        0 11002
   3: 0100007F:0016 0100007F:D432 01 00000000:00000000 00:00000000 00000000     0        0 11003
   rubbish
   4: zz:0016 01:xx 01
"""
TCP6 = """\
  sl  local_address                         remote_address                        st
   0: 00000000000000000000000000000000:1F90 00000000000000000000000000000000:0000 0A
   1: 0000000000000000FFFF00009E014D0A:1F90 0000000000000000FFFF00000100007F:9999 01
   2: 0000000000000000FFFF00009E014D0A:1F90 0000000000000000FFFF0000BD014D0A:9998 01
   3: B80D01200000000000000000010000:1F90 x 01
"""
TRACKED = "\n".join(
    (
        "ipv4     2 tcp      6 431999 ESTABLISHED src=10.77.1.1 dst=10.77.1.158 sport=54321 dport=22"
        " src=10.77.1.158 dst=10.77.1.1 sport=22 dport=54321 [ASSURED] mark=0 zone=0 use=2",
        "ipv4     2 udp      17 29 src=10.77.1.158 dst=10.77.1.1 sport=68 dport=67"
        " src=10.77.1.1 dst=10.77.1.158 sport=67 dport=68 mark=0 use=2",
        "ipv4     2 icmp     1 29 src=10.77.1.158 dst=10.77.1.1 type=8 code=0 id=1",
    )
)


def test_the_tables_of_a_guest_tell_who_began() -> None:
    sockets = [*read_sockets(TCP, Protocol.TCP), *read_sockets(TCP6, Protocol.TCP)]
    assert {each.flow for each in flows_of_guest("i-1", sockets)} == {
        Flow(Direction.INGRESS, Protocol.TCP, "10.77.1.1", 22, 54321, local="10.77.1.158"),
        Flow(Direction.EGRESS, Protocol.TCP, "10.77.1.189", 8080, 35934, local="10.77.1.158"),
        Flow(Direction.INGRESS, Protocol.TCP, "10.77.1.189", 8080, 39320, local="10.77.1.158"),
    }


def test_the_table_of_a_host_tells_the_connections_of_its_guests() -> None:
    found = flows_of_host(TRACKED, {"10.77.1.158": "i-1"})
    assert [(each.instance_id, each.flow.direction, each.flow.peer, each.flow.port) for each in found] == [
        ("i-1", Direction.INGRESS, "10.77.1.1", 22),
        ("i-1", Direction.EGRESS, "10.77.1.1", 67),
    ]


def test_a_connection_is_cut_when_it_got_through_and_would_not_any_more() -> None:
    rule = SecurityRule("sgr-1", Direction.INGRESS, Policy.ACCEPT, 1, Protocol.TCP, Peer("0.0.0.0/0"), (22, 22))
    before, after = SecurityGroup("sg-1", (rule,)), SecurityGroup("sg-1")
    flows = flows_of_guest("i-1", list(read_sockets(TCP, Protocol.TCP)))
    cut = cut_by(flows, {"i-1": [before]}, {"i-1": [after]}, {})
    assert [each.flow.port for each in cut] == [22]
    assert cut_by(flows, {"i-1": [after]}, {"i-1": [after]}, {}) == ()
    assert cut_by(flows, {"i-1": [before]}, {}, {}) == ()
