# SPDX-License-Identifier: BSD-3-Clause
"""TCP frontends: bytes and ends of streams, unchanged in both directions."""

import asyncio
import threading
import zlib

from harness import eventually, limit, pattern, pattern_crc, smoke
from harness.network import DRIVER

MIB = 1 << 20


def tcp_node(t, mode, server_options=(), **options):
    server = t.server("a1", mode, options=list(server_options))
    return server, t.node([server], protocol="tcp", **options)


@smoke
def test_bytes_come_back_from_an_echo_and_the_end_is_passed_on(t):
    _, node = tcp_node(t, "tcp-echo")
    with node.client() as client:
        for n in range(100):
            client.send(b"ping %d\n" % n)
            assert client.read_exactly(len(b"ping %d\n" % n)) == b"ping %d\n" % n
        client.finish()
        assert client.at_end()


def test_a_server_may_speak_first(t):
    _, node = tcp_node(t, "tcp-greet")
    with node.client() as client:
        assert client.read_exactly(14) == b"hello from a1\n"


def test_the_clients_fin_leaves_the_other_direction_open(t):
    _, node = tcp_node(t, "tcp-sink")
    for size in (0, 1, 1_000_000):
        with node.client() as client:
            client.send(pattern(size))
            client.finish()
            assert client.read_to_end() == b"%d %08x\n" % (size, pattern_crc(size))


def test_the_servers_fin_leaves_the_other_direction_open(t):
    server, node = tcp_node(t, "tcp-source", ["--bytes", "500000"])
    with node.client() as client:
        assert client.read_to_end() == pattern(500_000)
        for start in range(0, 300_000, 50_000):
            client.send(pattern(50_000, start))
        client.finish()
        expected = f"received 300000 {pattern_crc(300_000):08x}"
        eventually(lambda: expected in server.lines(), what=expected)


def echo_bulk(client, size):
    """Sends and receives at once. @returns the CRC of what came back."""

    def send():
        for start in range(0, size, MIB):
            client.send(pattern(min(MIB, size - start), start))
        client.finish()

    sender = threading.Thread(target=send, daemon=True)
    sender.start()
    crc, received = 0, 0
    while data := client.socket.recv(MIB):
        crc = zlib.crc32(data, crc)
        received += len(data)
    sender.join(60)
    assert received == size
    return crc


@limit(120)
def test_64_mib_survive_both_directions_at_once(t):
    _, node = tcp_node(t, "tcp-echo")
    size = 64 * MIB
    with node.client(timeout=60) as client:
        assert echo_bulk(client, size) == pattern_crc(size)
    eventually(lambda: node.metric("server_bytes_sent_total") == size)
    node.expect_metric(size, "server_bytes_received_total")


async def one_stream(address, number, size):
    """Echoes `size` bytes with stalls that differ from stream to stream."""
    reader, writer = await asyncio.open_connection(*address)
    data = pattern(size, number * 1_000)

    async def send():
        step = 1_000 + number * 37 % 60_000
        for start in range(0, size, step):
            writer.write(data[start : start + step])
            await writer.drain()
            if start // step % 7 == number % 7:
                await asyncio.sleep(number % 5 * 0.002)
        writer.write_eof()

    sending = asyncio.create_task(send())
    received = await reader.read(-1)
    await sending
    writer.close()
    assert received == data, f"stream {number}: {len(received)} of {size} bytes, or other ones"


async def many_streams(address, count, size):
    await asyncio.gather(*(one_stream(address, n, size) for n in range(count)))


@limit(150)
def test_300_parallel_streams_never_mix(t):
    _, node = tcp_node(t, "tcp-echo")
    asyncio.run(asyncio.wait_for(many_streams(node.address, 300, 300_000), 140))
    assert node.metric("frontend_connections_total") >= 300


def test_a_refusing_server_is_passed_over(t):
    a1 = t.server("a1", "tcp-greet")
    a1.kill()
    node = t.node([a1, t.server("a2", "tcp-greet")], protocol="tcp")
    for _ in range(6):
        with node.client() as client:
            assert client.read_exactly(14) == b"hello from a2\n"


def test_without_a_server_the_client_is_closed_at_once(t):
    server, node = tcp_node(t, "tcp-echo")
    server.kill()
    with node.client(timeout=5) as client:
        assert client.at_end()


def test_an_aborting_client_leaves_nothing_behind(t):
    server, node = tcp_node(t, "tcp-echo")
    for _ in range(20):
        client = node.client()
        client.send(pattern(100_000))
        client.read_exactly(1_000)
        client.abort()
    eventually(lambda: node.metric("server_connections") == 0)
    eventually(lambda: node.metric("frontend_connections") == 0)


def test_a_dying_server_ends_its_streams(t):
    server, node = tcp_node(t, "tcp-echo")
    clients = [node.client() for _ in range(10)]
    for client in clients:
        client.send(b"x")
        assert client.read_exactly(1) == b"x"
    server.kill()
    for client in clients:
        assert client.at_end()
        client.close()


def test_an_idle_stream_ends_after_its_timeout(t):
    _, node = tcp_node(t, "tcp-echo", frontend={"tcp": {"timeout_idle": "500ms"}})
    with node.client() as client:
        for _ in range(8):  # alive for longer than the timeout, but not idle
            client.send(b"x")
            assert client.read_exactly(1) == b"x"
            assert client.is_idle(0.1)
        assert client.at_end()


def expect_echo(client, data):
    client.send(data)
    assert client.read_exactly(len(data)) == data


def expect_end(node, client, server, cut):
    """The client's stream to this server is cut, or goes on."""
    if cut:
        assert client.at_end()
        node.expect_metric(0, "server_connections", server=server.name)
    else:
        expect_echo(client, b"pong")


def test_streams_of_a_server_that_goes_down_are_cut_if_they_shall_be(t):
    for action, cut in (("finish", False), ("close", True)):
        server = t.server(f"a{len(t.nodes)}", "tcp-echo")
        node = t.node([server], protocol="tcp", backend={"on_down": action})
        client = node.client()
        expect_echo(client, b"ping")
        node.set_server(server.name, admin="maint")
        expect_end(node, client, server, cut)
        client.close()


def test_streams_on_a_backup_are_cut_when_a_primary_returns_if_they_shall_be(t):
    for action, cut in (("keep", False), ("close_backups", True)):
        a1, b1 = t.server(f"a{len(t.nodes)}", "tcp-echo"), t.server(f"b{len(t.nodes)}", "tcp-echo")
        node = t.node([a1, b1], protocol="tcp", backend={"on_up": action}, start=False)
        node.config["backends"][0]["servers"][1]["backup"] = True
        node.start()
        node.set_server(a1.name, admin="maint")
        client = node.client()
        expect_echo(client, b"ping")
        assert node.metric("server_connections", server=b1.name) == 1
        node.set_server(a1.name, admin="ready")
        expect_end(node, client, b1, cut)
        client.close()


def test_a_stream_whose_client_or_server_vanished_ends_after_the_keepalive_time(t):
    network = t.network()
    far, host = network.host(), network.host()
    server = t.server("a1", "tcp-echo", host=DRIVER)
    for where in ("frontend", "backend"):
        node = t.node(
            [],
            protocol="tcp",
            host=host,
            name=where,
            frontend={"listen": "0.0.0.0:8080", "tcp_keepalive": "1s" if where == "frontend" else 0},
            backend={
                "servers": [{"name": "a1", "address": f"{DRIVER}:{server.port}"}],
                "tcp_keepalive": "1s" if where == "backend" else 0,
            },
        )
        # The client is of another host than those who ask the node.
        client = t.process([*far.command, "bash", "-c", f"exec 3<>/dev/tcp/{host.address}/8080; sleep 60"])
        node.expect_metric(1, "server_connections", server="a1")
        if where == "frontend":
            host.drop_from(far.address)
        else:
            host.drop_from(DRIVER, "tcp", "sport", server.port)
        eventually(lambda node=node: node.metric("server_connections", server="a1") == 0, 10, "the stream has ended")
        host.heal()
        client.kill()
        node.stop()
