-- SPDX-License-Identifier: MIT
--
-- The database that rheaper-load writes and every other program reads.
-- The base tables are compact; the views (allocations, backtraces, ...) are
-- the interface. Times in base tables are nanoseconds since tracing began,
-- in views milliseconds with fractions. A database holds any number of traces:
-- processes is the list of them, stacks, frames, modules and functions are shared.
-- Where a trace was sampled, counts and bytes in totals and views are estimates.
-- A change of a table or column raises user_version (docs/schema.md).

PRAGMA application_id = 0x72686561; -- 'rhea'
PRAGMA user_version = 5;

-- One row per rheaper-load that wrote to this database.
CREATE TABLE runs (
  run INTEGER PRIMARY KEY,     -- number, from 1
  label TEXT NOT NULL,         -- as given by --label, or ''
  loaded TEXT NOT NULL,        -- UTC, ISO 8601
  loader_version TEXT NOT NULL -- of the rheaper-load that wrote this
);

-- One row per traced process.
CREATE TABLE processes (
  process INTEGER PRIMARY KEY, -- number in this database, from 1, by start time in a run
  run INTEGER NOT NULL,        -- runs.run
  trace TEXT NOT NULL,         -- path of the trace file as given
  pid INTEGER NOT NULL,        -- process id
  parent_pid INTEGER,          -- of its parent, NULL if the trace does not say
  executable TEXT NOT NULL,    -- path of the program
  command_line TEXT,           -- its words, as a JSON array; NULL: not in the trace
  host TEXT,                   -- name of the machine, NULL if the trace does not say
  started TEXT NOT NULL,       -- UTC, ISO 8601 with milliseconds
  duration_ms REAL NOT NULL,   -- from the start of tracing to the last event
  pointer_size INTEGER NOT NULL,    -- bytes of an address
  scope TEXT NOT NULL,         -- 'process': every allocation; 'link': own objects
  max_stack_depth INTEGER NOT NULL, -- frames recorded at the most
  max_trackers INTEGER NOT NULL,    -- threads that record at the same time
  event_buffer INTEGER NOT NULL,    -- records of a thread's buffer
  max_bytes INTEGER NOT NULL,       -- size limit of the trace, 0: none
  ring INTEGER NOT NULL,            -- 1: the newest max_bytes were kept
  sample_bytes INTEGER NOT NULL,    -- mean bytes between samples, 0: everything
  sample_rate REAL NOT NULL,        -- share of allocations whose stack was taken
  free_stacks INTEGER NOT NULL,     -- 1: those of frees are whole
  runtime_version TEXT NOT NULL,    -- of the runtime in the program
  start_ns INTEGER NOT NULL,        -- when tracing began, since 1970; with pid and
  start_ticks INTEGER NOT NULL,     -- the clock's ticks then this names a trace
  ending TEXT NOT NULL,             -- 'exited'; 'stopped' (switched off: what was
                                    -- live is no leak); 'full' (RHEAPER_MAX_BYTES);
                                    -- 'snapshot' (a copy; the program went on: what
                                    -- was live is no leak);
                                    -- 'failed: WHY' (the trace could not be written);
                                    -- 'unknown': killed, or ended by _exit or exec,
                                    -- or running still
  leak_scan TEXT,                   -- 'made'; 'failed: WHY'; NULL: nobody asked for it
  leak_scan_ns INTEGER,             -- when memory was scanned last, NULL: never
  leak_scan_threads INTEGER NOT NULL -- other threads then, whose registers were not seen
);

-- Threads that recorded anything.
CREATE TABLE threads (
  thread INTEGER PRIMARY KEY, -- number in this database, from 1; 0 is unknown
  process INTEGER NOT NULL,   -- processes.process
  number INTEGER NOT NULL,    -- in the process, from 1
  tid INTEGER NOT NULL,       -- the kernel's thread id
  name TEXT NOT NULL          -- as the thread was called last (docs/limits.md)
);

-- Objects with code: programs and shared libraries, one row per build.
CREATE TABLE modules (
  module INTEGER PRIMARY KEY, -- number, from 1
  path TEXT NOT NULL,         -- file, as the first process that had it knew it
  build_id TEXT NOT NULL      -- hexadecimal, '' if it has none
);

-- Where a process had mapped them.
CREATE TABLE process_modules (
  process INTEGER NOT NULL,
  module INTEGER NOT NULL,
  start INTEGER NOT NULL,     -- first address mapped
  end INTEGER NOT NULL,       -- first address after it
  bias INTEGER NOT NULL       -- address minus this is the address in the file
);

-- Functions that allocate or free, as the program called them.
CREATE TABLE functions (
  function INTEGER PRIMARY KEY, -- number, from 1
  name TEXT NOT NULL,           -- e.g. malloc, operator new(unsigned long)
  family TEXT NOT NULL          -- blocks of one family may free each other
);

-- Distinct code addresses, one row per function inlined there: the innermost
-- inline function is inline_depth 0, the one that holds the code is the last.
CREATE TABLE frames (
  frame INTEGER PRIMARY KEY,
  address INTEGER NOT NULL,      -- return address, in the module's file; in the
                                 -- process if the module is unknown
  exact INTEGER NOT NULL,        -- 1: an interrupted instruction, not a return address
  module INTEGER,                -- modules.module, NULL if unknown
  inline_depth INTEGER NOT NULL, -- 0 unless functions were inlined
  sym TEXT NOT NULL,             -- function, demangled; module+0xoffset if unknown
  file TEXT,                     -- source file, NULL if unknown
  line INTEGER                   -- line in it, NULL if unknown
);

-- Call stacks: which function was called, and from where. Stack 0 is unknown.
CREATE TABLE stacks (
  stack INTEGER PRIMARY KEY,  -- number, from 1, in order of first use; stays what it
                              -- is as long as the database lives
  signature TEXT NOT NULL,    -- hash of the names of its functions: the same in
                              -- other databases, after a rebuild, on other machines
  function INTEGER NOT NULL,  -- functions.function
  depth INTEGER NOT NULL,     -- frames, inlined ones counted
  truncated INTEGER NOT NULL, -- 1: deeper than max_stack_depth
  incomplete INTEGER NOT NULL,-- 1: unwinding stopped early (no unwind information);
                              -- 2: frames are missing from the trace
  unsampled INTEGER NOT NULL, -- 1: was not taken (RHEAPER_SAMPLE_RATE)
  top_down INTEGER NOT NULL,  -- top_down.node of its innermost function
  bottom_up INTEGER NOT NULL  -- bottom_up.node of its outermost function
);

-- Frames of a stack. frame_no 0 is the caller of the allocation function.
CREATE TABLE stack_frames (
  stack INTEGER NOT NULL,
  frame_no INTEGER NOT NULL,
  frame INTEGER NOT NULL,     -- frames.frame
  PRIMARY KEY (stack, frame_no)
) WITHOUT ROWID;

-- All stacks as a tree of function names, from the outermost one: callers are
-- parents. The view call_tree has its totals.
CREATE TABLE top_down (
  node INTEGER PRIMARY KEY,   -- number; 0 is the root, parents before children
  parent INTEGER,             -- node, NULL for the root
  depth INTEGER NOT NULL,     -- 0 for the root
  sym TEXT NOT NULL           -- as frames.sym
);

-- The same from the innermost function: callers are children (view caller_tree).
CREATE TABLE bottom_up (
  node INTEGER PRIMARY KEY,
  parent INTEGER,
  depth INTEGER NOT NULL,
  sym TEXT NOT NULL
);

-- Lots: blocks with the same origin and the same end, which have consecutive
-- numbers. All totals by stack and thread come from here, without the blocks.
CREATE TABLE lots (
  process INTEGER NOT NULL,
  stack INTEGER NOT NULL,      -- where they were allocated, 0: unknown
  alloc_thread INTEGER NOT NULL, -- threads.thread
  free_thread INTEGER,         -- NULL if their end was not seen
  free_stack INTEGER,          -- where they were freed, 0: unknown, NULL as free_thread
  end INTEGER NOT NULL,        -- 0 freed, 1 realloc, 2 live, 3 its free was not
                               -- seen (the address was handed out again),
                               -- 4 in realloc when the trace ended
  temporary INTEGER NOT NULL,  -- 1: freed by what its thread did next
  free_size INTEGER,           -- what a sized free called them, if that was wrong
  weight REAL NOT NULL,        -- blocks for which each stands: 1 if not sampled
  first_block INTEGER NOT NULL,
  last_block INTEGER NOT NULL,
  bytes INTEGER NOT NULL,      -- asked for, of these blocks
  leak INTEGER NOT NULL        -- of live blocks: 0 not scanned for, 1 definitely lost,
                               -- 2 indirectly lost, 3 possibly lost, 4 still reachable
);

-- Every allocation, in the order of lots. A realloc ends one and begins another.
CREATE TABLE blocks (
  block INTEGER PRIMARY KEY,
  alloc_ns INTEGER NOT NULL,  -- when the allocator had returned it
  lifetime_ns INTEGER,        -- until its free was called, NULL if that was not seen
  size INTEGER NOT NULL,      -- bytes asked for
  addr INTEGER NOT NULL       -- address
);

-- Blocks that were resized: one row for each chain of reallocs.
CREATE TABLE realloc_chains (
  process INTEGER NOT NULL,
  first_stack INTEGER NOT NULL, -- where it was allocated first
  last_stack INTEGER NOT NULL,  -- where it was resized last
  steps INTEGER NOT NULL,       -- reallocs that succeeded
  moves INTEGER NOT NULL,       -- of them, how many gave another address
  copied INTEGER NOT NULL,      -- bytes copied by these
  first_size INTEGER NOT NULL,  -- bytes asked for first
  final_size INTEGER NOT NULL   -- and last
);

-- Marks set by the program (rheaper_mark).
CREATE TABLE markers (
  marker INTEGER PRIMARY KEY, -- number, from 1, by process and time
  process INTEGER NOT NULL,
  at_ms REAL NOT NULL,        -- milliseconds since tracing began
  thread INTEGER NOT NULL,    -- threads.thread
  text TEXT NOT NULL
);

-- Scopes: what a thread did between rheaper_begin and rheaper_end, or in the block of
-- a RHEAPER_SCOPE. The time begin_ns belongs to it, end_ns no longer.
CREATE TABLE scopes (
  scope INTEGER PRIMARY KEY,  -- number, from 1, by process, thread and time
  process INTEGER NOT NULL,
  thread INTEGER NOT NULL,    -- threads.thread
  name TEXT NOT NULL,
  parent INTEGER,             -- scopes.scope around it, NULL if none
  depth INTEGER NOT NULL,     -- 0: it is in no other
  begin_ns INTEGER NOT NULL,  -- nanoseconds since tracing began
  end_ns INTEGER NOT NULL,
  ending INTEGER NOT NULL     -- 0 it ended; 1 one around it ended, and it had not (longjmp);
                              -- 2 the trace ended
);

-- Which scope a thread is in: from at_ns on, in this one and in no deeper one.
CREATE TABLE scope_changes (
  thread INTEGER NOT NULL,    -- threads.thread
  at_ns INTEGER NOT NULL,
  scope INTEGER,              -- scopes.scope, NULL: in none
  PRIMARY KEY (thread, at_ns)
) WITHOUT ROWID;

-- What is missing or could not be paired, one row per reason; count 0 too.
CREATE TABLE losses (
  process INTEGER NOT NULL,
  reason TEXT NOT NULL,       -- short name
  count INTEGER NOT NULL,     -- events
  meaning TEXT NOT NULL,      -- one sentence
  PRIMARY KEY (process, reason)
) WITHOUT ROWID;

-- Totals of a whole trace, computed while loading.
CREATE TABLE totals (
  process INTEGER NOT NULL,
  name TEXT NOT NULL,         -- allocations, frees, bytes_allocated, live_blocks,
                              -- live_bytes, peak_bytes, peak_blocks, peak_ms, ...
  value NUMERIC NOT NULL,
  meaning TEXT NOT NULL,
  PRIMARY KEY (process, name)
) WITHOUT ROWID;

-- Totals of each stack in each process: the top call sites without the blocks.
CREATE TABLE stack_totals (
  stack INTEGER NOT NULL,
  process INTEGER NOT NULL,
  allocations INTEGER NOT NULL, -- blocks allocated
  bytes INTEGER NOT NULL,       -- bytes allocated
  live_blocks INTEGER NOT NULL, -- not freed at the end
  live_bytes INTEGER NOT NULL,
  peak_blocks INTEGER NOT NULL, -- live when the process was at its peak of bytes
  peak_bytes INTEGER NOT NULL,
  own_peak_bytes INTEGER NOT NULL, -- most bytes of this stack live at one time; at
                                   -- least, of a library that had several addresses
  own_peak_ns INTEGER NOT NULL,    -- when that was first
  temporary INTEGER NOT NULL,      -- blocks freed by what their thread did next
  recorded INTEGER NOT NULL,       -- blocks in the database; allocations if not sampled
  PRIMARY KEY (stack, process)
) WITHOUT ROWID;

-- What was live over time, at some 1000 to 2000 points of a process.
CREATE TABLE timeline (
  process INTEGER NOT NULL,
  at_ms REAL NOT NULL,          -- end of an interval, since tracing began
  live_bytes INTEGER NOT NULL,  -- at its end
  live_blocks INTEGER NOT NULL,
  peak_bytes INTEGER NOT NULL,  -- most at one time within it
  allocations INTEGER NOT NULL, -- within it
  bytes INTEGER NOT NULL,       -- allocated within it
  PRIMARY KEY (process, at_ms)
) WITHOUT ROWID;

CREATE INDEX lots_by_stack ON lots (stack);
CREATE INDEX markers_by_time ON markers (process, at_ms);
CREATE INDEX scopes_by_time ON scopes (thread, depth, begin_ns);

-- The allocations, as one asks for them.
CREATE VIEW allocations AS SELECT
  b.block AS id,
  b.alloc_ns / 1e6 AS alloc_after,                     -- ms since tracing began
  (b.alloc_ns + b.lifetime_ns) / 1e6 AS dealloc_after, -- the same, NULL while live
  l.stack AS bt,                                       -- backtraces.id
  +b.size AS size, +b.addr AS addr,                    -- not by an index that SQLite makes
                                                       -- for one query, and asks for
                                                       -- each lot
  l.alloc_thread,                                      -- threads.thread
  l.free_thread AS dealloc_thread,                     -- NULL while live
  l.free_stack AS dealloc_bt,                          -- backtraces.id of the free
  l.end,                                               -- lots.end
  l.temporary, l.weight, l.process,
  l.leak                                               -- lots.leak
FROM lots l CROSS JOIN blocks b ON b.block BETWEEN l.first_block AND l.last_block;

-- Every frame of every stack, innermost first.
CREATE VIEW backtraces AS SELECT
  sf.stack AS id,    -- allocations.bt
  sf.frame_no,       -- 0 is the caller of the allocation function
  f.file, f.line, f.sym,
  m.path AS module,  -- file of the program or library
  f.address,         -- return address, in that file
  f.inline_depth
FROM stack_frames sf JOIN frames f USING (frame) LEFT JOIN modules m USING (module);

-- The call sites: every stack with its totals and its innermost frame.
CREATE VIEW call_sites AS SELECT
  t.stack AS bt, s.signature,
  sum(t.allocations) AS allocations, sum(t.bytes) AS bytes,
  sum(t.live_blocks) AS live_blocks, sum(t.live_bytes) AS live_bytes,
  sum(t.peak_blocks) AS peak_blocks, sum(t.peak_bytes) AS peak_bytes,
  max(t.own_peak_bytes) AS own_peak_bytes, -- and when that was:
  t.own_peak_ns / 1e6 AS own_peak_ms,
  sum(t.temporary) AS temporary,
  fn.name AS function, f.sym, f.file, f.line, m.path AS module
FROM stack_totals t JOIN stacks s ON s.stack = t.stack
LEFT JOIN functions fn ON fn.function = s.function
LEFT JOIN stack_frames sf ON sf.stack = t.stack AND sf.frame_no = 0
LEFT JOIN frames f ON f.frame = sf.frame LEFT JOIN modules m ON m.module = f.module
GROUP BY t.stack;

-- Blocks not freed at the end, by call site, of processes that were traced to it.
CREATE VIEW leaks AS SELECT
  bt, sum(t.live_blocks) AS blocks, sum(t.live_bytes) AS bytes, function, sym, file, line
FROM call_sites JOIN stack_totals t ON t.stack = bt JOIN processes USING (process)
WHERE t.live_blocks > 0 AND ending NOT IN ('stopped', 'snapshot')
GROUP BY bt;

-- The same by what pointers there were to the blocks when memory was scanned for leaks.
CREATE VIEW leak_kinds AS SELECT
  CASE l.leak WHEN 1 THEN 'definitely lost' WHEN 2 THEN 'indirectly lost'
    WHEN 3 THEN 'possibly lost' WHEN 4 THEN 'still reachable' ELSE 'unknown' END AS kind,
  CAST(round(sum(l.weight * (l.last_block - l.first_block + 1))) AS INTEGER) AS blocks,
  CAST(round(sum(l.weight * l.bytes)) AS INTEGER) AS bytes,
  l.stack AS bt,     -- backtraces.id
  f.sym, f.file, f.line, l.process
FROM lots l JOIN processes p ON p.process = l.process
LEFT JOIN stack_frames sf ON sf.stack = l.stack AND sf.frame_no = 0
LEFT JOIN frames f ON f.frame = sf.frame AND f.inline_depth = 0
WHERE l.end = 2 AND p.ending NOT IN ('stopped', 'snapshot')
GROUP BY l.process, l.stack, l.leak;

-- Blocks freed by a function of another family (new[] by delete, malloc by
-- delete, new by realloc), or by a sized free with the wrong size.
-- Both problems are two rows.
CREATE VIEW mismatches AS SELECT
  'family' AS problem,
  b.block AS id,              -- allocations.id
  l.stack AS bt,              -- backtraces.id
  l.free_stack AS dealloc_bt, -- the same, of the free
  b.size,
  NULL AS free_size,          -- bytes that the free said
  an.name AS allocated_by, fn.name AS freed_by, l.process, l.weight
FROM lots l CROSS JOIN stacks s ON s.stack = l.stack
CROSS JOIN stacks t ON t.stack = l.free_stack
CROSS JOIN functions an ON an.function = s.function
CROSS JOIN functions fn ON fn.function = t.function
CROSS JOIN blocks b ON b.block BETWEEN l.first_block AND l.last_block
WHERE an.family <> fn.family
UNION ALL SELECT
  'size', b.block, l.stack, l.free_stack, b.size, l.free_size, an.name, fn.name, l.process, l.weight
FROM lots l LEFT JOIN stacks s ON s.stack = l.stack LEFT JOIN stacks t ON t.stack = l.free_stack
LEFT JOIN functions an ON an.function = s.function
LEFT JOIN functions fn ON fn.function = t.function
CROSS JOIN blocks b ON b.block BETWEEN l.first_block AND l.last_block
WHERE l.free_size IS NOT NULL;

-- The moment when most bytes were live, of each process.
CREATE VIEW peaks AS SELECT
  process,
  max(value) FILTER (WHERE name = 'peak_ms') AS at_ms,
  max(value) FILTER (WHERE name = 'peak_bytes') AS bytes,
  max(value) FILTER (WHERE name = 'blocks_at_peak') AS blocks
FROM totals GROUP BY process;

-- What was live then: exactly these stacks.
CREATE VIEW peak_stacks AS SELECT
  t.process, t.stack AS bt, t.peak_blocks AS blocks, t.peak_bytes AS bytes,
  fn.name AS function, f.sym, f.file, f.line
FROM stack_totals t JOIN stacks s ON s.stack = t.stack
LEFT JOIN functions fn ON fn.function = s.function
LEFT JOIN stack_frames sf ON sf.stack = t.stack AND sf.frame_no = 0
LEFT JOIN frames f ON f.frame = sf.frame WHERE t.peak_blocks > 0;

-- Who freed what: pairs of stacks and of threads.
CREATE VIEW frees AS SELECT
  l.process, l.stack AS bt, l.free_stack AS dealloc_bt, l.alloc_thread,
  l.free_thread AS dealloc_thread, l.end, fn.name AS freed_by,
  CAST(round(sum((l.last_block - l.first_block + 1) * l.weight)) AS INTEGER) AS blocks,
  CAST(round(sum(l.bytes * l.weight)) AS INTEGER) AS bytes
FROM lots l LEFT JOIN stacks t ON t.stack = l.free_stack
LEFT JOIN functions fn ON fn.function = t.function
WHERE l.free_thread IS NOT NULL
GROUP BY l.stack, l.process, l.free_stack, l.alloc_thread, l.free_thread, l.end;

-- Sizes asked for, in powers of two, and what glibc's malloc gives for them on 64-bit
-- machines (large blocks, which have pages of their own, get more).
CREATE VIEW size_histogram AS SELECT
  process, class AS up_to, -- and more than half of it
  CAST(round(sum(weight)) AS INTEGER) AS blocks,
  CAST(round(sum(size * weight)) AS INTEGER) AS bytes,
  CAST(round(sum(max(24, (size + 23 & ~15) - 8) * weight)) AS INTEGER) AS glibc_usable
FROM (SELECT process, size, weight, CASE
  WHEN size <= 8 THEN 8 WHEN size <= 16 THEN 16 WHEN size <= 32 THEN 32
  WHEN size <= 64 THEN 64 WHEN size <= 128 THEN 128 WHEN size <= 256 THEN 256
  WHEN size <= 512 THEN 512 WHEN size <= 1024 THEN 1024 WHEN size <= 2048 THEN 2048
  WHEN size <= 4096 THEN 4096 WHEN size <= 8192 THEN 8192 WHEN size <= 16384 THEN 16384
  WHEN size <= 32768 THEN 32768 WHEN size <= 65536 THEN 65536
  WHEN size <= 131072 THEN 131072 WHEN size <= 262144 THEN 262144
  WHEN size <= 524288 THEN 524288 WHEN size <= 1048576 THEN 1048576
  WHEN size <= 16777216 THEN 16777216 WHEN size <= 268435456 THEN 268435456
  ELSE 9223372036854775807 END AS class FROM allocations)
GROUP BY process, class;

-- How long blocks lived, in powers of ten; NULL: longer than the trace.
CREATE VIEW lifetimes AS SELECT
  process,
  CASE digits WHEN 1 THEN 0 ELSE substr('1000000000000000000', 1, digits) / 1e6 END
    AS at_least_ms,
  substr('10000000000000000000', 1, digits + 1) / 1e6 AS below_ms,
  CAST(round(sum(weight)) AS INTEGER) AS blocks,
  CAST(round(sum(size * weight)) AS INTEGER) AS bytes
FROM (SELECT l.process, b.size, l.weight, length(b.lifetime_ns) AS digits
  FROM lots l CROSS JOIN blocks b ON b.block BETWEEN l.first_block AND l.last_block)
GROUP BY process, digits;

-- Totals of what allocated, under several headings.
CREATE VIEW thread_totals AS SELECT
  th.process, l.alloc_thread AS thread, th.number, th.tid, th.name,
  CAST(round(sum((l.last_block - l.first_block + 1) * l.weight)) AS INTEGER) AS allocations,
  CAST(round(sum(l.bytes * l.weight)) AS INTEGER) AS bytes,
  CAST(round(sum((l.last_block - l.first_block + 1) * l.weight * (l.end = 2))) AS INTEGER)
    AS live_blocks,
  CAST(round(sum(l.bytes * l.weight * (l.end = 2))) AS INTEGER) AS live_bytes,
  CAST(round(sum((l.last_block - l.first_block + 1) * l.weight
    * ifnull(l.free_thread <> l.alloc_thread, 0))) AS INTEGER) AS freed_elsewhere
FROM lots l LEFT JOIN threads th ON th.thread = l.alloc_thread
GROUP BY l.process, l.alloc_thread;

CREATE VIEW module_totals AS SELECT -- by the caller of the allocation function
  module, sum(allocations) AS allocations, sum(bytes) AS bytes,
  sum(live_blocks) AS live_blocks, sum(live_bytes) AS live_bytes,
  sum(peak_bytes) AS peak_bytes, sum(temporary) AS temporary
FROM call_sites GROUP BY module;

CREATE VIEW file_totals AS SELECT -- by the innermost frame that has a source file
  first.file, sum(t.allocations) AS allocations, sum(t.bytes) AS bytes,
  sum(t.live_blocks) AS live_blocks, sum(t.live_bytes) AS live_bytes,
  sum(t.peak_bytes) AS peak_bytes, sum(t.temporary) AS temporary
FROM stack_totals t LEFT JOIN (
  SELECT sf.stack, f.file, min(sf.frame_no) FROM stack_frames sf
  JOIN frames f USING (frame) WHERE f.file IS NOT NULL GROUP BY sf.stack
) AS first ON first.stack = t.stack GROUP BY first.file;

CREATE VIEW family_totals AS SELECT
  fn.family, fn.name AS function, sum(t.allocations) AS allocations,
  sum(t.bytes) AS bytes, sum(t.live_blocks) AS live_blocks,
  sum(t.live_bytes) AS live_bytes, sum(t.peak_bytes) AS peak_bytes
FROM stack_totals t JOIN stacks s USING (stack) LEFT JOIN functions fn USING (function)
GROUP BY fn.family, fn.name;

CREATE VIEW process_totals AS SELECT
  p.process, p.run, r.label, p.pid, p.parent_pid, p.executable, p.started, p.ending,
  max(t.value) FILTER (WHERE t.name = 'allocations') AS allocations,
  max(t.value) FILTER (WHERE t.name = 'bytes_allocated') AS bytes,
  max(t.value) FILTER (WHERE t.name = 'live_blocks') AS live_blocks,
  max(t.value) FILTER (WHERE t.name = 'live_bytes') AS live_bytes,
  max(t.value) FILTER (WHERE t.name = 'peak_bytes') AS peak_bytes,
  max(t.value) FILTER (WHERE t.name = 'temporary') AS temporary,
  max(t.value) FILTER (WHERE t.name = 'lost') AS lost
FROM processes p JOIN runs r USING (run) JOIN totals t USING (process) GROUP BY p.process;

-- The tree of calls with its totals: of a node and all below it, and (self) of what
-- was allocated by the node itself. The bars of a flame graph.
CREATE VIEW call_tree AS WITH RECURSIVE
own AS (
  SELECT s.top_down AS node, sum(t.allocations) AS allocations, sum(t.bytes) AS bytes,
    sum(t.live_bytes) AS live_bytes, sum(t.peak_bytes) AS peak_bytes
  FROM stack_totals t JOIN stacks s USING (stack) GROUP BY 1),
up AS (
  SELECT node, allocations, bytes, live_bytes, peak_bytes, bytes AS self_bytes FROM own
  UNION ALL SELECT d.parent, u.allocations, u.bytes, u.live_bytes, u.peak_bytes, 0
  FROM up u JOIN top_down d ON d.node = u.node WHERE d.parent IS NOT NULL)
SELECT d.node, d.parent, d.depth, d.sym,
  sum(u.allocations) AS allocations, sum(u.bytes) AS bytes,
  sum(u.live_bytes) AS live_bytes, sum(u.peak_bytes) AS peak_bytes,
  sum(u.self_bytes) AS self_bytes
FROM up u JOIN top_down d ON d.node = u.node GROUP BY d.node;

-- The same from the innermost function: who called it, who called that, ...
CREATE VIEW caller_tree AS WITH RECURSIVE
own AS (
  SELECT s.bottom_up AS node, sum(t.allocations) AS allocations, sum(t.bytes) AS bytes,
    sum(t.live_bytes) AS live_bytes, sum(t.peak_bytes) AS peak_bytes
  FROM stack_totals t JOIN stacks s USING (stack) GROUP BY 1),
up AS (
  SELECT node, allocations, bytes, live_bytes, peak_bytes FROM own
  UNION ALL SELECT d.parent, u.allocations, u.bytes, u.live_bytes, u.peak_bytes
  FROM up u JOIN bottom_up d ON d.node = u.node WHERE d.parent IS NOT NULL)
SELECT d.node, d.parent, d.depth, d.sym,
  sum(u.allocations) AS allocations, sum(u.bytes) AS bytes,
  sum(u.live_bytes) AS live_bytes, sum(u.peak_bytes) AS peak_bytes
FROM up u JOIN bottom_up d ON d.node = u.node GROUP BY d.node;

-- Blocks that were allocated in a scope, by its thread: one row for each block and each
-- of the scopes that it was allocated in.
CREATE VIEW scope_allocations AS WITH RECURSIVE around(inner, scope) AS (
  SELECT scope, scope FROM scopes
  UNION ALL SELECT a.inner, s.parent FROM around a JOIN scopes s USING (scope)
  WHERE s.parent IS NOT NULL)
SELECT
  s.scope, s.name, s.process,
  a.inner = s.scope AS direct,                         -- 0: in a scope inside it
  b.block AS id,                                       -- allocations.id
  l.stack AS bt,                                       -- backtraces.id
  b.size, l.weight,
  b.alloc_ns / 1e6 AS alloc_after,
  (b.alloc_ns + b.lifetime_ns) / 1e6 AS dealloc_after, -- NULL while live
  ifnull(b.alloc_ns + b.lifetime_ns >= s.end_ns, l.end <> 3) AS kept, -- 1: live when it ended
  l.end = 2 AS live                                    -- 1: live when the trace ended
FROM lots l CROSS JOIN blocks b ON b.block BETWEEN l.first_block AND l.last_block
CROSS JOIN scope_changes c ON c.thread = l.alloc_thread AND c.at_ns = (
  SELECT max(at_ns) FROM scope_changes WHERE thread = l.alloc_thread AND at_ns <= b.alloc_ns)
CROSS JOIN around a ON a.inner = c.scope CROSS JOIN scopes s ON s.scope = a.scope;

-- Every scope with what its thread allocated in it, scopes inside it included.
CREATE VIEW scope_totals AS SELECT
  s.scope, s.process, s.thread, s.name, s.parent, s.depth,
  s.begin_ns / 1e6 AS begin_ms, s.end_ns / 1e6 AS end_ms, s.ending,
  ifnull(t.allocations, 0) AS allocations, ifnull(t.bytes, 0) AS bytes,
  ifnull(t.kept_blocks, 0) AS kept_blocks, ifnull(t.kept_bytes, 0) AS kept_bytes,
  ifnull(t.live_blocks, 0) AS live_blocks, ifnull(t.live_bytes, 0) AS live_bytes
FROM scopes s LEFT JOIN (
  SELECT scope, CAST(round(sum(weight)) AS INTEGER) AS allocations,
    CAST(round(sum(size * weight)) AS INTEGER) AS bytes,
    CAST(round(sum(weight * kept)) AS INTEGER) AS kept_blocks, -- live when it ended
    CAST(round(sum(size * weight * kept)) AS INTEGER) AS kept_bytes,
    CAST(round(sum(weight * live)) AS INTEGER) AS live_blocks, -- when the trace ended
    CAST(round(sum(size * weight * live)) AS INTEGER) AS live_bytes
  FROM scope_allocations GROUP BY scope) t ON t.scope = s.scope;

-- What lies between marks: the time before the first one, phase 0, and from each to the
-- next one of the process. The last one ends a nanosecond after the last event.
CREATE VIEW phases AS
SELECT process, 0 AS phase, '' AS name, 0.0 AS begin_ms, ifnull(
  (SELECT min(at_ms) FROM markers m WHERE m.process = p.process), duration_ms + 1e-6) AS end_ms
FROM processes p
UNION ALL SELECT
  process, marker,
  text,  -- the mark's
  at_ms, lead(at_ms, 1, max(at_ms, duration_ms) + 1e-6)
    OVER (PARTITION BY process ORDER BY at_ms, marker)
FROM markers JOIN processes USING (process);

-- Every block with the phase that it was allocated in, by whatever thread.
CREATE VIEW phase_allocations AS SELECT
  a.process, p.phase, p.name, a.id, a.bt, a.size, a.weight, a.alloc_after, a.dealloc_after,
  ifnull(a.dealloc_after >= p.end_ms, a.end <> 3) AS kept, -- 1: live when it ended
  a.end = 2 AS live                                       -- 1: live when the trace ended
FROM (SELECT *, ifnull((
  SELECT marker FROM markers m WHERE m.process = o.process AND m.at_ms <= o.alloc_after
  ORDER BY m.at_ms DESC, m.marker DESC LIMIT 1), 0) AS phase FROM allocations o) a
CROSS JOIN phases p ON p.process = a.process AND p.phase = a.phase;

-- Every phase with what was allocated in it.
CREATE VIEW phase_totals AS SELECT
  p.process, p.phase, p.name, p.begin_ms, p.end_ms,
  ifnull(t.allocations, 0) AS allocations, ifnull(t.bytes, 0) AS bytes,
  ifnull(t.kept_blocks, 0) AS kept_blocks, ifnull(t.kept_bytes, 0) AS kept_bytes,
  ifnull(t.live_blocks, 0) AS live_blocks, ifnull(t.live_bytes, 0) AS live_bytes
FROM phases p LEFT JOIN (
  SELECT process, phase, CAST(round(sum(weight)) AS INTEGER) AS allocations,
    CAST(round(sum(size * weight)) AS INTEGER) AS bytes,
    CAST(round(sum(weight * kept)) AS INTEGER) AS kept_blocks, -- live when it ended
    CAST(round(sum(size * weight * kept)) AS INTEGER) AS kept_bytes,
    CAST(round(sum(weight * live)) AS INTEGER) AS live_blocks, -- when the trace ended
    CAST(round(sum(size * weight * live)) AS INTEGER) AS live_bytes
  FROM phase_allocations GROUP BY process, phase) t ON t.process = p.process AND t.phase = p.phase;

-- How much of a process is known: losses, and allocations without a whole stack.
CREATE VIEW coverage AS
SELECT process, reason, count, meaning FROM losses
UNION ALL SELECT process, 'stack_unsampled', sum(recorded * unsampled),
  'Allocations whose stack was not taken (RHEAPER_SAMPLE_RATE).'
  FROM stack_totals JOIN stacks USING (stack) GROUP BY process
UNION ALL SELECT process, 'stack_truncated', sum(recorded * truncated),
  'Allocations whose stack was deeper than what was recorded of it.'
  FROM stack_totals JOIN stacks USING (stack) GROUP BY process
UNION ALL SELECT process, 'stack_incomplete',
  sum(recorded * (incomplete AND NOT unsampled)),
  'Allocations whose stack does not reach the outermost frame.'
  FROM stack_totals JOIN stacks USING (stack) GROUP BY process;
