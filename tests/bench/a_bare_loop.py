"""The baseline: as many calls at once as asked for, in one bare aiohttp loop that throws the audio away.

`a_bare_loop.py URL CALLS IN_FLIGHT`, the key in BARE_LOOP_KEY; prints when each call ended, as JSON.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time

import aiohttp
import uvloop


async def run(url: str, calls: int, in_flight: int) -> list[float]:
    numbers, ends = iter(range(calls)), list[float]()
    headers = {"Authorization": f"Bearer {os.environ['BARE_LOOP_KEY']}"}

    async def work(session: aiohttp.ClientSession) -> None:
        for number in numbers:
            text = f"The bare article number {number} comes in a plain box, ready to ship tomorrow."
            body = {"model": "kokoro", "input": text, "voice": "kokoro-professional"}
            async with session.post(f"{url}/v1/audio/speech", json=body, headers=headers) as answer:
                assert answer.status == 200
                await answer.read()
            ends.append(time.time())

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        await asyncio.gather(*[work(session) for _ in range(in_flight)])
    return ends


begun = time.time()
ended = uvloop.run(run(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
os.set_blocking(sys.stdout.fileno(), True)  # a loop may leave it otherwise, and long output is cut then
print(json.dumps([begun, *ended]))
