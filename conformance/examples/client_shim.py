#!/usr/bin/python3
"""The shim of a controller on its first afternoon: ../shim/README.md says what each verb asks."""

import hashlib, json, sys


def label(name):
    return b"HRC/1 " + name.encode() + b"\0"


def hello(_):
    return {"ok": {"role": "controller", "name": "client.py", "version": "0.1", "language": "Python",
                   "protocol": [1], "capabilities": [], "deterministic": False}}


def vector(asked):
    """Hand `input` to your own code, and say what came out."""
    given = asked["input"]
    if (asked["file"], asked["group"]) == ("device-id", "route-id"):
        route_id = hashlib.sha256(label("route-id") + bytes.fromhex(given["routeKey"])).digest()[:16]
        return {"ok": {"outputs": {"routeId": route_id.hex()}}}
    return {"unimplemented": f"no code for {asked['file']} yet"}


def stop(_):
    return {"ok": {}}


# The verbs that your program has so far. Next: start, pair, state, call, drop, revoke.
VERBS = {"hello": hello, "vector": vector, "stop": stop}

for line in sys.stdin:
    request = json.loads(line)
    verb = VERBS.get(request["do"])
    answer = verb(request.get("with", {})) if verb else {"unimplemented": f"no verb {request['do']}"}
    print(json.dumps({"id": request["id"], **answer}), flush=True)
    if request["do"] == "stop":
        break
