#!/usr/bin/python3
"""The shim around relay.py: one JSON object a line, as ../shim/README.md says."""

import asyncio, json, sys

from relay import Relay


async def main():
    relay = Relay()

    async def answer(verb, options):
        if verb == "hello":
            return {"role": "relay", "name": "relay.py", "version": "0.1", "language": "Python", "protocol": [1],
                    "capabilities": [], "deterministic": False}
        if verb == "start":
            await relay.start(options["host"], options["port"])
            return {"url": f"ws://{options['host']}:{relay.port}/v1"}
        if verb == "state":
            return {"connections": len(relay.connections), "routes": len(relay.routes)}
        if verb == "stop":
            await relay.stop()
            return {}

    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    async for line in lines:
        request = json.loads(line)
        ok = await answer(request["do"], request.get("with", {}))
        line = {"ok": ok} if ok is not None else {"unimplemented": f"no verb {request['do']}"}
        print(json.dumps({"id": request["id"], **line}), flush=True)
        if request["do"] == "stop":
            return


asyncio.run(main())
