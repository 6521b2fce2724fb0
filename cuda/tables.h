/* What the host tells the kernels; tables.rs has the same structures, field by field. The host's text before this file
   says how large the largest group is, and where things lie:

     NODES          nodes of a group, and one for nobody
     CHAIN_LANES    lanes of all tiles of a group, and one for nobody
     LANES          chains of a tile
     MAX_ARGUMENTS  of NET_RECEIVE, with its flag
     MAX_EFFECTS    calls of net_send and its like in one NET_RECEIVE
     TREE_IN_STATE  defined where the arrays of the voltage equation do not fit into shared memory
     PLACE          an integer that holds the numbers of nodes and lanes
     GIVEN_AT       then: where in the state what chains give to each other lies
     THREADS, BLOCKS   threads of a block, and blocks that a processor should run at a time
     AREA_AT, CAPACITANCE_AT   where in the state those of nodes lie
     DIFFUSES       defined where something diffuses along the cable
     COUNT_CYCLES   defined where the time of each part of a step is measured
     LARGEST_VOLTAGE_MV, MOST_AT_ONCE, DETECTION_DELAY_MS   tianyan_engine's own
     HOT_IN_SHARED  defined where what each step reads of a group's tables fits into what is left

   A state begins with v, the right-hand side, the diagonal, and what couplings add to it, to the parent's and from the
   parent's row: NODES numbers each. */
#ifndef SHARED
#define SHARED(type, name) extern __shared__ type name[]
#define CYCLES() ((u64)clock64())
#else
#define CYCLES() 0ull
#endif
SHARED(double, block_memory);
#ifdef TREE_IN_STATE
#define TREE (state)
#define GIVEN (state + GIVEN_AT)
#define TREE_NUMBERS 0
#else
#define TREE (block_memory)
#define GIVEN (block_memory + 6 * NODES)
#define TREE_NUMBERS (6 * NODES + 2 * CHAIN_LANES)
#endif
#define TREE_VOLTAGE (TREE)
#define TREE_RHS (TREE + NODES)
#define TREE_DIAGONAL (TREE + 2 * NODES)
#define TREE_AXIAL (TREE + 3 * NODES)
#define TREE_UP (TREE + 4 * NODES)
#define TREE_DOWN (TREE + 5 * NODES)
#define GIVEN_DIAGONAL (GIVEN)
#define GIVEN_RHS (GIVEN + CHAIN_LANES)
#ifdef HOT_IN_SHARED
#define HOT(group) ((const char *)(block_memory + TREE_NUMBERS))
#else
#define HOT(group) ((group)->hot)
#endif

typedef PLACE place_t;

/* A mechanism's table in a group. Offsets are into the group's state; -1 is none. */
struct table {
  const i64 *field;
  const i32 *index;
  const double *rates;
  const u32 *owner;
  /* Arguments of each instance's connections. */
  const u32 *incoming_first;
  const u32 *incoming;
  /* Watch conditions: offsets of `flag` and `fired`, two each. */
  const i32 *watches;
  i32 code, count, padded, arguments, effects, watch_count;
  /* Events that instances send to themselves. */
  i32 slots, self_time, self_flag, self_connection, self_next, self_last;
  i32 spike, unused;
};

/* tianyan_layout::Tile. Position p of its rows is node `first + p * LANES`, but the last one, an end node perhaps, is
   `last`. */
struct tile { place_t first, last, len, first_lane, first_child, children, ragged, unused; };

/* tianyan_layout::Plan; tiles of a level follow each other and need nothing of each other. Offsets are into the hot
   tables of the group. */
struct plan { i32 tiles, parents, starts, children, level_first, levels, nodes, lanes; };

enum op {
  OP_DELIVER, OP_LISTEN, OP_DRIVE, OP_BEGIN, OP_CLEAR, OP_NERNST, OP_SWEEP, OP_FUSED, OP_SHARE, OP_KEEP, OP_SOLVE,
  OP_MEMBRANE, OP_WHOLE_MEMBRANE, OP_CORRECT, OP_PEERS, OP_FIRE, OP_DIFFUSE, OP_RECORD, OPS
};

/* Which of a step's times a stage sees. */
enum moment { AT_MIDDLE, AT_END };

/* A part of a step: what to do, and with what. `at` is an offset into the hot tables, or -1; `sync` says whether the threads
   meet behind it. */
struct stage {
  i32 op, code, n, table, when, a, b, c, at, sync;
  double factor;
  const i32 *list, *second, *third;
  const double *const *rates;
};

/* What is on its way to point neurons of a table: `steps` (a power of two) rows of `width` numbers. */
struct wiring {
  double *ring;
  const u32 *first, *target;
  const u16 *delay;
  const float *single;
  const double *weight;
  const i32 *inputs;
  i32 sources, width, neurons, mask;
};

/* Random spikes into point neurons. */
struct background {
  const u32 *instances, *gids;
  const i32 *inputs;
  const double *added, *cumulative;
  i32 n, adds, cumulative_count;
  u32 stream;
  u64 first_step, end_step;
};

/* Columns of a report that lie in a group. */
struct sampler {
  const i32 *list;
  u64 first_step, interval, last_step;
  i32 n, number, column, columns;
};

struct group {
  double *state;
  const char *hot;
  const struct table *tables;
  const struct wiring *wirings;
  const struct background *backgrounds;
  const struct sampler *samplers;
  const u32 *detector_gid;
  const i32 *detector_node;
  const double *threshold;
  const i32 *driven;
  /* The node of each row: ghosts are none. */
  const u32 *rows;
  struct plan plan;
  i32 hot_bytes, stages;
  i32 table_count, stage_count, states_from, wiring_count, background_count, sampler_count;
  i32 detectors, above, driven_count, driven_first, nodes, watched, coupled, self_events, row_count, unused;
};

struct cause { double emitted; u64 sequence; };

struct event { double time; struct cause cause; u32 step, table, instance, argument; };

struct spike { double time; struct cause cause; u32 gid, group; };

struct heard { u64 step; u32 source, unused; };

/* What the kernels say. */
struct status {
  u32 spikes, not_finite, fault, fault_group, fault_table, fault_instance;
  double fault_time;
};

/* What changes from epoch to epoch, then: the steps' times, the samplers' first numbers among `rows` and rows done, the
   groups' first events, events, driven values, heard spikes. Offsets are in bytes from here. */
struct epoch_inputs {
  u64 first_step;
  i32 from, to, steps, phase, heard_count, unused;
  i64 times, rows_at, rows_before, event_first, events, driven, heard;
};

/* All that a launch needs. */
struct launch {
  const struct group *groups;
  const struct epoch_inputs *inputs;
  struct status *status;
  struct spike *spikes;
  double *rows;
  /* Cycles of the first thread of all blocks, by kind of stage, if anybody asks. */
  u64 *cycles;
  const struct wiring *const *wirings;
  i32 wiring_count;
  u32 capacity;
  u64 seed;
  double dt;
};

/* Numbers of states, out or in: `list` has the addresses. */
struct copies { double *const *list; double *values; i64 n; };

/* tianyan_engine::Phase */
enum phase { WHOLE, TO_VOLTAGE, TO_STATES, TO_NEXT_VOLTAGE };

/* What all functions of a block know. */
struct work {
  const struct launch *launch;
  const struct group *group;
  u64 step;
  double start, middle, end, dt;
  u32 first_event, end_event;
};

/* Twin of tianyan_engine::step::nernst. */
FN double nernst_potential(double factor, double inside, double outside) {
  const double y = outside <= 0.0 ? -1e6 : factor * ty_log(outside / inside);
  return inside <= 0.0 ? 1e6 : y;
}

/* A number of the state, wherever it lies now. */
FN double *place(double *state, i32 offset) {
#ifndef TREE_IN_STATE
  if (offset < 3 * NODES) return block_memory + offset;
#endif
  return state + offset;
}

FN void emit_spike(const struct work *w, u32 gid, double time, struct cause cause) {
  const u32 at = atomicAdd(&w->launch->status->spikes, 1u);
  if (at < w->launch->capacity) {
    struct spike *spike = w->launch->spikes + at;
    spike->time = time;
    spike->cause = cause;
    spike->gid = gid;
    spike->group = blockIdx.x;
  }
}
