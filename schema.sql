-- SPDX-License-Identifier: MIT
--
-- The database that rheaper-load writes and every other program reads. A database holds
-- any number of traces: `processes` lists them; stacks, frames, modules and allocators
-- are shared by all.
--
-- Ask the views; the base tables are what they are made of. Words:
--   allocation, block  what an allocator handed out; a realloc that succeeds ends one
--                      block and begins another
--   stack              the call stack that allocated; free_stack the one that freed
--   thread             the number of a thread in this database
--   process            the number of a traced process in this database
--   function           the name of a function of the program, demangled
--   owner              the frame of a stack that a reader looks for: the innermost one
--                      that is neither of a library of C, C++ or Rust nor of a wrapper
--   wrapper            a function that hands on what an allocator gave it
--   allocator          a function that allocates or frees, as the program called it;
--                      views give its name as allocated_by or freed_by
--   module             the number of a program or shared library; module_path its file
--   size               bytes asked for, of one block
--   inner block        one that a declared allocator handed out of a block of another one.
--                      Its memory is that of the outer block, so that only the tables and
--                      views whose names begin with inner_ have it
--   live               not freed yet; at the end, if nothing else is said
-- A name that ends in _ns or _ms is a time in nanoseconds or milliseconds since tracing
-- began, or a duration; _bytes is a number of bytes. NULL is "unknown" or "none".
-- Counts and bytes of a sampled trace are estimates.
--
-- A change of a table or column raises user_version (docs/reference/schema.md).

PRAGMA application_id = 0x72686561; -- 'rhea'
PRAGMA user_version = 9;

-- How a block ended.
CREATE TABLE block_endings (
  ending INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  live INTEGER NOT NULL,       -- 1: it was live when the trace ended
  known INTEGER NOT NULL,      -- 0: nobody knows when it ended
  meaning TEXT NOT NULL
) STRICT;
INSERT INTO block_endings VALUES
  (0, 'freed', 0, 1, 'A free was recorded.'),
  (1, 'resized', 0, 1, 'A realloc ended it and began another block.'),
  (2, 'live', 1, 1, 'It was not freed before the trace ended.'),
  (3, 'unseen', 0, 0, 'Its address was handed out again, and no free was recorded.'),
  (4, 'in_realloc', 0, 1, 'The trace ended in a realloc of it.'),
  (5, 'released', 0, 1, 'The block that it lay in ended, or its pool; nobody freed it itself.'),
  (6, 'collected', 0, 0, 'A garbage collector had it, and may have freed it at any time.');

-- What a leak scan found of a block that was live at the end.
CREATE TABLE leak_kinds (
  leak_kind INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  meaning TEXT NOT NULL
) STRICT;
INSERT INTO leak_kinds VALUES
  (0, 'not scanned', 'Memory was not scanned, or the block is younger than the scan.'),
  (1, 'definitely lost', 'No pointer to it was found.'),
  (2, 'indirectly lost', 'Only lost blocks point to it, or it lies in one.'),
  (3, 'possibly lost', 'Only pointers into its middle were found.'),
  (4, 'still reachable', 'A pointer to it was found.');

-- How a scope ended.
CREATE TABLE scope_endings (
  ending INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  meaning TEXT NOT NULL
) STRICT;
INSERT INTO scope_endings VALUES
  (0, 'ended', 'The program ended it.'),
  (1, 'left', 'A scope around it ended first: longjmp, or another thread ended it.'),
  (2, 'open', 'The trace ended first; end_ns is after its last event.');

-- One row for each rheaper-load that wrote to this database.
CREATE TABLE runs (
  run INTEGER PRIMARY KEY,     -- number, from 1
  label TEXT NOT NULL,         -- as given by --label, or ''
  loaded_at TEXT NOT NULL,     -- UTC, ISO 8601
  loader_version TEXT NOT NULL -- of the rheaper-load that wrote this
) STRICT;

-- One row for each traced process.
CREATE TABLE processes (
  process INTEGER PRIMARY KEY,      -- number, from 1, by start time within a run
  run INTEGER NOT NULL REFERENCES runs,
  trace_path TEXT NOT NULL,         -- of the trace file, as given
  pid INTEGER NOT NULL,             -- process id
  parent_pid INTEGER,               -- of its parent
  executable TEXT NOT NULL,         -- path of the program
  command_line TEXT,                -- its words, as a JSON array
  host TEXT,                        -- name of the machine
  started_at TEXT NOT NULL,         -- when tracing began: UTC, ISO 8601, milliseconds
  duration_ms REAL NOT NULL,        -- from the start of tracing to the last event
  pointer_size INTEGER NOT NULL,    -- bytes of an address
  capture TEXT NOT NULL,            -- 'process': all allocations; 'link': those of the
                                    -- program's own objects
  max_stack_depth INTEGER NOT NULL, -- frames of a stack that are kept
  max_trackers INTEGER NOT NULL,    -- threads that record at the same time
  event_buffer INTEGER NOT NULL,    -- events in a thread's buffer
  max_bytes INTEGER NOT NULL,       -- size limit of the trace, 0: none
  ring INTEGER NOT NULL,            -- 1: the newest max_bytes were kept
  sample_bytes INTEGER NOT NULL,    -- mean bytes between samples, 0: every block
  sample_rate REAL NOT NULL,        -- share of allocations whose stack was taken
  free_stacks INTEGER NOT NULL,     -- 1: the stacks of frees are whole
  runtime_version TEXT NOT NULL,    -- of the runtime in the program
  started_unix_ns INTEGER NOT NULL, -- when tracing began, since 1970; this, pid and
  started_ticks INTEGER NOT NULL,   -- the clock's ticks then identify a trace
  ending TEXT NOT NULL,             -- how the trace ended:
                                    -- 'exited': the program exited
                                    -- 'stopped': tracking was switched off
                                    -- 'snapshot': it is a copy, and the program went on
                                    -- 'full': RHEAPER_MAX_BYTES was reached
                                    -- 'failed': it could not be written
                                    -- 'executed': the process went on as another
                                    -- program, by exec
                                    -- 'unknown': the program was killed, called _exit,
                                    -- or is still running
                                    -- Blocks still live when a trace was 'stopped' or
                                    -- 'executed', or is a 'snapshot', are not leaks, but
                                    -- for those that a leak scan had found lost.
  ending_error TEXT,                -- why it 'failed'
  leak_scan TEXT,                   -- 'made', 'failed'; NULL: none was asked for
  leak_scan_error TEXT,             -- why it 'failed'
  leak_scan_ns INTEGER,             -- when memory was last scanned for leaks
  leak_scan_threads INTEGER NOT NULL, -- other threads then, whose registers were not seen
  exit_threads INTEGER NOT NULL,    -- threads that ran on when it 'exited' or 'executed':
                                    -- each may have been inside an event that was
                                    -- never written
  forked INTEGER NOT NULL,          -- 1: by a traced process, which counts it
  counted_in INTEGER,               -- started_unix_ns of that, in a child's first trace
  began_late INTEGER NOT NULL,      -- 1: the program ran already when tracing began
  silent_children INTEGER NOT NULL, -- forked children that allocated, unrecorded
  executed_children INTEGER NOT NULL, -- the same that went on as other programs
  followed_children INTEGER NOT NULL  -- those that have traces of their own
) STRICT;

-- What the program's build said of itself (rheaper-cc --rheaper-label).
CREATE TABLE build_labels (
  process INTEGER NOT NULL REFERENCES processes,
  name TEXT NOT NULL,         -- as the build gave it: 'version', 'commit', ...
  value TEXT NOT NULL,
  PRIMARY KEY (process, name)
) STRICT, WITHOUT ROWID;

-- Threads that recorded anything.
CREATE TABLE threads (
  thread INTEGER PRIMARY KEY, -- number, from 1
  process INTEGER NOT NULL REFERENCES processes,
  number INTEGER NOT NULL,    -- in its process, from 1
  tid INTEGER NOT NULL,       -- the kernel's thread id
  name TEXT NOT NULL          -- the last one that it had (docs/reference/limits.md)
) STRICT;

-- Programs and shared libraries, one row for each build.
CREATE TABLE modules (
  module INTEGER PRIMARY KEY, -- number, from 1
  path TEXT NOT NULL,         -- file, as the first process that had it knew it
  build_id TEXT NOT NULL,     -- hexadecimal, '' if it has none
  symbols TEXT                -- what was found when its functions were looked up last:
                              -- 'found', 'no file', 'not ELF', 'other build', 'newer'
                              -- (than the trace, without a build-id to tell),
                              -- 'unreadable' (debug information that libdw cannot
                              -- decompress); NULL: they were not looked up
                              -- (--no-symbols, or no stack has code of it)
) STRICT;

-- Where a process had mapped them.
CREATE TABLE process_modules (
  process INTEGER NOT NULL REFERENCES processes,
  module INTEGER NOT NULL REFERENCES modules,
  start_address INTEGER NOT NULL, -- first one mapped
  end_address INTEGER NOT NULL,   -- first one after it
  bias INTEGER NOT NULL           -- an address minus this is the address in the file
) STRICT;

-- Functions that allocate or free, as the program called them.
CREATE TABLE allocators (
  allocator INTEGER PRIMARY KEY, -- number, from 1
  name TEXT NOT NULL,            -- e.g. malloc, operator new(unsigned long)
  family TEXT NOT NULL           -- blocks of one family may free each other
) STRICT;

-- Distinct code addresses, one row for each function inlined there: the innermost inline
-- function is inline_depth 0, the one that holds the code is the last.
CREATE TABLE frames (
  frame INTEGER PRIMARY KEY,
  address INTEGER NOT NULL,      -- return address, in the module's file; in the
                                 -- process if the module is unknown
  exact INTEGER NOT NULL,        -- 1: an interrupted instruction, not a return address
  module INTEGER REFERENCES modules,
  inline_depth INTEGER NOT NULL, -- 0 unless functions were inlined
  inferred INTEGER NOT NULL,     -- 1: it was not on the stack: the function ended in a jump
                                 -- (a tail call), and the debug information has only
                                 -- this way; address is behind the jump
  function TEXT NOT NULL,        -- demangled; FILE+0xOFFSET if unknown
  file TEXT,                     -- source file
  line INTEGER                   -- line in it
) STRICT;

-- All stacks as a tree of functions, from the outermost one: callers are parents. The
-- view top_down has the names, call_tree the totals.
CREATE TABLE top_down_nodes (
  node INTEGER PRIMARY KEY,      -- number; 0 is the root, parents before children
  parent INTEGER REFERENCES top_down_nodes,
  depth INTEGER NOT NULL,        -- 0 for the root
  frame INTEGER REFERENCES frames -- one of its function; NULL: the root
) STRICT;

-- The same from the innermost function: callers are children (views bottom_up and
-- caller_tree).
CREATE TABLE bottom_up_nodes (
  node INTEGER PRIMARY KEY,
  parent INTEGER REFERENCES bottom_up_nodes,
  depth INTEGER NOT NULL,
  frame INTEGER REFERENCES frames
) STRICT;

-- Call stacks: which allocator was called, and from where. Stack 0 is unknown.
CREATE TABLE stacks (
  stack INTEGER PRIMARY KEY,     -- number, from 1, in order of first use; it stays the
                                 -- same as long as the database lives
  signature TEXT NOT NULL,       -- hash of the names of its functions: the same in other
                                 -- databases, after a rebuild, on other machines
  allocator INTEGER REFERENCES allocators,
  depth INTEGER NOT NULL,        -- frames, inlined ones counted
  truncated INTEGER NOT NULL,    -- 1: deeper than max_stack_depth
  incomplete INTEGER NOT NULL,   -- 1: does not reach the outermost frame
  damaged INTEGER NOT NULL,      -- 1: frames are missing from the trace
  unsampled INTEGER NOT NULL,    -- 1: was not taken (RHEAPER_SAMPLE_RATE)
  top_down_node INTEGER NOT NULL REFERENCES top_down_nodes, -- of its innermost function
  bottom_up_node INTEGER NOT NULL REFERENCES bottom_up_nodes, -- of its outermost function
  owner_frame_no INTEGER NOT NULL, -- the frame_no of its owner; 0 if there is no better one
  owner_chain INTEGER NOT NULL REFERENCES owner_chains,
  first_frame INTEGER REFERENCES frames, -- the innermost one; NULL: it has none
  owner_frame INTEGER REFERENCES frames, -- that of its owner
  frames TEXT NOT NULL           -- numbers of all of them as a JSON array, the innermost
                                 -- first (view stack_frames)
) STRICT;

-- How memory came to the owners of stacks.
CREATE TABLE owner_chains (
  owner_chain INTEGER PRIMARY KEY, -- number, from 1
  text TEXT NOT NULL               -- e.g. malloc ← jv_mem_alloc ← jv_string, in short names
) STRICT;

-- Functions of the program that are wrappers around allocators, as all its traces show.
CREATE TABLE wrappers (
  function TEXT PRIMARY KEY,
  found_by TEXT NOT NULL         -- 'rule': from the stacks; 'name': --wrapper named it
) STRICT, WITHOUT ROWID;

-- Lots: blocks with the same origin and the same end, which have consecutive numbers.
-- All totals by stack and thread come from here, without reading the blocks.
CREATE TABLE lots (
  process INTEGER NOT NULL REFERENCES processes,
  stack INTEGER NOT NULL REFERENCES stacks,
  alloc_thread INTEGER REFERENCES threads,
  free_thread INTEGER REFERENCES threads,
  free_stack INTEGER REFERENCES stacks, -- NULL: no free was recorded
  ending INTEGER NOT NULL REFERENCES block_endings,
  temporary INTEGER NOT NULL,  -- 1: its thread freed it next, before anything else
  free_size INTEGER,           -- what a sized free said, if that was wrong
  weight REAL NOT NULL,        -- blocks for which each stands: 1 if not sampled
  first_block INTEGER NOT NULL,
  last_block INTEGER NOT NULL,
  bytes INTEGER NOT NULL,      -- of these blocks, not weighed
  leak_kind INTEGER REFERENCES leak_kinds, -- of live blocks
  leak_owner INTEGER REFERENCES stacks -- of indirectly lost blocks: the stack of the
                               -- definitely lost one that they hang below
) STRICT;

-- The same of inner blocks.
CREATE TABLE inner_lots (
  process INTEGER NOT NULL REFERENCES processes,
  stack INTEGER NOT NULL REFERENCES stacks,
  alloc_thread INTEGER REFERENCES threads,
  free_thread INTEGER REFERENCES threads,
  free_stack INTEGER REFERENCES stacks,
  ending INTEGER NOT NULL REFERENCES block_endings,
  temporary INTEGER NOT NULL,
  free_size INTEGER,
  weight REAL NOT NULL,
  first_block INTEGER NOT NULL,
  last_block INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  leak_kind INTEGER REFERENCES leak_kinds, -- what the outermost block makes of it
  leak_owner INTEGER REFERENCES stacks, -- the stack of that if it is lost, or of what it is
                               -- lost with; without a scan, the stack of that
  outer_stack INTEGER NOT NULL REFERENCES stacks -- of the innermost block that it lay in
) STRICT;

-- Every block, in the order of lots. Not STRICT: to check each value costs 2 % of a load,
-- and the loader makes nothing but integers of them.
CREATE TABLE blocks (
  block INTEGER PRIMARY KEY,
  alloc_ns INTEGER NOT NULL,  -- when the allocator had returned it
  lifetime_ns INTEGER,        -- until its free was called
  size INTEGER NOT NULL,      -- bytes asked for
  address INTEGER NOT NULL
);

-- Blocks that were resized: one row for each chain of reallocs.
CREATE TABLE realloc_chains (
  process INTEGER NOT NULL REFERENCES processes,
  first_stack INTEGER NOT NULL REFERENCES stacks, -- that allocated the first block
  last_stack INTEGER NOT NULL REFERENCES stacks,  -- that resized it last
  reallocs INTEGER NOT NULL,     -- that succeeded
  moves INTEGER NOT NULL,        -- of them, how many gave another address
  copied_bytes INTEGER NOT NULL, -- by these
  first_size INTEGER NOT NULL,
  final_size INTEGER NOT NULL
) STRICT;

-- Marks that the program set (rheaper_mark).
CREATE TABLE markers (
  marker INTEGER PRIMARY KEY, -- number, from 1, by process and time
  process INTEGER NOT NULL REFERENCES processes,
  at_ms REAL NOT NULL,
  thread INTEGER REFERENCES threads,
  text TEXT NOT NULL
) STRICT;

-- Scopes: what a thread did between rheaper_begin and rheaper_end, or in the block of a
-- RHEAPER_SCOPE. The time begin_ns belongs to it, end_ns no longer.
CREATE TABLE scopes (
  scope INTEGER PRIMARY KEY,  -- number, from 1, by process, thread and time
  process INTEGER NOT NULL REFERENCES processes,
  thread INTEGER NOT NULL REFERENCES threads,
  name TEXT NOT NULL,
  parent INTEGER REFERENCES scopes, -- the scope around it
  depth INTEGER NOT NULL,     -- 0: no scope is around it
  begin_ns INTEGER NOT NULL,
  end_ns INTEGER NOT NULL,
  ending INTEGER NOT NULL REFERENCES scope_endings
) STRICT;

-- Which scope a thread is in: from at_ns on, in this one and in no deeper one.
CREATE TABLE scope_changes (
  thread INTEGER NOT NULL REFERENCES threads,
  at_ns INTEGER NOT NULL,
  scope INTEGER REFERENCES scopes, -- NULL: in none
  PRIMARY KEY (thread, at_ns)
) STRICT, WITHOUT ROWID;

-- What is missing from a trace or could not be paired. Each reason has a row; its count
-- may be 0.
CREATE TABLE losses (
  process INTEGER NOT NULL REFERENCES processes,
  reason TEXT NOT NULL,       -- short name
  count INTEGER NOT NULL,     -- events
  meaning TEXT NOT NULL,      -- one sentence
  PRIMARY KEY (process, reason)
) STRICT, WITHOUT ROWID;

-- Totals of a whole trace.
CREATE TABLE totals (
  process INTEGER NOT NULL REFERENCES processes,
  name TEXT NOT NULL,         -- allocations, allocated_bytes, peak_bytes, ...
  value INTEGER NOT NULL,
  meaning TEXT NOT NULL,      -- one sentence
  PRIMARY KEY (process, name)
) STRICT, WITHOUT ROWID;

-- Totals of each stack in each process: the top call sites without reading the blocks.
CREATE TABLE stack_totals (
  stack INTEGER NOT NULL REFERENCES stacks,
  process INTEGER NOT NULL REFERENCES processes,
  allocations INTEGER NOT NULL,      -- blocks allocated
  allocated_bytes INTEGER NOT NULL,
  live_blocks INTEGER NOT NULL,
  live_bytes INTEGER NOT NULL,
  peak_blocks INTEGER NOT NULL,      -- live when the process was at its peak of bytes
  peak_bytes INTEGER NOT NULL,
  own_peak_bytes INTEGER NOT NULL,   -- most bytes of this stack live at one time; at
                                     -- least, of a library that had several addresses
  own_peak_ns INTEGER NOT NULL,      -- when that was first
  temporary_blocks INTEGER NOT NULL, -- that their thread freed next
  recorded_blocks INTEGER NOT NULL,  -- in the database; allocations if not sampled
  PRIMARY KEY (stack, process)
) STRICT, WITHOUT ROWID;

-- What was live over time, at some 1000 to 2000 points of a process.
CREATE TABLE timeline (
  process INTEGER NOT NULL REFERENCES processes,
  at_ms REAL NOT NULL,               -- the end of an interval
  live_bytes INTEGER NOT NULL,       -- at its end
  live_blocks INTEGER NOT NULL,
  peak_bytes INTEGER NOT NULL,       -- most at one time within it
  low_bytes INTEGER NOT NULL,        -- least at one time within it
  allocations INTEGER NOT NULL,      -- within it
  allocated_bytes INTEGER NOT NULL,  -- within it
  PRIMARY KEY (process, at_ms)
) STRICT, WITHOUT ROWID;

-- How much of the process was in memory at some times: when a thread's buffer was full, and
-- 10 ms had passed; later on, when a 256th of the time since tracing began had passed; and
-- at the end. As the kernel counts it, which may lag by some pages for each thread.
CREATE TABLE resident (
  process INTEGER NOT NULL REFERENCES processes,
  at_ms REAL NOT NULL,
  bytes INTEGER NOT NULL
) STRICT;

-- Snapshots of the heap: which block pointed to which, and what else to blocks, when memory
-- was scanned (RHEAPER_LEAK_SCAN=graph, rheaper_heap_snapshot). Nodes are its blocks, by
-- their addresses from 1 on, and behind them its roots. Node 0 stands for all roots.
CREATE TABLE heap_snapshots (
  snapshot INTEGER PRIMARY KEY, -- number, from 1, by process and time
  process INTEGER NOT NULL REFERENCES processes,
  name TEXT NOT NULL,           -- as the program gave it; 'exit': at its end
  at_ns INTEGER NOT NULL,
  blocks INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  edges INTEGER NOT NULL,       -- pointers to blocks: in blocks, and in roots
  possible_edges INTEGER NOT NULL, -- of them: they do not lead to the start of a block
  roots INTEGER NOT NULL,
  error TEXT                    -- why the tables below have nothing of it, or NULL
) STRICT;

-- The blocks of a snapshot. The holder of a node is the one before it on the best path
-- from a root: that with the fewest possible pointers, and of these the shortest.
CREATE TABLE heap_blocks (
  snapshot INTEGER NOT NULL REFERENCES heap_snapshots,
  node INTEGER NOT NULL,
  address INTEGER NOT NULL,
  size INTEGER NOT NULL,        -- 0: its allocation is not in the trace
  stack INTEGER NOT NULL REFERENCES stacks, -- that allocated it; 0: unknown
  leak_kind INTEGER NOT NULL REFERENCES leak_kinds,
  dominator INTEGER,            -- the closest node that all paths to it lead through, 0:
                                -- none but the roots; NULL: no path leads to it
  retained_bytes INTEGER NOT NULL, -- of what it dominates, itself included: what would
  retained_blocks INTEGER NOT NULL, -- be free with it
  holder INTEGER,               -- node; NULL: no path leads to it
  holder_offset INTEGER,        -- of the pointer in it, in bytes
  holder_possible INTEGER,      -- 1: a pointer on the path is possible
  PRIMARY KEY (snapshot, node)
) STRICT, WITHOUT ROWID;

-- What points to blocks and is none.
CREATE TABLE heap_roots (
  snapshot INTEGER NOT NULL REFERENCES heap_snapshots,
  node INTEGER NOT NULL,
  kind TEXT NOT NULL,           -- 'global': a variable, or data of a module
                                -- 'thread-local': variables of a thread
                                -- 'stack': a frame, or the stack of a thread
                                -- 'register': registers, and what libc keeps hidden
                                -- 'allocator': memory of the allocator that is no block
                                -- 'memory': mapped, and nothing is known of it
                                -- 'moving': an event of the block was under way
                                -- 'lost': the definitely lost blocks, which nothing
                                -- points to
  name TEXT,                    -- of the variable or the function
  file TEXT,                    -- where it is declared; of a frame: where it was
  line INTEGER,
  module INTEGER REFERENCES modules,
  thread INTEGER REFERENCES threads,
  address INTEGER,              -- in the process, of the first byte or pointer
  retained_bytes INTEGER NOT NULL,
  retained_blocks INTEGER NOT NULL,
  PRIMARY KEY (snapshot, node)
) STRICT, WITHOUT ROWID;

-- All pointers to blocks.
CREATE TABLE heap_edges (
  snapshot INTEGER NOT NULL REFERENCES heap_snapshots,
  source INTEGER NOT NULL,      -- node that has the pointer
  edge INTEGER NOT NULL,        -- number in the snapshot
  target INTEGER NOT NULL,      -- node of a block
  offset INTEGER NOT NULL,      -- of the pointer in the source, in bytes
  possible INTEGER NOT NULL,    -- 1: it does not lead to the start of the block
  PRIMARY KEY (snapshot, source, edge)
) STRICT, WITHOUT ROWID;

-- The tree of dominators by stacks: what the blocks of a stack retain, through which other
-- stacks. A block whose dominator, or what dominates that, has the same stack is in the
-- same group: a list is one group.
CREATE TABLE heap_groups (
  snapshot INTEGER NOT NULL REFERENCES heap_snapshots,
  heap_group INTEGER NOT NULL,  -- number; 0 is the top, parents before children
  parent INTEGER,               -- heap_group; NULL: the top
  root INTEGER,                 -- heap_roots.node; NULL: it is a group of blocks
  stack INTEGER REFERENCES stacks, -- NULL: the top, or a root
  blocks INTEGER NOT NULL,      -- its own
  bytes INTEGER NOT NULL,
  retained_blocks INTEGER NOT NULL, -- with those of the groups below
  retained_bytes INTEGER NOT NULL,
  PRIMARY KEY (snapshot, heap_group)
) STRICT, WITHOUT ROWID;

CREATE INDEX lots_by_stack ON lots (stack);
CREATE INDEX inner_lots_by_stack ON inner_lots (stack);
CREATE INDEX markers_by_time ON markers (process, at_ms);
CREATE INDEX resident_by_time ON resident (process, at_ms);
CREATE INDEX scopes_by_time ON scopes (thread, depth, begin_ns);

-- In all views an expression is CAST to the type of its column: without that SQLite gives
-- the column none, so that size = '100' finds nothing, and other programs take it for
-- text.

-- Every allocation but those of inner blocks.
CREATE VIEW allocations AS SELECT
  b.block,                                             -- blocks.block
  CAST(b.alloc_ns / 1e6 AS REAL) AS alloc_after,       -- ms since tracing began
  CAST((b.alloc_ns + b.lifetime_ns) / 1e6 AS REAL)
    AS dealloc_after,                                  -- the same; NULL: no free was seen
  l.stack AS bt,                                       -- backtraces.id
  CAST(b.size AS INTEGER) AS size,
  CAST(b.address AS INTEGER) AS addr,
  l.alloc_thread,                                      -- threads.thread
  l.free_thread AS dealloc_thread,
  l.free_stack,                                        -- backtraces.id of the free
  e.name AS ending,                                    -- how it ended: block_endings
  l.temporary,
  l.weight,                                            -- blocks for which it stands
  l.process,
  k.name AS leak_kind,                                 -- of live blocks: leak_kinds
  l.leak_owner                                         -- lots.leak_owner
FROM lots l LEFT JOIN block_endings e ON e.ending = l.ending
LEFT JOIN leak_kinds k ON k.leak_kind = l.leak_kind
CROSS JOIN blocks b ON b.block BETWEEN l.first_block AND l.last_block;

-- Every allocation of an inner block.
CREATE VIEW inner_allocations AS SELECT
  l.process, b.block, l.stack,
  CAST(b.size AS INTEGER) AS size,
  CAST(b.address AS INTEGER) AS address,
  CAST(b.alloc_ns / 1e6 AS REAL) AS alloc_ms,
  CAST((b.alloc_ns + b.lifetime_ns) / 1e6 AS REAL) AS free_ms, -- NULL: no free was seen
  l.alloc_thread, l.free_thread, l.free_stack,
  e.name AS ending,
  l.temporary, l.weight,
  k.name AS leak_kind,
  l.leak_owner,
  l.outer_stack                                        -- inner_lots.outer_stack
FROM inner_lots l LEFT JOIN block_endings e ON e.ending = l.ending
LEFT JOIN leak_kinds k ON k.leak_kind = l.leak_kind
CROSS JOIN blocks b ON b.block BETWEEN l.first_block AND l.last_block;

-- Frames of a stack. frame_no 0 is the caller of the allocator.
CREATE VIEW stack_frames AS SELECT
  s.stack,
  CAST(j.key AS INTEGER) AS frame_no,
  CAST(j.value AS INTEGER) AS frame -- frames.frame
FROM stacks s CROSS JOIN json_each(s.frames) j;

-- Every frame of every stack, innermost first.
CREATE VIEW backtraces AS SELECT
  sf.stack AS id,         -- allocations.bt, stacks.stack
  sf.frame_no,            -- 0 is the caller of the allocator
  f.file, f.line,
  f.function AS sym,
  m.path AS module_path,
  f.address,              -- return address, in that file
  f.inline_depth,
  f.inferred              -- 1: a tail call left no frame of it
FROM stack_frames sf JOIN frames f USING (frame) LEFT JOIN modules m USING (module);

-- Every stack as a call site: what it calls, its innermost frame, and its owner.
CREATE VIEW sites AS SELECT
  s.stack, s.signature, a.name AS allocated_by, f.function, f.file, f.line,
  m.path AS module_path,
  o.function AS owner_function, o.file AS owner_file, o.line AS owner_line,
  om.path AS owner_module_path,
  c.text AS chain                -- from the allocator to the owner, in short names
FROM stacks s LEFT JOIN allocators a ON a.allocator = s.allocator
LEFT JOIN frames f ON f.frame = s.first_frame
LEFT JOIN modules m ON m.module = f.module
LEFT JOIN frames o ON o.frame = s.owner_frame
LEFT JOIN modules om ON om.module = o.module
LEFT JOIN owner_chains c ON c.owner_chain = s.owner_chain;

-- The call sites of each process with their totals. Add GROUP BY stack, and sum(), for
-- all processes together.
CREATE VIEW call_sites AS SELECT
  t.process, t.stack, s.signature, t.allocations, t.allocated_bytes,
  t.live_blocks, t.live_bytes, t.peak_blocks, t.peak_bytes, t.own_peak_bytes,
  CAST(t.own_peak_ns / 1e6 AS REAL) AS own_peak_ms, t.temporary_blocks,
  s.allocated_by, s.function, s.file, s.line, s.module_path,
  s.owner_function, s.owner_file, s.owner_line, s.owner_module_path, s.chain
FROM stack_totals t JOIN sites s USING (stack);

-- Lots with the blocks and bytes that they stand for.
CREATE VIEW weighed_lots AS SELECT
  process, stack, alloc_thread, free_thread, free_stack, ending, temporary, leak_kind,
  leak_owner,
  CAST((last_block - first_block + 1) * weight AS REAL) AS blocks,
  CAST(bytes * weight AS REAL) AS bytes
FROM lots;

-- What each call site has handed out of blocks of another allocator.
CREATE VIEW inner_sites AS SELECT
  t.process, t.stack, s.signature, t.allocations, t.allocated_bytes,
  t.live_blocks, t.live_bytes,                   -- at the end
  t.released_blocks,                             -- that ended with what they lay in
  s.allocated_by, s.function, s.file, s.line, s.module_path,
  s.owner_function, s.owner_file, s.owner_line, s.owner_module_path, s.chain
FROM (SELECT process, stack,
    CAST(round(sum(n)) AS INTEGER) AS allocations,
    CAST(round(sum(bytes)) AS INTEGER) AS allocated_bytes,
    CAST(round(sum(n * live)) AS INTEGER) AS live_blocks,
    CAST(round(sum(bytes * live)) AS INTEGER) AS live_bytes,
    CAST(round(sum(n * (ending = 5))) AS INTEGER) AS released_blocks
  FROM (SELECT l.process, l.stack, l.ending, e.live,
      (l.last_block - l.first_block + 1) * l.weight AS n, l.bytes * l.weight AS bytes
    FROM inner_lots l JOIN block_endings e ON e.ending = l.ending)
  GROUP BY process, stack) t JOIN sites s USING (stack);

-- Which lost blocks are lost with which: the blocks of a stack that hang below definitely
-- lost blocks of another one, the owner, or of the same; and the inner ones that lie in
-- them. Without a scan these alone are known.
CREATE VIEW leak_owners AS SELECT
  CAST(process AS INTEGER) AS process, CAST(leak_owner AS INTEGER) AS owner_stack,
  CAST(stack AS INTEGER) AS stack,
  CAST(round(sum(blocks)) AS INTEGER) AS blocks,
  CAST(round(sum(bytes)) AS INTEGER) AS bytes
FROM (SELECT process, leak_owner, stack, blocks, bytes FROM weighed_lots
  UNION ALL SELECT process, leak_owner, stack, (last_block - first_block + 1) * weight,
    bytes * weight FROM inner_lots)
WHERE leak_owner IS NOT NULL GROUP BY process, leak_owner, stack;

-- Blocks not freed at the end, by call site, of processes that were traced to their end.
CREATE VIEW leaks AS SELECT
  c.process, c.stack, c.signature, c.live_blocks AS blocks, c.live_bytes AS bytes,
  CAST(ifnull(o.blocks, 0) AS INTEGER) AS indirect_blocks, -- lost with them, and rows of
  CAST(ifnull(o.bytes, 0) AS INTEGER) AS indirect_bytes,   -- their own, too
  c.allocated_by, c.function, c.file, c.line, c.module_path,
  c.owner_function, c.owner_file, c.owner_line, c.owner_module_path, c.chain
FROM call_sites c JOIN processes p USING (process)
LEFT JOIN (SELECT process, owner_stack, sum(blocks) AS blocks, sum(bytes) AS bytes
  FROM leak_owners GROUP BY 1, 2) o ON o.process = c.process AND o.owner_stack = c.stack
WHERE c.live_blocks > 0 AND p.ending NOT IN ('stopped', 'snapshot', 'executed');

-- Leaks by what pointers to them a leak scan found; also in processes that were not traced
-- to their end, what was lost by then: nobody could free it any more.
CREATE VIEW leaks_by_kind AS SELECT
  l.process, k.name AS leak_kind, l.stack, s.signature,
  CAST(round(sum(l.blocks)) AS INTEGER) AS blocks,
  CAST(round(sum(l.bytes)) AS INTEGER) AS bytes,
  CAST(ifnull(max(o.blocks), 0) AS INTEGER) AS indirect_blocks, -- of definitely lost
  CAST(ifnull(max(o.bytes), 0) AS INTEGER) AS indirect_bytes, -- ones: what hangs below,
                                                              -- and lies in them
  s.allocated_by, s.function, s.file, s.line, s.module_path,
  s.owner_function, s.owner_file, s.owner_line, s.owner_module_path, s.chain
FROM weighed_lots l JOIN leak_kinds k ON k.leak_kind = l.leak_kind
JOIN processes p ON p.process = l.process
LEFT JOIN sites s ON s.stack = l.stack
LEFT JOIN (SELECT process, owner_stack, sum(blocks) AS blocks, sum(bytes) AS bytes
  FROM leak_owners GROUP BY 1, 2) o
  ON l.leak_kind IN (0, 1) AND o.process = l.process AND o.owner_stack = l.stack
WHERE p.ending NOT IN ('stopped', 'snapshot', 'executed') OR l.leak_kind IN (1, 2)
GROUP BY l.process, l.stack, l.leak_kind;

-- Blocks freed by an allocator of another family (new[] by delete, malloc by delete, new
-- by realloc), or by a sized free with the wrong size. Both problems are two rows. Inner
-- blocks, too.
CREATE VIEW mismatches AS WITH every_lot AS NOT MATERIALIZED (
  SELECT process, stack, free_stack, free_size, weight, first_block, last_block FROM lots
  UNION ALL SELECT process, stack, free_stack, free_size, weight, first_block, last_block
  FROM inner_lots)
SELECT
  CAST(problem AS TEXT) AS problem, -- 'family' or 'size'
  process,
  block,                            -- allocations.block, inner_allocations.block
  stack, free_stack, size,
  CAST(free_size AS INTEGER) AS free_size, -- bytes that the free said, if they are wrong
  allocated_by, freed_by, weight
FROM (
  SELECT 'family' AS problem, l.process, b.block, l.stack, l.free_stack, b.size,
    NULL AS free_size, an.name AS allocated_by, fn.name AS freed_by, l.weight
  FROM every_lot l CROSS JOIN stacks s ON s.stack = l.stack
  CROSS JOIN stacks t ON t.stack = l.free_stack
  CROSS JOIN allocators an ON an.allocator = s.allocator
  CROSS JOIN allocators fn ON fn.allocator = t.allocator
  CROSS JOIN blocks b ON b.block BETWEEN l.first_block AND l.last_block
  WHERE an.family <> fn.family
  UNION ALL SELECT 'size', l.process, b.block, l.stack, l.free_stack, b.size, l.free_size,
    an.name, fn.name, l.weight
  FROM every_lot l LEFT JOIN stacks s ON s.stack = l.stack
  LEFT JOIN stacks t ON t.stack = l.free_stack
  LEFT JOIN allocators an ON an.allocator = s.allocator
  LEFT JOIN allocators fn ON fn.allocator = t.allocator
  CROSS JOIN blocks b ON b.block BETWEEN l.first_block AND l.last_block
  WHERE l.free_size IS NOT NULL);

-- The moment when most bytes were live, of each process.
CREATE VIEW peaks AS SELECT
  process,
  CAST(max(value) FILTER (WHERE name = 'peak_ns') / 1e6 AS REAL) AS peak_ms,
  CAST(max(value) FILTER (WHERE name = 'peak_bytes') AS INTEGER) AS peak_bytes,
  CAST(max(value) FILTER (WHERE name = 'peak_blocks') AS INTEGER) AS peak_blocks
FROM totals GROUP BY process;

-- What was live then: exactly these stacks.
CREATE VIEW peak_stacks AS SELECT
  process, stack, signature, peak_blocks, peak_bytes, allocated_by, function, file, line,
  module_path, owner_function, owner_file, owner_line, owner_module_path, chain
FROM call_sites WHERE peak_blocks > 0;

-- Who freed what: pairs of stacks and of threads.
CREATE VIEW frees AS SELECT
  l.process, l.stack, l.free_stack, l.alloc_thread, l.free_thread, e.name AS ending,
  fn.name AS freed_by,
  CAST(round(sum(l.blocks)) AS INTEGER) AS blocks,
  CAST(round(sum(l.bytes)) AS INTEGER) AS bytes
FROM weighed_lots l JOIN block_endings e ON e.ending = l.ending
LEFT JOIN stacks t ON t.stack = l.free_stack
LEFT JOIN allocators fn ON fn.allocator = t.allocator
WHERE l.free_stack IS NOT NULL
GROUP BY l.stack, l.process, l.free_stack, l.alloc_thread, l.free_thread, l.ending;

-- Sizes asked for, in powers of two, and what glibc's malloc gives for them on 64-bit
-- machines (large blocks, which have pages of their own, get more).
CREATE VIEW size_histogram AS SELECT
  process,
  CAST(class AS INTEGER) AS max_size, -- and more than half of it
  CAST(round(sum(weight)) AS INTEGER) AS blocks,
  CAST(round(sum(size * weight)) AS INTEGER) AS bytes,
  CAST(round(sum(max(24, (size + 23 & ~15) - 8) * weight)) AS INTEGER)
    AS glibc_usable_bytes
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

-- How long blocks lived, in powers of ten; NULL: to the end, or for an unknown time.
CREATE VIEW lifetimes AS SELECT
  process,
  CAST(CASE digits WHEN 1 THEN 0 ELSE substr('1000000000000000000', 1, digits) / 1e6 END
    AS REAL) AS at_least_ms,
  CAST(substr('10000000000000000000', 1, digits + 1) / 1e6 AS REAL) AS below_ms,
  CAST(round(sum(weight)) AS INTEGER) AS blocks,
  CAST(round(sum(size * weight)) AS INTEGER) AS bytes
FROM (SELECT l.process, b.size, l.weight, length(b.lifetime_ns) AS digits
  FROM lots l CROSS JOIN blocks b ON b.block BETWEEN l.first_block AND l.last_block)
GROUP BY process, digits;

-- Totals of what allocated, under several headings, in each process.
CREATE VIEW thread_totals AS SELECT
  l.process, l.alloc_thread AS thread, th.number, th.tid, th.name,
  CAST(round(sum(l.blocks)) AS INTEGER) AS allocations,
  CAST(round(sum(l.bytes)) AS INTEGER) AS allocated_bytes,
  CAST(round(sum(l.blocks * e.live)) AS INTEGER) AS live_blocks,
  CAST(round(sum(l.bytes * e.live)) AS INTEGER) AS live_bytes,
  CAST(round(sum(l.blocks * ifnull(l.free_thread <> l.alloc_thread, 0))) AS INTEGER)
    AS freed_elsewhere_blocks -- by other threads
FROM weighed_lots l JOIN block_endings e ON e.ending = l.ending
LEFT JOIN threads th ON th.thread = l.alloc_thread
GROUP BY l.process, l.alloc_thread;

CREATE VIEW module_totals AS SELECT -- by the caller of the allocator
  process, module_path,
  CAST(sum(allocations) AS INTEGER) AS allocations,
  CAST(sum(allocated_bytes) AS INTEGER) AS allocated_bytes,
  CAST(sum(live_blocks) AS INTEGER) AS live_blocks,
  CAST(sum(live_bytes) AS INTEGER) AS live_bytes,
  CAST(sum(peak_bytes) AS INTEGER) AS peak_bytes,
  CAST(sum(temporary_blocks) AS INTEGER) AS temporary_blocks
FROM call_sites GROUP BY process, module_path;

CREATE VIEW file_totals AS SELECT -- by the innermost frame that has a source file
  t.process, first.file,
  CAST(sum(t.allocations) AS INTEGER) AS allocations,
  CAST(sum(t.allocated_bytes) AS INTEGER) AS allocated_bytes,
  CAST(sum(t.live_blocks) AS INTEGER) AS live_blocks,
  CAST(sum(t.live_bytes) AS INTEGER) AS live_bytes,
  CAST(sum(t.peak_bytes) AS INTEGER) AS peak_bytes,
  CAST(sum(t.temporary_blocks) AS INTEGER) AS temporary_blocks
FROM stack_totals t LEFT JOIN (
  SELECT sf.stack, f.file, min(sf.frame_no) FROM stack_frames sf
  JOIN frames f USING (frame) WHERE f.file IS NOT NULL GROUP BY sf.stack
) AS first ON first.stack = t.stack GROUP BY t.process, first.file;

CREATE VIEW family_totals AS SELECT
  t.process, a.family, a.name AS allocated_by,
  CAST(sum(t.allocations) AS INTEGER) AS allocations,
  CAST(sum(t.allocated_bytes) AS INTEGER) AS allocated_bytes,
  CAST(sum(t.live_blocks) AS INTEGER) AS live_blocks,
  CAST(sum(t.live_bytes) AS INTEGER) AS live_bytes,
  CAST(sum(t.peak_bytes) AS INTEGER) AS peak_bytes
FROM stack_totals t JOIN stacks s USING (stack) LEFT JOIN allocators a USING (allocator)
GROUP BY t.process, a.family, a.name;

CREATE VIEW process_totals AS SELECT
  p.process, p.run, r.label, p.pid, p.parent_pid, p.executable, p.started_at, p.ending,
  CAST(max(t.value) FILTER (WHERE t.name = 'allocations') AS INTEGER) AS allocations,
  CAST(max(t.value) FILTER (WHERE t.name = 'allocated_bytes') AS INTEGER) AS allocated_bytes,
  CAST(max(t.value) FILTER (WHERE t.name = 'live_blocks') AS INTEGER) AS live_blocks,
  CAST(max(t.value) FILTER (WHERE t.name = 'live_bytes') AS INTEGER) AS live_bytes,
  CAST(max(t.value) FILTER (WHERE t.name = 'peak_bytes') AS INTEGER) AS peak_bytes,
  CAST(max(t.value) FILTER (WHERE t.name = 'temporary_blocks') AS INTEGER)
    AS temporary_blocks,
  CAST(max(t.value) FILTER (WHERE t.name = 'lost_events') AS INTEGER) AS lost_events
FROM processes p JOIN runs r USING (run) JOIN totals t USING (process) GROUP BY p.process;

-- The nodes of the trees with the names of their functions.
CREATE VIEW top_down AS SELECT
  n.node, n.parent, n.depth, CAST(ifnull(f.function, '[all]') AS TEXT) AS function
FROM top_down_nodes n LEFT JOIN frames f ON f.frame = n.frame;

CREATE VIEW bottom_up AS SELECT
  n.node, n.parent, n.depth, CAST(ifnull(f.function, '[all]') AS TEXT) AS function
FROM bottom_up_nodes n LEFT JOIN frames f ON f.frame = n.frame;

-- The tree of calls of each process with its totals: of a node and all below it, and
-- (self) of what the node itself allocated. The bars of a flame graph.
CREATE VIEW call_tree AS WITH RECURSIVE
own AS (
  SELECT t.process, s.top_down_node AS node, sum(t.allocations) AS allocations,
    sum(t.allocated_bytes) AS allocated_bytes, sum(t.live_bytes) AS live_bytes,
    sum(t.peak_bytes) AS peak_bytes
  FROM stack_totals t JOIN stacks s USING (stack) GROUP BY 1, 2),
up AS (
  SELECT process, node, allocations, allocated_bytes, live_bytes, peak_bytes,
    allocated_bytes AS self_bytes FROM own
  UNION ALL SELECT u.process, d.parent, u.allocations, u.allocated_bytes, u.live_bytes,
    u.peak_bytes, 0
  FROM up u JOIN top_down_nodes d ON d.node = u.node WHERE d.parent < d.node)
SELECT CAST(u.process AS INTEGER) AS process, d.node, d.parent, d.depth, d.function,
  CAST(sum(u.allocations) AS INTEGER) AS allocations,
  CAST(sum(u.allocated_bytes) AS INTEGER) AS allocated_bytes,
  CAST(sum(u.live_bytes) AS INTEGER) AS live_bytes,
  CAST(sum(u.peak_bytes) AS INTEGER) AS peak_bytes,
  CAST(sum(u.self_bytes) AS INTEGER) AS self_allocated_bytes
FROM up u JOIN top_down d ON d.node = u.node GROUP BY u.process, d.node;

-- The same from the innermost function: who called it, who called that, ...
CREATE VIEW caller_tree AS WITH RECURSIVE
own AS (
  SELECT t.process, s.bottom_up_node AS node, sum(t.allocations) AS allocations,
    sum(t.allocated_bytes) AS allocated_bytes, sum(t.live_bytes) AS live_bytes,
    sum(t.peak_bytes) AS peak_bytes
  FROM stack_totals t JOIN stacks s USING (stack) GROUP BY 1, 2),
up AS (
  SELECT process, node, allocations, allocated_bytes, live_bytes, peak_bytes FROM own
  UNION ALL SELECT u.process, d.parent, u.allocations, u.allocated_bytes, u.live_bytes,
    u.peak_bytes
  FROM up u JOIN bottom_up_nodes d ON d.node = u.node WHERE d.parent < d.node)
SELECT CAST(u.process AS INTEGER) AS process, d.node, d.parent, d.depth, d.function,
  CAST(sum(u.allocations) AS INTEGER) AS allocations,
  CAST(sum(u.allocated_bytes) AS INTEGER) AS allocated_bytes,
  CAST(sum(u.live_bytes) AS INTEGER) AS live_bytes,
  CAST(sum(u.peak_bytes) AS INTEGER) AS peak_bytes
FROM up u JOIN bottom_up d ON d.node = u.node GROUP BY u.process, d.node;

-- Blocks that a thread allocated in a scope: one row for each block and each of the
-- scopes that it was allocated in.
CREATE VIEW scope_allocations AS WITH RECURSIVE around(inner, scope) AS (
  SELECT scope, scope FROM scopes
  UNION ALL SELECT a.inner, s.parent FROM around a JOIN scopes s USING (scope)
  WHERE s.parent < s.scope) -- as parents are: a circle comes to an end
SELECT
  s.scope, s.name, s.process,
  CAST(a.inner = s.scope AS INTEGER) AS direct,              -- 0: in a scope inside it
  b.block,                                                   -- allocations.block
  l.stack, b.size, l.weight,
  CAST(b.alloc_ns / 1e6 AS REAL) AS alloc_ms,
  CAST((b.alloc_ns + b.lifetime_ns) / 1e6 AS REAL) AS free_ms, -- NULL: no free was seen
  CAST(ifnull(b.alloc_ns + b.lifetime_ns >= s.end_ns, e.known) AS INTEGER)
    AS kept,                                                 -- 1: live when it ended
  e.live                                                     -- 1: live at the end
FROM lots l CROSS JOIN block_endings e ON e.ending = l.ending
CROSS JOIN blocks b ON b.block BETWEEN l.first_block AND l.last_block
CROSS JOIN scope_changes c ON c.thread = l.alloc_thread AND c.at_ns = (
  SELECT max(at_ns) FROM scope_changes WHERE thread = l.alloc_thread AND at_ns <= b.alloc_ns)
CROSS JOIN around a ON a.inner = c.scope CROSS JOIN scopes s ON s.scope = a.scope;

-- Every scope with what its thread allocated in it, scopes inside it included.
CREATE VIEW scope_totals AS SELECT
  s.scope, s.process, s.thread, s.name, s.parent, s.depth,
  CAST(s.begin_ns / 1e6 AS REAL) AS begin_ms, CAST(s.end_ns / 1e6 AS REAL) AS end_ms,
  e.name AS ending,
  CAST(ifnull(t.allocations, 0) AS INTEGER) AS allocations,
  CAST(ifnull(t.allocated_bytes, 0) AS INTEGER) AS allocated_bytes,
  CAST(ifnull(t.kept_blocks, 0) AS INTEGER) AS kept_blocks, -- live when it ended
  CAST(ifnull(t.kept_bytes, 0) AS INTEGER) AS kept_bytes,
  CAST(ifnull(t.live_blocks, 0) AS INTEGER) AS live_blocks, -- at the end
  CAST(ifnull(t.live_bytes, 0) AS INTEGER) AS live_bytes
FROM scopes s JOIN scope_endings e ON e.ending = s.ending LEFT JOIN (
  SELECT scope, round(sum(weight)) AS allocations,
    round(sum(size * weight)) AS allocated_bytes,
    round(sum(weight * kept)) AS kept_blocks, round(sum(size * weight * kept)) AS kept_bytes,
    round(sum(weight * live)) AS live_blocks, round(sum(size * weight * live)) AS live_bytes
  FROM scope_allocations GROUP BY scope) t ON t.scope = s.scope;

-- What lies between marks: the time before the first one, phase 0, and from each to the
-- next one of the process. The last one ends a nanosecond after the last event.
CREATE VIEW phases AS SELECT
  CAST(process AS INTEGER) AS process,
  CAST(phase AS INTEGER) AS phase, -- markers.marker, or 0
  CAST(name AS TEXT) AS name,      -- the mark's text, or ''
  CAST(begin_ms AS REAL) AS begin_ms, CAST(end_ms AS REAL) AS end_ms
FROM (
  SELECT process, 0 AS phase, '' AS name, 0 AS begin_ms, ifnull(
    (SELECT min(at_ms) FROM markers m WHERE m.process = p.process), duration_ms + 1e-6) AS end_ms
  FROM processes p
  UNION ALL SELECT process, marker, text, at_ms, lead(at_ms, 1, max(at_ms, duration_ms) + 1e-6)
    OVER (PARTITION BY process ORDER BY at_ms, marker)
  FROM markers JOIN processes USING (process));

-- Every block with the phase that it was allocated in, by whatever thread.
CREATE VIEW phase_allocations AS
-- Once, with an index: not for each block
WITH their AS MATERIALIZED (SELECT * FROM phases)
SELECT
  a.process, p.phase, p.name,
  a.block,                                                    -- allocations.block
  a.stack, CAST(a.size AS INTEGER) AS size, a.weight,
  CAST(a.alloc_ms AS REAL) AS alloc_ms,
  CAST(a.free_ms AS REAL) AS free_ms,                         -- NULL: no free was seen
  CAST(ifnull(a.free_ms >= p.end_ms, a.known) AS INTEGER) AS kept, -- 1: live when it ended
  a.live                                                      -- 1: live at the end
FROM (SELECT l.process, b.block, l.stack, b.size, l.weight, e.known, e.live,
    b.alloc_ns / 1e6 AS alloc_ms, (b.alloc_ns + b.lifetime_ns) / 1e6 AS free_ms,
    ifnull((SELECT marker FROM markers m
      WHERE m.process = l.process AND m.at_ms <= b.alloc_ns / 1e6
      ORDER BY m.at_ms DESC, m.marker DESC LIMIT 1), 0) AS phase
  FROM lots l CROSS JOIN block_endings e ON e.ending = l.ending
  CROSS JOIN blocks b ON b.block BETWEEN l.first_block AND l.last_block) a
CROSS JOIN their p ON p.process = a.process AND p.phase = a.phase;

-- Every phase with what was allocated in it.
CREATE VIEW phase_totals AS SELECT
  p.process, p.phase, p.name, p.begin_ms, p.end_ms,
  CAST(ifnull(t.allocations, 0) AS INTEGER) AS allocations,
  CAST(ifnull(t.allocated_bytes, 0) AS INTEGER) AS allocated_bytes,
  CAST(ifnull(t.kept_blocks, 0) AS INTEGER) AS kept_blocks, -- live when it ended
  CAST(ifnull(t.kept_bytes, 0) AS INTEGER) AS kept_bytes,
  CAST(ifnull(t.live_blocks, 0) AS INTEGER) AS live_blocks, -- at the end
  CAST(ifnull(t.live_bytes, 0) AS INTEGER) AS live_bytes
FROM phases p LEFT JOIN (
  SELECT process, phase, round(sum(weight)) AS allocations,
    round(sum(size * weight)) AS allocated_bytes,
    round(sum(weight * kept)) AS kept_blocks, round(sum(size * weight * kept)) AS kept_bytes,
    round(sum(weight * live)) AS live_blocks, round(sum(size * weight * live)) AS live_bytes
  FROM phase_allocations GROUP BY process, phase) t ON t.process = p.process AND t.phase = p.phase;

-- The timeline with what was in memory: as it was counted last before the end of each
-- interval, NULL if it was not.
CREATE VIEW memory_timeline AS SELECT
  t.process, t.at_ms, t.live_bytes, t.peak_bytes,
  CAST((SELECT r.bytes FROM resident r WHERE r.process = t.process AND r.at_ms <= t.at_ms
    ORDER BY r.at_ms DESC LIMIT 1) AS INTEGER) AS resident_bytes
FROM timeline t;

-- What each block of a snapshot retains, and what dominates and holds it.
CREATE VIEW retained AS SELECT
  h.process, b.snapshot, b.node, b.address, b.size, b.stack, k.name AS leak_kind,
  b.dominator, b.retained_bytes, b.retained_blocks, b.holder, b.holder_offset,
  b.holder_possible
FROM heap_blocks b JOIN heap_snapshots h USING (snapshot)
LEFT JOIN leak_kinds k ON k.leak_kind = b.leak_kind;

-- The same of the blocks of a stack together, what several of them retain counted once.
CREATE VIEW retained_by_site AS SELECT
  h.process, g.snapshot, g.stack,
  CAST(sum(g.blocks) AS INTEGER) AS blocks, CAST(sum(g.bytes) AS INTEGER) AS bytes,
  CAST(sum(g.retained_blocks) AS INTEGER) AS retained_blocks,
  CAST(sum(g.retained_bytes) AS INTEGER) AS retained_bytes,
  s.allocated_by, s.function, s.file, s.line, s.module_path,
  s.owner_function, s.owner_file, s.owner_line, s.owner_module_path, s.chain
FROM heap_groups g JOIN heap_snapshots h USING (snapshot) JOIN sites s USING (stack)
GROUP BY g.snapshot, g.stack;

-- What each root retains.
CREATE VIEW retained_by_root AS SELECT
  h.process, r.snapshot, r.node, r.kind, r.name, r.file, r.line, m.path AS module_path,
  r.thread, r.retained_bytes, r.retained_blocks
FROM heap_roots r JOIN heap_snapshots h USING (snapshot) LEFT JOIN modules m USING (module);

-- How much of a process is known: losses, and allocations without a whole stack.
CREATE VIEW coverage AS
SELECT process, reason, count, meaning FROM losses
UNION ALL SELECT process, 'stack_unsampled', CAST(sum(recorded_blocks * unsampled) AS INTEGER),
  'Allocations whose stack was not taken (RHEAPER_SAMPLE_RATE).'
  FROM stack_totals JOIN stacks USING (stack) GROUP BY process
UNION ALL SELECT process, 'stack_truncated', CAST(sum(recorded_blocks * truncated) AS INTEGER),
  'Allocations whose stack was deeper than what was recorded of it.'
  FROM stack_totals JOIN stacks USING (stack) GROUP BY process
UNION ALL SELECT process, 'stack_incomplete',
  CAST(sum(recorded_blocks * (incomplete AND NOT unsampled)) AS INTEGER),
  'Allocations whose stack does not reach the outermost frame.'
  FROM stack_totals JOIN stacks USING (stack) GROUP BY process;
