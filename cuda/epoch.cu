/* The epoch: a block takes a group through all its steps in one launch. The order of a step is that of its stages,
   which program.rs makes; step.rs is the CPU's twin. */
FN void begin(double *RESTRICT state, i32 nodes) {
  for (i32 i = threadIdx.x; i < nodes; i += blockDim.x) {
    TREE_RHS[i] = 0.0;
    TREE_DIAGONAL[i] = state[CAPACITANCE_AT + i];
  }
}

/* Nernst's equation for the ion instances in the stage's list. */
KERNEL nernst(double *RESTRICT state, const struct stage *s) {
  for (i32 k = threadIdx.x; k < s->n; k += blockDim.x) {
    const i32 i = s->list[k];
    const double inside = state[s->b + i], outside = state[s->c + i];
    double y = s->factor == 0.0 ? 0.0 : s->factor * ty_log(outside / inside);
    if (s->factor != 0.0) {
      y = outside <= 0.0 ? -1e6 : y;
      y = inside <= 0.0 ? 1e6 : y;
    }
    state[s->a + i] = y;
  }
}

/* Point processes' shares, summed in the order of the instances: a thread has a node. */
KERNEL share(double *RESTRICT state, const struct stage *s) {
  for (i32 k = threadIdx.x; k < s->n; k += blockDim.x) {
    double *to = place(state, s->b + s->list[k]);
    double sum = *to;
    for (i32 j = s->second[k]; j < s->second[k + 1]; j++) sum = sum + state[s->a + s->third[j]];
    *to = sum;
  }
}

FN void drive(const struct work *w, const double *driven, i32 in_epoch) {
  const struct group *g = w->group;
  for (i32 i = threadIdx.x; i < g->driven_count; i += blockDim.x)
    *place(g->state, g->driven[i]) = driven[in_epoch * g->driven_count + i];
}

FN void record(const struct work *w, const i64 *rows_at, const i64 *rows_before) {
  const struct group *g = w->group;
  for (i32 k = 0; k < g->sampler_count; k++) {
    const struct sampler *s = g->samplers + k;
    const u64 done = w->step + 1;
    if (done < s->first_step || done > s->last_step || (done - s->first_step) % s->interval != 0) continue;
    const i64 row = (i64)((done - s->first_step) / s->interval) - rows_before[s->number];
    double *to = w->launch->rows + rows_at[s->number] + row * s->columns + s->column;
    for (i32 i = threadIdx.x; i < s->n; i += blockDim.x) to[i] = *place(g->state, s->list[i]);
  }
}

/* Membrane currents: kept before electrodes add theirs, finished with the change of v. */
FN void membrane(const struct work *w, const struct stage *s) {
  double *state = w->group->state;
  for (i32 i = threadIdx.x; i < s->n; i += blockDim.x) {
    if (s->op == OP_KEEP) {
      state[s->a + i] = -TREE_RHS[i];
      state[s->b + i] = TREE_DIAGONAL[i];
    } else if (s->op == OP_WHOLE_MEMBRANE) {
      state[s->a + i] *= state[AREA_AT + i] * 0.01;
    } else {
      const double density = state[s->b + i] * TREE_RHS[i] + state[s->a + i];
      state[s->a + i] = density * state[AREA_AT + i] * 0.01;
    }
  }
}

FN void run_stage(struct work *w, const struct stage *s, const char *inputs, i32 in_epoch) {
  const struct group *g = w->group;
  double *state = g->state;
  const struct epoch_inputs *head = (const struct epoch_inputs *)inputs;
  const double t = s->when == AT_START ? w->start : s->when == AT_MIDDLE ? w->middle : w->end;
  switch (s->op) {
    case OP_DELIVER: deliver(w, (const struct event *)(inputs + head->events)); break;
    case OP_LISTEN: listen(w); break;
    case OP_DRIVE:
      drive(w, (const double *)(inputs + head->driven) + (i64)g->driven_first * head->to, in_epoch);
      break;
    case OP_BEGIN: begin(state, s->n); break;
    case OP_CLEAR:
      for (i32 i = threadIdx.x; i < s->n; i += blockDim.x) state[s->a + i] = 0.0;
      break;
    case OP_NERNST: nernst(state, s); break;
    case OP_SWEEP: call_sweep(s->code, g->tables[s->table].code, state, g->tables + s->table, t, w->dt); break;
    case OP_FUSED: call_fused(s->code, state, s->list, s->n, t, w->dt, s->rates); break;
    case OP_SHARE: share(state, s); break;
    case OP_KEEP:
    case OP_MEMBRANE:
    case OP_WHOLE_MEMBRANE: membrane(w, s); break;
    case OP_SOLVE: solve(state, g->plan, s->factor); break;
    case OP_CORRECT:
      for (i32 i = threadIdx.x; i < s->n; i += blockDim.x) state[s->a + i] += state[s->b + i] * TREE_RHS[s->list[i]];
      break;
    case OP_PEERS:
      for (i32 i = threadIdx.x; i < s->n; i += blockDim.x) *place(state, s->second[i]) = *place(state, s->list[i]);
      break;
    case OP_FIRE: fire(w, g->tables + s->table); break;
    case OP_RECORD: record(w, (const i64 *)(inputs + head->rows_at), (const i64 *)(inputs + head->rows_before)); break;
  }
  __syncthreads();
}

/* Events are sorted by step: those of this step follow those before it. */
FN void next_events(struct work *w, const struct event *events, u32 end, u32 in_epoch) {
  w->first_event = w->end_event;
  while (w->end_event < end && events[w->end_event].step <= in_epoch) w->end_event++;
}

extern "C" __global__ void __launch_bounds__(THREADS, BLOCKS) epoch(const struct launch *launch) {
  const char *inputs = (const char *)launch->inputs;
  const struct epoch_inputs *head = launch->inputs;
  const struct group *g = launch->groups + blockIdx.x;
  if (g->coupled != (head->phase != WHOLE)) return;
  double *state = g->state;
#ifndef TREE_IN_STATE
  for (i32 i = threadIdx.x; i < 3 * NODES; i += blockDim.x) tree[i] = state[i];
  __syncthreads();
#endif
  const double *times = (const double *)(inputs + head->times);
  const struct event *events = (const struct event *)(inputs + head->events);
  const u32 *event_first = (const u32 *)(inputs + head->event_first) + blockIdx.x;
  struct work w;
  w.launch = launch;
  w.group = g;
  w.dt = launch->dt;
  w.end_event = event_first[0];
  if (head->from > 0) next_events(&w, events, event_first[1], (u32)head->from - 1);
  for (i32 in_epoch = head->from; in_epoch < head->to; in_epoch++) {
    const double start = times[in_epoch];
    w.step = head->first_step + (u64)in_epoch;
    w.start = start;
    w.middle = start + 0.5 * w.dt;
    w.end = (start + 0.5 * w.dt) + 0.5 * w.dt;
    /* Which half of the step: the first of a TO_NEXT_VOLTAGE begins in the middle, its last ends there. */
    const bool later = head->phase == TO_STATES || (head->phase == TO_NEXT_VOLTAGE && in_epoch == head->from);
    const bool early = head->phase == TO_VOLTAGE || (head->phase == TO_NEXT_VOLTAGE && in_epoch + 1 == head->to);
    next_events(&w, events, event_first[1], (u32)in_epoch);
    const i32 end = early ? g->states_from : g->stage_count;
    for (i32 k = later ? g->states_from : 0; k < end; k++) run_stage(&w, g->stages + k, inputs, in_epoch);
  }
  for (i32 i = threadIdx.x; i < g->nodes; i += blockDim.x)
    if (!(ABS(TREE_VOLTAGE[i]) < LARGEST_VOLTAGE_MV)) atomicMax(&launch->status->not_finite, blockIdx.x + 1);
#ifndef TREE_IN_STATE
  for (i32 i = threadIdx.x; i < 3 * NODES; i += blockDim.x) state[i] = tree[i];
#endif
}

/* Numbers of states, out and in: `list` has the addresses. */
struct copy { double *const *list; double *values; i64 n; };

extern "C" __global__ void gather(const struct copy *copy) {
  for (i64 i = (i64)blockIdx.x * blockDim.x + threadIdx.x; i < copy->n; i += (i64)gridDim.x * blockDim.x)
    copy->values[i] = *copy->list[i];
}

extern "C" __global__ void scatter(const struct copy *copy) {
  for (i64 i = (i64)blockIdx.x * blockDim.x + threadIdx.x; i < copy->n; i += (i64)gridDim.x * blockDim.x)
    *copy->list[i] = copy->values[i];
}
