#!/usr/bin/python3
"""A minimal relay of Happy Remote Control, written from spec/relay.md in a day.

usage: relay.py [host [port]]

It is here to be judged: ../README.md shows what the suite finds. Not for use.
"""

import asyncio, base64, hashlib, http, json, secrets, signal, sys, time

import websockets
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

SUBPROTOCOL = "happy-relay.v1"
MAX_FRAME = 262_400
CLOSE = {"malformed": 4400, "unauthenticated": 4401, "timeout": 4408, "superseded": 4409, "too-large": 4413}


class Refused(Exception):
    """The connection ends, with a code of errors.md."""


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text, size):
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (TypeError, ValueError):
        raise Refused("malformed")
    if len(data) != size or encode(data) != text:
        raise Refused("malformed")
    return data


def label(name):
    return b"HRC/1 " + name.encode() + b"\0"


def now():
    return int(time.time() * 1000)


class Connection:
    def __init__(self, socket):
        self.socket, self.nonce, self.routes, self.has_bound = socket, secrets.token_bytes(32), set(), False
        self.failed = {}  # when a pair of routes was last answered with delivery-failed

    async def tell(self, kind, **members):
        try:
            await self.socket.send(json.dumps({"type": kind, **members}))
        except websockets.ConnectionClosed:
            pass

    async def end(self, code):
        await self.socket.close(CLOSE[code], code)


class Relay:
    def __init__(self):
        self.routes = {}  # route: (connection, peer or None)
        self.open_count = {}  # open route: frames that it got
        self.connections, self.draining = set(), False

    async def start(self, host, port):
        self.server = await websockets.serve(
            self.serve, host, port, process_request=self.upgrade, subprotocols=[SUBPROTOCOL],
            compression=None, max_size=2 * MAX_FRAME, ping_interval=None)
        self.port = self.server.sockets[0].getsockname()[1]
        self.origins = [f"ws://{name}:{self.port}" for name in {"localhost", "127.0.0.1", "[::1]", host}]

    async def stop(self):
        self.draining = True
        for each in list(self.connections):
            await each.tell("draining", reconnectAfter=1000)
        await asyncio.sleep(0.5)
        self.server.close()  # closes every connection with 1001
        await self.server.wait_closed()

    async def upgrade(self, path, headers):
        if path == "/healthz":
            return (http.HTTPStatus.SERVICE_UNAVAILABLE if self.draining else http.HTTPStatus.OK), [], b""
        if path != "/v1":
            return http.HTTPStatus.NOT_FOUND, [], b""
        if self.draining:
            return http.HTTPStatus.SERVICE_UNAVAILABLE, [], b""
        if SUBPROTOCOL not in headers.get("Sec-WebSocket-Protocol", ""):
            return http.HTTPStatus.BAD_REQUEST, [], b""

    async def serve(self, socket):
        connection = Connection(socket)
        self.connections.add(connection)
        try:
            await connection.tell("hello", protocol=1, nonce=encode(connection.nonce), maxFrame=MAX_FRAME,
                                  software="relay.py")
            deadline = time.monotonic() + 10
            while True:
                wait = 45 if connection.has_bound else max(0, deadline - time.monotonic())
                frame = await asyncio.wait_for(socket.recv(), wait)
                await self.receive(connection, frame)
        except (Refused, asyncio.TimeoutError) as error:
            code = str(error) or "timeout"
            await connection.tell("error", code=code, message=f"This connection ends: {code}.")
            await connection.end(code)
        except websockets.ConnectionClosed:
            pass
        finally:
            self.connections.discard(connection)
            for route in list(connection.routes):
                await self.give_up(connection, route)

    async def receive(self, connection, frame):
        if len(frame if isinstance(frame, bytes) else frame.encode()) > MAX_FRAME:
            raise Refused("too-large")
        if isinstance(frame, bytes):
            await self.forward(connection, frame)
            return
        if len(frame.encode()) > 4096:
            raise Refused("malformed")
        try:
            message = json.loads(frame)
        except ValueError:
            raise Refused("malformed")
        if not isinstance(message, dict):
            raise Refused("malformed")
        members = set(message)
        kind = message.get("type")
        if kind == "ping" and members == {"type", "timestamp"} and isinstance(message["timestamp"], int):
            await connection.tell("pong", timestamp=message["timestamp"])
        elif kind == "bind" and members == {"type", "routeKey", "peer", "signature"}:
            await self.bind(connection, message)
        elif kind == "unbind" and members == {"type", "route"} and connection.has_bound:
            route = decode(message["route"], 16)
            if route in connection.routes:
                await self.give_up(connection, route)
        else:
            raise Refused("malformed")

    def is_mutual(self, a, b):
        return a != b and a in self.routes and b in self.routes and self.routes[a][1] == b and self.routes[b][1] == a

    async def presence(self, route, peer, status):
        await self.routes[route][0].tell(
            "presence", route=encode(route), peer=encode(peer), status=status, timestamp=now())

    async def bind(self, connection, message):
        key = decode(message["routeKey"], 32)
        peer = None if message["peer"] is None else decode(message["peer"], 16)
        signature = decode(message["signature"], 64)
        if peer == bytes(16):
            raise Refused("malformed")
        route = hashlib.sha256(label("route-id") + key).digest()[:16]
        if not self.verify(connection.nonce, key, peer or bytes(16), signature):
            if not connection.has_bound:
                await connection.tell("error", code="unauthenticated", message="Wrong signature.", route=encode(route))
                await connection.end("unauthenticated")
                raise websockets.ConnectionClosed(None, None)
            await connection.tell("error", code="unauthenticated", message="Wrong signature.", route=encode(route))
            return
        if route not in connection.routes and len(connection.routes) == 64:
            await connection.tell("error", code="rate-limited", message="64 routes.", route=encode(route))
            return
        holder, old_peer = self.routes.get(route, (None, None))
        was_mutual = old_peer is not None and self.is_mutual(route, old_peer)
        self.routes[route] = (connection, peer)
        connection.routes.add(route)
        connection.has_bound = True
        if peer is not None:
            self.open_count.pop(route, None)
        if holder not in (None, connection):
            holder.routes.discard(route)
            await holder.tell("error", code="superseded", message="Bound elsewhere.", route=encode(route))
            if not holder.routes:
                await holder.end("superseded")
        await connection.tell("bound", route=encode(route))
        if was_mutual and peer != old_peer:
            await self.presence(old_peer, route, "offline")
        if peer is not None and self.is_mutual(route, peer):
            await self.presence(route, peer, "online")
            if not (was_mutual and peer == old_peer):
                await self.presence(peer, route, "online")

    def verify(self, nonce, key, peer, signature):
        for origin in self.origins:
            signed = label("relay-auth") + len(origin).to_bytes(2, "big") + origin.encode() + nonce + key + peer
            try:
                Ed25519PublicKey.from_public_bytes(key).verify(signature, signed)
                return True
            except (InvalidSignature, ValueError):
                pass
        return False

    async def give_up(self, connection, route):
        _, peer = self.routes[route]
        was_mutual = peer is not None and self.is_mutual(route, peer)
        del self.routes[route]
        connection.routes.discard(route)
        if was_mutual:
            await self.presence(peer, route, "offline")

    async def forward(self, connection, frame):
        if not connection.has_bound or len(frame) < 33 or frame[0] != 1:
            raise Refused("malformed")
        sender, to = frame[1:17], frame[17:33]
        receiver, peer = self.routes.get(to, (None, None))
        permitted = sender in connection.routes and receiver is not None and peer in (sender, None)
        if permitted and peer is None:
            count = self.open_count.get(to, 0)
            permitted = len(frame) <= 2048 and count < 20
            if permitted:
                self.open_count[to] = count + 1
        if permitted:
            try:
                await receiver.socket.send(frame)
                return
            except websockets.ConnectionClosed:
                pass
        last = connection.failed.get((sender, to), 0)
        if time.monotonic() - last >= 1:
            connection.failed[(sender, to)] = time.monotonic()
            await connection.tell("delivery-failed", **{"from": encode(sender)}, to=encode(to), reason="offline")


async def main(host="127.0.0.1", port="8080"):
    relay = Relay()
    await relay.start(host, int(port))
    print(f"ws://{host}:{relay.port}", flush=True)
    stopped = asyncio.Event()
    for each in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(each, stopped.set)
    await stopped.wait()
    await relay.stop()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
