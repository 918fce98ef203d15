"""Sockets: streams, datagrams, pairs, time limits, descriptors in messages, addresses, asyncio over them."""
import asyncio
import os
import selectors
import socket
import tempfile
import threading


def attempt(f, *args):
    try:
        print(f(*args))
    except Exception as e:
        print(type(e).__name__, e)


server = socket.create_server(("127.0.0.1", 0))


def serve():
    connection, address = server.accept()
    with connection:
        while data := connection.recv(100):
            connection.sendall(data.upper())


thread = threading.Thread(target=serve)
thread.start()
with socket.create_connection(server.getsockname(), timeout=20) as c:
    c.sendall(b"hello")
    print(c.recv(100), c.family, c.type, c.proto, c.gettimeout())
    with c.makefile("rwb") as f:
        f.write(b"line\n")
        f.flush()
        print(f.readline())
thread.join()
server.close()

a, b = socket.socketpair()
a.send(b"one")
print(b.recvfrom(10), a.family, a.type)
b.settimeout(0.01)
attempt(b.recv, 1)
b.setblocking(False)
attempt(b.recv, 1)
b.setblocking(True)
with selectors.DefaultSelector() as s:
    s.register(b, selectors.EVENT_READ, "data")
    print(s.select(0))
    a.send(b"two")
    print([(key.data, events) for key, events in s.select(5)], b.recv(10))
r, w = os.pipe()
socket.send_fds(a, [b"fd"], [w])
message, fds, flags, address = socket.recv_fds(b, 10, 4)
os.write(fds[0], b"through")
print(message, len(fds), os.read(r, 10))
for fd in (r, w, *fds):
    os.close(fd)
a.close()
print(b.recv(3))
b.close()
attempt(a.recv, 1)
print(a)

with socket.socket(type=socket.SOCK_DGRAM) as u, socket.socket(type=socket.SOCK_DGRAM) as v:
    u.bind(("127.0.0.1", 0))
    v.sendto(b"dgram", u.getsockname())
    buffer = bytearray(8)
    n, sender = u.recvfrom_into(buffer)
    print(n, buffer, sender == ("127.0.0.1", v.getsockname()[1]))
with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as s:
    path = os.path.join(folder, "s")
    s.bind(path)
    s.listen()
    with socket.socket(socket.AF_UNIX) as c:
        c.connect(path)
        x, address = s.accept()
        print(repr(address), c.getpeername() == path)
        x.close()
print(socket.inet_aton("1.2.3.4"), socket.inet_ntop(socket.AF_INET6, bytes(15) + b"\1"), socket.htons(1))
attempt(socket.inet_aton, "x")
attempt(socket.htons, 70000)
attempt(socket.getaddrinfo, "127.0.0.1", 80, 0, socket.SOCK_STREAM)
attempt(socket.getaddrinfo, "no number", 80, 0, 0, 0, socket.AI_NUMERICHOST)
with socket.socket() as s:
    attempt(s.bind, 5)
    attempt(s.bind, ("127.0.0.1",))
    attempt(s.bind, ("127.0.0.1", 99999))
    attempt(s.settimeout, -1)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    print(s.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR))
attempt(socket.socket, 999)


async def main():
    async def handle(reader, writer):
        writer.write(b"got " + await reader.readline())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    writer.write(b"hi\n")
    print(await reader.read())
    writer.close()
    await writer.wait_closed()
    server.close()
    await server.wait_closed()
    print(await asyncio.gather(*[asyncio.sleep(0.001, i) for i in range(3)]))
    try:
        async with asyncio.timeout(0.01):
            await asyncio.sleep(10)
    except TimeoutError as e:
        print(repr(e))
    async with asyncio.TaskGroup() as group:
        task = group.create_task(asyncio.sleep(0, 5))
    print(task.result(), await asyncio.to_thread(sum, [1, 2]))


asyncio.run(main())
