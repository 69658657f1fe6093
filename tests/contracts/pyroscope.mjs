// SPDX-License-Identifier: MIT
// usage: pyroscope.mjs URL: sends profiles of its own heap, as the package does, until it is killed.
import Pyroscope from '@pyroscope/nodejs';

Pyroscope.init({
  serverAddress: process.argv[2], appName: 'it', tags: {region: 'eu'}, authToken: 'token', tenantID: 'team',
  flushIntervalMs: 200, heap: {samplingIntervalBytes: 1024, stackDepth: 32},
});
Pyroscope.startHeapProfiling();
const keep = [];
for (let i = 0; i < 2000; i++)
  keep.push(new Array(100).fill(i));
setInterval(() => keep.push(new Array(100)), 100);
