-- SPDX-License-Identifier: MIT
--
-- The database that rheaper-load writes and every other program reads.
-- The base tables are compact; the views (allocations, backtraces, ...) are
-- the interface. Times in base tables are nanoseconds since tracing began,
-- in views milliseconds with fractions. Indexes are made after the load.
-- A change of a table or column raises user_version (docs/schema.md).

PRAGMA application_id = 0x72686561; -- 'rhea'
PRAGMA user_version = 2;

-- One row per traced process.
CREATE TABLE processes (
  process INTEGER PRIMARY KEY, -- number in this database, from 1
  trace TEXT NOT NULL,         -- path of the trace file as given
  pid INTEGER NOT NULL,        -- process id
  executable TEXT NOT NULL,    -- path of the program
  started TEXT NOT NULL,       -- UTC, ISO 8601 with milliseconds
  duration_ms REAL NOT NULL,   -- from the start of tracing to the last event
  scope TEXT NOT NULL,         -- 'process': every allocation; 'link': own objects
  max_stack_depth INTEGER NOT NULL, -- frames recorded at the most
  sample_bytes INTEGER NOT NULL,    -- mean bytes between samples, 0: everything
  sample_rate REAL NOT NULL,        -- share of allocations whose stack was taken
  runtime_version TEXT NOT NULL,    -- of the runtime in the program
  loader_version TEXT NOT NULL,     -- of the rheaper-load that wrote this
  ending TEXT NOT NULL              -- 'exited'; 'stopped' (by RHEAPER_MAX_BYTES);
                                    -- 'failed: WHY' (the trace could not be written);
                                    -- 'unknown': killed, or ended by _exit or exec,
                                    -- or running still
);

-- Threads that recorded anything.
CREATE TABLE threads (
  thread INTEGER PRIMARY KEY, -- number, from 1
  tid INTEGER NOT NULL,       -- the kernel's thread id
  name TEXT NOT NULL          -- as the thread was called when first seen
);

-- Mapped objects: the program, its shared libraries, what dlopen brought.
CREATE TABLE modules (
  module INTEGER PRIMARY KEY, -- number, from 1
  path TEXT NOT NULL,         -- file
  build_id TEXT NOT NULL,     -- hexadecimal, '' if it has none
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
  address INTEGER NOT NULL,      -- return address in the process
  module INTEGER,                -- modules.module, NULL if unknown
  inline_depth INTEGER NOT NULL, -- 0 unless functions were inlined
  sym TEXT NOT NULL,             -- function, demangled; module+0xoffset if unknown
  file TEXT,                     -- source file, NULL if unknown
  line INTEGER                   -- line in it, NULL if unknown
);

-- Call stacks: which function was called, and from where. Stack 0 is unknown.
CREATE TABLE stacks (
  stack INTEGER PRIMARY KEY,  -- number, from 1, in order of first use
  function INTEGER NOT NULL,  -- functions.function
  depth INTEGER NOT NULL,     -- frames, inlined ones counted
  truncated INTEGER NOT NULL, -- 1: deeper than max_stack_depth
  incomplete INTEGER NOT NULL -- 1: unwinding stopped early (no unwind information)
);

-- Frames of a stack. frame_no 0 is the caller of the allocation function.
CREATE TABLE stack_frames (
  stack INTEGER NOT NULL,
  frame_no INTEGER NOT NULL,
  frame INTEGER NOT NULL,     -- frames.frame
  PRIMARY KEY (stack, frame_no)
) WITHOUT ROWID;

-- Every allocation, in the order in which they were freed; then those live
-- at the end. A realloc ends one allocation and begins another.
CREATE TABLE blocks (
  alloc_ns INTEGER NOT NULL,  -- when the allocator had returned it
  lifetime_ns INTEGER,        -- until its free was called, NULL if that was not seen
  stack INTEGER NOT NULL,     -- where it was allocated, 0: unknown
  size INTEGER NOT NULL,      -- bytes asked for
  addr INTEGER NOT NULL,      -- address
  alloc_thread INTEGER NOT NULL,
  free_thread INTEGER,        -- NULL as lifetime_ns
  free_stack INTEGER,         -- where it was freed, 0: unknown, NULL as lifetime_ns
  end INTEGER NOT NULL        -- 0 freed, 1 realloc, 2 live, 3 its free was not
                              -- seen (the address was handed out again),
                              -- 4 in realloc when the trace ended
);

-- Blocks that a sized free (sized operator delete, free_sized) called smaller or
-- larger than they were allocated.
CREATE TABLE wrong_sizes (
  block INTEGER PRIMARY KEY,  -- blocks.rowid, allocations.id
  free_size INTEGER NOT NULL  -- bytes that the free said
);

-- Marks set by the program (rheaper_mark).
CREATE TABLE markers (
  at_ms REAL NOT NULL,        -- milliseconds since tracing began
  thread INTEGER NOT NULL,
  text TEXT NOT NULL
);

-- What is missing or could not be paired, one row per reason; count 0 too.
CREATE TABLE losses (
  reason TEXT PRIMARY KEY,    -- short name
  count INTEGER NOT NULL,     -- events
  meaning TEXT NOT NULL       -- one sentence
) WITHOUT ROWID;

-- Totals of the whole trace, computed while loading.
CREATE TABLE totals (
  name TEXT PRIMARY KEY,      -- allocations, frees, bytes_allocated, live_blocks,
                              -- live_bytes, peak_bytes, peak_blocks, peak_ms, ...
  value NUMERIC NOT NULL,
  meaning TEXT NOT NULL
) WITHOUT ROWID;

-- Totals of each stack: the top call sites without a scan of blocks.
CREATE TABLE stack_totals (
  stack INTEGER PRIMARY KEY,
  allocations INTEGER NOT NULL, -- blocks allocated
  bytes INTEGER NOT NULL,       -- bytes allocated
  live_blocks INTEGER NOT NULL, -- not freed at the end
  live_bytes INTEGER NOT NULL
);

-- The allocations, as one asks for them.
CREATE VIEW allocations AS SELECT
  blocks.rowid AS id,
  alloc_ns / 1e6 AS alloc_after,                   -- ms since tracing began
  (alloc_ns + lifetime_ns) / 1e6 AS dealloc_after, -- the same, NULL while live
  stack AS bt,                                     -- backtraces.id
  size, addr, alloc_thread,
  free_thread AS dealloc_thread,                   -- NULL while live
  free_stack AS dealloc_bt,                        -- backtraces.id of the free
  end
FROM blocks;

-- Every frame of every stack, innermost first.
CREATE VIEW backtraces AS SELECT
  sf.stack AS id,    -- allocations.bt
  sf.frame_no,       -- 0 is the caller of the allocation function
  f.file, f.line, f.sym,
  m.path AS module,  -- file of the program or library
  f.address,         -- return address
  f.inline_depth
FROM stack_frames sf JOIN frames f USING (frame) LEFT JOIN modules m USING (module);

-- Blocks not freed at the end, by call site.
CREATE VIEW leaks AS SELECT
  stack_totals.stack AS bt, live_blocks AS blocks, live_bytes AS bytes,
  fn.name AS function, f.sym, f.file, f.line
FROM stack_totals JOIN stacks USING (stack) LEFT JOIN functions fn USING (function)
LEFT JOIN stack_frames sf ON sf.stack = stack_totals.stack AND sf.frame_no = 0
LEFT JOIN frames f ON f.frame = sf.frame
WHERE live_blocks > 0;

-- Blocks freed by a function of another family (new[] by delete, malloc by
-- delete, new by realloc), or by a sized free with the wrong size.
CREATE VIEW mismatches AS SELECT
  'family' AS problem,
  b.rowid AS id,              -- allocations.id
  b.stack AS bt,              -- backtraces.id
  b.free_stack AS dealloc_bt, -- the same, of the free
  b.size,
  NULL AS free_size,          -- bytes that the free said
  an.name AS allocated_by, fn.name AS freed_by
FROM blocks b CROSS JOIN stacks s ON s.stack = b.stack
CROSS JOIN stacks t ON t.stack = b.free_stack
CROSS JOIN functions an ON an.function = s.function
CROSS JOIN functions fn ON fn.function = t.function
WHERE an.family <> fn.family
UNION ALL SELECT
  'size', b.rowid, b.stack, b.free_stack, b.size, w.free_size, an.name, fn.name
FROM wrong_sizes w JOIN blocks b ON b.rowid = w.block
LEFT JOIN stacks s ON s.stack = b.stack LEFT JOIN functions an ON an.function = s.function
LEFT JOIN stacks t ON t.stack = b.free_stack LEFT JOIN functions fn ON fn.function = t.function;
